//! What a calendar says of limits: the same as the operator would do, instant by instant.

use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    api::{ChannelLimits, Environment, Intent, MissedPolicyKind, ReceiptPhase},
    domain::{
        fixtures::{minutes, post},
        lanes::{Reached, Sharing, Trace, slot},
        limits::{AccountKey, Bucket, Effect, EffectKind, Limits},
        observed::CampaignFacts,
    },
};

fn limits(spec: &Value) -> Limits {
    let spec: ChannelLimits = serde_json::from_value(spec.clone()).unwrap();
    Limits::read(Some(&spec), None).unwrap()
}

/// A post of a name on an account with limits, due so many minutes after nine o'clock in Jerusalem.
fn limited(name: &str, due: i64, spec: &Value) -> Observed {
    post()
        .with(|observed| {
            name.clone_into(&mut observed.asset.name);
            name.clone_into(&mut observed.asset.post_id);
            observed.asset.publish_at = Some(minutes(due));
            observed.channels[0].limits = limits(spec);
        })
        .campaign(|campaign| campaign.missed.policy = MissedPolicyKind::Publish)
}

fn missed_within(observed: Observed, minutes: u64) -> Observed {
    observed.campaign(|campaign: &mut CampaignFacts| {
        campaign.missed.policy = MissedPolicyKind::PublishWithin;
        campaign.missed.within = crate::api::GoDuration::from_secs(minutes * 60);
    })
}

