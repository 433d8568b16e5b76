//! What is printed, and as what: words from a branch or a platform steer no terminal and no reader's direction.

use std::fmt::Write as _;

use clap::ValueEnum;

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// How a report is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Report {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
    /// For a comment on a pull request.
    Markdown,
}

/// First strong isolate, and its end: what stands between them keeps its own direction, and the line keeps its.
const ISOLATE: char = '\u{2068}';
const END: char = '\u{2069}';

/// A text without control characters and without marks of direction; one that runs from right to left is isolated.
pub(super) fn shown(text: &str) -> String {
    let plain: String = text.chars().map(harmless).collect();
    if plain.chars().any(runs_to_the_left) {
        format!("{ISOLATE}{plain}{END}")
    } else {
        plain
    }
}

fn harmless(letter: char) -> char {
    match letter {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => ' ',
        letter if letter.is_control() || steers(letter) => char::REPLACEMENT_CHARACTER,
        letter => letter,
    }
}

/// Marks, embeddings, overrides and isolates of direction, and characters that nobody sees.
pub(super) fn steers(letter: char) -> bool {
    matches!(letter,
        '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Hebrew, Arabic and the other scripts that are written from right to left (Unicode blocks 0590 to 08FF, and those beyond).
fn runs_to_the_left(letter: char) -> bool {
    matches!(letter,
        '\u{0590}'..='\u{08ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

/// A text in lines of at most so many characters, broken at spaces and each [`shown`]; a longer word has a line of its own.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let letters = word.chars().count();
        match lines.last_mut() {
            Some(line) if length + 1 + letters <= width => {
                // Writing to a String cannot fail.
                let _written = write!(line, " {word}");
                length += 1 + letters;
            }
            _ => {
                lines.push(word.to_owned());
                length = letters;
            }
        }
    }
    lines.iter().map(|line| shown(line)).collect()
}

/// How a word is coloured on a terminal; the stream leaves colours out where nobody sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    /// It is fine.
    Green,
    /// It waits.
    Yellow,
    /// It is stopped.
    Red,
    /// It matters.
    Bold,
    /// It matters less.
    Dim,
}

/// A word in a colour. The word is ours: foreign words are [`shown`] first.
pub(super) fn coloured(word: &str, colour: Colour) -> String {
    let code = match colour {
        Colour::Green => "32",
        Colour::Yellow => "33",
        Colour::Red => "31",
        Colour::Bold => "1",
        Colour::Dim => "2",
    };
    format!("\u{1b}[{code}m{word}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_from_a_branch_cannot_steer_a_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\r\nc\u{9b}d"), "a\u{fffd}[2Jb  c\u{fffd}d");
    }

    #[test]
    fn words_that_run_from_right_to_left_keep_their_direction_to_themselves() {
        assert_eq!(shown("שלום (1)"), "\u{2068}שלום (1)\u{2069}");
        assert_eq!(shown("hello (1)"), "hello (1)");
        // An override of their own would reach beyond them.
        assert_eq!(shown("\u{202e}txt.exe"), "\u{fffd}txt.exe");
        assert_eq!(shown("\u{2069}ש\u{2067}"), "\u{2068}\u{fffd}ש\u{fffd}\u{2069}");
    }

    #[test]
    fn lines_are_broken_at_spaces_and_never_within_a_word() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(
            wrapped("incomprehensibilities a b", 5),
            ["incomprehensibilities", "a b"]
        );
        assert_eq!(wrapped("", 5), Vec::<String>::new());
    }
}
