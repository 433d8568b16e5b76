//! Links, handles, hashtags, placeholders, words and sentences of a plain text, each with its place.

use std::ops::Range;

use super::folded::is_invisible;

/// Marks that end a sentence or close a bracket, and are no part of a link before them.
const TRAILING: &[char] = &[
    '.', ',', ';', ':', '!', '?', ')', ']', '}', '\'', '"', '»', '”', '’', '…', '。', '、', '״',
];

/// No link that leads anywhere is longer, in bytes.
const LONGEST_LINK: usize = 8 * 1024;

/// Places of a text in their order, those that overlap joined: asking them takes no walk over all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places(Vec<Range<usize>>);

impl Places {
    /// Joins places.
    pub(super) fn of(mut ranges: Vec<Range<usize>>) -> Self {
        ranges.sort_by_key(|range| range.start);
        let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match joined.last_mut().filter(|last| range.start < last.end) {
                Some(last) => last.end = last.end.max(range.end),
                None => joined.push(range),
            }
        }
        Self(joined)
    }

    /// True where one of them holds all of a range.
    pub(super) fn hold(&self, range: &Range<usize>) -> bool {
        let after = self.0.partition_point(|place| place.start <= range.start);
        let last = after.checked_sub(1).and_then(|index| self.0.get(index));
        last.is_some_and(|place| range.end <= place.end)
    }

    /// True where one of them has a byte of a range.
    pub(super) fn touch(&self, range: &Range<usize>) -> bool {
        let after = self.0.partition_point(|place| place.start < range.end);
        let last = after.checked_sub(1).and_then(|index| self.0.get(index));
        last.is_some_and(|place| range.start < place.end)
    }
}

/// Every http or https link of a text, with the byte that it begins at; marks that follow it are still on it.
pub(super) fn links_in(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut end = 0;
    for (colon, _) in text.match_indices("://") {
        let scheme = ["https", "http"].into_iter().find_map(|scheme| {
            let start = colon.checked_sub(scheme.len())?;
            let written = text.get(start..colon)?;
            (start >= end && written.eq_ignore_ascii_case(scheme)).then_some(start)
        });
        let Some(start) = scheme else { continue };
        let rest = text.get(start..).unwrap_or_default();
        let mut length = rest.find(ends_link).unwrap_or(rest.len()).min(LONGEST_LINK);
        while !rest.is_char_boundary(length) {
            length -= 1;
        }
        end = start + length;
        found.push((start, rest.get(..length).unwrap_or_default()));
    }
    found
}

fn ends_link(one: char) -> bool {
    one.is_whitespace() || one.is_control() || matches!(one, '<' | '>' | '"' | '`' | '|' | '\\' | '^')
}

/// A link without what closes the sentence behind it; a bracket that was opened in the link stays.
pub(super) fn without_trailing_marks(link: &str) -> &str {
    let mut kept = link;
    while let Some(last) = kept.chars().next_back().filter(|last| TRAILING.contains(last)) {
        if last == ')' && kept.matches('(').count() >= kept.matches(')').count() {
            break;
        }
        kept = kept.get(..kept.len() - last.len_utf8()).unwrap_or_default();
    }
    kept
}

/// Hashtags with the byte that each begins at, `#` included: letters, digits and `_`, not of digits alone.
pub(super) fn hashtags_in(text: &str) -> Vec<Range<usize>> {
    let links = Places::of(link_ranges(text));
    marked(text, '#')
        .filter(|tag| {
            let letters = text.get(tag.start + 1..tag.end).unwrap_or_default();
            !letters.chars().all(|one| one.is_ascii_digit())
        })
        .filter(|tag| !links.touch(tag))
        .collect()
}

/// Handles such as `@name` or `@name@server`.
pub(super) fn handles_in(text: &str) -> Vec<Range<usize>> {
    marked(text, '@').collect()
}

/// Words that begin with a mark, where no letter stands before it.
fn marked(text: &str, mark: char) -> impl Iterator<Item = Range<usize>> + '_ {
    text.match_indices(mark).filter_map(move |(start, _)| {
        let before = text.get(..start)?.chars().next_back();
        let rest = text.get(start + mark.len_utf8()..)?;
        let other = move |one: char| {
            let of_word = one.is_alphanumeric() || one == '_' || is_invisible(one);
            !(of_word || (mark == '@' && matches!(one, '.' | '-')))
        };
        let length = rest.find(other).unwrap_or(rest.len());
        let free = before.is_none_or(|before| !before.is_alphanumeric() && before != '&' && before != '/');
        (free && length > 0).then(|| start..start + mark.len_utf8() + length)
    })
}

/// The places of links.
pub(super) fn link_ranges(text: &str) -> Vec<Range<usize>> {
    let links = links_in(text).into_iter();
    links.map(|(start, link)| start..start + link.len()).collect()
}

/// The places of `{{...}}`, `<%...%>` and `*|...|*`, which a mail program fills in; at most 1,024 bytes each.
pub(super) fn placeholders_in(text: &str) -> Vec<Range<usize>> {
    const LONGEST: usize = 1024;
    const MOST: usize = 10_000;
    let mut found = Vec::new();
    for (open, close) in [("{{", "}}"), ("<%", "%>"), ("*|", "|*")] {
        let mut from = 0;
        for _ in 0..MOST {
            let Some(at) = text.get(from..).and_then(|rest| rest.find(open)) else {
                break;
            };
            let start = from + at;
            let inner = start + open.len();
            let mut last = (inner + LONGEST).min(text.len());
            while !text.is_char_boundary(last) {
                last -= 1;
            }
            let length = text.get(inner..last).and_then(|rest| rest.find(close));
            from = length.map_or(inner, |length| inner + length + close.len());
            found.extend(length.map(|_| start..from));
        }
    }
    found.sort_by_key(|range| range.start);
    found
}

