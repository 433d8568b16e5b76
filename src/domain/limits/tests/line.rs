use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{at, limits, slot};
use crate::{
    api::Environment,
    domain::{
        limits::{
            AccountKey, Bucket, Candidate, DailyCap, Effect, EffectKind, Group, Limits, Line, Order, Record,
            Taken, turns,
        },
        schedule,
    },
};

const NINE: &str = "2026-03-02T09:00:00Z";

fn minutes(count: i64) -> Timestamp {
    at(NINE) + SignedDuration::from_mins(count)
}

/// A post of the account r/resumes that is due so many minutes after nine.
fn waits(post: &str, due: i64, limits: &Limits) -> Candidate {
    let slot = slot(post);
    Candidate {
        order: Order {
            publish_at: Some(minutes(due)),
            is_moment: true,
            post_id: post.to_owned(),
            name: post.to_owned(),
        },
        group: Group::of(slot.fields()),
        environment: Environment::Production,
        account: AccountKey::of_slot(slot.fields()),
        campaign: "week1".to_owned(),
        limits: limits.clone(),
        campaign_cap: None,
        bucket: limits.bucket.clone(),
        waits_until: None,
        is_stored: false,
        has_begun: false,
        from: minutes(due),
        last: None,
    }
}

/// Who has which turn, in minutes after nine.
fn told(line: &Line) -> String {
    let turns = line.iter().map(|(name, turn)| {
        let when = turn.at.map_or("never".to_owned(), |at| {
            let seconds = at.duration_since(minutes(0)).as_secs();
            format!("{}:{:02}", seconds / 60, seconds % 60)
        });
        let late = if turn.too_late { " too late" } else { "" };
        let limit = turn.limit.map_or(String::new(), |limit| format!(" {limit:?}"));
        format!("{name} {when}{limit}{late}")
    });
    turns.collect::<Vec<_>>().join("\n")
}

fn line(candidates: Vec<Candidate>, now: Timestamp) -> String {
    told(&turns(candidates, Taken::default(), now))
}

/// What a receipt of a post says that was published so many minutes after nine.
fn published(taken: &mut Taken, post: &str, minute: i64) {
    let slot = slot(post);
    let record = Record {
        slot: slot.fields(),
        type_: None,
        effects: &[Effect {
            at: minutes(minute),
            kind: EffectKind::Visible,
        }],
    };
    taken.record(&record, Some("app"), minutes(600));
}

