//! What is said about bounds that are missed.

use crate::budgets::BUDGETS;

/// Text by the names of budgets, which are its headings.
const NOTES: &str = include_str!("notes.md");

/// What the time goes into that a budget does not allow.
pub(crate) fn of(budget: &str) -> Option<&'static str> {
    let (_, text) = sections().find(|(name, _)| *name == budget)?;
    Some(text)
}

/// Headings without a budget: their text would never be shown.
pub(crate) fn of_nothing() -> Vec<&'static str> {
    let is_budget = |name: &str| BUDGETS.iter().any(|budget| budget.what == name);
    let names = sections().map(|(name, _)| name);
    names.filter(|name| !is_budget(name)).collect()
}

fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    let sections = NOTES.split("\n## ").skip(1);
    sections
        .filter_map(|section| section.split_once('\n'))
        .map(|(name, text)| (name.trim(), text.trim()))
}
