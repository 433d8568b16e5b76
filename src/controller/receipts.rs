//! The receipts that this process knows: what it watched, and what it wrote since.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use kube::{Resource, runtime::watcher::Event};
use tokio::sync::watch;

use super::{lock::lock, view::ReceiptView};
use crate::{
    api::{AssetSource, ReceiptPhase, ReceiptSlot},
    domain::{digest, receipt::undecided},
};

/// Namespace and name.
type Key = (String, String);

/// Every receipt, by namespace and name; for planning, never for deciding that something was not published.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    known: Mutex<BTreeMap<Key, Known>>,
    /// How many lists were begun.
    lists: AtomicU64,
    /// True once a list showed a receipt in an older version than was known before it began.
    went_back: AtomicBool,
    /// While a list is being read: the names seen in it so far.
    listing: Mutex<Option<BTreeSet<Key>>>,
    /// Rows of files that some campaign has sent: a digest of the row, and the campaign's id.
    sent: Mutex<BTreeSet<(String, String)>>,
    /// When this process first saw each undecided attempt, on its steady clock.
    first_seen: Mutex<BTreeMap<String, Duration>>,
    /// True once they have all been listed.
    listed: watch::Sender<bool>,
}

fn key(view: &ReceiptView) -> Key {
    let meta = view.meta();
    (
        meta.namespace.clone().unwrap_or_default(),
        meta.name.clone().unwrap_or_default(),
    )
}

/// One receipt, and how many lists had been begun when it was noted.
#[derive(Debug)]
struct Known {
    view: Arc<ReceiptView>,
    lists: u64,
}

impl Receipts {
    /// True once a list showed less than the API server had answered before it began: its store went back.
    pub(crate) fn went_back(&self) -> bool {
        self.went_back.load(Ordering::Acquire)
    }

    /// The receipt of that name.
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<Arc<ReceiptView>> {
        lock(&self.known)
            .get(&(namespace.to_owned(), name.to_owned()))
            .map(|known| Arc::clone(&known.view))
    }

    /// The receipts of a namespace whose slot a caller picks.
    pub(crate) fn of_namespace(
        &self,
        namespace: &str,
        picks: impl Fn(&ReceiptSlot) -> bool,
    ) -> Vec<Arc<ReceiptView>> {
        let known = lock(&self.known);
        let from = (namespace.to_owned(), String::new());
        let ours = known.range(from..).take_while(|((of, _), _)| of == namespace);
        let picked = ours.filter(|(_, known)| known.view.spec.as_ref().is_ok_and(|spec| picks(&spec.slot)));
        picked.map(|(_, known)| Arc::clone(&known.view)).collect()
    }

    /// Shows every receipt of a namespace.
    pub(crate) fn each(&self, namespace: &str, mut show: impl FnMut(&Arc<ReceiptView>)) {
        let known = lock(&self.known);
        let from = (namespace.to_owned(), String::new());
        let ours = known.range(from..).take_while(|((of, _), _)| of == namespace);
        for (_, known) in ours {
            show(&known.view);
        }
    }

    /// Takes in what the watch says; answers the receipts that are news to this process.
    pub(crate) fn watched(&self, event: Event<ReceiptView>, now: Duration) -> Vec<Arc<ReceiptView>> {
        match event {
            Event::Init => {
                *lock(&self.listing) = Some(BTreeSet::new());
                self.lists.fetch_add(1, Ordering::AcqRel);
                Vec::new()
            }
            Event::InitApply(view) => {
                if let Some(listing) = lock(&self.listing).as_mut() {
                    listing.insert(key(&view));
                }
                self.listed(view, now).into_iter().collect()
            }
            Event::InitDone => self.forget_unlisted(),
            Event::Apply(view) => self.newer(view, now).into_iter().collect(),
            Event::Delete(view) => self.deleted(&view).into_iter().collect(),
        }
    }

    /// Waits until every receipt has been listed once.
    pub(crate) async fn wait_until_listed(&self) {
        // The sender lives as long as this does: there is no error to be had.
        drop(self.listed.subscribe().wait_for(|listed| *listed).await);
    }

