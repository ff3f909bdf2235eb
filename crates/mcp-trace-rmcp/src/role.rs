//! The two sides of a connection, as far as tracing tells them apart.

use mcp_trace::{Method, Outcome, ProtocolVersion};
use rmcp::Peer;
use rmcp::model::{NotificationMetaObject, RequestMetaObject};
use rmcp::service::ServiceRole;

/// A side of a connection: rmcp's `RoleClient` or `RoleServer`. Nothing else implements it.
pub trait Role: Messages {}

impl<R: Messages> Role for R {}

/// What a side sends.
pub trait Messages: ServiceRole {
    /// The request's method.
    fn method(request: &Self::Req) -> Method;

    /// The tool, prompt or resource that the request names.
    fn target(request: &Self::Req) -> Option<&str>;

    /// The request's `_meta`, all of it.
    fn request_meta(request: &mut Self::Req) -> &mut RequestMetaObject;

    /// The notification's method, and the resource that it names.
    fn notification(notification: &Self::Not) -> (Method, Option<&str>);

    /// The notification's `_meta`, all of it.
    fn notification_meta(notification: &mut Self::Not) -> &mut NotificationMetaObject;

    /// What an answer means for the one who asked.
    fn outcome(answer: &Self::PeerResp) -> Outcome;

    /// The revision of MCP that the two sides speak.
    fn protocol_version(peer: &Peer<Self>) -> Option<ProtocolVersion>;
}
