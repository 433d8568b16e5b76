//! Fills in the defaults of a schema.

use serde_json::{Map, Value};

use super::node::{Additional, Node};

/// Fills in every default that `node` gives, after dropping the nulls that may not stand and have none.
///
/// A null where null is not allowed is replaced by the default. Defaults are filled in inside of defaults, and
/// inside of objects that are there; nothing is created above a default.
pub(super) fn fill(value: &mut Value, node: &Node) {
    drop_nulls(value, Some(node));
    fill_below(value, node);
}

fn is_forbidden_null(value: &Value, node: Option<&Node>) -> bool {
    value.is_null() && node.is_some_and(|node| !node.nullable)
}

fn drop_nulls(value: &mut Value, node: Option<&Node>) {
    match value {
        Value::Object(fields) => fields.retain(|name, value| {
            let node = node.and_then(|node| node.field(name));
            let dropped = is_forbidden_null(value, node) && node.is_some_and(|node| node.default.is_none());
            if !dropped {
                drop_nulls(value, node);
            }
            !dropped
        }),
        Value::Array(items) => {
            let node = node.and_then(|node| node.items.as_deref());
            for item in items {
                drop_nulls(item, node);
            }
        }
        _ => {}
    }
}

fn fill_below(value: &mut Value, node: &Node) {
    match value {
        Value::Object(fields) => fill_object(fields, node),
        Value::Array(items) => {
            let Some(item_node) = node.items.as_deref() else {
                return;
            };
            for item in items {
                fill_null(item, item_node);
                fill_below(item, item_node);
            }
        }
        _ => {}
    }
}

fn fill_object(fields: &mut Map<String, Value>, node: &Node) {
    for (name, property) in &node.properties {
        let Some(default) = &property.default else {
            continue;
        };
        let standing = fields.get(name);
        if standing.is_none_or(|value| is_forbidden_null(value, Some(property))) {
            fields.insert(name.clone(), default.as_ref().clone());
        }
    }
    for (name, value) in fields.iter_mut() {
        if let Some(property) = node.properties.get(name) {
            fill_below(value, property);
        } else if let Some(Additional::Like(other)) = &node.additional {
            fill_null(value, other);
            fill_below(value, other);
        }
    }
}

fn fill_null(value: &mut Value, node: &Node) {
    if let (true, Some(default)) = (is_forbidden_null(value, Some(node)), &node.default) {
        *value = default.as_ref().clone();
    }
}
