//! A text cut into words, numbers and marks; links, placeholders, handles and hashtags are left out.

use std::ops::Range;

use super::{
    quantity::Amount,
    words::{MAX_PHRASE, Meaning, Words, compared},
};
use crate::api::ClaimRole;

/// A piece of a text.
#[derive(Clone, Debug)]
pub(super) struct Token<'w> {
    /// Where it stands, in bytes.
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
    /// The compared form of a word; empty for everything else.
    pub(super) key: String,
    pub(super) meaning: Option<&'w Meaning>,
    /// What the letters mean that are written together with the word.
    pub(super) prefix: Option<&'w Meaning>,
    /// True where nothing that a reader sees stands between it and the token before.
    pub(super) glued: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number {
        amount: Amount,
        /// Thousands are set apart.
        grouped: bool,
        digits: usize,
    },
    /// A number that is a name: a version, a keycap, more digits than a quantity has.
    Name,
    Mark(char),
    /// The end of a sentence.
    Stop,
    /// The end of a line.
    Line,
}

impl Token<'_> {
    pub(super) fn does(&self, role: ClaimRole) -> bool {
        self.meaning.is_some_and(|meaning| meaning.does(role))
    }

    /// True where the letters before the word, or the letter that it is, do so.
    pub(super) fn leads(&self, role: ClaimRole) -> bool {
        self.prefix.is_some_and(|prefix| prefix.does(role))
    }

    pub(super) fn is_mark(&self, marks: &[char]) -> bool {
        matches!(self.kind, Kind::Mark(mark) if marks.contains(&mark))
    }
}

/// Cuts a text; expressions of several words that the languages know are one word.
pub(super) fn read<'w>(text: &str, words: &'w Words) -> Vec<Token<'w>> {
    let mut reader = Reader {
        text,
        words,
        at: 0,
        glued: false,
        tokens: Vec::new(),
    };
    while let Some(next) = reader.peek() {
        reader.token(next);
    }
    joined(&reader.tokens, words)
}

struct Reader<'t, 'w> {
    text: &'t str,
    words: &'w Words,
    at: usize,
    glued: bool,
    tokens: Vec<Token<'w>>,
}

