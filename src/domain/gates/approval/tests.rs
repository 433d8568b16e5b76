//! What approves, what denies, and what an approval loses by.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::*;
use crate::{
    api::{
        AlwaysFor, ApprovalMode, Approvers, AssetType, BranchApproval, GoDuration, ReceiptStatus,
        ReviewWindow, RuleResult, TimeOfDay, Weekday,
    },
    domain::{
        fixtures::{Story, WORDS, at, due, minutes, page, post, published, said},
        observed::Enforcement,
        plan::Action,
        policy::Verdict,
    },
};

const OTHER: &str = "sha256:other";

/// A decision about the words of these tests for their time, an hour before they are due.
pub(super) fn decision(approver: &str, decision: Decision) -> ApprovalFacts {
    ApprovalFacts {
        name: format!("review-{approver}"),
        approver: approver.to_owned(),
        groups: Vec::new(),
        decision,
        content_digest: WORDS.to_owned(),
        publish_at: Some(due()),
        created_at: minutes(-60),
        expires_at: None,
        comment: "Read.".to_owned(),
        break_glass: None,
    }
}

fn approve(approver: &str) -> ApprovalFacts {
    decision(approver, Decision::Approve)
}

fn deny(approver: &str) -> ApprovalFacts {
    decision(approver, Decision::Deny)
}

impl ApprovalFacts {
    fn at(self, created_at: Timestamp) -> Self {
        Self { created_at, ..self }
    }

    fn of(self, digest: &str) -> Self {
        Self {
            content_digest: digest.to_owned(),
            ..self
        }
    }

    fn of_group(self, group: &str) -> Self {
        Self {
            groups: vec![group.to_owned()],
            ..self
        }
    }
}

impl Observed {
    /// With these decisions, on a cluster that makes sure of who made them.
    pub(super) fn decided(self, approvals: &[ApprovalFacts]) -> Self {
        self.with(|observed| {
            observed.approvals = approvals.to_vec();
            observed.enforcement = Enforcement::Since(minutes(-10_000));
        })
    }

    fn asking(self, approvers: Approvers) -> Self {
        self.campaign(|campaign| campaign.approval.approvers = approvers)
    }

    fn written_by(self, author: &str) -> Self {
        self.with(|observed| observed.asset.author = Some(author.to_owned()))
    }

    fn may_go(&self, now: Timestamp) -> bool {
        self.plan(now).action == Action::Claim
    }
}

/// A post that is ready for review.
pub(super) fn pending() -> Observed {
    post().with(|observed| {
        observed.asset.intent = Intent::Pending;
        observed.asset.approval = None;
    })
}

fn by_hand() -> Observed {
    post().with(|observed| {
        observed.asset.made = None;
        observed.asset.approval = None;
    })
}

#[test]
fn an_approval_of_the_very_words_lets_what_is_pending_or_a_draft_go() {
    for intent in [Intent::Pending, Intent::Draft] {
        let observed = pending().with(|observed| observed.asset.intent = intent);
        assert!(!observed.may_go(due()));
        assert!(observed.decided(&[approve("maya")]).may_go(due()), "{intent:?}");
    }
}

#[test]
fn an_approval_lapses_with_one_changed_byte() {
    let observed = pending().decided(&[approve("maya")]);
    let changed = observed.with(|observed| observed.asset.content_digest = OTHER.to_owned());
    assert_eq!(changed.plan(due()).reason, "ReviewPending");
    assert!(changed.decided(&[approve("maya").of(OTHER)]).may_go(due()));
}

#[test]
fn other_words_than_the_branch_approved_go_by_an_approval() {
    let changed = post().with(|observed| observed.asset.content_digest = OTHER.to_owned());
    assert_eq!(changed.plan(due()).reason, "ChangedSinceApproval");
    assert!(changed.decided(&[approve("maya").of(OTHER)]).may_go(due()));
}

#[test]
fn what_was_made_by_hand_always_needs_an_approval() {
    for mode in [ApprovalMode::Required, ApprovalMode::Autonomous] {
        let observed = by_hand().campaign(|campaign| campaign.approval.mode = mode);
        assert_eq!(observed.plan(due()).reason, "MadeByHand", "{mode:?}");
        assert!(observed.decided(&[approve("maya")]).may_go(due()), "{mode:?}");
    }
    let claims = by_hand().with(|observed| observed.asset.intent = Intent::Posted);
    assert_eq!(claims.plan(due()).reason, "MadeByHand", "nor does it take a slot");
}

