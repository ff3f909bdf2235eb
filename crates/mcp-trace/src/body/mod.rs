//! When has an answer ended?
//!
//! hyper stops polling a body at its `content-length`, never polls the body of an answer to
//! HEAD or of a 204 or 304, and then drops it: a body that is dropped before its end was not
//! necessarily cancelled. This module has the rule, once, for both layers, and tells what a body is
//! made of.

mod content;
mod due;
mod peek;
mod watched;

pub use content::Content;
pub use due::BytesDue;
pub use peek::visit_slices;
pub use watched::{BodyEnd, Watch, WatchedBody};
