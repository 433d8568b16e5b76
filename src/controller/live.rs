//! Which attempts are under way in this process.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use super::lock::lock;

/// Attempts whose sending task is alive in this process.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveAttempts(Arc<Mutex<BTreeSet<String>>>);

/// Keeps an attempt on the list of live ones until it is dropped.
#[derive(Debug)]
pub(crate) struct LiveAttempt {
    attempts: LiveAttempts,
    id: String,
}

impl LiveAttempts {
    /// Puts an attempt on the list.
    pub(crate) fn enter(&self, id: &str) -> LiveAttempt {
        lock(&self.0).insert(id.to_owned());
        LiveAttempt {
            attempts: self.clone(),
            id: id.to_owned(),
        }
    }

    /// The ids on the list.
    pub(crate) fn ids(&self) -> Vec<String> {
        lock(&self.0).iter().cloned().collect()
    }
}

impl Drop for LiveAttempt {
    fn drop(&mut self) {
        lock(&self.attempts.0).remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_live_until_it_is_dropped() {
        let attempts = LiveAttempts::default();
        let live = attempts.enter("one");
        assert_eq!(attempts.ids(), ["one"]);
        drop(live);
        assert!(attempts.ids().is_empty());
    }
}
