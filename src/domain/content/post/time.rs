//! Day, time of day and zone of a row.

use jiff::{ToSpan, civil::Date};

use super::Row;
use crate::{
    api::TimeOfDay,
    domain::{
        content::{sheet::Column, text::quoted},
        schedule,
    },
};

impl Row<'_, '_> {
    pub(super) fn date(&mut self) -> Option<Date> {
        let words = self.record.words(Column::PublishDate);
        if words.is_empty() {
            let message = "The row has no publish_date.".to_owned();
            self.error(
                Column::PublishDate,
                "DateMissing",
                message,
                "Write the day as YYYY-MM-DD.",
            );
            return None;
        }
        let date = schedule::date(words).ok();
        if date.is_none() {
            let (message, help) = explained(words);
            self.error(Column::PublishDate, "BadDate", message, &help);
        }
        date
    }

    pub(super) fn time(&mut self) -> Option<TimeOfDay> {
        let words = self.record.words(Column::PublishTime);
        if words.is_empty() {
            return None;
        }
        let time = words.parse().ok();
        if time.is_none() {
            let message = format!("{} is no time of day.", quoted(words));
            let help = "Write it as HH:MM on a clock of 24 hours, such as 09:00 or 17:30.";
            self.error(Column::PublishTime, "BadTime", message, help);
        }
        time
    }

    pub(super) fn time_zone(&mut self) -> Option<String> {
        let words = self.record.words(Column::Timezone);
        if words.is_empty() {
            return None;
        }
        let zone = schedule::time_zone(words).ok();
        let name = zone.as_ref().and_then(|zone| zone.iana_name()).map(str::to_owned);
        if name.is_none() {
            let message = format!("There is no time zone {}.", quoted(words));
            let help = "Write the name of a place, such as Asia/Jerusalem or America/New_York.";
            self.error(Column::Timezone, "UnknownTimeZone", message, help);
        }
        name
    }
}

/// What a date that is none probably is: Excel shows and saves days in the order of the computer's country.
fn explained(words: &str) -> (String, String) {
    let plain = "Write it as YYYY-MM-DD, such as 2026-02-16.".to_owned();
    if let Some(date) = excel_serial(words) {
        let message = format!("{} is how Excel counts days.", quoted(words));
        return (message, format!("Format the column as text and write {date}."));
    }
    let parts: Vec<&str> = words.split(['/', '.', '-']).map(str::trim).collect();
    let numbers: Vec<i16> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    match (numbers.as_slice(), parts.len()) {
        ([first, second, year], 3) if *year >= 1000 => {
            let message = format!("{} is a day as Excel writes it.", quoted(words));
            (message, as_iso(*first, *second, *year).unwrap_or(plain))
        }
        _ => (format!("{} is no day of the calendar.", quoted(words)), plain),
    }
}

/// The same day as the sheet wants it, where day and month cannot be taken for each other.
fn as_iso(first: i16, second: i16, year: i16) -> Option<String> {
    let date = |month: i16, day: i16| Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok();
    match (date(second, first), date(first, second)) {
        (Some(one), Some(other)) if one != other => Some(format!(
            "Write it as YYYY-MM-DD: {one} or {other}, whichever is meant."
        )),
        (Some(date), _) | (None, Some(date)) => Some(format!("Write it as YYYY-MM-DD: {date}.")),
        (None, None) => None,
    }
}

/// Excel counts days from 1899-12-30; five digits are a day from 1927 to 2173.
fn excel_serial(words: &str) -> Option<Date> {
    let days: i32 = words
        .parse()
        .ok()
        .filter(|days| (10_000..100_000).contains(days))?;
    Date::constant(1899, 12, 30).checked_add(days.days()).ok()
}
