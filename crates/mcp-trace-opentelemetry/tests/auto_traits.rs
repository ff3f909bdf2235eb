//! What may go from thread to thread.

use mcp_trace_opentelemetry::{
    BridgeGuard, InstallError, MetaExtractor, OtelBridge, ProcessorSink, TowerHttpClient,
    TracerSink, W3cPropagator,
};
use opentelemetry_sdk::trace::BatchSpanProcessor;

#[test]
fn all_may() {
    fn check<T: Send + Sync + std::fmt::Debug>() {}
    check::<BridgeGuard>();
    check::<InstallError>();
    check::<MetaExtractor<'_>>();
    check::<OtelBridge>();
    check::<ProcessorSink<BatchSpanProcessor>>();
    check::<TowerHttpClient<()>>();
    check::<TracerSink>();
    check::<W3cPropagator>();
}
