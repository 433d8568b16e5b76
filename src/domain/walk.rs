//! A random walk of receipts: a model platform of each class, processes that die at any point, answers that come late,
//! guards that change their mind, and people who are honest; in all of it nothing is published twice, and nothing new
//! leaves that a guard stops.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{
    decide::LONGEST_DELAY,
    fixtures::{Story, due, finding, once_after_ten_minutes, page, person, post, published},
    observed::{ChannelClass, GuardFacts, Observed},
    plan::{Action, Plan, SendOrder},
    policy::Verdict,
    receipt::{self, Outcome},
};
use crate::api::{MissedPolicyKind, ReceiptPhase, ReceiptStatus};

const WINDOW: Duration = Duration::from_hours(1);
const SEND_TIMEOUT: SignedDuration = SignedDuration::from_secs(10);

/// What becomes of the next thing that a process tries.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answered,
    ReplyLost,
    RequestLost,
    /// Arrives so many seconds later; the sender gives up after its time-out.
    Delayed(i64),
    /// Arrives so many seconds later, and the sender still hears the answer.
    AnsweredLate(i64),
    NotSent,
    RateLimited(i64),
    Refused,
    Rejected,
    GateClosesAtTheLastLook,
    DiesBeforeSending,
    DiesAfterSending(i64),
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Reconcile(Fate),
    Minutes(i64),
    Takeover,
    Edit(u8),
    Gate(bool),
    Guard(bool),
    ChannelMended,
    Person(Wish),
}

#[derive(Clone, Copy, Debug)]
enum Wish {
    Resolve,
    Retry,
    RecallAndRelease,
}

/// A request on its way to the platform.
#[derive(Clone, Debug)]
struct Request {
    attempt: String,
    order: SendOrder,
    /// For pages: the attempt whose bytes stood there when the request was made.
    expects: Option<String>,
    arrives_at: Timestamp,
    /// True where the sender waits for the answer.
    heard: bool,
}

#[derive(Clone, Debug)]
struct Effect {
    epoch: u32,
    revision: u32,
    words: String,
    attempt: String,
    recalled: bool,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each turns by itself")]
struct World {
    class: ChannelClass,
    is_page: bool,
    now: Timestamp,
    store: Option<ReceiptStatus>,
    words: u8,
    gate_open: bool,
    guard_passes: bool,
    refused: bool,
    live: Vec<String>,
    seen: Option<(String, Timestamp)>,
    on_the_way: Vec<Request>,
    effects: Vec<Effect>,
    /// Class B: when a key was first acted on.
    keys: BTreeMap<(u32, u32), Timestamp>,
    drawn: u32,
}

impl World {
    fn new(class: ChannelClass, is_page: bool) -> Self {
        Self {
            class,
            is_page,
            now: due(),
            store: None,
            words: 0,
            gate_open: true,
            guard_passes: true,
            refused: false,
            live: Vec::new(),
            seen: None,
            on_the_way: Vec::new(),
            effects: Vec::new(),
            keys: BTreeMap::new(),
            drawn: 0,
        }
    }

    /// The printed assumption: nothing is on its way for longer. Class B promises within its window only, and its margin
    /// is five minutes.
    fn longest_delay(&self) -> SignedDuration {
        match self.class {
            ChannelClass::IdempotencyKey { .. } => SignedDuration::from_mins(5),
            _ => LONGEST_DELAY,
        }
    }

    fn observe(&mut self) -> Observed {
        let observed = if self.is_page { page() } else { post() };
        let mut observed = observed
            .on(self.class)
            .says("sha256:0")
            .says("sha256:1")
            .says("sha256:2")
            .says(&format!("sha256:{}", self.words))
            .campaign(|campaign| {
                campaign.missed.policy = MissedPolicyKind::Publish;
                campaign.publish_enabled = self.gate_open;
            });
        observed.channels[0].refused = self.refused.then(|| "forbidden".to_owned());
        observed.process.live_attempts.clone_from(&self.live);
        observed.guards = self.guards();
        let Some(status) = self.store.clone() else {
            return observed;
        };
        let doubt = receipt::undecided(&status)
            .last()
            .map_or("receipt".to_owned(), |attempt| attempt.id.clone());
        let first = match &self.seen {
            Some((seen, first)) if *seen == doubt => *first,
            _ => self.now,
        };
        self.seen = Some((doubt, first));
        observed.having_seen_for(&status, self.now.duration_since(first))
    }