#[test]
fn a_denial_stands_until_the_words_change_whoever_approves_them() {
    let denied = post().decided(&[deny("noa"), approve("maya"), approve("noa").at(minutes(-1))]);
    insta::assert_snapshot!(said(&denied, due()), @"Blocked Denied: noa denied these words (review-noa): Read. Change the words, and have those approved.");
    let later = denied.clone().with(|observed| {
        let tomorrow = due() + SignedDuration::from_hours(24);
        observed.asset.publish_at = Some(tomorrow);
    });
    assert_eq!(
        later.plan(due()).reason,
        "Denied",
        "another time is not other words"
    );
    let autonomous = denied
        .clone()
        .campaign(|campaign| campaign.approval.mode = ApprovalMode::Autonomous);
    assert_eq!(autonomous.plan(due()).reason, "Denied");
    assert!(denied.says(OTHER).may_go(due()));
}

#[test]
fn a_denial_stops_although_nobody_can_tell_who_made_it() {
    let denied = post().with(|observed| observed.approvals = vec![deny("anybody")]);
    assert_eq!(denied.plan(due()).reason, "Denied");
}

#[test]
fn nothing_is_approved_where_nobody_makes_sure_of_the_approver() {
    let unproven = pending().with(|observed| observed.approvals = vec![approve("maya")]);
    insta::assert_snapshot!(said(&unproven, due()), @"AwaitingApproval ReviewPending: Its status is pending: it is ready, and a person has to approve it. Approval review-maya of maya does not count: Approvals are not believed here: the admission policy for Approvals has not been looked at yet. (next look 2026-03-02T22:00:00Z)");
}

#[test]
fn what_was_approved_before_the_policy_or_in_its_first_seconds_does_not_count() {
    let since = |seconds: i64| {
        pending().decided(&[approve("maya")]).with(|observed| {
            let policy = minutes(-60) - SignedDuration::from_secs(seconds);
            observed.enforcement = Enforcement::Since(policy);
        })
    };
    for early in [-1, 0, 5] {
        let plan = since(early).plan(due());
        assert!(plan.message.contains("before the admission policy"), "{plan}");
    }
    assert!(since(6).may_go(due()));
}

#[test]
fn moving_the_time_up_to_72_hours_later_keeps_an_approval_and_moving_it_earlier_voids_it() {
    let moved = |observed: Observed, by: SignedDuration| {
        observed.with(|observed| {
            observed.asset.publish_at = Some(due() + by);
            observed.asset.day_ends_at = None;
        })
    };
    let minute = SignedDuration::from_mins(1);
    let three_days = SignedDuration::from_hours(72);
    let by_branch = || post();
    let by_object = || pending().decided(&[approve("maya")]);
    for observed in [by_branch(), by_object()] {
        for (by, keeps) in [
            (SignedDuration::ZERO, true),
            (minute, true),
            (three_days, true),
            (three_days + minute, false),
            (-minute, false),
        ] {
            let moved = moved(observed.clone(), by);
            let plan = moved.plan(due() + by);
            let went = plan.action == Action::Claim;
            assert_eq!(went, keeps, "{by}: {plan}");
            assert!(went || plan.reason == "MovedSinceApproval", "{plan}");
        }
    }
    let any_time = ApprovalFacts {
        publish_at: None,
        ..approve("maya")
    };
    let moved = moved(pending().decided(&[any_time]), -minute);
    assert!(moved.may_go(due()));
}

#[test]
fn what_is_approved_late_that_day_is_due_at_the_approval_and_after_it_is_missed() {
    let noon = minutes(300);
    let late = pending().decided(&[approve("maya").at(noon)]);
    assert!(late.may_go(noon + SignedDuration::from_mins(120)));
    assert_eq!(
        late.plan(noon + SignedDuration::from_mins(121)).reason,
        "NotPublishedInTime"
    );
    let end = late.asset.day_ends_at.unwrap();
    let too_late = pending().decided(&[approve("maya").at(end)]);
    assert_eq!(too_late.plan(end).reason, "NotApprovedInTime");
    let publishes = too_late.campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish);
    assert!(publishes.may_go(end));
}

