//! Spans: open ones, finished ones, and what they say.

mod active;
mod attribute;
mod builder;
mod conventions;
mod ending;
mod guard;
mod hooked;
mod identity;
mod learning;
mod operation;
mod outcome;
mod record;

pub use active::ActiveSpan;
pub use attribute::{Attribute, Value};
pub use builder::SpanBuilder;
pub use conventions::AttributeVisitor;
pub use guard::SpanGuard;
pub use identity::Parent;
pub use operation::{HttpCall, McpCall, Network, NetworkPeer, NetworkTransport, Operation};
pub use outcome::{End, Outcome};
pub use record::{Event, SpanKind, SpanRecord};
