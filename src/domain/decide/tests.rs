//! What is decided at each gate and in each phase of a receipt.

use std::time::Duration;

use jiff::SignedDuration;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::*;
use crate::{
    api::{BranchApproval, MissedPolicyKind},
    domain::{
        fixtures::{
            Story, WORDS, approval, at, channel as a_channel, due, minutes, no_answer, not_sent, order,
            ordered, page, person, post, published, rejected, said,
        },
        gates::gates,
        observed::{ChannelClass, Observed},
        receipt::{
            Outcome, by_hand as recorded_by_hand, hold_after_restore as held_receipt, request_release,
            settle_absent,
        },
    },
};

const B: ChannelClass = ChannelClass::IdempotencyKey {
    window: Duration::from_hours(1),
};

/// The gates that are not open, each with its reason.
fn held_gates(observed: &Observed, now: Timestamp) -> String {
    let held: Vec<String> = gates(observed, now)
        .iter()
        .filter_map(|gate| match &gate.state {
            GateState::Open => None,
            GateState::Waiting { until, reason, .. } => {
                Some(format!("{:?} {reason} until {until}", gate.name))
            }
            GateState::Closed {
                phase, reason, until, ..
            } => {
                let until = until.map_or(String::new(), |until| format!(" until {until}"));
                Some(format!("{:?} {phase:?} {reason}{until}", gate.name))
            }
        })
        .collect();
    held.join(", ")
}

/// How a change to an approved post that is due stands, in its plan.
fn changed(change: impl FnOnce(&mut Observed)) -> String {
    said(&post().with(change), due())
}

fn doubtful(class: ChannelClass) -> (Observed, Story) {
    let story = Story::default()
        .sends("first", minutes(0))
        .hears("first", &no_answer(), minutes(1));
    (post().on(class), story)
}

#[test]
fn an_approved_post_that_is_due_passes_every_gate_and_claims_its_slot() {
    assert_eq!(held_gates(&post(), due()), "");
    insta::assert_snapshot!(said(&post(), due()), @"Publishing Claiming: The slot is being claimed. [Claim]");
}

