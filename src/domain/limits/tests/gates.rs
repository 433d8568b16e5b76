//! The limits as gates: what an asset that is due waits for, until when, and what it says ahead of time.

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use super::{at, limits};
use crate::{
    api::{AssetPhase, AssetType, Environment, MissedPolicyKind, ReceiptSlot},
    domain::{
        fixtures::{due, minutes, page, post, said},
        limits::{
            Bucket, DailyCap, Effect, EffectKind, Followed, FollowedState, Group, LaneFacts, Limit, Turn,
        },
        observed::Observed,
        plan::Action,
        schedule,
        slot::Slot,
    },
};

fn limited(spec: &Value) -> Observed {
    let limits = limits(spec);
    post().with(|observed| observed.channels[0].limits = limits)
}

fn other(post: &str) -> Group {
    Group::of(&ReceiptSlot {
        post_id: post.to_owned(),
        ..own().fields().clone()
    })
}

fn own() -> Slot {
    post().asset.slot("week1", Environment::Production)
}

fn seen(at: Timestamp) -> Effect {
    Effect {
        at,
        kind: EffectKind::Visible,
    }
}

/// With another target of the account that was published so many minutes after this one was due.
fn beside(observed: Observed, name: &str, minute: i64) -> Observed {
    observed.with(|observed| observed.lane.account.record(other(name), seen(minutes(minute))))
}

#[test]
fn each_limit_waits_until_the_instant_at_which_there_is_room() {
    let gap = beside(limited(&json!({"minimumGap": "45m"})), "a", -10);
    let cap = limited(&json!({"maxPublishesPerDay": 2, "timeZone": "Asia/Jerusalem"}));
    let cap = beside(beside(cap, "a", -60), "b", -30);
    let quiet =
        limited(&json!({"timeZone": "Asia/Jerusalem", "quietHours": {"start": "08:00", "end": "09:45"}}));
    let window = limited(
        &json!({"timeZone": "Asia/Jerusalem", "windows": [{"kind": "Allow", "start": "10:00", "end": "12:00"}]}),
    );
    let denied = limited(
        &json!({"timeZone": "Asia/Jerusalem", "windows": [{"kind": "Deny", "name": "review", "start": "08:30", "duration": "1h"}]}),
    );
    let bucket = limited(&json!({"rateBucket": {"name": "app", "limit": 1, "per": "1h"}})).with(|observed| {
        observed.lane.bucket = Some(Bucket {
            name: "app".to_owned(),
            limit: 1,
            per: SignedDuration::from_hours(1),
        });
        observed.lane.requests = vec![minutes(-20)];
    });
    let campaign = post().with(|observed| {
        observed.lane.campaign.record(other("a"), seen(minutes(-60)));
        observed.campaign.as_mut().unwrap().cap = Some(DailyCap {
            limit: 1,
            zone: schedule::time_zone("America/New_York").unwrap(),
        });
    });
    let publishes =
        |observed: Observed| observed.campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish);
    let lines = vec![gap, cap, quiet, window, denied, bucket, campaign]
        .into_iter()
        .map(|observed| said(&publishes(observed), due()))
        .collect::<Vec<_>>();
    insta::assert_snapshot!(lines.join("\n"), @r"
    Scheduled MinimumGap: ChannelConfig linkedin-company keeps 45m between two publications (limits.minimumGap). There is room for it at 2026-03-02T07:35:01Z. (next look 2026-03-02T07:35:01Z)
    Scheduled DailyCapReached: ChannelConfig linkedin-company publishes at most 2 targets a day (limits.maxPublishesPerDay). There is room for it at 2026-03-02T22:00:00Z. (next look 2026-03-02T22:00:00Z)
    Scheduled QuietHours: ChannelConfig linkedin-company has quiet hours (limits.quietHours). There is room for it at 2026-03-02T07:45:00Z. (next look 2026-03-02T07:45:00Z)
    Scheduled OutsideWindow: No window of ChannelConfig linkedin-company is open (limits.windows). There is room for it at 2026-03-02T08:00:00Z. (next look 2026-03-02T08:00:00Z)
    Scheduled OutsideWindow: Nothing goes out in the window review of ChannelConfig linkedin-company. There is room for it at 2026-03-02T07:30:00Z. (next look 2026-03-02T07:30:00Z)
    Scheduled RateBucketEmpty: The channels of the rate bucket app make at most 1 requests in 1h (limits.rateBucket). There is room for it at 2026-03-02T07:40:00Z. (next look 2026-03-02T07:40:00Z)
    Scheduled DailyCapReached: Campaign week1 publishes at most 1 targets a day (maxPublishesPerDay). There is room for it at 2026-03-03T05:00:00Z. (next look 2026-03-03T05:00:00Z)
    ");
}

