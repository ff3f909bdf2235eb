//! Reads and edits the JSON-RPC messages of MCP (Model Context Protocol) without building a tree.
//!
//! Middleware that traces MCP has to know a few things about a message: its method, its id, the
//! tool's name, the trace context in `params._meta`, and later whether the answer is an error. It
//! must neither hold the message up nor change it. This crate reads those things out of the bytes
//! as they go by:
//!
//! - [`RequestScanner`] is fed with a body from client to server; [`inspect`] takes a complete one.
//! - [`AnswerWatcher`] is fed with an answer, JSON or an event stream, and tells when the answer to
//!   one request has passed.
//! - [`Outgoing`] scans a complete message and adds members to its `_meta`, or takes them out; every
//!   other byte stays as it was.
//! - [`capture_arguments`](RequestScanner::capture_arguments) and
//!   [`capture_result`](AnswerWatcher::capture_result) keep the text of those, up to a limit.
//!
//! ```
//! use mcp_envelope::{AnswerWatcher, Outgoing, RequestScanner};
//!
//! // A client adds its trace context to what it sends,
//! let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"to":"Ada"}}}"#;
//! let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
//! let sent = Outgoing::scan(body).splice(&[("traceparent", traceparent)])?.apply();
//!
//! // a server reads it,
//! let mut scanner = RequestScanner::new();
//! for chunk in sent.chunks(16) {
//!     scanner.push(chunk);
//! }
//! scanner.finish();
//! assert_eq!(scanner.message().name(), Some("greet"));
//! assert_eq!(scanner.message().trace().traceparent().text(), Some(traceparent));
//!
//! // and both see how it went.
//! let mut watcher = AnswerWatcher::json(scanner.message().id().cloned());
//! let answer = watcher.push(br#"{"jsonrpc":"2.0","id":1,"error":{"code":-32602,"message":"who?"}}"#);
//! assert_eq!(answer.and_then(|answer| answer.error()).map(|error| error.code()), Some(-32602));
//! # Ok::<(), mcp_envelope::SpliceError>(())
//! ```
//!
//! # What peers can do
//!
//! Nothing in a body makes this crate panic, and its memory does not grow with the body: strings
//! are kept up to a limit that each accessor states, containers may be nested 128 deep, and of a
//! batch 64 members are kept. Strings that nobody wants are skipped as fast as memory can be read,
//! and not validated. Of a key that is there twice, the first counts.
//!
//! # Features
//!
//! - `std` (default): finds out at run time which vector instructions the machine has. Without it
//!   the crate is `no_std` and needs `alloc`.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod answer;
mod block;
mod capture;
mod compact;
mod draft;
mod escape;
mod excerpt;
mod id;
mod layout;
mod lexer;
mod limits;
mod members;
mod message;
mod meta;
mod reader;
mod request;
mod scalar;
mod sink;
mod splice;
mod sse;
mod strings;
mod watcher;

pub use self::{
    answer::{Answer, RpcError},
    excerpt::Excerpt,
    id::{Id, OtherId},
    message::{Kind, Message},
    meta::{MetaValue, TraceMeta},
    request::{Progress, RequestScanner, inspect},
    splice::{Outgoing, Splice, SpliceError, splice},
    watcher::AnswerWatcher,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
