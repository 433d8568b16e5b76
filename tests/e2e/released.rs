//! A reply is lost where nobody can be asked: a person opens the slot again, and it is published once more, no sooner.

use std::sync::Arc;

use campanile::{
    api::{AssetPhase, ReceiptPhase},
    controller::Clock as _,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    api_proxy::ApiProxy,
    crash_process::{Guard, Process},
    crash_scene::{Class, Scene, Script, eventually},
    sink::Received,
    turned_clock::TurnedClock,
};

/// The requests that asked for something.
fn requests(scene: &Scene) -> Vec<Received> {
    let requests = scene.sink.requests().into_iter();
    requests.filter(|request| request.whole).collect()
}

fn asset_is(scene: &Scene, phase: AssetPhase, reason: &str) -> bool {
    let asset = scene.assets().into_iter().next();
    let status = asset.and_then(|asset| asset.status).unwrap_or_default();
    status.phase == Some(phase) && status.reason.as_deref() == Some(reason)
}

#[test]
fn what_nobody_knows_is_published_again_only_after_a_person_released_it_and_every_sender_is_gone() {
    let scene = Scene::set(Script {
        class: Class::Neither,
        rows: 1,
        page: false,
    });
    let proxy = ApiProxy::before(&scene.cluster);
    let scene = scene.with_cluster(proxy.cluster());
    let clock = TurnedClock::showing(Timestamp::now());
    let turn_on = |time: SignedDuration| {
        clock.turn_to(clock.now() + time);
        proxy.set_ahead(clock.ahead());
        scene.touch_assets();
    };
    scene.sink.lose_reply_of(1);
    let process = Process::start_with_clock(
        &scene.options(),
        Guard::unhindering(),
        Arc::clone(&clock) as Arc<_>,
    );
    eventually("nobody knows", || {
        scene.rests(0) && asset_is(&scene, AssetPhase::Unknown, "MayBeLive")
    });
    turn_on(SignedDuration::from_hours(2));
    scene.assert_that_nothing_is_planned(&process);
    assert_eq!(requests(&scene).len(), 1, "time alone resends nothing");

    let receipt = scene.standing().remove(0).0;
    let why = ["--approve", "--reason", "it is not on the account"];
    let said = scene.campanile(&[&["receipts", "release", receipt.as_str()], &why[..]].concat());
    assert!(said.contains(&receipt), "{said}");
    // This process has known the attempt for longer than any sender can be alive.
    eventually("it is published", || {
        asset_is(&scene, AssetPhase::Posted, "Published")
    });
    scene.assert_that_nothing_is_planned(&process);
    assert_eq!(scene.standing(), [(receipt, ReceiptPhase::Published)]);
    let sent = requests(&scene);
    let [lost, again] = sent.as_slice() else {
        panic!("{sent:?}")
    };
    let key = |request: &Received| request.headers["webhook-id"].clone();
    assert_ne!(key(lost), key(again), "another epoch is another publication");
    process.kill();
}

#[test]
fn a_release_waits_until_no_earlier_sender_can_be_alive() {
    let scene = Scene::set(Script {
        class: Class::Neither,
        rows: 1,
        page: false,
    });
    let proxy = ApiProxy::before(&scene.cluster);
    let scene = scene.with_cluster(proxy.cluster());
    let clock = TurnedClock::showing(Timestamp::now());
    scene.sink.lose_reply_of(1);
    let process = Process::start_with_clock(
        &scene.options(),
        Guard::unhindering(),
        Arc::clone(&clock) as Arc<_>,
    );
    eventually("nobody knows", || scene.rests(0));
    let receipt = scene.standing().remove(0).0;
    let why = ["--approve", "--reason", "it is not on the account"];
    scene.campanile(&[&["receipts", "release", receipt.as_str()], &why[..]].concat());
    eventually("the release waits", || {
        asset_is(&scene, AssetPhase::Unknown, "ReleasePending")
    });
    for _ in 0..2 {
        clock.turn_to(clock.now() + SignedDuration::from_mins(5));
        proxy.set_ahead(clock.ahead());
        scene.assert_that_nothing_is_planned(&process);
        assert!(asset_is(&scene, AssetPhase::Unknown, "ReleasePending"));
    }
    assert_eq!(requests(&scene).len(), 1);
    // Lease, send time-out, and the longest delay.
    clock.turn_to(clock.now() + SignedDuration::from_mins(6));
    proxy.set_ahead(clock.ahead());
    scene.touch_assets();
    eventually("it is published", || {
        asset_is(&scene, AssetPhase::Posted, "Published")
    });
    assert_eq!(requests(&scene).len(), 2);
    process.kill();
}
