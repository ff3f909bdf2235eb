//! Outgoing messages as rmcp holds them: what they are about, and where their `_meta` is.
//!
//! rmcp keeps `_meta` in two places, the typed `params.meta` and the message's extensions,
//! and merges them when it writes the message, where the extensions win by key. What looks
//! absent in one place may be in the other: so the typed one is lifted into the extensions
//! before anything is read or written.

use mcp_trace::Method;
use rmcp::model::{
    ClientNotification, ClientRequest, GetMeta, MetaObject, NotificationMetaObject,
    RequestMetaObject,
};
use serde_json::Value;

/// The request's `_meta`, all of it.
pub(crate) fn request_meta(request: &mut ClientRequest) -> &mut RequestMetaObject {
    if let Some(mut typed) = take_typed(request) {
        let meta = request.get_meta_mut();
        typed.extend(std::mem::take(meta));
        *meta = typed;
    }
    request.get_meta_mut()
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

/// The notification's `_meta`, all of it.
pub(crate) fn notification_meta(
    notification: &mut ClientNotification,
) -> &mut NotificationMetaObject {
    let typed = match notification {
        ClientNotification::CancelledNotification(n) => n.params.meta.take(),
        ClientNotification::ProgressNotification(n) => n.params.meta.take(),
        ClientNotification::CustomNotification(n) => {
            take_untyped(&mut n.params).map(NotificationMetaObject)
        }
        _ => None,
    };
    if let Some(mut typed) = typed {
        let meta = notification.get_meta_mut();
        typed.extend(std::mem::take(meta));
        *meta = typed;
    }
    notification.get_meta_mut()
}

fn take_untyped(params: &mut Option<Value>) -> Option<MetaObject> {
    let params = params.as_mut()?.as_object_mut()?;
    match params.remove("_meta")? {
        Value::Object(meta) => Some(MetaObject(meta)),
        // Not ours to judge: rmcp sees it as it was.
        other => {
            params.insert("_meta".to_owned(), other);
            None
        }
    }
}

/// The tool, prompt or resource that the request names.
pub(super) fn target(request: &ClientRequest) -> Option<&str> {
    match request {
        ClientRequest::CallToolRequest(r) => Some(&r.params.name),
        ClientRequest::GetPromptRequest(r) => Some(&r.params.name),
        ClientRequest::ReadResourceRequest(r) => Some(&r.params.uri),
        ClientRequest::SubscribeRequest(r) => Some(&r.params.uri),
        ClientRequest::UnsubscribeRequest(r) => Some(&r.params.uri),
        _ => None,
    }
}

pub(super) fn notification_method(notification: &ClientNotification) -> Method {
    match notification {
        ClientNotification::CancelledNotification(_) => Method::NotificationsCancelled,
        ClientNotification::ProgressNotification(_) => Method::NotificationsProgress,
        ClientNotification::InitializedNotification(_) => Method::NotificationsInitialized,
        ClientNotification::RootsListChangedNotification(_) => {
            Method::NotificationsRootsListChanged
        }
        ClientNotification::CustomNotification(n) => Method::parse(&n.method),
        _ => Method::parse(""),
    }
}
