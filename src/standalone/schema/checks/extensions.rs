//! What a schema may say at all: keywords that are not served, and the extensions that belong together.

use serde_json::Value;

use crate::standalone::schema::field_error::{FieldError, Path};
use crate::standalone::schema::metadata;
use crate::standalone::schema::node::{Additional, Node};

pub(super) fn check(root: &Node, path: &Path<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    node(
        root,
        Place {
            is_root: true,
            ..Place::default()
        },
        path,
        &mut errors,
    );
    errors
}

#[derive(Debug, Clone, Copy, Default)]
struct Place {
    is_root: bool,
    in_metadata: bool,
    /// Why no default may stand here.
    no_default: Option<&'static str>,
}

fn node(node: &Node, place: Place, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    keywords(node, place, path, errors);
    if node.unique_items {
        let detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.push(FieldError::forbidden(&path.child("uniqueItems"), detail));
    }
    below(node, place, path, errors);
    if node.preserve_unknown_fields == Some(false) {
        let path = path.child("x-kubernetes-preserve-unknown-fields");
        errors.push(FieldError::invalid(&path, false, "must be true or undefined"));
    }
    map_type(node, path, errors);
    list_type(node, path, errors);
    list_map(node, path, errors);
    key_fields(node, path, errors);
    super::super::rules::check_texts(node, path, errors);
}

const UNSERVED: &[(&str, &str)] = &[
    ("id", "id is not supported"),
    ("additionalItems", "additionalItems is not supported"),
    ("patternProperties", "patternProperties is not supported"),
    ("definitions", "definitions is not supported"),
    ("dependencies", "dependencies is not supported"),
    ("$ref", "$ref is not supported"),
];

fn keywords(node: &Node, place: Place, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let kind = node.type_name.as_str();
    if !kind.is_empty() && node.types().is_empty() {
        let known = ["array", "boolean", "integer", "number", "object", "string"];
        errors.push(FieldError::not_supported(&path.child("type"), kind, &known));
    }
    if let (Some(_), Some(reason)) = (&node.default, place.no_default) {
        let detail = format!("must not be set {reason}");
        errors.push(FieldError::forbidden(&path.child("default"), detail));
    }
    for (key, detail) in UNSERVED {
        if node.is_set(key) {
            errors.push(FieldError::forbidden(&path.child(key), *detail));
        }
    }
    if kind == "null" {
        let detail = "type cannot be set to null, use nullable as an alternative";
        errors.push(FieldError::forbidden(&path.child("type"), detail));
    }
    if node.items_is_list {
        let detail = "items must be a schema object and not an array";
        errors.push(FieldError::forbidden(&path.child("items"), detail));
    }
    if place.in_metadata && node.embedded_resource {
        let path = path.child("x-kubernetes-embedded-resource");
        errors.push(FieldError::forbidden(
            &path,
            "must not be used inside of resource meta",
        ));
    }
}

fn below(parent: &Node, place: Place, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    additional(parent, place, path, errors);
    let properties = path.child("properties");
    for (name, property) in &parent.properties {
        let place = field_place(parent, place, name);
        node(property, place, &properties.key(name), errors);
    }
    let place = Place {
        is_root: false,
        ..place
    };
    if let Some(not) = parent.not.as_deref() {
        node(not, place, &path.child("not"), errors);
    }
    for (key, list) in [
        ("allOf", &parent.all_of),
        ("oneOf", &parent.one_of),
        ("anyOf", &parent.any_of),
    ] {
        let path = path.child(key);
        for (index, branch) in list.iter().enumerate() {
            node(branch, place, &path.index(index), errors);
        }
    }
    if let Some(items) = parent.items.as_deref() {
        node(items, place, &path.child("items"), errors);
    }
}

fn field_place(parent: &Node, place: Place, name: &str) -> Place {
    let is_metadata = (place.is_root || parent.embedded_resource) && metadata::is_type_or_metadata(name);
    let reason = match name {
        _ if !(is_metadata && place.is_root) => place.no_default,
        "metadata" => Some("in top-level metadata"),
        "kind" => Some("in top-level kind"),
        _ => Some("in top-level apiVersion"),
    };
    Place {
        is_root: false,
        in_metadata: place.in_metadata || is_metadata,
        no_default: reason,
    }
}

fn additional(parent: &Node, place: Place, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let Some(other) = &parent.additional else {
        return;
    };
    let path = path.child("additionalProperties");
    if !parent.properties.is_empty() && !matches!(other, Additional::Any) {
        let detail = "additionalProperties and properties are mutual exclusive";
        errors.push(FieldError::forbidden(&path, detail));
    }
    if let Additional::Like(other) = other {
        let place = Place {
            is_root: false,
            no_default: if place.in_metadata {
                Some("inside additionalProperties applying to object metadata")
            } else {
                place.no_default
            },
            ..place
        };
        node(other, place, &path, errors);
    }
}

