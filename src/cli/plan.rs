//! `campanile plan`: what a branch or a folder would publish, when, through which account, and what is in the way.

mod markdown;
mod screen;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, process::ExitCode};

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    forecast::{self, Difference, Forecast, ForecastError, Forecasted, Wishes, played},
    printed::Report,
};
use crate::{
    api::{AssetPhase, AssetType, ReceiptPhase, Severity},
    domain::{
        content::diagnostic::Diagnostic,
        decide::decide,
        plan::{Plan, Warning},
        schedule,
        simulation::End,
        why::Place,
    },
};

/// How long after the last row's time something may still wait for room.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(31 * 24);
/// Why a row waits whose time has not come.
const WAITING_FOR_TIME: &str = "WaitingForTime";
/// Why a row waits for another one.
const WAITING_FOR_POST: &str = "WaitingForPost";
/// Why an item waits for the one that it replies to.
const WAITING_FOR_ITEM: &str = "WaitingForItem";

/// What a script is told where something is blocked.
const BLOCKED: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    forecast: forecast::Reading,
    /// The instant that it is planned at; now if left out
    #[arg(long, value_name = "RFC3339")]
    at: Option<Timestamp>,
    /// How it is printed
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Report,
}

/// What would be published.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Planned {
    /// By namespace and name.
    campaigns: Vec<PlannedCampaign>,
    /// Problems of the manifests.
    problems: Vec<Problem>,
    /// What was taken for granted.
    assumptions: Vec<String>,
    /// True where it was compared with a cluster.
    compared: bool,
    /// True where something that the files want is in the way of itself.
    blocked: bool,
}

/// What one Campaign would publish.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlannedCampaign {
    namespace: String,
    name: String,
    time_zone: String,
    /// False where a file cannot be read as what it is: nothing changes and nothing is sent until it is repaired.
    readable: bool,
    /// Approved rows that the files no longer name and that were not published.
    withdrawn: Vec<String>,
    /// In the order in which they go out.
    rows: Vec<PlannedRow>,
    /// What is wrong beside the rows.
    problems: Vec<Problem>,
    /// Rows too far away to be looked at.
    outside: u32,
}

/// One publication.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PlannedRow {
    asset: String,
    post_id: String,
    platform: String,
    account: String,
    locale: String,
    #[serde(rename = "type")]
    type_: AssetType,
    fate: Fate,
    changed: Difference,
    /// When it goes out, if it does; else when it was meant to.
    at: Option<Timestamp>,
    /// When it was meant to go out.
    due: Option<Timestamp>,
    /// What keeps it from going out when it is due: a limit, or another post.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
    /// Why limits leave no room for it before it is missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    would_be_missed: Option<Warning>,
    /// The same in the campaign's time zone.
    at_local: Option<String>,
    /// The ChannelConfig that it goes through.
    channel: Option<String>,
    phase: AssetPhase,
    reason: String,
    message: String,
    place: Option<Place>,
}

/// What becomes of a row, for a reader of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Fate {
    /// It is published.
    Publishes,
    /// A page or template that stands is replaced in place.
    Replaces,
    /// A person has to approve it or publish it by hand.
    WaitsForAPerson,
    /// Nobody says that it is ready.
    Draft,
    /// It is wrong, or something that it needs is missing or not allowed.
    Blocked,
    /// Limits leave no room for it before it is missed.
    WouldBeMissed,
    /// It was stopped, missed, refused, or nobody knows what became of it.
    Stopped,
    /// It changed after it was published; nothing is sent.
    Drifted,
    /// It is published, and stays as it is.
    Published,
    /// Nobody wants it published.
    Skipped,
}

/// Something that is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    severity: Severity,
    #[serde(flatten)]
    place: Place,
    code: String,
    message: String,
}