#[test]
fn three_rows_of_one_account_go_out_a_gap_apart_in_order() {
    let gap = limits(&json!({"minimumGap": "45m"}));
    let rows = vec![waits("c", 0, &gap), waits("a", 0, &gap), waits("b", 0, &gap)];
    insta::assert_snapshot!(line(rows, minutes(-600)), @r"
    a 0:00
    b 45:00 MinimumGap
    c 90:00 MinimumGap
    ");
}

#[test]
fn ten_that_waited_for_an_hour_go_out_paced_by_time_then_pages_then_post() {
    let gap = limits(&json!({"minimumGap": "5m"}));
    let mut rows: Vec<Candidate> = (0..9_i64)
        .map(|number| waits(&format!("post-{number}"), 6 * (9 - number), &gap))
        .collect();
    let mut page = waits("z-page", 54, &gap);
    page.order.is_moment = false;
    rows.push(page);
    insta::assert_snapshot!(line(rows, minutes(60)), @r"
    post-0 105:00 MinimumGap
    post-1 95:00 MinimumGap
    post-2 90:00 MinimumGap
    post-3 85:00 MinimumGap
    post-4 80:00 MinimumGap
    post-5 75:00 MinimumGap
    post-6 70:00 MinimumGap
    post-7 65:00 MinimumGap
    post-8 60:00
    z-page 100:00 MinimumGap
    ");
}

#[test]
fn the_gap_counts_from_what_receipts_say_and_a_second_more_because_they_keep_whole_ones() {
    let gap = limits(&json!({"minimumGap": "45m"}));
    let mut taken = Taken::default();
    published(&mut taken, "earlier", -10);
    let line = turns(vec![waits("a", 0, &gap)], taken, minutes(-600));
    assert_eq!(told(&line), "a 35:01 MinimumGap");
}

#[test]
fn a_cap_counts_targets_of_the_local_day_and_the_rest_waits_for_the_next() {
    let capped = limits(&json!({"maxPublishesPerDay": 2, "timeZone": "America/New_York"}));
    let rows = ["a", "b", "c", "d", "e"].map(|post| waits(post, 0, &capped));
    // New York's day ends at five in the morning of the next day here.
    insta::assert_snapshot!(line(rows.to_vec(), minutes(0)), @r"
    a 0:00
    b 0:00
    c 1200:00 ChannelCap
    d 1200:00 ChannelCap
    e 2640:00 ChannelCap
    ");
}

#[test]
fn a_target_that_was_published_today_takes_no_more_of_the_cap() {
    let capped = limits(&json!({"maxPublishesPerDay": 1, "timeZone": "UTC"}));
    let mut taken = Taken::default();
    published(&mut taken, "page", -60);
    let rows = vec![waits("page", 0, &capped), waits("other", 0, &capped)];
    insta::assert_snapshot!(told(&turns(rows, taken, minutes(0))), @r"
    other 900:00 ChannelCap
    page 0:00
    ");
}

#[test]
fn a_campaigns_cap_counts_over_its_accounts() {
    let zone = schedule::time_zone("UTC").unwrap();
    let rows = ["a", "b", "c"].map(|post| {
        let mut waits = waits(post, 0, &Limits::default());
        waits.account = AccountKey::of("reddit", post);
        waits.campaign_cap = Some(DailyCap {
            limit: 2,
            zone: zone.clone(),
        });
        waits
    });
    insta::assert_snapshot!(line(rows.to_vec(), minutes(0)), @r"
    a 0:00
    b 0:00
    c 900:00 CampaignCap
    ");
}

#[test]
fn a_bucket_is_shared_by_the_accounts_of_one_app() {
    let bucket = Bucket {
        name: "app".to_owned(),
        limit: 2,
        per: SignedDuration::from_hours(1),
    };
    let mut taken = Taken::default();
    published(&mut taken, "elsewhere", -20);
    let rows = ["a", "b", "c"].map(|post| {
        let mut waits = waits(post, 0, &Limits::default());
        waits.account = AccountKey::of("linkedin", post);
        waits.bucket = Some(bucket.clone());
        waits
    });
    insta::assert_snapshot!(told(&turns(rows.to_vec(), taken, minutes(0))), @r"
    a 0:00
    b 40:01 RateBucket
    c 60:00 RateBucket
    ");
}

#[test]
fn who_would_be_missed_says_so_and_takes_no_room_from_those_behind() {
    let gap = limits(&json!({"minimumGap": "45m"}));
    let rows = ["a", "b", "c", "d"].map(|post| {
        let mut waits = waits(post, 0, &gap);
        waits.last = Some(minutes(if post == "b" { 30 } else { 120 }));
        waits
    });
    insta::assert_snapshot!(line(rows.to_vec(), minutes(-600)), @r"
    a 0:00
    b 45:00 MinimumGap too late
    c 45:00 MinimumGap
    d 90:00 MinimumGap
    ");
}

#[test]
fn a_later_one_goes_first_where_it_takes_no_room_from_the_one_before_it() {
    let plain = limits(&json!({"minimumGap": "45m"}));
    let evening = limits(
        &json!({"minimumGap": "45m", "timeZone": "UTC", "windows": [{"kind": "Allow", "start": "12:00"}]}),
    );
    let mut between = waits("between", 170, &plain);
    between.from = minutes(170);
    let rows = vec![
        waits("evening", 0, &evening),
        waits("morning", 30, &plain),
        between,
    ];
    insta::assert_snapshot!(line(rows, minutes(0)), @r"
    between 225:00 MinimumGap
    evening 180:00 Window
    morning 30:00
    ");
}

#[test]
fn what_is_stored_waits_for_no_gap_and_takes_none() {
    let gap = limits(
        &json!({"minimumGap": "45m", "timeZone": "UTC", "quietHours": {"start": "00:00", "end": "23:00"}}),
    );
    let rows = ["a", "b"].map(|post| {
        let mut waits = waits(post, 0, &gap);
        waits.is_stored = true;
        waits
    });
    insta::assert_snapshot!(line(rows.to_vec(), minutes(0)), @r"
    a 0:00
    b 0:00
    ");
}

#[test]
fn the_rest_of_a_thread_goes_out_although_the_window_has_closed_unless_it_is_to_stop() {
    let spec = |overrun: &str| json!({"timeZone": "UTC", "overrun": overrun, "windows": [{"kind": "Deny", "start": "09:00", "end": "17:00"}]});
    let rest = |overrun: &str| {
        let mut rest = waits("thread", 0, &limits(&spec(overrun)));
        rest.has_begun = true;
        line(vec![rest], minutes(0))
    };
    assert_eq!(rest("FinishGroup"), "thread 0:00");
    assert_eq!(rest("Stop"), "thread 480:00 Window");
}

#[test]
fn who_never_finds_room_within_a_year_is_told_so() {
    let past = limits(&json!({"timeZone": "UTC", "windows": [{"kind": "Allow", "dates": ["2020-01-01"]}]}));
    assert_eq!(line(vec![waits("a", 0, &past)], minutes(0)), "a never Window");
}

#[derive(Clone, Debug)]
struct Drawn {
    due: i64,
    account: usize,
    last: Option<i64>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (0..600_i64, 0..3_usize, proptest::option::of(0..3000_i64)).prop_map(|(due, account, within)| Drawn {
        due,
        account,
        last: within.map(|within| due + within),
    })
}

fn spec() -> impl Strategy<Value = Value> {
    let gap = proptest::option::of(1..90_u32);
    let cap = proptest::option::of(1..6_u32);
    let quiet = proptest::bool::ANY;
    (gap, cap, quiet, 0..4_usize).prop_map(|(gap, cap, quiet, zone)| {
        let mut spec = json!({"timeZone": super::ZONES[zone]});
        if let Some(gap) = gap {
            spec["minimumGap"] = json!(format!("{gap}m"));
        }
        if let Some(cap) = cap {
            spec["maxPublishesPerDay"] = json!(cap);
        }
        if quiet {
            spec["quietHours"] = json!({"start": "21:30", "end": "06:15"});
        }
        spec
    })
}

proptest! {
    /// However many wait for whatever room: nobody's turn breaks a limit, and equal lines are equal.
    #[test]
    fn no_turn_breaks_a_limit(
        all in proptest::collection::vec(drawn(), 1..25),
        spec in spec(),
        bucket in proptest::option::of((1..4_u32, 1..120_i64)),
        now in -60..600_i64,
    ) {
        let limits = limits(&spec);
        let bucket = bucket.map(|(limit, per)| Bucket { name: "app".to_owned(), limit, per: SignedDuration::from_mins(per) });
        let candidates: Vec<Candidate> = all.iter().enumerate().map(|(number, drawn)| {
            let mut waits = waits(&format!("post-{number:02}"), drawn.due, &limits);
            waits.account = AccountKey::of("reddit", &format!("account-{}", drawn.account));
            waits.last = drawn.last.map(minutes);
            waits.bucket.clone_from(&bucket);
            waits
        }).collect();
        let line = turns(candidates.clone(), Taken::default(), minutes(now));
        prop_assert_eq!(&line, &turns(candidates.iter().rev().cloned().collect(), Taken::default(), minutes(now)));
        let mut gone: BTreeMap<AccountKey, Vec<Timestamp>> = BTreeMap::new();
        let mut asked: Vec<Timestamp> = Vec::new();
        for candidate in &candidates {
            let turn = line[&candidate.order.name];
            let Some(at) = turn.at.filter(|_| !turn.too_late) else { continue };
            prop_assert!(at >= candidate.from && at >= minutes(now));
            prop_assert!(candidate.last.is_none_or(|last| at <= last));
            prop_assert!(limits.calendar.shut(at).is_none());
            gone.entry(candidate.account.clone()).or_default().push(at);
            asked.push(at);
        }
        for of_account in gone.values_mut() {
            of_account.sort();
            for pair in of_account.windows(2) {
                prop_assert!(pair[1].duration_since(pair[0]) >= limits.gap, "{pair:?}");
            }
            if let Some(cap) = &limits.cap {
                for at in of_account.iter() {
                    let (begins, ends) = cap.day(*at);
                    let that_day = of_account.iter().filter(|other| begins <= **other && **other < ends).count();
                    prop_assert!(that_day <= usize::try_from(cap.limit).unwrap());
                }
            }
        }
        if let Some(bucket) = &bucket {
            for at in &asked {
                let within = asked.iter().filter(|other| **other <= *at && at.duration_since(**other) < bucket.per).count();
                prop_assert!(within <= usize::try_from(bucket.limit).unwrap(), "{asked:?}");
            }
        }
    }
}
