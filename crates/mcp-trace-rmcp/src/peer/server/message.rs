//! What a server sends, as rmcp holds it: what it is about, and where its `_meta` is.

// Sampling, roots and logging are deprecated in rmcp, and still sent.
#![allow(deprecated)]

use mcp_trace::{Method, Outcome, ProtocolVersion};
use rmcp::model::{
    ClientResult, NotificationMetaObject, RequestMetaObject, RequestParamsMeta, ServerNotification,
    ServerRequest,
};
use rmcp::{Peer, RoleServer};

use crate::peer::typed_meta::{lift, lift_notification, take_untyped};
use crate::role::Messages;

impl Messages for RoleServer {
    fn method(request: &ServerRequest) -> Method {
        match request {
            ServerRequest::PingRequest(_) => Method::Ping,
            ServerRequest::CreateMessageRequest(_) => Method::SamplingCreateMessage,
            ServerRequest::ListRootsRequest(_) => Method::RootsList,
            ServerRequest::ElicitRequest(_) => Method::ElicitationCreate,
            ServerRequest::CustomRequest(r) => Method::parse(&r.method),
            _ => Method::parse(""),
        }
    }

    fn target(_: &ServerRequest) -> Option<&str> {
        None
    }

    fn request_meta(request: &mut ServerRequest) -> &mut RequestMetaObject {
        let typed = match request {
            ServerRequest::CreateMessageRequest(r) => r.params.meta.take(),
            ServerRequest::ElicitRequest(r) => r.params.meta_mut().take(),
            ServerRequest::CustomRequest(r) => take_untyped(&mut r.params).map(RequestMetaObject),
            // The others have no parameters.
            _ => None,
        };
        lift(request, typed)
    }

    fn notification(notification: &ServerNotification) -> (Method, Option<&str>) {
        let method = match notification {
            ServerNotification::CancelledNotification(_) => Method::NotificationsCancelled,
            ServerNotification::ProgressNotification(_) => Method::NotificationsProgress,
            ServerNotification::LoggingMessageNotification(_) => Method::NotificationsMessage,
            ServerNotification::ResourceUpdatedNotification(n) => {
                return (Method::NotificationsResourcesUpdated, Some(&n.params.uri));
            }
            ServerNotification::ResourceListChangedNotification(_) => {
                Method::NotificationsResourcesListChanged
            }
            ServerNotification::ToolListChangedNotification(_) => {
                Method::NotificationsToolsListChanged
            }
            ServerNotification::PromptListChangedNotification(_) => {
                Method::NotificationsPromptsListChanged
            }
            ServerNotification::SubscriptionsAcknowledgedNotification(_) => {
                Method::NotificationsSubscriptionsAcknowledged
            }
            ServerNotification::TaskStatusNotification(_) => Method::NotificationsTasks,
            ServerNotification::CustomNotification(n) => Method::parse(&n.method),
            _ => Method::parse(""),
        };
        (method, None)
    }

    fn notification_meta(notification: &mut ServerNotification) -> &mut NotificationMetaObject {
        let typed = match notification {
            ServerNotification::CancelledNotification(n) => n.params.meta.take(),
            ServerNotification::ProgressNotification(n) => n.params.meta.take(),
            ServerNotification::LoggingMessageNotification(n) => n.params.meta.take(),
            ServerNotification::ResourceUpdatedNotification(n) => n.params.meta.take(),
            ServerNotification::SubscriptionsAcknowledgedNotification(n) => n.params.meta.take(),
            ServerNotification::TaskStatusNotification(n) => n.params.meta.take(),
            ServerNotification::CustomNotification(n) => {
                take_untyped(&mut n.params).map(NotificationMetaObject)
            }
            // The others have no parameters.
            _ => None,
        };
        lift_notification(notification, typed)
    }

    fn outcome(_: &ClientResult) -> Outcome {
        Outcome::default()
    }

    fn protocol_version(peer: &Peer<Self>) -> Option<ProtocolVersion> {
        ProtocolVersion::parse(peer.peer_info()?.protocol_version.as_str())
    }
}
