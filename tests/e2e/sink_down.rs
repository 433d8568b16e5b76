//! A platform is down for an hour: what is sent then, what is said, and what happens when it is back.

use std::{collections::BTreeSet, sync::Arc};

use campanile::api::{Asset, AssetPhase, Campaign, ReceiptPhase, ReceiptStatus};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use super::{
    api_proxy::ApiProxy,
    crash_process::{Guard, Process},
    crash_scene::{Class, DRIVER, Scene, Script, eventually},
    sink::{Fault, answer},
    turned_clock::TurnedClock,
};

/// A campaign whose one row falls due when the clock starts, and whose platform does not answer.
struct Hour {
    scene: Scene,
    proxy: ApiProxy,
    clock: Arc<TurnedClock>,
    due: Timestamp,
}

impl Hour {
    /// `spec` is more of the Campaign's.
    fn begins(class: Class, spec: &Value) -> Self {
        let mut scene = Scene::set(Script {
            class,
            rows: 1,
            page: false,
        });
        scene.close_the_sink();
        let patch = Patch::Merge(json!({"spec": spec}));
        let (campaigns, parameters) = (scene.api::<Campaign>(), PatchParams::default());
        DRIVER
            .block_on(campaigns.patch("week1", &parameters, &patch))
            .expect("change the Campaign");
        let proxy = ApiProxy::before(&scene.cluster);
        let scene = scene.with_cluster(proxy.cluster());
        let due = (Timestamp::now() - 24.hours())
            .strftime("%FT09:00:00Z")
            .to_string();
        let due: Timestamp = due.parse().expect("a moment");
        let clock = TurnedClock::showing(due);
        proxy.set_ahead(clock.ahead());
        Self {
            scene,
            proxy,
            clock,
            due,
        }
    }

    fn operator(&self) -> Process {
        let clock = Arc::clone(&self.clock) as Arc<_>;
        Process::start_with_clock(&self.scene.options(), Guard::unhindering(), clock)
    }

    /// Turns the clocks to a moment, and has the assets looked at.
    fn turn_to(&self, moment: Timestamp) {
        self.clock.turn_to(moment);
        self.proxy.set_ahead(self.clock.ahead());
        self.scene.touch_assets();
    }

    fn an_hour_is_over(&self) -> bool {
        use campanile::controller::Clock as _;
        self.clock.now().duration_since(self.due) >= SignedDuration::from_hours(1)
    }

    fn receipt(&self) -> ReceiptStatus {
        let receipt = self.scene.receipts().into_iter().next();
        receipt.and_then(|receipt| receipt.status).unwrap_or_default()
    }

    fn asset(&self) -> (Option<AssetPhase>, String, String) {
        let asset: Option<Asset> = self.scene.assets().into_iter().next();
        let status = asset.and_then(|asset| asset.status).unwrap_or_default();
        (
            status.phase,
            status.reason.unwrap_or_default(),
            status.message.unwrap_or_default(),
        )
    }

    fn is(&self, phase: AssetPhase, reason: &str) -> bool {
        let (seen, said, _) = self.asset();
        seen == Some(phase) && said == reason
    }

    /// Each time the asset waits for its next try, the clock is turned to it, until the hour is over; answers how often it
    /// was tried.
    fn passes(&self, waits: impl Fn(&ReceiptStatus) -> bool) -> i64 {
        let mut tries = 0;
        while !self.an_hour_is_over() {
            eventually("it was tried again", || {
                let receipt = self.receipt();
                let number = receipt
                    .attempts
                    .last()
                    .map_or(0, |attempt| i64::from(attempt.number));
                number > tries && waits(&receipt)
            });
            tries += 1;
            let next = self.receipt().not_before.expect("it says when it is tried again");
            self.turn_to(next.0);
        }
        tries
    }
}

fn is_to_be_retried(receipt: &ReceiptStatus) -> bool {
    receipt.phase == ReceiptPhase::Claimed && receipt.reason.as_deref() == Some("RetryPending")
}

fn is_in_doubt(receipt: &ReceiptStatus) -> bool {
    let answered = receipt.attempts.iter().all(|attempt| attempt.class.is_some());
    receipt.phase == ReceiptPhase::Unknown && answered
}

