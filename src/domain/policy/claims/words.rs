//! The words of languages, compiled: what each does to a number near it.

use std::{collections::BTreeMap, fmt};

use super::quantity::{Amount, Unit};
use crate::api::{ClaimLanguage, ClaimRole, ClaimTime};

const ENGLISH: &str = include_str!("languages/en.yaml");
const HEBREW: &str = include_str!("languages/he.yaml");
/// Words of one expression.
pub(super) const MAX_PHRASE: usize = 4;
/// Letters written together with a word: `ול` before `לקוחות`.
const MAX_PREFIX: usize = 2;

/// What words mean, by their compared form.
#[derive(Clone, Debug, Default)]
pub struct Words {
    entries: BTreeMap<String, Meaning>,
    prefixes: Vec<char>,
    pub(super) idioms: Vec<String>,
    pub(super) decimal_comma: bool,
}

/// What one word, or an expression of some, means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Meaning {
    roles: u64,
    pub(super) number: Option<Amount>,
    pub(super) magnitude: Option<Amount>,
    pub(super) vague: Option<Amount>,
    /// Part and whole.
    pub(super) fraction: Option<(Amount, Amount)>,
    pub(super) multiple: Option<Amount>,
    pub(super) multiplies: Option<Amount>,
    pub(super) currency: Option<String>,
    /// How many of what it is.
    pub(super) time: Option<(Amount, Unit)>,
    /// True where an expression of several words begins with it.
    pub(super) begins: bool,
}

/// Something wrong with the words of a language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WordsProblem {
    /// Where: the field.
    pub field: &'static str,
    /// The word.
    pub word: String,
    /// What is wrong.
    pub message: &'static str,
}

impl fmt::Display for WordsProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?}: {}", self.field, self.word, self.message)
    }
}

impl Meaning {
    pub(super) fn does(&self, role: ClaimRole) -> bool {
        self.roles & bit(role) != 0
    }
}

fn bit(role: ClaimRole) -> u64 {
    1 << (role as u32)
}

/// English and Hebrew.
///
/// A test reads both: what stands in the program can be read wherever it runs.
pub(super) fn shipped() -> Words {
    let mut words = Words::default();
    for language in [ENGLISH, HEBREW] {
        let read = serde_saphyr::from_str::<ClaimLanguage>(language);
        let added = read.map(|language| words.add(&language));
        debug_assert!(matches!(added, Ok(Ok(()))), "{added:?}");
    }
    words
}

impl Words {
    /// Adds the words of a language; one that is known already does both. Nothing is added where anything is wrong.
    pub(super) fn add(&mut self, language: &ClaimLanguage) -> Result<(), Vec<WordsProblem>> {
        let mut adding = Adding {
            words: self.clone(),
            problems: Vec::new(),
        };
        adding.language(language);
        if !adding.problems.is_empty() {
            return Err(adding.problems);
        }
        *self = adding.words;
        Ok(())
    }

    /// The meaning of a word or an expression in its compared form.
    pub(super) fn get(&self, key: &str) -> Option<&Meaning> {
        self.entries.get(key)
    }

    /// The meaning of a word, and of the letters before it where it has a meaning without them alone.
    pub(super) fn find<'k>(&self, key: &'k str) -> (&'k str, Option<&Meaning>, Option<&Meaning>) {
        if let Some(meaning) = self.get(key) {
            return (key, Some(meaning), None);
        }
        let (mut rest, mut leading) = (key, None);
        for _ in 0..MAX_PREFIX {
            let Some(letter) = rest.chars().next().filter(|letter| self.is_prefix(*letter)) else {
                break;
            };
            let (prefix, after) = rest.split_at(letter.len_utf8());
            if after.chars().nth(1).is_none() {
                break;
            }
            // What joins two words says nothing of the word: the next letter does.
            if leading.is_none_or(|known: &Meaning| known.does(ClaimRole::And)) {
                leading = self.get(prefix).or(leading);
            }
            rest = after;
            if let Some(meaning) = self.get(rest) {
                return (rest, Some(meaning), leading);
            }
        }
        (key, None, leading)
    }

    /// True for a letter that is written together with the word after it.
    pub(super) fn is_prefix(&self, letter: char) -> bool {
        self.prefixes.contains(&letter)
    }
}

struct Adding {
    words: Words,
    problems: Vec<WordsProblem>,
}

impl Adding {
    fn language(&mut self, language: &ClaimLanguage) {
        self.words.decimal_comma = language.decimal_comma;
        for prefix in &language.prefixes {
            self.words.prefixes.extend(prefix.chars().next());
        }
        let idioms = language.idioms.iter().map(|idiom| compared(idiom));
        self.words
            .idioms
            .extend(idioms.filter(|idiom| idiom.starts_with(|first: char| first.is_ascii_digit())));
        self.amounts("numbers", &language.numbers, |meaning| &mut meaning.number);
        self.amounts("magnitudes", &language.magnitudes, |meaning| {
            &mut meaning.magnitude
        });
        self.amounts("vague", &language.vague, |meaning| &mut meaning.vague);
        self.factors("multiples", &language.multiples, |meaning| &mut meaning.multiple);
        self.factors("multiplies", &language.multiplies, |meaning| {
            &mut meaning.multiplies
        });
        self.fractions(&language.fractions);
        for (word, code) in &language.currencies {
            self.entry("currencies", word).currency = Some(code.to_uppercase());
        }
        for (word, time) in &language.durations {
            self.entry("durations", word).time = time_of(*time);
        }
        for words in &language.words {
            for word in &words.words {
                self.entry("words", word).roles |= bit(words.role);
            }
        }
    }

