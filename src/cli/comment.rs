//! Markdown for a comment on a pull request: bounded, and foreign words are no mark-up in it.

use super::printed::steers;

/// A comment on GitHub has at most 65,536 characters; the rest is room for what tools put around it.
const LONGEST: usize = 60_000;
/// How many rows a table has.
pub(super) const ROWS: usize = 100;

/// As many whole blocks as fit.
pub(super) fn bounded(blocks: &[String], rest: &str) -> String {
    let mut text = String::new();
    for block in blocks {
        if text.chars().count() + block.chars().count() > LONGEST {
            let more = format!("The rest is too long for a comment: run `{rest}`.\n");
            return text + &more;
        }
        text.push_str(block);
        text.push_str("\n\n");
    }
    format!("{}\n", text.trim_end())
}

/// These lines, and how many more there are, which a command prints.
pub(super) fn cut(mut lines: Vec<String>, count: usize, rest: &str) -> String {
    if count > ROWS {
        lines.push(format!("\nand {} more: run `{rest}`", count - ROWS));
    }
    lines.join("\n")
}

/// Foreign words as code: GitHub looks for no mention, reference or link in it.
pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// A sentence that may quote foreign words: what could notify somebody or refer to something is taken apart.
pub(super) fn prose(text: &str) -> String {
    let mut told = String::new();
    for letter in text.chars() {
        told.push_str(&escaped_letter(letter));
        if matches!(letter, '@' | '#') {
            told.push_str("&#8203;");
        }
    }
    told
}

fn escaped(text: &str) -> String {
    text.chars().map(escaped_letter).collect()
}

/// Every character that Markdown or HTML could take for mark-up as an entity: an entity is never structure.
fn escaped_letter(letter: char) -> String {
    match letter {
        letter if letter.is_alphanumeric() || " ,;-".contains(letter) => letter.to_string(),
        letter if letter.is_whitespace() => " ".to_owned(),
        letter if letter.is_control() || steers(letter) => "&#65533;".to_owned(),
        letter => format!("&#{};", u32::from(letter)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_are_no_markup_no_link_and_no_mention() {
        assert_eq!(code("a|b`c<d>@e"), "<code>a&#124;b&#96;c&#60;d&#62;&#64;e</code>");
        assert_eq!(prose("ask @ada, #12"), "ask &#64;&#8203;ada, &#35;&#8203;12");
        assert_eq!(prose("https://e.com"), "https&#58;&#47;&#47;e&#46;com");
        assert_eq!(prose("two\nlines \u{202e}"), "two lines &#65533;");
    }

    #[test]
    fn a_comment_is_never_longer_than_github_takes() {
        let blocks = vec!["x".repeat(1000); 100];
        let text = bounded(&blocks, "campanile plan");
        assert!(text.chars().count() < 65_536);
        assert!(text.ends_with("run `campanile plan`.\n"));
    }
}
