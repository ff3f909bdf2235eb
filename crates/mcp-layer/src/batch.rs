//! JSON-RPC batches, which MCP 2025-03-26 has: one span for each member.

use std::sync::Arc;

use mcp_envelope::{AnswerWatcher, Id, Kind, Message};
use mcp_trace::{ActiveSpan, CapturedPart, End};

use crate::answer::is_answered;
use crate::config::Config;
use crate::head::Content;
use crate::reading::{Reading, State};

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
    /// Starts the members' spans. `None` if the batch has one span in all, because not every member
    /// is known.
    pub(crate) fn begin(
        reading: &Reading,
        state: &mut State,
        message: &Message,
    ) -> Option<Box<Self>> {
        let whole = reading.span();
        if message.member_count() > message.members().len() {
            whole.resolve(None);
            whole.update_operation(|operation| *operation = state.http_call().into());
            whole.set_attribute(
                "mcp_trace.batch.size",
                i64::try_from(message.member_count()).unwrap_or(i64::MAX),
            );
            return None;
        }
        whole.pass_through(None);
        let config = reading.config();
        let mut batch = Box::<Self>::default();
        for member in message.members() {
            if !matches!(member.kind(), Kind::Request | Kind::Notification) || config.propagate_only
            {
                continue;
            }
            let call = reading.call_in(state, member);
            if config.wants_span(|| call.method.clone()) {
                let sampler = config.sampler(|| call.method.clone());
                let span = config
                    .span()
                    .incoming(reading.header.clone())
                    .trust(reading.trust)
                    .start(call);
                span.resolve_sampled(reading.context_in(state, member), sampler);
                config.capture(&span, CapturedPart::Arguments, member.arguments());
                config.stats.add_member(span.is_recording());
                batch.members.push(Member {
                    span,
                    id: member.id().cloned(),
                    watcher: None,
                });
            }
        }
        Some(batch)
    }

    /// A piece of the answer. Returns whether every request has been answered.
    pub(crate) fn data(&mut self, config: &Config, piece: &[u8], content: Content) -> bool {
        self.searched = self.searched.saturating_add(piece.len());
        if self.searched > MAX_SEARCHED {
            return false;
        }
        self.members
            .retain_mut(|member| !member.is_answered(config, piece, content));
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
    fn is_answered(&mut self, config: &Config, piece: &[u8], content: Content) -> bool {
        let Some(id) = &self.id else { return false };
        if self.watcher.is_none() {
            self.watcher = config.watcher(content, Some(id.clone()));
        }
        let is_answered = self
            .watcher
            .as_mut()
            .is_some_and(|watcher| is_answered(config, &self.span, watcher, piece));
        if is_answered {
            self.span.end();
        }
        is_answered
    }
}
