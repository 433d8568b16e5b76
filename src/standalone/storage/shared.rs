use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use tokio::sync::Notify;

use super::{
    Change, WriteError,
    state::{Draft, State, Write},
};

/// What readers, watchers and the writer have in common.
#[derive(Debug)]
pub(super) struct Shared {
    state: RwLock<State>,
    /// Wakes the watchers of a kind, and of no other. As many as there are kinds.
    bells: Mutex<BTreeMap<Arc<str>, Arc<Notify>>>,
    /// Wakes who waits for a revision.
    progress: Notify,
}

impl Shared {
    pub(super) fn new(state: State) -> Self {
        Self {
            state: RwLock::new(state),
            bells: Mutex::default(),
            progress: Notify::new(),
        }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides one write and makes it visible at once.
    pub(super) fn write_now(&self, write: Write) -> Result<u64, WriteError> {
        let (revision, changes) = {
            let mut state = self.change();
            let mut draft = Draft::on(&state);
            let revision = draft.add(write)?;
            let changes = draft.into_changes();
            state.publish(&changes);
            (revision, changes)
        };
        self.wake(&changes);
        Ok(revision)
    }

    /// Makes durable changes visible.
    pub(super) fn publish(&self, changes: &[Arc<Change>]) {
        self.change().publish(changes);
        self.wake(changes);
    }

    fn wake(&self, changes: &[Arc<Change>]) {
        let kinds: BTreeSet<_> = changes.iter().map(|change| &change.stored.key.resource).collect();
        for kind in kinds {
            if let Some(bell) = self.bells().get(kind) {
                bell.notify_waiters();
            }
        }
        self.progress.notify_waiters();
    }

    fn bells(&self) -> std::sync::MutexGuard<'_, BTreeMap<Arc<str>, Arc<Notify>>> {
        self.bells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn bell(&self, resource: &Arc<str>) -> Arc<Notify> {
        Arc::clone(self.bells().entry(Arc::clone(resource)).or_default())
    }

    pub(super) async fn wait_for(&self, revision: u64) {
        loop {
            // Made before the look: what becomes visible in between still wakes it.
            let progress = self.progress.notified();
            if self.read().revision() >= revision {
                return;
            }
            progress.await;
        }
    }
}
