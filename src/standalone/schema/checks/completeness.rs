//! What `allOf` and its kin restrict has to be said by the structure first.

use crate::standalone::schema::field_error::{FieldError, Path};
use crate::standalone::schema::node::Node;

pub(super) fn check(root: &Node, path: &Path<'_>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let here = Place {
        structure: Some(root),
        path,
    };
    branches(root, here, path, &mut errors);
    errors
}

/// The structure that a branch restricts, and where it stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    structure: Option<&'a Node>,
    path: &'a Path<'a>,
}

fn branches(node: &Node, place: Place<'_>, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    if let Some(not) = node.not.as_deref() {
        nested(not, place, &path.child("not"), errors);
    }
    for (key, list) in [
        ("allOf", &node.all_of),
        ("anyOf", &node.any_of),
        ("oneOf", &node.one_of),
    ] {
        let path = path.child(key);
        for (index, branch) in list.iter().enumerate() {
            nested(branch, place, &path.index(index), errors);
        }
    }
}

fn nested(node: &Node, place: Place<'_>, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let Some(structure) = place.structure else {
        errors.push(undefined(place.path, path));
        return;
    };
    branches(node, place, path, errors);
    if let Some(items) = node.items.as_deref() {
        let place = Place {
            structure: structure.items.as_deref(),
            path: &place.path.child("items"),
        };
        nested(items, place, &path.child("items"), errors);
    }
    let (here, there) = (path.child("properties"), place.path.child("properties"));
    for (name, property) in &node.properties {
        let place = Place {
            structure: structure.properties.get(name),
            path: &there.key(name),
        };
        nested(property, place, &here.key(name), errors);
    }
}

fn undefined(place: &Path<'_>, path: &Path<'_>) -> FieldError {
    FieldError::required(place, format!("because it is defined in {path}"))
}
