//! Objects as expressions see them: with the types of their schema, and only the fields that it names.

use std::sync::{Arc, LazyLock};

use kube_cel::cel::objects::{Key, Map, Value};
use kube_cel::cel::{Context, Program};
use serde_json::{Map as Fields, Value as Json};

use crate::standalone::schema::node::{Additional, Node};

/// A value as its node describes it.
pub(in crate::standalone::schema) fn of_node(json: &Json, node: &Node) -> Value {
    match json {
        Json::String(text) => text_of_node(text, node),
        Json::Number(number) if node.type_name == "number" => {
            number.as_f64().map_or_else(|| of_any(json), Value::Float)
        }
        Json::Number(number) if node.type_name == "integer" => whole(number),
        Json::Array(items) => list(items.iter().map(|item| match node.items.as_deref() {
            Some(item_node) => of_node(item, item_node),
            None => of_any(item),
        })),
        Json::Object(fields) if node.embedded_resource => of_resource(fields, node),
        Json::Object(fields) => map(entries(fields, node)),
        other => of_any(other),
    }
}

/// An object with the fields that every resource has: of its metadata only the names.
pub(in crate::standalone::schema) fn of_resource(fields: &Fields<String, Json>, node: &Node) -> Value {
    let mut all = entries(fields, node);
    for name in ["apiVersion", "kind"] {
        if let Some(value) = fields.get(name) {
            all.push((name.to_owned(), of_any(value)));
        }
    }
    if let Some(Json::Object(metadata)) = fields.get("metadata") {
        let names = metadata
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "name" | "generateName"));
        let names = names.map(|(name, value)| (name.clone(), of_any(value)));
        all.push(("metadata".to_owned(), map(names.collect())));
    }
    map(all)
}

fn entries(fields: &Fields<String, Json>, node: &Node) -> Vec<(String, Value)> {
    let entry = |(name, value): (&String, &Json)| {
        if let Some(property) = node.properties.get(name) {
            return Some((escaped(name)?, of_node(value, property)));
        }
        match &node.additional {
            Some(Additional::Like(other)) => Some((name.clone(), of_node(value, other))),
            Some(Additional::Any) => Some((name.clone(), of_any(value))),
            _ if node.properties.is_empty() && node.preserves_unknown_fields() => {
                Some((name.clone(), of_any(value)))
            }
            _ => None,
        }
    };
    fields.iter().filter_map(entry).collect()
}

/// A value of which no schema is known.
pub(in crate::standalone::schema) fn of_any(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => number
            .as_i64()
            .map_or_else(|| Value::Float(number.as_f64().unwrap_or(f64::NAN)), Value::Int),
        Json::String(text) => string(text),
        Json::Array(items) => list(items.iter().map(of_any)),
        Json::Object(fields) => map(fields
            .iter()
            .map(|(name, value)| (name_of_any(name), of_any(value)))
            .collect()),
    }
}

// Fields of unknown objects are named by themselves, but for words that the language keeps.
fn name_of_any(name: &str) -> String {
    if RESERVED.contains(&name) {
        format!("__{name}__")
    } else {
        name.to_owned()
    }
}

/// A value that may be missing, as `optional`.
pub(in crate::standalone::schema) fn optional(value: Option<Value>) -> Value {
    let made = match value {
        Some(value) => made_by(&OPTIONAL_OF, Some(value)),
        None => made_by(&OPTIONAL_NONE, None),
    };
    made.unwrap_or(Value::Null)
}

fn text_of_node(text: &str, node: &Node) -> Value {
    let maker = match node.format_name.as_str() {
        "date-time" | "datetime" => &TIMESTAMP,
        "date" => &DATE,
        "duration" => &DURATION,
        "byte" => &BYTES,
        _ => return string(text),
    };
    made_by(maker, Some(string(text))).unwrap_or_else(|| string(text))
}

type Maker = LazyLock<Option<Program>>;

// Values of the crate's own types are made by the crate's own functions.
static TIMESTAMP: Maker = LazyLock::new(|| Program::compile("timestamp(x)").ok());
static DATE: Maker = LazyLock::new(|| Program::compile("timestamp(x + 'T00:00:00Z')").ok());
static DURATION: Maker = LazyLock::new(|| Program::compile("duration(x)").ok());
static BYTES: Maker = LazyLock::new(|| Program::compile("base64.decode(x)").ok());
static OPTIONAL_OF: Maker = LazyLock::new(|| Program::compile("optional.of(x)").ok());
static OPTIONAL_NONE: Maker = LazyLock::new(|| Program::compile("optional.none()").ok());

fn made_by(maker: &Maker, argument: Option<Value>) -> Option<Value> {
    super::FUNCTIONS.with(|functions: &Context<'_>| {
        let mut context = functions.new_inner_scope();
        if let Some(argument) = argument {
            context.add_variable_from_value("x", argument);
        }
        maker.as_ref()?.execute(&context).ok()
    })
}

fn whole(number: &serde_json::Number) -> Value {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the schema has seen that it is whole"
    )]
    let truncated = |float: f64| float as i64;
    let value = number.as_i64().or_else(|| number.as_f64().map(truncated));
    value.map_or(Value::Null, Value::Int)
}

fn string(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}

fn list(items: impl Iterator<Item = Value>) -> Value {
    Value::List(Arc::new(items.collect()))
}

/// A map of values.
pub(in crate::standalone::schema) fn map(entries: Vec<(String, Value)>) -> Value {
    let entries = entries
        .into_iter()
        .map(|(name, value)| (Key::String(Arc::new(name)), value));
    Value::Map(Map {
        map: Arc::new(entries.collect()),
    })
}

const RESERVED: &[&str] = &[
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// The name of a field as expressions write it; none for a name that they cannot write.
pub(in crate::standalone::schema) fn escaped(name: &str) -> Option<String> {
    if RESERVED.contains(&name) {
        return Some(format!("__{name}__"));
    }
    let can_be_written = |letter: char| letter.is_ascii_alphanumeric() || "_.-/".contains(letter);
    if name.is_empty()
        || name.starts_with(|letter: char| letter.is_ascii_digit())
        || !name.chars().all(can_be_written)
    {
        return None;
    }
    let doubled = name.replace("__", "__underscores__");
    Some(
        doubled
            .replace('.', "__dot__")
            .replace('-', "__dash__")
            .replace('/', "__slash__"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_only_where_they_cannot_be_written() {
        let names = ["my_field", "namespace", "a-b.c/d", "a__b", "1a", "a b"].map(escaped);
        let escaped = [
            "my_field",
            "__namespace__",
            "a__dash__b__dot__c__slash__d",
            "a__underscores__b",
        ];
        assert_eq!(
            names.iter().flatten().collect::<Vec<_>>(),
            escaped.iter().collect::<Vec<_>>()
        );
    }
}
