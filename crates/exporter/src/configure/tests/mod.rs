//! Explicit value, else environment, else default.

#[cfg(feature = "tls")]
mod certificates;
mod proxies;

use std::time::Duration;

use http::HeaderMap;
use mcp_trace::Sampler;

use super::builder::{ExporterBuilder, configure};
use super::env::Env;
use super::error::ConfigError;
use super::settings::Settings;
use crate::destination::Destination;

type Variables = &'static [(&'static str, &'static str)];

fn settings(builder: ExporterBuilder, variables: Variables) -> Settings {
    Settings::resolve(builder, Env::Fixed(variables)).unwrap()
}

fn only(builder: ExporterBuilder, variables: Variables) -> Destination {
    let mut destinations = settings(builder, variables).destinations;
    assert_eq!(destinations.len(), 1);
    destinations.remove(0)
}

fn endpoints(builder: ExporterBuilder, variables: Variables) -> Vec<String> {
    settings(builder, variables)
        .destinations
        .iter()
        .map(|destination| format!("{} {}", destination.name, destination.endpoint))
        .collect()
}

#[test]
fn the_two_urls_are_two_destinations() {
    let rastir = "rastir http://r:8080/v1/telemetry";
    let otlp = "otlp http://o:4318/v1/traces";
    let both = || {
        configure()
            .push_url("http://r:8080/")
            .otlp_endpoint("http://o:4318")
    };
    assert_eq!(endpoints(both(), &[]), [rastir, otlp]);
    assert_eq!(
        endpoints(configure(), &[("RASTIR_PUSH_URL", "http://r:8080")]),
        [rastir]
    );
    assert_eq!(
        endpoints(
            configure(),
            &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://o:4318/")]
        ),
        [otlp]
    );
    assert_eq!(endpoints(configure(), &[]), [""; 0]);
    assert_eq!(
        endpoints(
            both(),
            &[
                ("RASTIR_PUSH_URL", "http://x"),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://x")
            ]
        ),
        [rastir, otlp],
        "what is set explicitly wins"
    );
}

#[test]
fn endpoints_by_the_otlp_rules() {
    let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://own:1");
    let general = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:2/base/");
    let found = |variables| endpoints(configure(), variables);
    assert_eq!(
        found(Box::leak(Box::new([own, general]))),
        ["otlp http://own:1/"]
    );
    assert_eq!(
        found(Box::leak(Box::new([general]))),
        ["otlp http://general:2/base/v1/traces"]
    );
    assert_eq!(
        found(&[("OTEL_TRACES_EXPORTER", "otlp")]),
        ["otlp http://localhost:4318/v1/traces"]
    );
    assert_eq!(
        found(Box::leak(Box::new([
            general,
            ("OTEL_TRACES_EXPORTER", "none")
        ]))),
        [""; 0]
    );
    assert_eq!(
        found(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "not a url")]),
        [""; 0]
    );
    let whole = configure().otlp_endpoint("http://o/v1/traces");
    assert_eq!(endpoints(whole, &[]), ["otlp http://o/v1/traces"]);
}

#[test]
fn each_destination_reads_its_own_variables_first() {
    const VARIABLES: Variables = &[
        ("RASTIR_BATCH_SIZE", "100"),
        ("RASTIR_FLUSH_INTERVAL", "2"),
        ("RASTIR_TIMEOUT", "3"),
        ("RASTIR_SERVICE", "from-rastir"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "200"),
        ("OTEL_BSP_SCHEDULE_DELAY", "700"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "800"),
        ("OTEL_SERVICE_NAME", "from-otel"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "3000"),
    ];
    let read = |destination: Destination| {
        let preamble = String::from_utf8_lossy(&destination.preamble).into_owned();
        let limits = destination.queue.limits();
        let service = ["from-rastir", "from-otel"]
            .into_iter()
            .find(|name| preamble.contains(name))
            .unwrap();
        (
            limits.batch_spans,
            limits.spans,
            destination.tuning.flush_interval,
            destination.tuning.timeout,
            service,
        )
    };
    let (seconds, millis) = (Duration::from_secs, Duration::from_millis);
    let rastir = only(configure().push_url("http://r"), VARIABLES);
    assert_eq!(
        read(rastir),
        (100, 3000, seconds(2), seconds(3), "from-rastir")
    );
    let otlp = only(configure().otlp_endpoint("http://o"), VARIABLES);
    assert_eq!(
        read(otlp),
        (200, 3000, millis(700), millis(800), "from-otel")
    );
    // The other family's, where its own says nothing.
    let borrowed = only(configure().push_url("http://r"), &VARIABLES[4..]);
    assert_eq!(
        read(borrowed),
        (200, 3000, millis(700), millis(800), "from-otel")
    );
}

