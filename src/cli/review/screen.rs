//! What is seen: a card as lines of a terminal.

use kube::ResourceExt as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::cards::{Card, Tab};
use crate::{
    api::{Asset, AssetPhase, Severity},
    domain::schedule,
};

/// The narrowest terminal that is drawn for.
const NARROW: usize = 40;
/// Lines that are not the card's: tabs, a rule, a rule, the message and the keys.
const FRAME: usize = 5;

/// What is to be drawn.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// The list that is looked at.
    pub(super) tab: Tab,
    /// How many cards each list has.
    pub(super) counts: [(Tab, usize); 4],
    /// The card, and its number from 1; none where the list is empty.
    pub(super) card: Option<(&'a Card, usize)>,
    /// Who decides.
    pub(super) user: &'a str,
    /// How many lines of the card are above the screen.
    pub(super) scrolled: usize,
    /// What was done last, or what is asked now.
    pub(super) message: &'a str,
}

/// How many columns and rows there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// The screen, line by line, none wider or more than the terminal has.
pub(super) fn drawn(view: &View<'_>, size: Size) -> Vec<String> {
    let width = size.columns.max(NARROW);
    let room = size.rows.saturating_sub(FRAME).max(1);
    let card = view.card.map_or_else(
        || vec!["Nothing is on this list.".to_owned()],
        |(card, _)| card_lines(card, width),
    );
    let rule = "─".repeat(width);
    let mut lines = vec![tabs(view), rule.clone()];
    lines.extend(card.into_iter().skip(view.scrolled).take(room));
    lines.resize(room + 2, String::new());
    lines.extend([rule, harmless(view.message), keys(view.tab).to_owned()]);
    lines.into_iter().map(|line| cut(&line, width)).collect()
}

/// How far a card can be scrolled.
pub(super) fn depth(card: &Card, size: Size) -> usize {
    let room = size.rows.saturating_sub(FRAME).max(1);
    card_lines(card, size.columns.max(NARROW))
        .len()
        .saturating_sub(room)
}

fn tabs(view: &View<'_>) -> String {
    let place = view.card.map_or(0, |(_, number)| number);
    let tabs = view.counts.iter().map(|(tab, count)| {
        if *tab == view.tab {
            format!("[{} {place}/{count}]", tab.title())
        } else {
            format!(" {} {count} ", tab.title())
        }
    });
    format!("{}   {}", tabs.collect::<Vec<_>>().join(" "), harmless(view.user))
}

fn keys(tab: Tab) -> &'static str {
    match tab {
        Tab::Trouble => "n next  p back  j/k scroll  Tab list  g again  q quit",
        _ => "a approve  d deny  n later  p back  j/k scroll  Tab list  g again  q quit",
    }
}

fn card_lines(card: &Card, width: usize) -> Vec<String> {
    let Some(first) = card.assets.first() else {
        return Vec::new();
    };
    let mut lines = vec![heading(first)];
    lines.extend(card.assets.iter().flat_map(|asset| target(asset, width)));
    lines.extend(origin(first));
    lines.push(String::new());
    lines.extend(words(card, width));
    lines.extend(findings(first, width));
    lines.extend(siblings(card));
    lines
}

fn heading(asset: &Asset) -> String {
    let spec = &asset.spec;
    let at = schedule::instant(&spec.schedule)
        .ok()
        .and_then(|at| schedule::local_text(at, &spec.schedule.time_zone).ok());
    let at = at.unwrap_or_else(|| "no time".to_owned());
    harmless(&format!(
        "{} · {:?} · {} · {} · {at}",
        spec.post_id, spec.type_, spec.locale, spec.campaign
    ))
}

/// Where it goes, where it stands and why; and what can be done about what is in trouble.
fn target(asset: &Asset, width: usize) -> Vec<String> {
    let (target, status) = (&asset.spec.target, asset.status.clone().unwrap_or_default());
    let stands = format!(
        "→ {}/{}   {} {}   {}",
        target.platform,
        target.account,
        status.phase.map(|phase| format!("{phase:?}")).unwrap_or_default(),
        status.reason.unwrap_or_default(),
        asset.name_any()
    );
    let mut lines = vec![harmless(&stands)];
    lines.extend(
        wrapped(&status.message.unwrap_or_default(), width.saturating_sub(2)).map(|line| format!("  {line}")),
    );
    let receipt = status.receipt.unwrap_or_default();
    lines.extend(
        actions(status.phase, &receipt)
            .into_iter()
            .map(|action| format!("  $ {action}")),
    );
    lines
}

