//! Values as Go prints them, for the messages that quote a patch.

use serde_json::{Map, Value};

/// `map[a:1 b:[x y]]`, members in the order of their names.
pub(super) fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) => printed_list(items),
        Value::Object(members) => printed_map(members),
    }
}

pub(super) fn printed_list(items: &[Value]) -> String {
    format!("[{}]", items.iter().map(printed).collect::<Vec<_>>().join(" "))
}

pub(super) fn printed_map(members: &Map<String, Value>) -> String {
    let mut members: Vec<(&String, &Value)> = members.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, value)| format!("{name}:{}", printed(value)))
        .collect();
    format!("map[{}]", members.join(" "))
}

/// What Go calls the type of a decoded value.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}
