//! The order of a merged list: what `$setElementOrder` says, then the patch, then what stood before.

use std::collections::BTreeMap;

use serde_json::Value;

use super::elements::{identity, places, wrong_type};
use super::merged_lists::{ListRule, Place};
use super::printed::printed_list;
use super::{DIRECTIVE, ELEMENT_ORDER, Members, PatchError, list, list_of_directive, without_directives};

/// Merges each list that the patch orders, and takes it and its directive out of the patch.
pub(super) fn merge_ordered_lists(
    object: &mut Members,
    patch: &mut Members,
    place: &Place<'_>,
) -> Result<(), PatchError> {
    let names: Vec<String> = patch
        .keys()
        .filter(|name| name.starts_with(ELEMENT_ORDER))
        .cloned()
        .collect();
    for name in names {
        let Some(wanted) = patch.shift_remove(&name) else {
            continue;
        };
        let wanted = items_of(wanted)?;
        let list = list_of_directive(
            &name,
            ELEMENT_ORDER,
            "invalid patch format of setElementOrder list",
        )?;
        let before = object.get(list).cloned().map(items_of).transpose()?;
        let change = patch.get(list).cloned().map(items_of).transpose()?;
        let rule = place.list(list);
        check_order(change.as_deref().unwrap_or_default(), &wanted, &rule)?;
        let Some(merged) = merged(before.clone(), change, &rule)? else {
            continue;
        };
        let ordered = ordered(merged, &wanted, &before.unwrap_or_default(), rule.key)?;
        object.insert(list.to_owned(), Value::Array(ordered));
        patch.shift_remove(list);
    }
    Ok(())
}

fn items_of(value: Value) -> Result<Vec<Value>, PatchError> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(wrong_type("[]interface {}", &other)),
    }
}

fn merged(
    before: Option<Vec<Value>>,
    change: Option<Vec<Value>>,
    rule: &ListRule<'_>,
) -> Result<Option<Vec<Value>>, PatchError> {
    match (before, change) {
        (Some(before), Some(change)) if rule.merges() => list::merged(before, change, rule).map(Some),
        (Some(_), Some(change)) => Ok(Some(change)),
        (Some(before), None) => Ok(Some(before)),
        (None, Some(change)) => Ok(Some(change.into_iter().filter_map(without_directives).collect())),
        (None, None) => Ok(None),
    }
}

/// The patch's items have to stand in the wanted order, and all of them in it; deletions do not count.
fn check_order(change: &[Value], wanted: &[Value], rule: &ListRule<'_>) -> Result<(), PatchError> {
    if change.is_empty() || wanted.is_empty() {
        return Ok(());
    }
    let mut left = wanted.iter();
    for item in change.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let item = identity(item, rule.key)?;
        let found = loop {
            match left.next() {
                Some(next) if identity(next, rule.key)? == item => break true,
                Some(_) => {}
                None => break false,
            }
        };
        if !found {
            let (change, wanted) = (printed_list(change), printed_list(wanted));
            let text = format!(
                "The order in patch list:\n{change}\n doesn't match {ELEMENT_ORDER} list:\n{wanted}\n"
            );
            return Err(PatchError::Unnamed(text));
        }
    }
    Ok(())
}

/// Puts items in order: those that are wanted as they are wanted, the others among them as they stood before.
pub(super) fn ordered(
    items: Vec<Value>,
    wanted: &[Value],
    before: &[Value],
    key: Option<&str>,
) -> Result<Vec<Value>, PatchError> {
    let (wanted, before) = (places(wanted, key)?, places(before, key)?);
    let mut ordered = Vec::new();
    let mut others = Vec::new();
    for item in items {
        let identity = identity(&item, key)?;
        if wanted.contains_key(&identity) {
            ordered.push((identity, item));
        } else {
            others.push((identity, item));
        }
    }
    ordered.sort_by_key(|(identity, _)| wanted.get(identity).copied());
    others.sort_by_key(|(identity, _)| before.get(identity).copied().unwrap_or(usize::MAX));
    Ok(interleaved(others, ordered, &before))
}

/// Puts each of the others before the first wanted item that it stood before; both keep their own order.
fn interleaved(
    others: Vec<(String, Value)>,
    wanted: Vec<(String, Value)>,
    before: &BTreeMap<String, usize>,
) -> Vec<Value> {
    let mut result = Vec::with_capacity(others.len() + wanted.len());
    let mut others = others.into_iter().peekable();
    for (identity, item) in wanted {
        let place = before.get(&identity);
        let stood_before = |other: &(String, Value)| {
            before
                .get(&other.0)
                .zip(place)
                .is_some_and(|(other, item)| other < item)
        };
        while let Some((_, other)) = others.next_if(stood_before) {
            result.push(other);
        }
        result.push(item);
    }
    result.extend(others.map(|(_, other)| other));
    result
}
