//! Limits through crashes, restarts and two that are awake: never too many, never too soon after each other, in order.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use crate::{
    platforms::Kind,
    process::Death,
    record::Pressed,
    runs::play,
    scene::Verdict,
    script::{Limits, Script},
};

/// By how much the clocks of two machines may be apart without closing a gate, and a little more.
const SKEW: SignedDuration = SignedDuration::from_secs(250);
/// How many seeds are played under limits: each plays days, and lanes are the one thing that differs from the seeds of `runs`.
const SEEDS: u64 = 3;

fn on(kinds: &[Kind], limits: &Value, rest: Duration) -> Limits {
    Limits {
        of_channels: kinds.iter().map(|kind| (*kind, limits.clone())).collect(),
        rest,
        ..Limits::default()
    }
}

fn went_right(verdict: &Verdict) {
    assert!(
        verdict.wrongs.is_empty(),
        "{:#?}\n{}",
        verdict.wrongs,
        verdict.shown
    );
}

/// When each post was first pressed on an account.
fn first_presses(pressed: &[Pressed], kind: Kind) -> Vec<(String, Timestamp)> {
    let mut seen = BTreeSet::new();
    let ours = pressed.iter().filter(|pressed| pressed.kind == kind);
    ours.filter(|pressed| seen.insert(pressed.post.clone()))
        .map(|pressed| (pressed.post.clone(), pressed.at))
        .collect()
}

fn posts(presses: &[(String, Timestamp)]) -> Vec<&str> {
    presses.iter().map(|(post, _)| post.as_str()).collect()
}

/// Two different posts of an account are never closer than this.
fn keep_apart(verdict: &Verdict, kind: Kind, gap: SignedDuration) {
    let ours: Vec<&Pressed> = verdict
        .pressed
        .iter()
        .filter(|pressed| pressed.kind == kind)
        .collect();
    for pair in ours.windows(2) {
        let apart = pair[1].at.duration_since(pair[0].at);
        assert!(
            pair[0].post == pair[1].post || apart >= gap,
            "{pair:?} are {apart:?} apart\n{}",
            verdict.shown
        );
    }
}

/// No day of UTC has more different posts than this, counted over these accounts.
fn stay_under(verdict: &Verdict, kinds: &[Kind], cap: usize) {
    let mut days: BTreeMap<Date, BTreeSet<(Kind, &str)>> = BTreeMap::new();
    for pressed in verdict
        .pressed
        .iter()
        .filter(|pressed| kinds.contains(&pressed.kind))
    {
        let day = pressed.at.to_zoned(TimeZone::UTC).date();
        days.entry(day).or_default().insert((pressed.kind, &pressed.post));
    }
    for (day, posts) in days {
        assert!(posts.len() <= cap, "{day}: {posts:?}\n{}", verdict.shown);
    }
}

#[test]
fn three_rows_of_one_account_are_spaced_by_its_gap() {
    let limits = on(
        &[Kind::Neither],
        &json!({"minimumGap": "45m"}),
        Duration::from_hours(2),
    );
    let verdict = play(|time| Script::calm(&[Kind::Neither], 3, time.now()).limited(limits));
    went_right(&verdict);
    keep_apart(&verdict, Kind::Neither, SignedDuration::from_mins(45));
    assert_eq!(
        posts(&first_presses(&verdict.pressed, Kind::Neither)),
        ["post-0", "post-1", "post-2"]
    );
}

#[test]
fn what_waited_for_an_hour_goes_out_paced_and_in_order() {
    let limits = on(
        &[Kind::Neither],
        &json!({"minimumGap": "5m"}),
        Duration::from_hours(1),
    );
    let verdict = play(|time| {
        let mut script = Script::calm(&[Kind::Neither], 10, time.now()).limited(limits);
        for (number, row) in script.rows.iter_mut().enumerate() {
            // The later a row stands, the earlier it was due.
            row.at -= SignedDuration::from_mins(5 * i64::try_from(number).expect("a small number"));
        }
        // Nobody is there for an hour.
        for (at, _) in &mut script.steps {
            *at += Duration::from_hours(1);
        }
        script
    });
    went_right(&verdict);
    keep_apart(&verdict, Kind::Neither, SignedDuration::from_mins(5));
    let presses = first_presses(&verdict.pressed, Kind::Neither);
    let wanted: Vec<String> = (0..10).rev().map(|number| format!("post-{number}")).collect();
    assert_eq!(posts(&presses), wanted, "{}", verdict.shown);
    let took = presses[9].1.duration_since(presses[0].1);
    assert!(
        took < SignedDuration::from_mins(50),
        "{took:?}: nobody waits longer than the gap"
    );
}

#[test]
fn a_cap_that_is_reached_waits_for_the_next_day() {
    let limits = json!({"maxPublishesPerDay": 2, "timeZone": "UTC"});
    let limits = on(&[Kind::LookUp], &limits, Duration::from_hours(25));
    let verdict = play(|time| Script::calm(&[Kind::LookUp], 5, time.now()).limited(limits));
    went_right(&verdict);
    stay_under(&verdict, &[Kind::LookUp], 2);
    let days: BTreeSet<Date> = verdict
        .pressed
        .iter()
        .map(|pressed| pressed.at.to_zoned(TimeZone::UTC).date())
        .collect();
    assert_eq!(days.len(), 3, "{:?}", verdict.pressed);
}

