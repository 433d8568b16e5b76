//! From what a ChannelConfig says to limits.

use jiff::{SignedDuration, civil::Time, tz::TimeZone};
use thiserror::Error;

use super::{
    super::schedule::{self, ScheduleError, civil},
    Bucket, Calendar, DailyCap, Limits,
    calendar::{Ends, Window},
};
use crate::api::{ChannelLimits, GoDuration, PublishingWindow, QuietHours, TimeOfDay, Weekday, WindowKind};

/// The longest gap, time of a bucket and window.
const A_WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The longest jitter.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Why limits cannot be read: nothing is sent on the channel until they are mended.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LimitsError {
    /// A zone, a day or a time that there is not.
    #[error("limits.{field}: {source}")]
    Schedule {
        /// The field.
        field: String,
        /// What is wrong with it.
        source: ScheduleError,
    },
    /// A time without a zone is no instant.
    #[error("limits.{field} needs a timeZone, of its own or of the limits")]
    NoTimeZone {
        /// The field.
        field: String,
    },
    /// More than there is memory for.
    #[error("limits.{field} is {found}; it is more than nothing, and at most {longest}")]
    OutOfBounds {
        /// The field.
        field: String,
        /// What it says.
        found: GoDuration,
        /// What it may say.
        longest: GoDuration,
    },
    /// Two ends.
    #[error("limits.{field} has an end and a duration; write one of them")]
    TwoEnds {
        /// The field.
        field: String,
    },
}

impl LimitsError {
    /// One word for every one of them.
    pub const REASON: &'static str = "LimitsUnreadable";
}

impl Limits {
    /// Reads the limits of a ChannelConfig; `other_cap` is its cap by the other name.
    pub fn read(spec: Option<&ChannelLimits>, other_cap: Option<u32>) -> Result<Self, LimitsError> {
        let nothing = ChannelLimits::default();
        let reading = Reading(spec.unwrap_or(&nothing));
        let spec = reading.0;
        Ok(Self {
            cap: reading.cap(other_cap)?,
            gap: bounded("minimumGap", spec.minimum_gap, A_WEEK)?,
            jitter: bounded("jitter", spec.jitter, A_DAY)?,
            calendar: reading.calendar()?,
            bucket: reading.bucket()?,
            overrun: spec.overrun,
        })
    }
}

/// The lower of two caps that mean the same.
pub fn lower_cap(one: Option<u32>, other: Option<u32>) -> Option<u32> {
    [one, other].into_iter().flatten().min()
}

struct Reading<'a>(&'a ChannelLimits);

impl Reading<'_> {
    fn cap(&self, other: Option<u32>) -> Result<Option<DailyCap>, LimitsError> {
        let Some(limit) = lower_cap(self.0.max_publishes_per_day, other) else {
            return Ok(None);
        };
        let zone = self.zone("maxPublishesPerDay", None)?;
        Ok(Some(DailyCap { limit, zone }))
    }

    /// The zone of a field: its own, or that of the limits.
    fn zone(&self, field: &str, own: Option<&String>) -> Result<TimeZone, LimitsError> {
        let name = own.or(self.0.time_zone.as_ref());
        let Some(name) = name else {
            return Err(LimitsError::NoTimeZone {
                field: field.to_owned(),
            });
        };
        schedule::time_zone(name).map_err(wrong(field))
    }

    fn bucket(&self) -> Result<Option<Bucket>, LimitsError> {
        let Some(spec) = &self.0.rate_bucket else {
            return Ok(None);
        };
        let per = bounded("rateBucket.per", Some(spec.per), A_WEEK)?;
        Ok(Some(Bucket {
            name: spec.name.clone(),
            limit: spec.limit,
            per,
        }))
    }

    fn calendar(&self) -> Result<Calendar, LimitsError> {
        let mut windows = Vec::with_capacity(self.0.windows.len() + 1);
        for (number, window) in self.0.windows.iter().enumerate() {
            windows.push(self.window(&format!("windows[{number}]"), window)?);
        }
        if let Some(quiet) = &self.0.quiet_hours {
            windows.push(self.quiet_hours(quiet)?);
        }
        Ok(Calendar(windows))
    }

    fn window(&self, field: &str, spec: &PublishingWindow) -> Result<Window, LimitsError> {
        let ends = match (spec.end, spec.duration) {
            (Some(_), Some(_)) => {
                return Err(LimitsError::TwoEnds {
                    field: field.to_owned(),
                });
            }
            (end, None) => Ends::At(end.map_or(Ok(Time::midnight()), |end| time(field, end))?),
            (None, duration) => Ends::After(bounded(&format!("{field}.duration"), duration, A_WEEK)?),
        };
        let dates: Result<Vec<_>, _> = spec.dates.iter().map(|date| schedule::date(date)).collect();
        let mut dates = dates.map_err(wrong(field))?;
        dates.sort();
        Ok(Window {
            name: spec.name.clone().unwrap_or_else(|| field.to_owned()),
            denies: spec.kind == WindowKind::Deny,
            is_quiet: false,
            days: spec.days.iter().copied().map(weekday).collect(),
            dates,
            starts: spec
                .start
                .map_or(Ok(Time::midnight()), |start| time(field, start))?,
            ends,
            zone: self.zone(field, spec.time_zone.as_ref())?,
        })
    }

    fn quiet_hours(&self, spec: &QuietHours) -> Result<Window, LimitsError> {
        Ok(Window {
            name: "quietHours".to_owned(),
            denies: true,
            is_quiet: true,
            days: Vec::new(),
            dates: Vec::new(),
            starts: time("quietHours", spec.start)?,
            ends: Ends::At(time("quietHours", spec.end)?),
            zone: self.zone("quietHours", spec.time_zone.as_ref())?,
        })
    }
}

fn wrong(field: &str) -> impl FnOnce(ScheduleError) -> LimitsError {
    let field = field.to_owned();
    move |source| LimitsError::Schedule { field, source }
}

fn time(field: &str, time: TimeOfDay) -> Result<Time, LimitsError> {
    civil(time).ok_or_else(|| wrong(field)(ScheduleError::BadTime(time.to_string())))
}

/// A duration that is more than nothing; zero where it is left out.
fn bounded(
    field: &str,
    duration: Option<GoDuration>,
    longest: SignedDuration,
) -> Result<SignedDuration, LimitsError> {
    let Some(found) = duration else {
        return Ok(SignedDuration::ZERO);
    };
    let read = SignedDuration::try_from(found.0).unwrap_or(SignedDuration::MAX);
    if read.is_positive() && read <= longest {
        return Ok(read);
    }
    Err(LimitsError::OutOfBounds {
        field: field.to_owned(),
        found,
        longest: GoDuration(longest.unsigned_abs()),
    })
}

fn weekday(day: Weekday) -> jiff::civil::Weekday {
    use jiff::civil::Weekday as Civil;
    match day {
        Weekday::Mon => Civil::Monday,
        Weekday::Tue => Civil::Tuesday,
        Weekday::Wed => Civil::Wednesday,
        Weekday::Thu => Civil::Thursday,
        Weekday::Fri => Civil::Friday,
        Weekday::Sat => Civil::Saturday,
        Weekday::Sun => Civil::Sunday,
    }
}
