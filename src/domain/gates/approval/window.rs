//! The review window: the time of day in which decisions are made.

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date, tz::TimeZone};

use crate::{
    api::{ReviewWindow, Weekday},
    domain::schedule::{civil, instant_of, time_zone},
};

/// How far ahead the next opening is looked for: a week has every day, one more meets clocks that change.
const DAYS_AHEAD: i64 = 8;

/// One day's window, as instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// The first instant in it.
    pub(super) from: Timestamp,
    /// The first instant after it.
    pub(super) until: Timestamp,
}

impl Opening {
    fn holds(&self, instant: Timestamp) -> bool {
        self.from <= instant && instant < self.until
    }
}

/// The window that an instant lies in; none where it lies in none, or where the zone is unknown.
pub(super) fn around(window: &ReviewWindow, zone: &str, instant: Timestamp) -> Option<Opening> {
    let zone = time_zone(zone).ok()?;
    let today = instant.to_zoned(zone.clone()).date();
    // One that opened yesterday may go on past midnight.
    [today.yesterday().ok()?, today]
        .into_iter()
        .filter_map(|day| opening(window, day, &zone))
        .find(|opening| opening.holds(instant))
}

/// The next time that it opens after an instant; none where it never does, or where the zone is unknown.
pub(super) fn next(window: &ReviewWindow, zone: &str, instant: Timestamp) -> Option<Timestamp> {
    let zone = time_zone(zone).ok()?;
    let today = instant.to_zoned(zone.clone()).date();
    (0..=DAYS_AHEAD)
        .filter_map(|ahead| today.checked_add(ahead.days()).ok())
        .filter_map(|day| opening(window, day, &zone))
        .map(|opening| opening.from)
        .find(|from| *from > instant)
}

fn opening(window: &ReviewWindow, day: Date, zone: &TimeZone) -> Option<Opening> {
    if !window.days.is_empty() && !window.days.contains(&weekday(day)) {
        return None;
    }
    let from = instant_of(day, civil(window.start)?, zone).ok()?;
    let lasts = SignedDuration::try_from(window.duration.0).ok()?;
    let until = from.checked_add(lasts.min(SignedDuration::from_hours(24))).ok()?;
    Some(Opening { from, until })
}

fn weekday(day: Date) -> Weekday {
    match day.weekday() {
        jiff::civil::Weekday::Monday => Weekday::Mon,
        jiff::civil::Weekday::Tuesday => Weekday::Tue,
        jiff::civil::Weekday::Wednesday => Weekday::Wed,
        jiff::civil::Weekday::Thursday => Weekday::Thu,
        jiff::civil::Weekday::Friday => Weekday::Fri,
        jiff::civil::Weekday::Saturday => Weekday::Sat,
        jiff::civil::Weekday::Sunday => Weekday::Sun,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{GoDuration, TimeOfDay};

    fn window(hour: u8, minutes: u64, days: &[Weekday]) -> ReviewWindow {
        ReviewWindow {
            start: TimeOfDay { hour, minute: 0 },
            duration: GoDuration::from_secs(minutes * 60),
            days: days.to_vec(),
            time_zone: None,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn is_open(window: &ReviewWindow, zone: &str, text: &str) -> bool {
        around(window, zone, at(text)).is_some()
    }

    #[test]
    fn a_window_holds_its_first_instant_and_not_the_one_after_its_last() {
        let nine = window(9, 15, &[]);
        let jerusalem = |text| is_open(&nine, "Asia/Jerusalem", text);
        assert!(!jerusalem("2026-03-02T06:59:59Z"));
        assert!(jerusalem("2026-03-02T07:00:00Z") && jerusalem("2026-03-02T07:14:59Z"));
        assert!(!jerusalem("2026-03-02T07:15:00Z"));
    }

    #[test]
    fn a_window_opens_on_its_days_alone_and_goes_on_past_midnight() {
        let friday_night = window(23, 120, &[Weekday::Fri]);
        assert!(is_open(&friday_night, "UTC", "2026-03-07T00:59:00Z"));
        assert!(!is_open(&friday_night, "UTC", "2026-03-08T00:59:00Z"));
        let next = next(&friday_night, "UTC", at("2026-03-07T00:30:00Z"));
        assert_eq!(next, Some(at("2026-03-13T23:00:00Z")));
    }

    #[test]
    fn a_window_keeps_its_local_time_when_the_clocks_change() {
        let nine = window(9, 15, &[]);
        // Israel's clocks go forward on 27 March 2026.
        assert!(is_open(&nine, "Asia/Jerusalem", "2026-03-26T07:05:00Z"));
        assert!(is_open(&nine, "Asia/Jerusalem", "2026-03-27T06:05:00Z"));
        assert!(!is_open(&nine, "Asia/Jerusalem", "2026-03-27T07:15:00Z"));
        let two = window(2, 30, &[]);
        assert_eq!(
            next(&two, "Asia/Jerusalem", at("2026-03-26T12:00:00Z")),
            Some(at("2026-03-27T00:00:00Z")),
            "what lies in the gap opens at its end"
        );
    }

    #[test]
    fn a_window_of_an_unknown_zone_never_opens() {
        let nine = window(9, 15, &[]);
        assert!(!is_open(&nine, "Asia/Atlantis", "2026-03-02T07:05:00Z"));
        assert_eq!(next(&nine, "Asia/Atlantis", at("2026-03-02T07:05:00Z")), None);
    }
}