#[test]
fn at_the_instant_that_was_named_it_goes_out() {
    let observed = beside(limited(&json!({"minimumGap": "45m"})), "a", -10);
    let opens = observed.plan(due()).wake_at.unwrap();
    assert_eq!(
        observed.plan(opens - SignedDuration::from_millis(1)).action,
        Action::Wait
    );
    assert_eq!(observed.plan(opens).action, Action::Claim);
}

#[test]
fn several_limits_are_told_one_after_the_other_and_waited_for_together() {
    let spec = json!({
        "minimumGap": "45m", "maxPublishesPerDay": 1, "timeZone": "UTC",
        "windows": [{"kind": "Allow", "start": "10:00", "end": "12:00"}],
    });
    let observed = beside(limited(&spec), "a", -10)
        .campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish);
    insta::assert_snapshot!(said(&observed, due()), @"Scheduled DailyCapReached: ChannelConfig linkedin-company publishes at most 1 targets a day (limits.maxPublishesPerDay). There is room for it at 2026-03-03T10:00:00Z. (next look 2026-03-03T10:00:00Z)");
}

#[test]
fn limits_leave_alone_what_is_not_due_yet_and_what_is_missed() {
    let observed = beside(limited(&json!({"minimumGap": "45m"})), "a", -40);
    assert_eq!(observed.plan(minutes(-30)).reason, "WaitingForTime");
    assert_eq!(observed.plan(minutes(200)).reason, "NotPublishedInTime");
}

#[test]
fn what_waits_for_a_limit_longer_than_it_may_is_missed_when_its_time_is_over() {
    let observed = limited(&json!({"maxPublishesPerDay": 1, "timeZone": "UTC"}));
    let observed = beside(observed, "a", -10);
    let waits = observed.plan(due());
    assert_eq!(
        (waits.phase, waits.reason.as_str()),
        (AssetPhase::Scheduled, "DailyCapReached")
    );
    let looks = waits.wake_at.unwrap();
    assert_eq!(looks, minutes(120) + SignedDuration::from_secs(1));
    assert_eq!(observed.plan(looks).phase, AssetPhase::Missed);
}

#[test]
fn the_platforms_own_wait_is_honoured_to_the_second() {
    let until = minutes(7) + SignedDuration::from_secs(13);
    let observed = post().with(|observed| observed.channels[0].rate_limited_until = Some(until));
    assert_eq!(
        observed.plan(until - SignedDuration::from_secs(1)).wake_at,
        Some(until)
    );
    assert_eq!(observed.plan(until).action, Action::Claim);
    let beside = limited(&json!({"rateBucket": {"name": "app", "limit": 9, "per": "1h"}}))
        .with(|observed| observed.lane.bucket_waits_until = Some(until));
    assert_eq!(
        beside.plan(due()).reason,
        "RateLimited",
        "one of the app was told to wait"
    );
    assert_eq!(beside.plan(due()).wake_at, Some(until));
}

#[test]
fn a_turn_that_comes_later_is_waited_for_and_told_as_what_holds_it() {
    let observed = limited(&json!({"minimumGap": "45m"})).with(|observed| {
        observed.lane.turn = Some(Turn {
            at: Some(minutes(90)),
            limit: Some(Limit::MinimumGap),
            too_late: false,
        });
    });
    insta::assert_snapshot!(said(&observed, minutes(1)), @"Scheduled MinimumGap: ChannelConfig linkedin-company keeps 45m between two publications (limits.minimumGap). There is room for it at 2026-03-02T08:30:00Z. (next look 2026-03-02T08:30:00Z)");
    assert_eq!(observed.plan(minutes(90)).action, Action::Claim);
}

#[test]
fn what_cannot_fit_before_it_is_missed_says_so_ahead_of_time() {
    let warned = |observed: &Observed, now| {
        let warning = observed.plan(now).would_be_missed?;
        Some(format!("{}: {}", warning.reason, warning.message))
    };
    let night =
        limited(&json!({"timeZone": "Asia/Jerusalem", "quietHours": {"start": "08:00", "end": "13:00"}}));
    insta::assert_snapshot!(warned(&night, minutes(-6000)).unwrap(), @"QuietHours: ChannelConfig linkedin-company has quiet hours (limits.quietHours). There is no room for it before it is missed, after 2026-03-02T09:00:00Z. Give it another time, or change the limits.");
    let short =
        limited(&json!({"timeZone": "Asia/Jerusalem", "quietHours": {"start": "08:00", "end": "10:00"}}));
    assert_eq!(warned(&short, minutes(-6000)), None);
    let crowded = limited(&json!({"minimumGap": "45m"})).with(|observed| {
        observed.lane.turn = Some(Turn {
            at: Some(minutes(180)),
            limit: Some(Limit::MinimumGap),
            too_late: true,
        });
    });
    assert!(
        warned(&crowded, minutes(-6000))
            .unwrap()
            .starts_with("MinimumGap: ")
    );
    let patient = crowded.campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish);
    assert_eq!(warned(&patient, minutes(-6000)), None, "it is never missed");
}

