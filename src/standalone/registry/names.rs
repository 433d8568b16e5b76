//! Which names objects may have.

use crate::standalone::selector;

/// The rule that a kind has for the names of its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NameRule {
    /// DNS-1123 label, at most 63 letters.
    Label,
    /// DNS-1123 subdomain, at most 253 letters.
    Subdomain,
    /// Anything that can be one segment of a path.
    PathSegment,
}

/// What is wrong with a name; a prefix may end in `-`, for letters follow.
pub(super) fn problems(rule: NameRule, name: &str, prefix: bool) -> Vec<String> {
    let without_end = match name.strip_suffix('-') {
        Some(start) if prefix && !start.is_empty() => format!("{start}a"),
        _ => name.to_owned(),
    };
    match rule {
        NameRule::Label => label_problems(&without_end),
        NameRule::Subdomain => subdomain_problems(&without_end),
        NameRule::PathSegment => path_problems(name, prefix),
    }
}

fn subdomain_problems(name: &str) -> Vec<String> {
    let mut problems = selector::names::subdomain_problems(name);
    if name.len() > 253
        && let Some(first) = problems.first_mut()
    {
        // Labels speak of bytes where names speak of characters.
        "must be no more than 253 characters".clone_into(first);
    }
    problems
}

/// Names of namespaces, and segments of host names.
pub(super) fn label_problems(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name.len() > 63 {
        problems.push("must be no more than 63 characters".to_owned());
    }
    if is_label(name) {
        return problems;
    }
    if !name.is_empty() && name.split('.').all(is_label) {
        problems.push("must not contain dots".to_owned());
    } else {
        problems.push(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
             with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    problems
}

fn is_label(name: &str) -> bool {
    let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    bytes.first().is_some_and(letter)
        && bytes.last().is_some_and(letter)
        && bytes.iter().all(|byte| letter(byte) || *byte == b'-')
}

fn path_problems(name: &str, prefix: bool) -> Vec<String> {
    if !prefix && matches!(name, "." | "..") {
        return vec![format!("may not be '{name}'")];
    }
    let forbidden = ["/", "%"].into_iter().filter(|part| name.contains(part));
    forbidden
        .map(|part| format!("may not contain '{part}'"))
        .collect()
}

/// Keys of Secrets and ConfigMaps.
pub(super) fn data_key_problems(key: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if key.len() > 253 {
        problems.push("must be no more than 253 characters".to_owned());
    }
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if key.is_empty() || !key.bytes().all(fits) {
        problems.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  \
             or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
                .to_owned(),
        );
    }
    match key {
        "." | ".." => problems.push(format!("must not be '{key}'")),
        _ if key.starts_with("..") => problems.push("must not start with '..'".to_owned()),
        _ => {}
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_may_end_in_a_dash_and_a_name_may_not() {
        assert!(problems(NameRule::Label, "web-", true).is_empty());
        assert_eq!(problems(NameRule::Label, "web-", false).len(), 1);
    }

    #[test]
    fn a_long_name_and_a_wrong_one_are_two_problems() {
        assert_eq!(label_problems(&"X".repeat(64)).len(), 2);
    }

    #[test]
    fn dots_alone_are_no_keys() {
        assert_eq!(data_key_problems(".."), ["must not be '..'"]);
        assert!(data_key_problems("tls.crt").is_empty());
    }
}
