//! Resources inside of resources (`x-kubernetes-embedded-resource`): they name their kind.

use serde_json::{Map, Value};

use super::field_error::{FieldError, Path};
use super::node::{Additional, Node};

/// Objects to embedded resources without a valid type.
pub(super) fn check(node: &Node, value: &Value, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    match value {
        Value::Object(fields) => {
            if node.embedded_resource {
                type_errors(fields, path, errors);
            }
            for (name, value) in fields {
                if let Some(property) = node.properties.get(name) {
                    check(property, value, &path.child(name), errors);
                } else if let Some(other) = node.additional.as_ref().and_then(Additional::node) {
                    check(other, value, &path.key(name), errors);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(item_node) = node.items.as_deref() {
                    check(item_node, item, &path.index(index), errors);
                }
            }
        }
        _ => {}
    }
}

fn type_errors(fields: &Map<String, Value>, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    for name in ["apiVersion", "kind"] {
        let path = path.child(name);
        match fields.get(name) {
            None => errors.push(FieldError::required(&path, "")),
            Some(Value::String(text)) if text.is_empty() => {
                errors.push(FieldError::invalid(&path, "", "must not be empty"));
            }
            Some(Value::String(text)) if name == "apiVersion" && text.matches('/').count() > 1 => {
                let detail = format!("unexpected GroupVersion string: {text}");
                errors.push(FieldError::invalid(&path, text.as_str(), detail));
            }
            Some(Value::String(_)) => {}
            Some(other) => {
                errors.push(FieldError::invalid(&path, other.clone(), "must be a string"));
            }
        }
    }
}
