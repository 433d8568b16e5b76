//! The preview text: what mail programs show beside the subject.

/// As much as common mail programs show.
const LONGEST: usize = 150;

/// The first paragraph of the introduction on one line, ended at a word where it is too long.
pub(super) fn preview(intro: &[String]) -> String {
    let first = intro.iter().take_while(|line| !line.is_empty());
    let words: Vec<&str> = first.flat_map(|line| line.split_whitespace()).collect();
    let whole = words.join(" ");
    if whole.chars().count() <= LONGEST {
        return whole;
    }
    let room: String = whole.chars().take(LONGEST - 1).collect();
    let end = room.rfind(' ').unwrap_or(room.len());
    let cut = room.get(..end).unwrap_or_default();
    // Half a placeholder would be shown to readers as it is.
    let cut = match (cut.rfind("{{"), cut.rfind("}}")) {
        (Some(open), close) if close.is_none_or(|close| close < open) => cut.get(..open).unwrap_or_default(),
        _ => cut,
    };
    format!("{}…", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(intro: &[&str]) -> String {
        let intro: Vec<String> = intro.iter().map(|line| (*line).to_owned()).collect();
        preview(&intro)
    }

    #[test]
    fn the_first_paragraph_stands_on_one_line() {
        assert_eq!(of(&["One  two", " three", "", "four"]), "One two three");
    }

    #[test]
    fn what_is_too_long_ends_at_a_word_and_never_in_a_placeholder() {
        let long = of(&[&"שלום ".repeat(60)]);
        assert!(long.chars().count() <= 150 && long.ends_with("שלום…"), "{long}");
        let named = of(&[&format!(
            "{} {{{{first_name | my friend}}}} and more",
            "a".repeat(130)
        )]);
        assert_eq!(named, format!("{}…", "a".repeat(130)));
        let unbroken = of(&[&"a".repeat(400)]);
        assert_eq!(unbroken.chars().count(), 150);
    }
}
