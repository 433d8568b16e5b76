//! What the branch approved of each slot, as it is remembered apart from its Asset: an Asset may be deleted by anybody at
//! any time, also while nobody looks, and the words that come after it were approved by nobody.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{Change, Changes, MadeStatus, Situation};
use crate::{
    api::BranchApprovalRecord,
    domain::{slot::Slot, wanted::Wanted},
};

/// How many slots are remembered; a campaign has at most 10,000 Assets at a time.
const SLOTS: usize = 12_000;
/// How many bytes the texts may have together: Kubernetes refuses a ConfigMap of more than 1 MiB, and one approval of
/// each of 10,000 slots has 920,000.
const BYTES: usize = 1_000_000;
/// How much of the hash of a slot is its key: 160 bits.
const KEY: usize = 32;
/// How much of a commit's id is remembered.
const REVISION: usize = 12;

/// What the branch approved of one slot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Remembered {
    /// The content digests, newest last. None at all: nobody knows what was approved, so nothing is.
    pub digests: Vec<String>,
    /// The beginning of the commit's id in which the approval was first seen.
    pub revision: String,
    /// When the newest of them was first seen, in whole seconds; none where the row was approved from the first sight on.
    pub at: Option<Timestamp>,
    /// The time of publication that it was approved for, in whole minutes, as sheets write it.
    pub publish_at: Option<Timestamp>,
}

/// What is remembered, by [`key`].
pub type Memory = BTreeMap<String, Remembered>;

/// What a slot is remembered by.
pub fn key(slot: &Slot) -> String {
    let name = slot.receipt_name();
    name.trim_start_matches("r1-").chars().take(KEY).collect()
}

impl Remembered {
    fn of(record: &BranchApprovalRecord) -> Self {
        let second = |time: &Time| Timestamp::from_second(time.0.as_second()).ok();
        Self {
            digests: record.digests.clone(),
            revision: record.revision.chars().take(REVISION).collect(),
            at: record.at.as_ref().and_then(second),
            publish_at: record.publish_at.as_ref().and_then(minute),
        }
    }

    /// As it stands in the status of an Asset that is made anew; in whose name it was approved is not remembered.
    pub(super) fn record(&self) -> BranchApprovalRecord {
        BranchApprovalRecord {
            digests: self.digests.clone(),
            by: None,
            revision: self.revision.clone(),
            at: self.at.map(Time),
            publish_at: self.publish_at.map(Time),
        }
    }

    /// One line: `#revision @seconds >minutes digest digest`; the minutes are in hexadecimal, each digest is as in
    /// `status.approval`, without `sha256:`.
    pub fn text(&self) -> String {
        let at = self.at.map(|at| format!("@{}", at.as_second()));
        let minutes = self.publish_at.map(|at| at.as_second().div_euclid(60));
        let digests = self
            .digests
            .iter()
            .map(|digest| digest.trim_start_matches("sha256:").to_owned());
        let minutes = minutes.map(|minutes| format!(">{minutes:x}"));
        let parts: Vec<String> = [Some(format!("#{}", self.revision)), at, minutes]
            .into_iter()
            .flatten()
            .chain(digests)
            .collect();
        parts.join(" ")
    }

    /// Reads [`Remembered::text`]; what is none of ours is left out, and approves nothing.
    pub fn read(text: &str) -> Self {
        let mut remembered = Self::default();
        for part in text.split_whitespace() {
            if let Some(revision) = part.strip_prefix('#') {
                revision.clone_into(&mut remembered.revision);
            } else if let Some(second) = part.strip_prefix('@') {
                let second = second.parse().ok();
                remembered.at = second.and_then(|second| Timestamp::from_second(second).ok());
            } else if let Some(minutes) = part.strip_prefix('>') {
                remembered.publish_at = i64::from_str_radix(minutes, 16).ok().and_then(of_minutes);
            } else {
                remembered.digests.push(format!("sha256:{part}"));
            }
        }
        remembered
    }
}

fn minute(time: &Time) -> Option<Timestamp> {
    of_minutes(time.0.as_second().div_euclid(60))
}

fn of_minutes(minutes: i64) -> Option<Timestamp> {
    Timestamp::from_second(minutes.checked_mul(60)?).ok()
}

