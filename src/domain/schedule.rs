//! From wall-clock time in a zone to the instant, and back to words.

use std::fmt;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, TimeZone},
};
use thiserror::Error;

use crate::api::{Schedule, TimeOfDay};

/// Why a schedule is no instant.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScheduleError {
    /// The row's own date could not be read.
    #[error("the schedule has no date")]
    NoDate,
    /// The date is no day of the calendar.
    #[error("{0:?} is no day of the form YYYY-MM-DD")]
    BadDate(String),
    /// The time is no time of day.
    #[error("{0:?} is no time of the form HH:MM")]
    BadTime(String),
    /// The zone is none of the IANA database.
    #[error("{0:?} is no IANA time zone")]
    UnknownTimeZone(String),
    /// The instant lies beyond the years -9999 to 9999.
    #[error("{0} is out of range")]
    OutOfRange(String),
}

/// A time zone of the bundled IANA database, by its name; upper and lower case count the same.
pub fn time_zone(name: &str) -> Result<TimeZone, ScheduleError> {
    TimeZone::get(name).map_err(|_| ScheduleError::UnknownTimeZone(name.chars().take(64).collect()))
}

/// A day as the sheet writes it, YYYY-MM-DD.
pub fn date(text: &str) -> Result<Date, ScheduleError> {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    text.parse()
        .ok()
        .filter(|_| shape)
        .ok_or_else(|| ScheduleError::BadDate(text.chars().take(40).collect()))
}

/// The instant of a schedule.
///
/// In the gap of a clock change the first instant after it; of a time that happens twice, the first.
pub fn instant(schedule: &Schedule) -> Result<Timestamp, ScheduleError> {
    let zone = time_zone(&schedule.time_zone)?;
    instant_of(day(schedule)?, time(schedule)?, &zone)
}

/// The end of the local day of a schedule: the first instant of the next day.
pub fn end_of_local_day(schedule: &Schedule) -> Result<Timestamp, ScheduleError> {
    let zone = time_zone(&schedule.time_zone)?;
    let day = day(schedule)?;
    let next = day.tomorrow().map_err(|_| out_of_range(&day))?;
    instant_of(next, Time::midnight(), &zone)
}

/// The instant of a wall-clock time in a zone, by the rules of [`instant`].
pub fn instant_of(date: Date, time: Time, zone: &TimeZone) -> Result<Timestamp, ScheduleError> {
    let wall = DateTime::from_parts(date, time);
    let at = |offset: jiff::tz::Offset| offset.to_timestamp(wall).map_err(|_| out_of_range(&wall));
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset),
        AmbiguousOffset::Fold { before, .. } => at(before),
        AmbiguousOffset::Gap { before, .. } => {
            // Read with the offset of before the change, the time lies at the change or less than its gap after it.
            let after_change = at(before)?;
            let just_after = after_change.checked_add(1.nanosecond()).unwrap_or(after_change);
            let change = zone.preceding(just_after).next();
            Ok(change.map_or(after_change, |change| change.timestamp()))
        }
    }
}

/// An instant as people of a zone read it: `2026-02-16 09:00 Asia/Jerusalem`.
pub fn local_text(instant: Timestamp, zone: &str) -> Result<String, ScheduleError> {
    let zoned = instant.to_zoned(time_zone(zone)?);
    Ok(format!("{} {zone}", zoned.strftime("%Y-%m-%d %H:%M")))
}

fn day(schedule: &Schedule) -> Result<Date, ScheduleError> {
    date(schedule.date.as_deref().ok_or(ScheduleError::NoDate)?)
}

fn time(schedule: &Schedule) -> Result<Time, ScheduleError> {
    let bad = || ScheduleError::BadTime(schedule.time.chars().take(40).collect());
    let time: TimeOfDay = schedule.time.parse().map_err(|_| bad())?;
    civil(time).ok_or_else(bad)
}

/// A time of day as the calendar counts it.
pub(crate) fn civil(time: TimeOfDay) -> Option<Time> {
    let (hour, minute) = (i8::try_from(time.hour).ok()?, i8::try_from(time.minute).ok()?);
    Time::new(hour, minute, 0, 0).ok()
}

