//! Lanes: what an account, a campaign or an app may publish is judged for one asset at a time, in order.
//!
//! An asset that nothing limits never comes here. One that is limited waits in the line of its namespace until it has its
//! turn, enters its lanes, and is judged by the receipts as the API server lists them: before its claim, and again in its
//! last look, so that a process that has just begun to lead, or one that should no longer, sends nothing too many.

mod facts;
mod followers;
mod line;
mod pass;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use kube::{Resource, runtime::reflector::ObjectRef};

pub(super) use self::{
    facts::{directly, from_memory, without_receipts},
    line::keep,
    pass::Pass,
};
use self::{followers::Followers, pass::Passes};
use super::{
    context::Shared,
    lock::lock,
    view::{AssetView, ReceiptView},
    wakes::WakeUps,
};
use crate::domain::{
    gates::needs_a_lane,
    limits::{Line, Turn},
    observed::Observed,
};

/// Who waits for what, and who is under way.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    /// The newest line of each namespace.
    lines: Mutex<BTreeMap<String, Arc<Line>>>,
    passes: Passes,
    followers: Followers,
    /// Namespaces in which something changed that a line depends on.
    stirred: WakeUps<String>,
}

impl Lanes {
    /// The turn of an asset, as the newest line has it.
    pub(crate) fn turn(&self, namespace: &str, asset: &str) -> Option<Turn> {
        lock(&self.lines).get(namespace)?.get(asset).copied()
    }

    /// Something changed that the line of a namespace depends on.
    pub(crate) fn stir(&self, namespace: &str) {
        self.stirred.wake(namespace.to_owned());
    }

    /// Replaces the line of a namespace; answers the one before.
    fn replace(&self, namespace: &str, line: Line) -> Arc<Line> {
        let mut lines = lock(&self.lines);
        let before = if line.is_empty() {
            lines.remove(namespace)
        } else {
            lines.insert(namespace.to_owned(), Arc::new(line))
        };
        before.unwrap_or_default()
    }
}

/// Whether it depends on others when an asset goes out.
pub(super) fn asks(observed: &Observed) -> bool {
    needs_a_lane(observed) || observed.asset.followed_post().is_some()
}

/// Whether an asset that is to be sent may go now.
pub(super) enum Entry {
    /// Nothing limits it.
    Free,
    /// It is in its lanes until this is dropped.
    Entered(Pass),
    /// It has its turn at that instant; without one it is woken.
    Later(Option<Timestamp>),
}

/// Lets an asset that is to be claimed or sent into its lanes, where it has its turn and there is room.
pub(super) fn enter(shared: &Arc<Shared>, view: &AssetView, observed: &Observed, now: Timestamp) -> Entry {
    if !needs_a_lane(observed) {
        return Entry::Free;
    }
    let Some(turn) = shared.lanes.turn(view.namespace(), view.name()) else {
        // Nobody knows yet who is before it.
        shared.lanes.stir(view.namespace());
        return Entry::Later(None);
    };
    if turn.at.is_none_or(|at| at > now) {
        return Entry::Later(turn.at);
    }
    pass::enter(shared, view, observed, now).map_or(Entry::Later(None), Entry::Entered)
}

/// An Asset came, changed or went: the line of its namespace may be another one, and so may those who wait for its post.
pub(crate) fn asset_touched(view: &AssetView, shared: &Shared) {
    shared.lanes.stir(view.namespace());
    if let Some(post) = view.post_id() {
        wake_followers(view.namespace(), post, shared);
    }
}

/// The same for a Receipt.
pub(crate) fn receipt_touched(view: &ReceiptView, shared: &Shared) {
    let namespace = view.meta().namespace.as_deref().unwrap_or_default();
    shared.lanes.stir(namespace);
    if let Ok(spec) = &view.spec {
        wake_followers(namespace, &spec.slot.post_id, shared);
    }
}

fn wake_followers(namespace: &str, post: &str, shared: &Shared) {
    for asset in shared.lanes.followers.of(namespace, post) {
        let asset: ObjectRef<AssetView> = ObjectRef::new(&asset).within(namespace);
        if shared.assets.get(&asset).is_none() {
            shared.lanes.followers.forget(namespace, post, &asset.name);
        } else {
            shared.asset_wakes.wake(asset);
        }
    }
}