#[test]
fn what_cannot_be_read_in_the_environment_is_the_default() {
    let destination = only(
        configure().otlp_endpoint("http://o"),
        &[
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "many"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"),
            ("OTEL_BSP_SCHEDULE_DELAY", "0"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a b=c,ok=1"),
        ],
    );
    let limits = destination.queue.limits();
    assert_eq!(
        (limits.batch_spans, limits.spans, limits.bytes),
        (512, 65_536, 64 << 20)
    );
    assert_eq!(destination.tuning.flush_interval, Duration::from_secs(5));
    assert_eq!(destination.tuning.timeout, Duration::from_secs(10));
    assert_eq!(destination.encoder.content_type(), "application/x-protobuf");
    assert_eq!(destination.headers.fixed.len(), 1);
}

#[test]
fn a_timeout_of_zero_in_the_environment_is_no_limit() {
    const ZERO: Variables = &[("OTEL_EXPORTER_OTLP_TIMEOUT", "0")];
    let otlp = || configure().otlp_endpoint("http://o");
    assert_eq!(only(otlp(), ZERO).tuning.timeout, Duration::MAX);
    let explicit = otlp().timeout(Duration::from_secs(1));
    assert_eq!(only(explicit, ZERO).tuning.timeout, Duration::from_secs(1));
}

#[test]
fn headers_and_keys() {
    let value =
        |headers: &HeaderMap, name: &str| Some(headers.get(name)?.to_str().unwrap().to_owned());
    let otlp = only(
        configure()
            .otlp_endpoint("http://o")
            .headers([("b", "explicit")]),
        &[
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1%202,b=env"),
            ("RASTIR_API_KEY", "secret"),
        ],
    );
    assert_eq!(value(&otlp.headers.fixed, "a").as_deref(), Some("1 2"));
    assert_eq!(value(&otlp.headers.fixed, "b").as_deref(), Some("explicit"));
    assert_eq!(
        value(&otlp.headers.fixed, "x-api-key"),
        None,
        "one receiver's key is not told to the other"
    );
    let rastir = only(
        configure().push_url("http://r"),
        &[
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"),
            ("RASTIR_API_KEY", "secret"),
        ],
    );
    assert_eq!(
        value(&rastir.headers.fixed, "x-api-key").as_deref(),
        Some("secret")
    );
    assert_eq!(rastir.headers.fixed.len(), 1);
    assert!(
        !format!("{rastir:?}").contains("secret"),
        "keys are not printed"
    );
}

#[test]
fn the_resource() {
    let otlp = only(
        configure()
            .otlp_endpoint("http://o")
            .version("9")
            .resource_attribute("a", "explicit"),
        &[(
            "OTEL_RESOURCE_ATTRIBUTES",
            "service.name=svc,service.version=1,a=env,b=%C3%A9",
        )],
    );
    let preamble = String::from_utf8_lossy(&otlp.preamble).into_owned();
    for found in ["svc", "9", "explicit", "é"] {
        assert!(preamble.contains(found), "{found}");
    }
    assert!(!preamble.contains("env"));
}

#[test]
fn samplers() {
    let sampler = |variables| settings(configure(), variables).sampler;
    assert_eq!(sampler(&[]), Sampler::ALWAYS);
    assert_eq!(
        sampler(&[("OTEL_TRACES_SAMPLER", "always_off")]),
        Sampler::NEVER
    );
    let quarter = Sampler::ratio(0.25).unwrap();
    let ratio = ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
    assert_eq!(
        sampler(Box::leak(Box::new([
            ratio,
            ("OTEL_TRACES_SAMPLER_ARG", "0.25")
        ]))),
        quarter
    );
    assert_eq!(
        sampler(Box::leak(Box::new([
            ratio,
            ("OTEL_TRACES_SAMPLER_ARG", "2")
        ]))),
        Sampler::ALWAYS
    );
    assert_eq!(
        sampler(&[("OTEL_TRACES_SAMPLER_ARG", "0.25")]),
        Sampler::ALWAYS
    );
    let explicit = configure().sampling_ratio(0.25);
    assert_eq!(
        settings(explicit, &[("OTEL_TRACES_SAMPLER", "always_off")]).sampler,
        quarter
    );
}

#[test]
fn the_switch_turns_everything_off() {
    for value in ["true", "TRUE", " True "] {
        let off: Variables = Box::leak(Box::new([("OTEL_SDK_DISABLED", value)]));
        let guard = configure()
            .push_url("http://127.0.0.1:9")
            .build_in(Env::Fixed(off))
            .unwrap();
        assert!(guard.sink().is_none(), "{value}");
    }
    for value in ["false", "1", "yes", ""] {
        let on: Variables = Box::leak(Box::new([("OTEL_SDK_DISABLED", value)]));
        assert!(!settings(configure(), on).disabled, "{value}");
    }
}

#[test]
fn a_wrong_option_is_an_error_that_names_it() {
    let wrong: [(&str, ExporterBuilder); 13] = [
        ("push_url", configure().push_url("collector:8080")),
        (
            "otlp_endpoint",
            configure().otlp_endpoint("http://user:pw@o"),
        ),
        (
            "destination",
            configure().destination(
                "x",
                "nonsense",
                crate::OtlpJson::new(&crate::Resource::new("s")),
            ),
        ),
        ("batch_size", configure().batch_size(0)),
        ("batch_size", configure().batch_size(10).max_queue_spans(5)),
        ("max_queue_spans", configure().max_queue_spans(0)),
        ("max_in_flight", configure().max_in_flight(0)),
        ("max_batch_bytes", configure().max_batch_bytes(65 << 20)),
        ("flush_interval", configure().flush_interval(Duration::ZERO)),
        ("timeout", configure().timeout(Duration::ZERO)),
        ("sampling_ratio", configure().sampling_ratio(1.5)),
        (
            "headers",
            configure()
                .otlp_endpoint("http://o")
                .headers([("a b", "c")]),
        ),
        ("api_key", configure().push_url("http://r").api_key("a\nb")),
    ];
    for (option, builder) in wrong {
        let error: ConfigError = Settings::resolve(builder, Env::Fixed(&[])).err().unwrap();
        assert_eq!(error.option_name(), Some(option), "{error}");
        assert!(
            error
                .to_string()
                .starts_with(&format!("option `{option}`: ")),
            "{error}"
        );
    }
}
