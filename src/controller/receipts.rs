//! The receipts that this process knows: what it watched, and what it wrote since.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use kube::{Resource, runtime::watcher::Event};

use super::view::ReceiptView;
use crate::{
    api::{AssetSource, ReceiptPhase, ReceiptSlot},
    domain::{digest, receipt::undecided},
};

/// Namespace and name.
type Key = (String, String);

/// Every receipt, by namespace and name; for planning, never for deciding that something was not published.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    known: Mutex<BTreeMap<Key, Arc<ReceiptView>>>,
    /// While a list is being read: the names seen in it so far.
    listing: Mutex<Option<BTreeSet<Key>>>,
    /// Rows of files that some campaign has sent: a digest of the row, and the campaign's id.
    sent: Mutex<BTreeSet<(String, String)>>,
    /// When this process first saw each undecided attempt, on its steady clock.
    first_seen: Mutex<BTreeMap<String, Duration>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(view: &ReceiptView) -> Key {
    let meta = view.meta();
    (
        meta.namespace.clone().unwrap_or_default(),
        meta.name.clone().unwrap_or_default(),
    )
}

impl Receipts {
    /// The receipt of that name.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<Arc<ReceiptView>> {
        lock(&self.known)
            .get(&(namespace.to_owned(), name.to_owned()))
            .cloned()
    }

    /// Takes in what the watch says; answers the receipts that are news to this process.
    pub(crate) fn watched(&self, event: Event<ReceiptView>, now: Duration) -> Vec<Arc<ReceiptView>> {
        match event {
            Event::Init => {
                *lock(&self.listing) = Some(BTreeSet::new());
                Vec::new()
            }
            Event::InitApply(view) => {
                if let Some(listing) = lock(&self.listing).as_mut() {
                    listing.insert(key(&view));
                }
                self.newer(view, now).into_iter().collect()
            }
            Event::InitDone => self.forget_unlisted(),
            Event::Apply(view) => self.newer(view, now).into_iter().collect(),
            Event::Delete(view) => lock(&self.known).remove(&key(&view)).into_iter().collect(),
        }
    }

    fn forget_unlisted(&self) -> Vec<Arc<ReceiptView>> {
        let Some(listed) = lock(&self.listing).take() else {
            return Vec::new();
        };
        let mut known = lock(&self.known);
        let gone: Vec<Key> = known
            .keys()
            .filter(|key| !listed.contains(*key))
            .cloned()
            .collect();
        gone.iter().filter_map(|key| known.remove(key)).collect()
    }

    /// Takes in what this process wrote or read itself.
    pub(crate) fn wrote(&self, view: ReceiptView, now: Duration) {
        drop(self.newer(view, now));
    }

    /// Keeps the newer of two; answers it where it was news.
    fn newer(&self, view: ReceiptView, now: Duration) -> Option<Arc<ReceiptView>> {
        self.note_undecided(&view, now);
        self.note_sent(&view);
        let mut known = lock(&self.known);
        let key = key(&view);
        if known.get(&key).is_some_and(|old| old.version() >= view.version()) {
            return None;
        }
        let view = Arc::new(view);
        known.insert(key, Arc::clone(&view));
        Some(view)
    }

    fn note_sent(&self, view: &ReceiptView) {
        let sent = matches!(
            view.status.phase,
            ReceiptPhase::Sending | ReceiptPhase::Published | ReceiptPhase::Unknown
        );
        if let (true, Ok(spec), Some(source)) = (sent, &view.spec, &view.status.source) {
            let row = row(&key(view).0, &spec.slot, source);
            lock(&self.sent).insert((row, spec.slot.campaign.clone()));
        }
    }

    /// Another campaign that has sent the same row of the same file.
    pub(crate) fn sent_elsewhere(
        &self,
        namespace: &str,
        slot: &ReceiptSlot,
        source: &AssetSource,
    ) -> Option<String> {
        let row = row(namespace, slot, source);
        let sent = lock(&self.sent);
        sent.range((row.clone(), String::new())..)
            .take_while(|(other, _)| *other == row)
            .map(|(_, campaign)| campaign)
            .find(|campaign| **campaign != slot.campaign)
            .cloned()
    }

    fn note_undecided(&self, view: &ReceiptView, now: Duration) {
        let mut first_seen = lock(&self.first_seen);
        for attempt in &view.status.attempts {
            if undecided(&view.status).any(|open| open.id == attempt.id) {
                first_seen.entry(attempt.id.clone()).or_insert(now);
            } else {
                first_seen.remove(&attempt.id);
            }
        }
        let (_, name) = key(view);
        if is_held(view) {
            first_seen.entry(name).or_insert(now);
        } else {
            first_seen.remove(&name);
        }
    }

    /// For how long this process has seen the newest undecided attempt of a receipt, or the receipt itself where it is
    /// Unknown without one.
    pub(crate) fn undecided_seen_for(&self, view: &ReceiptView, now: Duration) -> Duration {
        let first_seen = lock(&self.first_seen);
        let since = |name: &str| {
            first_seen
                .get(name)
                .map_or(Duration::ZERO, |first| now.saturating_sub(*first))
        };
        let newest = undecided(&view.status).map(|attempt| since(&attempt.id)).min();
        newest.unwrap_or_else(|| {
            if is_held(view) {
                since(&key(view).1)
            } else {
                Duration::MAX
            }
        })
    }
}

/// A digest of a row of a file: everything of its slot but the campaign.
fn row(namespace: &str, slot: &ReceiptSlot, source: &AssetSource) -> String {
    let anonymous = ReceiptSlot {
        campaign: String::new(),
        ..slot.clone()
    };
    digest::of_json(&(namespace, anonymous, &source.repository, &source.path))
}

/// True for a receipt that is Unknown although no attempt on record is undecided.
fn is_held(view: &ReceiptView) -> bool {
    view.status.phase == ReceiptPhase::Unknown && undecided(&view.status).next().is_none()
}
