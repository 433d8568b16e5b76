use std::{
    borrow::Borrow,
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    iter,
    ops::{Bound, RangeBounds as _},
    sync::Arc,
};

use bytes::Bytes;

use super::{
    Change, ChangeKind, Key, Limits, Place, ReadError, Scope, StorageError, Stored, WriteError,
    history::History,
};

/// What a write does, and what it expects to find: every write is conditional.
#[derive(Clone)]
pub enum Operation {
    /// The key must be absent.
    Create(Bytes),
    /// The key must stand at this revision.
    Update {
        /// The revision that the caller read.
        revision: u64,
        /// The new value.
        value: Bytes,
    },
    /// The key must stand at this revision.
    Delete {
        /// The revision that the caller read.
        revision: u64,
        /// What watchers see as the last value, where it is not the one that stands.
        last: Option<Bytes>,
    },
}

/// Where a list begins and ends.
#[derive(Debug, Clone, Default)]
pub struct ListAt {
    /// None is now.
    pub revision: Option<u64>,
    /// Only what comes after this place.
    pub after: Option<Place>,
    /// None is everything.
    pub limit: Option<usize>,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// In the order of their keys.
    pub items: Vec<Arc<Stored>>,
    /// The revision at which all of them stood: ask for the next page at this one.
    pub revision: u64,
    /// How many come after this page.
    pub remaining: usize,
}

pub(super) struct Write {
    pub(super) key: Key,
    pub(super) operation: Operation,
}

impl Write {
    /// Bytes that it brings.
    pub(super) fn bytes(&self) -> usize {
        let value = match &self.operation {
            Operation::Create(value) | Operation::Update { value, .. } => value.len(),
            Operation::Delete { last, .. } => last.as_ref().map_or(0, Bytes::len),
        };
        self.key.bytes() + value
    }
}

/// An object in the order of its key.
#[derive(Debug)]
struct Row(Arc<Stored>);

impl Borrow<Key> for Row {
    fn borrow(&self) -> &Key {
        &self.0.key
    }
}

impl Ord for Row {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.key.cmp(&other.0.key)
    }
}

impl PartialOrd for Row {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }
}

impl Eq for Row {}

/// What is visible: the live objects, the changes that led here, and the revision.
#[derive(Debug)]
pub(super) struct State {
    revision: u64,
    rows: BTreeSet<Row>,
    live_bytes: usize,
    history: History,
    limits: Limits,
}

impl State {
    pub(super) fn empty(limits: Limits) -> Self {
        Self {
            revision: 1,
            rows: BTreeSet::new(),
            live_bytes: 0,
            history: History::beginning_at(1, limits),
            limits,
        }
    }

