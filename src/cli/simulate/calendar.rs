//! A calendar on a terminal: by day, in local time, with what is published, what is missed, and what is held at the end.

use jiff::{Timestamp, ToSpan as _, Zoned, tz::TimeZone};

use super::{
    super::printed::{Colour, coloured, shown, wrapped},
    Calendar, Entry, Held, Subject,
};
use crate::{
    api::AssetPhase,
    domain::{plan::Warning, schedule},
};

/// How wide the text is, in characters.
const WIDTH: usize = 100;

/// The whole calendar.
pub(super) fn text(calendar: &Calendar) -> String {
    let zone = schedule::time_zone(&calendar.time_zone).unwrap_or(TimeZone::UTC);
    let mut lines = head(calendar, &zone);
    let told: Vec<&Entry> = calendar
        .entries
        .iter()
        .filter(|entry| is_told(entry, calendar))
        .collect();
    let days = told.chunk_by(|one, other| local(one.at, &zone).date() == local(other.at, &zone).date());
    for day in days {
        lines.push(String::new());
        lines.extend(of_day(day, &zone, &calendar.time_zone));
    }
    lines.extend(held(&calendar.held));
    lines.push(String::new());
    lines.push(counts(calendar));
    for assumption in &calendar.assumptions {
        lines.extend(wrapped(&format!("Assumed: {assumption}"), WIDTH));
    }
    format!("{}\n", lines.join("\n"))
}

fn head(calendar: &Calendar, zone: &TimeZone) -> Vec<String> {
    let at = |instant: Timestamp| local(instant, zone).strftime("%Y-%m-%d %H:%M").to_string();
    let approvals = if calendar.approvals_assumed {
        "as if all that waits for an approval had it"
    } else {
        "approvals as they are"
    };
    let said = format!(
        "Simulated from {} to {} {}, {approvals}",
        at(calendar.from),
        at(calendar.until),
        calendar.time_zone
    );
    let mut lines = vec![coloured(&shown(&said), Colour::Bold)];
    lines.extend(calendar.unreadable.iter().map(|name| {
        let said = format!(
            "Campaign {name} has a file that cannot be read: nothing of it is sent. Run campanile check."
        );
        coloured(&shown(&said), Colour::Red)
    }));
    lines
}

/// How everything stands at the beginning is told at the end, where it still stands so; what is missed for lack of room is
/// told when it is missed.
pub(super) fn is_told(entry: &Entry, calendar: &Calendar) -> bool {
    entry.published || (entry.at > calendar.from && entry.phase != AssetPhase::Scheduled)
}

pub(super) fn local(instant: Timestamp, zone: &TimeZone) -> Zoned {
    instant.to_zoned(zone.clone())
}

fn of_day(entries: &[&Entry], zone: &TimeZone, name: &str) -> Vec<String> {
    let Some(first) = entries.first().map(|entry| local(entry.at, zone)) else {
        return Vec::new();
    };
    let heading = format!("{}  {name}", first.strftime("%a %Y-%m-%d"));
    let changes = clocks_change(&first);
    let mut lines = vec![coloured(&shown(&heading), Colour::Bold)];
    if changes {
        lines.push("  The clocks change on this day.".to_owned());
    }
    lines.extend(entries.iter().flat_map(|entry| of_entry(entry, zone, changes)));
    lines
}

fn of_entry(entry: &Entry, zone: &TimeZone, clocks_change: bool) -> Vec<String> {
    // A time that happens twice is told apart by its offset.
    let form = if clocks_change { "%H:%M %:z" } else { "%H:%M" };
    let at = local(entry.at, zone).strftime(form);
    let (word, colour) = word(entry);
    let why = if entry.published {
        waited(entry, zone)
    } else {
        format!("  {}", shown(&entry.reason))
    };
    let mut lines = vec![format!(
        "  {at}  {}{}{}{why}",
        coloured(word, colour),
        " ".repeat(11 - word.len().min(11)),
        what(&entry.subject)
    )];
    lines.extend(no_room(entry.no_room.as_ref()));
    lines
}

/// Since when a publication waited, and for what.
fn waited(entry: &Entry, zone: &TimeZone) -> String {
    let Some((reason, due)) = entry.waited_for.as_ref().zip(entry.due) else {
        return String::new();
    };
    let due = local(due, zone);
    let form = if due.date() == local(entry.at, zone).date() {
        "%H:%M"
    } else {
        "%a %H:%M"
    };
    format!("  due {}, {}", due.strftime(form), shown(reason))
}

fn no_room(warning: Option<&Warning>) -> Vec<String> {
    let lines = warning.map(|warning| wrapped(&warning.message, WIDTH - 6));
    let lines = lines.into_iter().flatten();
    lines.map(|line| format!("      {line}")).collect()
}

fn clocks_change(at: &Zoned) -> bool {
    let start = at.start_of_day().ok();
    let end = start.as_ref().and_then(|start| start.checked_add(1.day()).ok());
    matches!((start, end), (Some(start), Some(end)) if start.offset() != end.offset())
}

pub(super) fn word(entry: &Entry) -> (&'static str, Colour) {
    match entry.phase {
        _ if entry.published => ("published", Colour::Green),
        AssetPhase::Missed => ("missed", Colour::Red),
        AssetPhase::AwaitingApproval | AssetPhase::AwaitingPerson => ("waits", Colour::Yellow),
        AssetPhase::Posted => ("published", Colour::Green),
        _ => ("held", Colour::Red),
    }
}

fn what(subject: &Subject) -> String {
    format!(
        "{}  {}/{}  {}",
        shown(&subject.post_id),
        shown(&subject.platform),
        shown(&subject.account),
        shown(&subject.locale)
    )
}

fn held(held: &[Held]) -> Vec<String> {
    if held.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        String::new(),
        coloured("Not published in that time", Colour::Yellow),
    ];
    for one in held {
        let place = one
            .place
            .as_ref()
            .map_or_else(String::new, |place| format!("{}  ", shown(&place.to_string())));
        let standing = format!("{:?} {}", one.phase, one.reason);
        lines.push(format!("  {place}{}  {}", what(&one.subject), shown(&standing)));
        // What is missed was told when it was.
        lines.extend(no_room(
            one.no_room.as_ref().filter(|_| one.phase != AssetPhase::Missed),
        ));
    }
    lines
}

pub(super) fn counts(calendar: &Calendar) -> String {
    let published = calendar.entries.iter().filter(|entry| entry.published).count();
    let missed = calendar
        .held
        .iter()
        .filter(|held| held.phase == AssetPhase::Missed)
        .count();
    format!(
        "{published} published, {missed} missed, {} held",
        calendar.held.len() - missed
    )
}
