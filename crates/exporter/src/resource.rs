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
    /// Further attributes, such as `service.instance.id`.
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
        for (key, value) in &self.attributes {
            if !standard
                .iter()
                .any(|(known, value)| known == key && value.is_some())
            {
                visit(key, value);
            }
        }
    }
}
