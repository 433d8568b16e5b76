//! The store of the API server travels back in time, as after a restored backup.

use campanile::{
    api::{AssetPhase, Campaign, ReceiptPhase},
    config::OperatorOptions,
};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use serde_json::json;

use super::{
    crash_process::{Guard, Order, Point, Process, Side},
    crash_scene::{Class, DRIVER, Scene, eventually},
    faults::{apart, posts},
    support::control_plane::ControlPlane,
};

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

#[test]
fn what_was_lost_in_a_restore_is_adopted_and_stands_once() {
    let (_plane, scene, process) = restored(Class::NaturalKey);
    let is = |phase, reason| {
        let asset = scene.assets().into_iter().next();
        let status = asset.and_then(|asset| asset.status).unwrap_or_default();
        (status.phase == Some(phase) && status.reason.as_deref() == Some(reason)).then_some(status)
    };
    eventually("it was looked for", || {
        process.guard.count(|kind| kind == "resolve") > 0
            && is(AssetPhase::Unknown, "HeldAfterRestore").is_some()
    });
    let said = is(AssetPhase::Unknown, "HeldAfterRestore").and_then(|status| status.message);
    let receipt = scene.standing().into_iter().next().expect("it is held").0;
    let said = said.expect("it says why");
    assert!(said.contains(&format!("adopt {receipt} --remote-id")), "{said}");

    let reason = ["--remote-id", "en/post-1.json", "--reason", "found in the folder"];
    scene.campanile(&[&["receipts", "adopt", receipt.as_str()], &reason[..]].concat());
    eventually("it is adopted", || is(AssetPhase::Posted, "Adopted").is_some());
    scene.assert_that_nothing_is_planned(&process);
    assert_eq!(scene.effects().len(), 1);
    assert_eq!(process.guard.count(|kind| kind == "commit"), 0);
    process.kill();
}

/// Writes so often that what was seen by then is newer than anything that a restored store hands out soon.
fn many_writes(scene: &Scene) {
    let api = scene.api::<ConfigMap>();
    DRIVER.block_on(async {
        for number in 0..400 {
            let map = ConfigMap {
                metadata: ObjectMeta {
                    name: Some(format!("write-{number}")),
                    ..ObjectMeta::default()
                },
                ..ConfigMap::default()
            };
            api.create(&PostParams::default(), &map).await.expect("write");
        }
    });
}

#[test]
fn a_store_that_went_back_under_a_running_operator_closes_the_gate_until_it_is_told_when() {
    let (mut plane, mut scene) = apart(Class::Neither);
    scene.close_the_sink();
    let patch = Patch::Merge(json!({"spec": {"retry": {"limit": 10, "after": "1s"}}}));
    let campaigns = scene.api::<Campaign>();
    DRIVER
        .block_on(campaigns.patch("week1", &PatchParams::default(), &patch))
        .expect("change the Campaign");
    // Nobody listened, and it is about to be tried again.
    let second = Point::new("PUT receipts/status", 3, Side::Before);
    let process = Process::start(&scene.options(), Guard::with([(second, Order::Hold)]));
    process.guard.wait_until_held();
    let before = DRIVER.block_on(plane.checkpoint());
    many_writes(&scene);
    process.guard.let_go();
    process.guard.wait_for("commit", 2);
    DRIVER.block_on(plane.restore(&before));

    // The next try is the first write that tells how old the store is.
    scene.sink.open();
    eventually("the gate is closed", || {
        let asset = scene.assets().into_iter().next();
        asset.and_then(|asset| asset.status).is_some_and(|status| {
            status.reason.as_deref() == Some("StoreWentBack")
                && status
                    .message
                    .is_some_and(|message| message.contains("--restored-at"))
        })
    });
    assert_eq!(posts(&scene), 0, "nothing is sent");
    process.kill();

    let told = OperatorOptions {
        restored_at: Some(Timestamp::now()),
        ..scene.options()
    };
    let process = Process::start(&told, Guard::unhindering());
    eventually("it is held", || scene.rests(0));
    scene.assert_that_nothing_is_planned(&process);
    assert_eq!(
        scene.standing().first().map(|(_, phase)| *phase),
        Some(ReceiptPhase::Unknown)
    );
    assert_eq!(posts(&scene), 0, "nothing is sent");
    process.kill();
}
