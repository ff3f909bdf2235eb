//! The codec answers each line, with the value or with the kind of error.

use std::process::Stdio;

use tokio::io::AsyncWriteExt;

use crate::program::{example, text};

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";

#[tokio::test]
async fn it_reads_traceparent() {
    let input = format!("{PARENT}-ff\n{PARENT}-01 \n\nff{}-01\n\u{e9}", &PARENT[2..]);
    let expected = format!(
        "ok {PARENT}-03\nerror too-long\nerror too-short\nerror forbidden-version\nerror too-short\n"
    );
    assert_eq!(codec(&[], input.as_bytes()).await, expected);
}

#[tokio::test]
async fn it_joins_lists() {
    let states = codec(&["--tracestate"], b"a=1\t b=2,,\tc= 3\n\na=\n").await;
    assert_eq!(states, "ok a=1,b=2,c= 3\nok \nerror missing-value\n");
    let baggage = codec(&["--baggage"], b"a = 1 ; p\tb=%20\na=\xff\n").await;
    assert_eq!(baggage, "ok a=1;p,b=%20\nerror invalid-value\n");
}

/// What the program prints for this input.
async fn codec(options: &[&str], input: &[u8]) -> String {
    let mut command = example("codec");
    command
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut process = command.spawn().expect("the program starts");
    let mut stdin = process.stdin.take().expect("stdin is piped");
    stdin.write_all(input).await.expect("the program reads");
    drop(stdin);
    let output = process.wait_with_output().await.expect("the program ends");
    assert!(output.status.success());
    text(&output.stdout)
}
