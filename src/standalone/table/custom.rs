//! The columns that a CustomResourceDefinition declares.

use jiff::Timestamp;
use serde_json::{Number, Value, json};

use super::age::age;
use super::json_path::JsonPath;
use super::text::printed;

/// What the server says of the two columns that every kind may have.
pub(super) const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although \
    some resources may allow a client to request the generation of an appropriate name automatically. Name is \
    primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: \
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
pub(super) const CREATED: &str = "CreationTimestamp is a timestamp representing the server time when this object was \
    created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set \
    this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for \
    lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// One column after the name.
#[derive(Debug, Clone)]
pub(super) struct Column {
    name: String,
    kind: String,
    format: String,
    description: String,
    priority: i64,
    path: Option<JsonPath>,
}

pub(super) fn columns(additional: &[Value]) -> Vec<Column> {
    if additional.is_empty() {
        let age = json!({"name": "Age", "type": "date", "description": CREATED, "jsonPath": ".metadata.creationTimestamp"});
        return vec![column(&age)];
    }
    additional.iter().map(column).collect()
}

fn column(definition: &Value) -> Column {
    let text = |name: &str| {
        definition
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let path = text("jsonPath");
    let described = Some(text("description")).filter(|description| !description.is_empty());
    let default = || format!("Custom resource definition column (in JSONPath format): {path}");
    Column {
        name: text("name"),
        kind: text("type"),
        format: text("format"),
        description: described.unwrap_or_else(default),
        priority: definition
            .get("priority")
            .and_then(Value::as_i64)
            .unwrap_or_default(),
        path: JsonPath::parse(&path),
    }
}

pub(super) fn definitions(columns: &[Column]) -> Vec<Value> {
    let name = definition("Name", "string", "name", NAME, 0);
    let columns = columns.iter().map(|column| {
        definition(
            &column.name,
            &column.kind,
            &column.format,
            &column.description,
            column.priority,
        )
    });
    std::iter::once(name).chain(columns).collect()
}

pub(super) fn definition(name: &str, kind: &str, format: &str, description: &str, priority: i64) -> Value {
    json!({"name": name, "type": kind, "format": format, "description": description, "priority": priority})
}

pub(super) fn cells(columns: &[Column], object: &Value, now: Timestamp) -> Vec<Value> {
    let name = object
        .pointer("/metadata/name")
        .cloned()
        .unwrap_or_else(|| json!(""));
    let columns = columns
        .iter()
        .map(|column| column.cell(object, now).unwrap_or(Value::Null));
    std::iter::once(name).chain(columns).collect()
}

impl Column {
    fn cell(&self, object: &Value, now: Timestamp) -> Option<Value> {
        let value = self.path.as_ref()?.first(object)?;
        match self.kind.as_str() {
            "string" => Some(Value::String(printed(value))),
            "integer" => integer(value),
            "number" => value.as_f64().and_then(Number::from_f64).map(Value::Number),
            "boolean" => value.as_bool().map(Value::Bool),
            "date" => value
                .as_str()
                .map(|instant| Value::String(age(Some(instant), now))),
            _ => None,
        }
    }
}

/// A number with a fraction is cut off, as Go's conversion does.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is out of range saturates, which only a cell shows"
)]
fn integer(value: &Value) -> Option<Value> {
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|number| number as i64))
        .map(Value::from)
}
