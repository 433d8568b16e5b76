//! HTML for a template that has none of its own.

use std::fmt::Write as _;

use super::EmailTemplate;
use crate::{
    api::Direction,
    domain::content::html::{dir, escape},
};

/// Mail programs drop style sheets, so the styles stand where they act.
pub(in crate::domain::content) const BODY_STYLE: &str = "margin:0 auto;max-width:600px;padding:20px;font-family:Arial,sans-serif;font-size:16px;line-height:1.6;color:#1a1a1a;background-color:#ffffff";
pub(in crate::domain::content) const HIDDEN: &str = "display:none;max-height:0;overflow:hidden";

/// A whole HTML document: paragraphs, lists, links that can be followed, and placeholders exactly as written.
///
/// Equal templates give equal bytes. The words are not Markdown: emphasis is left as it is written.
pub fn render_html(template: &EmailTemplate, language: &str, direction: Direction) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\" dir=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n</head>\n<body style=\"{BODY_STYLE}\">\n",
        escape(language),
        dir(direction),
        words(&template.subject),
    );
    if let Some(preview) = &template.preview_text {
        let _ = writeln!(html, "<div style=\"{HIDDEN}\">{}</div>", words(preview));
    }
    html.push_str(&paragraphs(&template.body));
    html.push_str("</body>\n</html>\n");
    html
}

/// Paragraphs and lists of plain words, with links that can be followed and placeholders exactly as written.
pub(in crate::domain::content) fn paragraphs(words: &str) -> String {
    let mut html = String::new();
    for block in blocks(words) {
        block.write(&mut html);
    }
    html
}

