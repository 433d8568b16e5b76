//! Whether a value is what a schema says, in the real server's words and order.

mod list_type;
mod number;
mod outcome;
mod trail;
mod whole;

use serde_json::{Map, Value};

use super::correlation::Correlation;
use super::field_error::{ErrorKind, FieldError};
use super::go_text;
use super::node::{Additional, JsonType, Node};
use outcome::{Finding, Outcome, Subject};
use trail::Trail;

pub(super) use list_type::check as check_list_types;

/// Judges `value` by `node`.
///
/// `base` stands before every field's path. What is equal to the old value, where a correlation is given, is
/// not objected to.
pub(super) fn check(
    base: &str,
    node: &Node,
    value: &Value,
    correlation: Option<Correlation<'_>>,
) -> Vec<FieldError> {
    let judge = Judge { base };
    let place = Place {
        trail: &Trail::Root,
        correlation,
    };
    let outcome = judge.ratcheted(node, value, place);
    outcome.into_errors()
}

/// Where a value stands, and what it takes the place of.
#[derive(Clone, Copy)]
struct Place<'a> {
    trail: &'a Trail<'a>,
    correlation: Option<Correlation<'a>>,
}

struct Judge<'b> {
    base: &'b str,
}

impl Judge<'_> {
    fn ratcheted(&self, node: &Node, value: &Value, place: Place<'_>) -> Outcome {
        let mut outcome = self.value(node, value, place);
        if !outcome.is_valid() && place.correlation.is_some_and(|both| both.is_unchanged()) {
            outcome.forgive();
        }
        outcome
    }

    // The count of checks that matched decides which branch of anyOf and oneOf is explained, so it follows
    // the real server's exactly: one for each check that applied, and those that the checks count themselves.
    fn value(&self, node: &Node, value: &Value, place: Place<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        let trail = place.trail;
        if value.is_null() {
            self.null(node, trail, &mut outcome);
            return outcome;
        }
        if !node.types().is_empty() || node.format.is_some() {
            self.json_type(node, value, trail, &mut outcome);
            outcome.matched();
        }
        self.branches(node, value, place, &mut outcome);
        outcome.matched();
        match value {
            Value::String(text) => self.text(node, text, trail, &mut outcome),
            Value::Number(number) => {
                number::check(&self.at(trail), node, number, &mut outcome);
                outcome.matched();
            }
            Value::Array(items) => {
                self.list(node, items, place, &mut outcome);
                outcome.matched();
            }
            _ => {}
        }
        self.allowed_values(node, value, trail, &mut outcome);
        outcome.matched();
        if let Value::Object(fields) = value {
            self.object(node, fields, place, &mut outcome);
            outcome.matched();
        }
        outcome.matched();
        outcome
    }

    fn at<'t>(&'t self, trail: &'t Trail<'t>) -> Subject<'t> {
        Subject {
            base: self.base,
            trail,
        }
    }

    fn null(&self, node: &Node, trail: &Trail<'_>, outcome: &mut Outcome) {
        if node.types().is_empty() || node.nullable {
            outcome.matched();
        } else {
            outcome.add(self.at(trail).wrong_type(&type_names(node), "null"));
        }
        self.allowed_values(node, &Value::Null, trail, outcome);
    }

    fn json_type(&self, node: &Node, value: &Value, trail: &Trail<'_>, outcome: &mut Outcome) {
        match type_mismatch(node, value) {
            Some((wanted, found)) => outcome.add(self.at(trail).wrong_type(&wanted, found)),
            None => outcome.matched(),
        }
    }

    fn text(&self, node: &Node, text: &str, trail: &Trail<'_>, outcome: &mut Outcome) {
        if let Some(finding) = self.text_finding(node, text, trail) {
            outcome.add(finding);
        }
        outcome.matched();
        if let Some(format) = &node.format {
            if !format.accepts(text) {
                let detail = format!("must be of type {}: {}", format.name, go_text::quote(text));
                outcome.add(self.at(trail).finding(ErrorKind::TypeInvalid, text, &detail));
            }
            outcome.matched();
        }
    }

    // Only the first of the three objections is made.
    fn text_finding(&self, node: &Node, text: &str, trail: &Trail<'_>) -> Option<Finding> {
        let length = || i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        let here = self.at(trail);
        if let Some(limit) = node.max_length.filter(|limit| length() > *limit) {
            return Some(here.too_long(limit));
        }
        if let Some(limit) = node.min_length.filter(|limit| length() < *limit) {
            let detail = format!("should be at least {limit} chars long");
            return Some(here.finding(ErrorKind::Invalid, text, &detail));
        }
        match &node.pattern {
            Some(Ok(pattern)) if !pattern.matches(text) => {
                let detail = format!("should match '{}'", pattern.as_str());
                Some(here.finding(ErrorKind::Invalid, text, &detail))
            }
            _ => None,
        }
    }

    fn list(&self, node: &Node, items: &[Value], place: Place<'_>, outcome: &mut Outcome) {
        if let Some(item_node) = node.items.as_deref() {
            for (index, item) in items.iter().enumerate() {
                let place = Place {
                    trail: &Trail::Index(place.trail, index),
                    correlation: place.correlation.and_then(|both| both.index(index)),
                };
                outcome.merge(self.ratcheted(item_node, item, place));
            }
        }
        self.count(
            (items.len(), "items"),
            (node.min_items, node.max_items),
            place.trail,
            outcome,
        );
        outcome.matched();
    }

    fn count(
        &self,
        (size, unit): (usize, &str),
        (least, most): (Option<i64>, Option<i64>),
        trail: &Trail<'_>,
        outcome: &mut Outcome,
    ) {
        let count = i64::try_from(size).unwrap_or(i64::MAX);
        let here = self.at(trail);
        if let Some(limit) = least.filter(|limit| count < *limit) {
            let detail = format!("should have at least {limit} {unit}");
            outcome.add(here.finding(ErrorKind::Invalid, count, &detail));
        }
        if let Some(limit) = most.filter(|limit| count > *limit) {
            outcome.add(here.too_many(size, limit));
        }
    }

    fn allowed_values(&self, node: &Node, value: &Value, trail: &Trail<'_>, outcome: &mut Outcome) {
        let is_value = |allowed: &Value| !allowed.is_null() && same_value(value, allowed);
        if node.values.is_empty() || node.values.iter().any(is_value) {
            return;
        }
        let texts: Vec<String> = node.values.iter().map(value_name).collect();
        outcome.add(self.at(trail).not_supported(value, &texts));
    }

    fn object(&self, node: &Node, fields: &Map<String, Value>, place: Place<'_>, outcome: &mut Outcome) {
        self.count(
            (fields.len(), "properties"),
            (node.min_properties, node.max_properties),
            place.trail,
            outcome,
        );
        for (name, value) in fields {
            if !node.properties.contains_key(name) {
                self.other_field(node, (name, value), place, outcome);
            }
        }
        for (name, property) in &node.properties {
            if let Some(value) = fields.get(name) {
                let place = Place {
                    trail: &Trail::Field(place.trail, name),
                    correlation: field_correlation(place, name),
                };
                outcome.merge(self.ratcheted(property, value, place));
            }
        }
        for name in &node.required {
            if !fields.contains_key(name) {
                outcome.add(self.at(&Trail::Key(place.trail, name)).required());
            }
        }
    }

    fn other_field(
        &self,
        node: &Node,
        (name, value): (&str, &Value),
        place: Place<'_>,
        outcome: &mut Outcome,
    ) {
        match &node.additional {
            Some(Additional::Nothing) => outcome.add(self.at(place.trail).forbidden_property(name)),
            Some(Additional::Like(other)) => {
                let place = Place {
                    trail: &Trail::Key(place.trail, name),
                    correlation: field_correlation(place, name),
                };
                outcome.merge(self.ratcheted(other, value, place));
            }
            Some(Additional::Any) | None => {}
        }
    }
}

