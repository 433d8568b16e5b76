//! The runs: every crash point of small scenes, and seeds.

use std::{
    collections::BTreeMap,
    env, fmt,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use crate::{
    clock::TrueTime,
    platforms::Kind,
    process::Death,
    scene::{Scene, Verdict},
    script::{Intents, Script},
};

/// How many seeds a run of the tests plays, unless SIMULATION_SEEDS says otherwise: an unoptimised one takes seconds.
/// `tools/simulate` plays a thousand, optimised.
const SEEDS: u64 = 10;
/// How many pairs of rivals a run of the tests plays.
const RIVALS: u64 = 6;

fn number(variable: &str) -> Option<u64> {
    env::var(variable)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

/// Plays one script in a runtime of its own.
pub(crate) fn play(script: impl FnOnce(TrueTime) -> Script) -> Verdict {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let time = TrueTime::begin();
        let script = script(time);
        Scene::set(script, time).await.play().await
    })
}

/// One run of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    /// Everything is drawn.
    Seed(u64),
    /// Two operators at once, and what befalls them is drawn.
    Rivals(u64),
    /// Words that change after they went out.
    Edited,
    /// Two operators, and an intent of each receipt that never arrives.
    LostIntents,
    /// Two operators whose intents cross.
    SlowIntents,
}

/// The runs of which nothing is drawn.
const DIRECTED: [Run; 3] = [Run::Edited, Run::LostIntents, Run::SlowIntents];

impl Run {
    /// The run that the environment names: seed 0 where it names none.
    fn named() -> Self {
        let seed = number("SIMULATION_SEED").unwrap_or(0);
        match env::var("SIMULATION_SCENE").as_deref() {
            Ok("rivals") => Self::Rivals(seed),
            Ok("edited") => Self::Edited,
            Ok("lost-intents") => Self::LostIntents,
            Ok("slow-intents") => Self::SlowIntents,
            _ => Self::Seed(seed),
        }
    }

    fn play(self) -> Verdict {
        play(|time| match self {
            Self::Seed(seed) => Script::drawn(seed, time.now()),
            Self::Rivals(seed) => Script::rivals(seed, time.now()),
            Self::Edited => Script::edited(time.now()),
            Self::LostIntents => Script::with_intents(Intents::FirstLost, time.now()),
            Self::SlowIntents => Script::with_intents(Intents::Slow, time.now()),
        })
    }
}

/// As the arguments of `tools/simulate` that play it again.
impl fmt::Display for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seed(seed) => write!(formatter, "one {seed}"),
            Self::Rivals(seed) => write!(formatter, "one {seed} rivals"),
            Self::Edited => formatter.write_str("one 0 edited"),
            Self::LostIntents => formatter.write_str("one 0 lost-intents"),
            Self::SlowIntents => formatter.write_str("one 0 slow-intents"),
        }
    }
}

/// What many runs came to.
#[derive(Default)]
struct Totals {
    runs: u64,
    faults: BTreeMap<&'static str, u64>,
    phases: BTreeMap<String, usize>,
    failed: Vec<(Run, Vec<String>)>,
}

impl Totals {
    fn add(&mut self, run: Run, verdict: Verdict) {
        self.runs += 1;
        for (fault, count) in verdict.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (phase, count) in verdict.phases {
            *self.phases.entry(phase).or_default() += count;
        }
        if !verdict.wrongs.is_empty() {
            self.failed.push((run, verdict.wrongs));
        }
    }

    fn print(&self) {
        println!("{:<28} {:>9}", "fault injected", "times");
        for (fault, count) in &self.faults {
            println!("{fault:<28} {count:>9}");
        }
        println!("receipts in the end: {:?}", self.phases);
        println!("{} runs, {} failed", self.runs, self.failed.len());
        for (run, wrongs) in self.failed.iter().take(20) {
            println!("{}", wrongs.join("; "));
            println!("  tools/simulate {run}");
        }
    }
}

/// Plays runs on every core, a runtime each, with a line of progress; all of them, or until one fails.
fn many(runs: &[Run], until_one_fails: bool) -> Totals {
    let next = AtomicUsize::new(0);
    let totals = Mutex::new(Totals::default());
    let began = Instant::now();
    let worker = || {
        while let Some(run) = runs.get(next.fetch_add(1, Ordering::SeqCst)) {
            let verdict = run.play();
            let mut totals = totals.lock().expect("the totals");
            totals.add(*run, verdict);
            if until_one_fails && !totals.failed.is_empty() {
                next.store(runs.len(), Ordering::SeqCst);
            }
            if totals.runs.is_multiple_of(100) {
                let (done, failed) = (totals.runs, totals.failed.len());
                let seconds = began.elapsed().as_secs();
                println!("{done} of {} runs, {failed} failed, {seconds} s", runs.len());
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(worker);
        }
    });
    totals.into_inner().expect("the totals")
}

