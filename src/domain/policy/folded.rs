//! Words as they are compared: what looks the same is the same, and every byte knows where it comes from.
//!
//! NFKC brings full-width letters, ligatures and mathematical alphabets to plain ones. What remains of a mark that
//! composes with nothing (a stroke through a letter, Hebrew points), characters that nobody sees, and Cyrillic, Greek
//! or Armenian letters in the shape of Latin ones are brought to what a reader takes them for. A phrase and a text are
//! folded alike, so that a Russian phrase is still found in Russian text. Letters with accents stay what they are.

use std::ops::Range;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Words as they are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Folded {
    text: String,
    /// For each byte of the text and for its end, the byte of the original that it begins at.
    origins: Vec<u32>,
}

/// Whether upper and lower case are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    /// They are.
    Ignored,
    /// They are not.
    Kept,
}

impl Folded {
    /// Folds words; the cost is linear in their length.
    pub(super) fn of(words: &str, case: Case) -> Self {
        let mut folding = Folding {
            case,
            folded: Self {
                text: String::with_capacity(words.len()),
                origins: Vec::with_capacity(words.len() + 1),
            },
        };
        let mut rest = words.char_indices().peekable();
        while let Some((start, one)) = rest.next() {
            let alone = rest.peek().is_none_or(|(_, next)| next.is_ascii());
            if one.is_ascii() && alone {
                folding.push(one, start);
                continue;
            }
            let mut end = start + one.len_utf8();
            while let Some((at, next)) = rest.next_if(|(_, next)| is_combining_mark(*next)) {
                end = at + next.len_utf8();
            }
            let beside_latin = folding
                .folded
                .text
                .ends_with(|last: char| last.is_ascii_alphabetic())
                || rest.peek().is_some_and(|(_, next)| next.is_ascii_alphabetic());
            folding.cluster(words.get(start..end).unwrap_or_default(), start, beside_latin);
        }
        folding.finish(words.len())
    }

    /// The folded words.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where in the original a range of the folded words stands.
    pub(super) fn origin(&self, range: Range<usize>) -> Range<usize> {
        let at = |offset: usize| {
            let last = self.origins.last().copied().unwrap_or_default();
            self.origins.get(offset).copied().unwrap_or(last) as usize
        };
        at(range.start)..at(range.end)
    }
}

struct Folding {
    case: Case,
    folded: Folded,
}

impl Folding {
    /// A character with the marks on it.
    ///
    /// Capitals such as Н have no lower case that looks Latin: they are taken for Latin ones only beside Latin.
    fn cluster(&mut self, cluster: &str, start: usize, beside_latin: bool) {
        for one in cluster.nfkc() {
            if !is_combining_mark(one) && !is_invisible(one) {
                self.push(if beside_latin { look_alike(one) } else { one }, start);
            }
        }
    }

    fn push(&mut self, one: char, start: usize) {
        match self.case {
            Case::Ignored if one.is_ascii() => self.plain(one.to_ascii_lowercase(), start),
            // Lower case of one character may be several, of which marks are dropped as everywhere.
            Case::Ignored => one
                .to_lowercase()
                .filter(|lower| !is_combining_mark(*lower))
                .for_each(|lower| self.plain(lower, start)),
            Case::Kept => self.plain(one, start),
        }
    }

    fn plain(&mut self, one: char, start: usize) {
        let one = look_alike(one);
        if one.is_whitespace() {
            // Any run of spaces and line breaks is one space.
            if !self.folded.text.ends_with(' ') {
                self.append(' ', start);
            }
        } else if !one.is_control() {
            self.append(one, start);
        }
    }

    fn append(&mut self, one: char, start: usize) {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        self.folded.text.push(one);
        self.folded
            .origins
            .extend(std::iter::repeat_n(start, one.len_utf8()));
    }

    fn finish(mut self, length: usize) -> Folded {
        self.folded
            .origins
            .push(u32::try_from(length).unwrap_or(u32::MAX));
        self.folded
    }
}

