//! The two places in which rmcp keeps an outgoing message's `_meta`.
//!
//! They are the typed `params.meta` and the message's extensions, merged when rmcp writes the
//! message, where the extensions win by key. What looks absent in one place may be in the
//! other: so the typed one is lifted into the extensions before anything is read or written.

use rmcp::model::{GetMeta, MetaObject, NotificationMetaObject, RequestMetaObject};
use serde_json::Value;

/// Joins the two into the extensions.
pub(super) fn lift<M>(message: &mut M, typed: Option<RequestMetaObject>) -> &mut RequestMetaObject
where
    M: GetMeta<Metadata = RequestMetaObject>,
{
    if let Some(mut typed) = typed {
        let meta = message.get_meta_mut();
        typed.extend(std::mem::take(meta));
        *meta = typed;
    }
    message.get_meta_mut()
}

/// As [`lift`], for a notification.
pub(super) fn lift_notification<M>(
    message: &mut M,
    typed: Option<NotificationMetaObject>,
) -> &mut NotificationMetaObject
where
    M: GetMeta<Metadata = NotificationMetaObject>,
{
    if let Some(mut typed) = typed {
        let meta = message.get_meta_mut();
        typed.extend(std::mem::take(meta));
        *meta = typed;
    }
    message.get_meta_mut()
}

/// The `_meta` of a message whose parameters have no type.
pub(super) fn take_untyped(params: &mut Option<Value>) -> Option<MetaObject> {
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
