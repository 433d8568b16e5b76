//! Reads a message by its table.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::ProtobufError;
use super::fields::{Field, Fields, Shape};
use super::wire::{self, Content, text};

/// Reads a message into the members of a JSON object; fields that no table knows are passed over.
///
/// Tables do not contain themselves, so the depth is theirs.
pub(super) fn decode(fields: Fields, message: &[u8]) -> Result<Map<String, Value>, ProtobufError> {
    let mut members = Map::new();
    for found in wire::fields(message) {
        let (number, content) = found?;
        if let Some(field) = fields.iter().find(|field| field.number == number) {
            read(field, content, &mut members)?;
        }
    }
    Ok(members)
}

fn read(field: &Field, content: Content<'_>, members: &mut Map<String, Value>) -> Result<(), ProtobufError> {
    match (field.shape, content) {
        (Shape::Texts, Content::Bytes(bytes)) => list(members, field)?.push(Value::String(text(bytes)?)),
        (Shape::Messages(fields), Content::Bytes(bytes)) => {
            list(members, field)?.push(Value::Object(decode(fields, bytes)?));
        }
        (Shape::TextMap | Shape::BytesMap | Shape::TextsMap, Content::Bytes(bytes)) => {
            let (key, value) = entry(field.shape, bytes)?;
            map(members, field)?.insert(key, value);
        }
        (shape, Content::Bytes(bytes)) => {
            if let Some(value) = of_bytes(shape, bytes)? {
                members.insert(field.name.to_owned(), value);
            }
        }
        (shape, Content::Number(number)) => {
            if let Some(value) = of_number(shape, number)? {
                members.insert(field.name.to_owned(), value);
            }
        }
    }
    Ok(())
}

const UNEXPECTED: ProtobufError = ProtobufError::Malformed("a field has an unexpected wire type");

fn list<'a>(members: &'a mut Map<String, Value>, field: &Field) -> Result<&'a mut Vec<Value>, ProtobufError> {
    let list = members
        .entry(field.name)
        .or_insert_with(|| Value::Array(Vec::new()));
    list.as_array_mut().ok_or(UNEXPECTED)
}

fn map<'a>(
    members: &'a mut Map<String, Value>,
    field: &Field,
) -> Result<&'a mut Map<String, Value>, ProtobufError> {
    let map = members
        .entry(field.name)
        .or_insert_with(|| Value::Object(Map::new()));
    map.as_object_mut().ok_or(UNEXPECTED)
}

/// An entry of a map is a message of key and value.
fn entry(shape: Shape, message: &[u8]) -> Result<(String, Value), ProtobufError> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    for found in wire::fields(message) {
        match found? {
            (1, Content::Bytes(bytes)) => key = bytes,
            (2, Content::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    let value = match shape {
        Shape::BytesMap => Value::String(STANDARD.encode(value)),
        Shape::TextsMap => texts(value)?,
        _ => Value::String(text(value)?),
    };
    Ok((text(key)?, value))
}

fn texts(message: &[u8]) -> Result<Value, ProtobufError> {
    let mut texts = Vec::new();
    for found in wire::fields(message) {
        if let (1, Content::Bytes(bytes)) = found? {
            texts.push(Value::String(text(bytes)?));
        }
    }
    Ok(Value::Array(texts))
}

fn of_bytes(shape: Shape, bytes: &[u8]) -> Result<Option<Value>, ProtobufError> {
    match shape {
        Shape::Text => Ok(Some(text(bytes)?)
            .filter(|text| !text.is_empty())
            .map(Value::String)),
        Shape::OptionalText => Ok(Some(Value::String(text(bytes)?))),
        Shape::Message(fields) => decode(fields, bytes).map(Value::Object).map(Some),
        Shape::Time => instant(bytes, 0),
        Shape::MicroTime => instant(bytes, 6),
        Shape::Json => json(bytes),
        _ => Err(UNEXPECTED),
    }
}

fn of_number(shape: Shape, number: u64) -> Result<Option<Value>, ProtobufError> {
    match shape {
        Shape::Number | Shape::Truth if number == 0 => Ok(None),
        Shape::Number | Shape::OptionalNumber => Ok(Some(Value::from(signed(number)))),
        Shape::Truth | Shape::OptionalTruth => Ok(Some(Value::Bool(number != 0))),
        _ => Err(UNEXPECTED),
    }
}

/// A negative number is sent as its two's complement.
fn signed(number: u64) -> i64 {
    i64::from_ne_bytes(number.to_ne_bytes())
}

/// An instant without any field is the zero time, which JSON leaves out.
fn instant(message: &[u8], digits: u8) -> Result<Option<Value>, ProtobufError> {
    if message.is_empty() {
        return Ok(None);
    }
    let (mut seconds, mut nanoseconds) = (0_i64, 0_i64);
    for found in wire::fields(message) {
        match found? {
            (1, Content::Number(number)) => seconds = signed(number),
            (2, Content::Number(number)) => nanoseconds = signed(number),
            _ => {}
        }
    }
    let nanoseconds = i32::try_from(nanoseconds).map_err(|_| OUT_OF_RANGE)?;
    let instant = Timestamp::new(seconds, nanoseconds).map_err(|_| OUT_OF_RANGE)?;
    Ok(Some(Value::String(format!(
        "{instant:.precision$}",
        precision = usize::from(digits)
    ))))
}

const OUT_OF_RANGE: ProtobufError = ProtobufError::Malformed("an instant is out of range");

/// `FieldsV1` is a message with JSON in its only field.
fn json(message: &[u8]) -> Result<Option<Value>, ProtobufError> {
    for found in wire::fields(message) {
        if let (1, Content::Bytes(bytes)) = found? {
            let value = serde_json::from_slice(bytes);
            return value
                .map(Some)
                .map_err(|_| ProtobufError::Malformed("managed fields are not JSON"));
        }
    }
    Ok(None)
}
