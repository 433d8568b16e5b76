//! The API server refuses single writes of the operator: each is made once, and everything converges.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::StatusCode;

use super::{
    api_proxy::ApiProxy,
    crash_process::{Guard, Process},
    crash_scene::{Class, Scene, Script, eventually, within},
};

/// How long a write that ought to come is waited for when everything rests.
const STRAGGLERS: Duration = Duration::from_secs(5);
/// How often a write that did not come up is waited for in a new run: counts of a campaign differ from run to run.
const RUNS: usize = 4;

fn one_row(class: Class) -> Script {
    Script {
        class,
        rows: 1,
        page: false,
    }
}

/// A scene whose operators go through a proxy.
fn behind_a_proxy(script: Script) -> (Scene, ApiProxy) {
    let scene = Scene::set(script);
    let proxy = ApiProxy::before(&scene.cluster);
    let scene = scene.with_cluster(proxy.cluster());
    (scene, proxy)
}

/// How many writes of each kind arrived.
fn arrived(proxy: &ApiProxy) -> BTreeMap<String, usize> {
    let mut arrived = BTreeMap::new();
    for write in proxy.writes() {
        *arrived.entry(write.kind).or_default() += 1;
    }
    arrived
}

/// How many writes of each kind the operator asked for.
fn asked(process: &Process) -> BTreeMap<String, usize> {
    let mut asked = process.guard.answered();
    asked.retain(|kind, _| kind.contains(' ') && !kind.starts_with("GET"));
    asked
}

/// Plays a scene in which one write is refused; false where that write did not come up.
fn converges(class: Class, kind: &str, ordinal: usize) -> bool {
    let (scene, proxy) = behind_a_proxy(one_row(class));
    proxy.refuse(kind, ordinal, StatusCode::CONFLICT);
    let process = Process::start(&scene.options(), Guard::unhindering());
    eventually("it rests", || scene.rests(0));
    let refused = within(STRAGGLERS, || proxy.refused() == 1);
    scene.assert_that_nothing_is_planned(&process);
    scene.assert_each_slot_once(&BTreeSet::new());
    process.kill();
    refused
}

/// Every write of a run without faults.
fn writes(class: Class) -> BTreeMap<String, usize> {
    let (scene, proxy) = behind_a_proxy(one_row(class));
    let process = Process::start(&scene.options(), Guard::unhindering());
    eventually("it rests", || scene.rests(0));
    scene.assert_that_nothing_is_planned(&process);
    process.kill();
    arrived(&proxy)
}

fn converges_wherever_a_write_conflicts(class: Class) {
    let writes = writes(class);
    assert!(writes.contains_key("POST receipts"), "{writes:?}");
    assert_eq!(
        writes.get("PUT receipts/status"),
        Some(&2),
        "intent and outcome: {writes:?}"
    );
    std::thread::scope(|scope| {
        let runs: Vec<_> = writes
            .iter()
            .flat_map(|(kind, count)| (1..=*count).map(move |ordinal| (kind, ordinal)))
            .map(|(kind, ordinal)| {
                let run = scope.spawn(move || (0..RUNS).any(|_| converges(class, kind, ordinal)));
                (kind, ordinal, run)
            })
            .collect();
        for (kind, ordinal, run) in runs {
            let came_up = run
                .join()
                .unwrap_or_else(|_| panic!("went wrong after a conflict at {kind} #{ordinal}"));
            assert!(
                came_up || kind == "PATCH campaigns/status",
                "{kind} #{ordinal} never came up again"
            );
        }
    });
}

#[test]
fn a_post_goes_out_once_whichever_write_conflicts() {
    converges_wherever_a_write_conflicts(Class::Neither);
}

#[test]
fn a_file_stands_once_whichever_write_conflicts() {
    converges_wherever_a_write_conflicts(Class::NaturalKey);
}

/// Each kind of write is refused the first time; what arrives is what was asked for, so nothing below repeats it.
fn each_write_is_sent_once(status: StatusCode) {
    let (scene, proxy) = behind_a_proxy(one_row(Class::IdempotencyKey));
    for kind in [
        "PATCH assets",
        "POST assets",
        "PATCH assets/status",
        "PATCH campaigns/status",
        "PATCH channelconfigs/status",
        "POST configmaps",
        "PUT configmaps",
        "POST events",
        "POST receipts",
        "PUT receipts/status",
    ] {
        proxy.refuse(kind, 1, status);
    }
    let process = Process::start(&scene.options(), Guard::unhindering());
    eventually("it rests", || scene.rests(0));
    scene.assert_that_nothing_is_planned(&process);
    within(STRAGGLERS, || asked(&process) == arrived(&proxy));
    assert_eq!(
        asked(&process),
        arrived(&proxy),
        "{status}: asked for and arrived"
    );
    assert!(proxy.refused() >= 6, "{:#?}", proxy.writes());
    scene.assert_each_slot_once(&BTreeSet::new());
    process.kill();
}

#[test]
fn a_write_that_is_answered_with_an_error_is_not_repeated_below_us() {
    std::thread::scope(|scope| {
        for status in [429, 500, 503, 504] {
            let status = StatusCode::from_u16(status).expect("a status");
            scope.spawn(move || each_write_is_sent_once(status));
        }
    });
}
