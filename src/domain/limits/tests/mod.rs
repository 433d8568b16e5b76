//! Limits on real calendars, in four zones: what is shut when, whose day it is, and whose turn.

mod calendar;
mod effect;
mod gates;
mod line;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::api::{ChannelLimits, Environment, ReceiptSlot};

/// A clock change in spring, one in autumn, none at all, and one of half an hour.
pub(super) const ZONES: [&str; 4] = [
    "Asia/Jerusalem",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
];

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn limits(spec: &Value) -> Limits {
    let spec: ChannelLimits = serde_json::from_value(spec.clone()).unwrap();
    Limits::read(Some(&spec), None).unwrap()
}

pub(super) fn refused(spec: &Value) -> String {
    let spec: ChannelLimits = serde_json::from_value(spec.clone()).unwrap();
    Limits::read(Some(&spec), None).unwrap_err().to_string()
}

pub(super) fn slot(post: &str) -> Slot {
    Slot::new(&ReceiptSlot {
        environment: Environment::Production,
        campaign: "week1".to_owned(),
        post_id: post.to_owned(),
        platform: "reddit".to_owned(),
        account: "r/resumes".to_owned(),
        locale: "en".to_owned(),
        item: "main".to_owned(),
        occurrence: String::new(),
    })
}

#[test]
fn a_channel_without_limits_limits_nothing() {
    assert_eq!(Limits::read(None, None), Ok(Limits::default()));
    assert!(!Limits::default().need_a_lane());
    assert!(
        Limits::default()
            .calendar
            .shut(at("2026-03-02T07:00:00Z"))
            .is_none()
    );
}

#[test]
fn limits_that_cannot_be_read_say_which_field_and_why() {
    let said = [
        refused(&json!({"maxPublishesPerDay": 3})),
        refused(&json!({"quietHours": {"start": "22:00", "end": "07:00"}})),
        refused(&json!({"timeZone": "Asia/Atlantis", "maxPublishesPerDay": 3})),
        refused(&json!({"minimumGap": "8d"})),
        refused(&json!({"jitter": "0s"})),
        refused(&json!({"rateBucket": {"name": "app", "limit": 5, "per": "30d"}})),
        refused(
            &json!({"timeZone": "UTC", "windows": [{"kind": "Allow", "end": "10:00", "duration": "1h"}]}),
        ),
        refused(&json!({"timeZone": "UTC", "windows": [{"kind": "Deny", "dates": ["2026-02-30"]}]})),
    ];
    insta::assert_snapshot!(said.join("\n"), @r#"
    limits.maxPublishesPerDay needs a timeZone, of its own or of the limits
    limits.quietHours needs a timeZone, of its own or of the limits
    limits.maxPublishesPerDay: "Asia/Atlantis" is no IANA time zone
    limits.minimumGap is 192h; it is more than nothing, and at most 168h
    limits.jitter is 0s; it is more than nothing, and at most 24h
    limits.rateBucket.per is 720h; it is more than nothing, and at most 168h
    limits.windows[0] has an end and a duration; write one of them
    limits.windows[0]: "2026-02-30" is no day of the form YYYY-MM-DD
    "#);
}

#[test]
fn of_two_names_for_one_cap_the_lower_holds() {
    let spec: ChannelLimits =
        serde_json::from_value(json!({"timeZone": "UTC", "maxPublishesPerDay": 5})).unwrap();
    let cap = |other| Limits::read(Some(&spec), other).unwrap().cap.unwrap().limit;
    assert_eq!((cap(None), cap(Some(3)), cap(Some(9))), (5, 3, 5));
}

#[test]
fn a_slot_is_later_by_the_same_time_whenever_it_is_asked_and_never_by_more_than_the_jitter() {
    let jittered = limits(&json!({"jitter": "10m"}));
    let offsets: Vec<i64> = (0..200)
        .map(|number| jittered.offset(&slot(&format!("post-{number}"))).as_secs())
        .collect();
    let again: Vec<i64> = (0..200)
        .map(|number| jittered.offset(&slot(&format!("post-{number}"))).as_secs())
        .collect();
    assert_eq!(offsets, again);
    assert!(offsets.iter().all(|offset| (0..=600).contains(offset)));
    let (early, late) = offsets.iter().partition::<Vec<i64>, _>(|offset| **offset < 300);
    assert!(
        early.len() > 60 && late.len() > 60,
        "they are spread: {offsets:?}"
    );
}

#[test]
fn a_day_has_the_hours_that_its_zone_gives_it() {
    let hours = |zone: &str, noon: &str| {
        let zone = schedule::time_zone(zone).unwrap();
        let (begins, ends) = DailyCap { limit: 1, zone }.day(at(noon));
        ends.duration_since(begins).as_mins()
    };
    // A day of 23 hours, one of 25, one of 24 and a half, and two ordinary ones.
    assert_eq!(hours("Asia/Jerusalem", "2026-03-27T10:00:00Z"), 23 * 60);
    assert_eq!(hours("America/New_York", "2026-11-01T17:00:00Z"), 25 * 60);
    assert_eq!(hours("Australia/Lord_Howe", "2026-04-05T02:00:00Z"), 24 * 60 + 30);
    assert_eq!(hours("Asia/Kolkata", "2026-03-27T07:00:00Z"), 24 * 60);
    // Beirut skips midnight: the day begins at one o'clock.
    assert_eq!(hours("Asia/Beirut", "2026-03-29T10:00:00Z"), 23 * 60);
}

#[test]
fn each_instant_is_in_the_day_that_begins_before_it_and_ends_after_it() {
    for zone in ZONES {
        let cap = DailyCap {
            limit: 1,
            zone: schedule::time_zone(zone).unwrap(),
        };
        let mut instant = at("2026-01-01T00:00:00Z");
        let mut days = std::collections::BTreeSet::new();
        while instant < at("2027-01-01T00:00:00Z") {
            let (begins, ends) = cap.day(instant);
            assert!(begins <= instant && instant < ends, "{zone} {instant}");
            assert_eq!(cap.day(begins).0, begins, "{zone} {instant}");
            assert_eq!(cap.day(ends).0, ends, "{zone} {instant}: days follow each other");
            days.insert(begins);
            instant += SignedDuration::from_mins(47);
        }
        assert_eq!(days.len(), 366, "{zone}");
    }
}
