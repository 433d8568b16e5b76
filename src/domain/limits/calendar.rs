//! Windows: when something may go out, on the wall clocks of their zones.

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, Time, Weekday},
    tz::TimeZone,
};

use super::super::schedule::instant_of;

/// How far ahead a window is looked for.
const HORIZON_DAYS: i32 = 366;
/// On which day before an instant a window may have begun that still holds: the longest is a week.
const DAYS_BACK: i32 = 8;

/// The windows of an account; without any, something may always go out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calendar(pub(super) Vec<Window>);

/// A window that repeats, or that is on single days.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Window {
    /// For people.
    pub(super) name: String,
    /// True: nothing may go out in it.
    pub(super) denies: bool,
    /// True for quiet hours.
    pub(super) is_quiet: bool,
    /// The days of the week on which it begins.
    pub(super) days: Vec<Weekday>,
    /// Single days on which it begins, in order.
    pub(super) dates: Vec<Date>,
    /// When it begins.
    pub(super) starts: Time,
    /// When it ends.
    pub(super) ends: Ends,
    /// On whose wall clock.
    pub(super) zone: TimeZone,
}

/// When a window ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ends {
    /// At a time of day: of the next day where that is not after the start.
    At(Time),
    /// So long after it began, as time passes.
    After(SignedDuration),
}

/// Why nothing may go out at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shut {
    /// True for quiet hours.
    pub is_quiet: bool,
    /// The window that denies it; none where no window allows it.
    pub window: Option<String>,
    /// When that may be over; none where no window opens within a year.
    pub until: Option<Timestamp>,
}

impl Calendar {
    /// Why nothing may go out at that instant; none where something may. Denied wins over allowed.
    pub fn shut(&self, at: Timestamp) -> Option<Shut> {
        let denied = self.0.iter().filter(|window| window.denies);
        let denying = denied.filter_map(|window| Some((window.holds_until(at)?, window)));
        if let Some((until, window)) = denying.max_by_key(|(until, _)| *until) {
            return Some(Shut {
                is_quiet: window.is_quiet,
                window: Some(window.name.clone()),
                until: Some(until),
            });
        }
        let allowing: Vec<&Window> = self.0.iter().filter(|window| !window.denies).collect();
        if allowing.is_empty() || allowing.iter().any(|window| window.holds_until(at).is_some()) {
            return None;
        }
        let until = allowing.iter().filter_map(|window| window.next_start(at)).min();
        Some(Shut {
            is_quiet: false,
            window: None,
            until,
        })
    }
}

impl Window {
    /// When the occurrence that an instant is in ends; the last of them where several overlap.
    fn holds_until(&self, at: Timestamp) -> Option<Timestamp> {
        let today = self.zone.to_datetime(at).date();
        let back = match self.ends {
            Ends::At(_) => 1,
            Ends::After(_) => DAYS_BACK,
        };
        let occurrences = (0..=back).filter_map(|days| self.on(today.checked_sub(days.days()).ok()?));
        let holding = occurrences.filter(|(begins, ends)| *begins <= at && at < *ends);
        holding.map(|(_, ends)| ends).max()
    }

    /// The first instant after this one at which it begins.
    fn next_start(&self, at: Timestamp) -> Option<Timestamp> {
        let today = self.zone.to_datetime(at).date();
        let starts = |date: Date| Some(self.on(date)?.0).filter(|begins| *begins > at);
        if self.days.is_empty() && !self.dates.is_empty() {
            return self.dates.iter().find_map(|date| starts(*date));
        }
        (0..HORIZON_DAYS).find_map(|days| starts(today.checked_add(days.days()).ok()?))
    }

    /// The occurrence that begins on a day: its first instant, and the first one after it.
    fn on(&self, date: Date) -> Option<(Timestamp, Timestamp)> {
        let every_day = self.days.is_empty() && self.dates.is_empty();
        if !every_day && !self.days.contains(&date.weekday()) && self.dates.binary_search(&date).is_err() {
            return None;
        }
        let begins = instant_of(date, self.starts, &self.zone).ok()?;
        let ends = match self.ends {
            Ends::After(duration) => begins.checked_add(duration).ok()?,
            Ends::At(time) if time > self.starts => instant_of(date, time, &self.zone).ok()?,
            Ends::At(time) => instant_of(date.tomorrow().ok()?, time, &self.zone).ok()?,
        };
        // A window that lies in the gap of a clock change does not happen that day.
        (begins < ends).then_some((begins, ends))
    }
}