#[test]
fn a_campaigns_cap_counts_the_targets_of_all_its_accounts() {
    let limits = Limits {
        of_campaign: Some(3),
        rest: Duration::from_hours(25),
        ..Limits::default()
    };
    let kinds = [Kind::NaturalKey, Kind::Neither];
    let verdict = play(|time| Script::calm(&kinds, 3, time.now()).limited(limits));
    went_right(&verdict);
    stay_under(&verdict, &kinds, 3);
    assert_eq!(verdict.pressed.len(), 6);
}

#[test]
fn two_channels_of_one_app_share_its_requests() {
    let bucket = json!({"rateBucket": {"name": "app", "limit": 2, "per": "1h"}});
    let kinds = [Kind::LookUp, Kind::Neither];
    let limits = on(&kinds, &bucket, Duration::from_hours(2));
    let verdict = play(|time| Script::calm(&kinds, 3, time.now()).limited(limits));
    went_right(&verdict);
    assert_eq!(verdict.pressed.len(), 6);
    for three in verdict.pressed.windows(3) {
        let apart = three[2].at.duration_since(three[0].at);
        assert!(apart >= SignedDuration::from_hours(1), "{three:?}");
    }
}

#[test]
fn quiet_hours_and_a_denied_window_are_waited_out() {
    let limits = json!({"timeZone": "UTC", "quietHours": {"start": "05:00", "end": "07:00"}, "windows": [
        {"kind": "Deny", "start": "06:30", "end": "08:15"},
    ]});
    let limits = on(&[Kind::NaturalKey], &limits, Duration::from_hours(3));
    let verdict = play(|time| Script::calm(&[Kind::NaturalKey], 2, time.now()).limited(limits));
    went_right(&verdict);
    let opens: Timestamp = "2026-02-16T08:15:00Z".parse().expect("an instant");
    assert_eq!(verdict.pressed.len(), 2);
    assert!(
        verdict.pressed.iter().all(|pressed| pressed.at >= opens),
        "{:?}",
        verdict.pressed
    );
}

/// With an operator that dies at a request, before or after it took effect, and another that follows it.
fn dies_under(limits: &Limits, rows: usize, every: usize, holds: impl Fn(&Verdict)) {
    let calm = || {
        let limits = limits.clone();
        play(|time| Script::calm(&[Kind::Neither], rows, time.now()).limited(limits))
    };
    let reference = calm();
    went_right(&reference);
    holds(&reference);
    for request in (1..=reference.requests).step_by(every) {
        for after in [false, true] {
            let death = Death { request, after };
            let limits = limits.clone();
            let verdict = play(|time| {
                Script::calm(&[Kind::Neither], rows, time.now())
                    .limited(limits)
                    .dying(death)
            });
            assert!(
                verdict.wrongs.is_empty(),
                "{death:?}: {:#?}\n{}",
                verdict.wrongs,
                verdict.shown
            );
            holds(&verdict);
        }
    }
}

#[test]
fn a_gap_holds_wherever_an_operator_dies() {
    let limits = on(
        &[Kind::Neither],
        &json!({"minimumGap": "30m"}),
        Duration::from_hours(2),
    );
    dies_under(&limits, 2, 9, |verdict| {
        keep_apart(verdict, Kind::Neither, SignedDuration::from_mins(30));
    });
}

#[test]
fn a_cap_of_one_holds_wherever_an_operator_dies() {
    let limits = json!({"maxPublishesPerDay": 1, "timeZone": "UTC"});
    let limits = on(&[Kind::Neither], &limits, Duration::from_hours(25));
    dies_under(&limits, 2, 17, |verdict| stay_under(verdict, &[Kind::Neither], 1));
}

#[test]
fn two_that_are_awake_send_no_more_than_one_might() {
    let kinds = [Kind::Neither, Kind::NaturalKey];
    let limits = Limits {
        of_channels: BTreeMap::from([
            (Kind::Neither, json!({"minimumGap": "30m"})),
            (
                Kind::NaturalKey,
                json!({"maxPublishesPerDay": 1, "timeZone": "UTC"}),
            ),
        ]),
        rest: Duration::from_hours(25),
        ..Limits::default()
    };
    let verdict = play(|time| {
        Script::calm(&kinds, 3, time.now())
            .limited(limits)
            .with_two_awake()
    });
    went_right(&verdict);
    keep_apart(&verdict, Kind::Neither, SignedDuration::from_mins(30));
    stay_under(&verdict, &[Kind::NaturalKey], 1);
    assert_eq!(first_presses(&verdict.pressed, Kind::Neither).len(), 3);
    assert_eq!(first_presses(&verdict.pressed, Kind::NaturalKey).len(), 3);
}

#[test]
fn limits_hold_on_every_seed() {
    for seed in 0..SEEDS {
        let limits = Limits {
            of_channels: BTreeMap::from([
                (Kind::Neither, json!({"minimumGap": "20m"})),
                (
                    Kind::IdempotencyKey,
                    json!({"minimumGap": "20m", "maxPublishesPerDay": 3, "timeZone": "UTC"}),
                ),
                (
                    Kind::LookUp,
                    json!({"rateBucket": {"name": "app", "limit": 4, "per": "1h"}}),
                ),
            ]),
            rest: Duration::from_hours(25),
            ..Limits::default()
        };
        let verdict = play(|time| Script::drawn(seed, time.now()).limited(limits));
        assert!(
            verdict.wrongs.is_empty(),
            "seed {seed}: {:#?}\n{}",
            verdict.wrongs,
            verdict.shown
        );
        keep_apart(&verdict, Kind::Neither, SignedDuration::from_mins(20) - SKEW);
    }
}