#[test]
fn nothing_is_approved_by_waiting() {
    let waits = pending().campaign(|campaign| {
        campaign.missed.policy = MissedPolicyKind::Publish;
        campaign.approval.expires_after = Some(GoDuration::from_secs(60));
    });
    for hours in [0, 1, 24, 24 * 365] {
        let now = due() + SignedDuration::from_hours(hours);
        assert_eq!(waits.plan(now).phase, AssetPhase::AwaitingApproval);
    }
}

#[test]
fn an_approval_expires_so_long_after_the_instant_at_which_it_is_due() {
    let under = |observed: Observed| {
        observed.campaign(|campaign| {
            campaign.approval.expires_after = Some(GoDuration::from_secs(3600));
            campaign.missed.policy = MissedPolicyKind::Publish;
        })
    };
    let weeks_before = approve("maya").at(minutes(-9_000));
    for observed in [post(), pending().decided(&[weeks_before])] {
        let observed = under(observed);
        assert!(observed.may_go(minutes(60)));
        let late = minutes(60) + SignedDuration::from_secs(1);
        assert_eq!(observed.plan(late).reason, "ApprovalExpired");
    }
    let anew = under(pending()).decided(&[approve("maya").at(minutes(500))]);
    assert!(
        anew.may_go(minutes(560)),
        "a late approval is due when it is given"
    );
    assert_eq!(anew.plan(minutes(561)).reason, "ApprovalExpired");
}

#[test]
fn an_approval_counts_until_the_instant_at_which_it_ends_itself() {
    let ends = ApprovalFacts {
        expires_at: Some(minutes(30)),
        ..approve("maya")
    };
    let observed = pending().decided(&[ends]);
    assert!(observed.may_go(minutes(29)));
    assert_eq!(observed.plan(minutes(30)).reason, "ApprovalExpired");
}

#[test]
fn an_approval_serves_one_release() {
    let released = Story::default()
        .sends("first", minutes(0))
        .hears("first", &published("1"), minutes(1))
        .releases(false, minutes(30));
    let before = pending().decided(&[approve("maya")]).having(&released.0);
    assert_eq!(before.plan(minutes(40)).reason, "ReviewPending");
    let branch = post().having(&released.0);
    assert_eq!(branch.plan(minutes(40)).reason, "ReleasedNeedsApproval");
    let in_its_second = post()
        .decided(&[approve("maya").at(minutes(30))])
        .having(&released.0);
    assert_eq!(in_its_second.plan(minutes(40)).reason, "ReleasedNeedsApproval");
    let anew = branch.decided(&[approve("maya").at(minutes(31))]);
    assert!(matches!(anew.plan(minutes(40)).action, Action::Send(_)));
    // Used up by a second release.
    let again = released
        .sends("second", minutes(41))
        .hears("second", &published("2"), minutes(42))
        .releases(false, minutes(50));
    assert_eq!(
        anew.having(&again.0).plan(minutes(60)).reason,
        "ReleasedNeedsApproval"
    );
}

#[test]
fn a_row_that_is_set_back_takes_its_approvals_with_it() {
    let set_back = |at: Timestamp| {
        pending().with(|observed| {
            observed.asset.made.as_mut().unwrap().intent_at = Some(Time(at));
        })
    };
    let approved_before = set_back(minutes(-30)).decided(&[approve("maya")]);
    let plan = approved_before.plan(due());
    assert!(
        plan.message.contains("set to draft or pending after it"),
        "{plan}"
    );
    assert!(set_back(minutes(-60)).decided(&[approve("maya")]).may_go(due()));
    let then_approved = approved_before.with(|observed| observed.asset.intent = Intent::Approved);
    assert!(then_approved.may_go(due()), "its status says that it may go");
}