/// Characters that take no room: format characters, joiners, marks of direction, variation selectors, tags.
pub(super) fn is_invisible(one: char) -> bool {
    matches!(one,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The character that a reader takes another one for (Unicode Technical Standard 39, confusables, the letters among
/// them that are drawn alike in common fonts), and quotes and dashes in their plain form.
fn look_alike(one: char) -> char {
    if one.is_ascii() {
        return one;
    }
    match one {
        'а' | 'α' | 'ɑ' => 'a',
        'А' | 'Α' => 'A',
        'Β' | 'В' => 'B',
        'с' | 'ϲ' => 'c',
        'С' | 'Ϲ' => 'C',
        'ԁ' => 'd',
        'е' | 'ҽ' => 'e',
        'Е' | 'Ε' => 'E',
        'ɡ' | 'ց' => 'g',
        'һ' | 'հ' => 'h',
        'Н' | 'Η' => 'H',
        'і' | 'ι' | 'ı' | 'ɩ' => 'i',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'ј' | 'ϳ' => 'j',
        'Ј' => 'J',
        'к' | 'κ' => 'k',
        'К' | 'Κ' => 'K',
        'ӏ' => 'l',
        'м' => 'm',
        'М' | 'Μ' => 'M',
        'ո' => 'n',
        'Ν' => 'N',
        'о' | 'ο' | 'օ' => 'o',
        'О' | 'Ο' | 'Օ' => 'O',
        'р' | 'ρ' => 'p',
        'Р' | 'Ρ' => 'P',
        'ԛ' => 'q',
        'ѕ' => 's',
        'Ѕ' => 'S',
        'т' | 'τ' => 't',
        'Т' | 'Τ' => 'T',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ѡ' => 'w',
        'х' | 'χ' => 'x',
        'Х' | 'Χ' => 'X',
        'у' | 'γ' => 'y',
        'У' | 'Υ' => 'Y',
        'Ζ' => 'Z',
        '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' | '׳' | '`' => '\'',
        '“' | '”' | '„' | '‟' | '″' | '״' => '"',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '־' => '-',
        '⁄' | '∕' => '/',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(words: &str) -> String {
        Folded::of(words, Case::Ignored).text
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        for hidden in [
            "Guaranteed",
            "gua\u{200b}ran\u{ad}teed",
            "ｇｕａｒａｎｔｅｅｄ",
            "𝐆𝐮𝐚𝐫𝐚𝐧𝐭𝐞𝐞𝐝",
            "guаrаntееd",
            "GUАRАΝΤЕЕD",
            "g\u{336}u\u{336}a\u{336}ranteed",
            "guar\u{2060}anteed",
        ] {
            assert_eq!(folded(hidden), "guaranteed", "{hidden:?}");
        }
    }

    #[test]
    fn hebrew_points_and_marks_of_direction_hide_nothing() {
        assert_eq!(folded("מֻבְטָח"), folded("מובטח").replace('ו', ""));
        assert_eq!(folded("מובטח\u{200f}"), folded("מובטח"));
        assert_eq!(folded("צ׳ק״ליסט"), folded("צ'ק\"ליסט"));
    }

    #[test]
    fn words_of_another_alphabet_keep_their_case_folding() {
        assert_eq!(folded("Вода"), folded("вода"));
        assert_eq!(folded("НАШ"), folded("наш"));
    }

    #[test]
    fn a_letter_with_an_accent_is_another_letter() {
        assert_ne!(folded("schön"), folded("schon"));
        assert_eq!(folded("scho\u{308}n"), folded("schön"));
    }

    #[test]
    fn runs_of_space_are_one_space_and_case_is_kept_where_it_counts() {
        assert_eq!(folded("100%\u{a0}\n  success"), "100% success");
        assert_eq!(Folded::of("ReSume", Case::Kept).text, "ReSume");
    }

    #[test]
    fn a_range_is_found_again_in_the_original() {
        let words = "so gua\u{200b}ranteed, yes";
        let folded = Folded::of(words, Case::Ignored);
        let start = folded.text().find("guaranteed").unwrap();
        let origin = folded.origin(start..start + "guaranteed".len());
        assert_eq!(&words[origin], "gua\u{200b}ranteed");
    }

    proptest! {
        #[test]
        fn every_range_is_a_range_of_the_original(words in "\\PC{0,40}") {
            let folded = Folded::of(&words, Case::Ignored);
            for (start, one) in folded.text().char_indices() {
                let origin = folded.origin(start..start + one.len_utf8());
                prop_assert!(words.get(origin).is_some());
            }
        }

        #[test]
        fn folding_what_is_folded_changes_nothing(words in "[a-zא-תа-я \u{200b}éß’—]{0,40}") {
            let once = folded(&words);
            prop_assert_eq!(folded(&once), once);
        }
    }
}
