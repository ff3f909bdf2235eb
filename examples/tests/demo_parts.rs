//! Runs the unit tests that stand in the demo's modules: cargo builds an example either as a
//! program or as a test, and the program is needed.

#[path = "../demo/check.rs"]
mod check;
#[path = "../demo/plan.rs"]
mod plan;
#[path = "../demo/tree.rs"]
mod tree;
