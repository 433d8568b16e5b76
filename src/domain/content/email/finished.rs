//! Finished HTML that a team wrote for a template: kept byte for byte, or refused.

use super::placeholder::{Piece, Placeholder, Placeholders};
use crate::domain::content::{
    diagnostic::Diagnostic,
    html::active,
    text::{Span, Text},
};

const LIMIT: usize = 512 * 1024;

/// HTML of a file, without a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FinishedHtml {
    /// The HTML as the file has it, but for a byte order mark.
    pub html: String,
    /// Its placeholders, in the order of the file.
    pub placeholders: Vec<Placeholder>,
}

/// Reads finished HTML: UTF-8, at most 512 KiB, with nothing in it that acts by itself.
///
/// Scripts, event handlers and script links are errors, `ActiveContent`: what the team wrote is never changed
/// silently. `None` where the file cannot be read at all.
pub fn parse_html(path: &str, bytes: &[u8]) -> (Option<FinishedHtml>, Vec<Diagnostic>) {
    let text = match Text::decode(path, bytes, LIMIT) {
        Ok(text) => text,
        Err(error) => return (None, vec![error.not_fatal()]),
    };
    let mut diagnostics = active_content(&text);
    let mut placeholders = Placeholders::new(&text, true);
    for line in text.lines() {
        placeholders.read(Piece {
            line: line.number,
            column: 1,
            words: line.words,
        });
    }
    diagnostics.append(&mut placeholders.diagnostics);
    if text.content().trim().is_empty() {
        let message = "The file is empty.".to_owned();
        diagnostics.push(text.error(
            Span::of(1, 1, ""),
            "BodyMissing",
            message,
            "Write the HTML of the e-mail.",
        ));
    }
    diagnostics.sort();
    let html = FinishedHtml {
        html: text.content().to_owned(),
        placeholders: placeholders.found,
    };
    (Some(html), diagnostics)
}

fn active_content(text: &Text<'_>) -> Vec<Diagnostic> {
    let help = "Take it out: mail programs do not run it, and nothing that acts by itself is stored.";
    let Ok(found) = active::find(text.content()) else {
        let message = "The tags of the file stand in each other too deeply to be checked.".to_owned();
        return vec![text.error(
            Span::of(1, 1, ""),
            "ActiveContent",
            message,
            "Close every tag and every quote.",
        )];
    };
    found
        .into_iter()
        .map(|active| {
            let span = Span::new(text.position(active.offset), 1);
            text.error(
                span,
                "ActiveContent",
                format!("{} acts by itself.", active.what),
                help,
            )
        })
        .collect()
}