/// Runs the command: 0 where nothing is blocked, 2 where anything is, 1 where nothing could be planned.
pub(super) fn run(options: &Options) -> ExitCode {
    let wishes = Wishes {
        now: options.at.unwrap_or_else(Timestamp::now),
        campaign: options.forecast.campaign.clone(),
        ahead: None,
    };
    match forecast::forecast(&options.forecast, &wishes)
        .and_then(|forecast| printed(forecast, &wishes, options.output))
    {
        Ok((text, blocked)) => {
            anstream::print!("{text}");
            if blocked {
                ExitCode::from(BLOCKED)
            } else {
                ExitCode::SUCCESS
            }
        }
        Err(error) => super::failed(&error),
    }
}

fn printed(forecast: Forecast, wishes: &Wishes, output: Report) -> Result<(String, bool), ForecastError> {
    let planned = planned(forecast, wishes.now);
    let text = match output {
        Report::Text => screen::text(&planned),
        Report::Json => format!("{}\n", serde_json::to_string_pretty(&planned)?),
        Report::Markdown => markdown::text(&planned),
    };
    Ok((text, planned.blocked))
}

fn planned(forecast: Forecast, now: Timestamp) -> Planned {
    let problems = forecast.problems.iter().map(problem).collect();
    let courses = courses(&forecast, now);
    let campaigns = forecast
        .campaigns
        .iter()
        .map(|campaign| of_campaign(campaign, &courses, now));
    let mut planned = Planned {
        campaigns: campaigns.collect(),
        problems,
        assumptions: forecast.assumptions,
        compared: forecast.compared,
        blocked: false,
    };
    let wrong = |problems: &[Problem]| problems.iter().any(|problem| problem.severity == Severity::Error);
    planned.blocked = wrong(&planned.problems)
        || planned.campaigns.iter().any(|campaign| {
            !campaign.readable
                || wrong(&campaign.problems)
                || campaign
                    .rows
                    .iter()
                    .any(|row| matches!(row.fate, Fate::Blocked | Fate::WouldBeMissed))
        });
    planned
}

/// What becomes of a row on the virtual clock.
struct Course {
    /// When it goes out, if it does.
    sent: Option<Timestamp>,
    /// What it had waited for until then.
    waited_for: Option<String>,
    end: End,
}

/// The courses of all rows, by namespace and name of the Asset.
type Courses = BTreeMap<(String, String), Course>;

/// Plays the rows until all that wait for room have had their time: when each goes out depends on those before it.
fn courses(forecast: &Forecast, now: Timestamp) -> Courses {
    let rows = forecast.campaigns.iter().flat_map(|campaign| &campaign.rows);
    let last = rows.filter_map(|row| row.observed.asset.publish_at).max();
    let until = last.unwrap_or(now).max(now).checked_add(LONGEST_WAIT);
    let played = played(forecast, (now, until.unwrap_or(Timestamp::MAX)), false);
    let mut waited_for: BTreeMap<usize, String> = BTreeMap::new();
    for happening in played.happenings.iter().filter(|happening| happening.sent) {
        if let Some(reason) = &happening.waited_for {
            waited_for.insert(happening.asset, reason.clone());
        }
    }
    let sent = played.sent();
    let rows = played.rows.into_iter().zip(played.ends).zip(sent).enumerate();
    rows.map(|(index, ((row, end), sent))| {
        let namespace = row.asset.metadata.namespace.clone().unwrap_or_default();
        let course = Course {
            sent,
            waited_for: waited_for.remove(&index),
            end,
        };
        ((namespace, row.observed.asset.name.clone()), course)
    })
    .collect()
}

fn of_campaign(campaign: &Forecasted, courses: &Courses, now: Timestamp) -> PlannedCampaign {
    let rows: Vec<PlannedRow> = campaign
        .rows
        .iter()
        .map(|row| {
            let key = (campaign.namespace.clone(), row.observed.asset.name.clone());
            of_row(row, campaign, courses.get(&key), now)
        })
        .collect();
    // What a row says of itself is not said twice.
    let said = |found: &Diagnostic| {
        campaign
            .rows
            .iter()
            .flat_map(|row| &row.asset.spec.findings)
            .any(|finding| {
                finding.code == found.code
                    && finding.path == found.path
                    && finding.line == found.position.line
            })
    };
    let found = campaign.wanted.diagnostics.iter();
    let mut problems: Vec<Problem> = found
        .filter(|found| found.severity == Severity::Warning || !said(found))
        .map(problem)
        .collect();
    problems.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.cmp(other)));
    PlannedCampaign {
        namespace: campaign.namespace.clone(),
        name: campaign.name.clone(),
        time_zone: campaign.spec.time_zone.clone(),
        readable: campaign.wanted.parsed,
        withdrawn: campaign.withdrawn.clone(),
        rows,
        problems,
        outside: campaign.wanted.outside,
    }
}

