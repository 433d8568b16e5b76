use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::{
    api::{GoDuration, HaltResume, Intent, ManualChannel, ReceiptPhase, ReceiptStatus, ResumePolicy},
    domain::{
        fixtures::{Story, WORDS, approval, at, due, minutes, order, person, post, said},
        halts::HaltFacts,
        lanes::Surroundings,
        observed::{ChannelClass, Observed},
        plan::{Action, AskOrder},
        receipt::{self, NotAllowed, Person, Proof},
        simulation::simulate,
    },
};

/// A post for a community that a person publishes to.
fn by_hand() -> Observed {
    post().with(|observed| {
        observed.channels[0].manual = Some(ManualChannel {
            person: "Dana".to_owned(),
            within: GoDuration::from_secs(24 * 60 * 60),
            instructions: Some("Pin it in the group.".to_owned()),
        });
    })
}

fn claimed() -> ReceiptStatus {
    ReceiptStatus::default()
}

fn asked_at(minute: i64) -> ReceiptStatus {
    asks(&by_hand(), &claimed(), minute)
}

/// Does what the plan says, which has to be to ask.
fn asks(observed: &Observed, status: &ReceiptStatus, minute: i64) -> ReceiptStatus {
    let plan = observed.clone().having(status).plan(minutes(minute));
    let Action::Ask(order) = plan.action else {
        panic!("nobody is to be asked: {plan}");
    };
    receipt::ask(status, &order, Proof::default(), minutes(minute))
}

/// Does what the plan says, which has to be to take the request back.
fn takes_back(observed: &Observed, status: &ReceiptStatus, minute: i64) -> ReceiptStatus {
    let plan = observed.clone().having(status).plan(minutes(minute));
    let Action::Withdraw { reason } = plan.action else {
        panic!("nothing is taken back: {plan}");
    };
    receipt::withdraw(status, &reason, minutes(minute))
}

fn phase_and_reason(observed: &Observed, status: &ReceiptStatus, minute: i64) -> String {
    let plan = observed.clone().having(status).plan(minutes(minute));
    format!("{:?} {}", plan.phase, plan.reason)
}

fn halt(policy: ResumePolicy, until: Option<Timestamp>) -> HaltFacts {
    HaltFacts {
        name: "stop".to_owned(),
        reason: "Press inquiry, hold all posts.".to_owned(),
        owner: "maya".to_owned(),
        since: minutes(10),
        until,
        resume: HaltResume {
            policy,
            within: Some(GoDuration::from_secs(4 * 3600)),
        },
        probe: None,
    }
}

#[test]
fn a_person_is_asked_once_when_every_gate_is_open_and_the_slot_is_claimed() {
    assert_eq!(said(&by_hand(), minutes(-5)).split(' ').next(), Some("Scheduled"));
    assert_eq!(by_hand().plan(due()).action, Action::Claim);
    let status = asked_at(0);
    assert_eq!(status.phase, ReceiptPhase::Claimed);
    let plan = by_hand().having(&status).plan(minutes(1));
    assert_eq!(plan.action, Action::Wait);
    assert_eq!(plan.wake_at, Some(at("2026-03-03T07:00:01Z")));
    insta::assert_snapshot!(plan.message, @"Dana is asked since 2026-03-02T07:00:00Z to publish it by hand until 2026-03-03T07:00:00Z. Then: campanile done asset/launch-linkedin-company-en --url URL, or campanile not-done asset/launch-linkedin-company-en --reason WHY. The words: kubectl get asset launch-linkedin-company-en -o jsonpath='{.spec.content.text}'. Pin it in the group.");
}

#[test]
fn nothing_is_ever_sent_on_a_channel_of_a_person_whatever_its_class() {
    for class in [
        ChannelClass::Neither,
        ChannelClass::LookUp,
        ChannelClass::NaturalKey,
    ] {
        let mut observed = by_hand();
        observed.channels[0].class = class;
        let plan = observed.having(&claimed()).plan(due());
        assert!(matches!(plan.action, Action::Ask(_)), "{plan}");
    }
}

#[test]
fn what_is_not_confirmed_in_time_is_missed_and_can_still_be_confirmed() {
    let status = asked_at(0);
    let day = 24 * 60;
    assert_eq!(
        phase_and_reason(&by_hand(), &status, day),
        "AwaitingPerson AwaitingPerson"
    );
    assert_eq!(
        phase_and_reason(&by_hand(), &status, day + 1),
        "Missed NotConfirmedInTime"
    );
    let done = receipt::done(&status, None, &person(), minutes(day + 5)).unwrap();
    assert_eq!(
        phase_and_reason(&by_hand(), &done, day + 6),
        "Posted ConfirmedByHand"
    );
}

