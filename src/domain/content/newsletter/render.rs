//! The HTML of a version.

use std::fmt::Write as _;

use crate::{
    api::Direction,
    domain::content::{
        email::render::{BODY_STYLE, HIDDEN, paragraphs, words},
        html::{dir, escape},
    },
};

const LINK_STYLE: &str = "color:#0b57d0;text-decoration:underline;word-break:break-all";

/// What a document is made of, names put in.
pub(super) struct Letter<'a> {
    pub(super) language: &'a str,
    pub(super) direction: Direction,
    pub(super) subject: &'a str,
    pub(super) preview: &'a str,
    /// Introduction, main points and call to action.
    pub(super) above: &'a str,
    pub(super) link: &'a str,
    pub(super) closing: &'a str,
}

/// A whole HTML document. Equal words give equal bytes.
///
/// Language, direction and styles stand on an element inside the body too: many mail programs keep nothing of what is
/// said further out, and no style sheet.
pub(super) fn html(letter: &Letter<'_>) -> String {
    let (language, direction) = (escape(letter.language), dir(letter.direction));
    let side = match letter.direction {
        Direction::Ltr => "left",
        Direction::Rtl => "right",
    };
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"{language}\" dir=\"{direction}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n</head>\n\
         <body style=\"margin:0;padding:0;background-color:#ffffff\">\n<div style=\"{HIDDEN}\">{}</div>\n\
         <div dir=\"{direction}\" lang=\"{language}\" style=\"{BODY_STYLE};text-align:{side}\">\n{}",
        words(letter.subject),
        words(letter.preview),
        paragraphs(letter.above),
    );
    html.push_str(&link(letter.link));
    html.push_str(&paragraphs(letter.closing));
    html.push_str("</div>\n</body>\n</html>\n");
    html
}

/// An address reads from left to right also among Hebrew words.
fn link(link: &str) -> String {
    let mut html = String::new();
    if link.starts_with("https://") || link.starts_with("http://") {
        let address = escape(link);
        let _ = writeln!(
            html,
            "<p><a href=\"{address}\" dir=\"ltr\" style=\"{LINK_STYLE}\">{address}</a></p>"
        );
    } else {
        html.push_str(&paragraphs(link));
    }
    html
}
