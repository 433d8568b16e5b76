//! Reads an object as its kind declares it: what is unknown goes, what has the wrong type is refused.
//!
//! The declarations are the OpenAPI schemas of the built-in kinds. What comes out has the form that the API server gives
//! typed objects: no nulls, no empty optional fields, times in UTC.

use std::sync::LazyLock;

use data_encoding::BASE64;
use jiff::{Timestamp, fmt::strtime};
use k8s_openapi::{
    api::{
        admissionregistration::v1 as admission, authentication::v1 as authentication,
        authorization::v1 as authorization, autoscaling::v1 as autoscaling, coordination::v1 as coordination,
        core::v1 as core, events::v1 as events,
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions,
    apimachinery::pkg::apis::meta::v1 as meta,
    schemars::{SchemaGenerator, generate::SchemaSettings},
};
use serde_json::{Map, Number, Value};

use crate::standalone::patch::json_type;

/// Where the schemas refer to each other: as in an OpenAPI v3 document.
const COMPONENTS: &str = "#/components/schemas/";

/// The schemas of all built-in kinds and of what they are made of, by their names such as `io.k8s.api.core.v1.Secret`.
pub static SCHEMAS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let mut generator = SchemaGenerator::new(SchemaSettings::openapi3());
    macro_rules! kinds {
        ($($kind:ty),* $(,)?) => { $( drop(generator.subschema_for::<$kind>()); )* };
    }
    kinds!(
        core::Namespace,
        core::Secret,
        core::ConfigMap,
        core::Event,
        core::ServiceAccount,
        events::Event,
        coordination::Lease,
        apiextensions::CustomResourceDefinition,
        admission::ValidatingAdmissionPolicy,
        admission::ValidatingAdmissionPolicyBinding,
        authorization::SelfSubjectAccessReview,
        authentication::SelfSubjectReview,
        autoscaling::Scale,
        meta::DeleteOptions,
    );
    generator.take_definitions(true)
});

/// Who reads an object in the API server: what each says of a value of the wrong type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Go's JSON decoder.
    Json,
    /// The converter of untyped objects, which takes whole numbers in any writing; strategic merge patches go through it.
    Converter,
}

/// What reading an object found.
#[derive(Debug)]
pub(super) struct Reading {
    reader: Reader,
    /// Paths of fields that the kind does not know; they were dropped.
    pub(super) unknown: Vec<String>,
}

/// Reads an object by the schema of this name.
///
/// # Errors
///
/// A value of the wrong type, in the words of the reader.
pub(super) fn read(object: &mut Value, schema: &str, reader: Reader) -> Result<Reading, String> {
    let mut reading = Reading {
        reader,
        unknown: Vec::new(),
    };
    let node = SCHEMAS.get(schema).unwrap_or(&Value::Null);
    let place = Place {
        path: String::new(),
        holder: last(schema),
    };
    reading.walk(node, object, &place)?;
    Ok(reading)
}

/// Reads the metadata of a custom object.
///
/// # Errors
///
/// As [`read`].
pub(super) fn read_metadata(metadata: &mut Value) -> Result<Reading, String> {
    let mut reading = read(
        metadata,
        "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta",
        Reader::Json,
    )?;
    for path in &mut reading.unknown {
        *path = format!("metadata.{path}");
    }
    Ok(reading)
}

/// Where the walk is, for messages.
struct Place<'a> {
    path: String,
    /// The name of the struct that holds the field.
    holder: &'a str,
}

impl Place<'_> {
    fn mismatch(&self, found: &str, wanted: &str) -> String {
        let Self { path, holder } = self;
        if path.is_empty() {
            return format!("json: cannot unmarshal {found} into Go value of type v1.{holder}");
        }
        let path = without_places(path);
        format!("json: cannot unmarshal {found} into Go struct field {holder}.{path} of type {wanted}")
    }

    fn below(&self, key: &str) -> String {
        match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }
}

