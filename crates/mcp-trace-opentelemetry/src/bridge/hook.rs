//! The scope hook.

use mcp_trace::{Entering, Foreign, ScopeHook, TraceContext};
use opentelemetry::Context;

use super::baggage::{as_list, with_baggage};
use super::stack::{self, Attachment};
use crate::convert::to_otel;

#[derive(Debug)]
pub(super) struct Hook {
    #[cfg(feature = "tracing")]
    pub(super) log_fields: bool,
}

impl Hook {
    fn attachment(&self, context: &TraceContext, started: Option<&Foreign>) -> Attachment {
        let attached = match started.and_then(Foreign::downcast_ref::<Context>) {
            // The span itself, where OpenTelemetry made it.
            Some(started) => started.clone(),
            None => to_otel(&stack::base(), context),
        };
        Attachment {
            context: Some(with_baggage(attached, context)),
            #[cfg(feature = "tracing")]
            log: self.log_fields.then(|| super::log_span(context)),
        }
    }
}

impl ScopeHook for Hook {
    fn prepare(&self, context: &TraceContext, started: Option<&Foreign>) -> Foreign {
        Foreign::new(self.attachment(context, started))
    }

    fn enter(&self, scope: Entering<'_>) -> usize {
        stack::push(match scope {
            Entering::Context(prepared) => prepared
                .downcast_ref::<Attachment>()
                .cloned()
                .unwrap_or_default(),
            Entering::Nothing => Attachment {
                context: Some(Context::new()),
                #[cfg(feature = "tracing")]
                log: None,
            },
            _ => Attachment::default(),
        })
    }

    fn settle(&self, prepared: &Foreign) {
        let attachment = prepared.downcast_ref::<Attachment>();
        if let Some(context) = attachment.and_then(|attachment| attachment.context.clone()) {
            stack::settle(context);
        }
    }

    fn exit(&self, entered: usize) {
        stack::pop(entered);
    }

    fn ambient(&self) -> Option<TraceContext> {
        stack::further_in()
    }

    fn baggage(&self) -> Option<String> {
        stack::baggage_further_in(as_list)
    }

    fn is_suppressed(&self) -> bool {
        stack::is_suppressed()
    }
}
