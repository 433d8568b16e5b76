//! One visitor for both formats: it builds the value and notes the fields that stand twice.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::complaint;
use super::{Body, BodyError};

/// How many complaints the server makes of one body.
const MAX_DUPLICATES: usize = 100;
/// How deep YAML may be nested; `serde_json` has the same bound.
const MAX_DEPTH: usize = 128;

pub(super) fn json(bytes: &[u8]) -> Result<Body, BodyError> {
    let notes = Notes::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Node { notes: &notes }.deserialize(&mut deserializer);
    let value = value.and_then(|value| deserializer.end().map(|()| value));
    let value = value.map_err(|error| BodyError::Json(complaint::of_json(&error, bytes)))?;
    Ok(notes.into_body(value))
}

pub(super) fn yaml(bytes: &[u8]) -> Result<Body, BodyError> {
    let text = std::str::from_utf8(bytes).map_err(|_| BodyError::Yaml("invalid UTF-8".to_owned()))?;
    let notes = Notes::default();
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_documents: 1,
            max_anchors: 0,
            max_aliases: 0,
            max_merge_keys: 0,
        },
        duplicate_keys: serde_saphyr::DuplicateKeyPolicy::LastWins,
        with_snippet: false,
    };
    let value = serde_saphyr::with_deserializer_from_str_with_options(text, options, |deserializer| {
        Node { notes: &notes }.deserialize(deserializer)
    });
    let value = value.map_err(|error| BodyError::Yaml(error.without_snippet().to_string()))?;
    Ok(notes.into_body(value))
}

/// Where the reader is, and what it saw.
#[derive(Default)]
struct Notes {
    path: RefCell<String>,
    duplicates: RefCell<Vec<String>>,
}

impl Notes {
    fn into_body(self, value: Value) -> Body {
        Body {
            value,
            duplicates: self.duplicates.into_inner(),
        }
    }

    /// Goes one step down, and says where to come back to.
    fn enter_field(&self, name: &str) -> usize {
        let mut path = self.path.borrow_mut();
        let back = path.len();
        if back > 0 {
            path.push('.');
        }
        path.push_str(name);
        back
    }

    fn enter_item(&self, index: usize) -> usize {
        let mut path = self.path.borrow_mut();
        let back = path.len();
        path.push('[');
        path.push_str(&index.to_string());
        path.push(']');
        back
    }

    fn leave(&self, back: usize) {
        self.path.borrow_mut().truncate(back);
    }

    /// The path is that of the field which was just entered.
    fn duplicate(&self) {
        let duplicate = format!("duplicate field \"{}\"", self.path.borrow());
        let mut duplicates = self.duplicates.borrow_mut();
        if duplicates.len() < MAX_DUPLICATES && !duplicates.contains(&duplicate) {
            duplicates.push(duplicate);
        }
    }
}

#[derive(Clone, Copy)]
struct Node<'a> {
    notes: &'a Notes,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or_else(|_| fraction(as_fraction(number)), Value::from))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(fraction(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            let back = self.notes.enter_item(list.len());
            let item = items.next_element_seed(self)?;
            self.notes.leave(back);
            match item {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let back = self.notes.enter_field(&name);
            let value = entries.next_value_seed(self)?;
            if members.insert(name, value).is_some() {
                self.notes.duplicate();
            }
            self.notes.leave(back);
        }
        Ok(Value::Object(members))
    }
}

/// The largest number of which every whole number below is exact in 64 bits of floating point.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Whole numbers are written without a point, as the server does. Neither format has a JSON form for what is no finite
/// number: YAML's `.nan` becomes null.
#[expect(
    clippy::cast_possible_truncation,
    reason = "within the bounds of whole numbers"
)]
fn fraction(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < WHOLE {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "the server keeps such numbers as float64 too"
)]
fn as_fraction(number: u64) -> f64 {
    number as f64
}
