//! What the items of lists are, and what tells one from another.

use std::collections::BTreeMap;

use serde_json::Value;

use super::PatchError;
use super::printed::{printed_list, printed_map, type_name};

/// What tells an item apart: its merge key's value, or itself; as JSON, so that it can be ordered.
pub(super) fn identity(item: &Value, key: Option<&str>) -> Result<String, PatchError> {
    let Some(key) = key else {
        return Ok(item.to_string());
    };
    let Value::Object(members) = item else {
        return Err(wrong_type("map[string]interface {}", item));
    };
    members.get(key).map(ToString::to_string).ok_or_else(|| {
        let members = printed_map(members);
        PatchError::Unnamed(format!(
            "map: {members} does not contain declared merge key: {key}"
        ))
    })
}

/// The first place of each identity.
pub(super) fn places(items: &[Value], key: Option<&str>) -> Result<BTreeMap<String, usize>, PatchError> {
    let mut places = BTreeMap::new();
    for (place, item) in items.iter().enumerate() {
        places.entry(identity(item, key)?).or_insert(place);
    }
    Ok(places)
}

/// Whether the items are objects; they have to be of one type, and no lists.
pub(super) fn are_objects(original: &[Value], patch: &[Value]) -> Result<bool, PatchError> {
    let mut items = original.iter().chain(patch);
    let Some(first) = items.next() else {
        return Ok(false);
    };
    if first.is_array() {
        return Err(PatchError::inapplicable("lists of lists are not supported"));
    }
    if first.is_null() || items.any(|item| type_name(item) != type_name(first)) {
        let lists = format!("[{} {}]", printed_list(original), printed_list(patch));
        return Err(PatchError::Unnamed(format!(
            "list element types are not identical: {lists}"
        )));
    }
    Ok(first.is_object())
}

pub(super) fn wrong_type(expected: &str, found: &Value) -> PatchError {
    PatchError::Unnamed(format!(
        "expected a {expected}, but received a {}",
        type_name(found)
    ))
}
