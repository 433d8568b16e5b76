//! What a file that is no UTF-8 probably is, in a sentence of its own.

use crate::domain::content::diagnostic::Diagnostic;

/// Makes the general sentence about bytes that are no text into that of the editor's habit that made them.
pub(super) fn explained(error: Diagnostic, bytes: &[u8]) -> Diagnostic {
    if is_utf_16(bytes) {
        return Diagnostic {
            message: format!(
                "{} The file is UTF-16, what Excel calls Unicode Text.",
                error.message
            ),
            help: "In Excel choose Save As and the type \"CSV UTF-8 (Comma delimited)\".".to_owned(),
            ..error
        };
    }
    if error.code == "NotUtf8" && is_windows_1255(bytes) {
        return Diagnostic {
            message: format!(
                "{} It looks like Hebrew in Windows-1255, what Excel writes as plain CSV.",
                error.message
            ),
            help: "In Excel choose Save As and the type \"CSV UTF-8 (Comma delimited)\".".to_owned(),
            ..error
        };
    }
    error
}

fn is_utf_16(bytes: &[u8]) -> bool {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return true;
    }
    let start = bytes.get(..200.min(bytes.len())).unwrap_or_default();
    let words = start.iter().filter(|byte| **byte != 0).count();
    (start.len() - words) * 3 > start.len()
}

/// True where the file names a Hebrew locale, and what is no UTF-8 are words of Hebrew letters.
fn is_windows_1255(bytes: &[u8]) -> bool {
    let cell = |byte: &u8| matches!(byte, b',' | b';' | b'\t' | b'\r' | b'\n' | b'"');
    let is_hebrew = |cell: &[u8]| {
        let name = cell.trim_ascii();
        [&b"he"[..], b"iw", b"he-il", b"iw-il"]
            .iter()
            .any(|locale| name.eq_ignore_ascii_case(locale))
    };
    bytes.split(cell).any(is_hebrew) && has_hebrew_words(bytes)
}

/// Hebrew letters of Windows-1255 are 0xE0 to 0xFA. One alone, or one in a word of Latin letters, is an accent of another
/// code page.
fn has_hebrew_words(bytes: &[u8]) -> bool {
    let is_letter = |byte: &u8| (0xe0..=0xfa).contains(byte);
    let of_a_word = |byte: &u8| *byte >= 0xc0 || byte.is_ascii_alphabetic();
    let words = bytes
        .split(|byte| !of_a_word(byte))
        .filter(|word| word.iter().any(|byte| *byte >= 0xc0));
    let (mut hebrew, mut all) = (0, 0);
    for word in words {
        all += 1;
        hebrew += usize::from(word.len() > 1 && word.iter().all(is_letter));
    }
    hebrew > 0 && hebrew * 10 >= all * 8
}