#[test]
fn a_new_date_asks_again_and_an_old_request_is_taken_back_first() {
    let mut moved = by_hand();
    moved.asset.publish_at = Some(due() + SignedDuration::from_hours(48));
    let missed = asked_at(0);
    let back = takes_back(&moved, &missed, 25 * 60);
    assert_eq!(
        phase_and_reason(&moved, &back, 25 * 60),
        "Scheduled WaitingForTime"
    );
    let again = asks(&moved, &back, 48 * 60);
    assert_eq!(again.asked.as_ref().unwrap().times, 2);
    let plan = moved.having(&again).plan(minutes(48 * 60 + 1));
    assert!(
        plan.message
            .contains("look first whether it is published already"),
        "{plan}"
    );
}

#[test]
fn a_halt_takes_the_request_back_and_what_follows_is_what_the_halt_says() {
    let asked = asked_at(0);
    let halted = |policy| by_hand().with(|observed| observed.halts = vec![halt(policy, None)]);
    let back = takes_back(&halted(ResumePolicy::PublishWithin), &asked, 11);
    assert!(back.asked.as_ref().unwrap().withdrawn_at.is_some());
    let plan = halted(ResumePolicy::PublishWithin)
        .having(&back)
        .plan(minutes(12));
    assert_eq!(
        (format!("{:?}", plan.phase), plan.action),
        ("Halted".to_owned(), Action::Wait)
    );

    for (policy, expected) in [
        (ResumePolicy::PublishWithin, "Publishing Asking"),
        (ResumePolicy::AskApproval, "AwaitingApproval HaltEnded"),
        (ResumePolicy::Skip, "Skipped SkippedByHalt"),
    ] {
        let held = halted(policy).having(&back);
        let left = crate::domain::halts::next_hold(&held, held.plan(minutes(12)).phase, minutes(12));
        let ended = by_hand().with(|observed| observed.asset.hold = left);
        assert_eq!(phase_and_reason(&ended, &back, 60), expected);
    }
}

#[test]
fn other_words_take_the_request_back_until_somebody_approves_them() {
    let asked = asked_at(0);
    let changed = by_hand().with(|observed| observed.asset.content_digest = "sha256:other".to_owned());
    let back = takes_back(&changed, &asked, 5);
    assert_eq!(
        phase_and_reason(&changed, &back, 6),
        "AwaitingApproval ChangedSinceApproval"
    );
    let approved = changed.with(|observed| {
        observed.asset.approval = Some(approval(&[WORDS, "sha256:other"], Some(minutes(7))));
    });
    let again = asks(&approved, &back, 8);
    let request = again.asked.unwrap();
    assert_eq!(
        (request.times, request.content_digest.as_str()),
        (2, "sha256:other")
    );
    assert_eq!(asks(&approved, &asked, 8).asked.unwrap().times, 2);
}

#[test]
fn what_only_our_own_eyes_do_not_see_takes_nothing_back() {
    let asked = asked_at(0);
    let blind: [fn(&mut Observed); 4] = [
        |observed| observed.process.closed = Some(("ClockSkew".to_owned(), String::new())),
        |observed| observed.campaign.as_mut().unwrap().stale_at = Some(minutes(1)),
        |observed| observed.channels[0].unusable = Some(("ChannelNotReady".to_owned(), String::new())),
        |observed| observed.channels.clear(),
    ];
    for change in blind {
        let observed = by_hand().with(change);
        assert_eq!(
            phase_and_reason(&observed, &asked, 5),
            "AwaitingPerson AwaitingPerson"
        );
    }
}

#[test]
fn what_nobody_wants_any_more_is_taken_back() {
    let asked = asked_at(0);
    let changes: [fn(&mut Observed); 5] = [
        |observed| observed.asset.gone = true,
        |observed| observed.asset.intent = Intent::Skip,
        |observed| observed.asset.made.as_mut().unwrap().withdrawn = "RowWithdrawn".to_owned(),
        |observed| observed.campaign.as_mut().unwrap().suspend = true,
        // A Halt is heard although the channel is being looked at.
        |observed| {
            observed.channels[0].unusable = Some(("ChannelNotReady".to_owned(), String::new()));
            observed.halts = vec![halt(ResumePolicy::Skip, None)];
        },
    ];
    for change in changes {
        let observed = by_hand().with(change);
        let back = takes_back(&observed, &asked, 11);
        assert_eq!(observed.having(&back).plan(minutes(12)).action, Action::Wait);
    }
}

#[test]
fn a_machine_never_takes_over_what_a_person_was_asked() {
    let asked = asked_at(0);
    let back = receipt::withdraw(&asked, "Halted", minutes(1));
    for status in [&asked, &back] {
        for class in [ChannelClass::Neither, ChannelClass::NaturalKey] {
            let observed = post().on(class).having(status);
            assert_eq!(observed.plan(minutes(30)).action, Action::Wait);
        }
    }
    let given_up = receipt::not_done(&asked, &person(), minutes(2)).unwrap();
    let retried = receipt::retry(&given_up, &person(), minutes(3)).unwrap();
    let plan = post().having(&retried).plan(minutes(4));
    assert!(matches!(plan.action, Action::Send(_)), "{plan}");
}

