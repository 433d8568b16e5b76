//! Lanes by facts alone: what all who share the room of an account leave each other, and whose turn it is.
//!
//! The operator keeps lanes as its watches tell them; whoever only asks, or plays on a virtual clock, has everybody at hand.
//! Both ask the same functions for the same answer.

mod line_up;
mod sharing;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::line_up::LineUp;
pub use self::sharing::{Reached, Sharing, bucket, followed, scope, slot, state_of};
use super::{
    decide::decide,
    gates::{candidate, needs_a_lane},
    limits::{AccountKey, Candidate, Effect, Followed, LONGEST_LINE, LaneFacts, Record, effects},
    observed::{Observed, ReceiptFacts},
    slot::compared,
};
use crate::api::{AssetType, ReceiptSlot};

/// What one receipt leaves of itself in a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Its slot, in the compared form.
    pub slot: ReceiptSlot,
    /// What it is; none before its first attempt.
    pub type_: Option<AssetType>,
    /// How far it is.
    pub reached: Reached,
    /// When readers saw something of it, and when its platform was asked.
    pub effects: Vec<Effect>,
}

impl Trace {
    fn of(receipt: &ReceiptFacts) -> Self {
        Self {
            slot: receipt.slot.clone(),
            type_: receipt.status.type_,
            reached: Reached::of(&receipt.status),
            effects: effects(&receipt.status),
        }
    }

    fn record(&self) -> Record<'_> {
        Record {
            slot: &self.slot,
            type_: self.type_,
            effects: &self.effects,
        }
    }
}

/// What stands in a namespace beside the assets that are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    /// What every receipt leaves, also of slots that no asset fills.
    pub traces: Vec<Trace>,
    /// The channels that draw on a bucket.
    pub sharing: Vec<Sharing>,
}

/// A campaign and the id of one of its posts, in the compared form.
type Post = (String, String);

/// The lanes of the assets of one namespace, which are known by their place in one list.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// Beside the assets.
    surroundings: Surroundings,
    /// What the receipt of each asset leaves.
    traces: Vec<Option<Trace>>,
    posts: BTreeMap<Post, Vec<usize>>,
    followers: BTreeMap<Post, Vec<usize>>,
    /// Which assets depend on others.
    asks: Vec<bool>,
    line: LineUp,
}

impl Lanes {
    /// The lanes of these assets; nobody has its turn yet.
    pub fn of(assets: &[Observed], mut surroundings: Surroundings) -> Self {
        let traces: Vec<Option<Trace>> = assets.iter().map(trace).collect();
        let own: BTreeSet<&ReceiptSlot> = traces.iter().flatten().map(|trace| &trace.slot).collect();
        surroundings.traces.retain(|trace| !own.contains(&trace.slot));
        let (mut posts, mut followers) = (BTreeMap::new(), BTreeMap::new());
        for (index, observed) in assets.iter().enumerate() {
            enter(&mut posts, post(observed, &observed.asset.post_id), index);
            if let Some(after) = observed.asset.followed_post() {
                enter(&mut followers, post(observed, after), index);
            }
        }
        Self {
            asks: assets.iter().map(asks).collect(),
            line: LineUp::of(assets.len(), LONGEST_LINE),
            surroundings,
            traces,
            posts,
            followers,
        }
    }

    /// The same where fewer have a place in the line.
    #[cfg(test)]
    pub(super) fn with_lines_of(mut self, longest: usize) -> Self {
        self.line = LineUp::of(self.traces.len(), longest);
        self
    }

    /// True where it depends on others when that asset goes out.
    pub fn asks(&self, asset: usize) -> bool {
        self.asks.get(asset).copied().unwrap_or_default()
    }

    /// The assets that go out after the post of that one.
    pub fn followers(&self, observed: &Observed) -> Vec<usize> {
        let followers = self.followers.get(&post(observed, &observed.asset.post_id));
        followers.cloned().unwrap_or_default()
    }

    /// Takes in what has become of an asset's receipt; `sent` where it went out, and waits no more.
    pub fn note(&mut self, asset: usize, observed: &Observed, sent: bool) {
        if let Some(known) = self.traces.get_mut(asset) {
            *known = trace(observed);
        }
        if sent {
            self.line.leave(asset);
        }
    }

    /// Puts each of these assets into the line, or takes it out of it, and gives everybody a turn where that changed anything;
    /// answers whose turn is another one than before.
    pub fn line_up(&mut self, assets: &mut [Observed], of: &[usize], now: Timestamp) -> Vec<usize> {
        for asset in of.iter().copied() {
            let limited = assets.get(asset).is_some_and(needs_a_lane);
            if limited {
                let lane = self.before_its_turn(assets, asset, now);
                self.line.place(asset, waits(assets, asset, lane, now));
            }
        }
        let line = &mut self.line;
        let traces = self
            .surroundings
            .traces
            .iter()
            .chain(self.traces.iter().flatten());
        line.renew(traces, &self.surroundings.sharing, now)
    }

