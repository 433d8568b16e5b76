//! A thread goes out whole or not at all: where one of its items is stopped, the others are.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use crate::{
    api::Severity,
    domain::{content::diagnostic::Diagnostic, items, slot::Slot},
};

/// Stops the items whose post has an item that is stopped; the problem itself is said where it is.
pub(super) fn report(candidates: &mut [Candidate<'_>]) {
    let mut stopped: BTreeMap<Slot, String> = BTreeMap::new();
    for candidate in candidates.iter().filter(|candidate| candidate.is_stopped()) {
        let item = candidate.slot.fields().item.clone();
        stopped.entry(candidate.slot.of_item(items::MAIN)).or_insert(item);
    }
    if stopped.is_empty() {
        return;
    }
    for candidate in candidates.iter_mut().filter(|candidate| !candidate.is_stopped()) {
        if let Some(item) = stopped.get(&candidate.slot.of_item(items::MAIN)) {
            let message = format!(
                "The item {item} of this post is Invalid, and the post goes out whole or not at all."
            );
            let code = (Severity::Error, "OtherItemInvalid");
            let said = (message, "Repair that item.");
            candidate.find(Diagnostic::at(candidate.path, candidate.span, code, said).finding());
        }
    }
}
