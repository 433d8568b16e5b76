//! Lists that are sets or maps: no item twice.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::standalone::schema::field_error::{FieldError, Path};
use crate::standalone::schema::go_text;
use crate::standalone::schema::node::{Additional, Node};

/// Objects to every item that stands a second time in a list of the type `set` or `map`.
pub(in crate::standalone::schema) fn check(node: &Node, value: &Value, path: &Path<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check_value(node, value, path, &mut errors);
    errors
}

fn check_value(node: &Node, value: &Value, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(fields) => check_fields(node, fields, path, errors),
        Value::Array(items) => check_items(node, items, path, errors),
        _ => {}
    }
}

fn check_fields(node: &Node, fields: &Map<String, Value>, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    for (name, value) in fields {
        if let Some(other) = node.additional.as_ref().and_then(Additional::node) {
            check_value(other, value, &path.key(name), errors);
        }
        if let Some(property) = node.properties.get(name) {
            check_value(property, value, &path.child(name), errors);
        }
    }
}

fn check_items(node: &Node, items: &[Value], path: &Path<'_>, errors: &mut Vec<FieldError>) {
    match node.list_type.as_deref() {
        Some("set") => errors.extend(
            seen_again(items)
                .into_iter()
                .map(|(index, item)| FieldError::duplicate(&path.index(index), item.clone())),
        ),
        Some("map") => errors.extend(check_map(node, items, path)),
        _ => {}
    }
    if let Some(item_node) = node.items.as_deref() {
        for (index, item) in items.iter().enumerate() {
            check_value(item_node, item, &path.index(index), errors);
        }
    }
}

fn check_map(node: &Node, items: &[Value], path: &Path<'_>) -> Vec<FieldError> {
    let other = items
        .iter()
        .enumerate()
        .find(|(_, item)| !item.is_object() && !item.is_null());
    if let Some((index, item)) = other {
        let detail = "must be an object for an array of list-type map";
        return vec![FieldError::invalid(&path.index(index), item.clone(), detail)];
    }
    let keys: Vec<Value> = items.iter().map(|item| keys_of(node, item)).collect();
    seen_again(&keys)
        .into_iter()
        .map(|(index, key)| FieldError::duplicate(&path.index(index), key.clone()))
        .collect()
}

fn keys_of(node: &Node, item: &Value) -> Value {
    let key = |name: &String| item.get(name).map(|value| (name.clone(), value.clone()));
    Value::Object(node.list_map_keys.iter().filter_map(key).collect())
}

// The second appearance of each item, not the third: one complaint for each.
fn seen_again(items: &[Value]) -> Vec<(usize, &Value)> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let mut again = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let seen = times.entry(go_text::json(item)).or_default();
        *seen += 1;
        if *seen == 2 {
            again.push((index, item));
        }
    }
    again
}