    /// The verdict of one pack, which time never changes.
    fn guards(&self) -> GuardFacts {
        let findings = if self.guard_passes {
            Vec::new()
        } else {
            vec![finding("no-hype")]
        };
        GuardFacts {
            guarded: true,
            verdict: Some(Verdict {
                findings,
                ..Verdict::default()
            }),
            ..GuardFacts::default()
        }
    }

    fn plan(&mut self) -> Plan {
        let observed = self.observe();
        let plan = observed.plan(self.now);
        assert_eq!(plan, observed.plan(self.now), "same input, same plan");
        plan
    }

    fn reconcile(&mut self, fate: Fate) -> Plan {
        let plan = self.plan();
        self.guards_hold(&plan);
        match plan.action.clone() {
            Action::Wait => {}
            Action::Claim => self.store = Some(ReceiptStatus::default()),
            Action::Send(order) => self.send(&order, fate),
            Action::MarkUnknown { .. } => {
                let asks = matches!(self.class, ChannelClass::LookUp | ChannelClass::NaturalKey);
                self.change(|status, now| {
                    receipt::mark_unknown(status, &once_after_ten_minutes(), asks, now)
                });
            }
            Action::LookUp => self.look_up(fate),
            Action::SettleAbsent => self.change(receipt::settle_absent),
            Action::Release => self.change(|status, _| receipt::release(status)),
            other => panic!("not in this walk: {other:?}"),
        }
        plan
    }

    /// What a guard stops is neither claimed nor sent, not even once more.
    fn guards_hold(&self, plan: &Plan) {
        let acts = matches!(plan.action, Action::Claim | Action::Send(_));
        assert!(self.guard_passes || !acts, "a guard stops it: {plan}");
    }

    fn change(&mut self, change: impl FnOnce(&ReceiptStatus, Timestamp) -> ReceiptStatus) {
        let status = self.store.take().unwrap();
        self.store = Some(change(&status, self.now));
    }

    fn record(&mut self, attempt: &str, outcome: &Outcome) {
        self.live.retain(|live| live != attempt);
        if matches!(outcome, Outcome::Refused(_)) {
            self.refused = true;
        }
        self.change(|status, now| {
            let written = receipt::record(status, attempt, outcome, &once_after_ten_minutes(), now);
            let again = receipt::record(&written, attempt, outcome, &once_after_ten_minutes(), now);
            assert_eq!(written, again, "an outcome that is written again changes nothing");
            written
        });
    }

    fn send(&mut self, order: &SendOrder, fate: Fate) {
        self.drawn += 1;
        let attempt = format!("attempt-{}", self.drawn);
        let before = self.store.clone().unwrap();
        self.store = Some(Story(before.clone()).begins(&attempt, order, self.now).0);
        self.live.push(attempt.clone());
        match fate {
            Fate::GateClosesAtTheLastLook => {
                self.live.retain(|live| *live != attempt);
                self.change(|status, now| receipt::abandon(&before, status, &attempt, "halted", now));
                let back = self.store.as_ref().unwrap();
                assert_eq!((back.phase, back.epoch), (before.phase, before.epoch));
            }
            Fate::DiesBeforeSending => self.takes_over(),
            Fate::NotSent => self.record(&attempt, &Outcome::NotSent("no route".to_owned())),
            Fate::RateLimited(minutes) => {
                let until = self.now + SignedDuration::from_mins(minutes);
                self.record(&attempt, &Outcome::RateLimited("slow down".to_owned(), until));
            }
            Fate::Refused => self.record(&attempt, &Outcome::Refused("forbidden".to_owned())),
            Fate::Rejected => self.record(&attempt, &Outcome::Rejected("too long".to_owned())),
            Fate::RequestLost => self.record(&attempt, &Outcome::Unknown("timed out".to_owned())),
            Fate::Answered => {
                let outcome = self.act(&self.request(&attempt, order, 0, true));
                self.record(&attempt, &outcome);
            }
            Fate::ReplyLost => {
                self.act(&self.request(&attempt, order, 0, false));
                self.record(&attempt, &Outcome::Unknown("reset".to_owned()));
            }
            Fate::Delayed(seconds) => {
                self.on_the_way
                    .push(self.request(&attempt, order, seconds, false));
                self.record(&attempt, &Outcome::Unknown("timed out".to_owned()));
            }
            Fate::AnsweredLate(seconds) => {
                self.on_the_way.push(self.request(&attempt, order, seconds, true));
            }
            Fate::DiesAfterSending(seconds) => {
                self.on_the_way
                    .push(self.request(&attempt, order, seconds, false));
                self.takes_over();
            }
        }
    }

