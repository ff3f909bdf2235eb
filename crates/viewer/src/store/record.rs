//! A span as it is kept: what lists and tables need beside its finished JSON.

use std::sync::Arc;

use traceparent::SpanId;

use crate::span::{Kind, Span, Value};

/// A span at rest. Most of it is text that is written once, when it arrives, and handed out as
/// it is.
#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) span_id: SpanId,
    pub(crate) parent_id: Option<SpanId>,
    pub(crate) start_ns: u64,
    pub(crate) duration_ns: u64,
    pub(crate) kind: Kind,
    pub(crate) error: bool,
    pub(crate) name: Box<str>,
    pub(crate) service: Arc<str>,
    pub(crate) tool: Option<Arc<str>>,
    /// The attributes of its service, as a JSON object.
    pub(crate) resource: Arc<str>,
    /// The span as a JSON object, without those.
    json: Box<str>,
}

impl Record {
    pub(crate) fn new(span: &Span, resource: &Arc<str>, like: Option<&Self>) -> Self {
        // Neighbours are mostly of the same service, and often of the same tool.
        let shared = |text: &str, other: Option<&Arc<str>>| match other {
            Some(other) if **other == *text => other.clone(),
            _ => Arc::from(text),
        };
        Self {
            span_id: span.span_id,
            parent_id: span.parent_id,
            start_ns: span.start_ns,
            duration_ns: span.duration_ns,
            kind: span.kind,
            error: span.is_error(),
            name: span.name.as_str().into(),
            service: shared(&span.service, like.map(|like| &like.service)),
            tool: span
                .tool()
                .map(|tool| shared(tool, like.and_then(|like| like.tool.as_ref()))),
            resource: resource.clone(),
            // Text keys and finite numbers: that can always be written.
            json: serde_json::to_string(span).unwrap_or_default().into(),
        }
    }

    /// What it takes of memory, rather more than less: what records share is counted with each.
    pub(crate) fn bytes(&self) -> usize {
        // The counts of the `Arc`s, and the places in its trace's list and map.
        const BESIDE: usize = 16 * size_of::<usize>();
        let tool = self.tool.as_ref().map_or(0, |tool| tool.len());
        size_of::<Self>()
            + BESIDE
            + self.name.len()
            + self.service.len()
            + tool
            + self.resource.len()
            + self.json.len()
    }

    /// The span as a JSON object, without the attributes of its service.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// Writes the whole span as a JSON object.
    pub(crate) fn write(&self, out: &mut String) {
        let open = self.json.strip_suffix('}').unwrap_or("{");
        out.push_str(open);
        out.push_str(",\"resource\":");
        out.push_str(&self.resource);
        out.push('}');
    }

    /// The span as it came.
    pub(crate) fn span(&self) -> Option<Span> {
        let mut whole = String::with_capacity(self.json.len() + self.resource.len() + 16);
        self.write(&mut whole);
        serde_json::from_str(&whole).ok()
    }

    pub(crate) fn end_ns(&self) -> u64 {
        self.start_ns.saturating_add(self.duration_ns)
    }
}

/// Attributes of a service as a JSON object.
pub(crate) fn resource_json(resource: &[(String, Value)]) -> Arc<str> {
    let mut json = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut json);
    let written = crate::span::write_pairs(resource, &mut serializer);
    match (written, String::from_utf8(json)) {
        (Ok(()), Ok(json)) => json.into(),
        _ => "{}".into(),
    }
}