// `what` must be said of nodes of one type only.
fn of_type(node: &Node, wanted: &str, what: &str, path: &Path<'_>) -> Option<FieldError> {
    let detail = format!("must be {wanted} if {what} is specified");
    match node.type_name.as_str() {
        named if named == wanted => None,
        "" => Some(FieldError::required(&path.child("type"), detail)),
        named => Some(FieldError::invalid(&path.child("type"), named, detail)),
    }
}

fn map_type(node: &Node, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    const KEY: &str = "x-kubernetes-map-type";
    let Some(kind) = node.map_type.as_deref() else {
        return;
    };
    errors.extend(of_type(node, "object", KEY, path));
    if !matches!(kind, "atomic" | "granular") {
        let known = ["atomic", "granular"];
        errors.push(FieldError::not_supported(&path.child(KEY), kind, &known));
    }
}

fn list_type(node: &Node, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    const KEY: &str = "x-kubernetes-list-type";
    let Some(kind) = node.list_type.as_deref() else {
        return;
    };
    match of_type(node, "array", KEY, path) {
        Some(error) => errors.push(error),
        None if kind == "set" => errors.extend(set_error(node, path)),
        None => {}
    }
    if !matches!(kind, "atomic" | "set" | "map") {
        let known = ["atomic", "set", "map"];
        errors.push(FieldError::not_supported(&path.child(KEY), kind, &known));
    }
}

fn set_error(node: &Node, path: &Path<'_>) -> Option<FieldError> {
    let detail = "must be atomic as item of a list with x-kubernetes-list-type=set";
    let item = node.items.as_deref()?;
    let list_type = item.list_type.clone().map_or(Value::Null, Value::String);
    let is_atomic = |kind: &Option<String>| kind.as_deref() == Some("atomic");
    let path = path.child("items");
    match item.type_name.as_str() {
        "array" if item.list_type.is_some() && !is_atomic(&item.list_type) => Some(FieldError::invalid(
            &path.child("x-kubernetes-list-type"),
            list_type,
            detail,
        )),
        "object" if !is_atomic(&item.map_type) => Some(FieldError::invalid(
            &path.child("x-kubernetes-map-type"),
            list_type,
            detail,
        )),
        _ => None,
    }
}

fn list_map(node: &Node, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let list_type = node.list_type.as_deref();
    if !node.list_map_keys.is_empty() && list_type != Some("map") {
        let detail = "must be map if x-kubernetes-list-map-keys is non-empty";
        let path = path.child("x-kubernetes-list-type");
        errors.push(match list_type {
            None => FieldError::required(&path, detail),
            Some(kind) => FieldError::invalid(&path, kind, detail),
        });
    }
    if list_type != Some("map") {
        return;
    }
    if node.list_map_keys.is_empty() {
        let detail = "must not be empty if x-kubernetes-list-type is map";
        errors.push(FieldError::required(
            &path.child("x-kubernetes-list-map-keys"),
            detail,
        ));
    }
    let items_path = path.child("items");
    match node.items.as_deref() {
        None => {
            let detail = "must have a schema if x-kubernetes-list-type is map";
            errors.push(FieldError::required(&items_path, detail));
        }
        Some(items) if items.type_name != "object" => {
            let detail = "must be object if parent array's x-kubernetes-list-type is map";
            let named = items.type_name.as_str();
            errors.push(FieldError::invalid(&items_path.child("type"), named, detail));
        }
        Some(items) => list_map_keys(node, items, path, errors),
    }
}

fn list_map_keys(node: &Node, items: &Node, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let keys_path = path.child("x-kubernetes-list-map-keys");
    let all = || Value::from(node.list_map_keys.clone());
    for (index, key) in node.list_map_keys.iter().enumerate() {
        match items.properties.get(key) {
            None => {
                let detail = "entries must all be names of item properties";
                errors.push(FieldError::invalid(&keys_path, all(), detail));
            }
            Some(property) if matches!(property.type_name.as_str(), "array" | "object") => {
                let detail = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                let (items_path, named) = (path.child("items"), items.type_name.as_str());
                let properties = items_path.child("properties");
                let path = properties.key(key);
                errors.push(FieldError::invalid(&path.child("type"), named, detail));
            }
            Some(_) => {}
        }
        if node.list_map_keys.iter().take(index).any(|other| other == key) {
            let detail = "must not contain duplicate entries";
            errors.push(FieldError::invalid(&keys_path, all(), detail));
        }
    }
}

fn key_fields(node: &Node, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let (Some(items), Some(kind @ ("set" | "map"))) = (node.items.as_deref(), node.list_type.as_deref())
    else {
        return;
    };
    let path = path.child("items");
    if items.nullable {
        let detail = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        errors.push(FieldError::forbidden(&path.child("nullable"), detail));
    }
    let properties = path.child("properties");
    for key in node.list_map_keys.iter().filter(|_| kind == "map") {
        let Some(property) = items.properties.get(key) else {
            continue;
        };
        let path = properties.key(key);
        if !items.required.contains(key) && property.default.is_none() {
            let detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            errors.push(FieldError::required(&path.child("default"), detail));
        }
        if property.nullable {
            let detail = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.push(FieldError::forbidden(&path.child("nullable"), detail));
        }
    }
}
