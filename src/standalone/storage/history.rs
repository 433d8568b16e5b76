use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use super::{Change, ChangeKind, Limits, ReadError};

/// The last changes, bounded by count and by the bytes that nothing else holds.
///
/// Each revision is one change, so the change of a revision is found by counting.
#[derive(Debug)]
pub(super) struct History {
    changes: VecDeque<Arc<Change>>,
    /// The revision of the last change that is no longer held.
    dropped: u64,
    /// The same for each kind: a busy kind does not end the watches of a quiet one.
    dropped_of: BTreeMap<Arc<str>, u64>,
    /// The revision at which the history began: what was before is not known.
    began: u64,
    bytes: usize,
    limits: Limits,
}

impl History {
    pub(super) fn beginning_at(revision: u64, limits: Limits) -> Self {
        Self {
            changes: VecDeque::new(),
            dropped: revision,
            dropped_of: BTreeMap::new(),
            began: revision,
            bytes: 0,
            limits,
        }
    }

    pub(super) fn push(&mut self, change: Arc<Change>) {
        self.bytes += retired_bytes(&change);
        self.changes.push_back(change);
        while self.changes.len() > self.limits.history_changes || self.bytes > self.limits.history_bytes {
            let Some(oldest) = self.changes.pop_front() else {
                return;
            };
            self.bytes -= retired_bytes(&oldest);
            self.dropped = oldest.revision();
            self.dropped_of
                .insert(Arc::clone(&oldest.stored.key.resource), oldest.revision());
        }
    }

    /// The changes after the revision, in their order.
    pub(super) fn since(&self, revision: u64) -> impl Iterator<Item = &Arc<Change>> {
        let known = revision.saturating_sub(self.dropped);
        self.changes
            .iter()
            .skip(usize::try_from(known).unwrap_or(usize::MAX))
    }

    /// The oldest revision of the kind from which every change is held.
    pub(super) fn oldest(&self, resource: &str) -> u64 {
        self.dropped_of.get(resource).copied().unwrap_or(self.began)
    }

    /// An error where changes of the kind after the revision are no longer held.
    pub(super) fn reaches(&self, resource: &str, requested: u64) -> Result<(), ReadError> {
        let oldest = self.oldest(resource);
        if requested < oldest {
            return Err(ReadError::Compacted { requested, oldest });
        }
        Ok(())
    }
}

/// Bytes that were live until this change and are now held by the history alone.
fn retired_bytes(change: &Change) -> usize {
    let previous = change.previous.as_ref().map_or(0, |stored| stored.value.len());
    let last = match change.kind {
        ChangeKind::Deleted => change.stored.value.len(),
        ChangeKind::Added | ChangeKind::Modified => 0,
    };
    previous + last
}