    /// Forgets a receipt that was deleted, unless this process knows one of that name that was made since.
    fn deleted(&self, view: &ReceiptView) -> Option<Arc<ReceiptView>> {
        let mut known = lock(&self.known);
        let newer = known
            .get(&key(view))
            .is_some_and(|known| known.view.version() > view.version());
        let gone = if newer { None } else { known.remove(&key(view)) }?.view;
        drop(known);
        self.forget(&gone);
        Some(gone)
    }

    /// Forgets what is kept beside a receipt.
    fn forget(&self, view: &ReceiptView) {
        if let Some(row) = row_of(view) {
            lock(&self.sent).remove(&row);
        }
        let mut first_seen = lock(&self.first_seen);
        for attempt in &view.status.attempts {
            first_seen.remove(&attempt.id);
        }
        first_seen.remove(&key(view).1);
    }

    fn forget_unlisted(&self) -> Vec<Arc<ReceiptView>> {
        let listed = lock(&self.listing).take().unwrap_or_default();
        let mut known = lock(&self.known);
        let unlisted: Vec<Key> = known
            .keys()
            .filter(|key| !listed.contains(*key))
            .cloned()
            .collect();
        let gone = unlisted.iter().filter_map(|key| known.remove(key));
        let gone: Vec<_> = gone.map(|known| known.view).collect();
        drop(known);
        for view in &gone {
            self.forget(view);
        }
        self.listed.send_replace(true);
        gone
    }

    /// Takes in what this process wrote or read itself.
    pub(crate) fn wrote(&self, view: ReceiptView, now: Duration) {
        drop(self.newer(view, now));
    }

    /// Takes in what a list shows: it is the truth over everything that was known before the list began.
    fn listed(&self, view: ReceiptView, now: Duration) -> Option<Arc<ReceiptView>> {
        let lists = self.lists.load(Ordering::Acquire);
        let mut known = lock(&self.known);
        let key = key(&view);
        let older = known
            .get(&key)
            .is_some_and(|old| old.lists < lists && old.view.version() > view.version());
        if older {
            known.remove(&key);
            self.went_back.store(true, Ordering::Release);
        }
        drop(known);
        self.newer(view, now)
    }

    /// Keeps the newer of two; answers it where it was news.
    fn newer(&self, view: ReceiptView, now: Duration) -> Option<Arc<ReceiptView>> {
        let mut known = lock(&self.known);
        let key = key(&view);
        if known
            .get(&key)
            .is_some_and(|old| old.view.version() >= view.version())
        {
            return None;
        }
        self.note_undecided(&view, now);
        self.note_sent(&view);
        let view = Arc::new(view.settled());
        let noted = Known {
            view: Arc::clone(&view),
            lists: self.lists.load(Ordering::Acquire),
        };
        known.insert(key, noted);
        Some(view)
    }

