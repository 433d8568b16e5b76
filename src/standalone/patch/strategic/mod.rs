//! Strategic merge patch: a merge patch that knows which lists of a kind are merged, and by which key.
//!
//! Directives: `$patch` (`replace`, `delete`; `merge` is refused in lists), `$retainKeys`,
//! `$deleteFromPrimitiveList/LIST`, `$setElementOrder/LIST`.

mod elements;
mod list;
mod merged_lists;
mod order;
mod printed;

pub use merged_lists::MergedLists;
use serde_json::{Map, Value};

use super::{PatchError, merge::drop_nulls};
use merged_lists::Place;
use printed::{printed, printed_map};

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_FROM: &str = "$deleteFromPrimitiveList";
const ELEMENT_ORDER: &str = "$setElementOrder";

/// Merges a patch into an object of a built-in kind, whose lists `lists` knows.
pub fn apply(
    object: Map<String, Value>,
    patch: Value,
    lists: &MergedLists,
) -> Result<Map<String, Value>, PatchError> {
    let Value::Object(patch) = patch else {
        let kind = super::json_type(&patch);
        let target = "Go value of type map[string]interface {}";
        return Err(PatchError::BadRequest(format!(
            "json: cannot unmarshal {kind} into {target}"
        )));
    };
    merge_objects(object, patch, &lists.root())
}

type Members = Map<String, Value>;

fn merge_objects(mut object: Members, mut patch: Members, place: &Place<'_>) -> Result<Members, PatchError> {
    if let Some(directive) = patch.get(DIRECTIVE).cloned() {
        return replaced_whole(&directive, patch);
    }
    retain_keys(&mut object, &mut patch)?;
    order::merge_ordered_lists(&mut object, &mut patch, place)?;
    for (name, change) in patch {
        if name.starts_with(DELETE_FROM) {
            delete_from(&mut object, &name, change, place)?;
        } else {
            merge_member(&mut object, name, change, place)?;
        }
    }
    Ok(object)
}

fn replaced_whole(directive: &Value, mut patch: Members) -> Result<Members, PatchError> {
    match directive.as_str() {
        Some("replace") => {
            patch.shift_remove(DIRECTIVE);
            Ok(patch)
        }
        Some("delete") => Ok(Members::new()),
        _ => Err(unknown_directive(directive, &patch)),
    }
}

fn unknown_directive(directive: &Value, patch: &Members) -> PatchError {
    PatchError::Unnamed(format!(
        "unknown patch type: {} in map: {}",
        printed(directive),
        printed_map(patch)
    ))
}

fn retain_keys(object: &mut Members, patch: &mut Members) -> Result<(), PatchError> {
    let Some(retained) = patch.shift_remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let malformed = || PatchError::BadRequest("invalid patch format of retainKeys".to_owned());
    let retained = retained.as_array().ok_or_else(malformed)?;
    let is_retained = |name: &str| retained.iter().any(|retained| retained.as_str() == Some(name));
    let sets = |name: &str, change: &Value| {
        !change.is_null() && !name.starts_with(DELETE_FROM) && !name.starts_with(ELEMENT_ORDER)
    };
    if patch
        .iter()
        .any(|(name, change)| sets(name, change) && !is_retained(name))
    {
        return Err(malformed());
    }
    object.retain(|name, _| is_retained(name));
    Ok(())
}

fn delete_from(
    object: &mut Members,
    name: &str,
    deleted: Value,
    place: &Place<'_>,
) -> Result<(), PatchError> {
    let list = list_of_directive(name, DELETE_FROM, "invalid patch format of primitive list")?;
    if deleted.is_null() {
        object.shift_remove(list);
        return Ok(());
    }
    let (Some(Value::Array(items)), Value::Array(deleted)) = (object.get_mut(list), deleted) else {
        return Ok(());
    };
    let items = std::mem::take(items);
    let left = list::without(items, deleted, &place.list(list))?;
    object.insert(list.to_owned(), Value::Array(left));
    Ok(())
}

/// `$deleteFromPrimitiveList/finalizers` names `finalizers`.
fn list_of_directive<'a>(name: &'a str, prefix: &str, problem: &str) -> Result<&'a str, PatchError> {
    let list = name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('/'));
    list.ok_or_else(|| PatchError::BadRequest(problem.to_owned()))
}

fn merge_member(
    object: &mut Members,
    name: String,
    change: Value,
    place: &Place<'_>,
) -> Result<(), PatchError> {
    let merged = match (object.get_mut(&name), change) {
        (_, Value::Null) => {
            object.shift_remove(&name);
            return Ok(());
        }
        (Some(Value::Object(member)), Value::Object(change)) => Some(Value::Object(merge_objects(
            std::mem::take(member),
            change,
            &place.member(&name),
        )?)),
        (Some(Value::Array(items)), Value::Array(change)) => {
            let rule = place.list(&name);
            Some(Value::Array(if rule.merges() {
                list::merged(std::mem::take(items), change, &rule)?
            } else {
                change
            }))
        }
        (_, mut change) => {
            drop_nulls(&mut change);
            without_directives(change)
        }
    };
    match merged {
        Some(merged) => object.insert(name, merged),
        None => object.shift_remove(&name),
    };
    Ok(())
}

/// What is left of a value that is new to the object: nothing that carries a `$patch` directive.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Object(members) if members.contains_key(DIRECTIVE) => None,
        Value::Object(members) => {
            let kept = members
                .into_iter()
                .filter_map(|(name, member)| Some((name, without_directives(member)?)));
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => Some(Value::Array(
            items.into_iter().filter_map(without_directives).collect(),
        )),
        scalar => Some(scalar),
    }
}

#[cfg(test)]
mod tests;
