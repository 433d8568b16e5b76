//! Names as Kubernetes has them, and the sentences about those that are none.

use serde_json::Value;

/// A field that is a string; empty where it is missing or something else.
pub(super) fn text<'v>(fields: &'v Value, key: &str) -> &'v str {
    fields.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The strings of a list; empty where it is missing or something else.
pub(super) fn strings(fields: &Value, key: &str) -> Vec<String> {
    let items = fields
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    items
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

pub(in crate::standalone::schema) fn label_errors(name: &str) -> Vec<String> {
    let sentence = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    let begins = name.starts_with(|letter: char| letter.is_ascii_lowercase());
    errors(name, 63, begins && is_label(name), sentence)
}

pub(super) fn subdomain_errors(name: &str) -> Vec<String> {
    let sentence = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    errors(name, 253, name.split('.').all(is_label), sentence)
}

fn errors(name: &str, limit: usize, is_good: bool, sentence: &str) -> Vec<String> {
    let mut errors = Vec::new();
    if name.len() > limit {
        errors.push(format!("must be no more than {limit} characters"));
    }
    if !is_good {
        errors.push(sentence.to_owned());
    }
    errors
}

fn is_label(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    text.starts_with(is_plain)
        && text.ends_with(is_plain)
        && text.chars().all(|letter| is_plain(letter) || letter == '-')
}