fn actions(phase: Option<AssetPhase>, receipt: &str) -> Vec<String> {
    let receipts = |rest: &str| format!("campanile receipts {rest}");
    match phase {
        Some(AssetPhase::Failed) => vec![receipts(&format!("retry {receipt} --reason WHY"))],
        Some(AssetPhase::Unknown) => vec![
            receipts(&format!("adopt {receipt} --remote-id ID --reason WHY")),
            receipts(&format!("release {receipt} --reason WHY")),
        ],
        Some(AssetPhase::Posted) => vec![receipts(&format!("release {receipt} --approve --reason WHY"))],
        _ => Vec::new(),
    }
}

/// Who wrote it, where it stands on the branch, and what was approved of it before.
fn origin(asset: &Asset) -> Vec<String> {
    let status = asset.status.clone().unwrap_or_default();
    let mut lines = Vec::new();
    if let Some(source) = &status.source {
        let author = source
            .author
            .as_deref()
            .unwrap_or("an author that the history does not tell");
        lines.push(harmless(&format!(
            "by {author}   {}:{}",
            source.path, source.line
        )));
        if let Some(approval) = &status.approval {
            let short = |revision: &str| revision.chars().take(12).collect::<String>();
            lines.push("approved before, with other words or for another time:".to_owned());
            lines.push(harmless(&format!(
                "  $ git diff {} {} -- {}",
                short(&approval.revision),
                short(&source.revision),
                source.path
            )));
        }
    } else {
        lines.push("made by hand".to_owned());
    }
    lines
}

/// The words as they go out: once where all targets have the same.
fn words(card: &Card, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut before: Option<&Asset> = None;
    for asset in &card.assets {
        let content = &asset.spec.content;
        if before.is_some_and(|before| before.spec.content == *content) {
            continue;
        }
        if before.is_some() {
            lines.push(format!(
                "To {}/{}:",
                asset.spec.target.platform, asset.spec.target.account
            ));
        }
        let parts = [
            ("Title", content.title.as_deref()),
            ("Subject", content.subject.as_deref()),
            ("Preview", content.preview_text.as_deref()),
        ];
        let named = parts
            .into_iter()
            .filter_map(|(name, text)| Some(format!("{name}: {}", text?)));
        lines.extend(named.flat_map(|part| wrapped(&part, width).collect::<Vec<_>>()));
        lines.extend(wrapped(&content.text, width));
        if let Some(stored) = &content.stored {
            lines.push(format!(
                "(too long to stand here: {} at {})",
                stored.path, stored.revision
            ));
        }
        let media = content.media.iter();
        lines.extend(media.map(|media| harmless(&format!("[{}: {}]", media.path, media.alt_text))));
        lines.push(String::new());
        before = Some(asset);
    }
    lines
}

fn findings(asset: &Asset, width: usize) -> Vec<String> {
    let findings = asset.spec.findings.iter();
    findings
        .flat_map(|finding| {
            let mark = if finding.severity == Severity::Error {
                "✗"
            } else {
                "!"
            };
            let text = format!(
                "{mark} {} {}:{}:{} {}",
                finding.code, finding.path, finding.line, finding.column, finding.message
            );
            wrapped(&text, width).collect::<Vec<_>>()
        })
        .collect()
}

fn siblings(card: &Card) -> Vec<String> {
    let lines = card.siblings.iter().map(|asset| {
        let phase = asset.status.as_ref().and_then(|status| status.phase);
        let first = asset.spec.content.text.lines().next().unwrap_or_default();
        harmless(&format!(
            "{} {}/{} {}: {first}",
            asset.spec.locale,
            asset.spec.target.platform,
            asset.spec.target.account,
            phase.map(|phase| format!("{phase:?}")).unwrap_or_default()
        ))
    });
    lines.collect()
}

/// Words from a branch on a terminal: no control characters, and none that turn the direction of what follows.
fn harmless(text: &str) -> String {
    let steers = |letter: char| {
        letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|letter| if steers(letter) { ' ' } else { letter })
        .collect()
}