    fn request(&self, attempt: &str, order: &SendOrder, seconds: i64, heard: bool) -> Request {
        let delay = SignedDuration::from_secs(seconds).min(self.longest_delay());
        Request {
            attempt: attempt.to_owned(),
            order: order.clone(),
            expects: self.place().map(|effect| effect.attempt.clone()),
            arrives_at: self.now + delay,
            heard,
        }
    }

    /// What stands at a place of class A.
    fn place(&self) -> Option<&Effect> {
        self.effects.last().filter(|effect| !effect.recalled)
    }

    /// What the platform does with a request.
    fn act(&mut self, request: &Request) -> Outcome {
        let SendOrder {
            epoch,
            revision,
            content_digest,
            ..
        } = &request.order;
        let effect = Effect {
            epoch: *epoch,
            revision: *revision,
            words: content_digest.clone(),
            attempt: request.attempt.clone(),
            recalled: false,
        };
        match self.class {
            ChannelClass::NaturalKey => return self.act_on_place(request, effect),
            ChannelClass::IdempotencyKey { window } => {
                let key = (*epoch, *revision);
                let known = self.keys.get(&key).copied();
                if known.is_some_and(|known| self.now < known + SignedDuration::try_from(window).unwrap()) {
                    return published(&format!("id-{epoch}-{revision}"));
                }
                self.keys.insert(key, self.now);
            }
            ChannelClass::LookUp | ChannelClass::Neither => {}
        }
        self.effects.push(effect);
        published(&format!("id-{epoch}-{revision}"))
    }

    fn act_on_place(&mut self, request: &Request, effect: Effect) -> Outcome {
        let status = self.store.clone().unwrap_or_default();
        let ours = |standing: &Effect| {
            standing.epoch == effect.epoch
                && standing.revision == effect.revision
                && standing.words == effect.words
        };
        let outcome = published("place");
        let Some(standing) = self.place().cloned() else {
            if request.expects.is_none() {
                self.effects.push(effect);
                return outcome;
            }
            return Outcome::Unknown("changed underneath".to_owned());
        };
        if ours(&standing) {
            return outcome;
        }
        let may_replace = receipt::written(&status)
            .is_some_and(|written| written.attempts.contains(&standing.attempt))
            && request.expects.as_ref() == Some(&standing.attempt);
        if may_replace {
            self.effects.push(effect);
            return outcome;
        }
        Outcome::Drifted("another's bytes".to_owned())
    }

    fn look_up(&mut self, fate: Fate) {
        match fate {
            Fate::ReplyLost | Fate::RequestLost | Fate::RateLimited(_) | Fate::Refused => {
                self.change(|status, now| {
                    receipt::record_no_answer(status, "timed out", &once_after_ten_minutes(), now)
                });
                return;
            }
            Fate::DiesBeforeSending | Fate::DiesAfterSending(_) => return self.takes_over(),
            _ => {}
        }
        let status = self.store.clone().unwrap();
        let known: Vec<(u32, u32)> = receipt::undecided(&status)
            .map(|attempt| (attempt.epoch, attempt.revision))
            .collect();
        let candidates: Vec<&Effect> = match self.class {
            ChannelClass::NaturalKey => self.place().into_iter().collect(),
            _ => self.effects.iter().collect(),
        };
        let is_there = candidates
            .iter()
            .find(|effect| known.contains(&(effect.epoch, effect.revision)))
            .map(|effect| (effect.epoch, effect.revision));
        if let Some((epoch, revision)) = is_there {
            let id = self.id(epoch, revision);
            self.change(|status, now| receipt::record_found(status, Some(&id), None, now));
            return;
        }
        let doubt = SignedDuration::from_secs(15) + SEND_TIMEOUT + LONGEST_DELAY;
        let seen = self.observe().receipt.unwrap().undecided_seen_for;
        let over = SignedDuration::try_from(seen).unwrap() >= doubt;
        self.change(|status, now| receipt::record_absence(status, now, over, &once_after_ten_minutes()));
    }