#[test]
fn more_than_one_person_means_different_people_and_not_the_branch() {
    let two = Approvers {
        minimum: 2,
        ..Approvers::default()
    };
    let asking = |approvals: &[ApprovalFacts]| post().asking(two.clone()).decided(approvals);
    insta::assert_snapshot!(said(&asking(&[]), due()), @"AwaitingApproval ApproversMissing: It needs Approvals of 2 of the people who may approve. So far: nobody. Approve it: campanile approve. (next look 2026-03-02T22:00:00Z)");
    let one = asking(&[approve("maya"), approve("maya").at(minutes(-2))]);
    insta::assert_snapshot!(said(&one, due()), @"AwaitingApproval ApproversMissing: It needs Approvals of 2 of the people who may approve. So far: maya. Approve it: campanile approve. (next look 2026-03-02T22:00:00Z)");
    assert!(asking(&[approve("maya"), approve("noa")]).may_go(due()));
}

#[test]
fn only_members_of_the_groups_count() {
    let leads = Approvers {
        groups: vec!["leads".to_owned(), "legal".to_owned()],
        ..Approvers::default()
    };
    let asking = |approval: ApprovalFacts| post().asking(leads.clone()).decided(&[approval]);
    let plan = asking(approve("maya").of_group("interns")).plan(due());
    assert_eq!(plan.reason, "ApproversMissing");
    assert!(plan.message.contains("1 of leads, legal"), "{plan}");
    assert!(asking(approve("maya").of_group("legal")).may_go(due()));
}

#[test]
fn whoever_wrote_it_does_not_count_where_that_is_forbidden() {
    let others = Approvers {
        forbid_author: true,
        ..Approvers::default()
    };
    let asking = |approvals: &[ApprovalFacts]| {
        post()
            .asking(others.clone())
            .written_by("Dana <dana@example.com>")
            .decided(approvals)
    };
    assert_eq!(asking(&[approve("dana")]).plan(due()).reason, "ApproversMissing");
    assert!(asking(&[approve("dana"), approve("maya")]).may_go(due()));
    // The status that its author set on the branch proves nobody else.
    assert_eq!(asking(&[]).plan(due()).reason, "ApproversMissing");
}

#[test]
fn where_nobody_knows_who_wrote_it_one_more_person_makes_up_for_the_author() {
    let others = Approvers {
        forbid_author: true,
        ..Approvers::default()
    };
    let asking = |approvals: &[ApprovalFacts]| post().asking(others.clone()).decided(approvals);
    let plan = asking(&[approve("maya")]).plan(due());
    assert!(plan.message.contains("nobody knows who wrote it"), "{plan}");
    assert!(asking(&[approve("maya"), approve("noa")]).may_go(due()));
}

#[test]
fn a_channel_asks_its_owner_too() {
    let owned = |approvals: &[ApprovalFacts]| {
        post().decided(approvals).with(|observed| {
            observed.channels[0].approvers = vec!["ron".to_owned()];
        })
    };
    assert_eq!(owned(&[]).plan(due()).reason, "ApproversMissing");
    let plan = owned(&[approve("maya")]).plan(due());
    assert!(plan.message.contains("and of ron for this channel"), "{plan}");
    assert!(owned(&[approve("ron")]).may_go(due()));
    let two = Approvers {
        minimum: 2,
        ..Approvers::default()
    };
    assert!(
        owned(&[approve("ron"), approve("maya")])
            .asking(two)
            .may_go(due())
    );
}

#[test]
fn an_emergency_needs_one_person_and_lifts_neither_a_denial_nor_what_cannot_be_proven() {
    let glass = ApprovalFacts {
        break_glass: Some("The old post is wrong.".to_owned()),
        ..approve("maya")
    };
    let strict = || {
        post()
            .asking(Approvers {
                minimum: 3,
                groups: vec!["leads".to_owned()],
                forbid_author: true,
            })
            .written_by("maya")
    };
    assert!(strict().decided(std::slice::from_ref(&glass)).may_go(due()));
    let denied = strict().decided(&[glass.clone(), deny("noa")]);
    assert_eq!(denied.plan(due()).reason, "Denied");
    let unproven = strict().with(|observed| observed.approvals = vec![glass.clone()]);
    assert_eq!(unproven.plan(due()).reason, "ApproversMissing");
    let recorded = recorded(&strict().decided(&[glass]), due());
    assert_eq!(recorded[0].break_glass.as_deref(), Some("The old post is wrong."));
    insta::assert_snapshot!(told(&recorded).unwrap(), @"maya, review-maya, in an emergency: The old post is wrong.");
}

