//! Two operators at once: what keeps a slot to one effect when the lease does not.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use campanile::{
    api::{AttemptClass, Receipt, ReceiptPhase},
    config::OperatorOptions,
};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::{
    crash_process::{Guard, Order, Point, Process, Side},
    crash_scene::{Class, DRIVER, Scene, Script, eventually, phase, within},
};

/// Longer than the pause before a resend.
const ITS_TIME: Duration = Duration::from_secs(40);
const WRITES: &str = "PUT receipts/status";

fn one_row(class: Class) -> Scene {
    Scene::set(Script {
        class,
        rows: 1,
        page: false,
    })
}

fn held_at(kind: &str, side: Side) -> Arc<Guard> {
    Guard::with([(Point::new(kind, 1, side), Order::Hold)])
}

/// The flags of another replica.
fn other(scene: &Scene) -> OperatorOptions {
    let options = scene.options();
    OperatorOptions {
        pod_name: Some("other".to_owned()),
        cache: options.cache.map(|cache| cache.with_extension("other")),
        ..options
    }
}

fn only_receipt(scene: &Scene) -> Option<Receipt> {
    scene.receipts().into_iter().next()
}

fn is(scene: &Scene, wanted: ReceiptPhase) -> bool {
    only_receipt(scene).is_some_and(|receipt| phase(&receipt) == wanted)
}

fn classes(scene: &Scene) -> Vec<Option<AttemptClass>> {
    let status = only_receipt(scene).and_then(|receipt| receipt.status);
    let attempts = status.map(|status| status.attempts).unwrap_or_default();
    attempts.iter().map(|attempt| attempt.class).collect()
}

fn given_up(classes: &[Option<AttemptClass>]) -> bool {
    !classes.is_empty()
        && classes
            .iter()
            .all(|class| *class == Some(AttemptClass::Abandoned))
}

/// One sender is held at its first request of a kind while another process finds its intent, and let go once the other has
/// done what it may.
fn a_sender_is_held(class: Class, kind: &str, side: Side, other_may: impl Fn(&Scene, &Process) -> bool) {
    let scene = one_row(class);
    let held = Process::start(&scene.options(), held_at(kind, side));
    held.guard.wait_until_held();
    let awake = Process::start(&other(&scene), Guard::unhindering());
    assert!(
        within(ITS_TIME, || other_may(&scene, &awake)),
        "the other did not do what it may: {} {:#?}",
        scene.described(),
        awake.guard.log()
    );
    held.guard.let_go();
    let decided = || {
        classes(&scene)
            .iter()
            .all(|class| !matches!(class, None | Some(AttemptClass::Unknown)))
    };
    eventually("every attempt has its outcome", decided);
    eventually("both rest", || {
        scene.rests(0) && is(&scene, ReceiptPhase::Published)
    });
    held.guard.wait_for(WRITES, 2);
    scene.assert_that_nothing_is_planned(&awake);
    scene.assert_each_slot_once(&BTreeSet::new());
    held.kill();
    awake.kill();
}

fn doubts(scene: &Scene, _: &Process) -> bool {
    is(scene, ReceiptPhase::Unknown)
}

fn has_sent(scene: &Scene, process: &Process) -> bool {
    process.guard.count(|kind| kind == "commit") == 1 && is(scene, ReceiptPhase::Published)
}

fn lease_of_another(scene: &Scene) {
    let lease = json!({"spec": {"holderIdentity": "somebody-else", "leaseTransitions": 7, "leaseDurationSeconds": 1}});
    let api = scene.api::<Lease>();
    let (parameters, patch) = (PatchParams::default(), Patch::Merge(&lease));
    let patched = api.patch("campanile-operator", &parameters, &patch);
    DRIVER.block_on(patched).expect("take the lease away");
}

