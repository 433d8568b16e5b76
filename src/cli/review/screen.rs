//! What is seen: a card as lines of a terminal.

use std::collections::BTreeSet;

use kube::ResourceExt as _;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{
    cards::{Card, Tab},
    changed::changed,
};
use crate::{
    api::{Asset, AssetGuardFinding, AssetPhase, RuleAction, RuleMode, RuleResult, Severity},
    domain::{schedule, why::Place},
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
    lines.extend(changes(first, card, width));
    lines.extend(words(card, width));
    lines.extend(findings(first, width));
    lines.extend(judged(card, width));
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

/// Who wrote it, and where it stands on the branch.
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
    } else {
        lines.push("made by hand".to_owned());
    }
    lines
}

/// What changed since it was approved, with an empty line after it.
fn changes(asset: &Asset, card: &Card, width: usize) -> Vec<String> {
    let changed = changed(asset, &card.before);
    let mut lines: Vec<String> = changed
        .iter()
        .flat_map(|(mark, text)| marked(mark, text, width))
        .collect();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// A text in lines that all begin with its mark; an empty text is a line of its own.
fn marked(mark: &str, text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = wrapped(text, width.saturating_sub(mark.len()))
        .map(|line| format!("{mark}{line}"))
        .collect();
    if lines.is_empty() {
        lines.push(mark.trim_end().to_owned());
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

/// What the guards found, each once for all targets: rule, place, words, what is wrong, and what follows from it.
fn judged(card: &Card, width: usize) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for guard in card
        .assets
        .iter()
        .filter_map(|asset| asset.status.as_ref()?.guard.as_ref())
    {
        let findings: Vec<String> = guard.findings.iter().map(of_guard).collect();
        let shown = guard.findings.len();
        told.extend(findings);
        let more = usize::try_from(guard.finding_count).unwrap_or(usize::MAX);
        if more > shown {
            told.push(format!("and {} more: campanile check prints all", more - shown));
        }
    }
    let mut lines = Vec::new();
    let mut seen = BTreeSet::new();
    for text in told.into_iter().filter(|text| seen.insert(text.clone())) {
        lines.extend(wrapped(&text, width).collect::<Vec<_>>());
    }
    lines
}

fn of_guard(finding: &AssetGuardFinding) -> String {
    let stops = finding.severity == Severity::Error && finding.mode == RuleMode::Enforce;
    let mark = match finding.result {
        RuleResult::Inconclusive => "?",
        _ if stops => "✗",
        _ => "!",
    };
    let place = Place {
        path: finding.path.clone(),
        line: finding.line,
        column: finding.column,
    };
    let excerpt = if finding.excerpt.is_empty() {
        String::new()
    } else {
        format!(" \"{}\"", finding.excerpt)
    };
    format!(
        "{mark} {}/{} {place}{excerpt}: {} {}",
        finding.pack,
        finding.rule,
        finding.message,
        follows(finding, stops)
    )
}

/// What follows from a finding, and so what there is to do.
fn follows(finding: &AssetGuardFinding, stops: bool) -> &'static str {
    if finding.mode == RuleMode::Audit {
        return "(tried out: stops nothing)";
    }
    if !stops {
        return "(a warning: stops nothing)";
    }
    match finding.action {
        RuleAction::RequireApproval => "(your approval is what it asks for)",
        RuleAction::BlockAsset => "(stopped until the branch changes that)",
        RuleAction::HaltChannel => "(halts its channel)",
        RuleAction::HaltCampaign => "(halts its campaign)",
    }
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
    use crate::cli::review::{before::Before, cards::tests::asset};

    const SIZE: Size = Size {
        columns: 100,
        rows: 24,
    };

    fn card() -> Card {
        let source = json!({
            "source": {"revision": "c0ffee00c0ffee00", "path": "week-1.csv", "line": 3, "author": "Ada <ada@example.com>"},
            "guard": {"result": "Fail", "policies": ["brand"], "findingCount": 3, "findings": [{
                "rule": "no-hype", "pack": "brand", "result": "Fail", "severity": "Error", "mode": "Enforce",
                "action": "BlockAsset", "message": "We promise nothing we cannot keep.", "excerpt": "guaranteed",
                "path": "week-1.csv", "line": 3, "column": 41,
            }, {
                "rule": "hours", "pack": "brand", "result": "Inconclusive", "severity": "Error", "mode": "Enforce",
                "action": "RequireApproval", "message": "Name the metric.", "path": "week-1.csv", "line": 3, "column": 9,
            }]},
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
            before: Before::OtherWords {
                told: "Ada in commit deadbeefdead".to_owned(),
                content: Box::new(serde_json::from_value(json!({"text": "We open on Sunday."})).unwrap()),
            },
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
            "Changed since it was approved: Ada in commit deadbeefdead.",
            "- We open on Sunday.",
            "+ We open on Monday.",
            "! SameInstantOnAccount week-1.csv:3:1 Two at once.",
            "✗ brand/no-hype week-1.csv:3:41 \"guaranteed\": We promise nothing we cannot keep.",
            "? brand/hours week-1.csv:3:9: Name the metric. (your approval is what it asks for)",
            "and 1 more: campanile check prints all",
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
            before: Before::Nothing,
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
            before: Before::Nothing,
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
            before: Before::Nothing,
        };
        let screen = screen(&card, Tab::Trouble, 0);
        assert!(
            screen.contains("$ campanile receipts adopt r1-abc --remote-id ID"),
            "{screen}"
        );
        assert!(!screen.contains("a approve"), "{screen}");
    }
}
