//! What is left of a limit at an instant, and from when on there is room.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Bucket, DailyCap, Effect, Group, Limits};
use crate::api::Overrun;

/// How often an instant is moved on before it counts as never: more than days in a year.
const MOVES: usize = 2_000;

/// What keeps something from going out, in the order in which it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Limit {
    /// The platform asked to wait.
    RetryAfter,
    /// The account has published what it may that day.
    ChannelCap,
    /// The campaign has published what it may that day.
    CampaignCap,
    /// The app has made the requests that it may.
    RateBucket,
    /// No window allows it, or one denies it.
    Window,
    /// It would be in the quiet hours.
    QuietHours,
    /// The last one on the account is too recent.
    MinimumGap,
}

impl Limit {
    /// One word for people.
    pub fn reason(self) -> &'static str {
        match self {
            Self::RetryAfter => "RateLimited",
            Self::ChannelCap | Self::CampaignCap => "DailyCapReached",
            Self::RateBucket => "RateBucketEmpty",
            Self::Window => "OutsideWindow",
            Self::QuietHours => "QuietHours",
            Self::MinimumGap => "MinimumGap",
        }
    }

    /// True for what counts, false for what is a matter of the time.
    pub fn counts(self) -> bool {
        !matches!(self, Self::Window | Self::QuietHours | Self::MinimumGap)
    }
}

/// One publication that took room, at an instant from the one to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    from: Timestamp,
    until: Timestamp,
    group: Group,
}

/// What was taken of the room of an account or a campaign, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger(Vec<Entry>);

impl Ledger {
    /// Enters what a receipt left.
    pub fn record(&mut self, group: Group, effect: Effect) {
        self.enter(Entry {
            from: effect.at,
            until: effect.over(),
            group,
        });
    }

    /// Enters what is meant to go out at an instant.
    pub fn reserve(&mut self, group: Group, at: Timestamp) {
        self.enter(Entry {
            from: at,
            until: at,
            group,
        });
    }

    fn enter(&mut self, entry: Entry) {
        let place = self.0.partition_point(|known| known.from <= entry.from);
        self.0.insert(place, entry);
    }

    /// The first instant from `at` on that is far enough from everything that others took.
    fn apart(&self, at: Timestamp, gap: SignedDuration, group: &Group) -> Timestamp {
        let mut free = at;
        for entry in self.0.iter().filter(|entry| entry.group != *group) {
            let over = entry.until.checked_add(gap).unwrap_or(Timestamp::MAX);
            let before = entry.from.checked_sub(gap).unwrap_or(Timestamp::MIN);
            if before < free && free < over {
                free = over;
            }
        }
        free
    }

    /// Whether a cap leaves no room on the day of an instant; a target that was published that day needs none.
    fn is_full(&self, cap: &DailyCap, at: Timestamp, group: &Group) -> bool {
        let mut that_day: Vec<&Group> = self.on_day(cap, at).map(|entry| &entry.group).collect();
        that_day.sort();
        that_day.dedup();
        !that_day.contains(&group) && that_day.len() >= usize::try_from(cap.limit).unwrap_or(usize::MAX)
    }

    /// How many targets of others were published on the day of an instant.
    pub(super) fn left(&self, cap: &DailyCap, at: Timestamp) -> usize {
        let limit = usize::try_from(cap.limit).unwrap_or(usize::MAX);
        limit.saturating_sub(self.on_day(cap, at).count())
    }

    /// What may have been on the day of an instant.
    fn on_day(&self, cap: &DailyCap, at: Timestamp) -> impl Iterator<Item = &Entry> {
        let (begins, ends) = cap.day(at);
        let entries = self.0.iter();
        entries.filter(move |entry| begins <= entry.until && entry.from < ends)
    }
}

/// The first instant from `at` on at which one more request leaves no stretch of time with too many; `requests` in order.
fn in_bucket(bucket: &Bucket, requests: &[Timestamp], at: Timestamp) -> Timestamp {
    let mut free = at;
    for _ in 0..MOVES {
        if fits(bucket, requests, free) {
            return free;
        }
        let leaves = requests
            .iter()
            .filter_map(|request| request.checked_add(bucket.per).ok());
        let Some(next) = leaves.filter(|leaves| *leaves > free).min() else {
            return free;
        };
        free = next;
    }
    Timestamp::MAX
}

/// Whether no stretch that ends at `at`, or at a later request that is planned, has too many with one more at `at`.
fn fits(bucket: &Bucket, requests: &[Timestamp], at: Timestamp) -> bool {
    let limit = usize::try_from(bucket.limit).unwrap_or(usize::MAX);
    let later = requests
        .iter()
        .filter(|request| **request > at && request.duration_since(at) < bucket.per);
    std::iter::once(&at).chain(later).all(|end| {
        let within = requests
            .iter()
            .filter(|request| **request <= *end && end.duration_since(**request) < bucket.per);
        within.count() < limit
    })
}