/// Lines that belong together.
#[derive(Debug)]
enum Block<'a> {
    Paragraph(Vec<&'a str>),
    /// Number of the first item, number of the last line's item, items.
    Numbered(u32, u32, Vec<&'a str>),
    Bulleted(Vec<&'a str>),
}

impl Block<'_> {
    fn write(&self, html: &mut String) {
        let (open, close, items) = match self {
            Self::Paragraph(lines) => {
                let lines: Vec<String> = lines.iter().map(|line| linked(line)).collect();
                let _ = writeln!(html, "<p>{}</p>", lines.join("<br>\n"));
                return;
            }
            Self::Numbered(1, _, items) => ("<ol>".to_owned(), "</ol>", items),
            Self::Numbered(first, _, items) => (format!("<ol start=\"{first}\">"), "</ol>", items),
            Self::Bulleted(items) => ("<ul>".to_owned(), "</ul>", items),
        };
        let _ = writeln!(html, "{open}");
        for item in items {
            let _ = writeln!(html, "<li>{}</li>", linked(item));
        }
        let _ = writeln!(html, "{close}");
    }
}

fn blocks(body: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut apart = true;
    for line in body.lines() {
        if line.trim().is_empty() {
            apart = true;
            continue;
        }
        let open = if apart { None } else { blocks.last_mut() };
        if let Some(block) = joined(open, line) {
            blocks.push(block);
        }
        apart = false;
    }
    blocks
}

/// Adds a line to the open block if it belongs there, else gives the block that it begins.
fn joined<'a>(open: Option<&mut Block<'a>>, line: &'a str) -> Option<Block<'a>> {
    let words = line.trim();
    let (number, bullet) = (numbered(words), bulleted(words));
    match (open, number, bullet) {
        (Some(Block::Numbered(_, last, items)), Some((number, item)), _)
            if number == *last || number == last.saturating_add(1) =>
        {
            *last = number;
            items.push(item);
        }
        (_, Some((number, item)), _) => return Some(Block::Numbered(number, number, vec![item])),
        (Some(Block::Bulleted(items)), _, Some(item)) => items.push(item),
        (_, _, Some(item)) => return Some(Block::Bulleted(vec![item])),
        (Some(Block::Paragraph(lines)), None, None) => lines.push(words),
        (_, None, None) => return Some(Block::Paragraph(vec![words])),
    }
    None
}

/// `1. item` or `1) item`.
fn numbered(words: &str) -> Option<(u32, &str)> {
    let rest = words.trim_start_matches(|one: char| one.is_ascii_digit());
    let digits = words.get(..words.len() - rest.len())?;
    let item = rest.strip_prefix(['.', ')'])?;
    let number = digits.parse().ok().filter(|number| *number < 1_000_000)?;
    item.starts_with([' ', '\t']).then(|| (number, item.trim_start()))
}

/// `- item`, `* item` or `• item`.
fn bulleted(words: &str) -> Option<&str> {
    let item = words.strip_prefix(['-', '*', '•'])?;
    item.starts_with([' ', '\t']).then(|| item.trim_start())
}

/// Words with their web addresses as links.
fn linked(line: &str) -> String {
    let mut html = String::new();
    let mut rest = line;
    while let Some(start) = address_start(rest) {
        let (before, tail) = rest.split_at_checked(start).unwrap_or((rest, ""));
        let address = address(tail);
        html.push_str(&words(before));
        let (target, shown) = (filled(address, &['<', '>', '"']), words(address));
        let _ = write!(html, "<a href=\"{target}\">{shown}</a>");
        rest = tail.get(address.len()..).unwrap_or_default();
    }
    html.push_str(&words(rest));
    html
}

fn address_start(words: &str) -> Option<usize> {
    let schemes = ["https://", "http://"];
    let found = schemes.iter().filter_map(|scheme| words.find(scheme));
    let start = found.min()?;
    // In the middle of a placeholder, or with nothing behind it, it is no address.
    let open = words.get(..start)?.rfind("{{");
    let inside = open
        .and_then(|open| words.get(open..start))
        .is_some_and(|inner| !inner.contains("}}"));
    let tail = words.get(start..)?;
    let bare = schemes
        .iter()
        .any(|scheme| address(tail) == *scheme || address(tail).len() < scheme.len());
    (!inside && !bare).then_some(start)
}

/// The address that the words begin with, without the punctuation of the sentence around it.
fn address(words: &str) -> &str {
    let mut end = 0;
    let mut rest = words;
    while let Some(one) = rest.chars().next() {
        let placeholder = rest.strip_prefix("{{").and_then(|inner| inner.find("}}"));
        let taken = match placeholder {
            Some(inner) => inner + 4,
            None if one.is_whitespace() || matches!(one, '<' | '>' | '"' | '\u{200e}' | '\u{200f}') => break,
            None => one.len_utf8(),
        };
        end += taken;
        rest = rest.get(taken..).unwrap_or_default();
    }
    trimmed(words.get(..end).unwrap_or_default())
}

fn trimmed(address: &str) -> &str {
    let mut address = address;
    loop {
        let shorter = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*']);
        let open = shorter.matches('(').count();
        let shorter = match shorter.strip_suffix(')') {
            Some(inner) if shorter.matches(')').count() > open => inner,
            _ => shorter,
        };
        if shorter.len() == address.len() {
            return address;
        }
        address = shorter;
    }
}

/// Words between tags.
pub(in crate::domain::content) fn words(words: &str) -> String {
    filled(words, &['<', '>'])
}

/// Words escaped, but for placeholders, which stay exactly as written unless they would break out of their place.
fn filled(words: &str, breaking: &[char]) -> String {
    let mut html = String::new();
    let mut rest = words;
    while let Some((before, tail)) = rest.split_once("{{") {
        let Some((inner, after)) = tail.split_once("}}") else {
            break;
        };
        html.push_str(&escape(before));
        if inner.contains(breaking) {
            html.push_str(&escape(&format!("{{{{{inner}}}}}")));
        } else {
            let _ = write!(html, "{{{{{inner}}}}}");
        }
        rest = after;
    }
    html.push_str(&escape(rest));
    html
}
