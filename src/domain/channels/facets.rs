//! Where links and tags stand in a text, in bytes: Bluesky shows neither without being told.

/// A part of a text that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    /// The first byte.
    pub start: usize,
    /// The byte behind the last.
    pub end: usize,
    /// Where it leads.
    pub leads_to: LeadsTo,
}

/// Where a part of a text leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeadsTo {
    /// An address.
    Link(String),
    /// A tag, without its `#`.
    Tag(String),
}

/// The longest tag in characters: `maxGraphemes` of `app.bsky.richtext.facet#tag`.
const LONGEST_TAG: usize = 64;
/// What ends a sentence and not a link or a tag.
const PUNCTUATION: &str = ".,;:!?)'\"”’»…";

/// Every link and tag of a text, in order; words are what stands between spaces.
pub fn facets(text: &str) -> Vec<Facet> {
    let mut start = 0;
    let mut found = Vec::new();
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let opened = word.trim_start_matches(['(', '"', '\'', '“', '«']);
        let first = start + word.len() - opened.len();
        if let Some((length, leads_to)) = leading(opened) {
            found.push(Facet {
                start: first,
                end: first + length,
                leads_to,
            });
        }
        start += piece.len();
    }
    found
}

/// How many bytes at the beginning of a word lead somewhere, and where.
fn leading(word: &str) -> Option<(usize, LeadsTo)> {
    let whole = without_punctuation(word);
    let host = whole
        .strip_prefix("https://")
        .or_else(|| whole.strip_prefix("http://"));
    if host.is_some_and(|host| !host.is_empty()) {
        return Some((whole.len(), LeadsTo::Link(whole.to_owned())));
    }
    let tag = whole.strip_prefix('#').or_else(|| whole.strip_prefix('＃'))?;
    let is_tag = !tag.starts_with('#')
        && tag.chars().count() <= LONGEST_TAG
        && tag.chars().any(|c| !c.is_ascii_digit())
        && tag.chars().any(char::is_alphanumeric);
    is_tag.then(|| (whole.len(), LeadsTo::Tag(tag.to_owned())))
}

/// A bracket that was opened in the word is closed in it: addresses of encyclopaedias end so.
fn without_punctuation(word: &str) -> &str {
    let whole = word.trim_end_matches(|c: char| PUNCTUATION.contains(c));
    let closed = word.get(..=whole.len()).filter(|closed| closed.ends_with(')'));
    let opens = whole.matches('(').count() > whole.matches(')').count();
    closed.filter(|_| opens).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What stands at each facet, and where it leads.
    fn shown(text: &str) -> Vec<(&str, String)> {
        facets(text)
            .into_iter()
            .map(|facet| {
                let leads_to = match facet.leads_to {
                    LeadsTo::Link(url) => url,
                    LeadsTo::Tag(tag) => format!("tag {tag}"),
                };
                (&text[facet.start..facet.end], leads_to)
            })
            .collect()
    }

    #[test]
    fn links_and_tags_are_found_by_their_bytes_behind_hebrew_and_emoji() {
        let text = "שלום \u{1F469}\u{200D}\u{1F680} (https://example.com/א?a=1). #שיווק, \"#GitOps\"\nhttps://example.com/b";
        assert_eq!(
            shown(text),
            [
                (
                    "https://example.com/א?a=1",
                    "https://example.com/א?a=1".to_owned()
                ),
                ("#שיווק", "tag שיווק".to_owned()),
                ("#GitOps", "tag GitOps".to_owned()),
                ("https://example.com/b", "https://example.com/b".to_owned()),
            ]
        );
    }

    #[test]
    fn what_is_no_link_and_no_tag_stays_words() {
        for words in [
            "#1",
            "#",
            "##",
            "## heading",
            "C#",
            "https://",
            "example.com",
            "a#b",
            "#!?",
        ] {
            assert_eq!(shown(words), [], "{words}");
        }
        assert_eq!(shown(&format!("#{}", "a".repeat(65))), []);
    }

    #[test]
    fn a_bracket_belongs_to_the_link_that_opened_it() {
        for (text, link) in [
            ("https://example.com/Go_(game).", "https://example.com/Go_(game)"),
            ("(https://example.com/Go_(game))", "https://example.com/Go_(game)"),
            ("(https://example.com/Go)", "https://example.com/Go"),
        ] {
            assert_eq!(shown(text), [(link, link.to_owned())]);
        }
    }

    proptest! {
        #[test]
        fn facets_stand_in_order_on_whole_characters(text in "(\\PC|\n|#|https://|\u{1F514}|ש){0,60}") {
            let mut last = 0;
            for facet in facets(&text) {
                prop_assert!(last <= facet.start && facet.start < facet.end);
                prop_assert!(text.get(facet.start..facet.end).is_some());
                last = facet.end;
            }
        }
    }
}