#[test]
fn what_could_not_be_sent_twice_fails_by_name_and_nothing_is_sent_when_the_platform_is_back() {
    let hour = Hour::begins(Class::Neither, &json!({"retry": {"limit": 1, "after": "10m"}}));
    let process = hour.operator();
    eventually("it waits for its second try", || {
        hour.is(AssetPhase::Scheduled, "RetryPending")
    });
    let next = hour
        .receipt()
        .not_before
        .expect("it says when it is tried again")
        .0;
    let pause = next.duration_since(hour.due);
    let (least, most) = (SignedDuration::from_mins(10), SignedDuration::from_mins(13));
    assert!(least <= pause && pause <= most, "{pause:?}");
    hour.turn_to(next);
    eventually("it has failed", || hour.is(AssetPhase::Failed, "NotSent"));
    let (_, _, message) = hour.asset();
    assert!(
        message.contains("refused") || message.contains("connect"),
        "{message}"
    );
    assert_eq!(hour.receipt().phase, ReceiptPhase::Failed);

    hour.scene.sink.open();
    hour.turn_to(hour.due + SignedDuration::from_hours(1));
    hour.scene.assert_that_nothing_is_planned(&process);
    assert!(hour.scene.sink.requests().iter().all(|request| !request.whole));
    process.kill();
}

#[test]
fn what_may_be_retried_for_an_hour_is_published_once_when_the_platform_is_back() {
    let spec = json!({
        "retry": {"limit": 12, "after": "10m"}, "missed": {"policy": "PublishWithin", "within": "2h"},
    });
    let hour = Hour::begins(Class::Neither, &spec);
    let process = hour.operator();
    let tries = hour.passes(is_to_be_retried);
    assert_eq!(tries, 6, "every ten minutes");
    eventually("the seventh finds nobody either", || {
        hour.receipt()
            .attempts
            .last()
            .is_some_and(|attempt| attempt.number == 7)
            && is_to_be_retried(&hour.receipt())
    });
    hour.scene.sink.open();
    hour.turn_to(hour.receipt().not_before.expect("a next try").0);
    eventually("it is published", || hour.is(AssetPhase::Posted, "Published"));
    hour.scene.assert_each_slot_once(&BTreeSet::new());
    hour.scene.assert_that_nothing_is_planned(&process);
    assert_eq!(
        hour.receipt().attempts.last().map(|attempt| attempt.number),
        Some(8)
    );
    process.kill();
}

#[test]
fn what_comes_too_late_is_missed_by_name() {
    let spec = json!({
        "retry": {"limit": 12, "after": "10m"}, "missed": {"policy": "PublishWithin", "within": "30m"},
    });
    let hour = Hour::begins(Class::Neither, &spec);
    let process = hour.operator();
    eventually("it waits for its second try", || {
        hour.is(AssetPhase::Scheduled, "RetryPending")
    });
    hour.scene.sink.open();
    hour.turn_to(hour.due + SignedDuration::from_hours(1));
    eventually("it is missed", || {
        hour.is(AssetPhase::Missed, "NotPublishedInTime")
    });
    let (_, _, message) = hour.asset();
    assert!(message.contains("Give it a new date"), "{message}");
    hour.scene.assert_that_nothing_is_planned(&process);
    assert!(hour.scene.effects().is_empty());
    process.kill();
}

#[test]
fn an_hour_of_server_errors_is_one_doubt_and_ends_under_the_first_key() {
    let hour = Hour::begins(
        Class::IdempotencyKey,
        &json!({"retry": {"limit": 1, "after": "10m"}}),
    );
    let down = Fault::Say(answer(503, &[], "down"));
    hour.scene.sink.script(std::iter::repeat_n(down, 3));
    hour.scene.sink.open();
    let process = hour.operator();
    // After 10 and 20 minutes, and then 40.
    assert_eq!(hour.passes(is_in_doubt), 3);
    eventually("it is published", || hour.is(AssetPhase::Posted, "Published"));
    hour.scene.assert_each_slot_once(&BTreeSet::new());
    hour.scene.assert_that_nothing_is_planned(&process);
    let requests = hour.scene.sink.requests();
    let keys: BTreeSet<_> = requests
        .iter()
        .filter_map(|request| request.headers.get("webhook-id"))
        .collect();
    assert_eq!(keys.len(), 1, "{requests:?}");
    process.kill();
}
