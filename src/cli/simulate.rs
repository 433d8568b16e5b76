//! `campanile simulate`: the plan on a virtual clock, as a calendar.

mod calendar;
mod markdown;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Args;
use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};
use serde::Serialize;

use super::{
    forecast::{self, Forecast, ForecastError, Played, Row, Wishes, played},
    printed::Report,
};
use crate::{
    api::{AssetPhase, GoDuration},
    domain::{
        plan::Warning,
        schedule,
        simulation::{End, Happening},
        why::Place,
    },
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    forecast: forecast::Reading,
    /// How long, such as 14d or 36h
    #[arg(long = "for", value_name = "DURATION", default_value = "14d", value_parser = duration)]
    how_long: GoDuration,
    /// From when on; from now if left out
    #[arg(long, value_name = "RFC3339")]
    from: Option<Timestamp>,
    /// As if everything that waits for an approval had it; drafts still wait
    #[arg(long)]
    assume_approved: bool,
    /// The time zone of the calendar; the first Campaign's if left out
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// How it is printed
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Report,
}

/// The longest time that is played: what is further away nobody has written yet.
const LONGEST: GoDuration = GoDuration::from_secs(366 * 86_400);

fn duration(text: &str) -> Result<GoDuration, String> {
    let duration: GoDuration = text
        .parse()
        .map_err(|error: crate::api::InvalidDuration| error.to_string())?;
    if duration > LONGEST {
        return Err("a year is the longest that is played".to_owned());
    }
    Ok(duration)
}

/// What would happen.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Calendar {
    from: Timestamp,
    until: Timestamp,
    time_zone: String,
    /// True where it was played as if everything had been approved.
    approvals_assumed: bool,
    /// What was taken for granted.
    assumptions: Vec<String>,
    /// True where a file of a Campaign cannot be read: nothing of it is played.
    unreadable: Vec<String>,
    /// In order.
    entries: Vec<Entry>,
    /// What is not published at the end, and why.
    held: Vec<Held>,
}

/// Which publication.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    campaign: String,
    asset: String,
    post_id: String,
    platform: String,
    account: String,
    locale: String,
}

/// Something that happens.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    at: Timestamp,
    /// The same in the calendar's zone, with its offset: `2026-02-16T09:00:00+02:00[Asia/Jerusalem]`.
    local: String,
    #[serde(flatten)]
    subject: Subject,
    /// When it was meant to go out.
    due: Option<Timestamp>,
    published: bool,
    phase: AssetPhase,
    reason: String,
    message: String,
    /// What kept it from going out when it was due.
    #[serde(skip_serializing_if = "Option::is_none")]
    waited_for: Option<String>,
    /// Why there is no room for it before it is missed, or was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_room: Option<Warning>,
}

/// Something that is not published in that time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    #[serde(flatten)]
    subject: Subject,
    phase: AssetPhase,
    reason: String,
    message: String,
    /// Why there is no room for it before it is missed, or was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    no_room: Option<Warning>,
    place: Option<Place>,
    /// When it would be looked at next.
    next_look_at: Option<Timestamp>,
}

/// Runs the command.
pub(super) fn run(options: &Options) -> ExitCode {
    let from = options.from.unwrap_or_else(Timestamp::now);
    let wishes = Wishes {
        now: from,
        campaign: options.forecast.campaign.clone(),
        ahead: Some(options.how_long),
    };
    match forecast::forecast(&options.forecast, &wishes)
        .and_then(|forecast| printed(&forecast, from, options))
    {
        Ok(text) => {
            anstream::print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => super::failed(&error),
    }
}

fn printed(forecast: &Forecast, from: Timestamp, options: &Options) -> Result<String, ForecastError> {
    let settings = Settings {
        from,
        until: later(from, options.how_long),
        approved: options.assume_approved,
        time_zone: options.time_zone.clone(),
    };
    let calendar = calendar_of(forecast, settings)?;
    Ok(match options.output {
        Report::Text => calendar::text(&calendar),
        Report::Json => format!("{}\n", serde_json::to_string_pretty(&calendar)?),
        Report::Markdown => markdown::text(&calendar),
    })
}

fn later(from: Timestamp, how_long: GoDuration) -> Timestamp {
    let how_long = SignedDuration::try_from(how_long.0).unwrap_or(SignedDuration::MAX);
    from.checked_add(how_long).unwrap_or(Timestamp::MAX)
}

/// What is played.
struct Settings {
    from: Timestamp,
    until: Timestamp,
    approved: bool,
    time_zone: Option<String>,
}

fn calendar_of(forecast: &Forecast, settings: Settings) -> Result<Calendar, ForecastError> {
    let first = forecast
        .campaigns
        .first()
        .map(|campaign| campaign.spec.time_zone.clone());
    let time_zone = settings.time_zone.or(first).unwrap_or_else(|| "UTC".to_owned());
    let zone = schedule::time_zone(&time_zone)?;
    let unreadable = forecast
        .campaigns
        .iter()
        .filter(|campaign| !campaign.wanted.parsed);
    let unreadable = unreadable.map(|campaign| campaign.name.clone()).collect();
    let assumptions = forecast.assumptions.clone();
    let Played {
        rows,
        ends,
        happenings,
    } = played(forecast, (settings.from, settings.until), settings.approved);
    let entries = happenings
        .into_iter()
        .filter_map(|happening| entry(happening, &rows, &zone));
    Ok(Calendar {
        from: settings.from,
        until: settings.until,
        time_zone,
        approvals_assumed: settings.approved,
        assumptions,
        unreadable,
        entries: entries.collect(),
        held: ends
            .into_iter()
            .zip(&rows)
            .filter_map(|(end, row)| held(end, row))
            .collect(),
    })
}

fn entry(happening: Happening, rows: &[&Row], zone: &TimeZone) -> Option<Entry> {
    let zoned: Zoned = happening.at.to_zoned(zone.clone());
    let row = rows.get(happening.asset)?;
    Some(Entry {
        at: happening.at,
        local: zoned.to_string(),
        subject: subject(row),
        due: row.observed.asset.publish_at,
        published: happening.sent,
        phase: happening.phase,
        reason: happening.reason,
        message: happening.message,
        waited_for: happening.waited_for.filter(|_| happening.sent),
        no_room: happening.no_room,
    })
}

fn held(End { plan, no_room }: End, row: &Row) -> Option<Held> {
    let over = matches!(
        plan.phase,
        AssetPhase::Posted | AssetPhase::Skipped | AssetPhase::Retracted
    );
    (!over).then(|| Held {
        subject: subject(row),
        phase: plan.phase,
        reason: plan.reason,
        message: plan.message,
        no_room,
        place: row.origin.place(),
        next_look_at: plan.wake_at,
    })
}

fn subject(row: &Row) -> Subject {
    let spec = &row.asset.spec;
    Subject {
        campaign: spec.campaign.clone(),
        asset: row.observed.asset.name.clone(),
        post_id: spec.post_id.clone(),
        platform: spec.target.platform.clone(),
        account: spec.target.account.clone(),
        locale: spec.locale.clone(),
    }
}
