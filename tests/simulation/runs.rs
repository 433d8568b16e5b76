//! The runs: every crash point of small scenes, and seeds.

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use crate::{
    clock::TrueTime,
    platforms::Kind,
    process::Death,
    scene::{Scene, Verdict},
    script::Script,
};

/// How many seeds a run of the tests plays, unless SIMULATION_SEEDS says otherwise: an unoptimised one takes seconds.
const SEEDS: u64 = 30;

fn number(variable: &str) -> Option<u64> {
    env::var(variable)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

/// Plays one script in a runtime of its own.
fn play(script: impl FnOnce(TrueTime) -> Script) -> Verdict {
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

fn seed(seed: u64) -> Verdict {
    play(|time| Script::drawn(seed, time.now()))
}

/// What many runs came to.
#[derive(Default)]
struct Totals {
    faults: BTreeMap<&'static str, u64>,
    phases: BTreeMap<String, usize>,
    failed: Vec<(u64, Vec<String>)>,
}

impl Totals {
    fn add(&mut self, seed: u64, verdict: Verdict) {
        for (fault, count) in verdict.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        for (phase, count) in verdict.phases {
            *self.phases.entry(phase).or_default() += count;
        }
        if !verdict.wrongs.is_empty() {
            self.failed.push((seed, verdict.wrongs));
        }
    }

    fn print(&self, seeds: u64) {
        println!("{:<28} {:>9}", "fault injected", "times");
        for (fault, count) in &self.faults {
            println!("{fault:<28} {count:>9}");
        }
        println!("receipts in the end: {:?}", self.phases);
        println!("{seeds} seeds, {} failed", self.failed.len());
        for (seed, wrongs) in self.failed.iter().take(20) {
            println!("seed {seed}: {}", wrongs.join("; "));
            println!("  tools/simulate one {seed}");
        }
    }
}

/// Plays seeds on every core, a runtime each, with a line of progress.
fn many(first: u64, count: u64) -> Totals {
    let next = AtomicU64::new(first);
    let totals = Mutex::new(Totals::default());
    let began = Instant::now();
    let worker = || {
        loop {
            let seed_number = next.fetch_add(1, Ordering::SeqCst);
            if seed_number >= first + count {
                return;
            }
            let verdict = seed(seed_number);
            totals.lock().expect("the totals").add(seed_number, verdict);
            let done = seed_number - first + 1;
            if done.is_multiple_of(100) {
                println!("{done} of {count} seeds, {:.0} s", began.elapsed().as_secs_f64());
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

#[test]
fn every_invariant_holds_on_every_seed() {
    let (first, count) = (
        number("SIMULATION_FIRST").unwrap_or(0),
        number("SIMULATION_SEEDS").unwrap_or(SEEDS),
    );
    let totals = many(first, count);
    totals.print(count);
    assert!(totals.failed.is_empty(), "{} seeds failed", totals.failed.len());
}

/// Plays the seed that SIMULATION_SEED names, and shows everything; seed 0 where none is named.
#[test]
fn one_seed() {
    let verdict = seed(number("SIMULATION_SEED").unwrap_or(0));
    if !verdict.wrongs.is_empty() {
        println!("{}", verdict.shown);
    }
    assert!(verdict.wrongs.is_empty(), "{:#?}", verdict.wrongs);
}

#[test]
fn the_same_seed_twice_is_the_same_script() {
    let drawn = |seed| {
        let beginning = "2026-02-16T06:00:00Z".parse().expect("an instant");
        format!("{:?}", Script::drawn(seed, beginning))
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
