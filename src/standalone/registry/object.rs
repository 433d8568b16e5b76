//! Reading and writing the parts of an object that every kind has.

use serde_json::{Map, Value, json};

/// The finalizer that the garbage collector takes away once no dependant names the owner any more.
pub(super) const ORPHAN: &str = "orphan";
/// The finalizer that the garbage collector takes away once no blocking dependant is left.
pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// The text at a JSON pointer; empty where there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The list at a JSON pointer; empty where there is none.
pub(super) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object
        .pointer(pointer)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The map at a JSON pointer.
pub(super) fn map<'a>(object: &'a Value, pointer: &str) -> Option<&'a Map<String, Value>> {
    object.pointer(pointer).and_then(Value::as_object)
}

pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub(super) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

pub(super) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

pub(super) fn resource_version(object: &Value) -> &str {
    text(object, "/metadata/resourceVersion")
}

pub(super) fn generation(object: &Value) -> i64 {
    let generation = object.pointer("/metadata/generation");
    generation.and_then(Value::as_i64).unwrap_or_default()
}

pub(super) fn finalizers(object: &Value) -> Vec<&str> {
    let finalizers = list(object, "/metadata/finalizers").iter();
    finalizers.filter_map(Value::as_str).collect()
}

pub(super) fn is_being_deleted(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

/// The fields of the object itself; an object that is none becomes an empty one.
pub(super) fn fields(object: &mut Value) -> &mut Map<String, Value> {
    as_map(object)
}

/// The metadata, made where there is none.
pub(super) fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    child(object, "metadata")
}

/// The map under a key, made where there is none.
pub(super) fn child<'a>(object: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    let fields = as_map(object);
    as_map(fields.entry(key).or_insert(Value::Null))
}

fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = json!({});
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it was made an object above"),
    }
}

/// Sets a field of the metadata; an empty text, list or map, and null, take the field away.
pub(super) fn set(object: &mut Value, field: &str, value: impl Into<Value>) {
    let value = value.into();
    if is_empty(&value) {
        metadata(object).remove(field);
    } else {
        metadata(object).insert(field.to_owned(), value);
    }
}

/// Copies a field of the metadata from another object, its absence too.
pub(super) fn copy(object: &mut Value, from: &Value, field: &str) {
    let value = from.get("metadata").and_then(|metadata| metadata.get(field));
    set(object, field, value.cloned().unwrap_or_default());
}

/// Copies a field of the object itself from another, its absence too.
pub(super) fn copy_field(object: &mut Value, from: &Value, field: &str) {
    match from.get(field) {
        Some(value) => fields(object).insert(field.to_owned(), value.clone()),
        None => fields(object).shift_remove(field),
    };
}

pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Takes finalizers away.
pub(super) fn remove_finalizer(object: &mut Value, finalizer: &str) {
    let kept: Vec<Value> = list(object, "/metadata/finalizers")
        .iter()
        .filter(|name| name.as_str() != Some(finalizer))
        .cloned()
        .collect();
    set(object, "finalizers", kept);
}

/// Whether two objects say the same. Numbers compare by value: `1` and `1.0` are one number to a schema, not to the store.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    one == other
}
