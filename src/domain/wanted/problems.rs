//! The problems of all files, in the order in which a person wants them.

use std::{cmp::Reverse, collections::BTreeMap};

use super::Inputs;
use crate::domain::content::{
    diagnostic::Diagnostic,
    text::{Span, Text},
};

/// The largest file that is read once more for its excerpts.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Puts what stops the campaign first and errors before warnings, each once, and gives every problem the line it is in.
pub(super) fn arrange(inputs: &Inputs<'_>, diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|one, other| {
        let weight = |found: &Diagnostic| (Reverse(found.fatal), Reverse(found.severity));
        weight(one).cmp(&weight(other)).then_with(|| one.cmp(other))
    });
    diagnostics.dedup();
    let mut bare: BTreeMap<String, Vec<&mut Diagnostic>> = BTreeMap::new();
    for diagnostic in diagnostics.iter_mut() {
        if diagnostic.excerpt.is_empty() && diagnostic.position.line > 0 {
            bare.entry(diagnostic.path.clone()).or_default().push(diagnostic);
        }
    }
    for (path, diagnostics) in bare {
        let Ok(bytes) = inputs.files.read(&path, MAX_BYTES) else {
            continue;
        };
        let Ok(text) = Text::decode(&path, &bytes, bytes.len()) else {
            continue;
        };
        for diagnostic in diagnostics {
            let span = Span {
                position: diagnostic.position,
                length: diagnostic.length,
            };
            diagnostic.excerpt = text.error(span, diagnostic.code, String::new(), "").excerpt;
        }
    }
}