#[test]
fn what_a_person_gave_up_is_asked_again_only_by_a_person_or_with_other_words() {
    let given_up = receipt::not_done(&asked_at(0), &person(), minutes(2)).unwrap();
    assert_eq!(phase_and_reason(&by_hand(), &given_up, 5), "Failed NotDone");
    let reworded = by_hand().says("sha256:other");
    assert_eq!(
        asks(&reworded, &given_up, 5).asked.unwrap().content_digest,
        "sha256:other"
    );
    let retried = receipt::retry(&given_up, &person(), minutes(3)).unwrap();
    assert_eq!(asks(&by_hand(), &retried, 5).asked.unwrap().times, 1);
}

#[test]
fn a_confirmation_counts_whatever_has_become_of_the_request_and_is_proof() {
    let dana = Person {
        by: "dana".to_owned(),
        reason: "published it".to_owned(),
    };
    let asked = asked_at(0);
    let held = receipt::hold_after_restore(&asked, minutes(5));
    let given_up = receipt::not_done(&asked, &person(), minutes(2)).unwrap();
    let back = receipt::withdraw(&asked, "Halted", minutes(1));
    for before in [asked, held, given_up, back] {
        let url = Some("https://example.com/group/1");
        let done = receipt::done(&before, url, &dana, minutes(9)).unwrap();
        assert_eq!(done.phase, ReceiptPhase::Published);
        assert_eq!(done.published_at, Some(Time(minutes(9))));
        assert_eq!(done.content_digest.as_deref(), Some(WORDS));
        assert_eq!(
            said(&by_hand().having(&done), minutes(10)),
            "Posted ConfirmedByHand: dana published it by hand: https://example.com/group/1"
        );
        let again = receipt::done(&done, url, &dana, minutes(10));
        assert!(matches!(again, Err(NotAllowed::Phase { .. })), "{again:?}");
        let changed = by_hand().says("sha256:other");
        assert_eq!(phase_and_reason(&changed, &done, 11), "Posted Drifted");
    }
}

#[test]
fn nobody_confirms_what_nobody_was_asked() {
    for status in [claimed(), Story::default().sends("first", minutes(0)).0] {
        assert_eq!(
            receipt::done(&status, None, &person(), minutes(1)),
            Err(NotAllowed::NotAsked)
        );
        assert_eq!(
            receipt::not_done(&status, &person(), minutes(1)),
            Err(NotAllowed::NotAsked)
        );
    }
    let released =
        Story(receipt::not_done(&asked_at(0), &person(), minutes(1)).unwrap()).releases(true, minutes(2));
    assert_eq!(
        receipt::done(&released.0, None, &person(), minutes(3)),
        Err(NotAllowed::NotAsked)
    );
}

#[test]
fn a_request_that_is_written_again_by_nobody_is_the_same_request() {
    let status = asked_at(0);
    // The operator dies after the write and knows nothing: what it reads decides.
    assert_eq!(by_hand().having(&status).plan(minutes(0)).action, Action::Wait);
    assert_eq!(receipt::withdraw(&claimed(), "Halted", minutes(1)), claimed());
    let back = receipt::withdraw(&status, "Halted", minutes(1));
    assert_eq!(receipt::withdraw(&back, "Halted", minutes(2)), back);
}

#[test]
fn a_request_takes_the_room_of_its_account_until_it_is_taken_back() {
    use crate::domain::limits::effects;
    let status = asked_at(0);
    assert_eq!(effects(&status).len(), 1);
    assert_eq!(
        effects(&receipt::withdraw(&status, "Halted", minutes(1))).len(),
        0
    );
}

#[test]
fn a_page_that_changes_is_asked_for_anew() {
    let mut page = by_hand();
    page.asset.type_ = crate::api::AssetType::Page;
    let status = asks(&page, &claimed(), 0);
    assert_eq!(status.asked.as_ref().unwrap().revision, 1);
    let done = receipt::done(&status, None, &person(), minutes(1)).unwrap();
    assert_eq!(phase_and_reason(&page, &done, 2), "Posted ConfirmedByHand");
    let changed = page.says("sha256:other");
    let again = asks(&changed, &done, 3);
    assert_eq!(again.asked.as_ref().unwrap().revision, 2);
    assert_eq!(
        phase_and_reason(&changed, &again, 4),
        "AwaitingPerson AwaitingPerson"
    );
}

#[test]
fn an_order_carries_the_words_and_how_long_the_person_has() {
    let plan = by_hand().having(&claimed()).plan(due());
    let expected = AskOrder {
        send: order(WORDS, 0, 0),
        person: "Dana".to_owned(),
        within: GoDuration::from_secs(86_400),
    };
    assert_eq!(plan.action, Action::Ask(expected));
}

#[test]
fn in_a_simulation_a_person_does_what_is_asked() {
    let played = simulate(vec![by_hand()], Surroundings::default(), minutes(-5), minutes(5));
    let told: Vec<String> = played
        .happenings
        .iter()
        .map(|one| format!("{:?} {}", one.phase, one.reason))
        .collect();
    assert_eq!(told, ["Scheduled WaitingForTime", "Posted ConfirmedByHand"]);
}
