//! What the keys and values of labels may look like.

const KEY_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                        alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation \
                        is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', \
                          and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or \
                          '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN_RULE: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
                              '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex \
                              used for validation is \
                              '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

/// Says what is wrong with a label's key; empty if nothing is.
///
/// A key is an optional DNS subdomain (253 bytes) with `/`, and a name of at most 63 bytes.
pub fn label_key_problems(key: &str) -> Vec<String> {
    let mut parts = key.split('/');
    let (first, second, third) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    if third.is_some() {
        let suffix = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
        return vec![format!("a valid label key {KEY_RULE}{suffix}")];
    }
    let mut problems = second.map(|_| prefix_problems(first)).unwrap_or_default();
    problems.extend(name_problems(second.unwrap_or(first)));
    problems
}

fn prefix_problems(prefix: &str) -> Vec<String> {
    if prefix.is_empty() {
        return vec!["prefix part must be non-empty".to_owned()];
    }
    subdomain_problems(prefix)
        .iter()
        .map(|problem| format!("prefix part {problem}"))
        .collect()
}

fn name_problems(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        problems.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_qualified(name) {
        problems.push(format!("name part {KEY_RULE}"));
    }
    problems
}

/// Says what is wrong with a label's value (at most 63 bytes, may be empty); empty if nothing is.
pub fn label_value_problems(value: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if value.len() > 63 {
        problems.push("must be no more than 63 bytes".to_owned());
    }
    if !value.is_empty() && !is_qualified(value) {
        problems.push(VALUE_RULE.to_owned());
    }
    problems
}

/// Says what is wrong with a DNS subdomain of RFC 1123 (at most 253 bytes); empty if nothing is.
pub fn subdomain_problems(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name.len() > 253 {
        problems.push("must be no more than 253 bytes".to_owned());
    }
    if !name.split('.').all(is_dns_label) {
        problems.push(SUBDOMAIN_RULE.to_owned());
    }
    problems
}

fn is_qualified(name: &str) -> bool {
    starts_and_ends(name, |byte| byte.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn is_dns_label(label: &str) -> bool {
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    starts_and_ends(label, lower) && label.bytes().all(|byte| lower(byte) || byte == b'-')
}

fn starts_and_ends(text: &str, allowed: impl Fn(u8) -> bool) -> bool {
    text.bytes().next().is_some_and(&allowed) && text.bytes().next_back().is_some_and(&allowed)
}

/// Quotes a text as Go's `%q` does, which is how the API server quotes values in its messages.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        quote_character(character, &mut quoted);
    }
    quoted.push('"');
    quoted
}

fn quote_character(character: char, quoted: &mut String) {
    let escape = match character {
        '"' | '\\' => character,
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\0'..='\u{1f}' | '\u{7f}' => {
            let code = u32::from(character);
            quoted.push_str("\\x");
            quoted.extend(
                [code / 16, code % 16]
                    .into_iter()
                    .filter_map(|digit| char::from_digit(digit, 16)),
            );
            return;
        }
        _ => {
            quoted.push(character);
            return;
        }
    };
    quoted.push('\\');
    quoted.push(escape);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_have_a_domain_before_its_name() {
        for key in ["app", "campanile.dev/slot", "a.b-c/Under_score.1"] {
            assert_eq!(label_key_problems(key), Vec::<String>::new(), "{key}");
        }
    }

    #[test]
    fn each_problem_of_a_key_is_named() {
        assert_eq!(label_key_problems("/x"), ["prefix part must be non-empty"]);
        assert_eq!(label_key_problems("a/").len(), 2);
        assert!(label_key_problems("a/b/c")[0].starts_with("a valid label key must consist of"));
        assert!(
            label_key_problems("Upper.Case/x")[0].starts_with("prefix part a lowercase RFC 1123 subdomain")
        );
        assert_eq!(
            label_key_problems(&"x".repeat(64)),
            ["name part must be no more than 63 bytes"]
        );
    }

    #[test]
    fn a_value_may_be_empty_and_not_longer_than_63_bytes() {
        assert_eq!(label_value_problems(""), Vec::<String>::new());
        assert_eq!(
            label_value_problems(&"x".repeat(64)),
            ["must be no more than 63 bytes"]
        );
        assert_eq!(label_value_problems("-x").len(), 1);
    }

    #[test]
    fn values_are_quoted_as_the_server_quotes_them() {
        assert_eq!(quoted("a\"b\\c\n\0é"), "\"a\\\"b\\\\c\\n\\x00é\"");
    }
}