#[test]
fn a_warning_does_not_change_while_time_passes() {
    let night =
        limited(&json!({"timeZone": "Asia/Jerusalem", "quietHours": {"start": "08:00", "end": "13:00"}}));
    let first = night.plan(minutes(-6000)).would_be_missed;
    for minute in [-600, -1, 0, 60, 120] {
        assert_eq!(night.plan(minutes(minute)).would_be_missed, first, "{minute}");
    }
}

#[test]
fn windows_that_never_open_again_hold_by_name() {
    let past = limited(&json!({"timeZone": "UTC", "windows": [{"kind": "Allow", "dates": ["2020-01-01"]}]}));
    insta::assert_snapshot!(said(&past, due()), @"Blocked OutsideWindow: No window of ChannelConfig linkedin-company is open (limits.windows). Within a year there is no room for it. Change the limits. (next look 2026-03-02T09:00:01Z)");
}

#[test]
fn jitter_moves_when_it_is_due_and_when_it_is_late_by_the_same() {
    let observed = limited(&json!({"jitter": "50m"}));
    let offset = observed.channels[0].limits.offset(&own());
    assert!(offset.is_positive(), "this slot is moved");
    assert_eq!(observed.plan(due()).wake_at, Some(due() + offset));
    assert_eq!(observed.plan(due() + offset).action, Action::Claim);
    let last = due() + offset + SignedDuration::from_hours(2);
    assert_eq!(observed.plan(last).action, Action::Claim);
    assert_eq!(
        observed.plan(last + SignedDuration::from_secs(1)).phase,
        AssetPhase::Missed
    );
    let state = page().with(|observed| observed.channels[0].limits = limits(&json!({"jitter": "50m"})));
    assert_eq!(state.plan(due()).action, Action::Claim, "pages go first");
}

#[test]
fn templates_are_stored_and_wait_for_no_hour() {
    let stored = beside(limited(&json!({"minimumGap": "45m", "timeZone": "UTC", "quietHours": {"start": "00:00", "end": "23:59"}})), "a", -10)
        .with(|observed| observed.asset.type_ = AssetType::Template);
    assert_eq!(stored.plan(due()).action, Action::Claim);
}

#[test]
fn a_channel_without_limits_looks_at_nothing_that_others_did() {
    let free = beside(beside(post(), "a", -1), "b", 0);
    assert_eq!(free.plan(due()), post().plan(due()));
}

fn followed(post: &str, target: (&str, &str), locale: &str, state: FollowedState) -> Followed {
    let slot = Slot::new(&ReceiptSlot {
        post_id: post.to_owned(),
        platform: target.0.to_owned(),
        account: target.1.to_owned(),
        locale: locale.to_owned(),
        ..own().fields().clone()
    });
    Followed {
        slot: slot.fields().clone(),
        state,
        remote_id: None,
        published_at: None,
    }
}

fn follows(all: Vec<Followed>) -> Observed {
    post().with(|observed| {
        observed.asset.after = Some("blog".to_owned());
        observed.lane = LaneFacts {
            followed: all,
            ..LaneFacts::default()
        };
    })
}