#[test]
fn a_claimed_slot_is_sent() {
    let observed = post().having(&ReceiptStatus::default());
    insta::assert_debug_snapshot!(ordered(&observed.plan(due())), @r#"
    SendOrder {
        epoch: 0,
        revision: 0,
        content_digest: "sha256:words",
        channel: "linkedin-company",
        endpoint_digest: "sha256:endpoint",
        prepared_id: None,
        reply_to: None,
    }
    "#);
}

#[test]
fn each_closed_gate_says_which_and_why() {
    let campaign = |observed: &mut Observed| observed.campaign.take();
    let lines = [
        changed(|observed| drop(campaign(observed))),
        changed(|observed| observed.campaign.as_mut().unwrap().deleting = true),
        changed(|observed| observed.asset.deleting = true),
        changed(|observed| {
            observed.campaign.as_mut().unwrap().source_closed = Some((
                "SourceNotParsed".to_owned(),
                "The sheet cannot be read.".to_owned(),
            ));
        }),
        changed(|observed| observed.campaign.as_mut().unwrap().stale_at = Some(due())),
        changed(|observed| observed.asset.made = None),
        changed(|observed| observed.asset.made.as_mut().unwrap().withdrawn = "RowWithdrawn".to_owned()),
        changed(|observed| observed.asset.spec_digest = "sha256:edited".to_owned()),
        changed(|observed| observed.asset.intent = Intent::Skip),
        changed(|observed| {
            observed.asset.stopped_by = Some(("TitleMissing".to_owned(), "No title.".to_owned()));
        }),
        changed(|observed| observed.asset.stopped_by = Some(("NotHandled".to_owned(), "after.".to_owned()))),
        changed(|observed| observed.channels.clear()),
        changed(|observed| observed.channels.push(a_channel(B))),
        changed(|observed| observed.channels[0].missing = vec!["Secret li, key token".to_owned()]),
        changed(|observed| {
            observed.channels[0].unusable = Some(("EndpointInvalid".to_owned(), "No host.".to_owned()));
        }),
        changed(|observed| observed.channels[0].refused = Some("401".to_owned())),
        changed(|observed| observed.process.closed = Some(("ClockSkew".to_owned(), "3m off.".to_owned()))),
        changed(|observed| observed.campaign.as_mut().unwrap().suspend = true),
        changed(|observed| observed.campaign.as_mut().unwrap().publish_enabled = false),
        changed(|observed| observed.channels[0].publish_enabled = false),
        changed(|observed| observed.asset.publish_at = None),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Blocked CampaignMissing: There is no Campaign week1 in this namespace.
    Blocked BeingDeleted: It is being deleted; nothing is sent any more.
    Blocked BeingDeleted: It is being deleted; nothing is sent any more.
    Blocked SourceNotParsed: The sheet cannot be read.
    Blocked SourceStale: The git host has not answered for longer than maxStaleness: nobody knows whether the branch still says this.
    AwaitingApproval MadeByHand: This Asset was made by hand; it needs an Approval of its own. Write it into the sheet to publish it from the branch. (next look 2026-03-02T22:00:00Z)
    Blocked RowWithdrawn: The branch no longer names this; it stays for its receipt alone.
    Blocked EditedByHand: This Asset differs from its source; it is restored from the branch. Change the branch instead.
    Skipped Skip: Its status is skip.
    Invalid TitleMissing: No title.
    Blocked NotHandled: after.
    Blocked NoChannel: No ChannelConfig has platform linkedin and account company. Create one.
    Blocked AmbiguousChannel: More than one ChannelConfig has platform linkedin and account company: linkedin-company, linkedin-company. Delete all but one.
    Blocked MissingConfig: ChannelConfig linkedin-company needs what is not there: Secret li, key token.
    Blocked EndpointInvalid: No host.
    Blocked ChannelRefused: The platform refused ChannelConfig linkedin-company: 401. Change its Secret or its spec to try again.
    Blocked ClockSkew: 3m off.
    Halted CampaignSuspended: The Campaign has suspend: true.
    Halted CampaignDisabled: The Campaign has publishEnabled: false.
    Halted ChannelDisabled: ChannelConfig linkedin-company has publishEnabled: false.
    Invalid TimeUnknown: Nobody can tell when it is to be published. Give it a date.
    "#);
}

#[test]
fn each_gate_that_waits_says_until_when() {
    let lines = [
        said(&post(), minutes(-30)),
        changed(|observed| observed.channels[0].rate_limited_until = Some(minutes(7))),
        changed(|observed| observed.asset.intent = Intent::Draft),
        changed(|observed| observed.asset.intent = Intent::Pending),
        changed(|observed| observed.asset.content_digest = "sha256:other".to_owned()),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Scheduled WaitingForTime: It goes out at 2026-03-02T07:00:00Z. (next look 2026-03-02T07:00:00Z)
    Scheduled RateLimited: The platform asked us to wait. (next look 2026-03-02T07:07:00Z)
    AwaitingApproval Draft: Its status is draft: nobody says that it is ready. (next look 2026-03-02T22:00:00Z)
    AwaitingApproval ReviewPending: Its status is pending: it is ready, and a person has to approve it. (next look 2026-03-02T22:00:00Z)
    AwaitingApproval ChangedSinceApproval: It was approved with other words. Approve it again: campanile approve, or a commit with the trailer Campanile-Approve: and its post id, or set the status to pending and then to approved. (next look 2026-03-02T22:00:00Z)
    "#);
}

#[test]
fn the_gates_are_judged_all_and_the_first_gives_the_phase() {
    let observed = post().with(|observed| {
        observed.asset.intent = Intent::Pending;
        observed.channels[0].publish_enabled = false;
    });
    insta::assert_snapshot!(held_gates(&observed, minutes(-1)), @"Approval AwaitingApproval ReviewPending until 2026-03-02T22:00:00Z, Switches Halted ChannelDisabled, Time WaitingForTime until 2026-03-02T07:00:00Z");
    assert_eq!(observed.plan(minutes(-1)).reason, "ReviewPending");
}

#[test]
fn a_branch_that_changes_the_words_approves_them_only_by_revision() {
    let observed = post().with(|observed| observed.asset.content_digest = "sha256:other".to_owned());
    assert_eq!(observed.plan(due()).reason, "ChangedSinceApproval");
    let per_revision = observed.campaign(|campaign| campaign.approval.branch = BranchApproval::PerRevision);
    assert_eq!(per_revision.plan(due()).action, Action::Claim);
}

#[test]
fn words_that_were_approved_before_need_nothing_new() {
    let observed = post().says("sha256:other").says(WORDS);
    assert_eq!(observed.plan(due()).action, Action::Claim);
}

#[test]
fn what_nobody_approved_is_missed_when_its_day_ends() {
    let draft = post().with(|observed| observed.asset.intent = Intent::Pending);
    let end = draft.asset.day_ends_at.unwrap();
    assert_eq!(
        draft.plan(end - SignedDuration::from_secs(1)).phase,
        AssetPhase::AwaitingApproval
    );
    assert_eq!(draft.plan(minutes(5)).wake_at, Some(end));
    assert_eq!(draft.plan(end).phase, AssetPhase::Missed);
    let waits = draft.campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish);
    assert_eq!(waits.plan(end).phase, AssetPhase::AwaitingApproval);
}

#[test]
fn what_is_approved_later_that_day_is_due_at_the_approval() {
    let noon = minutes(300);
    let observed = post().with(|observed| observed.asset.approval = Some(approval(&[WORDS], Some(noon))));
    assert_eq!(
        observed.plan(noon + SignedDuration::from_mins(120)).action,
        Action::Claim
    );
    assert_eq!(
        observed.plan(noon + SignedDuration::from_mins(121)).phase,
        AssetPhase::Missed
    );
}

#[test]
fn what_is_approved_after_its_day_stays_missed_however_little_time_has_passed() {
    let late = post().with(|observed| {
        let end = observed.asset.day_ends_at.unwrap();
        observed.asset.publish_at = Some(end - SignedDuration::from_mins(10));
        observed.asset.approval = Some(approval(&[WORDS], Some(end + SignedDuration::from_mins(10))));
    });
    let now = late.asset.day_ends_at.unwrap() + SignedDuration::from_mins(11);
    assert_eq!(late.plan(now).phase, AssetPhase::Missed);
    let publishes = late.campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish);
    assert_eq!(publishes.plan(now).action, Action::Claim);
}

#[test]
fn what_is_late_is_missed_by_the_policy_of_its_campaign() {
    let under = |policy, late| {
        let observed = post().campaign(|campaign| campaign.missed.policy = policy);
        observed.plan(due() + SignedDuration::from_secs(late)).phase
    };
    assert_eq!(under(MissedPolicyKind::Skip, 60), AssetPhase::Publishing);
    assert_eq!(under(MissedPolicyKind::Skip, 61), AssetPhase::Missed);
    assert_eq!(
        under(MissedPolicyKind::PublishWithin, 7200),
        AssetPhase::Publishing
    );
    assert_eq!(under(MissedPolicyKind::PublishWithin, 7201), AssetPhase::Missed);
    assert_eq!(
        under(MissedPolicyKind::Publish, 7_200_000),
        AssetPhase::Publishing
    );
}

#[test]
fn lateness_is_elapsed_time_when_the_clocks_change() {
    // 02:30 in New York on 8 March 2026 does not exist: the first instant after the gap is 03:00, 07:00 UTC.
    let observed = post().with(|observed| {
        let due = at("2026-03-08T07:00:00Z");
        observed.asset.publish_at = Some(due);
        observed.asset.approval.as_mut().unwrap().publish_at = Some(Time(due));
        observed.asset.day_ends_at = Some(at("2026-03-09T04:00:00Z"));
    });
    assert_eq!(observed.plan(at("2026-03-08T09:00:00Z")).action, Action::Claim);
    assert_eq!(
        observed.plan(at("2026-03-08T09:00:01Z")).phase,
        AssetPhase::Missed
    );
}

#[test]
fn pages_are_never_missed() {
    let late = due() + SignedDuration::from_hours(24 * 400);
    assert_eq!(page().plan(late).action, Action::Claim);
    let draft = page().with(|observed| observed.asset.intent = Intent::Draft);
    assert_eq!(draft.plan(late).phase, AssetPhase::AwaitingApproval);
}

#[test]
fn what_a_person_posted_takes_the_slot_and_is_never_sent() {
    let posted = post().with(|observed| observed.asset.intent = Intent::Posted);
    insta::assert_snapshot!(said(&posted, due()), @"Posted ByHand: A person published it; its status is posted. [RecordByHand]");
    let receipt = recorded_by_hand(&ReceiptStatus::default(), WORDS, due());
    let reset = post().having(&receipt);
    insta::assert_snapshot!(said(&reset, due()), @"Posted ByHand: It is published.");
    assert_eq!(said(&posted.clone().having(&receipt), due()), said(&reset, due()));
}

#[test]
fn what_a_person_posted_is_not_sent_from_a_doubt_a_failure_or_a_page() {
    let posted = |observed: Observed| observed.with(|observed| observed.asset.intent = Intent::Posted);
    let (doubt, unknown) = doubtful(B);
    let plan = posted(doubt).having(&unknown.0).plan(minutes(15));
    assert_eq!(plan.action, Action::Wait, "{plan}");
    let failed = Story::default()
        .sends("first", minutes(0))
        .hears("first", &rejected(), minutes(1));
    let plan = posted(post().says("sha256:other"))
        .having(&failed.0)
        .plan(minutes(15));
    assert_eq!(plan.action, Action::RecordByHand, "{plan}");
    let written = Story::default()
        .begins("first", &order(WORDS, 0, 1), minutes(0))
        .hears("first", &published("place"), minutes(1));
    let plan = posted(page().says("sha256:other"))
        .having(&written.0)
        .plan(minutes(15));
    assert_eq!(plan.action, Action::Wait, "{plan}");
}

#[test]
fn an_edited_asset_or_one_without_a_channel_takes_no_slot_by_hand() {
    let edited = changed(|observed| {
        observed.asset.intent = Intent::Posted;
        observed.asset.spec_digest = "sha256:edited".to_owned();
    });
    let nowhere = changed(|observed| {
        observed.asset.intent = Intent::Posted;
        observed.channels.clear();
    });
    insta::assert_snapshot!([edited, nowhere].join("\n"), @r#"
    Blocked EditedByHand: This Asset differs from its source; it is restored from the branch. Change the branch instead.
    Blocked NoChannel: No ChannelConfig has platform linkedin and account company. Create one.
    "#);
}

#[test]
fn a_receipt_that_is_gone_stops_everything() {
    insta::assert_snapshot!(changed(|observed| observed.asset.remembered_receipt = Some("r1-abc".to_owned())), @"Blocked ReceiptMissing: Receipt r1-abc is gone: nobody can tell whether this was published. Restore the Receipt.");
}

#[test]
fn a_receipt_whose_slot_was_changed_stops_everything() {
    let observed = post()
        .having(&ReceiptStatus::default())
        .with(|observed| observed.receipt.as_mut().unwrap().slot.post_id = "other".to_owned());
    assert_eq!(observed.plan(due()).reason, "ReceiptInconsistent");
}

#[test]
fn each_phase_of_a_receipt_has_its_plan() {
    let sending = Story::default().sends("first", minutes(0));
    let rate_limited = Outcome::RateLimited("slow down".to_owned(), minutes(30));
    let line = |story: Story| said(&post().having(&story.0), minutes(2));
    let lines = [
        line(Story::default()),
        line(sending.clone().hears("first", &not_sent(), minutes(1))),
        line(sending.clone().hears("first", &rate_limited, minutes(1))),
        line(sending.clone()),
        said(
            &post()
                .having(&sending.0)
                .with(|observed| observed.process.live_attempts = vec!["first".to_owned()]),
            minutes(2),
        ),
        line(sending.clone().hears("first", &published("1"), minutes(1))),
        line(sending.clone().hears("first", &rejected(), minutes(1))),
        line(sending.clone().hears("first", &no_answer(), minutes(1))),
        line(sending.clone().dies(minutes(1)).releases(false, minutes(1))),
        line(sending.dies(minutes(1)).releases(true, minutes(1))),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    Publishing Sending: It is on its way. [Send(SendOrder { epoch: 0, revision: 0, content_digest: "sha256:words", channel: "linkedin-company", endpoint_digest: "sha256:endpoint", prepared_id: None, reply_to: None })]
    Scheduled RetryPending: connection refused (next look 2026-03-02T07:11:00Z)
    Scheduled RateLimited: slow down (next look 2026-03-02T07:30:00Z)
    Unknown MayBeLive: An attempt ended without an answer on record. [MarkUnknown { attempt: "first" }]
    Publishing Sending: It is on its way.
    Posted Published: It is published.
    Failed Rejected: too long
    Unknown MayBeLive: It was sent, no answer came, and nobody but a person can tell whether it is live. Look at the account, then: campanile receipts adopt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --remote-id ID, or campanile receipts release r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --reason WHY
    AwaitingApproval ReleasedNeedsApproval: The slot was released, and an approval serves one epoch. Release it with --approve, or approve it anew: campanile approve.
    Publishing Sending: It is on its way. [Send(SendOrder { epoch: 1, revision: 0, content_digest: "sha256:words", channel: "linkedin-company", endpoint_digest: "sha256:endpoint", prepared_id: None, reply_to: None })]
    "#);
}

#[test]
fn a_post_that_changed_after_it_was_published_is_drifted_and_never_sent() {
    let story = Story::default()
        .sends("first", minutes(0))
        .hears("first", &published("1"), minutes(1));
    let observed = post().says("sha256:other").having(&story.0);
    insta::assert_snapshot!(said(&observed, minutes(2)), @"Posted Drifted: It changed after it was published; nothing is sent again. Put the words back, or edit it on the platform, or repeat it with an occurrence of its own, or take it back and release the slot.");
}

#[test]
fn published_twice_is_said_before_all_else() {
    let story = Story::default()
        .sends("first", minutes(0))
        .dies(minutes(1))
        .releases(true, minutes(30))
        .sends("second", minutes(31))
        .hears("second", &published("2"), minutes(32))
        .hears("first", &published("1"), minutes(33));
    let observed = post().says("sha256:other").having(&story.0);
    insta::assert_snapshot!(said(&observed, minutes(40)), @"Posted PublishedTwice: This slot was published twice: 2 and 1. Look at the account and take one back.");
}

#[test]
fn what_was_rejected_is_tried_again_with_other_words_under_a_new_epoch() {
    let failed = Story::default()
        .sends("first", minutes(0))
        .hears("first", &rejected(), minutes(1));
    assert_eq!(
        post().having(&failed.0).plan(minutes(2)).phase,
        AssetPhase::Failed
    );
    let other = post().says("sha256:other").having(&failed.0).plan(minutes(2));
    assert_eq!(ordered(&other).epoch, 1);
    let unapproved = post()
        .with(|observed| observed.asset.content_digest = "sha256:other".to_owned())
        .having(&failed.0);
    assert_eq!(unapproved.plan(minutes(2)).reason, "ChangedSinceApproval");
}

#[test]
fn what_never_left_is_tried_again_with_other_words_under_the_same_epoch() {
    let failed = Story::default()
        .sends("first", minutes(0))
        .hears("first", &not_sent(), minutes(1))
        .sends("second", minutes(11))
        .hears("second", &not_sent(), minutes(12));
    assert_eq!(post().having(&failed.0).plan(minutes(13)).reason, "NotSent");
    let other = post().says("sha256:other").having(&failed.0).plan(minutes(13));
    assert_eq!(ordered(&other).epoch, 0);
}

#[test]
fn a_key_is_sent_again_until_its_window_is_open_for_no_more_than_a_time_out_and_five_minutes() {
    let (observed, story) = doubtful(B);
    let observed = observed.having(&story.0);
    let edge = minutes(60) - SignedDuration::from_secs(310);
    assert_eq!(observed.plan(minutes(2)).wake_at, Some(minutes(11)));
    assert!(matches!(observed.plan(edge).action, Action::Send(_)));
    let after = observed.plan(edge + SignedDuration::from_secs(1));
    insta::assert_snapshot!(after, @"Unknown MayBeLive: It was sent, no answer came, and nobody but a person can tell whether it is live. Look at the account, then: campanile receipts adopt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --remote-id ID, or campanile receipts release r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --reason WHY");
}

#[test]
fn the_window_counts_from_the_first_attempt_however_many_follow() {
    let (observed, mut story) = doubtful(B);
    for number in 1..9 {
        let id = format!("again-{number}");
        story = story
            .sends(&id, minutes(number * 6))
            .hears(&id, &no_answer(), minutes(number * 6));
    }
    story.0.not_before = None;
    let plan = observed.having(&story.0).plan(minutes(56));
    assert_eq!(plan.action, Action::Wait, "{plan}");
}

#[test]
fn a_key_is_not_sent_again_with_other_words_or_to_another_endpoint() {
    let (observed, story) = doubtful(B);
    let other = observed.clone().says("sha256:other").having(&story.0);
    assert_eq!(other.plan(minutes(15)).action, Action::Wait);
    let moved = observed
        .having(&story.0)
        .with(|observed| observed.channels[0].endpoint_digest = "sha256:moved".to_owned());
    assert_eq!(moved.plan(minutes(15)).reason, "EndpointChanged");
}

#[test]
fn a_closed_gate_holds_a_resend_and_the_window_is_watched() {
    let (observed, story) = doubtful(B);
    let held = observed
        .campaign(|campaign| campaign.suspend = true)
        .having(&story.0)
        .plan(minutes(15));
    assert_eq!(held.phase, AssetPhase::Unknown);
    assert_eq!(held.wake_at, Some(minutes(60) - SignedDuration::from_secs(310)));
}

#[test]
fn a_natural_key_is_looked_for_first_and_then_sent_again_waiting_for_nobody() {
    let (observed, story) = doubtful(ChannelClass::NaturalKey);
    let plan = observed.clone().having(&story.0).plan(minutes(15));
    assert_eq!(plan.action, Action::LookUp);
    let looked = story.finds_nothing(minutes(15), false);
    let plan = observed.clone().having(&looked.0).plan(minutes(30));
    assert!(matches!(plan.action, Action::Send(_)), "{plan}");
    let other = observed.says("sha256:other").having(&looked.0).plan(minutes(30));
    assert_eq!(
        other.action,
        Action::LookUp,
        "other words wait until the first are found or absent"
    );
}

#[test]
fn a_look_up_channel_is_asked_twice_after_every_sender_is_gone() {
    let (observed, story) = doubtful(ChannelClass::LookUp);
    let long = SignedDuration::from_mins(60);
    let looked = story
        .clone()
        .finds_nothing(minutes(30), true)
        .finds_nothing(minutes(35), true);
    assert_eq!(
        observed
            .clone()
            .having_seen_for(&story.0, long)
            .plan(minutes(61))
            .action,
        Action::LookUp
    );
    let young = observed.clone().having(&looked.0).plan(minutes(61));
    assert_eq!(
        young.action,
        Action::LookUp,
        "a new observer counts from when it first saw the attempt"
    );
    let proven = observed
        .clone()
        .having_seen_for(&looked.0, long)
        .plan(minutes(61));
    assert_eq!(proven.action, Action::SettleAbsent);
    let settled = settle_absent(&looked.0, minutes(61));
    let again = observed.having(&settled).plan(minutes(61));
    assert!(matches!(again.action, Action::Send(_)), "{again}");
}

#[test]
fn a_channel_that_can_do_neither_asks_a_person() {
    let (observed, story) = doubtful(ChannelClass::Neither);
    let plan = observed.having(&story.0).plan(minutes(300));
    assert_eq!(
        (plan.phase, &plan.action, plan.wake_at),
        (AssetPhase::Unknown, &Action::Wait, None)
    );
}

#[test]
fn a_doubt_about_a_live_attempt_waits_for_its_answer() {
    for class in [
        ChannelClass::NaturalKey,
        B,
        ChannelClass::LookUp,
        ChannelClass::Neither,
    ] {
        let (observed, story) = doubtful(class);
        let live = observed
            .having(&story.0)
            .with(|observed| observed.process.live_attempts = vec!["first".to_owned()]);
        assert_eq!(live.plan(minutes(30)).action, Action::Wait);
    }
}

#[test]
fn a_channel_that_cannot_be_asked_says_so() {
    let (observed, story) = doubtful(ChannelClass::LookUp);
    let observed = observed.having(&story.0);
    let refused = observed
        .clone()
        .with(|observed| observed.channels[0].refused = Some("401".to_owned()));
    let gone = observed.with(|observed| observed.channels.clear());
    insta::assert_snapshot!([said(&refused, minutes(30)), said(&gone, minutes(30))].join("\n"), @r#"
    Unknown MayBeLive: It may be live, and ChannelConfig linkedin-company cannot be asked as it stands. Mend it, or look at the account: campanile receipts adopt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --remote-id ID, or campanile receipts release r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --reason WHY
    Unknown MayBeLive: It may be live, and its channel is not there to be asked. Restore the ChannelConfig.
    "#);
}

#[test]
fn a_release_waits_until_no_earlier_sender_can_be_alive() {
    let (observed, story) = doubtful(ChannelClass::Neither);
    let asked = request_release(&story.0, false, &person(), minutes(5)).unwrap();
    let early = observed
        .clone()
        .having_seen_for(&asked, SignedDuration::from_mins(15));
    insta::assert_snapshot!(said(&early, minutes(16)), @"Unknown ReleasePending: A person asked to open the slot again; an earlier sender could still be alive. (next look 2026-03-02T07:16:25Z)");
    let doubt = SignedDuration::from_mins(15) + SignedDuration::from_secs(25);
    let late = observed.having_seen_for(&asked, doubt);
    assert_eq!(late.plan(minutes(17)).action, Action::Release);
}

#[test]
fn a_released_slot_needs_an_approval_of_its_own_and_can_be_given_one() {
    let failed = Story::default()
        .sends("first", minutes(0))
        .hears("first", &rejected(), minutes(1));
    let released = failed.releases(false, minutes(2));
    insta::assert_snapshot!(said(&post().having(&released.0), minutes(3)), @"AwaitingApproval ReleasedNeedsApproval: The slot was released, and an approval serves one epoch. Release it with --approve, or approve it anew: campanile approve.");
    let approved = released.releases(true, minutes(4));
    let plan = post().having(&approved.0).plan(minutes(5));
    assert_eq!(ordered(&plan).epoch, 2);
}

#[test]
fn what_was_due_before_a_restore_is_held_unless_it_is_published() {
    let restored =
        |observed: Observed| observed.with(|observed| observed.process.restored_at = Some(minutes(60)));
    let sending = Story::default().sends("first", minutes(0));
    let stories = [
        Story::default(),
        sending.clone(),
        sending.clone().hears("first", &rejected(), minutes(1)),
        sending.clone().hears("first", &no_answer(), minutes(1)),
        sending.clone().dies(minutes(1)).releases(true, minutes(1)),
    ];
    assert_eq!(restored(post()).plan(minutes(61)).action, Action::HoldAsUnknown);
    for story in stories {
        let plan = restored(post()).having(&story.0).plan(minutes(61));
        assert_eq!(plan.action, Action::HoldAsUnknown, "{}", story.told());
    }
    let done = sending.hears("first", &published("1"), minutes(1));
    assert_eq!(
        restored(post()).having(&done.0).plan(minutes(61)).phase,
        AssetPhase::Posted
    );
    let later = restored(post()).with(|observed| observed.asset.publish_at = Some(minutes(60)));
    assert_eq!(later.plan(minutes(60)).action, Action::Claim);
}

#[test]
fn what_is_held_after_a_restore_is_held_once_and_looked_up_or_asked_for() {
    let restored_at = minutes(60);
    let line = |class| {
        let story = Story::default().sends("first", minutes(0)).dies(minutes(1));
        let held = held_receipt(&story.0, restored_at);
        let observed = post()
            .on(class)
            .having(&held)
            .with(|observed| observed.process.restored_at = Some(restored_at));
        said(&observed, minutes(61))
    };
    let classes = [
        ChannelClass::NaturalKey,
        B,
        ChannelClass::LookUp,
        ChannelClass::Neither,
    ];
    insta::assert_snapshot!(classes.map(line).join("\n"), @r#"
    Unknown HeldAfterRestore: It was due before the store was restored, and what became of it may have been lost. Look at the account, then: campanile receipts adopt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --remote-id ID, or campanile receipts release r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --reason WHY [LookUp]
    Unknown HeldAfterRestore: It was due before the store was restored, and what became of it may have been lost. Look at the account, then: campanile receipts adopt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --remote-id ID, or campanile receipts release r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --reason WHY
    Unknown HeldAfterRestore: It was due before the store was restored, and what became of it may have been lost. Look at the account, then: campanile receipts adopt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --remote-id ID, or campanile receipts release r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --reason WHY [LookUp]
    Unknown HeldAfterRestore: It was due before the store was restored, and what became of it may have been lost. Look at the account, then: campanile receipts adopt r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --remote-id ID, or campanile receipts release r1-ga5ebi5kbjsepczlbhosgcqakuwbwtvwfbuysbyvcrh53fr7hvea --reason WHY
    "#);
}

#[test]
fn what_a_person_released_after_a_restore_is_not_held_again() {
    let held = held_receipt(&ReceiptStatus::default(), minutes(60));
    let asked = request_release(&held, true, &person(), minutes(61)).unwrap();
    let observed = post()
        .with(|observed| observed.process.restored_at = Some(minutes(60)))
        .campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish);
    let waits = observed.clone().having(&asked).plan(minutes(62));
    assert_eq!(waits.reason, "ReleasePending", "its sender may have been alive");
    let released = Story(held).releases(true, minutes(61));
    let plan = observed.having(&released.0).plan(minutes(90));
    assert!(matches!(plan.action, Action::Send(_)), "{plan}");
}

#[test]
fn a_page_that_changes_is_replaced_and_one_that_does_not_is_left_alone() {
    let written = Story::default()
        .begins("first", &order(WORDS, 0, 1), minutes(0))
        .hears("first", &published("place"), minutes(1));
    assert_eq!(page().having(&written.0).plan(minutes(2)).action, Action::Wait);
    let plan = page().says("sha256:other").having(&written.0).plan(minutes(2));
    assert_eq!((ordered(&plan).epoch, ordered(&plan).revision), (0, 2));
}

#[test]
fn a_page_whose_next_version_failed_is_posted_again_when_its_words_are_put_back() {
    let next = Story::default()
        .begins("first", &order(WORDS, 0, 1), minutes(0))
        .hears("first", &published("place"), minutes(1))
        .begins("second", &order("sha256:other", 0, 2), minutes(5));
    for outcome in [not_sent(), rejected()] {
        let story = next.clone().hears("second", &outcome, minutes(6));
        let plan = page().having(&story.0).plan(minutes(30));
        assert_eq!(
            (plan.phase, plan.action),
            (AssetPhase::Posted, Action::Wait),
            "{outcome:?}"
        );
    }
    let unknown = next.hears("second", &no_answer(), minutes(6));
    let plan = page().having(&unknown.0).plan(minutes(30));
    assert_eq!(
        plan.action,
        Action::LookUp,
        "nobody knows yet which version stands there"
    );
    let absent = settle_absent(&unknown.0, minutes(60));
    assert_eq!(page().having(&absent).plan(minutes(61)).phase, AssetPhase::Posted);
}

#[test]
fn moving_a_date_after_publication_publishes_nothing() {
    let story = Story::default()
        .sends("first", minutes(0))
        .hears("first", &published("1"), minutes(1));
    let moved = post()
        .having(&story.0)
        .with(|observed| observed.asset.publish_at = Some(minutes(600)));
    for now in [minutes(2), minutes(600), minutes(700)] {
        assert_eq!(moved.plan(now).action, Action::Wait);
    }
}

#[test]
fn equal_inputs_give_equal_plans() {
    for minute in -60..200 {
        assert_eq!(post().plan(minutes(minute)), post().plan(minutes(minute)));
    }
}

#[test]
fn a_retry_waits_for_its_instant() {
    let status = ReceiptStatus {
        not_before: Some(Time(minutes(30))),
        ..ReceiptStatus::default()
    };
    let observed = post().having(&status);
    assert_eq!(observed.plan(minutes(29)).wake_at, Some(minutes(30)));
    assert!(matches!(observed.plan(minutes(30)).action, Action::Send(_)));
}

#[test]
fn a_receipt_that_cannot_be_read_holds_its_asset_by_name() {
    let observed =
        post().with(|observed| observed.unreadable_receipt = Some("status: unknown phase".to_owned()));
    insta::assert_snapshot!(said(&observed, due()), @"Blocked ReceiptUnreadable: The Receipt of this slot cannot be read, so nobody can tell whether this was published: status: unknown phase. Restore the Receipt as Campanile wrote it, or run the version of Campanile that wrote it.");
}