    fn note_sent(&self, view: &ReceiptView) {
        let Some(row) = row_of(view) else { return };
        let sent = matches!(
            view.status.phase,
            ReceiptPhase::Sending | ReceiptPhase::Published | ReceiptPhase::Unknown
        );
        if sent {
            lock(&self.sent).insert(row);
        } else {
            lock(&self.sent).remove(&row);
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

    /// Whether anything is known to be published on the account of a slot, in its environment: also a page that is just being
    /// replaced.
    pub(crate) fn any_published(&self, namespace: &str, like: &ReceiptSlot) -> bool {
        let known = lock(&self.known);
        let of_namespace = known
            .range((namespace.to_owned(), String::new())..)
            .take_while(|((of, _), _)| of == namespace);
        { of_namespace }.any(|(_, known)| {
            let slot = known.view.spec.as_ref().ok().map(|spec| &spec.slot);
            let status = &known.view.status;
            (status.phase == ReceiptPhase::Published || status.published_at.is_some())
                && slot.is_some_and(|slot| {
                    slot.environment == like.environment
                        && slot.platform == like.platform
                        && slot.account == like.account
                })
        })
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

/// The row that a receipt says it came from, and the campaign whose receipt it is.
fn row_of(view: &ReceiptView) -> Option<(String, String)> {
    let slot = &view.spec.as_ref().ok()?.slot;
    let source = view.status.source.as_ref()?;
    Some((row(&key(view).0, slot, source), slot.campaign.clone()))
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use serde_json::json;

    use super::*;
    use crate::api::Environment;

    const NOW: Duration = Duration::from_secs(1000);

    fn receipt(campaign: &str, version: u64, phase: &str, attempt: Option<&str>) -> ReceiptView {
        let attempts: Vec<_> = attempt
            .map(|id| {
                json!({
                    "id": id, "number": 1, "epoch": 0, "revision": 0, "contentDigest": "d", "endpointDigest": "e",
                    "sender": {"pod": "p", "process": "q"}, "startedAt": "2026-03-02T07:00:00Z",
                })
            })
            .into_iter()
            .collect();
        serde_json::from_value(json!({
            "metadata": {"name": format!("r1-{campaign}"), "namespace": "n", "resourceVersion": version.to_string()},
            "spec": {"slot": slot(campaign)},
            "status": {"phase": phase, "epoch": 0, "attempts": attempts, "source": source()},
        }))
        .unwrap()
    }

    fn slot(campaign: &str) -> ReceiptSlot {
        ReceiptSlot {
            environment: Environment::Production,
            campaign: campaign.to_owned(),
            post_id: "launch".to_owned(),
            platform: "linkedin".to_owned(),
            account: "company".to_owned(),
            locale: "en".to_owned(),
            item: "main".to_owned(),
            occurrence: String::new(),
        }
    }

    fn source() -> AssetSource {
        AssetSource {
            revision: "c0ffee".to_owned(),
            repository: "git.example.com/team/gtm#main".to_owned(),
            path: "sheet.csv".to_owned(),
            line: 2,
            author: None,
            places: None,
        }
    }

    fn elsewhere(receipts: &Receipts) -> Option<String> {
        receipts.sent_elsewhere("n", &slot("week2"), &source())
    }

    #[test]
    fn what_is_published_on_an_account_is_known_and_nothing_else_is() {
        let receipts = Receipts::default();
        assert!(!receipts.any_published("n", &slot("week2")));
        receipts.wrote(receipt("week1", 5, "Claimed", None), NOW);
        assert!(!receipts.any_published("n", &slot("week2")));
        receipts.wrote(receipt("week1", 6, "Published", None), NOW);
        assert!(receipts.any_published("n", &slot("week2")));
        let mut replaced = receipt("week1", 7, "Sending", None);
        Arc::make_mut(&mut replaced.status).published_at = Some(Time(Timestamp::UNIX_EPOCH));
        receipts.wrote(replaced, NOW);
        assert!(receipts.any_published("n", &slot("week2")));
        assert!(!receipts.any_published("elsewhere", &slot("week2")));
        let personal = ReceiptSlot {
            account: "personal".to_owned(),
            ..slot("week2")
        };
        assert!(!receipts.any_published("n", &personal));
    }

    #[test]
    fn only_what_is_newer_is_news() {
        let receipts = Receipts::default();
        receipts.wrote(receipt("week1", 5, "Sending", None), NOW);
        let news = |version| {
            receipts
                .watched(Event::Apply(receipt("week1", version, "Claimed", None)), NOW)
                .len()
        };
        assert_eq!((news(4), news(5), news(6)), (0, 0, 1));
    }

    #[test]
    fn a_list_forgets_what_it_does_not_name() {
        let receipts = Receipts::default();
        receipts.wrote(receipt("week1", 5, "Published", None), NOW);
        receipts.watched(Event::Init, NOW);
        receipts.watched(Event::InitApply(receipt("week2", 6, "Claimed", None)), NOW);
        assert!(
            receipts.get("n", "r1-week1").is_some(),
            "not before the list has ended"
        );
        assert_eq!(receipts.watched(Event::InitDone, NOW).len(), 1);
        assert!(receipts.get("n", "r1-week1").is_none());
        assert!(receipts.get("n", "r1-week2").is_some());
    }

    #[test]
    fn a_list_counts_over_what_was_known_before_it_and_tells_of_a_store_that_went_back() {
        let receipts = Receipts::default();
        receipts.wrote(receipt("week1", 90, "Published", None), NOW);
        receipts.watched(Event::Init, NOW);
        // Written while the list was being read: the list may not show it yet.
        receipts.wrote(receipt("week2", 41, "Sending", None), NOW);
        let news = receipts.watched(Event::InitApply(receipt("week1", 40, "Claimed", None)), NOW);
        assert_eq!(news.len(), 1);
        receipts.watched(Event::InitApply(receipt("week2", 39, "Claimed", None)), NOW);
        receipts.watched(Event::InitDone, NOW);
        let phase = |name| receipts.get("n", name).unwrap().status.phase;
        assert_eq!(phase("r1-week1"), ReceiptPhase::Claimed);
        assert_eq!(phase("r1-week2"), ReceiptPhase::Sending);
        assert!(receipts.went_back());
    }

    #[tokio::test]
    async fn whoever_waits_for_the_list_goes_on_when_it_has_ended() {
        let receipts = Receipts::default();
        receipts.watched(Event::Init, NOW);
        receipts.watched(Event::InitDone, NOW);
        receipts.wait_until_listed().await;
    }

    #[test]
    fn a_deletion_that_comes_late_does_not_forget_what_was_made_since() {
        let receipts = Receipts::default();
        receipts.wrote(receipt("week1", 9, "Claimed", None), NOW);
        receipts.watched(Event::Delete(receipt("week1", 8, "Claimed", None)), NOW);
        assert!(receipts.get("n", "r1-week1").is_some());
        receipts.watched(Event::Delete(receipt("week1", 10, "Claimed", None)), NOW);
        assert!(receipts.get("n", "r1-week1").is_none());
    }

    #[test]
    fn a_row_counts_as_published_elsewhere_while_another_campaigns_receipt_says_so() {
        let receipts = Receipts::default();
        assert_eq!(elsewhere(&receipts), None);
        receipts.wrote(receipt("week1", 1, "Sending", None), NOW);
        assert_eq!(elsewhere(&receipts).as_deref(), Some("week1"));
        // The attempt was given up before anything was sent.
        receipts.wrote(receipt("week1", 2, "Claimed", None), NOW);
        assert_eq!(elsewhere(&receipts), None);
        receipts.wrote(receipt("week1", 3, "Published", None), NOW);
        assert_eq!(elsewhere(&receipts).as_deref(), Some("week1"));
        assert_eq!(
            receipts.sent_elsewhere("n", &slot("week1"), &source()),
            None,
            "its own"
        );
        assert_eq!(receipts.sent_elsewhere("other", &slot("week2"), &source()), None);
        receipts.watched(Event::Delete(receipt("week1", 4, "Published", None)), NOW);
        assert_eq!(elsewhere(&receipts), None);
    }

    #[test]
    fn doubt_is_counted_from_when_this_process_first_saw_the_attempt() {
        let receipts = Receipts::default();
        let sending = receipt("week1", 1, "Sending", Some("one"));
        let later = NOW + Duration::from_mins(1);
        assert_eq!(receipts.undecided_seen_for(&sending, NOW), Duration::ZERO);
        receipts.wrote(sending.clone(), NOW);
        let unknown = receipt("week1", 2, "Unknown", Some("one"));
        receipts.wrote(unknown.clone(), later);
        assert_eq!(
            receipts.undecided_seen_for(&unknown, later),
            Duration::from_mins(1)
        );
        let second = receipt("week1", 3, "Unknown", Some("two"));
        receipts.wrote(second.clone(), later);
        assert_eq!(receipts.undecided_seen_for(&second, later), Duration::ZERO);
    }
}