    /// What a file held; the history begins anew.
    pub(super) fn restored(revision: u64, objects: Vec<Arc<Stored>>, limits: Limits) -> Self {
        Self {
            revision,
            live_bytes: objects.iter().map(|stored| stored.bytes()).sum(),
            rows: objects.into_iter().map(Row).collect(),
            history: History::beginning_at(revision, limits),
            limits,
        }
    }

    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    pub(super) fn history(&self) -> &History {
        &self.history
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Arc<Stored>> {
        self.rows.get(key).map(|row| &row.0)
    }

    pub(super) fn publish(&mut self, changes: &[Arc<Change>]) {
        for change in changes {
            self.revision = change.revision();
            self.live_bytes = change.live_bytes_after(self.live_bytes);
            let row = Row(Arc::clone(&change.stored));
            match change.kind {
                ChangeKind::Added | ChangeKind::Modified => drop(self.rows.replace(row)),
                ChangeKind::Deleted => drop(self.rows.take(&row)),
            }
            self.history.push(Arc::clone(change));
        }
    }

    pub(super) fn page(&self, scope: &Scope, at: &ListAt) -> Result<Page, ReadError> {
        let revision = at.revision.unwrap_or(self.revision);
        self.readable(scope, revision)?;
        let first = first_of(scope, at.after.as_ref());
        let limit = at.limit.unwrap_or(usize::MAX);
        let mut changed = self.changed_since(scope, revision, &first);
        let behind = keep_lowest(&mut changed, limit);
        let unchanged = self.unchanged_since(scope, revision, first);
        let mut rows = merged(unchanged, changed.into_iter());
        Ok(Page {
            items: rows.by_ref().take(limit).cloned().collect(),
            revision,
            remaining: rows.count() + behind,
        })
    }

    fn readable(&self, scope: &Scope, requested: u64) -> Result<(), ReadError> {
        if requested > self.revision {
            let current = self.revision;
            return Err(ReadError::Future { requested, current });
        }
        self.history.reaches(&scope.resource, requested)
    }

    /// The live objects that stood at the revision as they do now.
    fn unchanged_since(
        &self,
        scope: &Scope,
        revision: u64,
        first: Bound<Key>,
    ) -> impl Iterator<Item = &Arc<Stored>> {
        self.rows
            .range::<Key, _>((first, Bound::Unbounded))
            .map(|row| &row.0)
            .take_while(|stored| scope.contains(&stored.key))
            .filter(move |stored| stored.revision <= revision)
    }

    /// The objects that stood at the revision and were changed or deleted since, as they were, in no order: of all changes
    /// of a key, only the first since the revision has a previous value that is not younger.
    fn changed_since(&self, scope: &Scope, revision: u64, first: &Bound<Key>) -> Vec<&Arc<Stored>> {
        let from = (first.as_ref(), Bound::Unbounded);
        self.history
            .since(revision)
            .filter_map(|change| change.previous.as_ref())
            .filter(|stored| stored.revision <= revision)
            .filter(|stored| scope.contains(&stored.key) && from.contains(&stored.key))
            .collect()
    }

    /// The same key, sharing the texts of its neighbours: most objects have their kind and namespace in common.
    fn with_texts_of_neighbours(&self, key: Key) -> Key {
        let before = self.rows.range::<Key, _>(..&key).next_back();
        let after = self.rows.range::<Key, _>(&key..).next();
        let mut key = key;
        for near in before.into_iter().chain(after).map(|row| &row.0.key) {
            if near.resource == key.resource {
                key.resource = Arc::clone(&near.resource);
                if near.namespace == key.namespace {
                    key.namespace = Arc::clone(&near.namespace);
                }
            }
        }
        key
    }
}

impl Change {
    fn live_bytes_after(&self, before: usize) -> usize {
        let less = before.saturating_sub(self.previous.as_deref().map_or(0, Stored::bytes));
        match self.kind {
            ChangeKind::Added | ChangeKind::Modified => less + self.stored.bytes(),
            ChangeKind::Deleted => less,
        }
    }
}

/// Sorts, and drops what cannot be among the first so many; the answer is how many were dropped.
fn keep_lowest(objects: &mut Vec<&Arc<Stored>>, count: usize) -> usize {
    let behind = objects.len().saturating_sub(count);
    if behind > 0 {
        objects.select_nth_unstable_by(count, |one, other| one.key.cmp(&other.key));
        objects.truncate(count);
    }
    objects.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    behind
}

/// Two runs in the order of their keys as one.
fn merged<'a>(
    one: impl Iterator<Item = &'a Arc<Stored>>,
    other: impl Iterator<Item = &'a Arc<Stored>>,
) -> impl Iterator<Item = &'a Arc<Stored>> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(left), Some(right)) if right.key < left.key => other.next(),
        (Some(_), _) => one.next(),
        (None, _) => other.next(),
    })
}

fn first_of(scope: &Scope, after: Option<&Place>) -> Bound<Key> {
    let first = Key {
        resource: Arc::clone(&scope.resource),
        namespace: scope.namespace.clone().unwrap_or_default(),
        name: Arc::default(),
    };
    let after = after.map(|place| Key {
        resource: Arc::clone(&scope.resource),
        namespace: Arc::clone(&place.namespace),
        name: Arc::clone(&place.name),
    });
    match after {
        Some(after) if scope.namespace.is_none() || after > first => Bound::Excluded(after),
        Some(_) | None => Bound::Included(first),
    }
}

