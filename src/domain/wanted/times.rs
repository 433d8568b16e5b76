//! The time of day and the zone of what names none: the first matching entry of the campaign, else its default.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::Inputs;
use crate::{
    api::{PublishTime, Schedule, Severity, TimeOfDay},
    domain::{
        content::{
            diagnostic::Diagnostic,
            text::{Span, quoted},
        },
        schedule,
        slot::{compared, compared_locale, compared_platform},
    },
};

/// The times of a campaign, ready to be matched.
pub(super) struct Times {
    zone: String,
    default: TimeOfDay,
    entries: Vec<Entry>,
    /// Zones of the bundled database by name, looked up once.
    zones: BTreeMap<String, TimeZone>,
}

struct Entry {
    locales: Vec<String>,
    platforms: Vec<String>,
    accounts: Vec<String>,
    at: TimeOfDay,
    zone: Option<String>,
}

/// What a publication says of its own time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OwnTime<'a> {
    pub(super) date: Option<Date>,
    pub(super) time: Option<TimeOfDay>,
    pub(super) zone: Option<&'a str>,
}

impl Times {
    /// Reads the times of a campaign; a zone that does not exist is fatal, for every time would be a wrong one.
    pub(super) fn of(inputs: &Inputs<'_>, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let spec = inputs.campaign;
        let mut zone = |field: &str, name: &str| {
            let known = schedule::time_zone(name).ok();
            if known.is_none() {
                diagnostics.push(unknown_zone(inputs.campaign_name, field, name));
            }
            let name_of_zone = known.as_ref().and_then(|zone| zone.iana_name());
            name_of_zone.unwrap_or(name).to_owned()
        };
        let campaign_zone = zone("timeZone", &spec.time_zone);
        let mut entry = |entry: &PublishTime| Entry {
            locales: entry
                .locales
                .iter()
                .map(|locale| compared_locale(locale))
                .collect(),
            platforms: entry
                .platforms
                .iter()
                .map(|platform| compared_platform(platform))
                .collect(),
            accounts: entry.accounts.iter().map(|account| compared(account)).collect(),
            at: entry.at,
            zone: entry.time_zone.as_ref().map(|name| zone("times", name)),
        };
        Self {
            entries: spec.times.iter().map(&mut entry).collect(),
            zone: campaign_zone,
            default: spec.default_publish_time,
            zones: BTreeMap::new(),
        }
    }

    /// The schedule of a publication on a target, and its instant if it has one.
    pub(super) fn schedule(
        &mut self,
        own: OwnTime<'_>,
        (platform, account): (&str, &str),
        locale: &str,
    ) -> (Schedule, Option<Timestamp>) {
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.matches(platform, account, locale));
        let time = own.time.or(entry.map(|entry| entry.at)).unwrap_or(self.default);
        let zone = own
            .zone
            .or(entry.and_then(|entry| entry.zone.as_deref()))
            .unwrap_or(&self.zone)
            .to_owned();
        let instant = own.date.and_then(|date| {
            let zone = self.zones.entry(zone.clone());
            let zone = match zone {
                std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::btree_map::Entry::Vacant(new) => {
                    let found = schedule::time_zone(new.key()).ok()?;
                    new.insert(found)
                }
            };
            schedule::instant_of(date, schedule::civil(time)?, zone).ok()
        });
        let schedule = Schedule {
            date: own.date.map(|date| date.to_string()),
            time: time.to_string(),
            time_zone: zone,
        };
        (schedule, instant)
    }
}

impl Entry {
    fn matches(&self, platform: &str, account: &str, locale: &str) -> bool {
        let holds = |list: &[String], name: &str| list.is_empty() || list.iter().any(|known| known == name);
        holds(&self.platforms, &compared_platform(platform))
            && holds(&self.accounts, &compared(account))
            && (self.locales.is_empty() || self.locales.iter().any(|range| in_range(range, locale)))
    }
}

/// Basic filtering of RFC 4647: `en` is for `en` and `en-US`.
fn in_range(range: &str, locale: &str) -> bool {
    compared_locale(locale)
        .strip_prefix(range)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

fn unknown_zone(campaign: &str, field: &str, name: &str) -> Diagnostic {
    let message = format!("There is no time zone {} (spec.{field}).", quoted(name));
    let help = "Write the name of a place, such as Asia/Jerusalem or America/New_York.";
    Diagnostic::at(
        &format!("Campaign/{campaign}"),
        Span::default(),
        (Severity::Error, "UnknownTimeZone"),
        (message, help),
    )
    .fatal()
}