fn reviewing() -> ReviewWindow {
    ReviewWindow {
        start: TimeOfDay { hour: 8, minute: 0 },
        duration: GoDuration::from_secs(900),
        days: vec![Weekday::Mon, Weekday::Tue],
        time_zone: None,
    }
}

fn windowed(observed: Observed) -> Observed {
    observed.campaign(|campaign| {
        campaign.approval.mode = ApprovalMode::Window;
        campaign.approval.window = Some(reviewing());
    })
}

#[test]
fn in_mode_window_nothing_goes_without_a_decision_in_the_window() {
    // It is due on Monday at nine; the window is from eight to a quarter past.
    let eight = minutes(-60);
    insta::assert_snapshot!(said(&windowed(post()), due()), @"AwaitingApproval WindowClosed: Nobody decided about it in the review window, which opens again 2026-03-03 08:00 Asia/Jerusalem. (next look 2026-03-02T22:00:00Z)");
    insta::assert_snapshot!(said(&windowed(post()), eight), @"AwaitingApproval ApprovalNeeded: The review window is open until 2026-03-02 08:15 Asia/Jerusalem: approve it now. (next look 2026-03-02T22:00:00Z)");
    let decided = |at: Timestamp| windowed(pending()).decided(&[approve("maya").at(at)]);
    assert!(decided(eight).may_go(due()));
    assert!(decided(eight).may_go(minutes(100)), "it goes out when it is due");
    let sunday = eight - SignedDuration::from_hours(24);
    for outside in [sunday, minutes(-45), eight - SignedDuration::from_secs(1)] {
        let plan = decided(outside).plan(due());
        assert_eq!(plan.reason, "WindowClosed", "{plan}");
        assert!(plan.message.contains("outside of the review window"), "{plan}");
    }
    let by_branch = windowed(post()).with(|observed| {
        observed.asset.approval.as_mut().unwrap().at = Some(Time(eight));
    });
    assert!(by_branch.may_go(due()), "a status that turned in the window");
}

#[test]
fn an_emergency_does_not_wait_for_the_window() {
    let glass = ApprovalFacts {
        break_glass: Some("The old post is wrong.".to_owned()),
        ..approve("maya").at(minutes(-1))
    };
    assert!(windowed(pending()).decided(&[glass]).may_go(due()));
}

#[test]
fn in_mode_autonomous_approved_rows_go_with_the_words_that_they_have_now() {
    let autonomous =
        |observed: Observed| observed.campaign(|campaign| campaign.approval.mode = ApprovalMode::Autonomous);
    let changed = || post().with(|observed| observed.asset.content_digest = OTHER.to_owned());
    assert!(autonomous(changed()).may_go(due()));
    assert_eq!(autonomous(pending()).plan(due()).reason, "ReviewPending");
    let recorded = recorded(&autonomous(changed()), due());
    insta::assert_snapshot!(told(&recorded).unwrap(), @"branch, mode Autonomous: nobody approved these words one by one");
}

#[test]
fn the_first_publication_on_a_channel_and_what_the_campaign_names_need_a_person_in_every_mode() {
    let unseen: [fn(&mut CampaignFacts); 2] = [
        |campaign| campaign.approval.mode = ApprovalMode::Autonomous,
        |campaign| campaign.approval.branch = BranchApproval::PerRevision,
    ];
    for mode in unseen {
        let changed = post()
            .with(|observed| observed.asset.content_digest = OTHER.to_owned())
            .campaign(mode);
        assert!(changed.may_go(due()));
        let first = changed.clone().with(|observed| observed.first_on_channel = true);
        assert_eq!(first.plan(due()).reason, "FirstPublicationOnChannel");
        assert!(first.clone().decided(&[approve("maya").of(OTHER)]).may_go(due()));
        assert!(
            first.says(OTHER).may_go(due()),
            "a row approved by a person counts"
        );
        let named = changed.campaign(|campaign| campaign.approval.always_for = vec![AlwaysFor::Post]);
        assert_eq!(named.plan(due()).reason, "ApprovalNeeded");
        assert!(named.decided(&[approve("maya").of(OTHER)]).may_go(due()));
    }
}

