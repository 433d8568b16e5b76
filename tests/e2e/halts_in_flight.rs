//! A Halt that comes while something is being sent: before the last look it prevents the send, after it lists it.

use std::sync::Arc;

use campanile::api::{AttemptClass, Halt, InFlightOutcome, ReceiptPhase};
use kube::api::{DeleteParams, PostParams};
use serde_json::json;

use super::{
    crash_process::{Guard, Order, Point, Process, Side},
    crash_scene::{Class, DRIVER, Scene, Script, eventually, phase},
};

fn one_row() -> Scene {
    Scene::set(Script {
        class: Class::Neither,
        rows: 1,
        page: false,
    })
}

fn held_at(kind: &str, side: Side) -> Arc<Guard> {
    Guard::with([(Point::new(kind, 1, side), Order::Hold)])
}

/// Makes a Halt; when this returns the API server has acknowledged it.
fn halt(scene: &Scene) {
    let halt: Halt = serde_json::from_value(json!({
        "apiVersion": "campanile.dev/v1alpha1", "kind": "Halt", "metadata": {"name": "stop"},
        "spec": {
            "selector": {"platforms": ["linkedin"]}, "reason": "Press inquiry, hold all posts.", "owner": "maya",
            "resume": {"policy": "PublishWithin", "within": "240h"},
        },
    }))
    .expect("a Halt");
    let created = DRIVER.block_on(scene.api::<Halt>().create(&PostParams::default(), &halt));
    created.expect("make a Halt");
}

fn in_flight(scene: &Scene) -> Vec<InFlightOutcome> {
    let halt = DRIVER
        .block_on(scene.api::<Halt>().get("stop"))
        .expect("read the Halt");
    let status = halt.status.unwrap_or_default();
    status.in_flight.iter().map(|send| send.outcome).collect()
}

fn asset_reason(scene: &Scene) -> Option<String> {
    scene.assets().into_iter().next()?.status?.reason
}

fn classes(scene: &Scene) -> Vec<Option<AttemptClass>> {
    let receipts = scene.receipts().into_iter();
    let attempts = receipts.flat_map(|receipt| receipt.status.unwrap_or_default().attempts);
    attempts.map(|attempt| attempt.class).collect()
}

#[test]
fn a_halt_that_was_acknowledged_before_the_last_look_prevents_the_send() {
    let scene = one_row();
    // The intent stands, and its answer has not reached the sender: its last look has not begun.
    let sender = Process::start(&scene.options(), held_at("PUT receipts/status", Side::After));
    sender.guard.wait_until_held();
    assert_eq!(scene.receipts().first().map(phase), Some(ReceiptPhase::Sending));
    halt(&scene);
    sender.guard.let_go();
    eventually("the asset says that it is halted", || {
        asset_reason(&scene).as_deref() == Some("Halted")
    });
    assert_eq!(
        classes(&scene),
        [Some(AttemptClass::Abandoned)],
        "{}",
        scene.described()
    );
    assert_eq!(scene.receipts().first().map(phase), Some(ReceiptPhase::Claimed));
    assert_eq!(scene.effects().len(), 0, "nothing was sent");
    assert_eq!(sender.guard.count(|kind| kind == "commit"), 0);
    eventually("the Halt lists nothing: the send was given up", || {
        in_flight(&scene).is_empty()
    });

    let deleted = DRIVER.block_on(scene.api::<Halt>().delete("stop", &DeleteParams::default()));
    drop(deleted.expect("delete the Halt"));
    eventually("it goes out when the Halt has gone", || scene.rests(0));
    assert_eq!(scene.effects().len(), 1);
    sender.kill();
}

#[test]
fn a_halt_that_comes_after_the_last_look_lists_the_send() {
    let scene = one_row();
    let sender = Process::start(&scene.options(), held_at("commit", Side::Before));
    sender.guard.wait_until_held();
    halt(&scene);
    eventually("the Halt lists what it could not stop", || {
        in_flight(&scene) == [InFlightOutcome::Sending]
    });
    sender.guard.let_go();
    eventually("and what became of it", || {
        in_flight(&scene) == [InFlightOutcome::Published]
    });
    assert_eq!(scene.effects().len(), 1);
    sender.kill();
}