    /// The platform's own id of what a key made.
    fn id(&self, epoch: u32, revision: u32) -> String {
        match self.class {
            ChannelClass::NaturalKey => "place".to_owned(),
            _ => format!("id-{epoch}-{revision}"),
        }
    }

    fn takes_over(&mut self) {
        self.live.clear();
        self.seen = None;
        for request in &mut self.on_the_way {
            // The old process may live on and hear its answers; one in two does.
            request.heard = request.heard && self.drawn.is_multiple_of(2);
        }
    }

    fn pass(&mut self, until: Timestamp) {
        loop {
            let next = self
                .on_the_way
                .iter()
                .enumerate()
                .filter(|(_, request)| request.arrives_at <= until)
                .min_by_key(|(_, request)| request.arrives_at)
                .map(|(index, _)| index);
            let Some(index) = next else { break };
            let request = self.on_the_way.remove(index);
            self.now = self.now.max(request.arrives_at);
            let outcome = self.act(&request);
            if request.heard {
                self.record(&request.attempt, &outcome);
            }
            self.check();
        }
        self.now = self.now.max(until);
    }

    fn has_live_effect(&self, epoch: u32) -> bool {
        self.effects
            .iter()
            .any(|effect| effect.epoch == epoch && !effect.recalled)
    }

    fn person(&mut self, wish: Wish) {
        let plan = self.plan();
        let Some(status) = self.store.clone() else { return };
        let asked = status.phase == ReceiptPhase::Unknown
            && plan.action == Action::Wait
            && plan.wake_at.is_none()
            && self.live.is_empty()
            && !self.refused;
        let attempt = receipt::undecided(&status).last().cloned();
        match (wish, status.phase) {
            (Wish::Resolve, ReceiptPhase::Unknown) if asked && self.has_live_effect(status.epoch) => {
                let attempt = attempt.unwrap();
                let id = self.id(attempt.epoch, attempt.revision);
                self.change(|status, now| receipt::adopt(status, &id, None, &person(), now).unwrap());
            }
            (Wish::Resolve, ReceiptPhase::Unknown) if asked => {
                self.change(|status, now| receipt::request_release(status, true, &person(), now).unwrap());
            }
            (Wish::Retry, ReceiptPhase::Failed) => {
                self.change(|status, now| receipt::retry(status, &person(), now).unwrap());
            }
            // An earlier request that still is on its way would put back what was taken down: whoever recalls waits for it.
            (Wish::RecallAndRelease, ReceiptPhase::Published) if self.on_the_way.is_empty() => {
                for effect in &mut self.effects {
                    effect.recalled = true;
                }
                self.change(|status, now| receipt::request_release(status, true, &person(), now).unwrap());
            }
            _ => {}
        }
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Reconcile(fate) => {
                self.reconcile(fate);
            }
            Event::Minutes(minutes) => self.pass(self.now + SignedDuration::from_mins(minutes)),
            Event::Takeover => self.takes_over(),
            Event::Edit(words) => self.words = words,
            Event::Gate(open) => self.gate_open = open,
            Event::Guard(passes) => self.guard_passes = passes,
            Event::ChannelMended => self.refused = false,
            Event::Person(wish) => self.person(wish),
        }
        self.check();
    }

