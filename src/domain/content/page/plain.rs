//! The words of sanitised HTML.
//!
//! Made from the HTML and not from the Markdown, so that no word that a reader sees is missing from it.

use std::fmt::Write as _;

/// Elements that begin a line of their own.
const BLOCKS: [&str; 24] = [
    "p",
    "div",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "pre",
    "blockquote",
    "hr",
    "dl",
    "dt",
    "dd",
    "figure",
    "figcaption",
    "details",
    "summary",
    "caption",
    "aside",
];
/// Those of them that stand apart by an empty line.
const APART: [&str; 13] = [
    "p",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "table",
    "pre",
    "blockquote",
    "hr",
    "dl",
];

/// The plain text of HTML that the sanitiser has written: its attributes stand in double quotes, its `<` are tags.
pub(super) fn text(html: &str) -> String {
    let mut plain = Plain::default();
    let mut rest = html;
    while let Some((words, tail)) = rest.split_once('<') {
        plain.words(words);
        let end = tag_end(tail);
        let (tag, after) = tail.split_at_checked(end).unwrap_or((tail, ""));
        plain.tag(tag);
        rest = after.strip_prefix('>').unwrap_or(after);
    }
    plain.words(rest);
    plain.text.trim().to_owned()
}

/// Where the tag ends: its first `>` outside of double quotes.
fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    for (offset, one) in tag.char_indices() {
        match one {
            '"' => quoted = !quoted,
            '>' if !quoted => return offset,
            _ => {}
        }
    }
    tag.len()
}

#[derive(Debug, Default)]
struct Plain {
    text: String,
    preformatted: bool,
    /// For each open list the number of its next item, or none for bullets.
    lists: Vec<Option<u32>>,
}

impl Plain {
    fn words(&mut self, words: &str) {
        let words = resolved(words);
        if self.preformatted {
            self.text.push_str(&words);
            return;
        }
        for one in words.chars() {
            let space = matches!(one, ' ' | '\t' | '\n' | '\r');
            if !space {
                self.text.push(one);
            } else if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
                self.text.push(' ');
            }
        }
    }

    fn tag(&mut self, tag: &str) {
        let (closing, tag) = match tag.strip_prefix('/') {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        let name = tag.split([' ', '>', '/']).next().unwrap_or_default();
        if BLOCKS.contains(&name) {
            self.break_line(APART.contains(&name));
        }
        match (name, closing) {
            ("br", _) => self.break_line(false),
            ("pre", closing) => self.preformatted = !closing,
            ("ul", false) => self.lists.push(None),
            ("ol", false) => self.lists.push(Some(
                attribute(tag, "start")
                    .and_then(|start| start.parse().ok())
                    .unwrap_or(1),
            )),
            ("ul" | "ol", true) => drop(self.lists.pop()),
            ("li", false) => self.item(),
            ("td" | "th", false) if !self.text.is_empty() && !self.text.ends_with('\n') => {
                self.text.push_str(" | ");
            }
            ("img", _) => {
                if let Some(words) = attribute(tag, "alt") {
                    self.words(words);
                }
            }
            _ => {}
        }
    }

    fn item(&mut self) {
        match self.lists.last_mut() {
            Some(Some(number)) => {
                let _ = write!(self.text, "{number}. ");
                *number = number.saturating_add(1);
            }
            _ => self.text.push_str("- "),
        }
    }

    fn break_line(&mut self, apart: bool) {
        let kept = self.text.trim_end_matches([' ', '\n']).len();
        let breaks = self.text.get(kept..).unwrap_or_default().matches('\n').count();
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        // In a list only its items are apart, by one line.
        let wanted = if apart && self.lists.is_empty() { 2 } else { 1 };
        if !self.text.is_empty() {
            for _ in breaks..wanted {
                self.text.push('\n');
            }
        }
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    value.split('"').next()
}

/// Resolves the character references that the sanitiser writes.
fn resolved(words: &str) -> String {
    words
        .replace("&nbsp;", "\u{a0}")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}
