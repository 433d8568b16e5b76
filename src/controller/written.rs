//! What this process wrote of Assets and its cache may not show yet.

use std::{collections::BTreeMap, sync::Mutex};

use kube::runtime::reflector::ObjectRef;

use super::{context::Shared, lock::lock, view::AssetView};

/// The newest version of each Asset that this process wrote: what the cache shows before it has caught up is not judged.
#[derive(Debug, Default)]
pub(crate) struct Written(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    assets: BTreeMap<(String, String), WrittenAsset>,
    /// Counts the lists of Assets that were begun.
    lists: u64,
}

/// One Asset that this process writes or wrote.
#[derive(Debug, Default)]
struct WrittenAsset {
    /// How many write it now.
    writers: u32,
    /// The newest version that a write of ours was given.
    version: u64,
    /// True where somebody was turned away because of a write that had not ended.
    turned_away: bool,
    /// How many lists had been begun when the newest write ended.
    lists: u64,
}

impl WrittenAsset {
    fn is_ahead_of(&self, view: &AssetView) -> bool {
        self.writers > 0 || view.version() < self.version
    }
}

impl Written {
    /// From now on nothing that the cache shows of this Asset is judged, until [`Written::end`].
    fn begin(&self, namespace: &str, name: &str) {
        let mut written = lock(&self.0);
        written.assets.entry(key(namespace, name)).or_default().writers += 1;
    }

    /// A write has ended, in that version; none where nobody knows. True where somebody was turned away meanwhile, whom
    /// no event of the watch may wake any more.
    fn end(&self, namespace: &str, name: &str, version: Option<u64>) -> bool {
        let mut written = lock(&self.0);
        let (key, lists) = (key(namespace, name), written.lists);
        let Some(asset) = written.assets.get_mut(&key) else {
            return false;
        };
        asset.lists = lists;
        asset.writers = asset.writers.saturating_sub(1);
        asset.version = asset.version.max(version.unwrap_or(0));
        if asset.writers > 0 {
            return false;
        }
        let turned_away = std::mem::take(&mut asset.turned_away);
        if asset.version == 0 {
            written.assets.remove(&key);
        }
        turned_away
    }

    /// The Asset was written in that version.
    pub(crate) fn wrote(&self, namespace: &str, name: &str, version: u64) {
        let mut written = lock(&self.0);
        let lists = written.lists;
        let asset = written.assets.entry(key(namespace, name)).or_default();
        asset.version = asset.version.max(version);
        asset.lists = lists;
    }

    /// True where this process wrote that Asset, and nobody saw it in the cache since.
    pub(crate) fn awaits(&self, namespace: &str, name: &str) -> bool {
        lock(&self.0).assets.contains_key(&key(namespace, name))
    }

    /// This process deleted the Asset.
    pub(crate) fn forget(&self, namespace: &str, name: &str) {
        lock(&self.0).assets.remove(&key(namespace, name));
    }

    /// The watch says that the Asset was deleted, in the version of that view; one that was made since is waited for.
    pub(crate) fn deleted(&self, view: &AssetView) {
        let mut written = lock(&self.0);
        let key = key(view.namespace(), view.name());
        let newer = |asset: &WrittenAsset| asset.writers > 0 || asset.version > view.version();
        if !written.assets.get(&key).is_some_and(newer) {
            written.assets.remove(&key);
        }
    }

    /// A list of all Assets begins: it will show every write that ended before.
    pub(crate) fn list_begins(&self) {
        lock(&self.0).lists += 1;
    }

    /// That list has ended, and the cache is what it said: nothing that was written before it began is waited for any
    /// more. False where it shows an Asset in an older version than the API server has answered before.
    pub(crate) fn list_has_ended(&self, shown: impl Fn(&str, &str) -> Option<u64>) -> bool {
        let mut written = lock(&self.0);
        let lists = written.lists;
        let mut in_order = true;
        written.assets.retain(|(namespace, name), asset| {
            let waits = asset.writers > 0 || asset.lists >= lists;
            in_order &= waits || shown(namespace, name).is_none_or(|version| version >= asset.version);
            waits
        });
        in_order
    }

    /// The API server's store went back: no version that it has answered means anything any more.
    pub(crate) fn forget_versions(&self) {
        for asset in lock(&self.0).assets.values_mut() {
            asset.version = 0;
        }
    }

    /// True where the cache shows less than what this process wrote.
    pub(crate) fn is_ahead_of(&self, view: &AssetView) -> bool {
        let mut written = lock(&self.0);
        let key = key(view.namespace(), view.name());
        let ahead = written
            .assets
            .get(&key)
            .is_some_and(|asset| asset.is_ahead_of(view));
        if !ahead {
            written.assets.remove(&key);
        }
        ahead
    }