    fn check(&self) {
        let mut keys: Vec<(u32, u32)> = self
            .effects
            .iter()
            .map(|effect| (effect.epoch, effect.revision))
            .collect();
        keys.sort_unstable();
        let visible = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), visible, "published twice: {:#?}", self.effects);
        let Some(status) = &self.store else { return };
        assert!(status.attempts.len() <= 8, "{} attempts", status.attempts.len());
        let text = serde_json::to_string(status).unwrap();
        assert_eq!(*status, serde_json::from_str::<ReceiptStatus>(&text).unwrap());
        if status.phase == ReceiptPhase::Published && status.release_requested.is_none() {
            let id = status.published_attempt.as_ref().unwrap();
            let attempt = status.attempts.iter().find(|attempt| attempt.id == *id).unwrap();
            assert!(
                self.effects
                    .iter()
                    .any(|effect| effect.epoch == attempt.epoch && effect.revision == attempt.revision),
                "claims what is not there: {}",
                Story(status.clone()).told()
            );
            assert_ne!(
                status.reason.as_deref(),
                Some("PublishedTwice"),
                "no epoch was released in doubt"
            );
        }
        if status.phase == ReceiptPhase::Failed {
            assert_eq!(receipt::undecided(status).count(), 0, "a Failed that may be live");
        }
    }

    /// Everything works, nobody edits, people answer: until nothing is left to do.
    fn settle(&mut self) {
        self.gate_open = true;
        self.guard_passes = true;
        self.refused = false;
        for _ in 0..300 {
            let plan = self.reconcile(Fate::Answered);
            self.check();
            let resting = plan.action == Action::Wait && plan.wake_at.is_none() && self.on_the_way.is_empty();
            let unknown = self
                .store
                .as_ref()
                .is_some_and(|status| status.phase == ReceiptPhase::Unknown);
            if resting && !unknown && self.live.is_empty() {
                assert_eq!(
                    self.plan().action,
                    Action::Wait,
                    "a second decision plans nothing"
                );
                return;
            }
            self.person(Wish::Resolve);
            let next = plan.wake_at.unwrap_or(self.now + SignedDuration::from_secs(60));
            self.pass(next.max(self.now + SignedDuration::from_secs(1)));
        }
        panic!(
            "it never comes to rest: {}",
            Story(self.store.clone().unwrap()).told()
        );
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Answered),
        2 => Just(Fate::ReplyLost),
        2 => Just(Fate::RequestLost),
        2 => (0..1200_i64).prop_map(Fate::Delayed),
        2 => (0..1200_i64).prop_map(Fate::AnsweredLate),
        2 => Just(Fate::NotSent),
        1 => (1..90_i64).prop_map(Fate::RateLimited),
        1 => Just(Fate::Refused),
        1 => Just(Fate::Rejected),
        1 => Just(Fate::GateClosesAtTheLastLook),
        2 => Just(Fate::DiesBeforeSending),
        2 => (0..1200_i64).prop_map(Fate::DiesAfterSending),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        10 => fate().prop_map(Event::Reconcile),
        6 => prop_oneof![Just(1_i64), Just(5), Just(10), 0..120_i64].prop_map(Event::Minutes),
        1 => Just(Event::Takeover),
        2 => (0..3_u8).prop_map(Event::Edit),
        1 => any::<bool>().prop_map(Event::Gate),
        1 => any::<bool>().prop_map(Event::Guard),
        1 => Just(Event::ChannelMended),
        2 => prop_oneof![
            3 => Just(Wish::Resolve),
            1 => Just(Wish::Retry),
            1 => Just(Wish::RecallAndRelease),
        ].prop_map(Event::Person),
    ];
    proptest::collection::vec(event, 0..60)
}

fn walked(class: ChannelClass, is_page: bool, events: &[Event]) -> World {
    let mut world = World::new(class, is_page);
    for event in events {
        world.step(*event);
    }
    world.settle();
    world
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn class_a_publishes_once_in_an_epoch(events in events()) {
        walked(ChannelClass::NaturalKey, false, &events);
    }

    #[test]
    fn class_b_publishes_once_in_an_epoch_within_its_window(events in events()) {
        walked(ChannelClass::IdempotencyKey { window: WINDOW }, false, &events);
    }

    #[test]
    fn class_c_publishes_once_in_an_epoch_under_the_printed_assumption(events in events()) {
        walked(ChannelClass::LookUp, false, &events);
    }

    #[test]
    fn class_d_publishes_once_in_an_epoch(events in events()) {
        walked(ChannelClass::Neither, false, &events);
    }

    #[test]
    fn a_page_ends_with_the_words_of_the_branch_or_says_why_not(events in events()) {
        let world = walked(ChannelClass::NaturalKey, true, &events);
        let status = world.store.clone().unwrap();
        if status.phase == ReceiptPhase::Published {
            let wanted = format!("sha256:{}", world.words);
            prop_assert_eq!(&world.place().unwrap().words, &wanted);
        }
    }
}
