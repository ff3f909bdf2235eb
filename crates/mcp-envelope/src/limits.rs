//! The most bytes that are kept of a string, after its escapes have been decoded.

pub(crate) const METHOD: usize = 256;
pub(crate) const NAME: usize = 1024;
pub(crate) const URI: usize = 2048;
pub(crate) const TASK_ID: usize = 1024;
pub(crate) const ID: usize = 256;
pub(crate) const TRACEPARENT: usize = 512;
pub(crate) const TRACESTATE: usize = 8 * 1024;
pub(crate) const BAGGAGE: usize = 8 * 1024;
/// Protocol versions, `resultType` and the like.
pub(crate) const WORD: usize = 31;
pub(crate) const ERROR_MESSAGE: usize = 1024;
/// The strings of most messages together.
pub(crate) const USUAL_TEXT: usize = 192;
/// Numbers up to this length are within every limit.
pub(crate) const SHORT_NUMBER: usize = 24;
/// Longer than every key that is looked for.
pub(crate) const KEY: usize = 64;

/// Containers inside each other, the outermost counted.
pub(crate) const DEPTH: u8 = 128;
/// Members of a batch that are reported one by one.
pub(crate) const BATCH_MEMBERS: usize = 64;
/// Bytes kept of a batch in all, give or take one member.
pub(crate) const TOTAL: usize = 60 * 1024;
