//! JSON-RPC batches, which MCP 2025-03-26 has: one span for each member.

use std::sync::Arc;

use mcp_envelope::{AnswerWatcher, Id};
use mcp_trace::{ActiveSpan, End};

use crate::exchange::record_answer;
use crate::head::Content;

/// How much of an answer is searched for the members' answers: every member looks at all of it.
const MAX_SEARCHED: usize = 1024 * 1024;

/// The open members of a batch.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    members: Vec<Member>,
    searched: usize,
}

#[derive(Debug)]
struct Member {
    span: Arc<ActiveSpan>,
    /// `None` for a notification.
    id: Option<Id>,
    watcher: Option<AnswerWatcher>,
}

impl Batch {
    pub(crate) fn push(&mut self, span: Arc<ActiveSpan>, id: Option<Id>) {
        self.members.push(Member {
            span,
            id,
            watcher: None,
        });
    }

    /// A piece of the answer. Returns whether every request has been answered.
    pub(crate) fn data(&mut self, piece: &[u8], content: Content) -> bool {
        self.searched = self.searched.saturating_add(piece.len());
        if self.searched > MAX_SEARCHED {
            return false;
        }
        self.members
            .retain_mut(|member| !member.is_answered(piece, content));
        self.members.iter().all(|member| member.id.is_none())
    }

    pub(crate) fn end(self, end: End) {
        for member in self.members {
            member.span.end_as(if member.id.is_some() {
                end
            } else {
                End::Complete
            });
        }
    }
}

impl Member {
    fn is_answered(&mut self, piece: &[u8], content: Content) -> bool {
        let Some(id) = &self.id else { return false };
        let watcher = match (&mut self.watcher, content) {
            (Some(watcher), _) => watcher,
            (none, Content::Json) => none.insert(AnswerWatcher::json(Some(id.clone()))),
            (none, Content::EventStream) => none.insert(AnswerWatcher::sse(Some(id.clone()))),
            (None, _) => return false,
        };
        let Some(answer) = watcher.push(piece) else {
            return false;
        };
        record_answer(&self.span, answer);
        self.span.end();
        true
    }
}
