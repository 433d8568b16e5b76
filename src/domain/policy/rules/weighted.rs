//! How long a text is, as X counts it (the configuration `v3` of X's own library twitter-text).
//!
//! After NFC: every link is 23, every emoji 2 however many characters it is made of, the characters of U+0000 to
//! U+10FF and some punctuation 1, everything else, so Chinese, Japanese and Korean, 2. X knows links without
//! `https://` by every top level domain there is; here those that are in common use are known, and a link of another
//! one is counted by its letters.

use regex::Regex;
use std::sync::LazyLock;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

const LINK: usize = 23;
const WIDE: usize = 2;

/// Links with a scheme, then names of hosts with a common top level domain.
static LINKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)https?://[^\s<>]+|",
        r"(?-u:\b)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+",
        r"(?:com|org|net|edu|gov|info|biz|io|ai|app|dev|co|me|tv|us|uk|il|de|fr|es|it|nl|eu|ca|au|in|jp|cn|br|ru|ch|at|se|no|dk|fi|pl|be|ie|nz|za|xyz|online|site|shop|store|blog|news|tech|cloud|page|link|gg|ly|so|to)",
        r"(?-u:\b)(?:/[^\s<>]*)?"
    ))
    .ok()
});

static PICTURES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\p{Extended_Pictographic}|\p{Regional_Indicator}|\u{20e3}").ok());

/// The weighted length of a text.
pub(in crate::domain) fn length(text: &str) -> usize {
    let text: String = text.nfc().collect();
    let mut total = 0;
    let mut at = 0;
    for link in LINKS.iter().flat_map(|links| links.find_iter(&text)) {
        // The host of an e-mail address is no link.
        if text
            .get(..link.start())
            .is_some_and(|before| before.ends_with('@'))
        {
            continue;
        }
        total += text.get(at..link.start()).map_or(0, plain);
        let written = super::super::words::without_trailing_marks(link.as_str());
        total += LINK;
        at = link.start() + written.len();
    }
    total + text.get(at..).map_or(0, plain)
}

fn plain(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(weight).sum()
}

fn weight(grapheme: &str) -> usize {
    let mut characters = grapheme.chars();
    let first = characters.next().unwrap_or_default();
    let lone = characters.next().is_none();
    // Signs such as © count by their range as long as nothing turns them into a picture.
    let ranged = lone && u32::from(first) < 0x2000;
    if !ranged
        && PICTURES
            .as_ref()
            .is_some_and(|pictures| pictures.is_match(grapheme))
    {
        return WIDE;
    }
    grapheme
        .chars()
        .map(|one| if is_narrow(one) { 1 } else { WIDE })
        .sum()
}

fn is_narrow(one: char) -> bool {
    matches!(u32::from(one), 0..=4351 | 8192..=8205 | 8208..=8223 | 8242..=8247)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_counted_as_x_counts() {
        for (text, expected) in [
            ("", 0),
            ("hello", 5),
            ("שלום", 4),
            ("שלום עולם", 9),
            ("你好", 4),
            ("こんにちは", 10),
            ("한국어", 6),
            ("👍", 2),
            ("👨‍👩‍👧‍👦", 2),
            ("👍🏽", 2),
            ("🇮🇱", 2),
            ("1️⃣", 2),
            ("©", 1),
            ("—", 1),
            ("…", 2),
            ("e\u{301}", 1),
            ("https://example.com", 23),
            ("http://a.co", 23),
            (
                "https://example.com/a/very/long/path?with=parameters&and=more",
                23,
            ),
            ("See https://example.com/x.", 28),
            ("(https://example.com)", 25),
            ("example.com now", 27),
            ("mail me@example.com", 19),
            ("e.g. this", 9),
            ("one\ntwo", 7),
        ] {
            assert_eq!(length(text), expected, "{text:?}");
        }
    }
}
