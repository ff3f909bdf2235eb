//! What the real environment of a process does: values that are wrong are told of, by the variable's
//! name alone, and the defaults stand.

#[cfg(unix)]
#[test]
fn each_wrong_variable_is_told_of_once_and_its_value_is_not() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::process::Command;

    let wrong: [(&str, &[u8]); 12] = [
        ("OTEL_SERVICE_NAME", b"s3cret\xff"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", b"http://s3cret:99999"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", b"s3cret"),
        ("OTEL_EXPORTER_OTLP_HEADERS", b"authorization"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", b"-1"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", b"s3cret"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", b"/s3cret/not/there"),
        ("OTEL_BSP_SCHEDULE_DELAY", b"0"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", b"0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", b"1e3"),
        ("OTEL_RESOURCE_ATTRIBUTES", b"a=%s3cret"),
        ("OTEL_TRACES_SAMPLER", b"s3cret"),
    ];
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "builds_an_exporter", "--ignored", "--nocapture"]);
    for (name, value) in wrong {
        command.env(name, OsStr::from_bytes(value));
    }
    // What is right beside it holds, whatever white space is around it.
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", " http://127.0.0.1:9 ");
    let output = command.output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    for (name, _) in wrong {
        let lines = told
            .lines()
            .filter(|line| line.contains(&format!("variable=\"{name}\"")));
        assert_eq!(lines.count(), 1, "{name}: {told}");
    }
    assert!(!told.contains("s3cret"), "{told}");
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn builds_an_exporter() {
    let lines = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stdout)
        .finish();
    tracing::subscriber::with_default(lines, || {
        let guard = mcp_trace_exporter::configure().build().unwrap();
        let stats = guard.stats();
        assert_eq!(stats.destinations.len(), 1);
        assert_eq!(stats.destinations[0].capacity, 65_536);
    });
}
