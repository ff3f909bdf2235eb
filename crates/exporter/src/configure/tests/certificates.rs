//! Whom to trust, and who we are.

use super::super::builder::configure;
use super::super::env::Env;
use super::super::settings::{Resolver, Settings};
use super::settings;
use crate::transport::Certificates;

#[test]
fn a_ca_file_must_hold_certificates() {
    for file in ["/does/not/exist.pem", "/dev/null"] {
        let builder = configure().otlp_endpoint("https://o").ca_file(file);
        let error = Settings::resolve(builder, Env::Fixed(&[])).err().unwrap();
        assert_eq!(error.option_name(), Some("ca_file"), "{error}");
    }
    assert_eq!(
        settings(configure().otlp_endpoint("https://o"), &[])
            .destinations
            .len(),
        1
    );
}

#[test]
fn certificates_of_the_environment() {
    let folder =
        std::env::temp_dir().join(format!("mcp-trace-certificates-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("a.pem"), folder.join("a.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let text =
        |path: &std::path::Path| -> &'static str { path.to_str().unwrap().to_owned().leak() };
    let (certificate, key) = (text(&certificate), text(&key));

    let used = |variables: Vec<(&'static str, &'static str)>| {
        let (builder, variables) = (configure().otlp_endpoint("https://o"), variables.leak());
        // Of no use or not, the exporter starts.
        assert_eq!(settings(builder, variables).destinations.len(), 1);
        let builder = &configure();
        let env = Env::Fixed(variables);
        Resolver { builder, env }.with_certificates_of_env(Certificates::default())
    };
    let found = used(vec![
        (
            "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
            "/does/not/exist.pem",
        ),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", certificate),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate),
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", key),
    ]);
    assert_eq!(found.ca.as_deref(), Some(certificate.as_ref()));
    let (shown, secret) = found.identity.unwrap();
    assert_eq!((shown, secret), (certificate.into(), key.into()));
    for broken in ["/dev/null", key] {
        used(vec![("OTEL_EXPORTER_OTLP_CERTIFICATE", broken)]);
        used(vec![
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "/dev/null"),
        ]);
    }
    // What the program itself names is still an error.
    let builder = configure().otlp_endpoint("https://o").ca_file("/dev/null");
    let env = Env::Fixed(vec![("OTEL_EXPORTER_OTLP_CLIENT_KEY", key)].leak());
    let error = Settings::resolve(builder, env).err().unwrap();
    assert_eq!(error.option_name(), Some("ca_file"));
    std::fs::remove_dir_all(folder).unwrap();
}
