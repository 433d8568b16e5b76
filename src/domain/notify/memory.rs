//! What a route was told, bounded: it stands in a ConfigMap and survives a restart.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::api::NotifyEvent;

/// What stands that one route is told of at most; the rest is counted.
pub(super) const MAX_TOLD: usize = 200;
/// Happenings whose keys are remembered; older ones count as told.
const MAX_HAPPENED: usize = 300;
const MAX_OBJECT: usize = 120;

/// What every route was told, by its name.
pub type Memory = BTreeMap<String, RouteMemory>;

/// What one route was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteMemory {
    /// What it was told and still stands, by key.
    #[serde(default)]
    pub told: BTreeMap<String, Told>,
    /// What happened until then counts as told.
    pub happened_until: Timestamp,
    /// What happened since and was told, by key.
    #[serde(default)]
    pub happened: BTreeMap<String, Timestamp>,
    /// When the last message was sent.
    #[serde(default)]
    pub sent_at: Option<Timestamp>,
    /// Until when the days are summed up.
    pub summed_up: Timestamp,
}

/// Something that a route was told and that stood then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// What kind of thing it was.
    pub event: NotifyEvent,
    /// What it was true of.
    pub object: String,
    /// One word.
    pub reason: String,
    /// Where.
    #[serde(default)]
    pub channel: String,
}

/// What a message, once it is delivered, changes in the memory of its route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Something that stands was told.
    Told(String, Told),
    /// Something no longer stands.
    Gone(String),
    /// Something that happened was told.
    Happened(String, Timestamp),
    /// The days until then are summed up.
    SummedUp(Timestamp),
    /// A message was sent.
    Sent(Timestamp),
}

impl RouteMemory {
    /// The memory of a route that is new: what happened before is not told.
    pub fn since(now: Timestamp) -> Self {
        Self {
            told: BTreeMap::new(),
            happened_until: now,
            happened: BTreeMap::new(),
            sent_at: None,
            summed_up: now,
        }
    }

    /// Takes in what was delivered.
    pub fn apply(&mut self, marks: &[Mark]) {
        for mark in marks {
            match mark {
                Mark::Told(key, told) if self.told.len() < MAX_TOLD => {
                    let object = told.object.chars().take(MAX_OBJECT).collect();
                    self.told.insert(
                        key.clone(),
                        Told {
                            object,
                            ..told.clone()
                        },
                    );
                }
                Mark::Told(..) => {}
                Mark::Gone(key) => drop(self.told.remove(key)),
                Mark::Happened(key, at) => self.happened(key, *at),
                Mark::SummedUp(until) => self.summed_up = *until,
                Mark::Sent(at) => self.sent_at = Some(*at),
            }
        }
    }

    /// Whether something that happened was told.
    pub fn knows(&self, key: &str, at: Timestamp) -> bool {
        at <= self.happened_until || self.happened.contains_key(key)
    }

    fn happened(&mut self, key: &str, at: Timestamp) {
        self.happened.insert(key.to_owned(), at);
        while self.happened.len() > MAX_HAPPENED {
            let oldest = self.happened.iter().min_by_key(|(_, at)| **at);
            let Some((key, at)) = oldest.map(|(key, at)| (key.clone(), *at)) else {
                return;
            };
            self.happened.remove(&key);
            self.happened_until = self.happened_until.max(at);
        }
    }
}