/// A path as Go's JSON reader tells it: `spec.versions.name` for `spec.versions[0].name`.
fn without_places(path: &str) -> String {
    let steps = path
        .split('.')
        .map(|step| step.split('[').next().unwrap_or_default());
    steps.collect::<Vec<_>>().join(".")
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The schema behind references, and the name of the struct that it is.
fn resolve(mut schema: &Value) -> (&Value, Option<&str>) {
    let mut name = None;
    // References of the built-in kinds are at most two deep; the bound keeps a circle from looping.
    for _ in 0..4 {
        let direct = schema.get("$ref");
        let wrapped = || schema.pointer("/allOf/0/$ref");
        let Some(reference) = direct.or_else(wrapped).and_then(Value::as_str) else {
            break;
        };
        let target = reference.strip_prefix(COMPONENTS).unwrap_or(reference);
        name = Some(target);
        schema = match last(target) {
            // Any value at all.
            "JSON" | "JSONSchemaPropsOrArray" | "JSONSchemaPropsOrStringArray" => &Value::Null,
            _ => SCHEMAS.get(target).unwrap_or(&Value::Null),
        };
    }
    (schema, name)
}

fn go_type(schema: &Value) -> String {
    let (schema, name) = resolve(schema);
    let word = |key| schema.get(key).and_then(Value::as_str).unwrap_or_default();
    match (word("type"), word("format")) {
        ("string", "byte") => "[]uint8".to_owned(),
        ("string", _) => "string".to_owned(),
        ("boolean", _) => "bool".to_owned(),
        ("integer", format) => format.to_owned(),
        ("number", _) => "float64".to_owned(),
        ("array", _) => format!("[]{}", go_type(schema.get("items").unwrap_or(&Value::Null))),
        ("object", _) => match (schema.get("additionalProperties"), name) {
            (Some(values), _) => format!("map[string]{}", go_type(values)),
            (None, Some(name)) => format!("v1.{}", last(name)),
            (None, None) => "object".to_owned(),
        },
        _ => "interface {}".to_owned(),
    }
}

impl Reading {
    fn walk(&mut self, schema: &Value, value: &mut Value, place: &Place<'_>) -> Result<(), String> {
        let (node, name) = resolve(schema);
        // One of a schema and a truth value: `additionalProperties` of a schema.
        if let (Some(choice), Value::Object(_)) = (node.pointer("/oneOf/0"), &*value) {
            return self.walk(choice, value, place);
        }
        let reader = self.reader;
        let mismatch = |value: &Value| {
            let wanted = go_type(schema);
            Err(match reader {
                Reader::Json => place.mismatch(json_type(value), &wanted),
                Reader::Converter if node.get("format").is_some_and(|format| format == "date-time") => {
                    format!(
                        "json: cannot unmarshal {} into Go value of type string",
                        json_type(value)
                    )
                }
                Reader::Converter => unconvertible(value, &wanted),
            })
        };
        match (node.get("type").and_then(Value::as_str), &mut *value) {
            (Some("object"), Value::Object(fields)) => {
                let holder = name.map_or(place.holder, last);
                let place = Place {
                    path: place.path.clone(),
                    holder,
                };
                self.walk_fields(node, fields, &place)
            }
            (Some("array"), Value::Array(items)) => {
                let schema = node.get("items").unwrap_or(&Value::Null);
                for (index, item) in items.iter_mut().enumerate() {
                    let place = Place {
                        path: format!("{}[{index}]", place.path),
                        holder: place.holder,
                    };
                    self.walk(schema, item, &place)?;
                }
                Ok(())
            }
            (Some("string"), Value::String(text)) => walk_text(node, name, text, reader),
            (Some("boolean"), Value::Bool(_)) | (Some("number"), Value::Number(_)) | (None, _) => Ok(()),
            (Some("integer"), Value::Number(number)) if fits(node, number) => Ok(()),
            (Some("integer"), Value::Number(number)) if reader == Reader::Converter => {
                let Some(whole) = whole(node, number) else {
                    return mismatch(value);
                };
                *value = whole;
                Ok(())
            }
            (Some("integer"), Value::Number(number)) => {
                Err(place.mismatch(&format!("number {number}"), &go_type(schema)))
            }
            (Some(_), value) => mismatch(value),
        }
    }

    fn walk_fields(
        &mut self,
        node: &Value,
        fields: &mut Map<String, Value>,
        place: &Place<'_>,
    ) -> Result<(), String> {
        let values = node.get("additionalProperties");
        let Some(known) = node.get("properties").and_then(Value::as_object) else {
            return match values {
                Some(schema) => self.walk_values(schema, fields, place),
                None => Ok(()),
            };
        };
        // In the order of the document: that is the order in which clients are told what is wrong.
        for (key, mut value) in std::mem::take(fields) {
            let below = Place {
                path: place.below(&key),
                holder: place.holder,
            };
            let Some(schema) = known.get(&key) else {
                self.unknown.push(below.path);
                continue;
            };
            if !value.is_null() {
                self.walk(schema, &mut value, &below)?;
            }
            if !is_absent(&value, schema) || is_required(node, &key) {
                fields.insert(key, value);
            }
        }
        Ok(())
    }

    fn walk_values(
        &mut self,
        schema: &Value,
        fields: &mut Map<String, Value>,
        place: &Place<'_>,
    ) -> Result<(), String> {
        for value in fields.values_mut() {
            let place = Place {
                path: place.path.clone(),
                holder: place.holder,
            };
            match (go_type(schema).as_str(), &*value) {
                // Go reads a null in a map of texts as an empty text.
                ("string" | "[]uint8", Value::Null) => *value = Value::String(String::new()),
                _ => self.walk(schema, value, &place)?,
            }
        }
        Ok(())
    }
}

/// Whether the typed form leaves the value out: null, empty texts, lists and maps, but never empty structs.
fn is_absent(value: &Value, schema: &Value) -> bool {
    let (node, _) = resolve(schema);
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() && node.get("type").is_some(),
        Value::Array(items) => items.is_empty() && node.get("type").is_some(),
        Value::Object(fields) => fields.is_empty() && node.get("additionalProperties").is_some(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What the converter says of a value that does not become the type of this name.
fn unconvertible(value: &Value, wanted: &str) -> String {
    let (kind, of) = match value {
        Value::Null => ("invalid", "nil"),
        Value::Bool(_) => ("bool", "bool"),
        Value::Number(number) if number.is_i64() => ("int64", "int64"),
        Value::Number(_) => ("float64", "float64"),
        Value::String(_) => ("string", "string"),
        Value::Array(_) => ("slice", "[]interface {}"),
        Value::Object(_) => ("map", "map[string]interface {}"),
    };
    let is_number = matches!(of, "int64" | "float64");
    match wanted {
        // Go turns a whole number into a text, as the letter of that number; the converter does not want that.
        "string" if of == "int64" => format!("cannot convert {of} to string"),
        "int32" | "int64" | "float64" if is_number => format!("cannot convert {of} to {wanted}"),
        "string" | "bool" | "int32" | "int64" | "float64" => format!("unrecognized type: {wanted}"),
        list if list.starts_with("[]") => format!("cannot restore slice from {kind}"),
        map if map.starts_with("map[") => format!("cannot restore map from {kind}"),
        _ => format!("cannot restore struct from: {kind}"),
    }
}

/// Whether the number is a whole one of the type's size.
fn fits(node: &Value, number: &Number) -> bool {
    let is_small = node.get("format").is_some_and(|format| format == "int32");
    number
        .as_i64()
        .is_some_and(|number| !is_small || i32::try_from(number).is_ok())
}

/// The number as the converter makes it: without a fraction that is nothing, and without what is past the type's size.
fn whole(node: &Value, number: &Number) -> Option<Value> {
    let whole = number.as_i64().or_else(|| {
        let text = number.to_string();
        let (digits, fraction) = text.split_once('.')?;
        let is_whole = fraction.bytes().all(|digit| digit == b'0');
        is_whole.then(|| digits.parse().ok()).flatten()
    })?;
    let [a, b, c, d, ..] = whole.to_le_bytes();
    let is_small = node.get("format").is_some_and(|format| format == "int32");
    Some(if is_small {
        i32::from_le_bytes([a, b, c, d]).into()
    } else {
        whole.into()
    })
}

fn is_required(node: &Value, key: &str) -> bool {
    let required = node.get("required").and_then(Value::as_array);
    required.is_some_and(|names| names.iter().any(|name| name == key))
}

fn walk_text(node: &Value, name: Option<&str>, text: &mut String, reader: Reader) -> Result<(), String> {
    match node.get("format").and_then(Value::as_str) {
        Some("byte") => match BASE64.decode(text.as_bytes()) {
            Ok(_) => Ok(()),
            Err(error) => {
                let by = match reader {
                    Reader::Json => "",
                    Reader::Converter => "error decoding from json: ",
                };
                Err(format!(
                    "{by}illegal base64 data at input byte {}",
                    error.position
                ))
            }
        },
        Some("date-time") => {
            let micro = name.is_some_and(|name| name.ends_with(".MicroTime"));
            *text = time(text, micro)?;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// A time in the form of the API: UTC, whole seconds or microseconds.
fn time(text: &str, micro: bool) -> Result<String, String> {
    let (layout, format) = if micro {
        ("2006-01-02T15:04:05.000000Z07:00", "%Y-%m-%dT%H:%M:%S%.6fZ")
    } else {
        ("2006-01-02T15:04:05Z07:00", "%Y-%m-%dT%H:%M:%SZ")
    };
    let refused = || format!("parsing time {text:?} as {layout:?}: cannot parse {text:?} as \"2006\"");
    let timestamp: Timestamp = text.parse().map_err(|_| refused())?;
    strtime::format(format, timestamp).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LEASE: &str = "io.k8s.api.coordination.v1.Lease";

    #[test]
    fn unknown_fields_go_and_are_named_by_their_paths() {
        let mut lease = json!({"metadata": {"name": "a", "x": 1}, "spec": {"holder": "b"}, "y": 2});
        let mut reading = read(&mut lease, LEASE, Reader::Json).unwrap();
        reading.unknown.sort();
        assert_eq!(reading.unknown, ["metadata.x", "spec.holder", "y"]);
        assert_eq!(lease, json!({"metadata": {"name": "a"}, "spec": {}}));
    }

    #[test]
    fn a_text_where_a_number_belongs_is_refused_in_the_words_of_go() {
        let mut lease = json!({"spec": {"leaseDurationSeconds": "15"}});
        let error = read(&mut lease, LEASE, Reader::Json).unwrap_err();
        assert_eq!(
            error,
            "json: cannot unmarshal string into Go struct field LeaseSpec.spec.leaseDurationSeconds of type int32"
        );
    }

    #[test]
    fn a_number_past_its_size_is_refused() {
        let mut lease = json!({"spec": {"leaseDurationSeconds": 3_000_000_000_u32}});
        let error = read(&mut lease, LEASE, Reader::Json).unwrap_err();
        let start = "json: cannot unmarshal number 3000000000 into Go struct field";
        assert_eq!(
            error,
            format!("{start} LeaseSpec.spec.leaseDurationSeconds of type int32")
        );
    }

    #[test]
    fn times_become_utc_and_micro_times_keep_six_digits() {
        let mut lease = json!({
            "metadata": {"creationTimestamp": "2026-01-01T02:00:00+02:00"},
            "spec": {"renewTime": "2026-01-01T00:00:00.5Z"},
        });
        read(&mut lease, LEASE, Reader::Json).unwrap();
        assert_eq!(lease["metadata"]["creationTimestamp"], "2026-01-01T00:00:00Z");
        assert_eq!(lease["spec"]["renewTime"], "2026-01-01T00:00:00.500000Z");
    }

    #[test]
    fn empty_and_null_fields_are_left_out_but_empty_values_of_maps_stay() {
        let mut map = json!({"metadata": {"labels": {}, "creationTimestamp": null}, "data": {"a": ""}, "binaryData": {}});
        read(&mut map, "io.k8s.api.core.v1.ConfigMap", Reader::Json).unwrap();
        assert_eq!(map, json!({"metadata": {}, "data": {"a": ""}}));
    }

    #[test]
    fn data_that_is_no_base64_is_refused() {
        let mut secret = json!({"data": {"a": "?"}});
        let error = read(&mut secret, "io.k8s.api.core.v1.Secret", Reader::Json).unwrap_err();
        assert!(error.starts_with("illegal base64 data at input byte"), "{error}");
    }

    #[test]
    fn the_converter_takes_whole_numbers_and_has_its_own_words() {
        let converted = |mut lease: Value| read(&mut lease, LEASE, Reader::Converter).map(|_| lease);
        let whole = converted(json!({"spec": {"leaseDurationSeconds": 15.0}})).unwrap();
        assert_eq!(whole, json!({"spec": {"leaseDurationSeconds": 15}}));
        for (spec, words) in [
            (
                json!({"leaseDurationSeconds": 1.5}),
                "cannot convert float64 to int32",
            ),
            (json!({"leaseDurationSeconds": "15"}), "unrecognized type: int32"),
            (json!({"holderIdentity": 1}), "cannot convert int64 to string"),
            (json!("x"), "cannot restore struct from: string"),
        ] {
            assert_eq!(converted(json!({"spec": spec})).unwrap_err(), words);
        }
    }
}
