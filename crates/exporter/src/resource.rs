//! Who the spans are from.

use mcp_trace::Value;

/// The program that records the spans: the `Resource` of OTLP, the `service`, `env` and
/// `version` of Rastir.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Resource {
    /// `service.name`.
    pub service: String,
    /// `deployment.environment.name`.
    pub env: Option<String>,
    /// `service.version`.
    pub version: Option<String>,
    /// Further attributes, such as `service.instance.id`; the last of one name counts.
    pub attributes: Vec<(String, Value)>,
}

impl Resource {
    /// A program by its name.
    #[must_use]
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            env: None,
            version: None,
            attributes: Vec::new(),
        }
    }

    /// Every attribute of the OTLP resource; one that the program names itself wins.
    pub(crate) fn visit(&self, mut visit: impl FnMut(&str, &Value)) {
        let text = |value: &str| Value::from(value);
        let standard = [
            ("service.name", Some(text(&self.service))),
            ("service.version", self.version.as_deref().map(text)),
            ("deployment.environment.name", self.env.as_deref().map(text)),
            ("telemetry.sdk.language", Some(text("rust"))),
            ("telemetry.sdk.name", Some(text(crate::NAME))),
            ("telemetry.sdk.version", Some(text(crate::VERSION))),
        ];
        for (key, value) in &standard {
            let Some(value) = value else { continue };
            visit(key, value);
        }
        for (n, (key, value)) in self.attributes.iter().enumerate() {
            let mut standard = standard.iter();
            let mut later = self.attributes.iter().skip(n + 1);
            if !standard.any(|(known, value)| known == key && value.is_some())
                && !later.any(|(later, _)| later == key)
            {
                visit(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Resource;

    #[test]
    fn each_attribute_has_a_name_of_its_own() {
        let mut resource = Resource::new("mine");
        for (key, value) in [
            ("a", "1"),
            ("service.name", "other"),
            ("a", "2"),
            ("b", "3"),
        ] {
            resource.attributes.push((key.to_owned(), value.into()));
        }
        let mut seen = Vec::new();
        resource.visit(|key, value| seen.push((key.to_owned(), value.clone())));
        let of = |name: &str| {
            let found: Vec<_> = seen.iter().filter(|(key, _)| key == name).collect();
            assert_eq!(found.len(), 1, "{name}: {seen:?}");
            found[0].1.clone()
        };
        assert_eq!(
            (of("a"), of("b"), of("service.name")),
            ("2".into(), "3".into(), "mine".into())
        );
    }
}
