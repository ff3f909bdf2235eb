//! Who may ask: what is checked before any request is looked at.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State as Extract};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::viewer::State;

/// Lets a request through, or answers it.
pub(crate) async fn check(
    Extract(state): Extract<Arc<State>>,
    request: Request,
    next: Next,
) -> Response {
    let refusal = refusal(&state, &request);
    let mut answer = match refusal {
        Some((status, detail)) => {
            state.rejected.request();
            let mut answer = (status, Json(json!({"detail": detail}))).into_response();
            if status == StatusCode::UNAUTHORIZED {
                let scheme = HeaderValue::from_static("Bearer");
                answer
                    .headers_mut()
                    .insert(header::WWW_AUTHENTICATE, scheme);
            }
            answer
        }
        None => next.run(request).await,
    };
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    answer
}

fn refusal(state: &State, request: &Request) -> Option<(StatusCode, &'static str)> {
    let headers = request.headers();
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    // A page of the web may have a name of its own point here, and then reads what we answer as
    // its own. The name gives it away, and every browser and every client of HTTP/1.1 sends it.
    if state.local && !host.is_some_and(is_local) {
        return Some((
            StatusCode::FORBIDDEN,
            "the Host header does not name this machine",
        ));
    }
    // A browser says which page sends something. Nobody but ours has to.
    if let Some(origin) = headers.get(header::ORIGIN) {
        let origin = origin
            .to_str()
            .ok()
            .and_then(|origin| origin.split_once("://"));
        if origin.is_none_or(|(_, origin)| Some(origin) != host) {
            return Some((StatusCode::FORBIDDEN, "another web page asks"));
        }
    }
    match &state.token {
        Some(token) if !is_open(request) && !carries(headers, token) => Some((
            StatusCode::UNAUTHORIZED,
            "send the token as Authorization: Bearer, or as X-API-Key",
        )),
        _ => None,
    }
}

/// What holds no data: the page itself, and whether the program runs.
fn is_open(request: &Request) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && matches!(request.uri().path(), "/" | "/health" | "/ready")
}

fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn carries(headers: &HeaderMap, token: &str) -> bool {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .map(HeaderValue::as_bytes);
    let bearer = bearer.and_then(|value| {
        let (scheme, token) = value.split_at_checked("Bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then_some(token)
    });
    let key = headers.get("x-api-key").map(HeaderValue::as_bytes);
    [bearer, key]
        .into_iter()
        .flatten()
        .any(|given| bool::from(given.ct_eq(token.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_this_machine() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:8080",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "0.0.0.0:8080",
            "10.0.0.1",
            "",
            "a b",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn the_token_comes_in_either_header() {
        let given = |name: &'static str, value: &str| {
            HeaderMap::from_iter([(
                http::HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )])
        };
        for (name, value, right) in [
            ("authorization", "Bearer secret", true),
            ("authorization", "bearer secret", true),
            ("x-api-key", "secret", true),
            ("authorization", "secret", false),
            ("authorization", "Basic secret", false),
            ("authorization", "Bearer secret2", false),
            ("authorization", "Bearer ", false),
            ("x-api-key", "secre", false),
            ("x-api-key", "", false),
        ] {
            assert_eq!(
                carries(&given(name, value), "secret"),
                right,
                "{name}: {value}"
            );
        }
        assert!(!carries(&HeaderMap::new(), "secret"));
    }
}
