//! The words, links and elements of HTML that anybody may have written, read once from front to back.

use std::ops::Range;

/// More elements than any e-mail or page has; what follows is not looked at.
const MAX_TAGS: usize = 100_000;

/// A piece of HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'h> {
    /// Words between tags, character references and all.
    Words(Range<usize>),
    /// A tag.
    Tag(Tag<'h>),
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag<'h> {
    /// Its name in lower case.
    pub name: String,
    /// True for `</name>`.
    pub closing: bool,
    /// The byte of its `<`.
    pub offset: usize,
    attributes: &'h str,
}

impl Tag<'_> {
    /// The value of an attribute, character references resolved; empty where it has no value.
    pub(super) fn attribute(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes.trim_start();
        while !rest.is_empty() {
            let end = rest
                .find(|one: char| one.is_whitespace() || matches!(one, '=' | '/'))
                .unwrap_or(rest.len());
            let (name, after) = rest.split_at_checked(end)?;
            let after = after.trim_start();
            let (value, after) = match after.strip_prefix('=') {
                Some(after) => value(after.trim_start()),
                None => ("", after),
            };
            if name.eq_ignore_ascii_case(wanted) {
                return Some(resolved(value));
            }
            rest = after.trim_start_matches(|one: char| one.is_whitespace() || one == '/' || one == '=');
        }
        None
    }
}

/// The value that an attribute begins with, and what follows it.
fn value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(rest) = text.strip_prefix(quote) {
            return rest.split_once(quote).unwrap_or((rest, ""));
        }
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The pieces of HTML in their order; comments, declarations, scripts and styles are left out.
pub(super) fn pieces(html: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut at, mut tags) = (0, 0);
    while let Some(found) = html.get(at..).and_then(|rest| rest.find('<')) {
        let open = at + found;
        let after = html.get(open + 1..).unwrap_or_default();
        if after.starts_with("!--") {
            words(&mut pieces, at..open);
            at = past(html, open + 4, "-->");
            continue;
        }
        if !after.starts_with(|one: char| one.is_ascii_alphabetic() || matches!(one, '/' | '!' | '?')) {
            words(&mut pieces, at..open + 1);
            at = open + 1;
            continue;
        }
        words(&mut pieces, at..open);
        let length = tag_length(after);
        let tag = tag(after.get(..length).unwrap_or_default(), open);
        at = (open + 1 + length + 1).min(html.len());
        if matches!(tag.name.as_str(), "script" | "style") && !tag.closing {
            at = past_raw(html, at, &tag.name);
        }
        tags += 1;
        if !tag.name.is_empty() {
            pieces.push(Piece::Tag(tag));
        }
        if tags >= MAX_TAGS {
            return pieces;
        }
    }
    words(&mut pieces, at..html.len());
    pieces
}

fn words(pieces: &mut Vec<Piece<'_>>, range: Range<usize>) {
    if !range.is_empty() {
        pieces.push(Piece::Words(range));
    }
}

fn past(html: &str, from: usize, close: &str) -> usize {
    let found = html.get(from..).and_then(|rest| rest.find(close));
    found.map_or(html.len(), |found| from + found + close.len())
}

/// Behind the closing tag of a script or style.
fn past_raw(html: &str, from: usize, name: &str) -> usize {
    let close = format!("</{name}");
    let rest = html.as_bytes().get(from..).unwrap_or_default();
    let found = rest
        .windows(close.len())
        .position(|window| window.eq_ignore_ascii_case(close.as_bytes()));
    found.map_or(html.len(), |found| from + found)
}

/// The length of a tag up to its first `>` outside of quotes.
fn tag_length(tag: &str) -> usize {
    let mut quote = None;
    for (offset, one) in tag.char_indices() {
        match (quote, one) {
            (None, '>') => return offset,
            (None, '"' | '\'') => quote = Some(one),
            (Some(open), one) if open == one => quote = None,
            _ => {}
        }
    }
    // A quote that is never closed: the tag ends at its first `>`, as a person reads it.
    tag.find('>').unwrap_or(tag.len())
}

fn tag(inner: &str, offset: usize) -> Tag<'_> {
    let (closing, inner) = match inner.strip_prefix('/') {
        Some(inner) => (true, inner),
        None => (false, inner),
    };
    let end = inner
        .find(|one: char| !(one.is_ascii_alphanumeric() || one == '-' || one == ':'))
        .unwrap_or(inner.len());
    let (name, attributes) = inner.split_at_checked(end).unwrap_or((inner, ""));
    Tag {
        name: name.to_ascii_lowercase(),
        closing,
        offset,
        attributes,
    }
}

/// The http and https links of HTML.
pub(super) fn links(html: &str) -> Vec<String> {
    let href = |piece: Piece<'_>| match piece {
        Piece::Tag(tag) if tag.name == "a" && !tag.closing => tag.attribute("href"),
        _ => None,
    };
    let is_link = |link: &String| {
        let start: String = link.chars().take(8).collect::<String>().to_ascii_lowercase();
        start.starts_with("http://") || start.starts_with("https://")
    };
    pieces(html)
        .into_iter()
        .filter_map(href)
        .map(|link| link.trim().to_owned())
        .filter(is_link)
        .collect()
}

