use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ZONES, at, limits};
use crate::domain::limits::Limits;

/// What is shut at an instant, and until when.
fn shut(limits: &Limits, instant: &str) -> String {
    match limits.calendar.shut(at(instant)) {
        None => "open".to_owned(),
        Some(shut) => {
            let window = shut.window.unwrap_or_else(|| "no window".to_owned());
            let until = shut
                .until
                .map_or("for ever".to_owned(), |until| until.to_string());
            format!("{window} until {until}")
        }
    }
}

fn office(zone: &str) -> Value {
    json!({"timeZone": zone, "windows": [
        {"kind": "Allow", "name": "office", "days": ["Mon", "Tue", "Wed", "Thu", "Fri"], "start": "09:00", "end": "17:00"},
    ]})
}

#[test]
fn a_window_opens_and_closes_on_the_wall_clock_of_its_zone() {
    let jerusalem = limits(&office("Asia/Jerusalem"));
    let lines = [
        shut(&jerusalem, "2026-03-02T06:59:59Z"),
        shut(&jerusalem, "2026-03-02T07:00:00Z"),
        shut(&jerusalem, "2026-03-02T14:59:59Z"),
        shut(&jerusalem, "2026-03-02T15:00:00Z"),
        // Friday evening, before the clocks went forward: Monday's nine o'clock is an hour earlier.
        shut(&jerusalem, "2026-03-20T15:00:00Z"),
        shut(&jerusalem, "2026-03-27T15:00:00Z"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    no window until 2026-03-02T07:00:00Z
    open
    open
    no window until 2026-03-03T07:00:00Z
    no window until 2026-03-23T07:00:00Z
    no window until 2026-03-30T06:00:00Z
    ");
}

#[test]
fn the_same_hours_are_other_instants_in_each_of_four_zones() {
    let lines = ZONES.map(|zone| format!("{zone}: {}", shut(&limits(&office(zone)), "2026-03-07T23:00:00Z")));
    insta::assert_snapshot!(lines.join("\n"), @r"
    Asia/Jerusalem: no window until 2026-03-09T07:00:00Z
    America/New_York: no window until 2026-03-09T13:00:00Z
    Asia/Kolkata: no window until 2026-03-09T03:30:00Z
    Australia/Lord_Howe: no window until 2026-03-08T22:00:00Z
    ");
}

#[test]
fn denied_wins_over_allowed() {
    let limits = limits(&json!({"timeZone": "UTC", "windows": [
        {"kind": "Allow", "name": "day", "start": "08:00", "end": "20:00"},
        {"kind": "Deny", "name": "lunch", "start": "12:00", "duration": "90m"},
        {"kind": "Deny", "name": "holiday", "dates": ["2026-12-25"]},
    ]}));
    let lines = [
        shut(&limits, "2026-12-24T12:00:00Z"),
        shut(&limits, "2026-12-24T13:30:00Z"),
        shut(&limits, "2026-12-24T20:00:00Z"),
        shut(&limits, "2026-12-25T00:00:00Z"),
        shut(&limits, "2026-12-25T12:30:00Z"),
        shut(&limits, "2026-12-26T00:00:00Z"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    lunch until 2026-12-24T13:30:00Z
    open
    no window until 2026-12-25T08:00:00Z
    holiday until 2026-12-26T00:00:00Z
    holiday until 2026-12-26T00:00:00Z
    no window until 2026-12-26T08:00:00Z
    ");
}

#[test]
fn quiet_hours_go_over_midnight_and_follow_the_clock_changes() {
    let quiet =
        limits(&json!({"timeZone": "America/New_York", "quietHours": {"start": "22:00", "end": "07:00"}}));
    let lines = [
        shut(&quiet, "2026-03-02T02:59:59Z"),
        shut(&quiet, "2026-03-02T03:00:00Z"),
        shut(&quiet, "2026-03-02T11:59:59Z"),
        shut(&quiet, "2026-03-02T12:00:00Z"),
        // The night in which two o'clock becomes three is an hour shorter, and its morning an hour earlier.
        shut(&quiet, "2026-03-08T06:30:00Z"),
        // The night with two hours from one to two is an hour longer.
        shut(&quiet, "2026-11-01T05:30:00Z"),
        shut(&quiet, "2026-11-01T06:30:00Z"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    open
    quietHours until 2026-03-02T12:00:00Z
    quietHours until 2026-03-02T12:00:00Z
    open
    quietHours until 2026-03-08T11:00:00Z
    quietHours until 2026-11-01T12:00:00Z
    quietHours until 2026-11-01T12:00:00Z
    ");
}

#[test]
fn a_window_with_a_duration_reaches_over_days_and_counts_time_as_it_passes() {
    let weekend = limits(&json!({"timeZone": "Asia/Jerusalem", "windows": [
        {"kind": "Deny", "name": "sabbath", "days": ["Fri"], "start": "16:00", "duration": "26h"},
    ]}));
    let lines = [
        shut(&weekend, "2026-02-27T13:59:59Z"),
        shut(&weekend, "2026-02-27T14:00:00Z"),
        shut(&weekend, "2026-02-28T15:59:59Z"),
        shut(&weekend, "2026-02-28T16:00:00Z"),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r"
    open
    sabbath until 2026-02-28T16:00:00Z
    sabbath until 2026-02-28T16:00:00Z
    open
    ");
}

#[test]
fn a_window_of_single_days_that_are_over_never_opens_again() {
    let past = limits(&json!({"timeZone": "UTC", "windows": [{"kind": "Allow", "dates": ["2026-01-05"]}]}));
    assert_eq!(shut(&past, "2026-01-05T23:59:59Z"), "open");
    assert_eq!(shut(&past, "2026-01-06T00:00:00Z"), "no window until for ever");
}

#[test]
fn a_window_that_lies_in_the_gap_of_a_clock_change_does_not_happen_that_day() {
    let early = limits(&json!({"timeZone": "America/New_York", "windows": [
        {"kind": "Allow", "start": "02:00", "end": "02:45"},
    ]}));
    // On 8 March two o'clock becomes three at once.
    assert_eq!(
        shut(&early, "2026-03-08T06:00:00Z"),
        "no window until 2026-03-09T06:00:00Z"
    );
}

#[test]
fn a_window_that_ends_where_it_begins_is_a_whole_day() {
    let all = limits(
        &json!({"timeZone": "UTC", "windows": [{"kind": "Deny", "name": "d", "days": ["Mon"], "start": "06:00", "end": "06:00"}]}),
    );
    assert_eq!(shut(&all, "2026-03-02T05:59:59Z"), "open");
    assert_eq!(shut(&all, "2026-03-02T06:00:00Z"), "d until 2026-03-03T06:00:00Z");
    assert_eq!(shut(&all, "2026-03-03T06:00:00Z"), "open");
}

fn window() -> impl Strategy<Value = Value> {
    let time = (0..24_u8, 0..60_u8).prop_map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
    let kind = prop_oneof![Just("Allow"), Just("Deny")];
    let day = prop_oneof![Just("Mon"), Just("Wed"), Just("Sat"), Just("Sun")];
    (kind, time.clone(), time, proptest::collection::vec(day, 0..3), 0..4_usize).prop_map(
        |(kind, start, end, days, zone)| {
            json!({"kind": kind, "start": start, "end": end, "days": days, "timeZone": ZONES[zone]})
        },
    )
}

proptest! {
    /// Whatever the windows: what is shut until an instant is shut at every instant before it, or for another reason.
    #[test]
    fn nothing_opens_before_the_instant_that_was_named(
        windows in proptest::collection::vec(window(), 1..4),
        minutes in 0..(366 * 24 * 60_i64),
        part in 1..100_i64,
    ) {
        let limits = limits(&json!({"windows": windows}));
        let instant = at("2026-01-01T00:00:00Z") + SignedDuration::from_mins(minutes);
        let Some(shut) = limits.calendar.shut(instant) else { return Ok(()) };
        let Some(until) = shut.until else { return Ok(()) };
        prop_assert!(until > instant);
        let between = instant + until.duration_since(instant) * i32::try_from(part).unwrap() / 100;
        prop_assert!(between >= until || limits.calendar.shut(between).is_some(), "{between} {until}");
    }
}
