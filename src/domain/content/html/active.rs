//! Finding scripts, event handlers and script links in HTML.
//!
//! Every `<` before a letter is read as if a tag began there, whatever it stands in. A browser starts tags at no
//! other place, so comments, quotes and raw text can hide nothing; at worst harmless words are reported.

/// How many characters may be read for each one that the file has: tags inside quotes are read again and again.
const EFFORT: usize = 64;

const ELEMENTS: [&str; 6] = ["script", "iframe", "object", "embed", "applet", "base"];
const SCHEMES: [&str; 3] = ["javascript:", "vbscript:", "data:text/html"];
/// Words for people, in which a scheme does nothing.
const WORDS: [&str; 4] = ["alt", "title", "summary", "aria-label"];

/// Something that acts by itself, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Active {
    /// Byte offset of the `<` of its tag.
    pub(crate) offset: usize,
    /// What it is, for a sentence.
    pub(crate) what: String,
}

/// HTML that is too entangled to be read in bounded time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooEntangled;

/// Everything in HTML that acts by itself, in the order of the file, at most 100.
pub(crate) fn find(html: &str) -> Result<Vec<Active>, TooEntangled> {
    let mut effort = html.len().saturating_mul(EFFORT);
    let mut found = Vec::new();
    for (offset, _) in html.match_indices('<') {
        let tag = html.get(offset + 1..).unwrap_or_default();
        if !tag.starts_with(|one: char| one.is_ascii_alphabetic()) {
            continue;
        }
        let (what, read) = examine(tag);
        effort = effort.checked_sub(read).ok_or(TooEntangled)?;
        found.extend(what.map(|what| Active { offset, what }));
        if found.len() >= 100 {
            break;
        }
    }
    Ok(found)
}

/// What of a tag acts by itself, if anything does, and how many bytes were read to know.
fn examine(tag: &str) -> (Option<String>, usize) {
    let (name, mut rest) = split(tag, |one| one.is_ascii_whitespace() || one == '/' || one == '>');
    let name = name.to_ascii_lowercase();
    if ELEMENTS.contains(&name.as_str()) {
        return (Some(format!("The element `<{name}>`")), name.len());
    }
    let mut what = None;
    while let Some((attribute, value, after)) = attribute(rest) {
        what = judge(attribute, value);
        rest = after;
        if what.is_some() {
            break;
        }
    }
    (what, tag.len() - rest.len())
}

/// The next attribute of a tag, its value without quotes, and what follows; nothing at the end of the tag.
fn attribute(rest: &str) -> Option<(&str, &str, &str)> {
    let rest = rest.trim_start_matches(|one: char| one.is_ascii_whitespace() || one == '/');
    let first = rest.chars().next().filter(|one| *one != '>')?;
    // As browsers do: a `=` in the first place belongs to the name.
    let (start, tail) = rest.split_at(first.len_utf8());
    let (more, after) = split(tail, |one| {
        one.is_ascii_whitespace() || matches!(one, '/' | '>' | '=')
    });
    let name = rest.get(..start.len() + more.len())?;
    let Some(value) = after.trim_ascii_start().strip_prefix('=') else {
        return Some((name, "", after));
    };
    let value = value.trim_ascii_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            let (inner, after) = quoted.split_once(quote).unwrap_or((quoted, ""));
            return Some((name, inner, after));
        }
    }
    let (bare, after) = split(value, |one| one.is_ascii_whitespace() || one == '>');
    Some((name, bare, after))
}

fn judge(name: &str, value: &str) -> Option<String> {
    let name = name.to_ascii_lowercase();
    let handler = name.strip_prefix("on");
    if handler.is_some_and(|rest| rest.starts_with(|one: char| one.is_ascii_alphabetic())) {
        return Some(format!("The event handler `{}`", name.get(..40).unwrap_or(&name)));
    }
    if WORDS.contains(&name.as_str()) || !value.contains([':', '&']) {
        return None;
    }
    let value = plain(value);
    let scheme = SCHEMES.iter().find(|scheme| value.contains(*scheme))?;
    Some(format!("A link that begins with `{scheme}`"))
}

/// A value as a browser reads its scheme: references resolved, white space and controls left out, lower case.
fn plain(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(one) = rest.chars().next() {
        let (read, resolved) = reference(rest).unwrap_or((one.len_utf8(), one));
        if resolved > ' ' {
            plain.extend(resolved.to_lowercase());
        }
        rest = rest.get(read..).unwrap_or_default();
    }
    plain
}

/// A character reference at the beginning of the words: how many bytes it takes, and its character.
fn reference(words: &str) -> Option<(usize, char)> {
    for (name, one) in [("&colon;", ':'), ("&Tab;", '\t'), ("&NewLine;", '\n')] {
        if words.starts_with(name) {
            return Some((name.len(), one));
        }
    }
    let digits = words.strip_prefix("&#")?;
    let (digits, radix) = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    let (number, after) = split(digits, |one| !one.is_digit(radix));
    let code = u32::from_str_radix(number.trim_start_matches('0'), radix).ok()?;
    let after = after.strip_prefix(';').unwrap_or(after);
    Some((words.len() - after.len(), char::from_u32(code)?))
}

fn split(words: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    let end = words.find(ends).unwrap_or(words.len());
    words.split_at_checked(end).unwrap_or((words, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(html: &str) -> usize {
        find(html).unwrap().len()
    }

    #[test]
    fn scripts_are_found_however_they_are_written() {
        for html in [
            "<script>",
            "<SCRIPT src=x>",
            "<!-- <script> -->",
            "<a title='<script>'>",
            "<title><script>",
            "<scr<script>",
        ] {
            assert!(found(html) > 0, "{html}");
        }
    }

    #[test]
    fn event_handlers_are_found_behind_quotes_slashes_and_odd_names() {
        for html in [
            "<img onerror=x>",
            "<img/onerror=x>",
            "<a b'c onclick=x d'e>",
            "<a b=\"c\"onclick=x>",
            "<a =onclick onclick = x>",
            "<!-- <x y=\" --> <img onerror=1 z=\">",
            "<p\nONLOAD\n=\nx",
        ] {
            assert!(found(html) > 0, "{html}");
        }
    }

    #[test]
    fn script_links_are_found_behind_references_and_white_space() {
        for html in [
            "<a href=javascript:x>",
            "<a href=' JavaScript:x'>",
            "<a href='java&#115;cript&colon;x'>",
            "<a href='java&#x0000073;cript:x'>",
            "<a href='java\n\tscript:x'>",
            "<meta http-equiv=refresh content='0;url=javascript:x'>",
            "<a href='DATA:text/html,x'>",
        ] {
            assert_eq!(found(html), 1, "{html}");
        }
    }

    #[test]
    fn ordinary_html_has_nothing_active() {
        for html in [
            "<p style='font-family: a'>on click: javascript: the good parts</p>",
            "<a href='https://example.com/?on=1&amp;b'>x</a> 1 < 2",
            "<img alt='javascript: a book' src='data:image/png;base64,AAAA'>",
            "<!--[if mso]><table><![endif]-->",
        ] {
            assert_eq!(found(html), 0, "{html}");
        }
    }

    #[test]
    fn tags_inside_tags_without_end_are_refused_in_bounded_time() {
        assert_eq!(find(&"<a b='".repeat(20_000)), Err(TooEntangled));
        assert_eq!(find(&"<a ".repeat(20_000)), Err(TooEntangled));
    }
}
