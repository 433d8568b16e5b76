//! Every ordering of approvals, denials, edits, moves and the due instant, against a model that reads the rules again.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use proptest::prelude::*;

use super::tests::{decision, pending};
use crate::{
    api::{Decision, MissedPolicyKind},
    domain::{
        fixtures::{due, minutes},
        observed::{ApprovalFacts, Observed},
        plan::Action,
    },
};

/// Something that a person does, or that happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// Approves the words that stand, for the time that stands.
    Approve(u8),
    Deny(u8),
    /// Other words, or earlier ones again.
    Edit(u8),
    /// To so many hours after the first time.
    Move(i64),
    /// Somebody takes an Approval back.
    Delete(u8),
}

const DAY: i64 = 24 * 60;
/// Long enough that nothing but approval decides here.
const LONG: i64 = 60 * DAY;

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..3_u8).prop_map(Event::Approve),
        1 => (0..3_u8).prop_map(Event::Deny),
        2 => (0..3_u8).prop_map(Event::Edit),
        2 => prop::sample::select(vec![-1_i64, 0, 24, 72, 73, 144]).prop_map(Event::Move),
        1 => (0..6_u8).prop_map(Event::Delete),
    ]
}

fn words(number: u8) -> String {
    format!("sha256:words-{number}")
}

fn hours(count: i64) -> Timestamp {
    due() + SignedDuration::from_hours(count)
}

/// The world as the model sees it.
#[derive(Debug)]
struct World {
    words: u8,
    time: i64,
    decisions: Vec<(u8, Decision, u8, i64, Timestamp)>,
    now: Timestamp,
}

impl World {
    fn meets(&mut self, event: Event) {
        self.now += SignedDuration::from_mins(1);
        match event {
            Event::Approve(who) => self.decides(who, Decision::Approve),
            Event::Deny(who) => self.decides(who, Decision::Deny),
            Event::Edit(words) => self.words = words,
            Event::Move(hours) => self.time = hours,
            Event::Delete(which) if !self.decisions.is_empty() => {
                let which = usize::from(which) % self.decisions.len();
                self.decisions.remove(which);
            }
            Event::Delete(_) => {}
        }
    }

    fn decides(&mut self, who: u8, what: Decision) {
        self.decisions.push((who, what, self.words, self.time, self.now));
    }

    /// The rules of approval once more, in as few words as they have.
    fn may_go(&self, people: usize) -> bool {
        let about_these = || self.decisions.iter().filter(|decided| decided.2 == self.words);
        let denied = about_these().any(|decided| decided.1 == Decision::Deny);
        let mut approvers: Vec<u8> = about_these()
            .filter(|decided| decided.1 == Decision::Approve)
            .filter(|decided| (0..=72).contains(&(self.time - decided.3)))
            .map(|decided| decided.0)
            .collect();
        approvers.sort_unstable();
        approvers.dedup();
        !denied && approvers.len() >= people && self.now >= hours(self.time)
    }

    fn observed(&self, people: usize) -> Observed {
        let approvals: Vec<ApprovalFacts> = self
            .decisions
            .iter()
            .enumerate()
            .map(|(number, (who, what, of, time, at))| ApprovalFacts {
                name: format!("review-{number}"),
                content_digest: words(*of),
                publish_at: Some(hours(*time)),
                created_at: *at,
                ..decision(&format!("person-{who}"), *what)
            })
            .collect();
        pending()
            .decided(&approvals)
            .campaign(|campaign| {
                campaign.missed.policy = MissedPolicyKind::Publish;
                campaign.approval.approvers.minimum = u32::try_from(people).unwrap();
            })
            .with(|observed| {
                observed.asset.content_digest = words(self.words);
                observed.asset.publish_at = Some(hours(self.time));
                observed.asset.made.as_mut().unwrap().intent_at = Some(Time(minutes(-LONG)));
            })
    }
}

proptest! {
    #[test]
    fn what_goes_out_is_approved_in_these_words_for_this_time_by_enough_people_and_denied_by_nobody(
        events in prop::collection::vec(event(), 0..9),
        people in 1..3_usize,
        starts_before_it_is_due in -12..3_i64,
    ) {
        let now = due() + SignedDuration::from_mins(starts_before_it_is_due);
        let mut world = World { words: 0, time: 0, decisions: Vec::new(), now };
        for event in events {
            world.meets(event);
            let plan = world.observed(people).plan(world.now);
            prop_assert_eq!(plan.action == Action::Claim, world.may_go(people), "{}: {:?}", plan, world);
        }
        // Time alone approves nothing, and takes nothing away that does not expire.
        let approved = |world: &World| world.may_go(people) || world.now < hours(world.time);
        let before = approved(&world);
        world.now += SignedDuration::from_hours(24 * 30);
        let plan = world.observed(people).plan(world.now);
        prop_assert_eq!(plan.action == Action::Claim, world.may_go(people), "{}", plan);
        prop_assert!(before || !world.may_go(people));
    }
}