/// A text with spaces in the place of some ranges of it; every other byte stays where it is.
pub(super) fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut sorted: Vec<&Range<usize>> = ranges.iter().collect();
    sorted.sort_by_key(|range| range.start);
    let mut at = 0;
    for range in sorted {
        kept.push_str(text.get(at..range.start).unwrap_or_default());
        let hidden = range.end.saturating_sub(range.start.max(at));
        kept.extend(std::iter::repeat_n(' ', hidden));
        at = range.end.max(at);
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    kept
}

/// Words: runs of letters and digits, with what joins them inside (an apostrophe, a hyphen, a Hebrew geresh).
pub(super) fn words_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|one: char| one.is_whitespace() || matches!(one, '—' | '–' | '/' | '|' | '→'))
        .map(|word| word.trim_matches(|one: char| !one.is_alphanumeric()))
        .filter(|word| !word.is_empty())
}

/// The places of sentences: they end at `.`, `!`, `?`, `…` or `。` before a space, and at line breaks.
pub(super) fn sentences_in(text: &str) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut rest = text.char_indices().peekable();
    while let Some((at, one)) = rest.next() {
        let next = rest.peek().map(|(_, next)| *next);
        let stop = matches!(one, '.' | '!' | '?' | '…') && next.is_none_or(char::is_whitespace);
        if stop || matches!(one, '\n' | '。' | '！' | '？') {
            sentences.push(start..at + one.len_utf8());
            start = at + one.len_utf8();
        }
    }
    sentences.push(start..text.len());
    sentences.retain(|range| !text.get(range.clone()).unwrap_or_default().trim().is_empty());
    sentences
}

/// The host of a link, lower case, without `www.`; none where it has none.
pub(super) fn host_of(link: &str) -> Option<String> {
    let url = url::Url::parse(link).ok()?;
    let host = url.host_str()?.trim_end_matches('.');
    Some(host.strip_prefix("www.").unwrap_or(host).to_owned())
}

/// True where a host is one of the domains or below one of them.
pub(super) fn is_under(host: &str, domains: &[String]) -> bool {
    domains.iter().any(|domain| {
        host.strip_suffix(domain.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

/// Domains as hosts are compared: lower case, IDNA, without scheme, path and `www.`.
pub(super) fn domains(written: &[String]) -> Vec<String> {
    let host = |domain: &String| {
        let domain = domain.trim().trim_start_matches("*.");
        let whole = if domain.contains("://") {
            domain.to_owned()
        } else {
            format!("https://{domain}")
        };
        host_of(&whole).unwrap_or_else(|| domain.to_lowercase())
    };
    written.iter().map(host).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn links_end_where_the_sentence_goes_on() {
        let text = "See https://example.com/a?b=1, or (HTTP://example.org/x_(y)). No ftp://example.net";
        let links: Vec<&str> = links_in(text)
            .into_iter()
            .map(|(_, link)| without_trailing_marks(link))
            .collect();
        assert_eq!(links, ["https://example.com/a?b=1", "HTTP://example.org/x_(y)"]);
    }

    #[test]
    fn hashtags_are_words_with_a_letter_outside_of_links() {
        let text = "#Jobs #2026 a#b &#39; #קורות_חיים https://example.com/#top #a1";
        let tags: Vec<&str> = hashtags_in(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(tags, ["#Jobs", "#קורות_חיים", "#a1"]);
    }

    #[test]
    fn sentences_end_at_marks_before_a_space_and_at_line_breaks() {
        let text = "One is 3.5 long. Two?\nThree";
        let sentences: Vec<&str> = sentences_in(text)
            .into_iter()
            .map(|range| text[range].trim())
            .collect();
        assert_eq!(sentences, ["One is 3.5 long.", "Two?", "Three"]);
    }

    #[test]
    fn a_domain_holds_for_what_is_below_it_and_not_for_what_ends_like_it() {
        let own = domains(&["Example.com".to_owned()]);
        assert!(is_under("example.com", &own) && is_under("blog.example.com", &own));
        assert!(!is_under("notexample.com", &own) && !is_under("example.com.evil.org", &own));
        assert_eq!(
            host_of("https://WWW.Example.com./x").as_deref(),
            Some("example.com")
        );
    }

    #[test]
    fn words_are_counted_as_people_count_them() {
        assert_eq!(words_in("Don't stop — it's 5–10 min.").count(), 6);
        assert_eq!(words_in("צ'קליסט ה-ATS שלך").count(), 3);
    }

    proptest! {
        #[test]
        fn every_place_is_a_place_of_the_text(text in "[a-z #@{}<%>*|א-ת:/.\n]{0,60}") {
            let ranges = [hashtags_in(&text), handles_in(&text), placeholders_in(&text), link_ranges(&text), sentences_in(&text)];
            for range in ranges.concat() {
                prop_assert!(text.get(range).is_some());
            }
            prop_assert_eq!(without(&text, &placeholders_in(&text)).len(), text.len());
        }
    }
}
