//! What the benchmarks share: an allocator that counts, a table whose rows take turns, and the way to
//! the report.

pub mod alloc;
pub mod results;
pub mod table;
