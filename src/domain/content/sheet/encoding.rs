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
                "{} The Hebrew in it is Windows-1255, what Excel writes as plain CSV.",
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

/// Hebrew letters of Windows-1255 are 0xE0 to 0xFA; other code pages of one byte have accents spread wider.
fn is_windows_1255(bytes: &[u8]) -> bool {
    let high = bytes.iter().filter(|byte| **byte >= 0x80).count();
    let letters = bytes.iter().filter(|byte| (0xe0..=0xfa).contains(*byte)).count();
    letters * 10 >= high * 8
}