/// Writes that were decided and are not visible yet.
pub(super) struct Draft<'a> {
    state: &'a State,
    changes: Vec<Arc<Change>>,
    latest: BTreeMap<Key, Option<Arc<Stored>>>,
    live_bytes: usize,
}

impl<'a> Draft<'a> {
    pub(super) fn on(state: &'a State) -> Self {
        Self {
            state,
            changes: Vec::new(),
            latest: BTreeMap::new(),
            live_bytes: state.live_bytes,
        }
    }

    pub(super) fn into_changes(self) -> Vec<Arc<Change>> {
        self.changes
    }

    /// Decides one write on what is visible and on the writes before it; the answer holds once all are durable.
    pub(super) fn add(&mut self, write: Write) -> Result<u64, WriteError> {
        let current = self.current(&write.key);
        let change = match (write.operation, current) {
            (Operation::Create(value), None) => {
                self.put(self.state.with_texts_of_neighbours(write.key), &value, None)?
            }
            (Operation::Update { revision, value }, Some(stored)) if stored.revision == revision => {
                self.put(stored.key.clone(), &value, Some(stored))?
            }
            (Operation::Delete { revision, last }, Some(stored)) if stored.revision == revision => {
                self.deletion(stored, last.as_ref())?
            }
            (_, current) => return Err(WriteError::Conflict(current)),
        };
        Ok(self.take(change)?)
    }

    fn current(&self, key: &Key) -> Option<Arc<Stored>> {
        match self.latest.get(key) {
            Some(latest) => latest.clone(),
            None => self.state.get(key).cloned(),
        }
    }

    fn put(&self, key: Key, value: &Bytes, previous: Option<Arc<Stored>>) -> Result<Change, StorageError> {
        Ok(Change {
            kind: if previous.is_some() {
                ChangeKind::Modified
            } else {
                ChangeKind::Added
            },
            stored: self.stored(key, self.owned(value)?),
            previous,
        })
    }

    fn deletion(&self, stored: Arc<Stored>, last: Option<&Bytes>) -> Result<Change, StorageError> {
        let value = last.map(|value| self.owned(value)).transpose()?;
        let value = value.unwrap_or_else(|| stored.value.clone());
        Ok(Change {
            kind: ChangeKind::Deleted,
            stored: self.stored(stored.key.clone(), value),
            previous: Some(stored),
        })
    }

    /// A copy of exactly this size: the caller's bytes may be a slice of a request, or have room to grow.
    fn owned(&self, value: &Bytes) -> Result<Bytes, StorageError> {
        let (bytes, limit) = (value.len(), self.state.limits.value_bytes);
        if bytes > limit {
            return Err(StorageError::ValueTooLarge { bytes, limit });
        }
        Ok(Bytes::copy_from_slice(value))
    }

    fn stored(&self, key: Key, value: Bytes) -> Arc<Stored> {
        let last = self
            .changes
            .last()
            .map_or(self.state.revision, |change| change.revision());
        let revision = last + 1;
        Arc::new(Stored { key, value, revision })
    }

    fn take(&mut self, change: Change) -> Result<u64, StorageError> {
        let live = change.live_bytes_after(self.live_bytes);
        let limit = self.state.limits.live_bytes;
        if live > limit && live > self.live_bytes {
            return Err(StorageError::QuotaExceeded {
                live: self.live_bytes,
                limit,
            });
        }
        self.live_bytes = live;
        let alive = (change.kind != ChangeKind::Deleted).then(|| Arc::clone(&change.stored));
        self.latest.insert(change.stored.key.clone(), alive);
        let revision = change.revision();
        self.changes.push(Arc::new(change));
        Ok(revision)
    }
}
