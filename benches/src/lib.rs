//! What the benchmarks share: an allocator that counts, and a table whose rows take turns.

pub mod alloc;
pub mod table;
