//! Words into HTML, and finding what acts by itself in HTML that others wrote.

pub(crate) mod active;

use crate::api::Direction;

/// Words as they may stand in HTML text and in a quoted attribute.
pub fn escape(words: &str) -> String {
    let mut html = String::with_capacity(words.len());
    for one in words.chars() {
        match one {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            one => html.push(one),
        }
    }
    html
}

/// The value of a `dir` attribute.
pub(crate) fn dir(direction: Direction) -> &'static str {
    match direction {
        Direction::Ltr => "ltr",
        Direction::Rtl => "rtl",
    }
}