#[test]
fn a_post_waits_for_the_one_it_follows_and_says_what_became_of_it() {
    use FollowedState::{Coming, Failed, InDoubt, Missed, Published, Skipped};
    let web = ("web", "site");
    let lines = [Coming, InDoubt, Missed, Skipped, Failed]
        .map(|state| said(&follows(vec![followed("blog", web, "en", state)]), due()));
    insta::assert_snapshot!(lines.join("\n"), @r"
    Scheduled WaitingForPost: It goes out after the post blog on web, account site, is published. (next look 2026-03-02T09:00:01Z)
    Scheduled WaitingForPost: It goes out after the post blog on web, account site, of which nobody knows yet whether it is published. (next look 2026-03-02T09:00:01Z)
    Blocked FollowedPostMissed: It goes out after the post blog on web, account site, which was missed. Give that one another chance, or change the column after.
    Blocked FollowedPostSkipped: It goes out after the post blog on web, account site, which is skipped. Give that one another chance, or change the column after.
    Blocked FollowedPostFailed: It goes out after the post blog on web, account site, which failed. Give that one another chance, or change the column after.
    ");
    let done = follows(vec![followed("blog", web, "en", Published)]);
    assert_eq!(done.plan(due()).action, Action::Claim);
    let nothing = follows(Vec::new());
    insta::assert_snapshot!(said(&nothing, due()), @"Scheduled WaitingForPost: It goes out after the post blog, of which no Asset and no Receipt stands yet. (next look 2026-03-02T09:00:01Z)");
}

#[test]
fn it_waits_for_its_own_target_else_for_its_own_language_else_for_all() {
    use FollowedState::{Coming, Published};
    let (own, site, other) = (("linkedin", "company"), ("web", "site"), ("x", "main"));
    let goes = |all: Vec<Followed>| follows(all).plan(due()).action == Action::Claim;
    assert!(goes(vec![
        followed("blog", own, "en", Published),
        followed("blog", own, "he", Coming),
        followed("blog", site, "en", Coming),
    ]));
    assert!(!goes(vec![
        followed("blog", site, "en", Published),
        followed("blog", other, "en", Coming),
    ]));
    assert!(goes(vec![
        followed("blog", site, "en", Published),
        followed("blog", site, "he", Coming),
    ]));
    assert!(!goes(vec![
        followed("blog", site, "fr", Published),
        followed("blog", site, "he", Coming),
    ]));
}

#[test]
fn what_can_never_follow_says_so_before_its_time_and_waiting_ends_when_it_is_missed() {
    let site = ("web", "site");
    let stopped = follows(vec![followed("blog", site, "en", FollowedState::Skipped)]);
    assert_eq!(stopped.plan(minutes(-600)).reason, "FollowedPostSkipped");
    let waits = follows(vec![followed("blog", site, "en", FollowedState::Coming)]);
    assert_eq!(waits.plan(minutes(-600)).reason, "WaitingForTime");
    let looks = waits.plan(due()).wake_at.unwrap();
    assert_eq!(waits.plan(looks).phase, AssetPhase::Missed);
}

#[test]
fn a_cap_and_quiet_hours_open_on_the_days_and_hours_of_four_zones() {
    let spec = |zone: &str| json!({"maxPublishesPerDay": 1, "timeZone": zone, "quietHours": {"start": "21:00", "end": "08:00"}});
    let lines = super::ZONES.map(|zone| {
        let observed = beside(limited(&spec(zone)), "a", -10)
            .campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish);
        // The day before New York's clocks change.
        let moved = observed.with(|observed| {
            observed.asset.publish_at = Some(at("2026-03-07T12:00:00Z"));
            // Approved for that day: a time that moves by more than three days needs a new decision.
            let approval = observed.asset.approval.as_mut().unwrap();
            approval.publish_at = observed.asset.publish_at.map(Time);
            observed
                .lane
                .account
                .record(other("b"), seen(at("2026-03-07T11:00:00Z")));
        });
        let plan = moved.plan(at("2026-03-07T12:00:00Z"));
        format!("{zone}: {} until {}", plan.reason, plan.wake_at.unwrap())
    });
    insta::assert_snapshot!(lines.join("\n"), @r"
    Asia/Jerusalem: DailyCapReached until 2026-03-08T06:00:00Z
    America/New_York: DailyCapReached until 2026-03-08T12:00:00Z
    Asia/Kolkata: DailyCapReached until 2026-03-08T02:30:00Z
    Australia/Lord_Howe: DailyCapReached until 2026-03-07T21:00:00Z
    ");
}

#[test]
fn an_attempt_without_an_outcome_takes_room_for_as_long_as_it_may_still_arrive() {
    let open = |kind| Effect { at: due(), kind };
    let under = |spec: &Value, kind| {
        limited(spec)
            .with(|observed| observed.lane.account.record(other("a"), open(kind)))
            .campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish)
    };
    let gap = json!({"minimumGap": "45m"});
    let opens = |kind| under(&gap, kind).plan(due()).wake_at.unwrap();
    assert_eq!(
        opens(EffectKind::Visible),
        minutes(45) + SignedDuration::from_secs(1)
    );
    assert_eq!(opens(EffectKind::Open), minutes(60));
    // Begun a minute before midnight at the end of a day of its zone: it may be on either day.
    let cap = json!({"maxPublishesPerDay": 1, "timeZone": "Etc/GMT-13"});
    let (evening, night) = (minutes(239), minutes(241));
    let either = limited(&cap)
        .with(|observed| {
            observed.lane.account.record(
                other("a"),
                Effect {
                    at: evening,
                    kind: EffectKind::Open,
                },
            );
        })
        .campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish);
    assert_eq!(either.plan(evening).reason, "DailyCapReached");
    assert_eq!(either.plan(night).reason, "DailyCapReached");
}