/// What is to be remembered before these changes are made: an approval counts once it is kept.
pub fn remembering(wanted: &Wanted, changes: &Changes, situation: &Situation<'_>) -> Memory {
    let mut memory = situation.remembered.clone();
    for standing in situation.standing.values() {
        if let Some(approval) = &standing.approval {
            memory.insert(key(&standing.slot), Remembered::of(approval));
        }
    }
    for change in &changes.changes {
        let (Change::Create {
            wanted: index,
            status,
        }
        | Change::Update {
            wanted: index,
            status,
            ..
        }) = change
        else {
            continue;
        };
        if let (
            Some(asset),
            MadeStatus {
                approval: Some(approval),
                ..
            },
        ) = (wanted.assets.get(*index), status)
        {
            memory.insert(key(&asset.slot), Remembered::of(approval));
        }
    }
    let needed = wanted.assets.iter().map(|asset| key(&asset.slot)).collect();
    bounded(memory, &needed)
}

/// What a memory that somebody deleted is replaced by: what no Asset vouches for was approved by nobody.
pub fn without_memory(wanted: &Wanted) -> Memory {
    let slots = wanted.assets.iter().map(|asset| key(&asset.slot));
    slots.map(|key| (key, Remembered::default())).collect()
}

/// As much as one object has room for: older words go first, which then need an approval again; then slots that no file
/// names now.
fn bounded(mut memory: Memory, needed: &BTreeSet<String>) -> Memory {
    let size = |memory: &Memory| -> usize { memory.values().map(|remembered| remembered.text().len()).sum() };
    if size(&memory) > BYTES {
        for remembered in memory.values_mut() {
            let older = remembered.digests.len().saturating_sub(1);
            remembered.digests.drain(..older);
        }
    }
    let mut bytes = size(&memory);
    let unneeded: Vec<String> = memory
        .keys()
        .filter(|key| !needed.contains(*key))
        .cloned()
        .collect();
    for key in unneeded {
        if memory.len() <= SLOTS && bytes <= BYTES {
            break;
        }
        bytes -= memory
            .remove(&key)
            .map_or(0, |remembered| remembered.text().len());
    }
    memory
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(digests: usize) -> Remembered {
        Remembered {
            digests: (0..digests)
                .map(|number| format!("sha256:{number:064x}"))
                .collect(),
            revision: "0123456789ab".to_owned(),
            at: Timestamp::from_second(1_771_232_400).ok(),
            publish_at: Timestamp::from_second(1_771_232_400).ok(),
        }
    }

    fn memory(slots: usize, digests: usize) -> Memory {
        (0..slots)
            .map(|slot| (format!("{slot:032}"), remembered(digests)))
            .collect()
    }

    fn size(memory: &Memory) -> usize {
        memory.values().map(|remembered| remembered.text().len()).sum()
    }

    #[test]
    fn what_is_remembered_reads_as_it_was_written() {
        for remembered in [remembered(0), remembered(1), remembered(8), Remembered::default()] {
            assert_eq!(Remembered::read(&remembered.text()), remembered);
        }
        assert_eq!(Remembered::read("@soon  >never # \t"), Remembered::default());
    }

    #[test]
    fn one_approval_of_each_asset_that_a_campaign_can_have_fits_into_one_object() {
        let all = memory(10_000, 1);
        let needed = all.keys().cloned().collect();
        assert_eq!(bounded(all.clone(), &needed), all);
    }

    #[test]
    fn what_is_too_much_loses_older_words_first_and_then_slots_that_nobody_names() {
        let needed: BTreeSet<String> = memory(9_000, 0).into_keys().collect();
        let few = bounded(memory(9_000, 3), &needed);
        assert!(size(&few) <= BYTES && few.len() == 9_000);
        assert_eq!(
            few.values().next().map(|kept| kept.digests.clone()),
            Some(remembered(3).digests[2..].to_vec())
        );
        let many = bounded(memory(14_000, 1), &needed);
        assert!(size(&many) <= BYTES && many.len() <= SLOTS);
        assert!(needed.iter().all(|key| many.contains_key(key)));
    }
}