fn of_row(row: &forecast::Row, campaign: &Forecasted, course: Option<&Course>, now: Timestamp) -> PlannedRow {
    let plan = decide(&row.observed, now);
    let spec = &row.asset.spec;
    let due = row.observed.asset.publish_at;
    let at = when(course, &plan, due, now);
    PlannedRow {
        asset: row.observed.asset.name.clone(),
        post_id: spec.post_id.clone(),
        platform: spec.target.platform.clone(),
        account: spec.target.account.clone(),
        locale: spec.locale.clone(),
        type_: spec.type_,
        fate: fate(row, &plan, course),
        changed: row.changed,
        at_local: at.and_then(|at| schedule::local_text(at, &campaign.spec.time_zone).ok()),
        at,
        due,
        waits_for: waits_for(&plan, course),
        would_be_missed: no_room(&plan, course),
        channel: row.observed.channels.first().map(|channel| channel.name.clone()),
        phase: plan.phase,
        reason: plan.reason,
        message: plan.message,
        place: row.origin.place(),
    }
}

/// True for what goes out by itself.
fn goes(plan: &Plan) -> bool {
    matches!(
        plan.phase,
        AssetPhase::Scheduled | AssetPhase::Publishing | AssetPhase::Pending
    )
}

fn when(course: Option<&Course>, plan: &Plan, due: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let sent = course.and_then(|course| course.sent).filter(|_| goes(plan));
    match plan.phase {
        _ if sent.is_some() => sent,
        AssetPhase::Publishing => Some(now),
        AssetPhase::Scheduled
            if !matches!(
                plan.reason.as_str(),
                WAITING_FOR_TIME | WAITING_FOR_POST | WAITING_FOR_ITEM
            ) =>
        {
            plan.wake_at.max(due)
        }
        _ => due,
    }
}

/// What keeps a row from going out when it is due; none where nothing does.
fn waits_for(plan: &Plan, course: Option<&Course>) -> Option<String> {
    let held = plan.phase == AssetPhase::Scheduled && plan.reason != WAITING_FOR_TIME;
    let now = held.then(|| plan.reason.clone());
    let later = course.filter(|_| goes(plan));
    later.and_then(|course| course.waited_for.clone()).or(now)
}

/// Why a row would be missed for lack of room; a row that is to be approved says so as well.
fn no_room(plan: &Plan, course: Option<&Course>) -> Option<Warning> {
    let sent = course.is_some_and(|course| course.sent.is_some());
    let later = course.and_then(|course| course.end.no_room.clone());
    let goes = goes(plan) && !matches!(plan.reason.as_str(), WAITING_FOR_POST | WAITING_FOR_ITEM);
    let found = plan.would_be_missed.clone().or(later.filter(|_| goes));
    found.filter(|_| !sent)
}

fn fate(row: &forecast::Row, plan: &Plan, course: Option<&Course>) -> Fate {
    if goes(plan) && no_room(plan, course).is_some() {
        return Fate::WouldBeMissed;
    }
    let receipt = row.observed.receipt.as_ref();
    let stands = receipt.is_some_and(|receipt| receipt.status.phase == ReceiptPhase::Published);
    match plan.phase {
        AssetPhase::Scheduled | AssetPhase::Publishing | AssetPhase::Pending if stands => Fate::Replaces,
        AssetPhase::Scheduled | AssetPhase::Publishing | AssetPhase::Pending => Fate::Publishes,
        AssetPhase::AwaitingApproval if plan.reason == "Draft" => Fate::Draft,
        AssetPhase::AwaitingApproval | AssetPhase::AwaitingPerson => Fate::WaitsForAPerson,
        AssetPhase::Invalid | AssetPhase::Blocked => Fate::Blocked,
        AssetPhase::Halted | AssetPhase::Missed | AssetPhase::Failed | AssetPhase::Unknown => Fate::Stopped,
        AssetPhase::Posted if plan.reason == "Drifted" => Fate::Drifted,
        AssetPhase::Posted | AssetPhase::Retracted => Fate::Published,
        AssetPhase::Skipped => Fate::Skipped,
    }
}

