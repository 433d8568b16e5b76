//! What is wrong with a body, in the words of Go's parser.

/// The bytes of a body that a message quotes: its first 30, as hexadecimal digits if it does not begin as an object.
pub(super) fn summary(bytes: &[u8]) -> String {
    const QUOTED: usize = 30;
    let start = bytes.get(..QUOTED).unwrap_or(bytes);
    let more = if bytes.len() > QUOTED { " ..." } else { "" };
    match bytes.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(start)),
        Some(_) => format!("{}{more}", data_encoding::HEXLOWER.encode(start)),
    }
}

/// Says what a JSON text has wrong.
pub(super) fn of_json(error: &serde_json::Error, bytes: &[u8]) -> String {
    if error.is_eof() {
        return "unexpected end of JSON input".to_owned();
    }
    let text = error.to_string();
    let found = offending(error, bytes);
    let place = PLACES
        .iter()
        .find(|(start, _)| text.starts_with(start))
        .map(|(_, place)| *place);
    match (place, found) {
        (Some(_), Some(']')) if text.starts_with("trailing comma") => {
            "invalid character ']' looking for beginning of value".to_owned()
        }
        (Some(place), Some(found)) => format!("invalid character {found:?} {place}"),
        _ => text,
    }
}

const PLACES: [(&str, &str); 7] = [
    ("expected value", "looking for beginning of value"),
    ("expected `:`", "after object key"),
    ("expected `,` or `}`", "after object key:value pair"),
    ("expected `,` or `]`", "after array element"),
    (
        "key must be a string",
        "looking for beginning of object key string",
    ),
    ("trailing comma", "looking for beginning of object key string"),
    ("trailing characters", "after top-level value"),
];

/// The character at which the parser stopped; its columns count bytes from one.
fn offending(error: &serde_json::Error, bytes: &[u8]) -> Option<char> {
    let line = bytes
        .split(|byte| *byte == b'\n')
        .nth(error.line().checked_sub(1)?)?;
    let rest = line.get(error.column().checked_sub(1)?..)?;
    rest.utf8_chunks().next()?.valid().chars().next()
}