    fn amounts(
        &mut self,
        field: &'static str,
        words: &BTreeMap<String, i64>,
        of: fn(&mut Meaning) -> &mut Option<Amount>,
    ) {
        for (word, number) in words {
            match Amount::whole(*number) {
                Some(amount) => *of(self.entry(field, word)) = Some(amount),
                None => self.problem(field, word, "the number must be between 0 and 10^15"),
            }
        }
    }

    fn factors(
        &mut self,
        field: &'static str,
        words: &BTreeMap<String, String>,
        of: fn(&mut Meaning) -> &mut Option<Amount>,
    ) {
        for (word, factor) in words {
            match Amount::fraction(factor) {
                Some(amount) => *of(self.entry(field, word)) = Some(amount),
                None => self.problem(field, word, "write a number such as 2 or 1/2"),
            }
        }
    }

    fn fractions(&mut self, words: &BTreeMap<String, String>) {
        for (word, fraction) in words {
            let parts = fraction.split_once('/');
            let parts = parts.and_then(|(part, whole)| Some((Amount::parse(part)?, Amount::parse(whole)?)));
            match parts.filter(|(_, whole)| *whole > Amount::default()) {
                Some(parts) => self.entry("fractions", word).fraction = Some(parts),
                None => self.problem("fractions", word, "write a part such as 1/3"),
            }
        }
    }

    /// The entry of a word; that of nothing where the word is none, with its problem.
    fn entry(&mut self, field: &'static str, word: &str) -> &mut Meaning {
        let key = compared(word);
        let count = key.split(' ').count();
        if key.is_empty() || count > MAX_PHRASE {
            self.problem(field, word, "write one to four words");
        } else if let (Some(first), true) = (key.split(' ').next(), count > 1) {
            let begins = self.words.entries.entry(first.to_owned()).or_default();
            begins.begins = true;
        }
        self.words.entries.entry(key).or_default()
    }

    fn problem(&mut self, field: &'static str, word: &str, message: &'static str) {
        self.problems.push(WordsProblem {
            field,
            word: word.chars().take(64).collect(),
            message,
        });
    }
}

/// The form in which words are compared: lower case, one space between two, plain quotes, no vowel points.
pub(super) fn compared(words: &str) -> String {
    let mut compared = String::with_capacity(words.len());
    for word in words.split_whitespace() {
        if !compared.is_empty() {
            compared.push(' ');
        }
        for one in word.chars() {
            match one {
                '\u{591}'..='\u{5bd}' | '\u{5bf}'..='\u{5c7}' => {}
                '’' | '‘' | '׳' => compared.push('\''),
                '״' | '”' | '“' => compared.push('"'),
                one => compared.extend(one.to_lowercase()),
            }
        }
    }
    compared
}

/// Weeks, days and hours are so many seconds; months and years differ in length, and count in months.
fn time_of(time: ClaimTime) -> Option<(Amount, Unit)> {
    let (number, unit) = match time {
        ClaimTime::Second => (1, Unit::Seconds),
        ClaimTime::Minute => (60, Unit::Seconds),
        ClaimTime::Hour => (3_600, Unit::Seconds),
        ClaimTime::Day => (86_400, Unit::Seconds),
        ClaimTime::Week => (604_800, Unit::Seconds),
        ClaimTime::Month => (1, Unit::Months),
        ClaimTime::Year => (12, Unit::Months),
    };
    Some((Amount::whole(number)?, unit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_languages_can_be_read_and_are_whole() {
        for text in [ENGLISH, HEBREW] {
            let language: ClaimLanguage = serde_saphyr::from_str(text).unwrap();
            Words::default().add(&language).unwrap();
            assert!(language.numbers.len() > 20 && language.words.len() > 20);
        }
    }

    #[test]
    fn letters_before_a_hebrew_word_are_told_from_it() {
        let words = shipped();
        let (rest, meaning, prefix) = words.find("ולקוחות");
        assert_eq!(rest, "לקוחות");
        assert!(meaning.unwrap().does(ClaimRole::Counted));
        assert!(prefix.unwrap().does(ClaimRole::And));
        let (_, _, prefix) = words.find("מהמועמדים");
        assert!(prefix.unwrap().does(ClaimRole::Of));
        let (_, meaning, prefix) = words.find("לעשר");
        assert_eq!(meaning.unwrap().number, Amount::whole(10));
        assert!(prefix.unwrap().does(ClaimRole::To));
        // A word that stands in the list is that word.
        assert_eq!(words.find("שש").1.unwrap().number, Amount::whole(6));
    }

    #[test]
    fn vowel_points_and_quotes_make_no_other_word() {
        assert_eq!(compared(" שָׁעוֹת "), "שעות");
        assert_eq!(compared("ש״ח"), "ש\"ח");
        assert_eq!(compared("Job  SEEKERS"), "job seekers");
    }

    #[test]
    fn words_that_mean_nothing_are_refused_with_their_field() {
        let language = ClaimLanguage {
            locale: "de".to_owned(),
            numbers: BTreeMap::from([("minus".to_owned(), -1)]),
            fractions: BTreeMap::from([("halb".to_owned(), "1/0".to_owned())]),
            multiples: BTreeMap::from([("doppelt".to_owned(), "two".to_owned())]),
            idioms: Vec::new(),
            ..ClaimLanguage::default()
        };
        let problems = Words::default().add(&language).unwrap_err();
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["numbers", "multiples", "fractions"]);
    }
}
