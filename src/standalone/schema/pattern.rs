//! Regular expressions as the real server reads them (RE2), on Rust's engine.

use regex::Regex;

/// A pattern of a schema with its compiled form.
///
/// Matching takes time linear in the text. The classes `\d`, `\w`, `\s` and `\b` mean ASCII only, as in RE2.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    text: String,
    regex: Regex,
}

/// The most memory that one compiled pattern may take: 1 MiB, a tenth of the engine's own default, because
/// whoever may create a definition chooses the patterns.
const COMPILED_LIMIT: usize = 1 << 20;

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The engine's words for what is wrong with the pattern.
    pub(super) fn compile(text: &str) -> Result<Self, String> {
        let regex = regex::RegexBuilder::new(&translated(text))
            .size_limit(COMPILED_LIMIT)
            .build()
            .map_err(|error| last_line(&error.to_string()))?;
        let text = text.to_owned();
        Ok(Self { text, regex })
    }

    /// Whether the pattern occurs in the text.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// The pattern as it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }
}

// The engine's message draws the pattern over several lines; the last one says what is wrong.
fn last_line(message: &str) -> String {
    let line = message.lines().last().unwrap_or(message).trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Rewrites what the two engines read differently: ASCII classes, and letters that are special to one only.
fn translated(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut letters = text.chars().peekable();
    let mut class_depth = Class::Outside;
    while let Some(letter) = letters.next() {
        match (letter, class_depth) {
            ('\\', _) => push_escape(&mut out, letters.next(), class_depth),
            ('[', Class::Outside) => {
                out.push('[');
                if letters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // A bracket that comes first is a literal one.
                if letters.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
                class_depth = Class::Inside;
            }
            ('[', Class::Inside) if letters.peek() == Some(&':') => push_named(&mut out, &mut letters),
            ('[' | '&' | '~', Class::Inside) => {
                out.push('\\');
                out.push(letter);
            }
            (']', Class::Inside) => {
                out.push(']');
                class_depth = Class::Outside;
            }
            ('{', Class::Outside) if !is_repetition(letters.clone()) => out.push_str("\\{"),
            _ => out.push(letter),
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Outside,
    Inside,
}

// Copies `[:alpha:]` up to its end.
fn push_named(out: &mut String, letters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    out.push('[');
    for letter in letters.by_ref() {
        out.push(letter);
        if letter == ']' {
            return;
        }
    }
}

fn is_repetition(rest: impl Iterator<Item = char>) -> bool {
    let inside: String = rest.take_while(|letter| *letter != '}').take(16).collect();
    let numbers = inside.split(',').collect::<Vec<_>>();
    let all_digits = |text: &&str| text.chars().all(|letter| letter.is_ascii_digit());
    numbers.len() <= 2
        && numbers.iter().all(all_digits)
        && numbers.first().is_some_and(|text| !text.is_empty())
}

fn push_escape(out: &mut String, escaped: Option<char>, class: Class) {
    let replacement = match (escaped, class) {
        (Some('d'), Class::Outside) => "[0-9]",
        (Some('D'), _) => "[^0-9]",
        (Some('w'), Class::Outside) => "[0-9A-Za-z_]",
        (Some('W'), _) => "[^0-9A-Za-z_]",
        (Some('s'), Class::Outside) => "[\\t\\n\\x0C\\r ]",
        (Some('S'), _) => "[^\\t\\n\\x0C\\r ]",
        (Some('d'), Class::Inside) => "0-9",
        (Some('w'), Class::Inside) => "0-9A-Za-z_",
        (Some('s'), Class::Inside) => "\\t\\n\\x0C\\r ",
        (Some('b'), Class::Outside) => "(?-u:\\b)",
        (Some('B'), Class::Outside) => "(?-u:\\B)",
        (Some('<'), _) => "<",
        (Some('>'), _) => ">",
        (Some(other), _) => {
            out.push('\\');
            out.push(other);
            return;
        }
        (None, _) => "\\",
    };
    out.push_str(replacement);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::compile(pattern).unwrap().matches(text)
    }

    #[test]
    fn classes_are_ascii() {
        assert!(matches(r"^\d\w\s$", "1a "));
        assert!(!matches(r"^\d$", "٣"));
        assert!(matches(r"^[\d\-_]+$", "1-_"));
        assert!(matches(r"^[^\s]+$", "x"));
        assert!(!matches(r"^\w$", "é"));
    }

    #[test]
    fn letters_that_only_one_engine_reads_specially_are_literal() {
        assert!(matches(r"^[[a&&~]+$", "[&~a"));
        assert!(matches(r"^{{x}}$", "{{x}}"));
        assert!(matches(r"^a{2,3}$", "aaa"));
        assert!(matches(r"^\<\/$", "</"));
        assert!(matches(r"^[]x]$", "]"));
        assert!(matches(r"^[[:alpha:]]$", "b"));
    }

    #[test]
    fn a_pattern_that_would_take_much_memory_is_refused() {
        assert!(Pattern::compile(r"(\pL{1000}){1000}").is_err());
        assert!(Pattern::compile("[a").is_err());
    }
}