/// Plays runs, prints what happened to them, and fails where one failed.
fn all_pass(runs: &[Run]) {
    let totals = many(runs, false);
    totals.print();
    assert!(totals.failed.is_empty(), "{} runs failed", totals.failed.len());
}

fn seeds() -> impl Iterator<Item = Run> {
    let first = number("SIMULATION_FIRST").unwrap_or(0);
    let count = number("SIMULATION_SEEDS").unwrap_or(SEEDS);
    (first..first + count).map(Run::Seed)
}

#[test]
fn every_invariant_holds_on_every_seed() {
    all_pass(&seeds().collect::<Vec<_>>());
}

#[test]
fn two_operators_that_know_nothing_of_each_other_publish_each_slot_once() {
    all_pass(&(0..RIVALS).map(Run::Rivals).collect::<Vec<_>>());
}

#[test]
fn words_that_change_after_they_went_out_are_not_published_again() {
    let verdict = Run::Edited.play();
    assert!(
        verdict.wrongs.is_empty(),
        "{:#?}\n{}",
        verdict.wrongs,
        verdict.shown
    );
    let published = verdict.phases.get("Published").copied();
    assert_eq!(published, Some(2 * Kind::ALL.len()), "{:?}", verdict.phases);
}

#[test]
fn an_intent_that_is_lost_or_crosses_another_sends_nothing() {
    all_pass(&[Run::LostIntents, Run::SlowIntents]);
}

/// Plays the directed scenes, then seeds and rivals in turns, until something is wrong.
#[test]
#[ignore = "fails where nothing is wrong: tools/seeded-bugs runs it"]
fn something_is_wrong() {
    let turns = seeds()
        .zip((0..).map(Run::Rivals))
        .flat_map(|(seed, rivals)| [seed, rivals]);
    let totals = many(&DIRECTED.into_iter().chain(turns).collect::<Vec<_>>(), true);
    let (run, wrongs) = totals.failed.first().expect("something that is wrong");
    let what = wrongs.first().map(String::as_str).unwrap_or_default();
    println!("\nCAUGHT\t{run}\t{}\t{what}", totals.runs);
}

/// Plays the run that SIMULATION_SCENE and SIMULATION_SEED name, and shows everything; seed 0 where none is named.
#[test]
fn one_run() {
    let verdict = Run::named().play();
    if !verdict.wrongs.is_empty() {
        println!("{}", verdict.shown);
    }
    assert!(verdict.wrongs.is_empty(), "{:#?}", verdict.wrongs);
}

#[test]
fn the_same_seed_twice_is_the_same_script() {
    let drawn = |seed| {
        let beginning = "2026-02-16T06:00:00Z".parse().expect("an instant");
        format!(
            "{:?} {:?}",
            Script::drawn(seed, beginning),
            Script::rivals(seed, beginning)
        )
    };
    for seed in 0..100 {
        assert_eq!(drawn(seed), drawn(seed));
    }
    assert_ne!(drawn(0), drawn(1));
}

fn dies_everywhere(kinds: &[Kind], rows: usize) {
    let calm = || play(|time| Script::calm(kinds, rows, time.now()));
    let reference = calm();
    assert_eq!(reference.wrongs, Vec::<String>::new(), "{}", reference.shown);
    assert!(
        reference
            .phases
            .get("Published")
            .is_some_and(|published| *published == rows * kinds.len())
    );
    let mut crashed = 0;
    for request in 1..=reference.requests {
        for after in [false, true] {
            let death = Death { request, after };
            let verdict = play(|time| Script::calm(kinds, rows, time.now()).dying(death));
            assert!(
                verdict.wrongs.is_empty(),
                "{death:?}: {:#?}\n{}",
                verdict.wrongs,
                verdict.shown
            );
            crashed += verdict.faults.get("crash").copied().unwrap_or(0);
        }
    }
    println!(
        "{kinds:?}, {rows} rows: {crashed} crashes at {} requests",
        reference.requests
    );
}

#[test]
fn an_operator_may_die_at_any_request_with_a_natural_key() {
    dies_everywhere(&[Kind::NaturalKey], 1);
}

#[test]
fn an_operator_may_die_at_any_request_with_an_idempotency_key() {
    dies_everywhere(&[Kind::IdempotencyKey], 1);
}

#[test]
fn an_operator_may_die_at_any_request_where_it_can_look_up() {
    dies_everywhere(&[Kind::LookUp], 1);
}

#[test]
fn an_operator_may_die_at_any_request_where_nobody_can_tell() {
    dies_everywhere(&[Kind::Neither], 1);
}

#[test]
#[ignore = "hundreds of requests, each on both sides: tools/simulate runs it"]
fn an_operator_may_die_at_any_request_of_twenty_rows() {
    dies_everywhere(&[Kind::NaturalKey], 20);
}
