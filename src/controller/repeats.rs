//! What this process says of an object again and again, because somebody else says otherwise.

use std::{
    collections::{VecDeque, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    sync::Mutex,
    time::Duration,
};

use serde::Serialize;
use serde_json::Value;

use super::lock::lock;

/// How many objects are remembered: those that were told last.
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
    /// Whether a status is to be written now: it is where it is news, or the pause is over.
    ///
    /// # Errors
    /// How long to wait before it is said again.
    pub(crate) fn telling(
        &self,
        uid: &str,
        status: &impl Serialize,
        now: Duration,
    ) -> Result<Telling<'_>, Duration> {
        let words = words(status);
        match self.pause(uid, words, now) {
            Some(pause) => Err(pause),
            None => Ok(Telling {
                repeats: self,
                uid: uid.to_owned(),
                words,
                now,
            }),
        }
    }

    fn pause(&self, uid: &str, words: u64, now: Duration) -> Option<Duration> {
        let said = lock(&self.0);
        let last = said.iter().find(|said| said.uid == uid)?;
        if last.words != words {
            return None;
        }
        let pause = PAUSE * 2_u32.pow(last.times.min(DOUBLINGS));
        (last.at + pause).checked_sub(now).filter(|left| !left.is_zero())
    }
}

/// A status that is about to be written.
#[derive(Debug)]
#[must_use]
pub(crate) struct Telling<'r> {
    repeats: &'r Repeats,
    uid: String,
    words: u64,
    now: Duration,
}

impl Telling<'_> {
    /// It was written.
    pub(crate) fn told(self) {
        let mut said = lock(&self.repeats.0);
        let place = said.iter().position(|said| said.uid == self.uid);
        let last = place.and_then(|place| said.remove(place));
        let again = last.filter(|last| last.words == self.words && self.now < last.at + FORGOTTEN);
        if said.len() >= REMEMBERED {
            said.pop_front();
        }
        said.push_back(Said {
            uid: self.uid,
            words: self.words,
            at: self.now,
            times: again.map_or(0, |last| last.times.saturating_add(1)),
        });
    }
}

/// What a status says, without the instants at which its conditions changed.
fn words(status: &impl Serialize) -> u64 {
    let mut value = serde_json::to_value(status).unwrap_or_default();
    if let Some(Value::Array(conditions)) = value.get_mut("conditions") {
        for condition in conditions.iter_mut().filter_map(Value::as_object_mut) {
            condition.remove("lastTransitionTime");
        }
    }
    let mut hasher = DefaultHasher::new();
    value.to_string().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    fn said(reason: &str, at: u64) -> Value {
        json!({"conditions": [{"type": "Ready", "reason": reason, "lastTransitionTime": at}]})
    }

    fn pause(repeats: &Repeats, reason: &str, at_seconds: u64) -> Option<u64> {
        let telling = repeats.telling("a", &said(reason, 0), Duration::from_secs(at_seconds));
        telling.err().map(|pause| pause.as_secs())
    }

    /// Says it, whether it would have to wait or not.
    fn told(repeats: &Repeats, uid: &str, reason: &str, at_seconds: u64) {
        let telling = Telling {
            repeats,
            uid: uid.to_owned(),
            words: words(&said(reason, at_seconds)),
            now: Duration::from_secs(at_seconds),
        };
        telling.told();
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
