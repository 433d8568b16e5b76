//! A structural schema: every value has its type said outside of `allOf` and its kin, which only restrict.

use crate::standalone::schema::field_error::{FieldError, Path};
use crate::standalone::schema::node::{Additional, Node};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

pub(super) fn check(root: &Node, path: &Path<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    invariants(root, Level::Root, path, &mut errors);
    errors
}

fn invariants(node: &Node, level: Level, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    if node.type_name == "array" && node.items.is_none() && !node.items_is_list {
        errors.push(FieldError::required(&path.child("items"), "must be specified"));
    }
    if let Some(items) = node.items.as_deref() {
        invariants(items, Level::Item, &path.child("items"), errors);
    }
    let properties = path.child("properties");
    for (name, property) in &node.properties {
        invariants(property, Level::Field, &properties.key(name), errors);
    }
    additional(node, level, path, errors);
    extensions(node, path, errors);
    let skip_any_of = is_integer_or_string(&node.any_of);
    restrictions(node, skip_any_of, path, errors);
    own_type(node, level, path, errors);
    metadata(node, level, path, errors);
    if node.embedded_resource && !node.preserves_unknown_fields() && node.properties.is_empty() {
        let detail = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        errors.push(FieldError::required(&properties, detail));
    }
}

fn additional(node: &Node, level: Level, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let Some(additional) = &node.additional else {
        return;
    };
    let path = path.child("additionalProperties");
    if level == Level::Root {
        errors.push(FieldError::forbidden(&path, "must not be used at the root"));
    }
    if node.embedded_resource {
        let detail = "must not be used if x-kubernetes-embedded-resource is set";
        errors.push(FieldError::forbidden(&path, detail));
    }
    if let Additional::Like(node) = additional {
        invariants(node, Level::Field, &path, errors);
    }
}

fn extensions(node: &Node, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    if !node.int_or_string {
        return;
    }
    let detail = "must be false if x-kubernetes-int-or-string is true";
    if node.preserves_unknown_fields() {
        let path = path.child("x-kubernetes-preserve-unknown-fields");
        errors.push(FieldError::invalid(&path, true, detail));
    }
    if node.embedded_resource {
        let path = path.child("x-kubernetes-embedded-resource");
        errors.push(FieldError::invalid(&path, true, detail));
    }
}

fn own_type(node: &Node, level: Level, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let path = path.child("type");
    let named = node.type_name.as_str();
    if node.embedded_resource && named != "object" {
        let detail = "must be object if x-kubernetes-embedded-resource is true";
        errors.push(if named.is_empty() {
            FieldError::required(&path, detail)
        } else {
            FieldError::invalid(&path, named, detail)
        });
    } else if named.is_empty() && !node.int_or_string && !node.preserves_unknown_fields() {
        let detail = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        errors.push(FieldError::required(&path, detail));
    }
    if level == Level::Root && !named.is_empty() && named != "object" {
        errors.push(FieldError::invalid(&path, named, "must be object at the root"));
    }
}

fn metadata(node: &Node, level: Level, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let is_resource = level == Level::Root || node.embedded_resource;
    let properties = path.child("properties");
    for name in ["kind", "apiVersion"] {
        let named = node
            .properties
            .get(name)
            .map(|property| property.type_name.as_str());
        if let Some(named) = named.filter(|named| is_resource && *named != "string") {
            let path = properties.key(name);
            errors.push(FieldError::invalid(&path.child("type"), named, "must be string"));
        }
    }
    let Some(metadata) = node.properties.get("metadata") else {
        return;
    };
    let path = properties.key("metadata");
    if is_resource && metadata.type_name != "object" {
        let named = metadata.type_name.as_str();
        errors.push(FieldError::invalid(&path.child("type"), named, "must be object"));
    }
    if level == Level::Root && restricts_more_than_names(metadata) {
        let detail = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        errors.push(FieldError::forbidden(&path, detail));
    }
}

