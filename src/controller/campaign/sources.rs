//! What this process knows of each campaign's branch, between two looks.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use kube::ResourceExt;
use tokio::sync::Mutex as AsyncMutex;

use super::super::{channel_config, context::Shared, lock::lock};
use super::observe::Applicable;
use crate::{
    api::{Asset, AssetContent, Campaign, Environment, StoredContent, Target},
    domain::{
        content::diagnostic::Diagnostic,
        digest,
        wanted::{SourceFile, stored_digest},
    },
    git::{Mirror, Snapshot},
};

/// How late a look at the branch may end before nothing is sent until it has: longer than one look takes, the slowest host
/// and the largest sheet included.
const LATE: Duration = Duration::from_mins(10);
/// A look that counts no longer than that counts as late.
const MOMENT: Duration = Duration::from_secs(1);

/// Namespace and name.
pub(crate) type Key = (String, String);

/// What is known of one campaign's branch.
#[derive(Debug, Default)]
pub(crate) struct SourceState {
    /// The mirror of the branch; kept open while the campaign stands.
    pub(crate) mirror: Option<Mirror>,
    /// Url, branch and credentials that the mirror was opened with.
    pub(crate) mirror_of: String,
    /// The newest revision that was read.
    pub(crate) snapshot: Option<Snapshot>,
    /// On the steady clock: when the host is asked again.
    pub(crate) next_poll: Duration,
    /// When the host last answered, by the wall clock.
    pub(crate) answered_at: Option<Timestamp>,
    /// Why the last poll failed, as reason and sentence.
    pub(crate) failure: Option<(String, String)>,
    /// What was applied last: revision, generation, channels, day.
    pub(crate) applied: Option<Applied>,
    /// By which packs the assets were judged when they were woken last.
    pub(crate) judged_by: Option<String>,
    /// On the steady clock: when the status was written last.
    pub(crate) summarised_at: Option<Duration>,
    /// The wake-up of a standby that was answered last.
    pub(crate) handled_wake: Option<String>,
    /// The value of the annotation that was answered last.
    pub(crate) handled_request: Option<String>,
    /// How often in a row it was put off because the cache had not caught up.
    pub(crate) waited: u32,
}

/// What was applied last.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Applied {
    /// What it was computed from.
    pub(crate) basis: String,
    /// The revision.
    pub(crate) revision: String,
    /// Whether every sheet could be read as one.
    pub(crate) parsed: bool,
    /// Every problem, at most a thousand.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// How many problems there are.
    pub(crate) problem_count: u32,
    /// How many of them are errors.
    pub(crate) error_count: u32,
    /// How many publications lie outside the horizon.
    pub(crate) outside: u32,
    /// Digests of the specs that were made, by name.
    pub(crate) made: BTreeMap<String, String>,
}

impl SourceState {
    /// Whether the host answered, with the revision that was applied last.
    pub(crate) fn says_what_is_applied(&self) -> bool {
        let read = self.snapshot.as_ref().map(Snapshot::revision);
        let applied = self.applied.as_ref().filter(|applied| applied.parsed);
        self.failure.is_none() && read.is_some() && read == applied.map(|applied| applied.revision.clone())
    }

    /// Notes what has been applied.
    pub(crate) fn applied(&mut self, applicable: &Applicable) {
        let wanted = &applicable.wanted;
        let errors = wanted
            .diagnostics
            .iter()
            .filter(|found| found.severity == crate::api::Severity::Error)
            .count();
        self.applied = Some(Applied {
            basis: applicable.basis.clone(),
            revision: applicable.revision.clone(),
            parsed: wanted.parsed,
            diagnostics: wanted.diagnostics.iter().take(1000).cloned().collect(),
            problem_count: u32::try_from(wanted.diagnostics.len()).unwrap_or(u32::MAX),
            error_count: u32::try_from(errors).unwrap_or(u32::MAX),
            outside: wanted.outside,
            made: wanted
                .assets
                .iter()
                .map(|asset| (asset.name.clone(), digest::of_spec(&asset.spec)))
                .collect(),
        });
    }
}

/// What the last look at a branch counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// None has ended in this process.
    Never,
    /// The next one should have ended by now.
    Late,
    /// It counts.
    Holds,
}

#[derive(Debug, Default)]
struct Entry {
    state: Arc<AsyncMutex<SourceState>>,
    /// True once a look at the branch has ended in this process, well or badly.
    looked_at: bool,
    /// On the steady clock: until when the last look holds. The next one should have ended by then.
    holds_until: Duration,
    /// True where the branch was not read on purpose: what it said before counts for nothing until it was read again.
    must_be_read: bool,
    /// True where somebody asked for a look.
    woken: bool,
    /// The files that were read last.
    files: Vec<SourceFile>,
    /// Where they were read: identity of the repository, and branch.
    place: (String, String),
}

/// What is known of every campaign's branch.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    entries: Mutex<BTreeMap<Key, Entry>>,
}

impl Sources {
    fn with<T>(&self, key: &Key, work: impl FnOnce(&mut Entry) -> T) -> T {
        let mut entries = lock(&self.entries);
        work(entries.entry(key.clone()).or_default())
    }

    /// What is known of one campaign; whoever works on it holds the lock.
    pub(crate) fn state(&self, key: &Key) -> Arc<AsyncMutex<SourceState>> {
        self.with(key, |entry| Arc::clone(&entry.state))
    }

