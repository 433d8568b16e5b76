//! A plan as text for people: what needs them first.

use super::{
    super::printed::{Colour, coloured, shown, wrapped},
    Difference, Fate, Planned, PlannedCampaign, PlannedRow, Problem, day, time,
};
use crate::api::Severity;
use jiff::Timestamp;

/// How wide the text is, in characters.
const WIDTH: usize = 100;
/// How many warnings are printed; `campanile check` prints all.
const WARNINGS: usize = 10;

/// The whole plan.
pub(super) fn text(planned: &Planned) -> String {
    let mut lines = Vec::new();
    for problem in &planned.problems {
        lines.extend(of_problem(problem));
    }
    for campaign in &planned.campaigns {
        lines.extend(of_campaign(campaign));
        lines.push(String::new());
    }
    for assumption in &planned.assumptions {
        lines.extend(wrapped(&format!("Assumed: {assumption}"), WIDTH));
    }
    let text = lines.join("\n");
    format!("{}\n", text.trim_end())
}

fn of_campaign(campaign: &PlannedCampaign) -> Vec<String> {
    let title = format!("Campaign {}: {}", campaign.name, campaign.counts());
    let mut lines = vec![coloured(&shown(&title), Colour::Bold)];
    if !campaign.readable {
        let unread = "A file cannot be read as what it is: nothing changes and nothing is sent until that is repaired.";
        lines.push(coloured(unread, Colour::Red));
    }
    lines.extend(withdrawn(campaign));
    lines.extend(section(
        "Blocked",
        Colour::Red,
        &campaign.of(Fate::Blocked),
        in_the_way,
    ));
    lines.extend(problems(campaign));
    let drifted = campaign.of(Fate::Drifted);
    lines.extend(section(
        "Changed after it was published",
        Colour::Yellow,
        &drifted,
        in_the_way,
    ));
    lines.extend(section(
        "Stopped",
        Colour::Red,
        &campaign.of(Fate::Stopped),
        in_the_way,
    ));
    let no_room = campaign.of(Fate::WouldBeMissed);
    lines.extend(section(
        "No room before it is missed",
        Colour::Red,
        &no_room,
        in_the_way,
    ));
    for (day, rows) in campaign.days() {
        lines.push(String::new());
        let heading = format!("{day}  {}", campaign.time_zone);
        lines.push(coloured(&shown(&heading), Colour::Bold));
        lines.extend(rows.iter().map(|row| goes_out(row, &campaign.time_zone)));
    }
    let waiting = campaign.of(Fate::WaitsForAPerson);
    lines.extend(section("Waits for a person", Colour::Yellow, &waiting, waits));
    lines.extend(section("Drafts", Colour::Dim, &campaign.of(Fate::Draft), drafted));
    if campaign.outside > 0 {
        lines.push(String::new());
        lines.push(format!("{} more lie outside the horizon.", campaign.outside));
    }
    lines
}

fn withdrawn(campaign: &PlannedCampaign) -> Vec<String> {
    if campaign.withdrawn.is_empty() {
        return Vec::new();
    }
    let heading = "Withdrawn: approved, not published, and no longer in the files";
    let mut lines = vec![String::new(), coloured(heading, Colour::Red)];
    lines.extend(
        campaign
            .withdrawn
            .iter()
            .map(|post| format!("  - {}", shown(post))),
    );
    lines
}

fn section(
    heading: &str,
    colour: Colour,
    rows: &[&PlannedRow],
    tell: impl Fn(&PlannedRow) -> Vec<String>,
) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), coloured(heading, colour)];
    lines.extend(rows.iter().flat_map(|row| tell(row)));
    lines
}

/// Post, account and locale.
fn what(row: &PlannedRow) -> String {
    format!(
        "{}  {}/{}  {}",
        shown(&row.post_id),
        shown(&row.platform),
        shown(&row.account),
        shown(&row.locale)
    )
}

fn in_the_way(row: &PlannedRow) -> Vec<String> {
    let place = row
        .place
        .as_ref()
        .map_or_else(String::new, |place| format!("{}  ", shown(&place.to_string())));
    let mut lines = vec![format!("  {place}{}  {}", what(row), shown(row.told().0))];
    lines.extend(
        wrapped(row.told().1, WIDTH - 6)
            .iter()
            .map(|line| format!("      {line}")),
    );
    lines
}

fn waits(row: &PlannedRow) -> Vec<String> {
    let local = row
        .at_local
        .as_deref()
        .map_or_else(String::new, |local| format!("  due {}", shown(local)));
    let mut lines = vec![format!("  {}{local}  {}", what(row), shown(&row.reason))];
    // Approved in time or not: limits leave no room for it.
    let no_room = row.would_be_missed.iter();
    let no_room = no_room.flat_map(|warning| wrapped(&warning.message, WIDTH - 6));
    lines.extend(no_room.map(|line| format!("      {line}")));
    lines
}

fn drafted(row: &PlannedRow) -> Vec<String> {
    let local = row
        .at_local
        .as_deref()
        .map_or_else(String::new, |local| format!("  for {}", shown(local)));
    vec![format!("  {}{local}", what(row))]
}

fn goes_out(row: &PlannedRow, zone: &str) -> String {
    let mark = match (row.fate, row.changed) {
        (Fate::Replaces, _) => "~",
        (_, Difference::New) => "+",
        (_, Difference::Changed) => "*",
        (_, Difference::Same) => " ",
    };
    let channel = row
        .channel
        .as_deref()
        .map_or_else(String::new, |channel| format!("  by {}", shown(channel)));
    let held = match (
        &row.waits_for,
        row.due.filter(|due| row.at.is_some_and(|at| at > *due)),
    ) {
        (None, _) => String::new(),
        (Some(reason), None) => format!("  {}", shown(reason)),
        (Some(reason), Some(due)) => format!("  due {}, {}", due_text(due, row, zone), shown(reason)),
    };
    format!(
        "  {} {:>5}  {}{channel}{held}",
        mark,
        time(row.at, zone),
        what(row)
    )
}

/// When it was meant to go out; with its day, where that is another one.
fn due_text(due: Timestamp, row: &PlannedRow, zone: &str) -> String {
    let (that_day, other) = (day(Some(due), zone), day(row.at, zone));
    if that_day == other {
        return time(Some(due), zone);
    }
    format!("{that_day} {}", time(Some(due), zone))
}

fn problems(campaign: &PlannedCampaign) -> Vec<String> {
    let (errors, warnings): (Vec<&Problem>, Vec<&Problem>) = campaign
        .problems
        .iter()
        .partition(|problem| problem.severity == Severity::Error);
    let mut lines = Vec::new();
    for (heading, colour, found) in [
        ("Wrong", Colour::Red, errors),
        ("Warnings", Colour::Yellow, warnings),
    ] {
        if found.is_empty() {
            continue;
        }
        lines.push(String::new());
        lines.push(coloured(heading, colour));
        let limit = if colour == Colour::Red {
            usize::MAX
        } else {
            WARNINGS
        };
        lines.extend(found.iter().take(limit).flat_map(|problem| of_problem(problem)));
        if found.len() > limit {
            lines.push(format!(
                "  and {} more: campanile check prints them",
                found.len() - limit
            ));
        }
    }
    lines
}

fn of_problem(problem: &Problem) -> Vec<String> {
    let mut lines = vec![format!(
        "  {}  {}",
        shown(&problem.place.to_string()),
        shown(&problem.code)
    )];
    lines.extend(
        wrapped(&problem.message, WIDTH - 6)
            .iter()
            .map(|line| format!("      {line}")),
    );
    lines
}
