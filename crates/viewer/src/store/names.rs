//! The names that a list offers to choose from.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Record;

/// Names of one kind that are counted at most: nobody chooses from more.
const MOST: usize = 1000;

/// The services and the tools of the spans that are kept, and how many spans each has.
#[derive(Debug, Default)]
pub(super) struct Names {
    services: BTreeMap<Arc<str>, usize>,
    tools: BTreeMap<Arc<str>, usize>,
}

impl Names {
    pub(super) fn add(&mut self, span: &Record) {
        for (names, name) in self.of(span) {
            if let Some(spans) = names.get_mut(name) {
                *spans += 1;
            } else if names.len() < MOST {
                names.insert(name.clone(), 1);
            }
        }
    }

    pub(super) fn remove(&mut self, span: &Record) {
        for (names, name) in self.of(span) {
            match names.get_mut(name) {
                Some(spans) if *spans > 1 => *spans -= 1,
                _ => drop(names.remove(name)),
            }
        }
    }

    pub(super) fn services(&self) -> Vec<Arc<str>> {
        self.services.keys().cloned().collect()
    }

    pub(super) fn tools(&self) -> Vec<Arc<str>> {
        self.tools.keys().cloned().collect()
    }

    fn of<'a>(
        &mut self,
        span: &'a Record,
    ) -> impl Iterator<Item = (&mut BTreeMap<Arc<str>, usize>, &'a Arc<str>)> {
        let tool = span.tool.as_ref().map(|tool| (&mut self.tools, tool));
        [(&mut self.services, &span.service)]
            .into_iter()
            .chain(tool)
    }
}
