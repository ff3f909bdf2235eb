//! What kind of failure a transport's error is: `error.type`, of low cardinality.

use std::any::Any;
use std::error::Error;
use std::io::ErrorKind;

use crate::short::Short;

/// No time was left.
const TIMEOUT: &str = "timeout";
/// No connection was made.
const CONNECT: &str = "connect";
/// The fallback of the OpenTelemetry conventions.
const OTHER: &str = "_OTHER";

/// Longer chains of sources are not followed to their end.
const MAX_DEPTH: usize = 16;

/// `error.type` for an error of the inner service or of a body.
///
/// The error itself must be of a type that is known here; the sources below it need not.
pub(crate) fn error_type<E: 'static>(error: &E) -> &'static str {
    let error: &dyn Any = error;
    #[cfg(feature = "reqwest-middleware")]
    if let Some(error) = error.downcast_ref::<reqwest_middleware::Error>() {
        return match error {
            reqwest_middleware::Error::Reqwest(error) => of_chain(error),
            reqwest_middleware::Error::Middleware(error) => of_chain(error.as_ref()),
        };
    }
    as_error(error).map_or(OTHER, of_chain)
}

fn as_error(error: &dyn Any) -> Option<&(dyn Error + 'static)> {
    if let Some(error) = error.downcast_ref::<Box<dyn Error + Send + Sync>>() {
        return Some(&**error);
    }
    if let Some(error) = error.downcast_ref::<Box<dyn Error + Send>>() {
        return Some(&**error);
    }
    if let Some(error) = error.downcast_ref::<Box<dyn Error>>() {
        return Some(&**error);
    }
    macro_rules! known {
        ($($(#[$feature:meta])? $type:ty),+ $(,)?) => {
            $($(#[$feature])? if let Some(error) = error.downcast_ref::<$type>() {
                return Some(error);
            })+
        };
    }
    known!(
        std::io::Error,
        #[cfg(feature = "hyper")]
        hyper::Error,
        #[cfg(feature = "hyper")]
        hyper_util::client::legacy::Error,
        #[cfg(feature = "reqwest")]
        reqwest::Error,
    );
    None
}

/// A timeout anywhere says more than the connection that it happened to.
fn of_chain(error: &(dyn Error + 'static)) -> &'static str {
    let mut kind = OTHER;
    let chain = std::iter::successors(Some(error), |&error| error.source());
    for error in chain.take(MAX_DEPTH) {
        match of_one(error) {
            Some(TIMEOUT) => return TIMEOUT,
            Some(other) => kind = other,
            None => {}
        }
    }
    kind
}

fn of_one(error: &(dyn Error + 'static)) -> Option<&'static str> {
    #[cfg(feature = "hyper")]
    if error
        .downcast_ref::<hyper::Error>()
        .is_some_and(hyper::Error::is_timeout)
    {
        return Some(TIMEOUT);
    }
    #[cfg(feature = "reqwest")]
    if let Some(error) = error.downcast_ref::<reqwest::Error>() {
        return (error.is_timeout().then_some(TIMEOUT))
            .or_else(|| error.is_connect().then_some(CONNECT));
    }
    if let Some(error) = error.downcast_ref::<std::io::Error>() {
        return match error.kind() {
            ErrorKind::TimedOut => Some(TIMEOUT),
            ErrorKind::AddrNotAvailable
            | ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable => Some(CONNECT),
            _ => None,
        };
    }
    of_text(error)
}

/// Errors of crates that this one does not depend on, by what they say.
fn of_text(error: &dyn Error) -> Option<&'static str> {
    match Short::of(error)?.as_str() {
        // tower's `Timeout`, tokio's `timeout`, reqwest.
        "request timed out" | "deadline has elapsed" | "operation timed out" => Some(TIMEOUT),
        // hyper-util's client.
        "client error (Connect)" => Some(CONNECT),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::fmt;
    use std::io::{self, ErrorKind};

    use super::error_type;

    #[derive(Debug)]
    struct Says(&'static str, Option<io::Error>);

    impl fmt::Display for Says {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Says {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_ref().map(|error| error as _)
        }
    }

    #[test]
    fn by_kind_by_text_and_by_source() {
        let io = |kind| Some(io::Error::from(kind));
        for (error, expected) in [
            (Says("request timed out", None), "timeout"),
            (Says("client error (Connect)", None), "connect"),
            (
                Says("client error (Connect)", io(ErrorKind::TimedOut)),
                "timeout",
            ),
            (
                Says(
                    "what a very long text that is, longer than any that is known",
                    None,
                ),
                "_OTHER",
            ),
            (Says("other", io(ErrorKind::ConnectionRefused)), "connect"),
            (Says("other", io(ErrorKind::ConnectionReset)), "_OTHER"),
        ] {
            let shown = error.to_string();
            let boxed: Box<dyn Error + Send + Sync> = Box::new(error);
            assert_eq!(error_type(&boxed), expected, "{shown}");
        }
        assert_eq!(error_type(&io::Error::from(ErrorKind::TimedOut)), "timeout");
        assert_eq!(error_type(&Says("request timed out", None)), "_OTHER");
    }
}
