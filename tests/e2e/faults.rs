//! What stands around the operator fails: a reply is lost, a sink is down, the API server goes away, its store travels back.

use std::collections::BTreeSet;

use campanile::{api::ReceiptPhase, config::OperatorOptions};
use jiff::Timestamp;

use super::{
    crash_process::{Guard, Order, Point, Process, Side},
    crash_scene::{Class, Cluster, DRIVER, Scene, Script, eventually},
    sink::Fault,
    support::control_plane::{Content, ControlPlane},
};

fn one_row(class: Class) -> Script {
    Script {
        class,
        rows: 1,
        page: false,
    }
}

/// How many requests asked for something: a look whether somebody listens asks for nothing.
fn posts(scene: &Scene) -> usize {
    let requests = scene.sink.requests();
    requests
        .iter()
        .filter(|request| request.line.starts_with("POST"))
        .count()
}

/// A scene on a control plane of its own.
fn apart(class: Class) -> (ControlPlane, Scene) {
    let (plane, cluster, namespace) = DRIVER.block_on(async {
        let plane = ControlPlane::start(Content::Definitions).await;
        let cluster = Cluster::of(&plane).await;
        let namespace = plane.namespace("faults").await;
        (plane, cluster, namespace)
    });
    let scene = Scene::set_in(cluster, namespace, one_row(class));
    (plane, scene)
}

#[test]
fn a_request_whose_reply_is_lost_is_made_once() {
    let scene = Scene::set(one_row(Class::Neither));
    let leaves = Point::new("commit", 1, Side::Before);
    let process = Process::start(&scene.options(), Guard::with([(leaves, Order::Hold)]));
    process.guard.wait_until_held();
    scene.sink.lose_reply_of(1);
    process.guard.let_go();
    eventually("nobody knows", || scene.rests(0));
    scene.assert_that_nothing_is_planned(&process);
    assert_eq!(
        scene.standing().first().map(|(_, phase)| *phase),
        Some(ReceiptPhase::Unknown)
    );
    assert_eq!(posts(&scene), 1, "nothing below us repeats a request");
    process.kill();
}

#[test]
fn a_sink_that_is_down_gets_each_key_once_when_it_is_back() {
    let scene = Scene::set(one_row(Class::IdempotencyKey));
    let leaves = Point::new("commit", 1, Side::Before);
    let process = Process::start(&scene.options(), Guard::with([(leaves, Order::Hold)]));
    process.guard.wait_until_held();
    scene.sink.script([Fault::ResetRequest, Fault::LoseReply]);
    process.guard.let_go();
    eventually("it is published", || scene.rests(0));
    scene.assert_that_nothing_is_planned(&process);
    scene.assert_each_slot_once(&BTreeSet::new());
    assert_eq!(posts(&scene), 3, "each attempt is one request");
    process.kill();
}

#[test]
fn an_answer_is_recorded_although_the_api_server_was_away() {
    let (mut plane, scene) = apart(Class::Neither);
    let answered = Point::new("commit", 1, Side::After);
    let process = Process::start(&scene.options(), Guard::with([(answered, Order::Hold)]));
    process.guard.wait_until_held();
    DRIVER.block_on(plane.restart_api_server());
    process.guard.let_go();
    eventually("the answer is recorded", || scene.rests(0));
    scene.assert_each_slot_once(&BTreeSet::new());
    scene.assert_that_nothing_is_planned(&process);
    assert_eq!(posts(&scene), 1);
    process.kill();
}

/// Publishes, and restores the store to the moment before; the operator is told of it.
fn restored(class: Class) -> (ControlPlane, Scene, Process) {
    let (mut plane, scene) = apart(class);
    let before = DRIVER.block_on(plane.checkpoint());
    let process = Process::start(&scene.options(), Guard::unhindering());
    eventually("it is published", || scene.rests(0));
    process.kill();
    DRIVER.block_on(plane.restore(&before));
    let told = OperatorOptions {
        restored_at: Some(Timestamp::now()),
        ..scene.options()
    };
    let process = Process::start(&told, Guard::unhindering());
    (plane, scene, process)
}

#[test]
fn what_was_lost_in_a_restore_is_looked_up_where_the_platform_can_be_asked() {
    let (_plane, scene, process) = restored(Class::NaturalKey);
    eventually("it is looked for", || {
        process.guard.count(|kind| kind == "resolve") > 0
    });
    assert_eq!(scene.effects().len(), 1);
    assert_eq!(
        process.guard.count(|kind| kind == "commit"),
        0,
        "{:#?}",
        process.guard.log()
    );
    process.kill();
}

#[test]
fn what_was_lost_in_a_restore_waits_for_a_person_where_nobody_can_be_asked() {
    let (_plane, scene, process) = restored(Class::Neither);
    eventually("it is held", || scene.rests(0));
    scene.assert_that_nothing_is_planned(&process);
    assert_eq!(
        scene.standing().first().map(|(_, phase)| *phase),
        Some(ReceiptPhase::Unknown)
    );
    assert_eq!(posts(&scene), 1, "nothing is sent twice");
    process.kill();
}
