//! Numbers that the OTLP encodings share.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mcp_trace::{SpanKind, SpanRecord, TraceContext};

const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

/// `Status.StatusCode.STATUS_CODE_ERROR`.
pub(super) const STATUS_ERROR: u64 = 2;

/// `Span.SpanKind`.
pub(super) fn kind(kind: SpanKind) -> u64 {
    match kind {
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        _ => 1,
    }
}

/// `Span.flags`: the W3C trace flags, and whether the parent is in another process.
pub(super) fn span_flags(span: &SpanRecord) -> u32 {
    let remote = span.parent.is_some_and(|parent| parent.remote);
    flags(&span.context, remote)
}

/// `Span.Link.flags`.
pub(super) fn link_flags(link: &TraceContext) -> u32 {
    flags(link, link.is_remote())
}

fn flags(context: &TraceContext, remote: bool) -> u32 {
    u32::from(context.flags().to_u8()) | HAS_IS_REMOTE | if remote { IS_REMOTE } else { 0 }
}

/// Nanoseconds since 1970; 0 before it.
pub(super) fn unix_nanos(at: SystemTime) -> u64 {
    nanos(at.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// Start and end. The end is the start plus the length, also where the clock stood before 1970.
pub(super) fn times(span: &SpanRecord) -> (u64, u64) {
    let start = unix_nanos(span.start);
    (start, start.saturating_add(nanos(span.duration)))
}

pub(super) fn nanos(duration: Duration) -> u64 {
    duration.as_nanos().try_into().unwrap_or(u64::MAX)
}
