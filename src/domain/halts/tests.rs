//! What a Halt stops, what it says, and what becomes of an asset when it has gone.

use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::*;
use crate::{
    api::{
        AssetHold, AssetPhase, AttemptClass, GoDuration, HaltProbe, HaltSelector, InFlightOutcome,
        ReceiptStatus, ResumePolicy,
    },
    domain::{
        decide::LONGEST_DELAY,
        fixtures::{
            Story, WORDS, approval, due, minutes, no_answer, not_sent, page, post, published, rejected, said,
        },
        observed::Observed,
        receipt,
        slot::Slot,
    },
};

fn thing() -> Stoppable {
    Stoppable {
        campaigns: vec!["week1".to_owned(), "launch-2026".to_owned()],
        channels: vec!["x-company".to_owned(), "webhook".to_owned()],
        channel_types: vec!["webhook".to_owned()],
        platform: "Twitter".to_owned(),
        account: "r/Resumes".to_owned(),
        locale: "iw-IL".to_owned(),
        labels: vec![("team".to_owned(), "growth".to_owned())],
    }
}

fn matches(selector: &serde_json::Value) -> bool {
    let selector: HaltSelector = serde_json::from_value(selector.clone()).unwrap();
    Selector::new(&selector).matches(&thing())
}

#[test]
fn an_empty_selector_is_everything() {
    assert!(matches(&serde_json::json!({})));
    assert_eq!(Selector::new(&HaltSelector::default()).scope(), "everything");
}

#[test]
fn each_word_that_people_use_for_it_matches() {
    for selector in [
        serde_json::json!({"campaigns": ["Week1"]}),
        serde_json::json!({"campaigns": ["launch-2026"]}),
        serde_json::json!({"platforms": ["x"]}),
        serde_json::json!({"platforms": [" TWITTER "]}),
        serde_json::json!({"platforms": ["webhook"]}),
        serde_json::json!({"accounts": ["R/resumes"]}),
        serde_json::json!({"channels": ["x-company"]}),
        serde_json::json!({"channels": ["Webhook"]}),
        serde_json::json!({"channels": ["twitter"]}),
        serde_json::json!({"channels": ["x/r/resumes"]}),
        serde_json::json!({"locales": ["he"]}),
        serde_json::json!({"locales": ["en", "iw-IL"]}),
        serde_json::json!({"labels": {"team": "growth"}}),
        serde_json::json!({"labels": {"campanile.dev/campaign": "week1", "team": "growth"}}),
        serde_json::json!({"platforms": ["x"], "locales": ["he"], "campaigns": ["other", "week1"]}),
    ] {
        assert!(matches(&selector), "{selector}");
    }
}

#[test]
fn a_word_that_is_not_its_own_does_not_match() {
    for selector in [
        serde_json::json!({"campaigns": ["week2"]}),
        serde_json::json!({"platforms": ["linkedin"]}),
        serde_json::json!({"accounts": ["company"]}),
        serde_json::json!({"channels": ["x/company"]}),
        serde_json::json!({"channels": ["x-"]}),
        serde_json::json!({"locales": ["h"]}),
        serde_json::json!({"locales": ["he-US"]}),
        serde_json::json!({"labels": {"team": "growth", "tier": "one"}}),
        serde_json::json!({"platforms": ["x"], "locales": ["en"]}),
    ] {
        assert!(!matches(&selector), "{selector}");
    }
}

#[test]
fn a_scope_is_told_in_words_and_bounded() {
    let selector: HaltSelector =
        serde_json::from_value(serde_json::json!({"platforms": ["X"], "labels": {"team": "growth"}}))
            .unwrap();
    assert_eq!(
        Selector::new(&selector).scope(),
        "platforms x; labels team=growth"
    );
    let long = HaltSelector {
        accounts: vec!["a".repeat(128); 64],
        ..HaltSelector::default()
    };
    assert!(Selector::new(&long).scope().len() <= 500);
}

