//! What the benchmarks share: an allocator that counts, a table whose rows take turns, the median, and the
//! way to the report.

pub mod alloc;
pub mod results;
pub mod table;

/// The middle one; of an even number the upper of the two.
///
/// # Panics
/// If there is none.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