fn problem(found: &Diagnostic) -> Problem {
    Problem {
        severity: found.severity,
        place: Place {
            path: found.path.clone(),
            line: found.position.line,
            column: found.position.column,
        },
        code: found.code.to_owned(),
        message: found.sentence(1000),
    }
}

impl PlannedCampaign {
    fn of(&self, fate: Fate) -> Vec<&PlannedRow> {
        self.rows.iter().filter(|row| row.fate == fate).collect()
    }

    /// What goes out, by its local day, in order.
    fn days(&self) -> Vec<(String, Vec<&PlannedRow>)> {
        let mut days: Vec<(String, Vec<&PlannedRow>)> = Vec::new();
        let goes = |row: &&PlannedRow| matches!(row.fate, Fate::Publishes | Fate::Replaces);
        let mut rows: Vec<&PlannedRow> = self.rows.iter().filter(goes).collect();
        // Stable: within one instant they are in the order in which they go.
        rows.sort_by_key(|row| row.at);
        for row in rows {
            let day = day(row.at, &self.time_zone);
            match days.iter_mut().find(|(known, _)| *known == day) {
                Some((_, rows)) => rows.push(row),
                None => days.push((day, vec![row])),
            }
        }
        days
    }

    /// How many of each fate there are, in words.
    fn counts(&self) -> String {
        let words = [
            (Fate::Publishes, "to be published"),
            (Fate::Replaces, "to be replaced"),
            (Fate::Blocked, "blocked"),
            (Fate::WouldBeMissed, "without room"),
            (Fate::WaitsForAPerson, "waiting for a person"),
            (Fate::Draft, "draft"),
            (Fate::Stopped, "stopped"),
            (Fate::Drifted, "drifted"),
            (Fate::Published, "published"),
            (Fate::Skipped, "skipped"),
        ];
        let counts: Vec<String> = words
            .iter()
            .map(|(fate, words)| (self.of(*fate).len(), words))
            .filter(|(count, _)| *count > 0)
            .map(|(count, words)| counted(count, words))
            .collect();
        if counts.is_empty() {
            "nothing".to_owned()
        } else {
            counts.join(", ")
        }
    }
}

impl PlannedRow {
    /// One word and a sentence: why it is where it is, or why it would be missed.
    fn told(&self) -> (&str, &str) {
        let warning = self.would_be_missed.as_ref();
        match warning.filter(|_| self.fate == Fate::WouldBeMissed) {
            Some(warning) => (&warning.reason, &warning.message),
            None => (&self.reason, &self.message),
        }
    }
}

/// So many, in words; only drafts have a plural of their own.
fn counted(count: usize, words: &str) -> String {
    let plural = if words == "draft" && count != 1 { "s" } else { "" };
    format!("{count} {words}{plural}")
}

/// A local day: `Mon 2026-02-16`.
fn day(at: Option<Timestamp>, zone: &str) -> String {
    let zoned = at.and_then(|at| Some(at.to_zoned(schedule::time_zone(zone).ok()?)));
    zoned.map_or_else(
        || "As soon as they are approved".to_owned(),
        |zoned| zoned.strftime("%a %Y-%m-%d").to_string(),
    )
}

/// A local time of day: `09:00`.
fn time(at: Option<Timestamp>, zone: &str) -> String {
    let zoned = at.and_then(|at| Some(at.to_zoned(schedule::time_zone(zone).ok()?)));
    zoned.map_or_else(String::new, |zoned| zoned.strftime("%H:%M").to_string())
}