impl Reader<'_, '_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn token(&mut self, next: char) {
        match next {
            '\n' => self.push(next.len_utf8(), Kind::Line),
            // Marks of direction and joiners: nobody sees them.
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => {
                self.at += next.len_utf8();
            }
            _ if next.is_whitespace() => {
                self.at += next.len_utf8();
                self.glued = false;
            }
            _ if next.is_alphabetic() => self.word(),
            _ if digit(next).is_some() => self.number(),
            _ => self.mark(next),
        }
    }

    fn push(&mut self, length: usize, kind: Kind) {
        let range = self.at..self.at + length;
        self.at = range.end;
        self.tokens.push(Token {
            range,
            kind,
            key: String::new(),
            meaning: None,
            prefix: None,
            glued: self.glued,
        });
        self.glued = true;
    }

    fn skip(&mut self, length: usize) {
        self.at += length;
        self.glued = false;
    }

    fn word(&mut self) {
        let rest = self.rest();
        if let Some(length) = link(rest) {
            return self.skip(length);
        }
        if let Some(prefix) = self.prefix_before_a_number(rest) {
            return self.prefix(prefix);
        }
        let unit = self.glued
            && matches!(
                self.tokens.last().map(|last| last.kind),
                Some(Kind::Number { .. })
            );
        // The x of 1080x1080, and not x1080.
        let letters = rest.find(|one: char| !one.is_alphabetic()).unwrap_or(rest.len());
        let length = if unit { letters } else { word_length(rest) };
        let word = rest.get(..length).unwrap_or_default();
        if rest.get(length..).is_some_and(|after| after.starts_with('@')) {
            return self.skip(run(rest));
        }
        let key = compared(word);
        let words = self.words;
        self.push(length, Kind::Word);
        let (key, meaning, prefix) = {
            let (key, meaning, prefix) = words.find(&key);
            (key.to_owned(), meaning, prefix)
        };
        if let Some(token) = self.tokens.last_mut() {
            (token.key, token.meaning, token.prefix) = (key, meaning, prefix);
        }
    }

    /// The length of a letter such as ב, with its hyphen, right before a number.
    fn prefix_before_a_number(&self, rest: &str) -> Option<usize> {
        let mut letters = rest.chars();
        let letter = letters.next().filter(|letter| self.words.is_prefix(*letter))?;
        let after = letters.as_str();
        let number = after.trim_start_matches(['-', '־', '–', '\u{200f}', '\u{200e}']);
        let starts = number.starts_with(|first| digit(first).is_some() || is_currency(first));
        starts.then(|| letter.len_utf8() + after.len() - number.len())
    }

    fn prefix(&mut self, length: usize) {
        let letter: String = self.peek().into_iter().collect();
        let words = self.words;
        self.push(length, Kind::Word);
        if let Some(token) = self.tokens.last_mut() {
            token.meaning = words.get(&letter);
            token.prefix = token.meaning;
            token.key = letter;
        }
        self.glued = false;
    }

    fn number(&mut self) {
        let rest = self.rest();
        let idiom = self.words.idioms.iter().find_map(|idiom| begins(rest, idiom));
        if let Some(length) = idiom {
            return self.push(length, Kind::Name);
        }
        let named = self.is_name();
        let scanned = scan(rest, self.words.decimal_comma);
        let kind = match scanned.kind {
            Kind::Number { .. } if named => Kind::Name,
            kind => kind,
        };
        self.push(scanned.length, kind);
    }

    /// True right after a hash, and after a Latin word with a hyphen: #1, GPT-4.
    fn is_name(&self) -> bool {
        let mut before = self.tokens.iter().rev();
        let Some(last) = before.next().filter(|_| self.glued) else {
            return false;
        };
        if last.is_mark(&['#', '№', '_']) {
            return true;
        }
        let word = before.next().filter(|_| last.is_mark(&['-', '‑']) && last.glued);
        word.is_some_and(|word| {
            let shown = self.text.get(word.range.clone()).unwrap_or_default();
            word.kind == Kind::Word && shown.starts_with(|first: char| first.is_ascii_uppercase())
        })
    }

    fn mark(&mut self, mark: char) {
        let rest = self.rest();
        if let Some(end) = rest.starts_with("{{").then(|| rest.find("}}")).flatten() {
            return self.skip(end + 2);
        }
        let tagged = rest.chars().nth(1).is_some_and(char::is_alphabetic);
        if matches!(mark, '@' | '#') && tagged && !self.glued {
            return self.skip(run(rest));
        }
        let ends = matches!(mark, '!' | '?' | '…' | '•' | '|') || (mark == '.' && is_stop(rest));
        let kind = if ends { Kind::Stop } else { Kind::Mark(mark) };
        self.push(mark.len_utf8(), kind);
    }
}

/// A point ends a sentence where a space follows, and no small letter after it: `approx. half` goes on.
fn is_stop(rest: &str) -> bool {
    let after = rest.get(1..).unwrap_or_default();
    let next = after.trim_start().chars().next();
    let spaced = after.is_empty() || after.starts_with(char::is_whitespace);
    spaced && !next.is_some_and(char::is_lowercase)
}

/// The length of what stands up to the next space.
fn run(rest: &str) -> usize {
    rest.find(char::is_whitespace).unwrap_or(rest.len())
}

fn link(rest: &str) -> Option<usize> {
    let begins = ["http://", "https://", "www.", "mailto:"];
    let head: String = rest.chars().take(8).flat_map(char::to_lowercase).collect();
    begins
        .iter()
        .any(|begin| head.starts_with(begin))
        .then(|| run(rest))
}

fn word_length(rest: &str) -> usize {
    let mut end = 0;
    let mut last = '\0';
    let mut letters = rest.char_indices().peekable();
    while let Some((at, one)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let inside = one.is_alphanumeric() || is_point(one);
        let quote = matches!(one, '\'' | '’' | '׳' | '"' | '״');
        let held = quote && next.is_some_and(char::is_alphabetic);
        // An abbreviated Hebrew word ends in its quote.
        let hebrew = rest.starts_with(|first| matches!(first, '\u{5d0}'..='\u{5ea}'));
        let ended = hebrew && matches!(one, '\'' | '׳' | '’');
        // A version: v2.1.3.
        let point = one == '.' && last.is_ascii_digit() && next.is_some_and(|next| next.is_ascii_digit());
        if !(inside || point || (held && (one != '"' || hebrew)) || ended) {
            break;
        }
        last = one;
        end = at + one.len_utf8();
        if ended && !held {
            break;
        }
    }
    end
}

fn is_point(one: char) -> bool {
    matches!(one, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}')
}

