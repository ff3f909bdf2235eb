//! The end of a session, for metrics.

use std::sync::Arc;

use http::StatusCode;
use http::request::Parts;
use mcp_trace::{Sessions, Text, has_observers};

use crate::config::Config;
use crate::head;

/// A DELETE that asks to end a session.
#[derive(Debug)]
pub(crate) struct Farewell {
    sessions: Arc<Sessions>,
    id: Text,
}

impl Farewell {
    /// `None` for any other request, and where nobody measures sessions.
    pub(crate) fn of(head: &Parts, config: &Config) -> Option<Box<Self>> {
        if head.method != http::Method::DELETE || !has_observers() {
            return None;
        }
        Some(Box::new(Self {
            sessions: config.sessions.clone(),
            id: head::session_id(head.headers.get("mcp-session-id"))?,
        }))
    }

    /// A server may refuse to let clients end sessions.
    pub(crate) fn answered(&self, status: StatusCode) {
        if status.is_success() {
            self.sessions.end(&self.id, None);
        }
    }
}
