//! Finding phrases in folded words, many at once, in linear time.

use std::ops::Range;

use aho_corasick::AhoCorasick;

use super::folded::{Case, Folded};

/// More matches than anybody reads; beyond them a text is not searched on.
const MAX_MATCHES: usize = 100_000;
/// One-letter words that Hebrew writes together with the word that follows: and, the, in, to, from, that, as.
const HEBREW_PREFIXES: &str = "והבלמשכ";
/// Four of them stand together at most in practice: ושכשה.
const MAX_PREFIXES: usize = 5;

/// Phrases that are looked for.
#[derive(Clone, Debug)]
pub(super) struct Phrases {
    automaton: AhoCorasick,
    whole_word: bool,
    case: Case,
}

/// Where a phrase was found in folded words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Which of the phrases.
    pub phrase: usize,
    /// Where in the folded words.
    pub range: Range<usize>,
}

impl Phrases {
    /// Prepares phrases; an error says in a sentence which of them cannot be looked for.
    pub(super) fn new(phrases: &[String], case: Case, whole_word: bool) -> Result<Self, String> {
        let folded: Vec<String> = phrases
            .iter()
            .map(|phrase| Folded::of(phrase, case).text().trim().to_owned())
            .collect();
        if let Some(empty) = folded.iter().position(String::is_empty) {
            return Err(format!("phrase {} has no visible character", empty + 1));
        }
        let automaton =
            AhoCorasick::new(&folded).map_err(|error| format!("the phrases cannot be searched: {error}"))?;
        Ok(Self {
            automaton,
            whole_word,
            case,
        })
    }

    /// How the words have to be folded that it is looked for in.
    pub(super) fn case(&self) -> Case {
        self.case
    }

    /// Every place of every phrase, the longest first where several begin at one place; bounded.
    pub(super) fn find(&self, folded: &Folded) -> Vec<Found> {
        let text = folded.text();
        let mut found: Vec<Found> = self
            .automaton
            .find_overlapping_iter(text)
            .take(MAX_MATCHES)
            .map(|found| Found {
                phrase: found.pattern().as_usize(),
                range: found.range(),
            })
            .filter(|found| !self.whole_word || is_whole_word(text, &found.range))
            .collect();
        found.sort_by_key(|found| (found.range.start, std::cmp::Reverse(found.range.end)));
        found
    }

    /// The same, without what stands inside another one that was found.
    pub(super) fn find_apart(&self, folded: &Folded) -> Vec<Found> {
        let mut end = 0;
        let mut found = self.find(folded);
        found.retain(|found| {
            let apart = found.range.start >= end;
            end = end.max(found.range.end);
            apart
        });
        found
    }

    /// Whether any of the phrases is there.
    pub(super) fn is_in(&self, folded: &Folded) -> bool {
        if self.whole_word {
            return !self.find(folded).is_empty();
        }
        self.automaton.is_match(folded.text())
    }
}

/// True where neither end cuts through a word; a Hebrew word is whole behind its prefixes.
fn is_whole_word(text: &str, range: &Range<usize>) -> bool {
    let (before, after) = (text.get(..range.start), text.get(range.end..));
    let matched = text.get(range.clone()).unwrap_or_default();
    let ends = matched.chars().next_back().is_none_or(|last| !is_of_word(last))
        || after
            .and_then(|after| after.chars().next())
            .is_none_or(|next| !is_of_word(next));
    ends && begins(before.unwrap_or_default(), matched)
}

fn begins(before: &str, matched: &str) -> bool {
    if matched.chars().next().is_none_or(|first| !is_of_word(first)) {
        return true;
    }
    let mut prefixes = before
        .chars()
        .rev()
        .take_while(|one| is_of_word(*one))
        .take(MAX_PREFIXES + 1);
    let mut count = 0;
    prefixes.all(|one| {
        count += 1;
        HEBREW_PREFIXES.contains(one) && count <= MAX_PREFIXES
    })
}

/// Letters and digits of scripts that put spaces between words.
pub(super) fn is_of_word(one: char) -> bool {
    (one.is_alphanumeric() || one == '_') && !is_without_spaces(one)
}

/// Chinese, Japanese, Thai, Lao, Khmer and Burmese put no spaces between words.
fn is_without_spaces(one: char) -> bool {
    matches!(one, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(phrases: &[&str], whole_word: bool, text: &str) -> usize {
        let phrases: Vec<String> = phrases.iter().map(|&phrase| phrase.to_owned()).collect();
        let phrases = Phrases::new(&phrases, Case::Ignored, whole_word).unwrap();
        phrases.find(&Folded::of(text, Case::Ignored)).len()
    }

    #[test]
    fn whole_words_are_not_found_inside_others() {
        assert_eq!(count(&["cure"], true, "We cure it."), 1);
        assert_eq!(count(&["cure"], true, "A secure, cured place"), 0);
        assert_eq!(count(&["cure"], false, "A secure, cured place"), 2);
        assert_eq!(count(&["100% success"], true, "100% success!"), 1);
        assert_eq!(count(&["100%"], true, "Be 100%sure"), 1);
    }

    #[test]
    fn hebrew_words_are_found_behind_their_prefixes_and_not_inside_others() {
        for text in [
            "מובטח",
            "ומובטח",
            "שמובטח לכם",
            "כשמובטח",
            "והמובטח",
            "וכשהמובטח",
            "ה-מובטח",
        ] {
            assert_eq!(count(&["מובטח"], true, text), 1, "{text}");
        }
        for text in ["מובטחים", "אמובטח", "קמובטח"] {
            assert_eq!(count(&["מובטח"], true, text), 0, "{text}");
        }
    }

    #[test]
    fn a_phrase_is_found_over_a_line_break() {
        assert_eq!(count(&["100% success"], true, "100%\r\nsuccess"), 1);
    }

    #[test]
    fn words_of_scripts_without_spaces_are_found_anywhere() {
        assert_eq!(count(&["保证"], true, "我们保证成功"), 1);
    }

    #[test]
    fn a_phrase_that_nobody_sees_is_refused() {
        assert!(Phrases::new(&["\u{200b}".to_owned()], Case::Ignored, true).is_err());
    }
}
