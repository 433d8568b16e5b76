//! Values as the real server prints them in messages, which people and tests compare literally.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// A string in double quotes with everything escaped that does not print.
pub(in crate::standalone) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    text.chars().for_each(|letter| push_escaped(&mut quoted, letter));
    quoted.push('"');
    quoted
}

fn push_escaped(quoted: &mut String, letter: char) {
    match letter {
        '"' => quoted.push_str("\\\""),
        '\\' => quoted.push_str("\\\\"),
        '\u{7}' => quoted.push_str("\\a"),
        '\u{8}' => quoted.push_str("\\b"),
        '\u{c}' => quoted.push_str("\\f"),
        '\n' => quoted.push_str("\\n"),
        '\r' => quoted.push_str("\\r"),
        '\t' => quoted.push_str("\\t"),
        '\u{b}' => quoted.push_str("\\v"),
        ' ' => quoted.push(' '),
        _ if !does_not_print(letter) => quoted.push(letter),
        _ => push_code(quoted, u32::from(letter)),
    }
}

fn push_code(quoted: &mut String, code: u32) {
    // Writing into a String cannot fail.
    let _infallible = match code {
        0..0x80 => write!(quoted, "\\x{code:02x}"),
        0x80..0x1_0000 => write!(quoted, "\\u{code:04x}"),
        _ => write!(quoted, "\\U{code:08x}"),
    };
}

fn does_not_print(letter: char) -> bool {
    letter.is_control()
        || letter.is_whitespace()
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(letter, '\u{feff}' | '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..='\u{fffb}')
}

/// A value as it stands in an error message: strings quoted, the rest as JSON.
pub(in crate::standalone) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Number(number) => number_text(number),
        other => json(other),
    }
}

/// A number with the shortest digits; an exponent from 1e21 on and below 1e-4.
pub(in crate::standalone) fn number_text(number: &Number) -> String {
    match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => integer.to_string(),
        (None, Some(float)) => float_text(float),
        (None, None) => number.to_string(),
    }
}

/// A float with the shortest digits; an exponent from 1e21 on and below 1e-4.
pub(in crate::standalone) fn float_text(float: f64) -> String {
    let size = float.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        return with_exponent(&format!("{float:e}"));
    }
    format!("{float}")
}

// Rust writes 1e21 and 1e-5 where the server writes 1e+21 and 1e-05.
fn with_exponent(text: &str) -> String {
    let Some((digits, exponent)) = text.split_once('e') else {
        return text.to_owned();
    };
    let (sign, size) = match exponent.strip_prefix('-') {
        Some(size) => ('-', size),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{size:0>2}")
}

/// A value as the server prints it in the midst of a sentence: `map[a:1 b:[x y]]`.
pub(in crate::standalone) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number_text(number),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            let pairs = sorted
                .into_iter()
                .map(|(name, value)| format!("{name}:{}", plain(value)));
            format!("map[{}]", pairs.collect::<Vec<_>>().join(" "))
        }
    }
}

/// JSON with sorted keys and with `<`, `>` and `&` escaped.
pub(in crate::standalone) fn json(value: &Value) -> String {
    let mut text = String::new();
    push_json(&mut text, value);
    text
}

fn push_json(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => text.push_str(&number_text(number)),
        Value::String(string) => push_json_string(text, string),
        Value::Array(items) => push_json_list(text, items),
        Value::Object(fields) => push_json_object(text, fields),
    }
}

fn push_json_list(text: &mut String, items: &[Value]) {
    text.push('[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        push_json(text, item);
    }
    text.push(']');
}

fn push_json_object(text: &mut String, fields: &serde_json::Map<String, Value>) {
    let mut sorted: Vec<_> = fields.iter().collect();
    sorted.sort_by_key(|(name, _)| *name);
    text.push('{');
    for (position, (name, value)) in sorted.into_iter().enumerate() {
        if position > 0 {
            text.push(',');
        }
        push_json_string(text, name);
        text.push(':');
        push_json(text, value);
    }
    text.push('}');
}

fn push_json_string(text: &mut String, string: &str) {
    text.push('"');
    for letter in string.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '<' | '>' | '&' | '\0'..=' ' | '\u{2028}' | '\u{2029}' if letter != ' ' => {
                let _infallible = write!(text, "\\u{:04x}", u32::from(letter));
            }
            _ => text.push(letter),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn strings_are_quoted_as_the_server_quotes_them() {
        assert_eq!(quote("a \"b\"\n\u{1}é\u{200b}"), r#""a \"b\"\n\x01é\u200b""#);
    }

    #[test]
    fn numbers_have_an_exponent_only_where_they_are_long() {
        let texts: Vec<String> = [1e21, 1.5, 1e-5, 100_000.0, 0.0].map(float_text).into();
        assert_eq!(texts, ["1e+21", "1.5", "1e-05", "100000", "0"]);
    }

    #[test]
    fn objects_print_with_sorted_keys_and_escaped_angles() {
        assert_eq!(
            json(&json!({"b": 1.0, "a": "<x>"})),
            r#"{"a":"\u003cx\u003e","b":1}"#
        );
    }
}