fn out_of_range(time: &dyn fmt::Display) -> ScheduleError {
    ScheduleError::OutOfRange(time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(date: &str, time: &str, zone: &str) -> Schedule {
        Schedule {
            date: Some(date.into()),
            time: time.into(),
            time_zone: zone.into(),
        }
    }

    fn at(date: &str, time: &str, zone: &str) -> String {
        instant(&schedule(date, time, zone)).unwrap().to_string()
    }

    #[test]
    fn a_wall_clock_time_is_an_instant_of_its_zone() {
        assert_eq!(
            at("2026-02-16", "09:00", "Asia/Jerusalem"),
            "2026-02-16T07:00:00Z"
        );
        assert_eq!(
            at("2026-02-18", "09:00", "America/New_York"),
            "2026-02-18T14:00:00Z"
        );
    }

    #[test]
    fn a_time_in_the_gap_of_a_clock_change_is_the_first_instant_after_it() {
        // Israel: 02:00 becomes 03:00 on 2026-03-27.
        for time in ["02:00", "02:30", "02:59", "03:00"] {
            assert_eq!(
                at("2026-03-27", time, "Asia/Jerusalem"),
                "2026-03-27T00:00:00Z",
                "{time}"
            );
        }
        // Far ahead, where the database goes on by a rule: New York, 2060-03-14.
        assert_eq!(
            at("2060-03-14", "02:30", "America/New_York"),
            "2060-03-14T07:00:00Z"
        );
    }

    #[test]
    fn a_time_that_happens_twice_is_the_first_of_the_two() {
        // Israel: 02:00 becomes 01:00 on 2026-10-25.
        assert_eq!(
            at("2026-10-25", "01:30", "Asia/Jerusalem"),
            "2026-10-24T22:30:00Z"
        );
    }

    #[test]
    fn a_day_that_a_zone_leaves_out_is_the_first_instant_after_it() {
        // Samoa had no 2011-12-30.
        assert_eq!(at("2011-12-30", "12:00", "Pacific/Apia"), "2011-12-30T10:00:00Z");
    }

    #[test]
    fn a_local_day_ends_at_the_next_midnight_or_where_midnight_would_have_been() {
        let end = |date, zone| {
            end_of_local_day(&schedule(date, "09:00", zone))
                .unwrap()
                .to_string()
        };
        assert_eq!(end("2026-02-16", "Asia/Jerusalem"), "2026-02-16T22:00:00Z");
        // Beirut skips midnight: 00:00 becomes 01:00 on 2026-03-29.
        assert_eq!(end("2026-03-28", "Asia/Beirut"), "2026-03-28T22:00:00Z");
    }

    #[test]
    fn an_instant_is_shown_in_its_zone_with_its_name() {
        let instant: Timestamp = "2026-02-16T07:00:00Z".parse().unwrap();
        assert_eq!(
            local_text(instant, "Asia/Jerusalem").unwrap(),
            "2026-02-16 09:00 Asia/Jerusalem"
        );
    }

    #[test]
    fn what_is_no_date_time_or_zone_is_refused_with_its_text() {
        for text in [
            "16/02/2026",
            "2026-2-16",
            "2026-02-30",
            "2026-02-16T09:00",
            "",
            "+02026-02-1",
        ] {
            assert!(matches!(date(text), Err(ScheduleError::BadDate(_))), "{text}");
        }
        assert!(matches!(
            instant(&schedule("2026-02-16", "9", "Asia/Jerusalem")),
            Err(ScheduleError::BadTime(_))
        ));
        assert!(matches!(
            instant(&schedule("2026-02-16", "09:00", "Asia/Atlantis")),
            Err(ScheduleError::UnknownTimeZone(_))
        ));
        let undated = Schedule {
            date: None,
            ..schedule("", "09:00", "UTC")
        };
        assert_eq!(instant(&undated), Err(ScheduleError::NoDate));
    }
}
