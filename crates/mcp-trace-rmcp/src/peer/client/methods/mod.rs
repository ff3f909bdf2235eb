//! The typed methods of rmcp's client peer.
//!
//! A method that is missing here would reach the wrapped peer, and have no span; the test
//! `rmcp_surface` compares these files with rmcp's source.

// Logging and the old subscriptions are deprecated in rmcp, and still sent.
#![allow(deprecated)]

/// Picks one variant of the answer.
macro_rules! only {
    ($variant:ident) => {
        |answer| match answer {
            rmcp::model::ServerResult::$variant(answer) => Some(answer.into()),
            _ => None,
        }
    };
}

mod lists;
mod prompts;
mod resources;
mod session;
mod tools;

use rmcp::ServiceError;
use rmcp::model::ServerResult;

pub(super) use self::prompts::get_prompt_response;
pub(super) use self::tools::call_tool_response;

type Answer<T> = Result<T, ServiceError>;

fn empty(answer: ServerResult) -> Option<()> {
    matches!(answer, ServerResult::EmptyResult(_)).then_some(())
}
