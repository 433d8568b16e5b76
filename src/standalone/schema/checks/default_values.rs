//! Defaults have to be what their own schema asks for.

use crate::standalone::schema::field_error::{FieldError, Path};
use crate::standalone::schema::node::Node;
use crate::standalone::schema::prune::Pruning;
use crate::standalone::schema::{metadata, validation};

pub(super) fn check(root: &Node, path: &Path<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    node(root, Inside::Resource, path, &mut errors);
    errors
}

/// Whether the fields of a node are those of a resource, or are below its metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Resource,
    Field,
    Metadata,
}

fn node(node: &Node, inside: Inside, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let inside = if node.embedded_resource {
        Inside::Resource
    } else {
        inside
    };
    if let Some(default) = &node.default {
        let path = path.child("default");
        let mut pruned = default.as_ref().clone();
        if inside != Inside::Metadata && !Pruning::part(&mut pruned, node).is_empty() {
            let value = default.as_ref().clone();
            errors.push(FieldError::invalid(&path, value, "must not have unknown fields"));
        }
        errors.extend(validation::check(&path.to_string(), node, default, None));
    }
    if let Some(items) = node.items.as_deref() {
        self::node(items, below(inside), &path.child("items"), errors);
    }
    let properties = path.child("properties");
    for (name, property) in &node.properties {
        let is_metadata = inside == Inside::Resource && metadata::is_type_or_metadata(name);
        let inside = if is_metadata {
            Inside::Metadata
        } else {
            below(inside)
        };
        self::node(property, inside, &properties.key(name), errors);
    }
}

fn below(inside: Inside) -> Inside {
    match inside {
        Inside::Metadata => Inside::Metadata,
        Inside::Resource | Inside::Field => Inside::Field,
    }
}
