//! What limits an account: how many publications, how soon after each other, and when; and whose turn it is.
//!
//! One **target** of one post counts once a day, however often it is written that day. What a receipt leaves is an
//! [`Effect`]; what all receipts of an account leave is a [`Ledger`]; what a ledger leaves room for is an [`Opening`];
//! the order in which those who wait get that room is a line of [`Turn`]s.

mod after;
mod calendar;
mod effect;
mod lane;
mod line;
mod read;
mod room;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};
use sha2::{Digest as _, Sha256};

pub use self::{
    after::{Followed, FollowedState, Following, following, replied_to, replying},
    calendar::Calendar,
    effect::{Effect, EffectKind, Group, effects},
    lane::{AccountKey, LaneFacts, Record, Scope, shared_bucket},
    line::{Candidate, LONGEST_LINE, Line, Order, Taken, Turn, turns},
    read::{LimitsError, lower_cap},
    room::{Asker, Ledger, Limit, Opening},
};
use super::{schedule, slot::Slot};
use crate::api::Overrun;

/// How far back effects count: the longest gap and the longest time of a rate bucket, and a day.
pub const LONGEST_MEMORY: SignedDuration = SignedDuration::from_hours(8 * 24);

/// The limits of an account, read; those of a ChannelConfig that has none limit nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Limits {
    /// How many targets a day.
    pub cap: Option<DailyCap>,
    /// How long between two targets; zero for none.
    pub gap: SignedDuration,
    /// By how much posts and e-mails may be later than their time; zero for none.
    pub jitter: SignedDuration,
    /// When something may go out.
    pub calendar: Calendar,
    /// What is shared with other channels.
    pub bucket: Option<Bucket>,
    /// What becomes of a thread whose window closes.
    pub overrun: Overrun,
}

/// How many targets may be published on one local day.
#[derive(Clone, Debug, PartialEq)]
pub struct DailyCap {
    /// So many.
    pub limit: u32,
    /// Where the day is one.
    pub zone: TimeZone,
}

/// How many requests may be made within a time, by all channels that name the bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// So many.
    pub limit: u32,
    /// Within that time.
    pub per: SignedDuration,
}

impl Limits {
    /// True where it depends on others whether something may go out: then it is judged in the lane of its account.
    pub fn need_a_lane(&self) -> bool {
        self.cap.is_some() || !self.gap.is_zero() || self.bucket.is_some()
    }

    /// How much later than its time a slot goes out: the same for the same slot, whoever asks.
    pub fn offset(&self, slot: &Slot) -> SignedDuration {
        let Ok(longest) = u64::try_from(self.jitter.as_secs()) else {
            return SignedDuration::ZERO;
        };
        if longest == 0 {
            return SignedDuration::ZERO;
        }
        let digest = Sha256::digest(format!("jitter {}", slot.hash()).as_bytes());
        let drawn = digest
            .iter()
            .take(8)
            .fold(0_u64, |drawn, byte| (drawn << 8) | u64::from(*byte));
        let seconds = i64::try_from(drawn % (longest + 1)).unwrap_or(0);
        SignedDuration::from_secs(seconds)
    }
}

impl DailyCap {
    /// The local day that an instant is in: its first instant, and the first one of the next day.
    pub fn day(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let date = self.zone.to_datetime(at).date();
        let midnight = |date| schedule::instant_of(date, Time::midnight(), &self.zone);
        let begins = midnight(date).unwrap_or(Timestamp::MIN);
        let ends = date.tomorrow().ok().and_then(|tomorrow| midnight(tomorrow).ok());
        (begins.min(at), ends.unwrap_or(Timestamp::MAX))
    }
}