fn halt(policy: ResumePolicy) -> HaltFacts {
    HaltFacts {
        name: "stop-x".to_owned(),
        reason: "Press inquiry, hold all posts on X".to_owned(),
        owner: "maya".to_owned(),
        since: minutes(-60),
        until: None,
        resume: HaltResume {
            policy,
            within: Some(GoDuration::from_secs(7200)),
        },
        probe: None,
    }
}

fn under(halt: &HaltFacts) -> Observed {
    post().with(|observed| observed.halts.push(halt.clone()))
}

fn hold(policy: ResumePolicy, ended: Option<Timestamp>) -> AssetHold {
    AssetHold {
        halt: "stop-x".to_owned(),
        owner: "maya".to_owned(),
        policy,
        within: Some(GoDuration::from_secs(7200)),
        since: Time(minutes(-60)),
        ended_at: ended.map(Time),
    }
}

/// A post that a Halt held that is gone now.
fn after(policy: ResumePolicy, ended: Option<Timestamp>) -> Observed {
    post().with(|observed| observed.asset.hold = Some(hold(policy, ended)))
}

#[test]
fn a_halt_names_itself_its_owner_its_reason_and_what_opens_it() {
    let until = HaltFacts {
        until: Some(minutes(90)),
        ..halt(ResumePolicy::PublishWithin)
    };
    let two = under(&halt(ResumePolicy::Skip)).with(|observed| observed.halts.push(until.clone()));
    let lines = [
        said(&under(&halt(ResumePolicy::AskApproval)), due()),
        said(&under(&until), due()),
        said(&two, due()),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Halted Halted: Halt stop-x of maya stops it: Press inquiry, hold all posts on X. It ends when the Halt is deleted (campanile resume stop-x). What was due by then has to be approved anew.
    Halted Halted: Halt stop-x of maya stops it: Press inquiry, hold all posts on X. It ends at 2026-03-02T08:30:00Z, or when the Halt is deleted (campanile resume stop-x). What was due by then goes out at most 2h late. (next look 2026-03-02T08:30:00Z)
    Halted Halted: Halt stop-x of maya stops it: Press inquiry, hold all posts on X. It ends when the Halt is deleted (campanile resume stop-x). What was due by then is not sent. Another Halt stops it as well. (next look 2026-03-02T08:30:00Z)
    "#);
}

#[test]
fn a_halt_whose_time_has_come_stops_nothing() {
    let until = HaltFacts {
        until: Some(minutes(-10)),
        ..halt(ResumePolicy::AskApproval)
    };
    assert_eq!(until.stage(minutes(-11)), Stage::InForce);
    assert_eq!(until.stage(minutes(-10)), Stage::Ended);
    insta::assert_snapshot!(said(&under(&until), due()), @"Publishing Claiming: The slot is being claimed. [Claim]");
}

#[test]
fn a_halt_that_cannot_be_read_stops_everything() {
    let unreadable = HaltFacts::unreadable("stop-x", "unknown field", minutes(-1));
    assert_eq!(unreadable.stage(minutes(10_000)), Stage::InForce);
    assert!(said(&under(&unreadable), due()).contains("cannot be read, so it stops everything"));
}

#[test]
fn what_was_due_under_a_halt_that_has_ended_goes_on_as_the_halt_said() {
    let ended = Some(minutes(30));
    let lines = [
        said(&after(ResumePolicy::AskApproval, ended), minutes(31)),
        said(&after(ResumePolicy::AskApproval, ended), minutes(1000)),
        said(&after(ResumePolicy::Skip, ended), minutes(31)),
        said(&after(ResumePolicy::PublishWithin, ended), minutes(31)),
        said(&after(ResumePolicy::PublishWithin, ended), minutes(121)),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    AwaitingApproval HaltEnded: Halt stop-x of maya stood when it was due and has ended. Approve it anew, with an Approval or by a commit with the trailer Campanile-Approve: and its post id; or give it a new date. (next look 2026-03-02T22:00:00Z)
    Missed NotApprovedInTime: Halt stop-x of maya stood when it was due, and nobody approved it anew before its day ended.
    Skipped SkippedByHalt: It was due while Halt stop-x of maya stood, which wants such posts not to be sent. Give it a new date to publish it.
    Publishing Claiming: The slot is being claimed. [Claim]
    Missed NotPublishedInTime: It was due while Halt stop-x stood, which ended later than it allowed for. Give it a new date.
    "#);
}

#[test]
fn what_was_not_due_while_the_halt_stood_is_not_held_by_it() {
    for policy in [
        ResumePolicy::AskApproval,
        ResumePolicy::Skip,
        ResumePolicy::PublishWithin,
    ] {
        let observed = after(policy, Some(minutes(-1)));
        let plan = observed.plan(due());
        assert_eq!(plan.phase, AssetPhase::Publishing, "{policy:?}: {plan}");
        assert_eq!(next_hold(&observed, plan.phase, due()), None);
    }
}

#[test]
fn a_post_that_was_given_a_later_date_after_the_halt_is_free() {
    for policy in [
        ResumePolicy::AskApproval,
        ResumePolicy::Skip,
        ResumePolicy::PublishWithin,
    ] {
        let moved = after(policy, Some(minutes(30))).with(|observed| {
            observed.asset.publish_at = Some(minutes(60));
        });
        assert_eq!(
            moved.plan(minutes(60)).phase,
            AssetPhase::Publishing,
            "{policy:?}"
        );
    }
}

#[test]
fn an_approval_counts_after_the_halt_has_ended_and_not_before() {
    let approved = |instant| {
        after(ResumePolicy::AskApproval, Some(minutes(30))).with(|observed| {
            observed.asset.approval = Some(approval(&[WORDS], Some(instant)));
        })
    };
    assert_eq!(approved(minutes(29)).plan(minutes(40)).reason, "HaltEnded");
    assert_eq!(
        approved(minutes(35)).plan(minutes(40)).phase,
        AssetPhase::Publishing
    );
    let other = after(ResumePolicy::AskApproval, Some(minutes(30))).with(|observed| {
        observed.asset.approval = Some(approval(&[WORDS, "sha256:other"], Some(minutes(35))));
    });
    assert_eq!(
        other.plan(minutes(40)).reason,
        "HaltEnded",
        "other words were approved"
    );
}

#[test]
fn a_halt_that_was_deleted_while_nobody_looked_counts_as_ended_now() {
    let observed = after(ResumePolicy::Skip, None);
    assert_eq!(observed.plan(minutes(5)).reason, "SkippedByHalt");
    let hold = next_hold(&observed, AssetPhase::Skipped, minutes(5)).unwrap();
    assert_eq!(hold.ended_at, Some(Time(minutes(5))));
}

#[test]
fn a_halt_that_ran_out_while_nobody_looked_ended_when_it_said() {
    let until = HaltFacts {
        until: Some(minutes(-10)),
        ..halt(ResumePolicy::Skip)
    };
    let observed = after(ResumePolicy::Skip, None).with(|observed| observed.halts.push(until));
    assert_eq!(observed.plan(minutes(5)).phase, AssetPhase::Publishing);
}

#[test]
fn the_stricter_of_two_halts_says_what_follows() {
    let skip = HaltFacts {
        name: "stop-all".to_owned(),
        ..halt(ResumePolicy::Skip)
    };
    let both = under(&halt(ResumePolicy::PublishWithin)).with(|observed| observed.halts.push(skip));
    let hold = next_hold(&both, AssetPhase::Halted, due()).unwrap();
    assert_eq!(
        (hold.halt.as_str(), hold.policy),
        ("stop-all", ResumePolicy::Skip)
    );
}

#[test]
fn a_later_halt_does_not_free_what_an_earlier_one_holds() {
    let again = HaltFacts {
        name: "stop-again".to_owned(),
        ..halt(ResumePolicy::PublishWithin)
    };
    let observed = after(ResumePolicy::Skip, Some(minutes(30))).with(|observed| observed.halts.push(again));
    let hold = next_hold(&observed, AssetPhase::Halted, minutes(40)).unwrap();
    assert_eq!((hold.policy, hold.ended_at), (ResumePolicy::Skip, None));
}

#[test]
fn a_page_is_put_off_and_never_skipped_or_too_late() {
    let held = |policy| page().with(|observed| observed.asset.hold = Some(hold(policy, Some(minutes(30)))));
    assert_eq!(held(ResumePolicy::Skip).plan(minutes(40)).reason, "HaltEnded");
    assert_eq!(
        held(ResumePolicy::AskApproval).plan(minutes(99_999)).reason,
        "HaltEnded"
    );
    let phase = held(ResumePolicy::PublishWithin).plan(minutes(99_999)).phase;
    assert_eq!(phase, AssetPhase::Publishing);
}

#[test]
fn what_can_never_go_is_not_held_and_what_is_published_is_forgotten() {
    let observed = under(&halt(ResumePolicy::AskApproval));
    for phase in [
        AssetPhase::Posted,
        AssetPhase::Skipped,
        AssetPhase::Missed,
        AssetPhase::Invalid,
    ] {
        assert_eq!(next_hold(&observed, phase, due()), None, "{phase:?}");
    }
    for phase in [
        AssetPhase::Halted,
        AssetPhase::AwaitingApproval,
        AssetPhase::Blocked,
        AssetPhase::Unknown,
    ] {
        assert!(next_hold(&observed, phase, due()).is_some(), "{phase:?}");
    }
}

fn breaker(probe: Option<Probe>) -> HaltFacts {
    HaltFacts {
        owner: "breaker/consecutive-failures".to_owned(),
        until: Some(minutes(-30)),
        probe,
        ..halt(ResumePolicy::PublishWithin)
    }
}

fn probe(asset: &str, outcome: Option<ProbeOutcome>) -> Probe {
    Probe {
        asset: asset.to_owned(),
        outcome: outcome.map(|outcome| (outcome, minutes(-10))),
    }
}

#[test]
fn after_the_halt_of_a_breaker_one_asset_goes_and_then_the_rest() {
    let tried = |asset, outcome| under(&breaker(Some(probe(asset, outcome))));
    let ours = post().asset.name;
    let lines = [
        said(&under(&breaker(None)), due()),
        said(&tried("another", None), due()),
        said(&tried(&ours, None), due()),
        said(&tried("another", Some(ProbeOutcome::Passed)), due()),
        said(&tried("another", Some(ProbeOutcome::Failed)), due()),
        said(&tried(&ours, Some(ProbeOutcome::Failed)), minutes(21)),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Halted HalfOpen: Halt stop-x of breaker/consecutive-failures has run out. One asset is tried first; the rest follows when it is published.
    Halted HalfOpen: Halt stop-x of breaker/consecutive-failures has run out. another is tried first; the rest follows when it is published.
    Publishing Claiming: The slot is being claimed. [Claim]
    Publishing Claiming: The slot is being claimed. [Claim]
    Halted Halted: Halt stop-x of breaker/consecutive-failures stops it: Press inquiry, hold all posts on X. It ends at 2026-03-02T07:20:00Z, or when the Halt is deleted (campanile resume stop-x). What was due by then goes out at most 2h late. (next look 2026-03-02T07:20:00Z)
    Halted HalfOpen: Halt stop-x of breaker/consecutive-failures has run out. One asset is tried first; the rest follows when it is published.
    "#);
}

#[test]
fn the_halt_of_an_instant_just_ends() {
    let until = HaltFacts {
        owner: HALT_UNTIL_OWNER.to_owned(),
        ..breaker(None)
    };
    assert_eq!(until.stage(due()), Stage::Ended);
}

fn view(name: &str, phase: AssetPhase, waits: bool) -> HaltView {
    HaltView {
        name: name.to_owned(),
        campaign: "week1".to_owned(),
        phase,
        waits_for_the_tried: waits,
        publish_at: Some(due()),
    }
}

#[test]
fn the_asset_that_is_due_first_is_tried() {
    let later = HaltView {
        publish_at: Some(minutes(1)),
        ..view("a", AssetPhase::Halted, true)
    };
    let views = [
        view("z", AssetPhase::AwaitingApproval, false),
        later,
        view("c", AssetPhase::Halted, true),
        view("b", AssetPhase::Halted, true),
    ];
    let name = |now| probe_candidate(&views, now).map(|view| view.name.as_str());
    assert_eq!(name(minutes(5)), Some("b"));
    assert_eq!(name(minutes(-5)), None, "nothing is due yet");
}

#[test]
fn how_the_tried_asset_went_is_read_off_its_receipt() {
    let tried = HaltProbe {
        asset: "a".to_owned(),
        since: Time(due()),
        outcome: None,
        ended_at: None,
    };
    let receipt = |story: &Story| probed(&tried, Some(&story.0));
    let sent = || Story::default().sends("one", minutes(1));
    assert_eq!(probed(&tried, None), None);
    assert_eq!(receipt(&sent()), None);
    assert_eq!(
        receipt(&sent().hears("one", &published("1"), minutes(2))),
        Some(ProbeOutcome::Passed)
    );
    for failure in [rejected(), not_sent(), no_answer()] {
        assert_eq!(
            receipt(&sent().hears("one", &failure, minutes(2))),
            Some(ProbeOutcome::Failed)
        );
    }
    let before = Story::default()
        .sends("old", minutes(-9))
        .hears("old", &not_sent(), minutes(-8));
    assert_eq!(
        receipt(&before),
        None,
        "an attempt from before it was chosen says nothing"
    );
}

fn report(halt: &HaltFacts, matched: &[HaltView], now: Timestamp) -> String {
    let seen = Seen {
        generation: 1,
        scope: "platforms x".to_owned(),
        matched,
        in_flight: (Vec::new(), 0),
        probe: None,
        before: &[],
    };
    let report = halt_report(halt, seen, now);
    let condition = &report.conditions[0];
    format!(
        "{} campaigns, {} assets, {:?} {}: {}",
        report.affected.campaigns,
        report.affected.assets,
        condition.status,
        condition.reason,
        condition.message
    )
}

#[test]
fn a_halt_says_how_much_it_stops_and_that_it_matches_nothing_or_has_ended() {
    let views = [
        view("a", AssetPhase::Halted, false),
        view("b", AssetPhase::Scheduled, false),
        view("c", AssetPhase::Posted, false),
    ];
    let ended = HaltFacts {
        until: Some(due()),
        ..halt(ResumePolicy::Skip)
    };
    let lines = [
        report(&halt(ResumePolicy::Skip), &views, due()),
        report(&halt(ResumePolicy::Skip), &[], due()),
        report(&ended, &views, due()),
        report(&breaker(None), &views, due()),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    1 campaigns, 2 assets, True InForce: Nothing that it matches is sent.
    0 campaigns, 0 assets, False MatchesNothing: It matches no Asset: platforms x. It stops what comes to match it. Compare it with kubectl get assets,campaigns,channels.
    0 campaigns, 0 assets, False Ended: It ended at 2026-03-02T07:00:00Z; what it held goes on as its resume policy says. It can be deleted.
    1 campaigns, 2 assets, True HalfOpen: It has run out. One asset is tried first; the rest follows when it is published.
    "#);
}

fn listed(story: &Story, came: Timestamp) -> Option<InFlightOutcome> {
    let slot = post().asset.slot("week1", crate::api::Environment::Production);
    let slot: &Slot = &slot;
    in_flight("r1-a", slot.fields(), &story.0, came).map(|send| send.outcome)
}

#[test]
fn a_send_that_had_passed_its_last_look_is_listed_with_what_became_of_it() {
    let sent = || Story::default().sends("one", minutes(0));
    let came = minutes(1);
    let later = minutes(2);
    assert_eq!(listed(&sent(), came), Some(InFlightOutcome::Sending));
    assert_eq!(
        listed(&sent().hears("one", &published("1"), later), came),
        Some(InFlightOutcome::Published)
    );
    assert_eq!(
        listed(&sent().hears("one", &rejected(), later), came),
        Some(InFlightOutcome::Failed)
    );
    assert_eq!(
        listed(&sent().hears("one", &no_answer(), later), came),
        Some(InFlightOutcome::Unknown)
    );
    assert_eq!(listed(&sent().dies(later), came), Some(InFlightOutcome::Unknown));
}

#[test]
fn a_send_that_ended_before_or_was_given_up_is_not_listed() {
    let sent = || Story::default().sends("one", minutes(0));
    let came = minutes(5);
    assert_eq!(listed(&Story::default(), came), None);
    assert_eq!(
        listed(&sent().hears("one", &published("1"), minutes(1)), came),
        None
    );
    assert_eq!(listed(&sent().hears("one", &rejected(), minutes(1)), came), None);
    let intent = sent();
    let given_up = receipt::abandon(&ReceiptStatus::default(), &intent.0, "one", "Halted", minutes(6));
    assert_eq!(given_up.attempts[0].class, Some(AttemptClass::Abandoned));
    assert_eq!(listed(&Story(given_up), came), None);
    let late = came + LONGEST_DELAY + SignedDuration::from_mins(1);
    let next_day = Story::default()
        .sends("one", late)
        .hears("one", &published("1"), late);
    assert_eq!(
        listed(&next_day, came),
        None,
        "it was sent after the Halt had gone"
    );
}

#[test]
fn a_list_keeps_what_it_named_and_is_bounded() {
    let send = |number: usize, outcome| crate::api::InFlightSend {
        receipt: format!("r1-{number:02}"),
        post_id: "launch".to_owned(),
        target: post().asset.target,
        outcome,
    };
    let before = [
        send(1, InFlightOutcome::Published),
        send(2, InFlightOutcome::Sending),
    ];
    let (all, count) = merged(&before, vec![send(3, InFlightOutcome::Unknown)]);
    let names: Vec<&str> = all.iter().map(|send| send.receipt.as_str()).collect();
    assert_eq!(
        (names, count),
        (vec!["r1-01", "r1-03"], 2),
        "the second was given up"
    );
    let (many, count) = merged(
        &[],
        (0..30)
            .map(|number| send(number, InFlightOutcome::Unknown))
            .collect(),
    );
    assert_eq!((many.len(), count), (20, 30));
}

#[test]
fn a_guard_failure_orders_one_halt_for_one_version_of_an_asset() {
    let mut asset = post().asset;
    let stop = GuardStop {
        rule: "no-hype",
        campaign: false,
        channel: Some("linkedin-company"),
    };
    let (order, failure) = guard_order(&asset, &stop).unwrap();
    assert_eq!(order.owner, "breaker/guard");
    assert_eq!(
        Selector::new(&order.selector).scope(),
        "campaigns week1; channels linkedin-company"
    );
    asset.halted_for = Some(failure);
    assert_eq!(guard_order(&asset, &stop), None);
    asset.content_digest = "sha256:other".to_owned();
    let (other, _) = guard_order(&asset, &stop).unwrap();
    assert_ne!(other.name, order.name);
    let whole = GuardStop {
        campaign: true,
        ..stop
    };
    let (whole, _) = guard_order(&asset, &whole).unwrap();
    assert_eq!(Selector::new(&whole.selector).scope(), "campaigns week1");
}
