//! What may be asked for in the query of an operation.

use serde_json::{Value, json};

/// The name and the type of a parameter in the query.
pub(super) type Parameter = (&'static str, &'static str);

const LIST: &[Parameter] = &[
    ("allowWatchBookmarks", "boolean"),
    ("continue", "string"),
    ("fieldSelector", "string"),
    ("labelSelector", "string"),
    ("limit", "integer"),
    ("pretty", "string"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("sendInitialEvents", "boolean"),
    ("shardSelector", "string"),
    ("timeoutSeconds", "integer"),
    ("watch", "boolean"),
];
const READ: &[Parameter] = &[("pretty", "string"), ("resourceVersion", "string")];
const WRITE: &[Parameter] = &[
    ("dryRun", "string"),
    ("fieldManager", "string"),
    ("fieldValidation", "string"),
    ("pretty", "string"),
];
const PATCH: &[Parameter] = &[
    ("dryRun", "string"),
    ("fieldManager", "string"),
    ("fieldValidation", "string"),
    ("force", "boolean"),
    ("pretty", "string"),
];
const DELETE: &[Parameter] = &[
    ("dryRun", "string"),
    ("gracePeriodSeconds", "integer"),
    ("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
    ("orphanDependents", "boolean"),
    ("pretty", "string"),
    ("propagationPolicy", "string"),
];

/// The parameters of a verb, in the order of their names.
///
/// The API server tells a little less of the custom kinds' collections, and a little more of reading one of them.
pub(super) fn of(verb: &str, is_custom: bool) -> Vec<Parameter> {
    let watches = |name: &str| matches!(name, "allowWatchBookmarks" | "watch");
    match verb {
        "list" => LIST.to_vec(),
        "deletecollection" if is_custom => LIST.to_vec(),
        "deletecollection" => {
            let selecting = LIST.iter().filter(|(name, _)| !watches(name));
            let mut all: Vec<Parameter> = selecting.chain(DELETE).copied().collect();
            all.sort_unstable();
            all.dedup();
            all
        }
        "create" | "update" => WRITE.to_vec(),
        "patch" => PATCH.to_vec(),
        "delete" => DELETE.to_vec(),
        "get" if is_custom => READ.to_vec(),
        _ => vec![("pretty", "string")],
    }
}

/// A parameter in the query.
pub(super) fn in_query((name, kind): Parameter) -> Value {
    json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}})
}

/// A parameter in the path.
pub(super) fn in_path(name: &str, description: &str) -> Value {
    json!({
        "name": name, "in": "path", "description": description, "required": true,
        "schema": {"type": "string", "uniqueItems": true},
    })
}