/// A text in lines that fit, broken between words where there are any.
fn wrapped(text: &str, width: usize) -> impl Iterator<Item = String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut current = String::new();
        for word in harmless(line).split_inclusive(' ') {
            if !current.is_empty() && length(&current) + length(word.trim_end()) > width {
                lines.push(std::mem::take(&mut current));
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines.into_iter()
}

fn cut(line: &str, width: usize) -> String {
    line.graphemes(true).take(width).collect()
}

fn length(text: &str) -> usize {
    text.graphemes(true).count()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::review::cards::tests::asset;

    const SIZE: Size = Size {
        columns: 100,
        rows: 24,
    };

    fn card() -> Card {
        let source = json!({
            "source": {"revision": "c0ffee00c0ffee00", "path": "week-1.csv", "line": 3, "author": "Ada <ada@example.com>"},
            "approval": {"digests": [], "revision": "deadbeefdeadbeef"},
        });
        let finding = json!({"findings": [{
            "code": "SameInstantOnAccount", "severity": "Warning", "message": "Two at once.", "path": "week-1.csv",
            "line": 3, "column": 1,
        }]});
        Card {
            assets: vec![asset("launch-company", &finding, &source)],
            siblings: vec![asset(
                "launch-he",
                &json!({"locale": "he", "content": {"text": "שלום"}}),
                &json!({}),
            )],
        }
    }

    fn screen(card: &Card, tab: Tab, scrolled: usize) -> String {
        let view = View {
            tab,
            counts: [
                (Tab::Waiting, 2),
                (Tab::Drafts, 0),
                (Tab::Email, 1),
                (Tab::Trouble, 0),
            ],
            card: Some((card, 1)),
            user: "maya",
            scrolled,
            message: "",
        };
        drawn(&view, SIZE).join("\n")
    }

    #[test]
    fn a_card_shows_what_goes_where_by_whom_and_what_was_found() {
        let screen = screen(&card(), Tab::Waiting, 0);
        for part in [
            "[Waiting 1/2]  Drafts 0   E-mail 1   Trouble 0    maya",
            "launch · Post · en · week1 · 2026-03-02 09:00 UTC",
            "→ linkedin/company   AwaitingApproval ReviewPending   launch-company",
            "by Ada <ada@example.com>   week-1.csv:3",
            "git diff deadbeefdead c0ffee00c0ff -- week-1.csv",
            "We open on Monday.",
            "! SameInstantOnAccount week-1.csv:3:1 Two at once.",
            "he linkedin/company AwaitingApproval: שלום",
            "a approve  d deny",
        ] {
            assert!(screen.contains(part), "{part} is not in\n{screen}");
        }
        assert_eq!(screen.lines().count(), SIZE.rows);
    }

    #[test]
    fn a_long_text_is_wrapped_and_scrolled_and_never_wider_than_the_terminal() {
        let long = "many words ".repeat(300);
        let card = Card {
            assets: vec![asset("long", &json!({"content": {"text": long}}), &json!({}))],
            siblings: Vec::new(),
        };
        let deep = depth(&card, SIZE);
        assert!(deep > 10, "{deep}");
        let (top, bottom) = (screen(&card, Tab::Waiting, 0), screen(&card, Tab::Waiting, deep));
        assert_ne!(top, bottom);
        assert!(top.lines().all(|line| line.chars().count() <= SIZE.columns));
        assert!(!bottom.contains("launch · Post"), "its head is above the screen");
    }

    #[test]
    fn words_from_a_branch_cannot_steer_a_terminal() {
        let evil = json!({"content": {"text": "a\u{1b}[2Jb\u{202e}c"}, "postId": "x\u{1b}]0;y"});
        let card = Card {
            assets: vec![asset("evil", &evil, &json!({}))],
            siblings: Vec::new(),
        };
        let screen = screen(&card, Tab::Waiting, 0);
        assert!(!screen.contains(['\u{1b}', '\u{202e}']));
        assert!(screen.contains("a [2Jb c"), "{screen}");
    }

    #[test]
    fn what_is_in_trouble_says_what_can_be_done() {
        let status = json!({"phase": "Unknown", "reason": "MayBeLive", "receipt": "r1-abc"});
        let card = Card {
            assets: vec![asset("lost", &json!({}), &status)],
            siblings: Vec::new(),
        };
        let screen = screen(&card, Tab::Trouble, 0);
        assert!(
            screen.contains("$ campanile receipts adopt r1-abc --remote-id ID"),
            "{screen}"
        );
        assert!(!screen.contains("a approve"), "{screen}");
    }
}
