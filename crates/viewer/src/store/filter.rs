//! Which traces are asked for.

use std::sync::Arc;

use serde::Deserialize;

use super::Summary;

/// What `GET /api/traces` asks for. Nothing given means everything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Filter {
    service: Option<String>,
    tool: Option<String>,
    status: Option<Status>,
    min_ms: Option<f64>,
    max_ms: Option<f64>,
    /// Stands in a name, an id, a message or an attribute's value, in any case.
    pub(crate) text: Option<String>,
    pub(crate) limit: Option<usize>,
    /// Only traces that arrived before this one of an earlier page.
    pub(crate) before: Option<u64>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Error,
    Ok,
}

impl Filter {
    /// Whether every trace fits.
    pub(super) fn is_empty(&self) -> bool {
        let none = |text: &Option<String>| text.as_deref().is_none_or(str::is_empty);
        none(&self.service)
            && none(&self.tool)
            && none(&self.text)
            && self.status.is_none()
            && self.min_ms.is_none()
            && self.max_ms.is_none()
    }

    /// Whether it fits, apart from the text.
    pub(super) fn fits(&self, trace: &Summary) -> bool {
        let among = |wanted: &Option<String>, names: &[Arc<str>]| match wanted.as_deref() {
            None | Some("") => true,
            Some(wanted) => names.iter().any(|name| **name == *wanted),
        };
        among(&self.service, &trace.services)
            && among(&self.tool, &trace.tools)
            && self.min_ms.is_none_or(|min| trace.duration_ms >= min)
            && self.max_ms.is_none_or(|max| trace.duration_ms <= max)
            && match self.status {
                None => true,
                Some(Status::Error) => trace.errors > 0,
                Some(Status::Ok) => trace.errors == 0,
            }
    }
}