/// The symbols of the currencies that have one.
pub(super) fn is_currency(mark: char) -> bool {
    matches!(mark, '$' | '€' | '£' | '₪' | '¥' | '₹')
}

/// The value of a decimal digit of the scripts that our languages are written with, full width ones too.
fn digit(one: char) -> Option<char> {
    let zero = match one {
        '0'..='9' => return Some(one),
        '٠'..='٩' => '٠',
        '۰'..='۹' => '۰',
        '０'..='９' => '０',
        _ => return None,
    };
    char::from_digit(u32::from(one).checked_sub(u32::from(zero))?, 10)
}

struct Scanned {
    length: usize,
    kind: Kind,
}

/// Reads digits with the separators of thousands and decimals.
fn scan(rest: &str, decimal_comma: bool) -> Scanned {
    let (group, point) = if decimal_comma { ('.', ',') } else { (',', '.') };
    let mut ascii = String::new();
    let (mut length, mut points, mut grouped) = (0, 0, false);
    let mut left = rest;
    while let Some(first) = left.chars().next() {
        let after = left.get(first.len_utf8()..).unwrap_or_default();
        if let Some(value) = digit(first) {
            ascii.push(value);
        } else if first == point && after.starts_with(|next| digit(next).is_some()) {
            points += 1;
            ascii.push('.');
        } else if points == 0 && is_group(first, group) && has_three_digits(after) {
            grouped = true;
        } else {
            break;
        }
        length = rest.len() - after.len();
        left = after;
    }
    let digits = ascii.len() - points;
    let leading = ascii.len() > 1 && ascii.starts_with('0') && points == 0;
    let keycap = left.starts_with(['\u{fe0f}', '\u{20e3}']);
    let amount = Amount::parse(&ascii).filter(|_| points < 2 && !leading && !keycap);
    let kind = amount.map_or(Kind::Name, |amount| Kind::Number {
        amount,
        grouped,
        digits,
    });
    Scanned { length, kind }
}

fn is_group(mark: char, group: char) -> bool {
    mark == group || matches!(mark, '\u{202f}' | '\u{a0}' | '’' | '\'')
}

fn has_three_digits(after: &str) -> bool {
    let mut next = after.chars().map(digit);
    let three = next.by_ref().take(3).flatten().count() == 3;
    three && next.next().flatten().is_none()
}

/// The length of the beginning of `rest` that is `idiom`, whatever the case of its letters.
fn begins(rest: &str, idiom: &str) -> Option<usize> {
    let mut length = 0;
    let mut letters = rest.chars();
    for want in idiom.chars() {
        let one = letters.next()?;
        if one != want && !one.to_lowercase().eq(std::iter::once(want)) {
            return None;
        }
        length += one.len_utf8();
    }
    let ends = !letters.next().is_some_and(char::is_alphanumeric);
    ends.then_some(length)
}

/// Puts the words of known expressions together.
fn joined<'w>(tokens: &[Token<'w>], words: &'w Words) -> Vec<Token<'w>> {
    let mut kept: Vec<Token<'w>> = Vec::with_capacity(tokens.len());
    let mut skipped = 0;
    for (at, token) in tokens.iter().enumerate() {
        if skipped > 0 {
            skipped -= 1;
            continue;
        }
        let begins = token.meaning.is_some_and(|meaning| meaning.begins);
        let phrase = begins.then(|| phrase(tokens.get(at..)?, words)).flatten();
        let mut token = token.clone();
        if let Some((count, key, meaning)) = phrase {
            skipped = count - 1;
            let last = tokens
                .get(at + skipped)
                .map_or(token.range.end, |last| last.range.end);
            token.range.end = last;
            (token.key, token.meaning) = (key, Some(meaning));
        }
        kept.push(token);
    }
    kept
}

/// The longest expression that the tokens begin with.
fn phrase<'w>(tokens: &[Token<'_>], words: &'w Words) -> Option<(usize, String, &'w Meaning)> {
    let count = tokens
        .iter()
        .take(MAX_PHRASE)
        .take_while(|token| token.kind == Kind::Word)
        .count();
    (2..=count).rev().find_map(|count| {
        let keys: Vec<&str> = tokens
            .iter()
            .take(count)
            .map(|token| token.key.as_str())
            .collect();
        let key = keys.join(" ");
        let meaning = words.get(&key)?;
        Some((count, key, meaning))
    })
}
