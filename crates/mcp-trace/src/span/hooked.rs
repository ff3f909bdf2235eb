//! A span's scope, as the scope hook sees it.

use super::active::ActiveSpan;
use crate::hook::{self, Entered};
use crate::{Entering, Foreign, ScopeHook, Trust, scope};

impl ActiveSpan {
    /// Tells the hook that a scope of this span is entered.
    pub(crate) fn enter_hook(&self, hook: &dyn ScopeHook) -> Entered {
        match self.identity.get() {
            Some(_) => match self.prepared(hook) {
                Some(prepared) => Entered::new(hook, Entering::Context(prepared)),
                // It passes on that there is nothing.
                None => Entered::default(),
            },
            // The caller's context is certain, ours is not: what starts below it stays in
            // its trace whatever the message says. A context of this process is current already.
            None => match self
                .header
                .as_ref()
                .filter(|header| self.trust == Trust::Continue && header.is_remote())
            {
                Some(header) => {
                    let prepared = hook.prepare(header, None);
                    Entered::new(hook, Entering::Context(&prepared))
                }
                None => Entered::new(hook, Entering::Undecided),
            },
        }
    }

    /// Tells the hook, if one of this span's scopes is the innermost, that its context is final.
    pub(super) fn settle_hook(&self) {
        if let Some(hook) = hook::installed().filter(|_| scope::is_current(self)) {
            if let Some(prepared) = self.prepared(hook) {
                hook.settle(prepared);
            }
        }
    }

    fn prepared(&self, hook: &dyn ScopeHook) -> Option<&Foreign> {
        if let Some(prepared) = self.prepared.get() {
            return Some(prepared);
        }
        let identity = self.identity.get()?;
        let context = identity.context.as_ref()?;
        Some(
            self.prepared
                .get_or_init(|| hook.prepare(context, identity.started.as_ref())),
        )
    }
}