#[test]
fn what_a_rule_calls_for_a_person_about_needs_an_approval_in_every_mode() {
    for mode in [ApprovalMode::Required, ApprovalMode::Autonomous] {
        let sensitive = post()
            .campaign(|campaign| campaign.approval.mode = mode)
            .with(|observed| {
                observed.guards.verdict = Some(Verdict {
                    result: RuleResult::Pass,
                    left_out: 0,
                    require_approval: vec!["sensitive-topics".to_owned()],
                    findings: Vec::new(),
                    halt: None,
                    again_at: None,
                });
            });
        let plan = sensitive.plan(due());
        assert_eq!(plan.reason, "ApprovalNeeded", "{mode:?}: {plan}");
        assert!(plan.message.contains("sensitive-topics"), "{plan}");
        assert!(sensitive.decided(&[approve("maya")]).may_go(due()), "{mode:?}");
    }
}

#[test]
fn what_always_needs_a_person_is_named_by_its_type() {
    let named = page().campaign(|campaign| {
        campaign.approval.mode = ApprovalMode::Autonomous;
        campaign.approval.always_for = vec![AlwaysFor::Page];
    });
    let changed = named.with(|observed| observed.asset.content_digest = OTHER.to_owned());
    assert_eq!(changed.plan(due()).reason, "ApprovalNeeded");
    let another = changed.with(|observed| observed.asset.type_ = AssetType::Template);
    assert!(another.may_go(due()));
}

#[test]
fn the_receipt_is_told_who_approved_which_words_when_and_in_which_mode() {
    let two = Approvers {
        minimum: 2,
        ..Approvers::default()
    };
    let noa = approve("noa").at(minutes(-5));
    let observed = post().asking(two).decided(&[noa, approve("maya")]);
    let told_of = recorded(&observed, due());
    insta::assert_snapshot!(told(&told_of).unwrap(), @"maya, review-maya; noa, review-noa");
    assert!(told_of.iter().all(|approval| {
        approval.digest == WORDS && approval.decision == Decision::Approve && approval.at.is_some()
    }));
    assert_eq!(since(&observed, due()), Some(minutes(-5)));
    let branch = recorded(&post(), due());
    insta::assert_snapshot!(told(&branch).unwrap(), @"branch, an author that the history does not tell, c0ffee");
    assert_eq!(recorded(&pending(), due()), Vec::new());
    assert_eq!(told(&[]), None);
}

#[test]
fn a_page_is_approved_again_for_each_version() {
    let written = Story::default()
        .begins("first", &crate::domain::fixtures::order(WORDS, 0, 1), minutes(0))
        .hears("first", &published("place"), minutes(1));
    let changed = page()
        .with(|observed| observed.asset.content_digest = OTHER.to_owned())
        .having(&written.0);
    assert_eq!(changed.plan(minutes(2)).reason, "ChangedSinceApproval");
    let approved = changed.decided(&[approve("maya").of(OTHER).at(minutes(90_000))]);
    let plan = approved.plan(minutes(90_001));
    assert!(matches!(plan.action, Action::Send(_)), "{plan}");
}

#[test]
fn an_approval_that_names_no_words_of_the_asset_says_which_it_has() {
    let observed = post();
    let setback = setback(&observed, &approve("maya").of(OTHER), due());
    let setback = setback.unwrap();
    assert_eq!(setback.reason(), "OtherWords");
    insta::assert_snapshot!(setback, @"it is about words that the asset does not have; its digest is sha256:words now");
}

#[test]
fn a_claim_that_stands_is_held_by_a_denial_that_came_after_it() {
    let claimed = post().having(&ReceiptStatus::default());
    assert!(matches!(claimed.plan(due()).action, Action::Send(_)));
    assert_eq!(
        claimed.decided(&[deny("noa").at(due())]).plan(due()).reason,
        "Denied"
    );
}

#[test]
fn the_day_of_an_unapproved_post_ends_in_its_own_zone() {
    let end = at("2026-03-02T22:00:00Z");
    let waiting = pending().plan(end - SignedDuration::from_secs(1));
    assert_eq!(
        (waiting.phase, waiting.wake_at),
        (AssetPhase::AwaitingApproval, Some(end))
    );
    assert_eq!(pending().plan(end).reason, "NotApprovedInTime");
}
