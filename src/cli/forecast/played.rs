//! A forecast on a virtual clock: what becomes of each row, among everything that takes room beside it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Crowd, Forecast, Row};
use crate::domain::{
    observed::Observed,
    simulation::{End, Happening, Simulation, as_if_approved, simulate},
};

/// What becomes of the rows of a forecast.
#[derive(Default)]
pub(in super::super) struct Played<'a> {
    /// The rows, by namespace and in the order of their time.
    pub(in super::super) rows: Vec<&'a Row>,
    /// How each of them stands at the last instant.
    pub(in super::super) ends: Vec<End>,
    /// Everything that changes, in order; `asset` is the place of its row.
    pub(in super::super) happenings: Vec<Happening>,
}

/// Plays every row from one instant to another, each namespace for itself; `approved` as if everything that waits for an
/// approval had it.
pub(in super::super) fn played(
    forecast: &Forecast,
    (from, until): (Timestamp, Timestamp),
    approved: bool,
) -> Played<'_> {
    let campaigns = forecast.campaigns.iter();
    let namespaces: BTreeSet<&str> = campaigns.map(|campaign| campaign.namespace.as_str()).collect();
    let mut played = Played::default();
    for namespace in namespaces {
        played.add(forecast, namespace, (from, until), approved);
    }
    // Stable: what happens at one instant in a namespace keeps its order.
    played.happenings.sort_by_key(|happening| happening.at);
    played
}

impl<'a> Played<'a> {
    fn add(
        &mut self,
        forecast: &'a Forecast,
        namespace: &str,
        (from, until): (Timestamp, Timestamp),
        approved: bool,
    ) {
        let campaigns = forecast.campaigns.iter();
        let ours = campaigns.filter(|campaign| campaign.namespace == namespace);
        let mut rows: Vec<&Row> = ours.flat_map(|campaign| &campaign.rows).collect();
        // Stable: within one instant each campaign's own order holds, pages first.
        rows.sort_by_key(|row| row.observed.asset.publish_at.unwrap_or(Timestamp::MAX));
        let Crowd { beside, surroundings } = forecast.crowds.get(namespace).cloned().unwrap_or_default();
        let mut assets: Vec<Observed> = rows.iter().map(|row| row.observed.clone()).collect();
        assets.extend(beside);
        if approved {
            assets.iter_mut().for_each(as_if_approved);
        }
        let Simulation { happenings, ends } = simulate(assets, surroundings, from, until);
        let (before, count) = (self.rows.len(), rows.len());
        let ours = happenings.into_iter().filter(|happening| happening.asset < count);
        self.happenings.extend(ours.map(|happening| Happening {
            asset: before + happening.asset,
            ..happening
        }));
        self.ends.extend(ends.into_iter().take(count));
        self.rows.append(&mut rows);
    }

    /// When each row goes out, by its place; none where it does not.
    pub(in super::super) fn sent(&self) -> Vec<Option<Timestamp>> {
        let mut sent = vec![None; self.rows.len()];
        for happening in self.happenings.iter().filter(|happening| happening.sent) {
            if let Some(known) = sent.get_mut(happening.asset) {
                *known = known.or(Some(happening.at));
            }
        }
        sent
    }
}
