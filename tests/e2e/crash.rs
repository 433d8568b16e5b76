//! The operator dies at each of its requests, before and after it took effect, and starts again.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use campanile::api::ReceiptPhase;

use super::{
    crash_process::{Guard, Order, PATIENCE, Point, Process, Side},
    crash_scene::{Class, Scene, Script, eventually, within},
};

/// How many scenes are played at once: most of their time they wait for timers and the API server.
const AT_ONCE: usize = 16;
/// How often a request that did not come up is waited for in a new run: counts of a campaign are written as often as
/// there is something new to say, which differs from run to run.
const RUNS: usize = 4;
/// How long a request that ought to come is waited for when everything rests.
const STRAGGLERS: Duration = Duration::from_secs(5);

/// Plays a scene to its end; where the world is stopped, a new process takes over.
///
/// Gives the requests of the first process, and whether it died.
fn play(script: Script, guard: &Arc<Guard>) -> (BTreeMap<String, usize>, bool) {
    let scene = Scene::set(script);
    let mut interrupted = BTreeSet::new();
    let mut process = Process::start(&scene.options(), Arc::clone(guard));
    for revision in 1..=if script.page { 2 } else { 1 } {
        if revision == 2 {
            scene.write_page("The second version.");
            scene.ask("the page was edited");
        }
        let rests = || scene.rests(revision) && (revision == 1 || scene.was_read("the page was edited"));
        let stragglers = if revision == 2 || !script.page {
            STRAGGLERS
        } else {
            Duration::ZERO
        };
        process = until_rest(&scene, process, rests, stragglers, &mut interrupted);
    }
    process.guard.disarm();
    scene.assert_that_nothing_is_planned(&process);
    scene.assert_each_slot_once(&interrupted);
    process.kill();
    (guard.answered(), guard.has_stopped())
}

/// Waits for rest, with a new process where the old one dies.
fn until_rest(
    scene: &Scene,
    mut process: Process,
    rests: impl Fn() -> bool,
    stragglers: Duration,
    interrupted: &mut BTreeSet<String>,
) -> Process {
    let started = Instant::now();
    loop {
        let rested = within(Duration::from_secs(1), || process.guard.has_stopped() || rests());
        if rested && !process.guard.has_stopped() && process.guard.stops() {
            within(stragglers, || process.guard.has_stopped());
        }
        if process.guard.has_stopped() {
            process.kill();
            let standing = scene.standing();
            let sending = standing
                .into_iter()
                .filter(|(_, phase)| *phase == ReceiptPhase::Sending);
            interrupted.extend(sending.map(|(name, _)| name));
            process = Process::start(&scene.options(), Guard::unhindering());
            continue;
        }
        if rested {
            return process;
        }
        assert!(!process.has_ended(), "the operator ended by itself");
        assert!(
            started.elapsed() < PATIENCE,
            "no rest:\n{}\n{:#?}",
            scene.described(),
            process.guard.log()
        );
    }
}

/// Both sides of each request of a run without faults.
fn points(script: Script) -> Vec<Point> {
    let (requests, _) = play(script, &Guard::unhindering());
    let ordinals = |(kind, count): (String, usize)| (1..=count).map(move |ordinal| (kind.clone(), ordinal));
    let requests = requests.into_iter().flat_map(ordinals);
    requests
        .flat_map(|(kind, ordinal)| [Side::Before, Side::After].map(|side| Point::new(&kind, ordinal, side)))
        .collect()
}

fn everything(class: Class) -> Script {
    Script {
        class,
        rows: 3,
        page: true,
    }
}

#[test]
#[ignore = "takes a quarter of an hour: tools/crash"]
fn many_files_stand_once_wherever_the_operator_dies() {
    die_everywhere(everything(Class::NaturalKey));
}

#[test]
#[ignore = "takes a quarter of an hour: tools/crash"]
fn a_receiver_that_remembers_acts_once_on_each_of_many_wherever_the_operator_dies() {
    die_everywhere(everything(Class::IdempotencyKey));
}

#[test]
#[ignore = "takes a quarter of an hour: tools/crash"]
fn a_receiver_that_forgets_acts_at_most_once_on_each_of_many_wherever_the_operator_dies() {
    die_everywhere(everything(Class::Neither));
}

/// Dies at each point of a scene, each in a run of its own.
fn die_everywhere(script: Script) {
    let waiting: VecDeque<(Point, usize)> = points(script).into_iter().map(|point| (point, 1)).collect();
    let count = waiting.len();
    let (waiting, failures, missed) = (Mutex::new(waiting), Mutex::default(), Mutex::default());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let next = || lock(&waiting).pop_front();
                while let Some((point, run)) = next() {
                    match catch_unwind(AssertUnwindSafe(|| dies_at(script, &point))) {
                        Ok(true) => {}
                        Ok(false) if run < RUNS => lock(&waiting).push_back((point, run + 1)),
                        Ok(false) => lock::<Vec<Point>>(&missed).push(point),
                        Err(_) => lock::<Vec<String>>(&failures).push(point.to_string()),
                    }
                }
            });
        }
    });
    let (failures, missed) = (lock(&failures), lock(&missed));
    println!("{script:?}: died at {} of {count} points", count - missed.len());
    assert!(failures.is_empty(), "went wrong after dying at {failures:#?}");
    // How often counts are written and one read serves several assets differs from run to run.
    let varies = |point: &Point| point.kind.starts_with("GET") || point.kind == "PATCH campaigns/status";
    println!("did not come up again: {missed:?}");
    assert!(missed.iter().all(varies), "never came up again: {missed:#?}");
}

/// Plays a scene whose first process dies at a point; false where that point did not come up.
fn dies_at(script: Script, point: &Point) -> bool {
    play(script, &Guard::with([(point.clone(), Order::StopTheWorld)])).1
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn row(class: Class) -> Script {
    Script {
        class,
        rows: 1,
        page: false,
    }
}

#[test]
fn a_file_stands_once_wherever_the_operator_dies() {
    die_everywhere(row(Class::NaturalKey));
}

#[test]
fn a_receiver_that_remembers_acts_once_wherever_the_operator_dies() {
    die_everywhere(row(Class::IdempotencyKey));
}

#[test]
fn a_receiver_that_forgets_acts_at_most_once_wherever_the_operator_dies() {
    die_everywhere(row(Class::Neither));
}

#[test]
fn a_page_that_is_edited_stands_once_in_its_newest_version_wherever_the_operator_dies() {
    die_everywhere(Script {
        class: Class::NaturalKey,
        rows: 0,
        page: true,
    });
}

#[test]
fn an_asset_that_is_looked_at_while_it_is_written_is_looked_at_again() {
    let scene = Scene::set(row(Class::NaturalKey));
    let made = Point::new("PATCH assets/status", 1, Side::After);
    let process = Process::start(&scene.options(), Guard::with([(made, Order::Hold)]));
    process.guard.wait_until_held();
    let looks = process.reconciled("asset");
    scene.touch_assets();
    eventually("somebody looks at it", || process.reconciled("asset") > looks);
    process.guard.let_go();
    until_rest(
        &scene,
        process,
        || scene.rests(0),
        Duration::ZERO,
        &mut BTreeSet::new(),
    )
    .kill();
    scene.assert_each_slot_once(&BTreeSet::new());
}
