//! What callers may do with the types.

use std::marker::PhantomPinned;
use std::rc::Rc;

use http_body_util::Full;
use mcp_client_layer::{
    AlreadyTraced, McpClientTrace, McpClientTraceLayer, ResponseBody, ResponseFuture, Targets,
};

fn shared<T: Clone + std::fmt::Debug + Send + Sync + Unpin + 'static>() {}
fn movable<T: std::fmt::Debug + Send + Sync + Unpin + 'static>() {}

#[test]
fn the_types_are_as_free_as_what_is_inside() {
    shared::<McpClientTraceLayer>();
    shared::<McpClientTrace>();
    shared::<McpClientTrace<reqwest::Client>>();
    shared::<Targets>();
    shared::<AlreadyTraced>();
    movable::<ResponseBody<Full<bytes::Bytes>>>();
    movable::<ResponseFuture<std::future::Ready<()>>>();

    // They exist for inner types that are none of it.
    fn exists<T>() {}
    exists::<McpClientTrace<Rc<PhantomPinned>>>();
    exists::<ResponseFuture<Rc<PhantomPinned>>>();
    exists::<ResponseBody<Rc<PhantomPinned>>>();
}
