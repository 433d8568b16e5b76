//! Who is under way in which lane.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use kube::runtime::reflector::ObjectRef;

use super::super::{context::Shared, lock::lock, view::AssetView};
use crate::domain::{
    gates::room,
    limits::AccountKey,
    observed::{ChannelFacts, Observed},
};

/// What is judged for one at a time, within a namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Campaign(String),
    Bucket(String),
    Account(AccountKey),
}

type Key = (String, Lane);

#[derive(Debug, Default)]
struct Busy {
    under_way: usize,
    /// Names of Assets that found no room.
    turned_away: BTreeSet<String>,
}

/// The lanes in which somebody is under way.
#[derive(Debug, Default)]
pub(super) struct Passes(Mutex<BTreeMap<Key, Busy>>);

impl Passes {
    /// Enters all lanes or none; whoever finds no room is told when somebody leaves.
    fn enter(&self, keys: &[Key], room: usize, asset: &str) -> bool {
        let mut lanes = lock(&self.0);
        let full = keys.iter().find(|key| {
            let busy = lanes.get(*key);
            busy.is_some_and(|busy| busy.under_way >= room)
        });
        if let Some(busy) = full.cloned().and_then(|key| lanes.get_mut(&key)) {
            busy.turned_away.insert(asset.to_owned());
            return false;
        }
        for key in keys {
            lanes.entry(key.clone()).or_default().under_way += 1;
        }
        true
    }

    /// Leaves the lanes; answers who was turned away from them meanwhile.
    fn leave(&self, keys: &[Key]) -> BTreeSet<String> {
        let mut lanes = lock(&self.0);
        let mut turned_away = BTreeSet::new();
        for key in keys {
            let Some(busy) = lanes.get_mut(key) else { continue };
            busy.under_way = busy.under_way.saturating_sub(1);
            turned_away.append(&mut busy.turned_away);
            if busy.under_way == 0 {
                lanes.remove(key);
            }
        }
        turned_away
    }
}

/// Holds the lanes of an asset until it is dropped, whatever became of it.
pub(in super::super) struct Pass {
    shared: Arc<Shared>,
    namespace: String,
    keys: Vec<Key>,
}

/// Enters the lanes of an asset; none where somebody is under way and leaves no room beside it.
pub(super) fn enter(
    shared: &Arc<Shared>,
    view: &AssetView,
    observed: &Observed,
    now: Timestamp,
) -> Option<Pass> {
    let namespace = view.namespace().to_owned();
    let keys: Vec<Key> = lanes(observed)
        .into_iter()
        .map(|lane| (namespace.clone(), lane))
        .collect();
    let entered = shared.lanes.passes.enter(&keys, room(observed, now), view.name());
    entered.then(|| Pass {
        shared: Arc::clone(shared),
        namespace,
        keys,
    })
}

fn lanes(observed: &Observed) -> Vec<Lane> {
    let campaign = observed.campaign.as_ref();
    let capped = campaign.filter(|campaign| campaign.cap.is_some());
    let mut lanes: Vec<Lane> = capped
        .map(|campaign| Lane::Campaign(campaign.id.clone()))
        .into_iter()
        .collect();
    let limited = |channel: &&ChannelFacts| channel.limits.need_a_lane();
    for channel in observed.channels.iter().filter(limited) {
        let target = &observed.asset.target;
        let bucket = channel.limits.bucket.as_ref();
        lanes.extend(bucket.map(|bucket| Lane::Bucket(bucket.name.clone())));
        lanes.push(Lane::Account(AccountKey::of(&target.platform, &target.account)));
    }
    lanes
}

impl Drop for Pass {
    fn drop(&mut self) {
        let lanes = &self.shared.lanes;
        for asset in lanes.passes.leave(&self.keys) {
            let asset = ObjectRef::new(&asset).within(&self.namespace);
            self.shared.asset_wakes.wake(asset);
        }
        lanes.stir(&self.namespace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Vec<Key> {
        let lane = |name: &&str| ("n".to_owned(), Lane::Bucket((*name).to_owned()));
        names.iter().map(lane).collect()
    }

    #[test]
    fn one_is_under_way_at_a_time_and_whoever_came_meanwhile_is_told_when_it_leaves() {
        let passes = Passes::default();
        assert!(passes.enter(&keys(&["a", "b"]), 1, "first"));
        assert!(!passes.enter(&keys(&["b", "c"]), 1, "second"));
        assert!(!passes.enter(&keys(&["a"]), 1, "third"));
        assert!(
            passes.enter(&keys(&["c"]), 1, "elsewhere"),
            "none is held in part"
        );
        let told: Vec<String> = passes.leave(&keys(&["a", "b"])).into_iter().collect();
        assert_eq!(told, ["second", "third"]);
        assert!(passes.enter(&keys(&["b"]), 1, "second"));
    }

    #[test]
    fn where_a_cap_leaves_room_for_several_several_are_under_way() {
        let passes = Passes::default();
        assert!(passes.enter(&keys(&["a"]), 2, "first"));
        assert!(passes.enter(&keys(&["a"]), 2, "second"));
        assert!(!passes.enter(&keys(&["a"]), 2, "third"));
        assert_eq!(passes.leave(&keys(&["a"])).len(), 1);
        assert!(lock(&passes.0).len() == 1, "one is still under way");
        passes.leave(&keys(&["a"]));
        assert!(lock(&passes.0).is_empty());
    }
}
