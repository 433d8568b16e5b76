//! What this process says of an Asset again and again, because somebody else says otherwise.

use std::{
    collections::{VecDeque, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    sync::Mutex,
    time::Duration,
};

use super::{lock::lock, view::AssetView};
use crate::domain::status::AssetReport;

/// How many Assets are remembered: those that were told last.
const REMEMBERED: usize = 256;
/// The pause before something is said a second time; it doubles with each time.
const PAUSE: Duration = Duration::from_secs(1);
/// How often the pause doubles.
const DOUBLINGS: u32 = 6;
/// What stood for that long is no quarrel: the next pause begins anew.
const FORGOTTEN: Duration = Duration::from_mins(5);

/// Two that know different things, a replica that a network cut off and the one that follows it, would each write over
/// the other as fast as the API server takes it, until one has caught up. Each waits longer with every time.
#[derive(Debug, Default)]
pub(crate) struct Repeats(Mutex<VecDeque<Said>>);

#[derive(Debug)]
struct Said {
    uid: String,
    words: u64,
    /// On the clock that only goes forward.
    at: Duration,
    times: u32,
}

impl Repeats {
    /// How long to wait before that is said; none where it is news, or the pause is over.
    pub(crate) fn pause(&self, view: &AssetView, report: &AssetReport, now: Duration) -> Option<Duration> {
        let said = lock(&self.0);
        let last = said.iter().find(|said| said.uid == view.uid())?;
        if last.words != words(report) {
            return None;
        }
        let pause = PAUSE * 2_u32.pow(last.times.min(DOUBLINGS));
        (last.at + pause).checked_sub(now).filter(|left| !left.is_zero())
    }

    /// That was said.
    pub(crate) fn told(&self, view: &AssetView, report: &AssetReport, now: Duration) {
        let mut said = lock(&self.0);
        let place = said.iter().position(|said| said.uid == view.uid());
        let last = place.and_then(|place| said.remove(place));
        let words = words(report);
        let again = last.filter(|last| last.words == words && now < last.at + FORGOTTEN);
        if said.len() >= REMEMBERED {
            said.pop_front();
        }
        said.push_back(Said {
            uid: view.uid().to_owned(),
            words,
            at: now,
            times: again.map_or(0, |last| last.times.saturating_add(1)),
        });
    }
}

/// What is said, without the instants at which conditions changed.
fn words(report: &AssetReport) -> u64 {
    let mut hasher = DefaultHasher::new();
    (report.observed_generation, &report.reason, &report.message).hash(&mut hasher);
    (&report.content_digest, &report.url, &report.receipt).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::AssetPhase;

    fn report(reason: &str) -> AssetReport {
        AssetReport {
            observed_generation: 1,
            phase: AssetPhase::Posted,
            reason: reason.to_owned(),
            message: None,
            content_digest: String::new(),
            publish_at: None,
            publish_at_local: None,
            guard: None,
            receipt: None,
            url: None,
            published_at: None,
            halt: None,
            conditions: Vec::new(),
        }
    }

    fn view(uid: &str) -> AssetView {
        serde_json::from_value(json!({"metadata": {"name": "a", "namespace": "n", "uid": uid}})).unwrap()
    }

    fn pause(repeats: &Repeats, reason: &str, at_seconds: u64) -> Option<u64> {
        let now = Duration::from_secs(at_seconds);
        let pause = repeats.pause(&view("a"), &report(reason), now);
        pause.map(|pause| pause.as_secs())
    }

    fn told(repeats: &Repeats, uid: &str, reason: &str, at_seconds: u64) {
        repeats.told(&view(uid), &report(reason), Duration::from_secs(at_seconds));
    }

    #[test]
    fn news_is_told_at_once() {
        let repeats = Repeats::default();
        assert_eq!(pause(&repeats, "Published", 100), None);
        told(&repeats, "a", "MayBeLive", 100);
        assert_eq!(pause(&repeats, "Published", 100), None);
    }

    #[test]
    fn what_somebody_else_wrote_over_is_said_again_after_a_pause_that_doubles() {
        let repeats = Repeats::default();
        told(&repeats, "a", "Published", 100);
        assert_eq!(pause(&repeats, "Published", 100), Some(1));
        assert_eq!(pause(&repeats, "Published", 101), None);
        told(&repeats, "a", "Published", 101);
        assert_eq!(pause(&repeats, "Published", 101), Some(2));
        for at in 102..122 {
            told(&repeats, "a", "Published", at);
        }
        assert_eq!(pause(&repeats, "Published", 121), Some(64), "not for ever");
    }

    #[test]
    fn what_stood_for_a_while_is_said_again_after_the_shortest_pause() {
        let repeats = Repeats::default();
        told(&repeats, "a", "Published", 100);
        told(&repeats, "a", "Published", 101);
        told(&repeats, "a", "Published", 500);
        assert_eq!(pause(&repeats, "Published", 500), Some(1));
    }

    #[test]
    fn no_more_are_remembered_than_were_told_last() {
        let repeats = Repeats::default();
        told(&repeats, "a", "Published", 100);
        for number in 0..REMEMBERED {
            told(&repeats, &number.to_string(), "Published", 100);
        }
        assert_eq!(pause(&repeats, "Published", 100), None);
        assert_eq!(lock(&repeats.0).len(), REMEMBERED);
    }
}