#[test]
fn a_sender_whose_lease_is_taken_away_gives_up_and_ends_and_the_next_leader_sends_once() {
    let scene = one_row(Class::Neither);
    let electing = OperatorOptions {
        leader_elect: true,
        ..scene.options()
    };
    let loser = Process::start(&electing, held_at(WRITES, Side::After));
    loser.guard.wait_until_held();
    lease_of_another(&scene);
    loser.guard.let_go();
    eventually("the attempt is given up", || given_up(&classes(&scene)));
    eventually("who lost the lease ends", || loser.has_ended());
    assert!(
        given_up(&classes(&scene)) && is(&scene, ReceiptPhase::Claimed),
        "{}",
        scene.described()
    );
    assert_eq!(scene.effects().len(), 0, "nothing was sent");
    loser.kill();

    let electing = OperatorOptions {
        leader_elect: true,
        ..other(&scene)
    };
    let winner = Process::start(&electing, Guard::unhindering());
    eventually("the next leader sends", || scene.rests(0));
    scene.assert_each_slot_once(&BTreeSet::new());
    winner.kill();
}

#[test]
fn a_second_replica_waits_while_the_first_lives() {
    let scene = one_row(Class::Neither);
    let electing = |options: OperatorOptions| OperatorOptions {
        leader_elect: true,
        ..options
    };
    let leader = Process::start(&electing(scene.options()), Guard::unhindering());
    eventually("the leader has published", || scene.rests(0));
    let standby = Process::start(&electing(other(&scene)), Guard::unhindering());
    standby.guard.wait_for("GET leases", 3);
    assert_eq!(
        standby.guard.count(|kind| !kind.starts_with("GET")),
        0,
        "{:#?}",
        standby.guard.log()
    );
    leader.kill();
    standby.kill();
}

#[test]
fn an_attempt_in_doubt_before_its_last_look_is_given_up_and_the_slot_published_once() {
    a_sender_is_held(Class::Neither, WRITES, Side::After, doubts);
}

#[test]
fn a_key_in_doubt_before_its_last_look_is_given_up_and_acted_on_once() {
    a_sender_is_held(Class::IdempotencyKey, WRITES, Side::After, has_sent);
}

#[test]
fn an_answer_in_hand_ends_the_doubt_of_another() {
    a_sender_is_held(Class::Neither, "commit", Side::After, doubts);
}

#[test]
fn a_key_is_acted_on_once_where_both_senders_have_an_answer() {
    a_sender_is_held(Class::IdempotencyKey, "commit", Side::After, has_sent);
}

#[test]
fn a_file_stands_once_where_both_senders_have_an_answer() {
    a_sender_is_held(Class::NaturalKey, "commit", Side::After, |scene, _| {
        is(scene, ReceiptPhase::Published)
    });
}

#[test]
fn a_request_that_leaves_late_is_sent_once_by_whoever_may() {
    a_sender_is_held(Class::Neither, "commit", Side::Before, doubts);
}

#[test]
fn a_key_that_leaves_late_is_acted_on_once() {
    a_sender_is_held(Class::IdempotencyKey, "commit", Side::Before, has_sent);
}

#[test]
fn a_file_that_is_written_late_stands_once() {
    a_sender_is_held(Class::NaturalKey, "commit", Side::Before, has_sent);
}

/// Both are awake, and nothing but the version of each receipt stands between them.
fn both_awake(class: Class) {
    let scene = Scene::set(Script {
        class,
        rows: 8,
        page: true,
    });
    // Long enough that each finds the intents of the other.
    scene.receiver.take(Duration::from_millis(300));
    let first = Process::start(&scene.options(), Guard::unhindering());
    let second = Process::start(&other(&scene), Guard::unhindering());
    let published = || {
        scene
            .standing()
            .iter()
            .all(|(_, phase)| *phase == ReceiptPhase::Published)
    };
    eventually("everything is published", || scene.rests(1) && published());
    scene.write_page("The second version.");
    scene.ask("the page was edited");
    eventually("the page is replaced", || scene.rests(2) && published());
    scene.assert_each_slot_once(&BTreeSet::new());
    first.kill();
    second.kill();
}

#[test]
fn two_that_are_awake_make_one_request_for_each_slot() {
    both_awake(Class::Neither);
}

#[test]
fn two_that_are_awake_have_each_key_acted_on_once() {
    both_awake(Class::IdempotencyKey);
}

#[test]
fn two_that_are_awake_write_each_file_once() {
    both_awake(Class::NaturalKey);
}
