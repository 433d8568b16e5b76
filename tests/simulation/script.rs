//! What happens in a run, drawn from its seed: rows, edits of the team, and what goes wrong.

use std::{collections::BTreeMap, time::Duration};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    branch::Row,
    permission::{ALARMING, BANNED, RECALLED, SENSITIVE},
    platforms::Kind,
    process::Death,
};

/// When the last thing happens.
const LAST: u64 = 3 * 3600;

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Approve(usize),
    Withdraw(usize),
    Reword(usize),
    Move(usize, i64),
    Remove(usize),
    PutBack(usize),
    RewriteHistory,
    Suspend(bool),
    Switch(Kind, bool),
    Halt(Stop),
    Lift(Stop),
    Start {
        slot: usize,
        death: Option<Death>,
    },
    Kill(usize),
    CutLine(usize, bool),
    SetClock(usize, i64),
    PlatformDown(Kind, bool),
    BranchDown(bool),
    DeleteAsset,
    Poke,
    /// A person approves what a row says now, or denies it.
    Decide(usize, bool),
    /// Approvals of a row are deleted, or denials.
    TakeBack(usize, bool),
    /// The row says something else, with this word in it.
    Say(usize, &'static str),
    /// The pack refuses a word more, or no longer.
    Recall(bool),
    LiftAll,
    /// Whoever is dead is started, as its pod would be.
    Revive,
}

/// What a Halt of a run stops, and what it wants of that which was due meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    /// One platform, or everything.
    pub(crate) kind: Option<Kind>,
    /// Whether it is approved anew, or goes out by itself.
    pub(crate) asks: bool,
}

/// A run, before it begins.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    pub(crate) rows: Vec<Row>,
    pub(crate) steps: Vec<(Duration, Step)>,
    pub(crate) leader_elect: bool,
    pub(crate) disturbed: bool,
    /// Whether each pushed revision counts as approved, or only the words that were first seen approved.
    pub(crate) per_revision: bool,
    pub(crate) limits: Limits,
    pub(crate) watch: Watch,
    pub(crate) intents: Intents,
}

/// What watches over the words of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    /// Whether a pack judges them, and people decide about them by Approvals.
    pub(crate) judged: bool,
    /// `breakers` of the Campaign.
    pub(crate) breakers_of_campaign: Option<Value>,
    /// `breakers` of every ChannelConfig.
    pub(crate) breakers_of_channels: Option<Value>,
}

/// What befalls the write of an intent, whatever else goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Intents {
    /// Nothing.
    #[default]
    Pass,
    /// The first of each receipt never arrives.
    FirstLost,
    /// Each is so long on its way that another sender may write its own meanwhile.
    Slow,
}

/// What limits a run.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// `limits` of the ChannelConfigs that have some.
    pub(crate) of_channels: BTreeMap<Kind, Value>,
    /// `maxPublishesPerDay` of the Campaign.
    pub(crate) of_campaign: Option<u32>,
    /// How long everything must stay as it is, to count as converged: longer than anything waits for.
    pub(crate) rest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            of_channels: BTreeMap::new(),
            of_campaign: None,
            rest: Duration::from_hours(1),
        }
    }
}

impl Script {
    /// One row for each of these platforms, due after a minute, and nothing goes wrong.
    pub(crate) fn calm(kinds: &[Kind], rows: usize, beginning: Timestamp) -> Self {
        let row = |number: usize| Row {
            post: format!("post-{number}"),
            accounts: kinds.to_vec(),
            at: beginning + SignedDuration::from_mins(1),
            text: format!("Words of post {number}."),
            approved: true,
        };
        Self {
            seed: 0,
            rows: (0..rows).map(row).collect(),
            steps: vec![start(0, 0, None)],
            leader_elect: false,
            disturbed: false,
            per_revision: false,
            limits: Limits::default(),
            watch: Watch::default(),
            intents: Intents::default(),
        }
    }

    /// Words that change after they went out, on each platform: of a row that stays, and of one that goes and comes back.
    pub(crate) fn edited(beginning: Timestamp) -> Self {
        let mut script = Self::calm(&Kind::ALL, 2, beginning);
        script.per_revision = true;
        let edits = [
            (20, Step::Remove(0)),
            (20, Step::Poke),
            (40, Step::PutBack(0)),
            (40, Step::Reword(0)),
            (40, Step::Reword(1)),
            (40, Step::Poke),
        ];
        let edits = edits.map(|(minutes, step)| (Duration::from_mins(minutes), step));
        script.steps.extend(edits);
        script
    }

