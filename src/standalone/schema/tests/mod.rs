mod definitions;
mod documents;
mod laws;
mod objects;
mod policies;
mod rules;
mod schemas;

use serde_json::{Value, json};

use super::*;

/// A schema whose `spec` has these properties.
fn with_spec(properties: Value) -> Structural {
    Structural::parse(&json!({
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": properties}}
    }))
    .unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn texts(errors: &[FieldError]) -> Vec<String> {
    errors.iter().map(ToString::to_string).collect()
}

/// What is said of an object with this `spec`.
fn said(properties: Value, spec: Value) -> Vec<String> {
    let object = json!({"apiVersion": "a/v1", "kind": "A", "metadata": {"name": "x"}, "spec": spec});
    texts(&with_spec(properties).validate(&object, None))
}

/// What is said of a schema.
fn refused(schema: Value) -> Vec<String> {
    Structural::parse(&schema)
        .err()
        .map(|errors| texts(&errors))
        .unwrap_or_default()
}
