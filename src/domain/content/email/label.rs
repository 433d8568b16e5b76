//! The words that label subject, preview text and body, as data.

use unicode_normalization::UnicodeNormalization;

use crate::api::EmailLabels;

/// Part of an e-mail that a label begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain::content) enum Part {
    Subject,
    Preview,
    Body,
}

/// Label words, folded for comparison.
#[derive(Clone, Debug)]
pub(in crate::domain::content) struct Labels<P = Part>(Vec<(String, P)>);

const SHIPPED: [(&str, Part); 8] = [
    ("Subject", Part::Subject),
    ("Preview", Part::Preview),
    ("Preview text", Part::Preview),
    ("Preheader", Part::Preview),
    ("Body", Part::Body),
    ("נושא", Part::Subject),
    ("תקציר תצוגה", Part::Preview),
    ("תוכן", Part::Body),
];

impl Labels {
    /// The shipped labels and more.
    pub(super) fn with(more: &[EmailLabels]) -> Self {
        let more = more.iter().flat_map(|labels| {
            [
                (labels.subject.as_str(), Part::Subject),
                (&labels.preview, Part::Preview),
                (&labels.body, Part::Body),
            ]
        });
        Self::of(SHIPPED.into_iter().chain(more))
    }
}

impl<P: Copy> Labels<P> {
    /// Words, and the part that each begins; of one word twice the first counts.
    pub(in crate::domain::content) fn of<'w>(words: impl IntoIterator<Item = (&'w str, P)>) -> Self {
        let known = words.into_iter().map(|(word, part)| (folded(word), part));
        Self(known.filter(|(word, _)| !word.is_empty()).collect())
    }

    /// The part that a line begins, and the byte offset of what follows the colon.
    ///
    /// `Subject: words`, also with emphasis (`**Subject:** words`) and with marks of direction around it.
    pub(in crate::domain::content) fn read(&self, line: &str) -> Option<(P, usize)> {
        let (offset, colon) = line.char_indices().find(|(_, one)| is_colon(*one))?;
        let word = folded(line.get(..offset)?);
        let (_, part) = self.0.iter().find(|(known, _)| *known == word)?;
        let rest = line.get(offset + colon.len_utf8()..)?;
        let emphasised = line
            .trim_start_matches(is_mark)
            .trim_start()
            .starts_with(['*', '_']);
        let closing = if emphasised {
            rest.trim_start_matches(['*', '_'])
        } else {
            rest
        };
        Some((*part, line.len() - closing.len()))
    }
}

fn folded(word: &str) -> String {
    let around = |one: char| one.is_whitespace() || is_mark(one) || is_colon(one) || matches!(one, '*' | '_');
    word.trim_matches(around).nfc().collect::<String>().to_lowercase()
}

fn is_colon(one: char) -> bool {
    matches!(one, ':' | '：')
}

/// Invisible marks of direction, which editors put beside Hebrew and Arabic words.
pub(in crate::domain::content) fn is_mark(one: char) -> bool {
    matches!(one, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(Part, &str)> {
        let labels = Labels::with(&[EmailLabels {
            locale: "fr".into(),
            subject: "Objet :".into(),
            preview: "Aperçu".into(),
            body: "Corps".into(),
        }]);
        let (part, offset) = labels.read(line)?;
        Some((part, line[offset..].trim()))
    }

    #[test]
    fn labels_are_found_in_both_shipped_languages_and_in_added_ones() {
        assert_eq!(read("Subject: a: b"), Some((Part::Subject, "a: b")));
        assert_eq!(read("\u{200f}נושא: ציון"), Some((Part::Subject, "ציון")));
        assert_eq!(read("תוכן:"), Some((Part::Body, "")));
        assert_eq!(read("objet : bonjour"), Some((Part::Subject, "bonjour")));
        assert_eq!(read("Aperc\u{327}u: x"), Some((Part::Preview, "x")));
    }

    #[test]
    fn emphasis_around_a_label_is_no_part_of_the_words() {
        assert_eq!(read("**Subject:** a"), Some((Part::Subject, "a")));
        assert_eq!(read("**Subject**: a"), Some((Part::Subject, "a")));
        assert_eq!(read("Subject: **a**"), Some((Part::Subject, "**a**")));
    }

    #[test]
    fn other_lines_have_no_label() {
        assert_eq!(read("Subjects: a"), None);
        assert_eq!(read("The Subject: a"), None);
        assert_eq!(read("Subject"), None);
    }
}
