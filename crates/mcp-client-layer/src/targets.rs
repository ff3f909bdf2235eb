use std::fmt;
use std::sync::Arc;

/// The hosts that are told which trace a call belongs to.
///
/// ```
/// use mcp_client_layer::Targets;
///
/// let targets = Targets::hosts(["localhost", "*.tools.example"]);
/// assert!(targets.allow(Some("weather.tools.example")));
/// assert!(!targets.allow(Some("tools.example")));
/// assert!(!targets.allow(Some("elsewhere.example")));
/// ```
#[derive(Clone)]
pub struct Targets {
    rule: Rule,
}

#[derive(Clone)]
enum Rule {
    All,
    Hosts(Arc<[Box<str>]>),
    When(Arc<dyn HostRule>),
}

trait HostRule: Fn(Option<&str>) -> bool + Send + Sync {}

impl<F: Fn(Option<&str>) -> bool + Send + Sync> HostRule for F {}

impl Targets {
    /// Every host.
    #[must_use]
    pub const fn all() -> Self {
        Self { rule: Rule::All }
    }

    /// These hosts, without ports; `*.` at the start stands for any subdomain. Upper and lower
    /// case are the same, and IPv6 addresses have no brackets.
    #[must_use]
    pub fn hosts<H: Into<Box<str>>>(hosts: impl IntoIterator<Item = H>) -> Self {
        let hosts = hosts.into_iter().map(Into::into).collect();
        Self {
            rule: Rule::Hosts(hosts),
        }
    }

    /// The hosts for which `rule` is true. It runs on the request's path, and gets `None` where
    /// the request does not name its host.
    #[must_use]
    pub fn when(rule: impl Fn(Option<&str>) -> bool + Send + Sync + 'static) -> Self {
        Self {
            rule: Rule::When(Arc::new(rule)),
        }
    }

    /// Whether this host is told.
    #[must_use]
    pub fn allow(&self, host: Option<&str>) -> bool {
        match &self.rule {
            Rule::All => true,
            Rule::Hosts(hosts) => {
                host.is_some_and(|host| hosts.iter().any(|pattern| matches(pattern, host)))
            }
            Rule::When(rule) => rule(host),
        }
    }
}

fn matches(pattern: &str, host: &str) -> bool {
    let Some(domain) = pattern.strip_prefix("*.") else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let label = host
        .len()
        .checked_sub(domain.len() + 1)
        .and_then(|at| host.split_at_checked(at));
    label.is_some_and(|(label, rest)| {
        !label.is_empty()
            && rest
                .strip_prefix('.')
                .is_some_and(|rest| rest.eq_ignore_ascii_case(domain))
    })
}

impl fmt::Debug for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Rule::All => f.write_str("Targets::all"),
            Rule::Hosts(hosts) => f.debug_tuple("Targets::hosts").field(hosts).finish(),
            Rule::When(_) => f.write_str("Targets::when"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, host, expected) in [
            ("localhost", "LOCALHOST", true),
            ("::1", "::1", true),
            ("a.example", "b.a.example", false),
            ("*.a.example", "b.a.example", true),
            ("*.a.example", "c.B.A.example", true),
            ("*.a.example", "a.example", false),
            ("*.a.example", ".a.example", false),
            ("*.a.example", "ba.example", false),
            ("*.a.example", "a.example.evil", false),
            ("*.é", "aé", false),
        ] {
            assert_eq!(matches(pattern, host), expected, "{pattern} {host}");
        }
    }
}