// A changed type or version never excuses what it means for the object.
fn field_correlation<'a>(place: Place<'a>, name: &str) -> Option<Correlation<'a>> {
    let at_root = matches!(place.trail, Trail::Root);
    if at_root && super::metadata::is_type_or_metadata(name) {
        return None;
    }
    place.correlation.and_then(|both| both.key(name))
}

fn type_names(node: &Node) -> String {
    let names: Vec<&str> = node.types().iter().map(|kind| kind.name()).collect();
    names.join(",")
}

// The type of a value and the format that the real server gives it before it looks at the schema.
fn type_of(value: &Value) -> (JsonType, &'static str) {
    match value {
        Value::Bool(_) => (JsonType::Boolean, ""),
        Value::String(_) => (JsonType::String, ""),
        Value::Number(number) if number.is_i64() => (JsonType::Integer, "int64"),
        Value::Number(_) => (JsonType::Number, "float64"),
        Value::Array(_) => (JsonType::Array, ""),
        Value::Object(_) | Value::Null => (JsonType::Object, ""),
    }
}

// What was wanted and what was found, where they differ.
fn type_mismatch(node: &Node, value: &Value) -> Option<(String, &'static str)> {
    let types = node.types();
    let (found, found_format) = type_of(value);
    let is_whole = value.as_f64().is_some_and(number::is_json_integer);
    let fits = types.contains(&found)
        || (found == JsonType::Number && is_whole && types.contains(&JsonType::Integer))
        || (found == JsonType::Integer && types.contains(&JsonType::Number));
    let is_text_or_list = matches!(value, Value::String(_) | Value::Array(_));
    if let Some(format) = &node.format {
        if !is_text_or_list && !fits && format.name != found_format {
            return Some((format.name.clone(), found_format));
        }
        let is_numeric = types
            .iter()
            .any(|kind| matches!(kind, JsonType::Number | JsonType::Integer));
        if !is_numeric && is_text_or_list {
            return None;
        }
    }
    (!fits).then(|| (type_names(node), found.name()))
}

fn same_value(value: &Value, allowed: &Value) -> bool {
    match (value, allowed) {
        (Value::Number(value), Value::Number(allowed)) => {
            let (value, as_written) = (value.as_f64(), allowed.as_f64());
            if allowed.is_i64() {
                return value.map(f64::trunc) == as_written;
            }
            value == as_written
        }
        _ => value == allowed,
    }
}

fn value_name(allowed: &Value) -> String {
    match allowed {
        Value::String(text) => text.clone(),
        other => go_text::json(other),
    }
}
