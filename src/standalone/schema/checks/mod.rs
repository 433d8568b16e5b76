//! What a schema must be, so that objects can be pruned, defaulted and judged by it.

mod completeness;
mod default_values;
mod extensions;
mod structure;

use super::field_error::{FieldError, Path};
use super::node::Node;

/// What is known of the definition that a schema belongs to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Circumstances {
    /// The version has a status subresource, so its schema is cut at `status`.
    pub(super) status_subresource: bool,
}

/// The keys that a schema with a status subresource may have at its root, by the real server's names.
const KEYS_AT_ROOT: &[(&str, &str)] = &[
    ("Description", "description"),
    ("Type", "type"),
    ("Format", "format"),
    ("Title", "title"),
    ("Maximum", "maximum"),
    ("ExclusiveMaximum", "exclusiveMaximum"),
    ("Minimum", "minimum"),
    ("ExclusiveMinimum", "exclusiveMinimum"),
    ("MaxLength", "maxLength"),
    ("MinLength", "minLength"),
    ("Pattern", "pattern"),
    ("MaxItems", "maxItems"),
    ("MinItems", "minItems"),
    ("UniqueItems", "uniqueItems"),
    ("MultipleOf", "multipleOf"),
    ("Required", "required"),
    ("Items", "items"),
    ("Properties", "properties"),
    ("ExternalDocs", "externalDocs"),
    ("Example", "example"),
    ("XPreserveUnknownFields", "x-kubernetes-preserve-unknown-fields"),
    ("XValidations", "x-kubernetes-validations"),
];

/// Objects to everything in a schema that the real server objects to, rules in CEL excepted.
pub(super) fn check(root: &Node, path: &Path<'_>, circumstances: Circumstances) -> Vec<FieldError> {
    let mut errors = root_errors(root, path, circumstances);
    let mut structural = structure::check(root, path);
    structural.extend(completeness::check(root, path));
    structural.sort_by_cached_key(ToString::to_string);
    if structural.is_empty() {
        structural = default_values::check(root, path);
    }
    errors.extend(structural);
    errors.extend(extensions::check(root, path));
    errors
}

fn root_errors(root: &Node, path: &Path<'_>, circumstances: Circumstances) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if circumstances.status_subresource {
        errors.extend(status_error(root, path));
    }
    if root.nullable {
        let detail = "nullable cannot be true at the root";
        errors.push(FieldError::forbidden(&path.child("nullable"), detail));
    }
    errors
}

fn status_error(root: &Node, path: &Path<'_>) -> Option<FieldError> {
    if root.type_name != "object" && !root.type_name.is_empty() {
        let detail = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        let path = path.child("type");
        return Some(FieldError::invalid(&path, root.type_name.as_str(), detail));
    }
    let allowed = |key: &String| KEYS_AT_ROOT.iter().any(|(_, name)| name == key);
    if root.set.iter().all(allowed) {
        return None;
    }
    let names: Vec<&str> = KEYS_AT_ROOT.iter().map(|(name, _)| *name).collect();
    let detail = format!(
        "only [{}] fields are allowed at the root of the schema if the status subresource is enabled",
        names.join(" ")
    );
    Some(FieldError::invalid(path, "", detail))
}
