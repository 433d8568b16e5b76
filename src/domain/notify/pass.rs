//! One look at a campaign: what each route is to be told now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, civil::Time, tz::TimeZone};

use super::{
    Situation,
    memory::{MAX_TOLD, Mark, Memory, RouteMemory, Told},
    message::{Draft, Message},
};
use crate::api::{Notify, NotifyEvent, NotifyGroup, NotifyRoute};

/// A route gets no second batch of messages before this, unless something is told at once.
const GAP: SignedDuration = SignedDuration::from_secs(60);
/// Messages of one batch; the rest follows in the next.
const MAX_MESSAGES: usize = 10;
/// Places in a route's memory that are kept for what is told at once.
const FOR_URGENT: usize = 40;
/// Happenings that are told at one look: fewer than a memory holds.
const MAX_AT_ONCE: usize = 100;

/// What is known when a campaign is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Round<'r> {
    /// Its namespace.
    pub namespace: &'r str,
    /// Its name.
    pub campaign: &'r str,
    /// Its time zone.
    pub time_zone: &'r str,
    /// What stands.
    pub standing: &'r [Situation],
    /// What happened lately.
    pub happened: &'r [Situation],
    /// The instant of the look.
    pub now: Timestamp,
}

/// What a route is to be told now, in order; and what changes in its memory without a word.
///
/// # Guarantees
/// Nothing is told twice that its memory knows. At most ten messages come at once, and then none for a minute, but
/// for a branch that cannot be read, a post of which nobody knows whether it arrived, and a breaker.
pub fn messages(
    notify: &Notify,
    route: &NotifyRoute,
    memory: &Memory,
    round: &Round<'_>,
) -> (Vec<Message>, Vec<Mark>) {
    let fresh = RouteMemory::since(round.now);
    let own = memory.get(&route.name).unwrap_or(&fresh);
    let look = Look {
        notify,
        route,
        memory,
        own,
        round,
    };
    let (mut messages, mut silent) = look.news();
    let due = look.summary_due().filter(|until| *until > own.summed_up);
    match due.map(|until| (look.summary(until), until)) {
        Some((Some(summary), _)) => messages.push(summary),
        // A day on which nothing failed and nothing was published is not spoken of.
        Some((None, until)) => silent.push(Mark::SummedUp(until)),
        None => {}
    }
    let urgent = |message: &Message| is_urgent(message.event) && !message.resolved;
    let rests = own
        .sent_at
        .is_some_and(|sent| round.now.duration_since(sent) < GAP);
    if rests {
        messages.retain(urgent);
    }
    messages.sort_by_key(|message| (message.resolved, message.event));
    messages.truncate(MAX_MESSAGES);
    (messages, silent)
}

/// What is told at once, whatever else is told.
const fn is_urgent(event: NotifyEvent) -> bool {
    matches!(
        event,
        NotifyEvent::SourceFailed | NotifyEvent::Unknown | NotifyEvent::Breaker
    )
}

struct Look<'l> {
    notify: &'l Notify,
    route: &'l NotifyRoute,
    memory: &'l Memory,
    own: &'l RouteMemory,
    round: &'l Round<'l>,
}

/// What one message holds: equal ones go together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Group {
    resolved: bool,
    escalated: bool,
    event: Option<NotifyEvent>,
    name: String,
}