    /// Two operators that know nothing of each other and are awake for the same rows, on a disturbed line.
    pub(crate) fn rivals(seed: u64, beginning: Timestamp) -> Self {
        let mut chance = Rng::with_seed(seed ^ 0x2_0001);
        let mut script = Self::calm(&Kind::ALL, chance.usize(1..4), beginning);
        for row in &mut script.rows {
            row.at += SignedDuration::from_secs(chance.i64(0..60));
        }
        script.seed = seed;
        script.disturbed = true;
        script.steps.push(start(chance.u64(0..20), 1, None));
        script.steps.sort_by_key(|(at, _)| *at);
        script
    }

    /// The same under limits.
    pub(crate) fn limited(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same with a second operator that is awake at the same time, as one is that a network cut off.
    pub(crate) fn with_two_awake(mut self) -> Self {
        self.steps.push(start(0, 1, None));
        self
    }

    /// The same, with an operator that dies at a request and another that follows it.
    pub(crate) fn dying(mut self, death: Death) -> Self {
        self.steps = vec![start(0, 0, Some(death)), start(600, 0, None)];
        self
    }

    /// The same, with an operator that dies at a request while people do what they do, and another whenever it is dead.
    pub(crate) fn dying_among_people(mut self, death: Death) -> Self {
        for (_, step) in &mut self.steps {
            if let Step::Start { death: dies, .. } = step {
                *dies = Some(death);
                break;
            }
        }
        let last = self.steps.last().map_or(Duration::ZERO, |(at, _)| *at);
        let revived = (1..).map(|number| Duration::from_mins(4) * number);
        let revived = revived.take_while(|at| *at < last + Duration::from_mins(4));
        self.steps.extend(revived.map(|at| (at, Step::Revive)));
        self.steps.sort_by_key(|(at, _)| *at);
        self
    }

    /// Two operators that are awake for the same rows, and something befalls the intents of each.
    pub(crate) fn with_intents(intents: Intents, beginning: Timestamp) -> Self {
        let mut script = Self::calm(&Kind::ALL, 2, beginning).with_two_awake();
        script.intents = intents;
        script
    }

    /// Everything drawn from a seed.
    pub(crate) fn drawn(seed: u64, beginning: Timestamp) -> Self {
        let mut chance = Rng::with_seed(seed);
        let count = if chance.u8(0..8) == 0 {
            20
        } else {
            chance.usize(1..6)
        };
        let rows = (0..count)
            .map(|number| row(&mut chance, number, beginning))
            .collect();
        let leader_elect = chance.u8(0..3) == 0;
        // Without a lease two may be awake at once: an operator that a network cut off, and the one that follows it.
        // Seldom: where the branch is edited they write over each other until both have read it, for hours. Rivals have no edits.
        let operators = if leader_elect || chance.u8(0..40) == 0 {
            2
        } else {
            1
        };
        let mut steps = lives(&mut chance, operators);
        for _ in 0..chance.usize(0..12) {
            let (at, step) = (moment(&mut chance), edit(&mut chance, count));
            steps.push((at, step));
            if chance.bool() {
                steps.push((at, Step::Poke));
            }
        }
        for _ in 0..chance.usize(0..8) {
            upset(&mut chance, &mut steps);
        }
        steps.sort_by_key(|(at, _)| *at);
        Self {
            seed,
            rows,
            steps,
            leader_elect,
            disturbed: chance.u8(0..8) != 0,
            per_revision: chance.u8(0..4) == 0,
            limits: Limits::default(),
            watch: Watch::default(),
            intents: Intents::default(),
        }
        .watched(count)
    }

    /// The same, and every other seed with a pack, breakers, and people who decide and change their minds.
    ///
    /// Drawn apart, so that the rest of a seed is what it was.
    fn watched(mut self, rows: usize) -> Self {
        let mut chance = Rng::with_seed(self.seed ^ 0x3_0001);
        if chance.bool() {
            return self;
        }
        let resume = json!({"policy": "PublishWithin", "within": "1000h"});
        let limit = chance.u32(2..5);
        self.watch = Watch {
            judged: true,
            breakers_of_campaign: chance
                .bool()
                .then(|| json!({"maxGuardFailuresBeforeHalt": limit, "resume": resume})),
            breakers_of_channels: (chance.u8(0..3) == 0)
                .then(|| json!({"maxConsecutiveFailures": limit, "resume": resume})),
        };
        for _ in 0..chance.usize(2..14) {
            let step = decision(&mut chance, rows);
            let at = moment(&mut chance);
            if matches!(step, Step::Say(..)) {
                self.steps.push((at, Step::Poke));
            }
            self.steps.push((at, step));
        }
        self.steps.sort_by_key(|(at, _)| *at);
        self
    }
}

fn start(after: u64, slot: usize, death: Option<Death>) -> (Duration, Step) {
    (Duration::from_secs(after), Step::Start { slot, death })
}

fn moment(chance: &mut Rng) -> Duration {
    Duration::from_millis(chance.u64(1..LAST * 1000))
}

fn row(chance: &mut Rng, number: usize, beginning: Timestamp) -> Row {
    let mut accounts: Vec<Kind> = Kind::ALL.into_iter().filter(|_| chance.bool()).collect();
    if accounts.is_empty() {
        accounts.extend(chance.choice(Kind::ALL));
    }
    Row {
        post: format!("post-{number}"),
        accounts,
        at: beginning + SignedDuration::from_mins(chance.i64(-20..150)),
        text: format!("Words of post {number}."),
        approved: chance.u8(0..4) != 0,
    }
}

/// Operators start, die at some request or moment, and start again.
fn lives(chance: &mut Rng, operators: usize) -> Vec<(Duration, Step)> {
    let mut steps = Vec::new();
    for slot in 0..operators {
        let mut at = chance.u64(0..60);
        for _ in 0..chance.usize(0..5) {
            let death = chance.bool().then(|| Death {
                request: chance.u64(5..160),
                after: chance.bool(),
            });
            steps.push(start(at, slot, death));
            at += chance.u64(30..2400);
            steps.push((Duration::from_secs(at), Step::Kill(slot)));
            at += chance.u64(0..300);
        }
        steps.push(start(at, slot, None));
    }
    steps
}

fn edit(chance: &mut Rng, rows: usize) -> Step {
    let row = chance.usize(0..rows);
    match chance.u8(0..12) {
        0 | 1 => Step::Approve(row),
        2 => Step::Withdraw(row),
        3 | 4 => Step::Reword(row),
        5 | 6 => Step::Move(row, chance.i64(-60..120)),
        7 => Step::Remove(row),
        8 | 9 => Step::PutBack(row),
        10 => Step::RewriteHistory,
        _ => Step::Poke,
    }
}

/// What a person does about words.
fn decision(chance: &mut Rng, rows: usize) -> Step {
    let row = chance.usize(0..rows);
    match chance.u8(0..14) {
        0..=4 => Step::Decide(row, false),
        5 | 6 => Step::Decide(row, true),
        7 => Step::TakeBack(row, false),
        8 => Step::TakeBack(row, true),
        9..=11 => {
            let words = [BANNED, SENSITIVE, ALARMING, RECALLED];
            Step::Say(row, chance.choice(words).unwrap_or(BANNED))
        }
        12 => Step::Recall(chance.bool()),
        _ => Step::LiftAll,
    }
}

/// Something breaks, and is mended later.
fn upset(chance: &mut Rng, steps: &mut Vec<(Duration, Step)>) {
    let from = moment(chance);
    let until = from + Duration::from_secs(chance.u64(1..3600));
    let slot = chance.usize(0..2);
    let kind = chance.choice(Kind::ALL).unwrap_or(Kind::Neither);
    let stop = Stop {
        kind: chance.bool().then_some(kind),
        asks: chance.u8(0..4) == 0,
    };
    let pair = match chance.u8(0..10) {
        0 => [Step::CutLine(slot, true), Step::CutLine(slot, false)],
        1 => [
            Step::SetClock(slot, chance.i64(-4000..4000)),
            Step::SetClock(slot, 0),
        ],
        2 => [
            Step::SetClock(slot, chance.i64(-100..100)),
            Step::SetClock(slot, 0),
        ],
        3 => [Step::PlatformDown(kind, true), Step::PlatformDown(kind, false)],
        4 => [Step::BranchDown(true), Step::BranchDown(false)],
        5 => [Step::Suspend(true), Step::Suspend(false)],
        6 => [Step::Switch(kind, false), Step::Switch(kind, true)],
        7 | 8 => [Step::Halt(stop), Step::Lift(stop)],
        _ => [Step::DeleteAsset, Step::DeleteAsset],
    };
    let [breaks, mended] = pair;
    steps.push((from, breaks));
    steps.push((until, mended));
}
