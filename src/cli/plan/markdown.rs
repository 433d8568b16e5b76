//! A plan as Markdown, for a comment on a pull request: foreign words are data in it, and never mark-up, links or mentions.

use super::{
    super::comment::{ROWS, bounded, code, cut, prose},
    Difference, Fate, Planned, PlannedCampaign, PlannedRow, Problem, time,
};
use crate::api::Severity;

/// What prints everything.
const REST: &str = "campanile plan";

/// The whole plan.
pub(super) fn text(planned: &Planned) -> String {
    let verdict = if planned.blocked {
        "something is blocked"
    } else {
        "nothing is blocked"
    };
    let mut blocks = vec![format!("### Campanile plan: {verdict}")];
    if !planned.problems.is_empty() {
        blocks.push(problems("Manifests", planned.problems.iter().collect()));
    }
    blocks.extend(planned.campaigns.iter().flat_map(of_campaign));
    blocks.extend(
        planned
            .assumptions
            .iter()
            .map(|said| format!("> Assumed: {}", prose(said))),
    );
    bounded(&blocks, REST)
}

fn of_campaign(campaign: &PlannedCampaign) -> Vec<String> {
    let mut blocks = vec![format!(
        "#### Campaign {}: {}",
        code(&campaign.name),
        campaign.counts()
    )];
    if !campaign.readable {
        blocks.push(
            "**A file cannot be read as what it is: nothing changes and nothing is sent until that is repaired.**".to_owned(),
        );
    }
    if !campaign.withdrawn.is_empty() {
        let posts: Vec<String> = campaign
            .withdrawn
            .iter()
            .take(ROWS)
            .map(|post| format!("- {}", code(post)))
            .collect();
        blocks.push("**Withdrawn: approved, not published, and no longer in the files**".to_owned());
        blocks.push(cut(posts, campaign.withdrawn.len(), REST));
    }
    blocks.extend(held("Blocked", &campaign.of(Fate::Blocked)));
    let errors: Vec<&Problem> = campaign
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .collect();
    if !errors.is_empty() {
        blocks.push(problems("Wrong", errors));
    }
    blocks.extend(held(
        "Changed after it was published",
        &campaign.of(Fate::Drifted),
    ));
    blocks.extend(held("Stopped", &campaign.of(Fate::Stopped)));
    let no_room = campaign.of(Fate::WouldBeMissed);
    blocks.extend(held("No room before it is missed", &no_room));
    for (day, rows) in campaign.days() {
        blocks.push(format!("**{} {}**", prose(&day), code(&campaign.time_zone)));
        blocks.push(calendar(&rows, &campaign.time_zone));
    }
    blocks.extend(held("Waits for a person", &campaign.of(Fate::WaitsForAPerson)));
    blocks.extend(beside(campaign));
    blocks
}

/// What is counted and not shown.
fn beside(campaign: &PlannedCampaign) -> Option<String> {
    let warnings = campaign
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Warning)
        .count();
    let drafts = campaign.of(Fate::Draft).len();
    let rest = [
        (drafts, "waiting as drafts"),
        (warnings, "with a warning"),
        (campaign.outside as usize, "outside the horizon"),
    ];
    let rest: Vec<String> = rest
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    (!rest.is_empty()).then(|| format!("Beside that: {}.", rest.join(", ")))
}

fn held(heading: &str, rows: &[&PlannedRow]) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        "| where | post | account | locale | why |".to_owned(),
        "| --- | --- | --- | --- | --- |".to_owned(),
    ];
    lines.extend(rows.iter().take(ROWS).map(|row| {
        let place = row
            .place
            .as_ref()
            .map_or_else(String::new, |place| code(&place.to_string()));
        format!(
            "| {place} | {} | {} | {} | {}: {} |",
            code(&row.post_id),
            code(&format!("{}/{}", row.platform, row.account)),
            code(&row.locale),
            code(row.told().0),
            prose(row.told().1)
        )
    }));
    vec![format!("**{heading}**"), cut(lines, rows.len(), REST)]
}

fn calendar(rows: &[&PlannedRow], zone: &str) -> String {
    let mut lines = vec![
        "| | time | post | account | locale | channel |".to_owned(),
        "| --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    lines.extend(rows.iter().take(ROWS).map(|row| {
        let mark = match (row.fate, row.changed) {
            (Fate::Replaces, _) => "replaced",
            (_, Difference::New) => "new",
            (_, Difference::Changed) => "changed",
            (_, Difference::Same) => "",
        };
        format!(
            "| {mark} | {} | {} | {} | {} | {} |",
            time(row.at, zone),
            code(&row.post_id),
            code(&format!("{}/{}", row.platform, row.account)),
            code(&row.locale),
            row.channel.as_deref().map_or_else(String::new, code) + &waited(row, zone)
        )
    }));
    cut(lines, rows.len(), REST)
}

/// What holds a row beyond the time that it was meant to go out at.
fn waited(row: &PlannedRow, zone: &str) -> String {
    let due = row.due.filter(|due| row.at.is_some_and(|at| at > *due));
    let waited = due.zip(row.waits_for.as_ref());
    waited.map_or_else(String::new, |(due, reason)| {
        format!(" (due {}, {})", time(Some(due), zone), code(reason))
    })
}

fn problems(heading: &str, found: Vec<&Problem>) -> String {
    let count = found.len();
    let lines = found.into_iter().take(ROWS).map(|problem| {
        format!(
            "- {} {}: {}",
            code(&problem.place.to_string()),
            code(&problem.code),
            prose(&problem.message)
        )
    });
    format!("**{heading}**\n\n{}", cut(lines.collect(), count, REST))
}
