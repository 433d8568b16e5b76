//! What stands around the operator fails: a reply is lost, a sink is down, the API server goes away.

use std::collections::BTreeSet;

use campanile::api::ReceiptPhase;

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
pub(crate) fn posts(scene: &Scene) -> usize {
    let requests = scene.sink.requests();
    requests
        .iter()
        .filter(|request| request.line.starts_with("POST"))
        .count()
}

/// A scene on a control plane of its own.
pub(crate) fn apart(class: Class) -> (ControlPlane, Scene) {
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
