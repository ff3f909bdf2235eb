//! The environment's part of a configuration.
//!
//! An empty variable counts as unset; a value that cannot be read is reported and left out
//! ([OpenTelemetry, Environment Variable Specification](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/)).

use std::env::VarError;
use std::str::FromStr;
use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;

/// Where variables come from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Env {
    /// The environment of the process.
    Process,
    #[cfg(test)]
    Fixed(&'static [(&'static str, &'static str)]),
}

impl Env {
    fn lookup(self, name: &str) -> Option<String> {
        match self {
            Self::Process => match std::env::var(name) {
                Ok(text) => Some(text),
                Err(VarError::NotPresent) => None,
                Err(VarError::NotUnicode(_)) => {
                    report(name);
                    None
                }
            },
            #[cfg(test)]
            Self::Fixed(variables) => {
                let found = variables.iter().find(|(known, _)| *known == name)?;
                Some(found.1.to_owned())
            }
        }
    }

    /// The first of `names` that is set.
    pub(super) fn text(self, names: &[&str]) -> Option<String> {
        names
            .iter()
            .find_map(|name| self.read(name, |text| Some(text.to_owned())))
    }

    /// The first of `names` that `read` understands.
    pub(super) fn parsed<T: FromStr>(self, names: &[&str]) -> Option<T> {
        names
            .iter()
            .find_map(|name| self.read(name, |text| text.parse().ok()))
    }

    /// A length of time in a unit that the variable's name decides: `RASTIR_*` counts seconds,
    /// `OTEL_*` milliseconds.
    pub(super) fn duration(self, names: &[&str]) -> Option<Duration> {
        names
            .iter()
            .find_map(|name| self.read(name, |text| duration(name, text)))
    }

    /// As [`duration`](Self::duration), but zero is not understood.
    pub(super) fn positive_duration(self, names: &[&str]) -> Option<Duration> {
        let positive = |name: &str, text: &str| duration(name, text).filter(|time| !time.is_zero());
        names
            .iter()
            .find_map(|name| self.read(name, |text| positive(name, text)))
    }

    /// The proxies of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, as curl reads
    /// them: in lower case too, and `HTTP_PROXY` not in a CGI program, where callers set it.
    pub(super) fn proxies(self) -> Matcher {
        match self {
            Self::Process => Matcher::from_env(),
            #[cfg(test)]
            Self::Fixed(_) => {
                let text = |name| self.text(&[name]).unwrap_or_default();
                Matcher::builder()
                    .http(text("HTTP_PROXY"))
                    .https(text("HTTPS_PROXY"))
                    .no(text("NO_PROXY"))
                    .build()
            }
        }
    }

    pub(super) fn is_true(self, name: &str) -> bool {
        self.text(&[name])
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// `key=value,key=value` with percent-encoded values. One broken member discards all.
    pub(super) fn pairs(self, names: &[&str]) -> Option<Vec<(String, String)>> {
        names.iter().find_map(|name| self.read(name, pairs))
    }

    pub(super) fn read<T>(self, name: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.lookup(name)?;
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        let value = read(text);
        if value.is_none() {
            report(name);
        }
        value
    }
}

/// Without the value, which may be a secret.
fn report(name: &str) {
    tracing::warn!(
        variable = name,
        "span export: the variable's value cannot be read; ignored"
    );
}

fn duration(name: &str, text: &str) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    let seconds = if name.starts_with("RASTIR_") {
        number
    } else {
        number / 1000.0
    };
    Duration::try_from_secs_f64(seconds).ok()
}

fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let members = text
        .split(',')
        .map(str::trim)
        .filter(|member| !member.is_empty());
    members
        .map(|member| {
            let (key, value) = member.split_once('=')?;
            let key = key.trim();
            (!key.is_empty()).then_some(())?;
            Some((percent_decoded(key)?, percent_decoded(value.trim())?))
        })
        .collect()
}

/// Percent-decoding (RFC 3986, section 2.1).
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Env;

    #[test]
    fn the_first_variable_that_can_be_read_counts() {
        let env = Env::Fixed(&[
            ("EMPTY", ""),
            ("BAD", "x"),
            ("RASTIR_TIMEOUT", "2"),
            ("OTEL_TIMEOUT", "1500"),
            ("NEGATIVE", "-3"),
        ]);
        assert_eq!(env.text(&["EMPTY", "BAD"]), Some("x".to_owned()));
        assert_eq!(env.parsed::<usize>(&["MISSING", "BAD", "NEGATIVE"]), None);
        assert_eq!(
            env.duration(&["BAD", "RASTIR_TIMEOUT"]),
            Some(Duration::from_secs(2))
        );
        assert_eq!(
            env.duration(&["OTEL_TIMEOUT"]),
            Some(Duration::from_millis(1500))
        );
        assert_eq!(env.duration(&["NEGATIVE"]), None);
    }

    #[test]
    fn pairs_are_percent_decoded_and_all_or_nothing() {
        let env = Env::Fixed(&[
            ("GOOD", "a=1, b = x%20y%3D,c="),
            ("NO_VALUE", "a=1,b"),
            ("BAD_ESCAPE", "a=1,b=%z0"),
            ("BAD_UTF8", "a=%ff"),
        ]);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            env.pairs(&["GOOD"]),
            Some(vec![pair("a", "1"), pair("b", "x y="), pair("c", "")])
        );
        for name in ["NO_VALUE", "BAD_ESCAPE", "BAD_UTF8"] {
            assert_eq!(env.pairs(&[name]), None, "{name}");
        }
    }
}
