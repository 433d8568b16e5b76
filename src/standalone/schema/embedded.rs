//! Resources inside of resources (`x-kubernetes-embedded-resource`): they name their kind.

use serde_json::{Map, Value};

use super::definition::label_errors;
use super::field_error::{FieldError, Path};
use super::node::{Additional, Node};

/// Objects to embedded resources without a valid type.
pub(super) fn check(node: &Node, value: &Value, errors: &mut Vec<FieldError>) {
    each(node, value, &Path::Root, &mut |fields, path| {
        type_errors(fields, path, errors);
    });
}

/// The embedded resources of an object, each with its path.
pub(super) fn resources(node: &Node, value: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    each(node, value, &Path::Root, &mut |fields, path| {
        found.push((path.to_string(), Value::Object(fields.clone())));
    });
    found
}

fn each(node: &Node, value: &Value, path: &Path<'_>, visit: &mut dyn FnMut(&Map<String, Value>, &Path<'_>)) {
    match value {
        Value::Object(fields) => {
            if node.embedded_resource {
                visit(fields, path);
            }
            for (name, value) in fields {
                if let Some(property) = node.properties.get(name) {
                    each(property, value, &path.child(name), visit);
                } else if let Some(other) = node.additional.as_ref().and_then(Additional::node) {
                    each(other, value, &path.key(name), visit);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if let Some(item_node) = node.items.as_deref() {
                    each(item_node, item, &path.index(index), visit);
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
            Some(Value::String(kind)) if name == "kind" => errors.extend(kind_error(kind, &path)),
            Some(Value::String(_)) => {}
            Some(other) => {
                errors.push(FieldError::invalid(&path, other.clone(), "must be a string"));
            }
        }
    }
}

fn kind_error(kind: &str, path: &Path<'_>) -> Option<FieldError> {
    let objections = label_errors(&kind.to_lowercase());
    let detail = format!(
        "may have mixed case, but should otherwise match: {}",
        objections.join(",")
    );
    (!objections.is_empty()).then(|| FieldError::invalid(path, kind, detail))
}
