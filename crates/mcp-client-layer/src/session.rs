//! What requests tell of the session that they belong to, for metrics.

use std::sync::Arc;

use http::{Method, StatusCode};
use mcp_trace::{ActiveSpan, Operation, Sessions, Text, has_observers};

use crate::config::Config;
use crate::exchange::Expected;
use crate::head::Head;

/// The session of a request, or the one that it begins.
#[derive(Debug)]
pub(crate) struct Session {
    sessions: Arc<Sessions>,
    id: Option<Text>,
    is_delete: bool,
}

impl Session {
    /// `None` without a session, and where nobody measures sessions.
    pub(crate) fn of(config: &Config, head: &Head<'_>, expected: &Expected) -> Option<Box<Self>> {
        if !has_observers() {
            return None;
        }
        let id = head.found.session_id();
        (id.is_some() || expected.begins_session()).then(|| {
            Box::new(Self {
                sessions: config.sessions.clone(),
                id,
                is_delete: head.method == Method::DELETE,
            })
        })
    }

    /// The head of an answer: the client has ended the session, or the server knows it no more.
    pub(crate) fn answered(&self, status: StatusCode) {
        let Some(id) = &self.id else { return };
        if status == StatusCode::NOT_FOUND {
            self.sessions.end(id, Some(status.as_str()));
        } else if self.is_delete && status.is_success() {
            self.sessions.end(id, None);
        }
    }

    /// `initialize` has succeeded.
    pub(crate) fn begin(&self, span: &ActiveSpan) {
        span.update_operation(|operation| {
            if let Operation::Mcp(call) = operation {
                self.sessions.begin(call);
            }
        });
    }
}
