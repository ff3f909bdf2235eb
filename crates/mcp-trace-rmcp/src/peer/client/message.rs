//! What a client sends, as rmcp holds it: what it is about, and where its `_meta` is.

use mcp_trace::{Method, Outcome, ProtocolVersion};
use rmcp::model::{
    ClientNotification, ClientRequest, NotificationMetaObject, RequestMetaObject, ServerResult,
};
use rmcp::{Peer, RoleClient};

use crate::peer::typed_meta::{lift, lift_notification, take_untyped};
use crate::role::Messages;

impl Messages for RoleClient {
    fn method(request: &ClientRequest) -> Method {
        Method::parse(request.method())
    }

    fn target(request: &ClientRequest) -> Option<&str> {
        match request {
            ClientRequest::CallToolRequest(r) => Some(&r.params.name),
            ClientRequest::GetPromptRequest(r) => Some(&r.params.name),
            ClientRequest::ReadResourceRequest(r) => Some(&r.params.uri),
            ClientRequest::SubscribeRequest(r) => Some(&r.params.uri),
            ClientRequest::UnsubscribeRequest(r) => Some(&r.params.uri),
            _ => None,
        }
    }

    fn request_meta(request: &mut ClientRequest) -> &mut RequestMetaObject {
        let typed = take_typed(request);
        lift(request, typed)
    }

    fn notification(notification: &ClientNotification) -> (Method, Option<&str>) {
        let method = match notification {
            ClientNotification::CancelledNotification(_) => Method::NotificationsCancelled,
            ClientNotification::ProgressNotification(_) => Method::NotificationsProgress,
            ClientNotification::InitializedNotification(_) => Method::NotificationsInitialized,
            ClientNotification::RootsListChangedNotification(_) => {
                Method::NotificationsRootsListChanged
            }
            ClientNotification::CustomNotification(n) => Method::parse(&n.method),
            _ => Method::parse(""),
        };
        (method, None)
    }

    fn notification_meta(notification: &mut ClientNotification) -> &mut NotificationMetaObject {
        let typed = match notification {
            ClientNotification::CancelledNotification(n) => n.params.meta.take(),
            ClientNotification::ProgressNotification(n) => n.params.meta.take(),
            ClientNotification::CustomNotification(n) => {
                take_untyped(&mut n.params).map(NotificationMetaObject)
            }
            _ => None,
        };
        lift_notification(notification, typed)
    }

    fn outcome(answer: &ServerResult) -> Outcome {
        match answer {
            ServerResult::CallToolResult(result) if result.is_error == Some(true) => {
                Outcome::tool_error()
            }
            _ => Outcome::default(),
        }
    }

    fn protocol_version(peer: &Peer<Self>) -> Option<ProtocolVersion> {
        ProtocolVersion::parse(peer.peer_info()?.protocol_version.as_str())
    }
}

// Logging is deprecated in rmcp, and still sent.
#[allow(deprecated)]
fn take_typed(request: &mut ClientRequest) -> Option<RequestMetaObject> {
    match request {
        ClientRequest::InitializeRequest(r) => r.params.meta.take(),
        ClientRequest::CompleteRequest(r) => r.params.meta.take(),
        ClientRequest::SetLevelRequest(r) => r.params.meta.take(),
        ClientRequest::GetPromptRequest(r) => r.params.meta.take(),
        ClientRequest::ListPromptsRequest(r) => r.params.as_mut()?.meta.take(),
        ClientRequest::ListResourcesRequest(r) => r.params.as_mut()?.meta.take(),
        ClientRequest::ListResourceTemplatesRequest(r) => r.params.as_mut()?.meta.take(),
        ClientRequest::ReadResourceRequest(r) => r.params.meta.take(),
        ClientRequest::SubscriptionsListenRequest(r) => r.params.meta.take(),
        ClientRequest::SubscribeRequest(r) => r.params.meta.take(),
        ClientRequest::UnsubscribeRequest(r) => r.params.meta.take(),
        ClientRequest::CallToolRequest(r) => r.params.meta.take(),
        ClientRequest::ListToolsRequest(r) => r.params.as_mut()?.meta.take(),
        ClientRequest::GetTaskRequest(r) => r.params.meta.take(),
        ClientRequest::UpdateTaskRequest(r) => r.params.meta.take(),
        ClientRequest::CancelTaskRequest(r) => r.params.meta.take(),
        ClientRequest::ListSkillsRequest(r) => r.params.as_mut()?.meta.take(),
        ClientRequest::GetSkillRequest(r) => r.params.meta.take(),
        ClientRequest::ReadResourceDirectoryRequest(r) => r.params.meta.take(),
        ClientRequest::CustomRequest(r) => take_untyped(&mut r.params).map(RequestMetaObject),
        // The others have no parameters.
        _ => None,
    }
}
