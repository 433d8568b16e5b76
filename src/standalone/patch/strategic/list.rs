//! Merges one list into another.

use std::collections::BTreeSet;

use serde_json::Value;

use super::elements::{are_objects, identity, places};
use super::merged_lists::ListRule;
use super::{DIRECTIVE, PatchError, merge_objects, order, unknown_directive};

/// Merges a patch's items into a list that is merged, and puts them in order: the patch's before the list's own.
pub(super) fn merged(
    original: Vec<Value>,
    patch: Vec<Value>,
    rule: &ListRule<'_>,
) -> Result<Vec<Value>, PatchError> {
    if original.is_empty() && patch.is_empty() {
        return Ok(original);
    }
    if !are_objects(&original, &patch)? {
        let wanted = patch.clone();
        let before = original.clone();
        let merged = distinct(original.into_iter().chain(patch));
        return order::ordered(merged, &wanted, &before, rule.key);
    }
    let (original, patch) = directed(original, patch, rule)?;
    let (wanted, before) = (patch.clone(), original.clone());
    let merged = merged_objects(original, patch, rule)?;
    order::ordered(merged, &wanted, &before, rule.key)
}

/// Takes scalars out of a list, whatever its rule.
pub(super) fn without(
    original: Vec<Value>,
    deleted: Vec<Value>,
    rule: &ListRule<'_>,
) -> Result<Vec<Value>, PatchError> {
    if are_objects(&original, &deleted)? {
        return merged(original, deleted, rule);
    }
    let deleted: BTreeSet<String> = deleted.iter().map(ToString::to_string).collect();
    Ok(original
        .into_iter()
        .filter(|item| !deleted.contains(&item.to_string()))
        .collect())
}

fn distinct(items: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(item.to_string())).collect()
}

/// Does what the `$patch` directives among a patch's items say, and gives back what is left of list and patch.
fn directed(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    rule: &ListRule<'_>,
) -> Result<(Vec<Value>, Vec<Value>), PatchError> {
    let Some(key) = rule.key else {
        let text = format!("cannot merge lists without merge key for {}", rule.item_kind());
        return Err(PatchError::Unnamed(text));
    };
    let (mut left, mut deleted, mut replace) = (Vec::new(), BTreeSet::new(), false);
    for item in patch {
        match directive(&item)? {
            None => left.push(item),
            Some(Directive::Replace) => replace = true,
            Some(Directive::Delete) => {
                deleted.insert(identity(&item, Some(key))?);
            }
        }
    }
    if replace {
        return Ok((left, Vec::new()));
    }
    if !deleted.is_empty() {
        let stays = |item: &Value| {
            item.get(key)
                .is_none_or(|value| !deleted.contains(&value.to_string()))
        };
        original.retain(stays);
    }
    Ok((original, left))
}

enum Directive {
    Replace,
    Delete,
}

fn directive(item: &Value) -> Result<Option<Directive>, PatchError> {
    let Some(members) = item.as_object() else {
        return Ok(None);
    };
    let Some(directive) = members.get(DIRECTIVE) else {
        return Ok(None);
    };
    match directive.as_str() {
        Some("replace") => Ok(Some(Directive::Replace)),
        Some("delete") => Ok(Some(Directive::Delete)),
        Some("merge") => Err(PatchError::Unnamed(
            "merging lists cannot yet be specified in the patch".to_owned(),
        )),
        _ => Err(unknown_directive(directive, members)),
    }
}

fn merged_objects(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    rule: &ListRule<'_>,
) -> Result<Vec<Value>, PatchError> {
    let mut known = places(&original, rule.key)?;
    for item in patch {
        let identity = identity(&item, rule.key)?;
        let place = known.get(&identity).copied();
        match (place.and_then(|place| original.get_mut(place)), item) {
            (Some(Value::Object(member)), Value::Object(change)) => {
                *member = merge_objects(std::mem::take(member), change, &rule.items)?;
            }
            (_, item) => {
                known.insert(identity, original.len());
                original.push(item);
            }
        }
    }
    Ok(original)
}
