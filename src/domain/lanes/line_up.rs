//! The line of a namespace, kept while its assets come and go.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    super::limits::{AccountKey, Candidate, Line, Order, Taken, Turn, turns},
    Sharing, Trace, bucket_of,
};

/// Everybody who waits, and the turn of each.
#[derive(Clone, Debug)]
pub(super) struct LineUp {
    /// By asset.
    candidates: Vec<Option<Candidate>>,
    /// The assets that wait, in order.
    waiting: BTreeSet<(Order, usize)>,
    line: Line,
    /// How many of those in the line have not gone yet.
    left: usize,
    /// True where the line may be another one by now.
    stirred: bool,
    /// How many have a place in the line.
    longest: usize,
}

impl LineUp {
    pub(super) fn of(assets: usize, longest: usize) -> Self {
        Self {
            candidates: vec![None; assets],
            waiting: BTreeSet::new(),
            line: Line::new(),
            left: 0,
            stirred: false,
            longest,
        }
    }

    pub(super) fn turn(&self, name: &str) -> Option<Turn> {
        self.line.get(name).copied()
    }

    /// Puts an asset where it belongs by now; none takes it out.
    pub(super) fn place(&mut self, asset: usize, candidate: Option<Candidate>) {
        let Some(known) = self.candidates.get_mut(asset) else {
            return;
        };
        if *known == candidate {
            return;
        }
        self.stirred = true;
        if let Some(before) = known.take() {
            self.waiting.remove(&(before.order, asset));
        }
        if let Some(candidate) = candidate {
            self.waiting.insert((candidate.order.clone(), asset));
            *known = Some(candidate);
        }
    }

    /// An asset went out when it had its turn: what it took was kept for it, so nobody else's turn is another one.
    pub(super) fn leave(&mut self, asset: usize) {
        let Some(candidate) = self.candidates.get_mut(asset).and_then(Option::take) else {
            return;
        };
        self.left = self.left.saturating_sub(1);
        self.line.remove(&candidate.order.name);
        self.waiting.remove(&(candidate.order, asset));
        // Those who found no place in the line follow when half of it has gone.
        self.stirred |= self.waiting.len() > self.left && self.left <= self.longest / 2;
    }

    /// Gives everybody a turn, where anything changed; answers for whom it is another one.
    pub(super) fn renew<'a>(
        &mut self,
        traces: impl Iterator<Item = &'a Trace>,
        sharing: &[Sharing],
        now: Timestamp,
    ) -> Vec<usize> {
        if !std::mem::take(&mut self.stirred) {
            return Vec::new();
        }
        let mut taken = Taken::default();
        for trace in traces.filter(|trace| !trace.effects.is_empty()) {
            let bucket = bucket_of(sharing, &AccountKey::of_slot(&trace.slot));
            taken.record(&trace.record(), bucket, now);
        }
        let places: Vec<usize> = self.waiting.iter().map(|(_, asset)| *asset).collect();
        let first = places.iter().take(self.longest);
        let candidates: Vec<Candidate> = first
            .filter_map(|asset| self.candidates.get(*asset)?.clone())
            .collect();
        self.left = candidates.len();
        let before = std::mem::replace(&mut self.line, turns(candidates, taken, now));
        let mut news = places;
        news.retain(|asset| self.is_news(*asset, &before));
        news
    }

    fn is_news(&self, asset: usize, before: &Line) -> bool {
        let candidate = self.candidates.get(asset).and_then(Option::as_ref);
        let Some(name) = candidate.map(|candidate| &candidate.order.name) else {
            return false;
        };
        let turn = self.line.get(name);
        turn.is_some_and(|turn| turn.is_news_after(before.get(name)))
    }
}
