//! Every change of every kind, in one stream.

use std::{collections::BTreeSet, sync::Arc};

use futures::{
    StreamExt,
    stream::{self, BoxStream, SelectAll},
};
use tokio::sync::watch;

use super::super::Registry;
use crate::standalone::storage::{Change, ChangeKind, ListAt, Scope, Stored};

/// One object that the feed tells of.
#[derive(Debug, Clone)]
pub(super) enum Heard {
    /// It stands, new or changed.
    Stands(Arc<Stored>),
    /// It is gone.
    Gone(Arc<Stored>),
}

impl Heard {
    pub(super) fn stored(&self) -> &Arc<Stored> {
        match self {
            Self::Stands(stored) | Self::Gone(stored) => stored,
        }
    }
}

/// What one kind's part of the feed says.
enum Part {
    Heard(Heard),
    /// It lost its place and begins anew.
    Lost(Arc<str>),
}

/// The changes of all kinds. A kind that appears is told whole; one that lost its place is told whole again.
pub(super) struct Feed {
    registry: Registry,
    parts: SelectAll<BoxStream<'static, Part>>,
    followed: BTreeSet<Arc<str>>,
    changed: watch::Receiver<u64>,
}

impl Feed {
    pub(super) fn new(registry: Registry) -> Self {
        let changed = registry.inner.changed.subscribe();
        let mut feed = Self {
            registry,
            parts: SelectAll::new(),
            followed: BTreeSet::new(),
            changed,
        };
        feed.follow_new();
        feed
    }

    /// The next change; there is always one more.
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.changed.changed() => self.follow_new(),
                Some(part) = self.parts.next(), if !self.parts.is_empty() => match part {
                    Part::Heard(heard) => return heard,
                    Part::Lost(storage) => {
                        self.followed.remove(&storage);
                        self.follow_new();
                    }
                },
            }
        }
    }

    fn follow_new(&mut self) {
        let catalog = self.registry.catalog();
        let now: BTreeSet<Arc<str>> = catalog
            .kept()
            .map(|resource| Arc::clone(&resource.storage))
            .collect();
        for storage in now {
            if self.followed.insert(Arc::clone(&storage)) {
                self.parts.push(part(&self.registry, storage));
            }
        }
    }
}

fn part(registry: &Registry, storage: Arc<str>) -> BoxStream<'static, Part> {
    let store = registry.inner.store.clone();
    let scope = Scope::everywhere(Arc::clone(&storage));
    let begun = store
        .list(&scope, &ListAt::default())
        .and_then(|page| Ok((store.watch(&scope, page.revision)?, page.items)));
    let lost = Part::Lost(storage);
    match begun {
        Err(_) => stream::iter([lost]).boxed(),
        Ok((watch, items)) => {
            let standing = stream::iter(items).map(|stored| Part::Heard(Heard::Stands(stored)));
            let changes = watch
                .into_stream()
                .take_while(|change| std::future::ready(change.is_ok()))
                .filter_map(|change| std::future::ready(change.ok()))
                .map(|change| Part::Heard(heard(&change)));
            standing.chain(changes).chain(stream::iter([lost])).boxed()
        }
    }
}

fn heard(change: &Change) -> Heard {
    let stored = Arc::clone(&change.stored);
    match change.kind {
        ChangeKind::Deleted => Heard::Gone(stored),
        ChangeKind::Added | ChangeKind::Modified => Heard::Stands(stored),
    }
}
