//! A plan as Markdown, for a comment on a pull request: foreign words are data in it, and never mark-up, links or mentions.

use super::{Difference, Fate, Planned, PlannedCampaign, PlannedRow, Problem, time};
use crate::api::Severity;

/// A comment on GitHub has at most 65,536 characters; the rest is room for what tools put around it.
const LONGEST: usize = 60_000;
/// How many rows a table has.
const ROWS: usize = 100;

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
    bounded(&blocks)
}

/// As many whole blocks as fit.
fn bounded(blocks: &[String]) -> String {
    let mut text = String::new();
    for block in blocks {
        if text.chars().count() + block.chars().count() > LONGEST {
            text.push_str("The rest is too long for a comment: run `campanile plan`.\n");
            break;
        }
        text.push_str(block);
        text.push_str("\n\n");
    }
    format!("{}\n", text.trim_end())
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
        blocks.push(cut(posts, campaign.withdrawn.len()));
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
    for (day, rows) in campaign.days() {
        blocks.push(format!("**{} {}**", prose(&day), code(&campaign.time_zone)));
        blocks.push(calendar(&rows, &campaign.time_zone));
    }
    blocks.extend(held("Waits for a person", &campaign.of(Fate::WaitsForAPerson)));
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
    if !rest.is_empty() {
        blocks.push(format!("Beside that: {}.", rest.join(", ")));
    }
    blocks
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
            code(&row.reason),
            prose(&row.message)
        )
    }));
    vec![format!("**{heading}**"), cut(lines, rows.len())]
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
            row.channel.as_deref().map_or_else(String::new, code)
        )
    }));
    cut(lines, rows.len())
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
    format!("**{heading}**\n\n{}", cut(lines.collect(), count))
}

fn cut(mut lines: Vec<String>, count: usize) -> String {
    if count > ROWS {
        lines.push(format!("\nand {} more: run `campanile plan`", count - ROWS));
    }
    lines.join("\n")
}

/// Foreign words as code: GitHub looks for no mention, reference or link in it.
fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// A sentence that may quote foreign words: what could notify somebody or refer to something is taken apart.
fn prose(text: &str) -> String {
    let mut told = String::new();
    for letter in text.chars() {
        told.push_str(&escaped_letter(letter));
        if matches!(letter, '@' | '#') {
            told.push_str("&#8203;");
        }
    }
    told
}

fn escaped(text: &str) -> String {
    text.chars().map(escaped_letter).collect()
}

/// Every character that Markdown or HTML could take for mark-up as an entity: an entity is never structure.
fn escaped_letter(letter: char) -> String {
    match letter {
        letter if letter.is_alphanumeric() || " ,;-".contains(letter) => letter.to_string(),
        letter if letter.is_whitespace() => " ".to_owned(),
        letter if letter.is_control() || super::super::printed::steers(letter) => "&#65533;".to_owned(),
        letter => format!("&#{};", u32::from(letter)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_are_no_markup_no_link_and_no_mention() {
        assert_eq!(code("a|b`c<d>@e"), "<code>a&#124;b&#96;c&#60;d&#62;&#64;e</code>");
        assert_eq!(prose("ask @ada, #12"), "ask &#64;&#8203;ada, &#35;&#8203;12");
        assert_eq!(prose("https://e.com"), "https&#58;&#47;&#47;e&#46;com");
        assert_eq!(prose("two\nlines \u{202e}"), "two lines &#65533;");
    }

    #[test]
    fn a_comment_is_never_longer_than_github_takes() {
        let blocks = vec!["x".repeat(1000); 100];
        let text = bounded(&blocks);
        assert!(text.chars().count() < 65_536);
        assert!(text.ends_with("run `campanile plan`.\n"));
    }
}