/// What is told of what had to wait, was missed, or went out.
fn told(assets: Vec<Observed>, surroundings: Surroundings, hours: i64) -> String {
    let names: Vec<String> = assets
        .iter()
        .map(|observed| observed.asset.name.clone())
        .collect();
    let simulation = simulate(assets, surroundings, minutes(-30), minutes(hours * 60));
    let lines = simulation
        .happenings
        .iter()
        .filter(|happening| happening.sent || happening.no_room.is_some());
    let lines = lines.map(|happening| {
        let name = &names[happening.asset];
        let waited = happening.waited_for.as_deref().unwrap_or("nothing");
        let room = happening
            .no_room
            .as_ref()
            .map_or_else(String::new, |warning| format!(": {}", warning.message));
        if happening.sent {
            format!("{} {name} sent, waited for {waited}", happening.at)
        } else {
            format!(
                "{} {name} {:?} {}{room}",
                happening.at, happening.phase, happening.reason
            )
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_gap_spaces_what_is_due_at_one_instant_in_the_order_of_the_line() {
    let gap = json!({"minimumGap": "45m"});
    let assets = vec![
        limited("c", 0, &gap),
        limited("a", 0, &gap),
        limited("b", 10, &gap),
    ];
    insta::assert_snapshot!(told(assets, Surroundings::default(), 12), @"
    2026-03-02T07:00:00Z a sent, waited for nothing
    2026-03-02T07:45:01Z c sent, waited for MinimumGap
    2026-03-02T08:30:02Z b sent, waited for MinimumGap
    ");
}

#[test]
fn a_cap_moves_the_rest_to_the_next_day_of_its_zone_and_what_cannot_wait_is_missed_and_says_so_ahead() {
    let cap = json!({"maxPublishesPerDay": 1, "timeZone": "Asia/Jerusalem"});
    let patient = vec![limited("a", 0, &cap), limited("b", 5, &cap)];
    insta::assert_snapshot!(told(patient, Surroundings::default(), 48), @"
    2026-03-02T07:00:00Z a sent, waited for nothing
    2026-03-02T22:00:00Z b sent, waited for DailyCapReached
    ");
    let impatient = vec![limited("a", 0, &cap), missed_within(limited("b", 5, &cap), 60)];
    insta::assert_snapshot!(told(impatient, Surroundings::default(), 48), @"
    2026-03-02T06:30:00Z b Scheduled WaitingForTime: ChannelConfig linkedin-company publishes at most 1 targets a day (limits.maxPublishesPerDay). There is no room for it before it is missed, after 2026-03-02T08:05:00Z. Give it another time, or change the limits.
    2026-03-02T07:00:00Z a sent, waited for nothing
    2026-03-02T07:05:00Z b Scheduled DailyCapReached: ChannelConfig linkedin-company publishes at most 1 targets a day (limits.maxPublishesPerDay). There is no room for it before it is missed, after 2026-03-02T08:05:00Z. Give it another time, or change the limits.
    2026-03-02T08:05:01Z b Missed NotPublishedInTime: ChannelConfig linkedin-company publishes at most 1 targets a day (limits.maxPublishesPerDay). There is no room for it before it is missed, after 2026-03-02T08:05:00Z. Give it another time, or change the limits.
    ");
}

#[test]
fn windows_and_quiet_hours_hold_until_they_open() {
    let quiet = json!({"quietHours": {"start": "08:30", "end": "10:15"}, "timeZone": "Asia/Jerusalem"});
    let window = json!({
        "windows": [{"kind": "Allow", "days": ["Tue"], "start": "09:00", "end": "17:00"}], "timeZone": "Asia/Jerusalem",
    });
    let assets = vec![limited("quiet", 0, &quiet), limited("window", 0, &window)];
    insta::assert_snapshot!(told(assets, Surroundings::default(), 48), @"
    2026-03-02T08:15:00Z quiet sent, waited for QuietHours
    2026-03-03T07:00:00Z window sent, waited for OutsideWindow
    ");
}

#[test]
fn a_bucket_is_as_strict_as_the_strictest_channel_that_draws_on_it_and_counts_what_stands() {
    let app = |limit: u32| json!({"rateBucket": {"name": "app", "limit": limit, "per": "1h"}});
    let other = AccountKey::of("x", "ada");
    let here = limited("here", 0, &app(5));
    let elsewhere = Trace {
        slot: crate::api::ReceiptSlot {
            platform: "x".to_owned(),
            account: "ada".to_owned(),
            ..slot(&limited("before", 0, &app(5))).fields().clone()
        },
        type_: None,
        reached: Reached {
            phase: ReceiptPhase::Published,
            remote_id: None,
            published_at: None,
        },
        effects: vec![Effect {
            at: minutes(-20),
            kind: EffectKind::Visible,
        }],
    };
    let strictest = Bucket {
        name: "app".to_owned(),
        limit: 1,
        per: SignedDuration::from_hours(1),
    };
    let surroundings = Surroundings {
        traces: vec![elsewhere],
        sharing: vec![
            Sharing {
                account: other,
                bucket: strictest.clone(),
                waits_until: None,
            },
            Sharing {
                account: AccountKey::of("linkedin", "company"),
                bucket: Bucket {
                    limit: 5,
                    ..strictest
                },
                waits_until: None,
            },
        ],
    };
    insta::assert_snapshot!(told(vec![here], surroundings, 12), @"2026-03-02T07:40:01Z here sent, waited for RateBucketEmpty");
}

fn after(observed: Observed, post: &str) -> Observed {
    observed.with(|observed| observed.asset.after = Some(post.to_owned()))
}

#[test]
fn what_goes_out_after_another_post_follows_it_in_the_same_instant_or_is_stopped_with_it() {
    let free = json!({});
    let chain = || {
        vec![
            after(limited("c", 0, &free), "b"),
            after(limited("b", 0, &free), "a"),
            limited("a", 20, &free),
        ]
    };
    insta::assert_snapshot!(told(chain(), Surroundings::default(), 12), @"
    2026-03-02T07:20:00Z a sent, waited for nothing
    2026-03-02T07:20:00Z b sent, waited for WaitingForPost
    2026-03-02T07:20:00Z c sent, waited for WaitingForPost
    ");
    let mut skipped = chain();
    skipped[2].asset.intent = Intent::Skip;
    let simulation = simulate(skipped, Surroundings::default(), minutes(-30), minutes(600));
    let ends: Vec<&str> = simulation
        .ends
        .iter()
        .map(|end| end.plan.reason.as_str())
        .collect();
    assert_eq!(ends, ["WaitingForPost", "FollowedPostSkipped", "Skip"]);
}

#[test]
fn a_sandbox_and_another_account_take_nobodys_room() {
    let gap = json!({"minimumGap": "45m"});
    let mut assets = vec![
        limited("a", 0, &gap),
        limited("b", 0, &gap),
        limited("c", 0, &gap),
    ];
    assets[1].channels[0].environment = Environment::Sandbox;
    assets[2].asset.target.account = "personal".to_owned();
    insta::assert_snapshot!(told(assets, Surroundings::default(), 12), @"
    2026-03-02T07:00:00Z a sent, waited for nothing
    2026-03-02T07:00:00Z b sent, waited for nothing
    2026-03-02T07:00:00Z c sent, waited for nothing
    ");
}

#[test]
fn more_than_one_line_holds_all_go_out_in_their_turn() {
    let gap = json!({"minimumGap": "1m"});
    let name = |number: usize| format!("post-{number:04}");
    let assets: Vec<Observed> = (0..23).map(|number| limited(&name(number), 0, &gap)).collect();
    let lanes = Lanes::of(&assets, Surroundings::default()).with_lines_of(4);
    let simulation = Stage::set(assets, lanes, minutes(0)).played(minutes(60));
    let sent: Vec<usize> = simulation
        .happenings
        .iter()
        .filter(|happening| happening.sent)
        .map(|happening| happening.asset)
        .collect();
    assert_eq!(sent, (0..23).collect::<Vec<_>>());
    let told = simulation
        .happenings
        .iter()
        .any(|happening| happening.phase == AssetPhase::Publishing);
    assert!(!told, "who has no place yet says nothing");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_sent_closer_than_the_gap_over_the_cap_in_quiet_hours_or_before_what_it_follows(
        dues in proptest::collection::vec((0_i64..2_000, 0_u64..300, any::<bool>(), 0_usize..12), 2..12),
        gap in 1_u64..90,
        cap in 1_u32..5,
    ) {
        let spec = json!({
            "minimumGap": format!("{gap}m"), "maxPublishesPerDay": cap, "timeZone": "Asia/Jerusalem",
            "quietHours": {"start": "22:00", "end": "07:00"},
        });
        let assets: Vec<Observed> = dues
            .iter()
            .enumerate()
            .map(|(number, (due, late, patient, follows))| {
                let name = |number: usize| format!("post-{number:02}");
                let asset = limited(&name(number), *due, &spec);
                let asset = if *patient { asset } else { missed_within(asset, *late) };
                if *follows < number { after(asset, &name(*follows)) } else { asset }
            })
            .collect();
        let simulation = simulate(assets.clone(), Surroundings::default(), minutes(-60), minutes(60 * 24 * 12));
        let sent: Vec<(Timestamp, usize)> = simulation
            .happenings
            .iter()
            .filter(|happening| happening.sent)
            .map(|happening| (happening.at, happening.asset))
            .collect();
        let read = limits(&spec);
        let day = |at| read.cap.as_ref().unwrap().day(at).0;
        for (number, (at, asset)) in sent.iter().enumerate() {
            prop_assert!(read.calendar.shut(*at).is_none(), "{at} is quiet");
            let that_day = sent.iter().filter(|(other, _)| day(*other) == day(*at)).count();
            prop_assert!(that_day <= usize::try_from(cap).unwrap(), "{that_day} on the day of {at}");
            if let Some((before, _)) = number.checked_sub(1).and_then(|before| sent.get(before)) {
                prop_assert!(at.duration_since(*before) >= SignedDuration::from_mins(i64::try_from(gap).unwrap()));
            }
            if let Some(first) = &assets[*asset].asset.after {
                let followed = sent[..number].iter().any(|(_, other)| assets[*other].asset.post_id == *first);
                prop_assert!(followed, "{asset} goes out before {first}");
            }
        }
        for (asset, end) in simulation.ends.iter().enumerate() {
            let never_missed = assets[asset].campaign.as_ref().unwrap().missed.policy == MissedPolicyKind::Publish;
            let followed = assets[asset].asset.after.is_some();
            prop_assert!(
                !never_missed || followed || end.plan.phase == AssetPhase::Posted,
                "{asset} waits for ever: {}", end.plan
            );
        }
    }
}