    /// Notes that a look has ended now, and when the next one is due; true where none held before. After a sleep one that
    /// failed does not count: whoever suspends, edits and resumes must not see the old words go out because the host is
    /// silent just then.
    pub(crate) fn looked_at(&self, key: &Key, was_read: bool, (now, next): (Duration, Duration)) -> bool {
        self.with(key, |entry| {
            // Whoever looked a moment later has found it late.
            let held = entry.looked_at && now.saturating_add(MOMENT) < entry.holds_until;
            entry.must_be_read &= !was_read;
            if !entry.must_be_read {
                entry.looked_at = true;
                entry.holds_until = next.saturating_add(LATE);
            }
            !entry.must_be_read && !held
        })
    }

    /// What the last look at the branch counts for now: an operator that was cut off sends nothing of what it held back
    /// before it has read what the branch says by then.
    pub(crate) fn look(&self, namespace: &str, name: &str, now: Duration) -> Look {
        let entries = lock(&self.entries);
        match entries.get(&(namespace.to_owned(), name.to_owned())) {
            Some(entry) if entry.looked_at && now < entry.holds_until => Look::Holds,
            Some(entry) if entry.looked_at => Look::Late,
            _ => Look::Never,
        }
    }

    /// Notes that the branch is not read: what it said before counts for nothing until it was read again, which is due at once.
    pub(crate) fn fell_asleep(&self, key: &Key) {
        self.with(key, |entry| {
            entry.looked_at = false;
            entry.must_be_read = true;
            entry.woken = true;
        });
    }

    /// Asks for a look at the next opportunity.
    pub(crate) fn wake(&self, key: &Key) {
        self.with(key, |entry| entry.woken = true);
    }

    /// Whether somebody asked for a look since the last time.
    pub(crate) fn take_wake(&self, key: &Key) -> bool {
        self.with(key, |entry| std::mem::take(&mut entry.woken))
    }

    /// Notes which files of which branch a campaign reads.
    pub(crate) fn reads(&self, key: &Key, place: (String, String), files: Vec<SourceFile>) {
        self.with(key, |entry| {
            entry.place = place;
            entry.files = files;
        });
    }

    /// Files that another campaign reads, of the same branch of the same repository.
    pub(crate) fn files_of(&self, key: &Key, place: &(String, String)) -> BTreeSet<String> {
        self.with(key, |entry| {
            if entry.place == *place {
                entry.files.iter().map(|file| file.path.clone()).collect()
            } else {
                BTreeSet::new()
            }
        })
    }

    /// Forgets a campaign that is gone.
    pub(crate) fn forget(&self, key: &Key) {
        lock(&self.entries).remove(key);
    }

    /// Text and HTML that are too long to stand in an Asset, read again from the branch and checked by their digest.
    pub(crate) async fn stored(
        &self,
        shared: &Shared,
        campaign: Option<&Campaign>,
        asset: &Asset,
        stored: &StoredContent,
    ) -> Result<AssetContent, String> {
        let campaign = campaign.ok_or("the campaign is gone")?;
        let namespace = campaign.namespace().unwrap_or_default();
        let key = (namespace.clone(), campaign.name_any());
        let (mirror, snapshot) = {
            let state = self.state(&key);
            let state = state.lock().await;
            (state.mirror.clone(), state.snapshot.clone())
        };
        let mut snapshots = Vec::new();
        if let Some(mirror) = mirror {
            snapshots.extend(mirror.snapshot_at(&stored.revision).await.ok());
        }
        snapshots.extend(snapshot);
        for snapshot in snapshots {
            let found = super::observe::content_at(campaign, &namespace, &snapshot, asset, shared).await;
            if let Some(content) = found.filter(|content| stored_digest(content) == stored.digest) {
                return Ok(content);
            }
        }
        Err(format!(
            "{} at {} is not what was approved any more",
            stored.path, stored.revision
        ))
    }
}

/// The environment of a target's channel; without a channel, the one for real.
pub(crate) fn environment(shared: &Shared, namespace: &str, target: &Target) -> Environment {
    let configs = shared.channel_configs.state();
    configs
        .iter()
        .filter_map(|guarded| guarded.0.as_ref().ok())
        .find(|config| {
            config.metadata.namespace.as_deref() == Some(namespace)
                && channel_config::is_for(config, &target.platform, &target.account)
        })
        .map(|config| config.spec.environment)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn key() -> Key {
        ("team".to_owned(), "week1".to_owned())
    }

    fn look(sources: &Sources, minutes: u32) -> Look {
        sources.look("team", "week1", MINUTE * minutes)
    }

    #[test]
    fn a_look_holds_until_the_next_one_is_late() {
        let sources = Sources::default();
        assert_eq!(look(&sources, 0), Look::Never);
        assert!(sources.looked_at(&key(), true, (Duration::ZERO, MINUTE * 30)));
        assert_eq!(look(&sources, 31), Look::Holds);
        assert!(!sources.looked_at(&key(), true, (MINUTE * 31, MINUTE * 60)));
        assert_eq!(look(&sources, 69), Look::Holds);
        assert_eq!(look(&sources, 70), Look::Late);
        let wakes = sources.looked_at(&key(), true, (MINUTE * 70, MINUTE * 100));
        assert!(wakes, "whoever was held back goes on");
        assert_eq!(look(&sources, 70), Look::Holds);
    }

    #[test]
    fn after_a_sleep_only_a_look_that_was_answered_counts() {
        let sources = Sources::default();
        sources.looked_at(&key(), true, (Duration::ZERO, MINUTE));
        sources.fell_asleep(&key());
        assert_eq!(look(&sources, 0), Look::Never);
        assert!(!sources.looked_at(&key(), false, (MINUTE, MINUTE * 2)));
        assert_eq!(look(&sources, 1), Look::Never);
        assert!(sources.looked_at(&key(), true, (MINUTE * 2, MINUTE * 3)));
        assert_eq!(look(&sources, 2), Look::Holds);
    }
}
