//! A calendar as Markdown, for a comment on a pull request.

use jiff::tz::TimeZone;

use super::{
    super::comment::{ROWS, bounded, code, cut, prose},
    Calendar, Entry, Held, Subject,
    calendar::{counts, is_told, local, word},
};
use crate::{api::AssetPhase, domain::schedule};

/// What prints everything.
const REST: &str = "campanile simulate";

/// The whole calendar.
pub(super) fn text(calendar: &Calendar) -> String {
    let zone = schedule::time_zone(&calendar.time_zone).unwrap_or(TimeZone::UTC);
    let mut blocks = vec![format!("### Campanile calendar: {}", counts(calendar))];
    blocks.push(range(calendar, &zone));
    blocks.extend(calendar.unreadable.iter().map(|name| {
        let name = code(name);
        format!("**Campaign {name} has a file that cannot be read: nothing of it is sent.**")
    }));
    let entries = calendar.entries.iter().filter(|entry| is_told(entry, calendar));
    let entries: Vec<&Entry> = entries.collect();
    let days = entries.chunk_by(|one, other| local(one.at, &zone).date() == local(other.at, &zone).date());
    blocks.extend(days.flat_map(|day| of_day(day, &zone, &calendar.time_zone)));
    blocks.extend(held(&calendar.held));
    let assumptions = calendar.assumptions.iter();
    blocks.extend(assumptions.map(|said| format!("> Assumed: {}", prose(said))));
    bounded(&blocks, REST)
}

fn range(calendar: &Calendar, zone: &TimeZone) -> String {
    let at = |instant| local(instant, zone).strftime("%Y-%m-%d %H:%M").to_string();
    let approvals = if calendar.approvals_assumed {
        "as if all that waits for an approval had it"
    } else {
        "approvals as they are"
    };
    format!(
        "From {} to {} {}, {approvals}.",
        prose(&at(calendar.from)),
        prose(&at(calendar.until)),
        code(&calendar.time_zone)
    )
}

fn of_day(entries: &[&Entry], zone: &TimeZone, name: &str) -> Vec<String> {
    let Some(first) = entries.first() else {
        return Vec::new();
    };
    let day = local(first.at, zone).strftime("%a %Y-%m-%d").to_string();
    let mut lines = vec![
        "| time | | post | account | locale | why |".to_owned(),
        "| --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    lines.extend(entries.iter().take(ROWS).map(|entry| {
        let at = local(entry.at, zone).strftime("%H:%M %:z").to_string();
        format!(
            "| {} | {} | {} | {} |",
            prose(&at),
            word(entry).0,
            what(&entry.subject),
            why(entry, zone)
        )
    }));
    let count = entries.len();
    vec![
        format!("**{} {}**", prose(&day), code(name)),
        cut(lines, count, REST),
    ]
}

fn why(entry: &Entry, zone: &TimeZone) -> String {
    if let Some(warning) = &entry.no_room {
        return format!("{}: {}", code(&entry.reason), prose(&warning.message));
    }
    if !entry.published {
        return code(&entry.reason);
    }
    let waited = entry.waited_for.as_ref().zip(entry.due);
    waited.map_or_else(String::new, |(reason, due)| {
        let due = local(due, zone).strftime("%a %H:%M").to_string();
        format!("due {}, {}", prose(&due), code(reason))
    })
}

fn what(subject: &Subject) -> String {
    let account = format!("{}/{}", subject.platform, subject.account);
    format!(
        "{} | {} | {}",
        code(&subject.post_id),
        code(&account),
        code(&subject.locale)
    )
}

fn held(held: &[Held]) -> Vec<String> {
    if held.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        "| where | post | account | locale | why |".to_owned(),
        "| --- | --- | --- | --- | --- |".to_owned(),
    ];
    lines.extend(held.iter().take(ROWS).map(|one| {
        let place = one
            .place
            .as_ref()
            .map_or_else(String::new, |place| code(&place.to_string()));
        let room = one.no_room.as_ref().filter(|_| one.phase != AssetPhase::Missed);
        let room = room.map_or_else(String::new, |warning| format!(": {}", prose(&warning.message)));
        let standing = code(&format!("{:?} {}", one.phase, one.reason));
        format!("| {place} | {} | {standing}{room} |", what(&one.subject))
    }));
    vec![
        "**Not published in that time**".to_owned(),
        cut(lines, held.len(), REST),
    ]
}
