//! How many bytes an answer owes, row by row.

use http::{HeaderMap, Method, StatusCode};
use http_body::SizeHint;
use mcp_trace::body::BytesDue;

fn due(method: &Method, status: u16, content_length: &[&str], hint: Option<u64>) -> BytesDue {
    let mut headers = HeaderMap::new();
    for value in content_length {
        headers.append("content-length", value.parse().unwrap());
    }
    let hint = hint.map_or_else(SizeHint::default, SizeHint::with_exact);
    BytesDue::of(
        method,
        StatusCode::from_u16(status).unwrap(),
        headers.get("content-length"),
        &hint,
    )
}

#[test]
fn head_owes_nothing() {
    assert!(due(&Method::HEAD, 200, &["10"], Some(10)).is_zero());
}

#[test]
fn informational_204_and_304_owe_nothing() {
    for status in [100, 101, 103, 204, 304] {
        assert!(
            due(&Method::POST, status, &["10"], Some(10)).is_zero(),
            "{status}"
        );
    }
    for status in [200, 202, 205, 404, 500] {
        assert!(
            !due(&Method::POST, status, &["10"], Some(10)).is_zero(),
            "{status}"
        );
    }
}

#[test]
fn a_valid_content_length_comes_before_the_size_hint() {
    assert!(due(&Method::POST, 200, &["0"], Some(10)).is_zero());
    assert!(!due(&Method::POST, 200, &["1"], Some(0)).is_zero());
}

#[test]
fn an_exact_size_hint_counts_without_a_valid_content_length() {
    assert!(due(&Method::POST, 200, &[], Some(0)).is_zero());
    for invalid in ["", "x", "-1", "+5", "0x5", "99999999999999999999"] {
        assert_eq!(
            due(&Method::POST, 200, &[invalid], Some(0)),
            due(&Method::POST, 200, &[], Some(0)),
            "{invalid:?}"
        );
    }
}

#[test]
fn otherwise_it_is_unknown() {
    assert_eq!(due(&Method::POST, 200, &[], None), BytesDue::UNKNOWN);
}
