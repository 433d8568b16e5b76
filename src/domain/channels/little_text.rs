//! LinkedIn's little text: how words are written in it, and known again when they are read back.
//!
//! Source: <https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/little-text-format>.

/// What has to stand behind a backslash: LinkedIn cuts a text at the first that does not, and says nothing.
const RESERVED: &str = r"\|{}@[]()<>#*_~";
/// How a hashtag begins; its word and a brace follow.
const HASHTAG: &str = r"{hashtag|\#|";
/// Where LinkedIn's own short links lead.
const SHORT_LINKS: &str = "https://lnkd.in/";

/// Words as LinkedIn shows them to the letter; `#word` remains a hashtag.
pub(super) fn little_text(words: &str) -> String {
    let mut little = String::with_capacity(words.len());
    let mut rest = words;
    let mut before = ' ';
    while let Some(one) = rest.chars().next() {
        let tag = hashtag(rest).filter(|_| before.is_whitespace() || "([\"'".contains(before));
        if let Some(tag) = tag {
            little.extend([HASHTAG, tag, "}"]);
        } else {
            if RESERVED.contains(one) {
                little.push('\\');
            }
            little.push(one);
        }
        let length = one.len_utf8() + tag.map_or(0, str::len);
        (_, rest) = rest.split_at(length);
        before = one;
    }
    little
}

/// The word of a hashtag that a text begins with: letters and digits, at least one letter.
fn hashtag(text: &str) -> Option<&str> {
    let rest = text.strip_prefix('#')?;
    let end = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    (word.contains(char::is_alphabetic) && !after.starts_with('_')).then_some(word)
}

/// The words of a little text as a reader sees them, but for the brace at the end of a hashtag.
fn read(little: &str) -> String {
    let little = little.replace(HASHTAG, "#");
    let mut characters = little.chars();
    let mut words = String::with_capacity(little.len());
    while let Some(one) = characters.next() {
        // What stands behind a backslash is itself.
        words.extend(if one == '\\' { characters.next() } else { Some(one) });
    }
    words
}

/// True where a post that was read back has these words: letters and digits alike, links left out.
pub fn same_words(ours: &str, little: &str) -> bool {
    let words = essence(ours);
    !words.is_empty() && words == essence(&read(little))
}

fn essence(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !word.contains("://"));
    words
        .flat_map(str::chars)
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// True where a post that was read back has links, and LinkedIn has shortened each: no parameter can be seen in them.
pub fn has_short_links_alone(little: &str) -> bool {
    let words = read(little);
    let mut links = words
        .split_whitespace()
        .filter(|word| word.contains("://"))
        .peekable();
    links.peek().is_some() && links.all(|link| link.contains(SHORT_LINKS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_reserved_character_stands_behind_a_backslash() {
        assert_eq!(
            little_text(r"a (b) [c] {d} <e> f|g *h* _i_ ~j @k \l C# #1 # a#b"),
            r"a \(b\) \[c\] \{d\} \<e\> f\|g \*h\* \_i\_ \~j \@k \\l C\# \#1 \# a\#b"
        );
        assert_eq!(
            little_text("https://e.com/?utm_source=x#top שלום \u{1F514}"),
            r"https://e.com/?utm\_source=x\#top שלום 🔔"
        );
    }

    #[test]
    fn a_hashtag_remains_one_in_every_script() {
        assert_eq!(
            little_text("#Hiring, #קורותחיים (#Q2) #a_b #b"),
            r"{hashtag|\#|Hiring}, {hashtag|\#|קורותחיים} \({hashtag|\#|Q2}\) \#a\_b {hashtag|\#|b}"
        );
    }

    #[test]
    fn words_are_known_again_when_linkedin_has_shortened_their_link() {
        let ours = "שלום (עולם) #Jobs\n\nhttps://e.com/?cid=abcdefgh";
        let short = r"שלום \(עולם\) {hashtag|\#|Jobs} https://lnkd.in/dXyZ";
        assert!(same_words(ours, short) && has_short_links_alone(short));
        assert!(!same_words(ours, "שלום"));
        assert!(
            !same_words("\u{1F514}", "\u{1F514}"),
            "without a letter nothing is known"
        );
        assert!(!has_short_links_alone("no link"));
        assert!(!has_short_links_alone(
            r"https://lnkd.in/dXyZ https://e.com/?cid=other"
        ));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_as_it_was(words in "[a-z #@(){}|\\\\_*~א-ת🔔\n.]{0,40}") {
            prop_assert_eq!(read(&little_text(&words)).replace('}', ""), words.replace('}', ""));
        }
    }
}