#[derive(Default)]
struct Gathered<'l> {
    news: Vec<(String, &'l Situation)>,
    gone: Vec<(String, &'l Told)>,
}

impl<'l> Look<'l> {
    fn wants(&self, event: NotifyEvent) -> bool {
        let events = self.route.events.as_ref();
        events.is_none_or(|events| events.contains(&event))
    }

    fn news(&self) -> (Vec<Message>, Vec<Mark>) {
        let standing = self.standing();
        let mut groups: BTreeMap<Group, Gathered<'l>> = BTreeMap::new();
        let mut told = self.own.told.len();
        for (key, escalated, situation) in &standing {
            if self.own.told.contains_key(key) {
                continue;
            }
            let kept_free = if is_urgent(situation.event) { 0 } else { FOR_URGENT };
            if told + kept_free >= MAX_TOLD {
                continue;
            }
            told += 1;
            let group = self.group(
                (false, *escalated),
                situation.event,
                (&situation.object, &situation.channel),
            );
            groups
                .entry(group)
                .or_default()
                .news
                .push((key.clone(), situation));
        }
        for (key, situation) in self.happened() {
            let group = self.group(
                (false, false),
                situation.event,
                (&situation.object, &situation.channel),
            );
            groups.entry(group).or_default().news.push((key, situation));
        }
        let silent = self.gone(&standing, &mut groups);
        let messages = groups
            .into_iter()
            .filter_map(|(group, gathered)| self.message(&group, gathered));
        (messages.collect(), silent)
    }

    /// What happened and was not told, the oldest first: a memory that forgets the oldest forgets nothing that still waits.
    fn happened(&self) -> Vec<(String, &'l Situation)> {
        let wanted = self.round.happened.iter().filter(|one| self.wants(one.event));
        let mut found: Vec<(Timestamp, String, &'l Situation)> = wanted
            .filter_map(|one| Some((one.at?, one.key(), one)))
            .filter(|(at, key, _)| !self.own.knows(key, *at))
            .collect();
        found.sort_by(|one, other| (one.0, &one.1).cmp(&(other.0, &other.1)));
        found.truncate(MAX_AT_ONCE);
        found.into_iter().map(|(_, key, one)| (key, one)).collect()
    }

    /// Everything that stands and is this route's to know: what it wants, and what others were told long ago.
    fn standing(&self) -> Vec<(String, bool, &'l Situation)> {
        let mut found: Vec<(String, bool, &'l Situation)> = Vec::new();
        for situation in self.round.standing {
            let key = situation.key();
            if self.wants(situation.event) {
                found.push((key.clone(), false, situation));
            }
            if self.is_escalated(&key) {
                found.push((format!("e-{key}"), true, situation));
            }
        }
        found.sort_by(|one, other| (one.2.event, &one.0).cmp(&(other.2.event, &other.0)));
        found
    }

    fn is_escalated(&self, key: &str) -> bool {
        self.notify.routes.iter().any(|route| {
            let told = self
                .memory
                .get(&route.name)
                .and_then(|memory| memory.told.get(key));
            let escalation = route
                .escalation
                .as_ref()
                .filter(|escalation| escalation.to == self.route.name);
            let (Some(told), Some(escalation)) = (told, escalation) else {
                return false;
            };
            let after = SignedDuration::try_from(escalation.after.0).unwrap_or(SignedDuration::MAX);
            self.round.now.duration_since(told.at) >= after
        })
    }

    /// Gathers what was told and no longer stands; what nobody waits to hear of goes without a word.
    fn gone(
        &self,
        standing: &[(String, bool, &'l Situation)],
        groups: &mut BTreeMap<Group, Gathered<'l>>,
    ) -> Vec<Mark> {
        let keys: BTreeSet<&str> = standing.iter().map(|(key, ..)| key.as_str()).collect();
        let objects: BTreeSet<&str> = standing.iter().map(|(_, _, one)| one.object.as_str()).collect();
        let mut silent = Vec::new();
        for (key, told) in &self.own.told {
            if keys.contains(key.as_str()) {
                continue;
            }
            // What stands in its place is told instead; a decision that was made needs no answer.
            let replaced = objects.contains(told.object.as_str());
            let quiet = told.event == NotifyEvent::ApprovalNeeded
                || (told.event == NotifyEvent::Halted && !self.wants(NotifyEvent::Resumed));
            if replaced || quiet {
                silent.push(Mark::Gone(key.clone()));
                continue;
            }
            let group = self.group((true, false), told.event, (&told.object, &told.channel));
            groups.entry(group).or_default().gone.push((key.clone(), told));
        }
        silent
    }

    fn group(
        &self,
        (resolved, escalated): (bool, bool),
        event: NotifyEvent,
        (object, channel): (&str, &str),
    ) -> Group {
        let (event, name) = match self.route.group_by {
            NotifyGroup::Event => (Some(event), String::new()),
            NotifyGroup::Channel => (None, channel.to_owned()),
            NotifyGroup::Campaign => (None, String::new()),
            NotifyGroup::Asset => (None, object.to_owned()),
        };
        Group {
            resolved,
            escalated,
            event,
            name,
        }
    }

    fn message(&self, group: &Group, gathered: Gathered<'l>) -> Option<Message> {
        let draft = Draft {
            namespace: self.round.namespace,
            campaign: self.round.campaign,
            now: self.round.now,
            resolved: group.resolved,
            escalated: group.escalated,
            news: gathered.news,
            gone: gathered.gone,
        };
        draft.message()
    }

    /// The summary of the days since the last one, where there is anything to sum up.
    fn summary(&self, until: Timestamp) -> Option<Message> {
        let lately = |one: &&Situation| one.at.is_some_and(|at| self.own.summed_up < at && at <= until);
        let count = |event: NotifyEvent| {
            let happened = self
                .round
                .happened
                .iter()
                .filter(lately)
                .filter(|one| one.event == event);
            happened.count()
                + self
                    .round
                    .standing
                    .iter()
                    .filter(|one| one.event == event)
                    .count()
        };
        let published = count(NotifyEvent::Published);
        let failed = count(NotifyEvent::Failed) + count(NotifyEvent::Unknown) + count(NotifyEvent::Missed);
        if published + failed == 0 || !self.wants(NotifyEvent::Summary) {
            return None;
        }
        let waiting = count(NotifyEvent::ApprovalNeeded);
        let stopped =
            count(NotifyEvent::Blocked) + count(NotifyEvent::InvalidRows) + count(NotifyEvent::Halted);
        let campaign = self.round.campaign;
        Some(Message {
            id: format!(
                "note_summary-{}-{campaign}-{}",
                self.round.namespace,
                until.as_second()
            ),
            event: NotifyEvent::Summary,
            resolved: false,
            escalated: false,
            namespace: self.round.namespace.to_owned(),
            campaign: campaign.to_owned(),
            title: format!("{campaign}: {published} published, {failed} failed, unknown or missed"),
            lines: vec![
                format!("{waiting} wait for a person"),
                format!("{stopped} are blocked, invalid or halted"),
            ],
            left_out: 0,
            at: self.round.now,
            marks: vec![Mark::SummedUp(until), Mark::Sent(self.round.now)],
        })
    }

    /// The last instant at which the day was to be summed up.
    fn summary_due(&self) -> Option<Timestamp> {
        let at = self.notify.summary_at?;
        let zone = TimeZone::get(self.round.time_zone).ok()?;
        let time = Time::new(i8::try_from(at.hour).ok()?, i8::try_from(at.minute).ok()?, 0, 0).ok()?;
        let today = self.round.now.to_zoned(zone.clone()).date();
        let due =
            |date: jiff::civil::Date| Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp());
        due(today)
            .filter(|due| *due <= self.round.now)
            .or_else(|| due(today.yesterday().ok()?))
    }
}
