//! The metadata that every object has, as far as schemas have to know it.

use serde_json::{Map, Value};

const FIELDS: &[&str] = &[
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

const OWNER_FIELDS: &[&str] = &[
    "apiVersion",
    "blockOwnerDeletion",
    "controller",
    "kind",
    "name",
    "uid",
];

const MANAGER_FIELDS: &[&str] = &[
    "apiVersion",
    "fieldsType",
    "fieldsV1",
    "manager",
    "operation",
    "subresource",
    "time",
];

/// Whether a top-level field is one that every resource has without its schema naming it.
pub(super) fn is_type_or_metadata(name: &str) -> bool {
    matches!(name, "apiVersion" | "kind" | "metadata")
}

/// Drops the fields that metadata does not have and returns their paths below `metadata`.
pub(super) fn prune(metadata: &mut Map<String, Value>) -> Vec<String> {
    let mut unknown = prune_to(metadata, FIELDS, "");
    for (list, known) in [
        ("ownerReferences", OWNER_FIELDS),
        ("managedFields", MANAGER_FIELDS),
    ] {
        let Some(Value::Array(items)) = metadata.get_mut(list) else {
            continue;
        };
        for (index, item) in items.iter_mut().enumerate() {
            if let Value::Object(fields) = item {
                unknown.extend(prune_to(fields, known, &format!("{list}[{index}].")));
            }
        }
    }
    unknown
}

fn prune_to(fields: &mut Map<String, Value>, known: &[&str], prefix: &str) -> Vec<String> {
    let mut unknown = Vec::new();
    fields.retain(|name, _| {
        let kept = known.contains(&name.as_str());
        if !kept {
            unknown.push(format!("{prefix}{name}"));
        }
        kept
    });
    unknown
}
