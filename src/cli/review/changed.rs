//! What changed since words were approved: line by line, with the earlier words above the new ones.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

use super::before::Before;
use crate::api::{Asset, AssetContent};

/// How many unchanged lines stand around a change.
const AROUND: usize = 1;
/// How long two texts are compared at most; then what differs is told more coarsely.
const PATIENCE: Duration = Duration::from_millis(200);

/// A line of what is said about a change, with what stands before it: nothing, `- `, `+ ` or two spaces.
pub(super) type Line = (&'static str, String);

/// What is to be said of what was approved before; nothing where nobody approved anything.
pub(super) fn changed(asset: &Asset, before: &Before) -> Vec<Line> {
    let said = |text: String| vec![("", text)];
    match before {
        Before::Unasked | Before::Nothing => Vec::new(),
        Before::SameWords {
            told,
            moved_from: Some(at),
        } => said(format!(
            "The same words were approved: {told}; they were to go out at {at}."
        )),
        Before::SameWords { told, .. } => said(format!("The same words were approved: {told}.")),
        Before::Lost { told, why } => vec![
            ("", format!("Other words were approved: {told}.")),
            ("", format!("The earlier words are not known any more: {why}.")),
        ],
        Before::OtherWords { told, content } => {
            let mut lines = said(format!("Changed since it was approved: {told}."));
            let (old, new) = (whole(content), whole(&asset.spec.content));
            let compared = compared(&old, &new);
            if compared.is_empty() {
                let text = "Every word is the same; its target, or bytes of its media, are others.";
                lines.push(("", text.to_owned()));
            }
            lines.extend(compared);
            lines
        }
    }
}

fn compared(old: &str, new: &str) -> Vec<Line> {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let mut lines = Vec::new();
    for (number, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if number > 0 {
            lines.push(("", "...".to_owned()));
        }
        let changes = group.iter().flat_map(|change| diff.iter_changes(change));
        lines.extend(changes.map(|change| {
            let mark = match change.tag() {
                ChangeTag::Delete => "- ",
                ChangeTag::Insert => "+ ",
                ChangeTag::Equal => "  ",
            };
            (mark, change.value().trim_end_matches('\n').to_owned())
        }));
    }
    lines
}

/// Everything that a reader would receive, a line for each part that has one.
fn whole(content: &AssetContent) -> String {
    let named = [
        ("Title: ", content.title.as_deref()),
        ("Subject: ", content.subject.as_deref()),
        ("Preview: ", content.preview_text.as_deref()),
        ("Excerpt: ", content.excerpt.as_deref()),
        ("Date: ", content.date.as_deref()),
        ("", Some(content.text.as_str())),
        ("", content.html.as_deref()),
    ];
    let named = named
        .into_iter()
        .filter_map(|(name, text)| Some(format!("{name}{}", text?)));
    let links = content.links.iter().map(|link| format!("Link: {}", link.url));
    let media = content
        .media
        .iter()
        .map(|media| format!("[{}: {}]", media.path, media.alt_text));
    let stored = content
        .stored
        .iter()
        .map(|stored| format!("({} as {})", stored.path, stored.digest));
    let parts: Vec<String> = named.chain(links).chain(media).chain(stored).collect();
    format!("{}\n", parts.join("\n"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::review::cards::tests::asset;

    fn told(before: &Before) -> String {
        let now = asset(
            "launch",
            &json!({"content": {"title": "News", "text": "We open on Tuesday.\nCome by.\nBring a friend.\nSee you."}}),
            &json!({}),
        );
        let lines = changed(&now, before);
        let lines: Vec<String> = lines.iter().map(|(mark, text)| format!("{mark}{text}")).collect();
        lines.join("\n")
    }

    fn content(title: &str, text: &str) -> Box<AssetContent> {
        Box::new(serde_json::from_value(json!({"title": title, "text": text})).unwrap())
    }

    #[test]
    fn the_earlier_words_stand_above_the_new_ones_where_they_differ() {
        let before = Before::OtherWords {
            told: "Ada in commit deadbeefdead".to_owned(),
            content: content("News", "We open on Monday.\nCome by.\nBring a friend.\nSee you."),
        };
        insta::assert_snapshot!(told(&before), @r"
        Changed since it was approved: Ada in commit deadbeefdead.
          Title: News
        - We open on Monday.
        + We open on Tuesday.
          Come by.
        ");
    }

    #[test]
    fn what_nobody_knows_any_more_is_said_as_such_and_a_moved_time_is_told() {
        let told_by = || "maya by Approval review-1".to_owned();
        let lost = Before::Lost {
            told: told_by(),
            why: "name a clone of the branch with --repository DIR".to_owned(),
        };
        let moved = Before::SameWords {
            told: told_by(),
            moved_from: Some("2026-03-01T09:00:00Z".parse().unwrap()),
        };
        let elsewhere = Before::OtherWords {
            told: told_by(),
            content: content("News", "We open on Tuesday.\nCome by.\nBring a friend.\nSee you."),
        };
        insta::assert_snapshot!([told(&lost), told(&moved), told(&elsewhere)].join("\n"), @r"
        Other words were approved: maya by Approval review-1.
        The earlier words are not known any more: name a clone of the branch with --repository DIR.
        The same words were approved: maya by Approval review-1; they were to go out at 2026-03-01T09:00:00Z.
        Changed since it was approved: maya by Approval review-1.
        Every word is the same; its target, or bytes of its media, are others.
        ");
        assert_eq!(told(&Before::Nothing), "");
    }
}
