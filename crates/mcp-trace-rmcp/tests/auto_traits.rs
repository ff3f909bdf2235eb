//! What users may rely on: the types cross threads, and can be printed.

use std::fmt::Debug;

use mcp_trace_rmcp::{RequestSpan, TracedClient, TracedHandler, TracedPeer, TracedRequestHandle};
use rmcp::RoleServer;

fn is<T: Send + Sync + Debug + 'static>() {}

#[test]
fn send_sync_debug() {
    is::<TracedHandler<()>>();
    is::<RequestSpan>();
    is::<TracedPeer>();
    is::<TracedPeer<RoleServer>>();
    is::<TracedClient<'static, ()>>();
    is::<TracedRequestHandle>();
    #[cfg(feature = "http-client")]
    is::<mcp_trace_rmcp::TracedHttpClient<()>>();
}
