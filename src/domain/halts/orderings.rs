//! Every ordering of a Halt, its end, an approval, an edit and the due instant, with an operator that may be asleep at any
//! of them: what is decided is compared with what was meant.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    super::{
        fixtures::{WORDS, approval, at, post},
        observed::Observed,
        plan::Action,
    },
    HaltFacts, next_hold,
};
use crate::api::{GoDuration, HaltResume, MissedPolicyKind, ResumePolicy};

const OTHER_WORDS: &str = "sha256:other";
/// Between two events.
const STEP: SignedDuration = SignedDuration::from_mins(10);
/// Longer than one step, shorter than two.
const WITHIN: SignedDuration = SignedDuration::from_mins(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Halt,
    Lift,
    Approve,
    Edit,
    Due,
}

fn permutations(rest: &[Event]) -> Vec<Vec<Event>> {
    if rest.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (index, first) in rest.iter().enumerate() {
        let mut others = rest.to_vec();
        others.remove(index);
        for tail in permutations(&others) {
            all.push([vec![*first], tail].concat());
        }
    }
    all
}

fn halt(policy: ResumePolicy, since: Timestamp) -> HaltFacts {
    HaltFacts {
        name: "stop".to_owned(),
        reason: "Press inquiry.".to_owned(),
        owner: "maya".to_owned(),
        since,
        until: None,
        resume: HaltResume {
            policy,
            within: Some(GoDuration(WITHIN.unsigned_abs())),
        },
        probe: None,
    }
}

/// What a person would say of the story so far.
#[derive(Default)]
struct Meant {
    stands: bool,
    seen: bool,
    /// When an operator that was awake found that the Halt had gone.
    ended: Option<Timestamp>,
    approved: Vec<(&'static str, Timestamp)>,
}

impl Meant {
    fn happens(&mut self, event: Event, words: &'static str, now: Timestamp) {
        match event {
            Event::Halt => {
                self.stands = true;
                self.ended = None;
            }
            Event::Lift => self.stands = false,
            Event::Approve => self.approved.push((words, now)),
            Event::Edit | Event::Due => {}
        }
    }

    fn looked(&mut self, now: Timestamp) {
        if self.stands {
            self.seen = true;
        } else if self.seen {
            self.ended.get_or_insert(now);
        }
    }

    fn may_go(&self, policy: ResumePolicy, words: &str, due: Timestamp, now: Timestamp) -> bool {
        let approved = |since: Timestamp| {
            let mut approvals = self.approved.iter();
            approvals.any(|(digest, at)| *digest == words && *at >= since)
        };
        if self.stands || now < due || !approved(Timestamp::MIN) {
            return false;
        }
        match (self.ended.filter(|ended| due <= *ended), policy) {
            (None, _) => true,
            (Some(_), ResumePolicy::Skip) => false,
            (Some(ended), ResumePolicy::AskApproval) => approved(ended),
            (Some(_), ResumePolicy::PublishWithin) => now <= due + WITHIN,
        }
    }
}

/// Plays one story; `awake` has a bit for each event after which the operator looks.
fn play(events: &[Event], policy: ResumePolicy, awake: u32) {
    let start = at("2026-03-02T07:00:00Z");
    let time = |index: usize| start + STEP * i32::try_from(index).unwrap();
    let due = time(events.iter().position(|event| *event == Event::Due).unwrap());
    let mut observed = post().campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish);
    observed.asset.publish_at = Some(due);
    let mut words = WORDS;
    let mut meant = Meant {
        approved: vec![(WORDS, Timestamp::MIN)],
        ..Meant::default()
    };
    for (index, event) in events.iter().enumerate() {
        let now = time(index);
        take(*event, &mut observed, &mut words, (policy, now));
        meant.happens(*event, words, now);
        if awake & (1 << index) == 0 {
            continue;
        }
        meant.looked(now);
        let plan = observed.plan(now);
        let goes = plan.action == Action::Claim;
        assert_eq!(
            goes,
            meant.may_go(policy, words, due, now),
            "{policy:?}, awake {awake:05b}, {events:?} after {event:?}: {plan}"
        );
        if goes {
            return;
        }
        observed.asset.hold = next_hold(&observed, plan.phase, now);
    }
}

fn take(
    event: Event,
    observed: &mut Observed,
    words: &mut &'static str,
    (policy, now): (ResumePolicy, Timestamp),
) {
    match event {
        Event::Halt => observed.halts.push(halt(policy, now)),
        Event::Lift => observed.halts.clear(),
        Event::Approve => {
            let mut digests = observed.asset.approval.clone().unwrap().digests;
            digests.retain(|digest| digest != words);
            digests.push((*words).to_owned());
            let digests: Vec<&str> = digests.iter().map(String::as_str).collect();
            observed.asset.approval = Some(approval(&digests, Some(now)));
        }
        Event::Edit => {
            *words = OTHER_WORDS;
            observed.asset.content_digest = OTHER_WORDS.to_owned();
        }
        Event::Due => {}
    }
}

#[test]
fn nothing_goes_out_under_a_halt_nor_after_it_against_its_policy_and_everything_else_does() {
    let events = [Event::Halt, Event::Lift, Event::Approve, Event::Edit, Event::Due];
    let policies = [
        ResumePolicy::AskApproval,
        ResumePolicy::Skip,
        ResumePolicy::PublishWithin,
    ];
    for story in permutations(&events) {
        for policy in policies {
            for awake in 0..(1 << events.len()) {
                play(&story, policy, awake);
            }
        }
    }
}

#[test]
fn what_stands_on_the_asset_changes_only_when_something_happens() {
    let start = at("2026-03-02T07:00:00Z");
    let mut observed = post();
    observed.halts.push(halt(ResumePolicy::AskApproval, start));
    for look in [start, start + STEP] {
        observed.asset.hold = next_hold(&observed, observed.plan(look).phase, look);
        let hold = observed.asset.hold.clone().unwrap();
        assert_eq!((hold.since, hold.ended_at), (Time(start), None));
    }
    observed.halts.clear();
    let ended = start + STEP + STEP;
    for look in [ended, ended + STEP] {
        observed.asset.hold = next_hold(&observed, observed.plan(look).phase, look);
        assert_eq!(observed.asset.hold.clone().unwrap().ended_at, Some(Time(ended)));
    }
}