/// The visible words of HTML, and for each byte of them and for their end the byte of the HTML that it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Visible {
    /// The words; elements that begin a line of their own begin one.
    pub text: String,
    origins: Vec<u32>,
}

impl Visible {
    /// Reads HTML.
    pub(super) fn of(html: &str) -> Self {
        let mut visible = Self::default();
        for piece in pieces(html) {
            match piece {
                Piece::Words(range) => visible.words(html, range),
                Piece::Tag(tag) if !is_inline(&tag.name) => visible.push("\n", tag.offset),
                Piece::Tag(_) => {}
            }
        }
        visible.origins.push(origin(html.len()));
        visible
    }

    /// The byte of the HTML that a byte of the words comes from.
    pub(super) fn origin(&self, offset: usize) -> usize {
        let last = self.origins.last().copied().unwrap_or_default();
        self.origins.get(offset).copied().unwrap_or(last) as usize
    }

    fn words(&mut self, html: &str, range: Range<usize>) {
        let mut at = range.start;
        let words = html.get(range).unwrap_or_default();
        for (number, part) in words.split('&').enumerate() {
            if number == 0 {
                self.pushed(part, &mut at);
                continue;
            }
            let (character, length) = reference(part);
            let mut buffer = [0; 4];
            match character {
                Some(character) => self.push(character.encode_utf8(&mut buffer), at),
                None => self.push("&", at),
            }
            at += 1 + length;
            self.pushed(part.get(length..).unwrap_or_default(), &mut at);
        }
    }

    fn pushed(&mut self, words: &str, at: &mut usize) {
        self.text.push_str(words);
        self.origins.extend((*at..*at + words.len()).map(origin));
        *at += words.len();
    }

    fn push(&mut self, words: &str, at: usize) {
        self.text.push_str(words);
        self.origins.extend(std::iter::repeat_n(origin(at), words.len()));
    }
}

fn origin(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Elements that stand inside a line.
fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "b"
            | "bdi"
            | "bdo"
            | "cite"
            | "code"
            | "em"
            | "font"
            | "i"
            | "img"
            | "kbd"
            | "mark"
            | "q"
            | "s"
            | "small"
            | "span"
            | "strike"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
    )
}

/// The character of a reference that stands behind an `&`, and how many bytes it takes with its `;`.
fn reference(text: &str) -> (Option<char>, usize) {
    let Some(end) = text.bytes().take(12).position(|byte| byte == b';') else {
        return (None, 0);
    };
    let name = text.get(..end).unwrap_or_default();
    let character = match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        "shy" => Some('\u{ad}'),
        "zwnj" => Some('\u{200c}'),
        "zwj" => Some('\u{200d}'),
        "lrm" => Some('\u{200e}'),
        "rlm" => Some('\u{200f}'),
        "mdash" => Some('—'),
        "ndash" => Some('–'),
        "hellip" => Some('…'),
        "rsquo" => Some('’'),
        "lsquo" => Some('‘'),
        "ldquo" => Some('“'),
        "rdquo" => Some('”'),
        "copy" => Some('©'),
        "reg" => Some('®'),
        "trade" => Some('™'),
        _ => numeric(name),
    };
    (character, character.map_or(0, |_| end + 1))
}

fn numeric(name: &str) -> Option<char> {
    let digits = name.strip_prefix('#')?;
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => digits.parse().ok()?,
    };
    char::from_u32(number)
}

fn resolved(words: &str) -> String {
    if !words.contains('&') {
        return words.to_owned();
    }
    let mut visible = Visible::default();
    visible.words(words, 0..words.len());
    visible.text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_a_reader_sees_is_words() {
        let html = "<style>p{}</style><p>One <b>two</b>&nbsp;&amp; three<!-- no --></p><script>four</SCRIPT><p>fi&shy;ve</p>";
        assert_eq!(
            Visible::of(html).text.split_whitespace().collect::<Vec<_>>(),
            ["One", "two", "&", "three", "fi\u{ad}ve"]
        );
    }

    #[test]
    fn words_know_where_they_come_from() {
        let html = "<p class=\"a>b\">A &amp; guaranteed</p>";
        let visible = Visible::of(html);
        let offset = visible.text.find("guaranteed").unwrap();
        assert!(html[visible.origin(offset)..].starts_with("guaranteed"));
    }

    #[test]
    fn links_are_read_with_any_quotes_and_their_references_resolved() {
        let html = "<a href='https://e.com/?a=1&amp;b=2'>x</a><A HREF=https://e.org/ target=x>y</a><a href=\"mailto:a@e.com\">z</a>";
        assert_eq!(links(html), ["https://e.com/?a=1&b=2", "https://e.org/"]);
    }

    proptest! {
        #[test]
        fn any_html_is_read(html in "[<>/a-z\"'=&;#! -]{0,80}") {
            let visible = Visible::of(&html);
            for (offset, _) in visible.text.char_indices() {
                prop_assert!(visible.origin(offset) <= html.len());
            }
            drop(links(&html));
        }
    }
}