    /// What its lanes leave an asset, its turn included.
    pub fn facts(&self, assets: &[Observed], asset: usize, now: Timestamp) -> LaneFacts {
        let turn = assets
            .get(asset)
            .and_then(|observed| self.line.turn(&observed.asset.name));
        let Some(observed) = assets.get(asset).filter(|observed| needs_a_lane(observed)) else {
            return self.beside_receipts(assets, asset);
        };
        let own = slot(observed);
        let scope = scope(&self.surroundings.sharing, observed, &own);
        let taken = LaneFacts::of(&own, &scope, self.traces().map(Trace::record), now);
        let beside = self.beside_receipts(assets, asset);
        LaneFacts {
            turn,
            bucket: beside.bucket,
            bucket_waits_until: beside.bucket_waits_until,
            followed: beside.followed,
            ..taken
        }
    }

    /// What decides about its place in the line: without what others took, which the line itself knows.
    fn before_its_turn(&self, assets: &[Observed], asset: usize, now: Timestamp) -> LaneFacts {
        let is_part = |observed: &Observed| observed.asset.item != "main";
        if !assets.get(asset).is_some_and(is_part) {
            return self.beside_receipts(assets, asset);
        }
        // Only the receipts of its account say whether its thread has begun.
        LaneFacts {
            turn: None,
            ..self.facts(assets, asset, now)
        }
    }

    fn beside_receipts(&self, assets: &[Observed], asset: usize) -> LaneFacts {
        let Some(observed) = assets.get(asset) else {
            return LaneFacts::default();
        };
        let (bucket, bucket_waits_until) = bucket(&self.surroundings.sharing, observed);
        let followed = match observed.asset.followed_post() {
            None => Vec::new(),
            Some(after) => self.followed(assets, observed, after),
        };
        LaneFacts {
            bucket,
            bucket_waits_until,
            followed,
            ..LaneFacts::default()
        }
    }

    fn followed(&self, assets: &[Observed], observed: &Observed, after: &str) -> Vec<Followed> {
        let of_post = self.posts.get(&post(observed, after)).into_iter().flatten();
        let found = of_post.filter_map(|index| assets.get(*index));
        let found = found.map(|followed| (slot(followed).fields().clone(), state_of(&followed.asset)));
        let (campaign, after) = (slot(observed).fields().campaign.clone(), compared(after));
        let receipts = self
            .traces()
            .filter(|trace| trace.slot.campaign == campaign && trace.slot.post_id == after);
        followed(
            found,
            receipts.map(|trace| (trace.slot.clone(), trace.reached.clone())),
        )
    }

    fn traces(&self) -> impl Iterator<Item = &Trace> {
        let own = self.traces.iter().flatten();
        self.surroundings.traces.iter().chain(own)
    }
}

/// Tells each asset what its lanes leave it at an instant.
pub fn judge_lanes(assets: &mut [Observed], surroundings: Surroundings, now: Timestamp) {
    let mut lanes = Lanes::of(assets, surroundings);
    let everybody: Vec<usize> = (0..assets.len()).filter(|asset| lanes.asks(*asset)).collect();
    lanes.line_up(assets, &everybody, now);
    for asset in everybody {
        let lane = lanes.facts(assets, asset, now);
        if let Some(observed) = assets.get_mut(asset) {
            observed.lane = lane;
        }
    }
}

fn asks(observed: &Observed) -> bool {
    needs_a_lane(observed) || observed.asset.followed_post().is_some()
}

fn trace(observed: &Observed) -> Option<Trace> {
    observed.receipt.as_ref().map(Trace::of)
}

fn post(observed: &Observed, id: &str) -> Post {
    (observed.asset.campaign.clone(), compared(id))
}

fn enter(known: &mut BTreeMap<Post, Vec<usize>>, post: Post, index: usize) {
    known.entry(post).or_default().push(index);
}

/// The place of an asset in the line, if it waits.
fn waits(assets: &mut [Observed], asset: usize, lane: LaneFacts, now: Timestamp) -> Option<Candidate> {
    let observed = assets.get_mut(asset)?;
    observed.lane = lane;
    candidate(observed, &decide(observed, now), now)
}

/// The name of the bucket that an account draws on.
fn bucket_of<'a>(sharing: &'a [Sharing], account: &AccountKey) -> Option<&'a str> {
    let found = sharing.iter().find(|one| one.account == *account);
    found.map(|one| one.bucket.name.as_str())
}
