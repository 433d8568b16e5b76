//! The paths of a kind, one operation for each verb, with the parameters that clients ask about.

use serde_json::{Map, Value, json};

use super::{Described, reference};

/// Adds the paths of a kind and of its subresources.
pub(super) fn add(kind: &Described<'_>, paths: &mut Map<String, Value>) {
    let root = match kind.group {
        "" => format!("/api/{}", kind.version),
        group => format!("/apis/{group}/{}", kind.version),
    };
    let collection = if kind.namespaced {
        format!("{root}/namespaces/{{namespace}}/{}", kind.plural)
    } else {
        format!("{root}/{}", kind.plural)
    };
    if kind.namespaced && kind.is_listed() {
        let all = path(kind, &[("get", "list")], &[]);
        paths.insert(format!("{root}/{}", kind.plural), all);
    }
    let on_collection = [
        ("get", "list"),
        ("post", "create"),
        ("delete", "deletecollection"),
    ];
    insert(paths, collection.clone(), path(kind, &on_collection, &[]));
    let on_object = [
        ("get", "get"),
        ("put", "update"),
        ("patch", "patch"),
        ("delete", "delete"),
    ];
    let object = format!("{collection}/{{name}}");
    insert(paths, object.clone(), path(kind, &on_object, &["name"]));
    for subresource in kind.subresources {
        let on_part = [("get", "get"), ("put", "update"), ("patch", "patch")];
        insert(
            paths,
            format!("{object}/{subresource}"),
            path(kind, &on_part, &["name"]),
        );
    }
}

// A path without an operation is none.
fn insert(paths: &mut Map<String, Value>, name: String, path: Value) {
    let has_operations = path
        .as_object()
        .is_some_and(|fields| fields.keys().any(|key| key != "parameters"));
    if has_operations {
        paths.insert(name, path);
    }
}

fn path(kind: &Described<'_>, operations: &[(&str, &str)], in_path: &[&str]) -> Value {
    let mut path = Map::new();
    for (method, verb) in operations {
        if kind.verbs.contains(verb) {
            path.insert((*method).to_owned(), operation(kind, verb));
        }
    }
    let namespace = kind.namespaced.then_some("namespace");
    let parameters = in_path.iter().copied().chain(namespace).map(|name| {
        json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "uniqueItems": true}})
    });
    path.insert("parameters".to_owned(), parameters.collect());
    Value::Object(path)
}

fn operation(kind: &Described<'_>, verb: &str) -> Value {
    let answered = if verb == "list" { kind.list_kind } else { kind.kind };
    let schema = reference(&kind.definition_name(answered));
    let action = match verb {
        "create" => "post",
        "update" => "put",
        other => other,
    };
    let mut operation = json!({
        "operationId": format!("{verb}{}{}{}", camel(kind.group), camel(kind.version), kind.kind),
        "parameters": parameters(verb),
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": kind.group_version_kind(),
    });
    if let (Value::Object(fields), Some(content)) = (&mut operation, body(kind, verb)) {
        fields.insert(
            "requestBody".to_owned(),
            json!({"content": content, "required": true}),
        );
    }
    operation
}

fn body(kind: &Described<'_>, verb: &str) -> Option<Value> {
    let schema = json!({"schema": reference(&kind.definition_name(kind.kind))});
    let any = json!({"schema": {"type": "object"}});
    match verb {
        "create" | "update" => Some(json!({"application/json": schema})),
        "patch" => Some(json!({"application/json-patch+json": any, "application/merge-patch+json": any})),
        _ => None,
    }
}

/// Parameters in the query with their types, by what they are for.
fn parameters(verb: &str) -> Value {
    const READ: &[(&str, &str)] = &[("pretty", "string")];
    const LIST: &[(&str, &str)] = &[
        ("allowWatchBookmarks", "boolean"),
        ("continue", "string"),
        ("fieldSelector", "string"),
        ("labelSelector", "string"),
        ("limit", "integer"),
        ("resourceVersion", "string"),
        ("resourceVersionMatch", "string"),
        ("sendInitialEvents", "boolean"),
        ("timeoutSeconds", "integer"),
        ("watch", "boolean"),
    ];
    const WRITE: &[(&str, &str)] = &[
        ("dryRun", "string"),
        ("fieldManager", "string"),
        ("fieldValidation", "string"),
    ];
    const DELETE: &[(&str, &str)] = &[
        ("dryRun", "string"),
        ("gracePeriodSeconds", "integer"),
        ("orphanDependents", "boolean"),
        ("propagationPolicy", "string"),
    ];
    const FORCE: &[(&str, &str)] = &[("force", "boolean")];
    let groups: &[&[(&str, &str)]] = match verb {
        "list" => &[READ, LIST],
        "create" | "update" => &[READ, WRITE],
        "patch" => &[READ, WRITE, FORCE],
        "delete" => &[READ, DELETE],
        "deletecollection" => &[READ, DELETE, LIST],
        _ => &[READ],
    };
    let parameter = |(name, kind): &(&str, &str)| json!({"name": name, "in": "query", "schema": {"type": kind, "uniqueItems": true}});
    groups
        .iter()
        .flat_map(|group| group.iter())
        .map(parameter)
        .collect()
}

fn camel(text: &str) -> String {
    let words = text.split(['.', '-']);
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_ascii_uppercase())
            .into_iter()
            .chain(letters)
            .collect::<String>()
    };
    words.map(capital).collect()
}
