//! The accounts that one row names.

/// The most accounts that one row may name.
pub const MAX_TARGETS: usize = 20;
/// Fewer digits than this are the number of a page or a group, not a telephone number.
const TELEPHONE_DIGITS: usize = 7;

/// Splits `account_target`: at every `|`, and at `+` between plain names.
///
/// A plain name has letters, digits, `_`, `-`, `.` and `/` only, and is no telephone number, so that
/// `team+news@example.com` and `+972501234567` stay whole. Items are trimmed; an empty one stays, to be pointed at.
pub fn accounts(words: &str) -> Vec<&str> {
    words
        .split('|')
        .flat_map(|item| {
            let names: Vec<&str> = item.split('+').map(str::trim).collect();
            if names.iter().all(|name| is_plain(name)) {
                names
            } else {
                vec![item.trim()]
            }
        })
        .collect()
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|one| one.is_alphanumeric() || matches!(one, '_' | '-' | '.' | '/'))
        && !is_telephone(name)
}

fn is_telephone(name: &str) -> bool {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    digits >= TELEPHONE_DIGITS
        && name
            .chars()
            .all(|one| one.is_ascii_digit() || matches!(one, '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_always_separates_and_a_plus_between_plain_names() {
        assert_eq!(accounts("personal+company"), ["personal", "company"]);
        assert_eq!(
            accounts("r/resumes|r/careerguidance | r/jobs"),
            ["r/resumes", "r/careerguidance", "r/jobs"]
        );
        assert_eq!(accounts("אישי+חברה|page.2"), ["אישי", "חברה", "page.2"]);
    }

    #[test]
    fn addresses_telephones_and_words_keep_their_plus() {
        assert_eq!(accounts("team+news@example.com"), ["team+news@example.com"]);
        assert_eq!(accounts("+972501234567|group"), ["+972501234567", "group"]);
        assert_eq!(accounts("office+972-50-1234567"), ["office+972-50-1234567"]);
        assert_eq!(accounts("c++"), ["c++"]);
        assert_eq!(accounts("our page + theirs"), ["our page + theirs"]);
    }

    #[test]
    fn an_empty_item_stays_to_be_pointed_at() {
        assert_eq!(accounts("a||b"), ["a", "", "b"]);
        assert_eq!(accounts(""), [""]);
    }
}
