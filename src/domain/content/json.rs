//! JSON in which every value and every key knows its place, so that a wrong one can be pointed at.

mod reader;

use super::{
    diagnostic::{Diagnostic, Position},
    text::{Span, Text},
};

/// Bounds of a JSON file, over which it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How deep lists and objects may stand in each other.
    pub depth: usize,
    /// How many values there may be in all; each costs about 64 bytes of memory.
    pub values: usize,
}

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where its first character stands.
    pub position: Position,
    /// How many characters it takes up.
    pub length: u32,
    /// What it is.
    pub value: Value,
}

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as the file writes it.
    Number(String),
    /// A string, its escapes resolved.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// An object, its members in the order of the file; no key stands in it twice.
    Object(Vec<Member>),
}

/// A key of an object and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The key, its escapes resolved.
    pub name: String,
    /// Where the key stands.
    pub span: Span,
    /// Its value.
    pub node: Node,
}

/// Reads a text as one JSON value; the error is fatal and points at the first character that cannot stand there.
///
/// Stricter than RFC 8259 in one thing: a key that an object has twice is an error.
pub fn parse(text: &Text<'_>, limits: Limits) -> Result<Node, Box<Diagnostic>> {
    reader::read(text.content(), limits).map_err(|fault| {
        let error = text.error(fault.span, fault.code, fault.message, fault.help);
        Box::new(Diagnostic { fatal: true, ..error })
    })
}

impl Node {
    /// The place of the value.
    pub fn span(&self) -> Span {
        Span {
            position: self.position,
            length: self.length,
        }
    }

    /// The string, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items, if it is a list.
    pub fn list(&self) -> Option<&[Self]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The members, if it is an object.
    pub fn object(&self) -> Option<&[Member]> {
        match &self.value {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The value of a key, if it is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let member = self.object()?.iter().find(|member| member.name == name)?;
        Some(&member.node)
    }

    /// What kind of value it is, with its article, for a message.
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Object(_) => "an object",
        }
    }
}

#[cfg(test)]
mod tests;