/// Who asks for room.
#[derive(Clone, Debug)]
pub struct Asker<'a> {
    /// The target.
    pub group: &'a Group,
    /// The limits of its account.
    pub limits: &'a Limits,
    /// The cap of its campaign.
    pub campaign_cap: Option<&'a DailyCap>,
    /// The bucket of its account: the strictest of what those that share it say.
    pub bucket: Option<&'a Bucket>,
    /// Until when the platform asked to wait.
    pub waits_until: Option<Timestamp>,
    /// True for what is stored and not published: no reader sees when.
    pub is_stored: bool,
    /// True for the rest of a thread that readers see the beginning of.
    pub has_begun: bool,
    /// What the account's others took.
    pub account: &'a Ledger,
    /// What the campaign's others took.
    pub campaign: &'a Ledger,
    /// The requests of the bucket, in order.
    pub requests: &'a [Timestamp],
}

/// From when on there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The first instant; none where there is none within a year.
    pub at: Option<Timestamp>,
    /// What kept it from being earlier, the first of all.
    pub limit: Option<Limit>,
}

impl Asker<'_> {
    /// What keeps it from going out at an instant, and when that may be over.
    pub fn held(&self, at: Timestamp) -> Option<(Limit, Option<Timestamp>)> {
        self.all_held(at).next()
    }

    /// The first thing that counts, or the first that is a matter of the time, that keeps it from going out.
    pub fn held_by(&self, counts: bool, at: Timestamp) -> Option<Limit> {
        let mut held = self.all_held(at).map(|(limit, _)| limit);
        held.find(|limit| limit.counts() == counts)
    }

    fn all_held(&self, at: Timestamp) -> impl Iterator<Item = (Limit, Option<Timestamp>)> {
        let waits = self.waits_until.filter(|until| *until > at);
        let full = |ledger: &Ledger, cap: Option<&DailyCap>| {
            let cap = cap.filter(|_| !self.is_stored)?;
            ledger.is_full(cap, at, self.group).then(|| cap.day(at).1)
        };
        let later = |free: Timestamp| Some(free).filter(|free| *free > at);
        let bucket = self
            .bucket
            .and_then(|bucket| later(in_bucket(bucket, self.requests, at)));
        let gap = Some(self.limits.gap).filter(|gap| !gap.is_zero() && !self.is_stored);
        let apart = gap.and_then(|gap| later(self.account.apart(at, gap, self.group)));
        let finishes = self.has_begun && self.limits.overrun == Overrun::FinishGroup;
        let calendar = Some(&self.limits.calendar).filter(|_| !finishes && !self.is_stored);
        let shut = calendar.and_then(|calendar| calendar.shut(at)).map(|shut| {
            let limit = if shut.is_quiet {
                Limit::QuietHours
            } else {
                Limit::Window
            };
            (limit, shut.until)
        });
        [
            waits.map(|until| (Limit::RetryAfter, Some(until))),
            full(self.account, self.limits.cap.as_ref()).map(|until| (Limit::ChannelCap, Some(until))),
            full(self.campaign, self.campaign_cap).map(|until| (Limit::CampaignCap, Some(until))),
            bucket.map(|until| (Limit::RateBucket, Some(until))),
            shut,
            apart.map(|until| (Limit::MinimumGap, Some(until))),
        ]
        .into_iter()
        .flatten()
    }

    /// The first instant from `from` on at which nothing keeps it.
    pub fn opening(&self, from: Timestamp) -> Opening {
        let mut at = from;
        let mut first = None;
        for _ in 0..MOVES {
            let Some((limit, until)) = self.held(at) else {
                return Opening {
                    at: Some(at),
                    limit: first,
                };
            };
            first = first.or(Some(limit));
            match until.filter(|until| *until > at && *until < Timestamp::MAX) {
                Some(until) => at = until,
                None => break,
            }
        }
        Opening {
            at: None,
            limit: first,
        }
    }

    /// How many of its kind may be under way at once without one of them being too many.
    pub fn room(&self, at: Timestamp) -> usize {
        if !self.limits.gap.is_zero() || self.bucket.is_some() {
            return 1;
        }
        let left =
            |ledger: &Ledger, cap: Option<&DailyCap>| cap.map_or(usize::MAX, |cap| ledger.left(cap, at));
        left(self.account, self.limits.cap.as_ref())
            .min(left(self.campaign, self.campaign_cap))
            .max(1)
    }
}