fn restricts_more_than_names(metadata: &Node) -> bool {
    let is_name = |name: &String| matches!(name.as_str(), "name" | "generateName");
    let is_known = |key: &String| matches!(key.as_str(), "type" | "default" | "properties");
    !metadata.set.iter().all(is_known) || !metadata.properties.keys().all(is_name)
}

fn is_integer_or_string(branches: &[Node]) -> bool {
    let only_type = |node: &Node, name: &str| node.type_name == name && node.set == ["type"];
    matches!(branches, [first, second] if only_type(first, "integer") && only_type(second, "string"))
}

fn restrictions(node: &Node, skip_any_of: bool, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let any_of = path.child("anyOf");
    for (index, branch) in node.any_of.iter().enumerate().filter(|_| !skip_any_of) {
        nested(branch, Nested::default(), &any_of.index(index), errors);
    }
    let all_of = path.child("allOf");
    for (index, branch) in node.all_of.iter().enumerate() {
        let kind = Nested {
            skip_any_of: index == 0 && is_integer_or_string(&branch.any_of),
        };
        nested(branch, kind, &all_of.index(index), errors);
    }
    let one_of = path.child("oneOf");
    for (index, branch) in node.one_of.iter().enumerate() {
        nested(branch, Nested::default(), &one_of.index(index), errors);
    }
    if let Some(not) = node.not.as_deref() {
        nested(not, Nested::default(), &path.child("not"), errors);
    }
    if let Some(Err((pattern, error))) = &node.pattern {
        let detail = format!("must be a valid regular expression, but isn't: {error}");
        errors.push(FieldError::invalid(
            &path.child("pattern"),
            pattern.as_str(),
            detail,
        ));
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Nested {
    skip_any_of: bool,
}

fn nested(node: &Node, kind: Nested, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    restrictions(node, kind.skip_any_of, path, errors);
    if let Some(items) = node.items.as_deref() {
        nested(items, Nested::default(), &path.child("items"), errors);
    }
    let properties = path.child("properties");
    for (name, property) in &node.properties {
        nested(property, Nested::default(), &properties.key(name), errors);
    }
    for (key, present, detail) in forbidden_in_branches(node) {
        if present {
            errors.push(FieldError::forbidden(&path.child(key), detail));
        }
    }
    if node.properties.contains_key("metadata") {
        let detail = "must not be specified in a nested context";
        errors.push(FieldError::forbidden(&properties.key("metadata"), detail));
    }
}

fn forbidden_in_branches(node: &Node) -> [(&'static str, bool, &'static str); 13] {
    const EMPTY: &str = "must be empty to be structural";
    const UNDEFINED: &str = "must be undefined to be structural";
    const FALSE: &str = "must be false to be structural";
    [
        ("type", !node.type_name.is_empty(), EMPTY),
        ("additionalProperties", says_other_fields(node), UNDEFINED),
        ("default", node.default.is_some(), UNDEFINED),
        ("title", node.has_title, EMPTY),
        ("description", node.has_description, EMPTY),
        ("nullable", node.nullable, FALSE),
        (
            "x-kubernetes-preserve-unknown-fields",
            node.preserves_unknown_fields(),
            FALSE,
        ),
        ("x-kubernetes-embedded-resource", node.embedded_resource, FALSE),
        ("x-kubernetes-int-or-string", node.int_or_string, FALSE),
        (
            "x-kubernetes-list-map-keys",
            !node.list_map_keys.is_empty(),
            EMPTY,
        ),
        ("x-kubernetes-list-type", node.list_type.is_some(), UNDEFINED),
        ("x-kubernetes-map-type", node.map_type.is_some(), UNDEFINED),
        ("x-kubernetes-validations", !node.rules.is_empty(), EMPTY),
    ]
}

fn says_other_fields(node: &Node) -> bool {
    matches!(node.additional, Some(Additional::Like(_) | Additional::Any))
}