    /// The same, for whoever has to be woken when the write has ended.
    pub(crate) fn turns_away(&self, view: &AssetView) -> bool {
        let ahead = self.is_ahead_of(view);
        if ahead && let Some(asset) = lock(&self.0).assets.get_mut(&key(view.namespace(), view.name())) {
            asset.turned_away = true;
        }
        ahead
    }
}

fn key(namespace: &str, name: &str) -> (String, String) {
    (namespace.to_owned(), name.to_owned())
}

/// A write of an Asset that has begun; it ends when this is dropped, whatever became of it.
pub(crate) struct AssetWrite<'a> {
    shared: &'a Shared,
    namespace: &'a str,
    name: &'a str,
    version: Option<u64>,
}

impl<'a> AssetWrite<'a> {
    /// From now on nothing that the cache shows of this Asset is judged.
    pub(super) fn begin(shared: &'a Shared, namespace: &'a str, name: &'a str) -> Self {
        shared.written.begin(namespace, name);
        Self {
            shared,
            namespace,
            name,
            version: None,
        }
    }

    /// The write was answered with that version.
    pub(crate) fn answered(mut self, version: Option<u64>) {
        self.version = version;
    }
}

impl Drop for AssetWrite<'_> {
    fn drop(&mut self) {
        if self.shared.written.end(self.namespace, self.name, self.version) {
            let asset = ObjectRef::new(self.name).within(self.namespace);
            self.shared.asset_wakes.wake(asset);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn view(version: &str) -> AssetView {
        serde_json::from_value(json!({
            "metadata": {"name": "a", "namespace": "n", "resourceVersion": version},
        }))
        .unwrap()
    }

    #[test]
    fn a_cache_that_has_not_caught_up_is_not_judged() {
        let written = Written::default();
        assert!(!written.is_ahead_of(&view("5")));
        written.wrote("n", "a", 7);
        assert!(written.is_ahead_of(&view("6")));
        assert!(!written.is_ahead_of(&view("7")));
        assert!(!written.awaits("n", "a"), "what was seen is not waited for");
    }

    #[test]
    fn whoever_is_turned_away_while_an_asset_is_written_is_woken_when_that_has_ended() {
        let written = Written::default();
        written.begin("n", "a");
        assert!(written.turns_away(&view("9")));
        assert!(written.end("n", "a", Some(9)), "no event will come any more");
        assert!(!written.turns_away(&view("9")));
        written.begin("n", "a");
        assert!(!written.end("n", "a", Some(11)), "nobody asked");
        assert!(written.turns_away(&view("10")), "an event will come");
    }

    #[test]
    fn a_write_without_an_answer_neither_holds_for_ever_nor_forgets_an_earlier_one() {
        let written = Written::default();
        written.begin("n", "a");
        written.turns_away(&view("1"));
        assert!(written.end("n", "a", None));
        assert!(!written.awaits("n", "a"));
        written.wrote("n", "a", 7);
        written.begin("n", "a");
        written.end("n", "a", None);
        assert!(written.is_ahead_of(&view("6")));
    }

    #[test]
    fn two_writers_of_one_asset_both_have_to_end() {
        let written = Written::default();
        written.begin("n", "a");
        written.begin("n", "a");
        assert!(!written.end("n", "a", Some(5)));
        assert!(written.turns_away(&view("5")));
        assert!(written.end("n", "a", Some(4)));
        assert!(!written.is_ahead_of(&view("5")));
    }

    #[test]
    fn a_deletion_that_comes_late_does_not_forget_what_was_made_anew_since() {
        let written = Written::default();
        written.wrote("n", "a", 9);
        written.deleted(&view("5"));
        assert!(
            written.is_ahead_of(&view("8")),
            "without its status, as it was created"
        );
        written.wrote("n", "a", 9);
        written.deleted(&view("10"));
        assert!(!written.awaits("n", "a"));
    }

    #[test]
    fn a_list_that_shows_less_than_was_written_before_it_tells_of_a_store_that_went_back() {
        let written = Written::default();
        written.wrote("n", "a", 100);
        written.wrote("n", "gone", 100);
        written.list_begins();
        written.wrote("n", "b", 101);
        written.begin("n", "c");
        assert!(!written.list_has_ended(|_, name| (name != "gone").then_some(40)));
        assert!(!written.is_ahead_of(&view("40")), "it is not waited for");
        assert!(!written.awaits("n", "gone"));
        assert!(
            written.awaits("n", "b") && written.awaits("n", "c"),
            "they were written since"
        );
        written.list_begins();
        assert!(written.list_has_ended(|_, _| Some(101)));
        assert!(written.awaits("n", "c") && !written.awaits("n", "b"));
    }
}
