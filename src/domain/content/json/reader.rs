//! The reader behind `json::parse`: one pass, place by place, never deeper or longer than its limits.

use std::collections::BTreeSet;

use super::{Limits, Member, Node, Value};
use crate::domain::content::{diagnostic::Position, text::Span, text::quoted};

/// Why a text is no JSON that we read, and where.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) span: Span,
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// Reads the whole text as one value.
pub(super) fn read(content: &str, limits: Limits) -> Result<Node, Fault> {
    let mut reader = Reader {
        rest: content,
        position: Position { line: 1, column: 1 },
        read: 0,
        limits,
        depth: 0,
        values: 0,
    };
    reader.space();
    let node = reader.value()?;
    reader.space();
    match reader.peek() {
        None => Ok(node),
        Some(_) => Err(reader.unexpected("the end of the file")),
    }
}

struct Reader<'a> {
    rest: &'a str,
    position: Position,
    /// Characters read so far.
    read: u32,
    limits: Limits,
    depth: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut characters = self.rest.chars();
        let one = characters.next()?;
        self.rest = characters.as_str();
        self.read = self.read.saturating_add(1);
        if one == '\n' {
            self.position.line = self.position.line.saturating_add(1);
            self.position.column = 1;
        } else {
            self.position.column = self.position.column.saturating_add(1);
        }
        Some(one)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.next();
        }
    }

    /// Reads one given character if it comes next.
    fn taken(&mut self, wanted: char) -> bool {
        let there = self.peek() == Some(wanted);
        if there {
            self.next();
        }
        there
    }

    fn value(&mut self) -> Result<Node, Fault> {
        self.values += 1;
        if self.values > self.limits.values {
            return Err(self.too_many());
        }
        let (position, before) = (self.position, self.read);
        let value = match self.peek() {
            Some('{') => self.nested(Self::object)?,
            Some('[') => self.nested(Self::list)?,
            Some('"') => Value::Text(self.string()?),
            Some('-' | '0'..='9') => self.number()?,
            _ => self.word()?,
        };
        Ok(Node {
            position,
            length: self.read.saturating_sub(before),
            value,
        })
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Value, Fault>) -> Result<Value, Fault> {
        if self.depth >= self.limits.depth {
            return Err(self.too_deep());
        }
        self.depth += 1;
        self.next();
        let value = inner(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Value, Fault> {
        let mut items = Vec::new();
        self.space();
        if self.taken(']') {
            return Ok(Value::List(items));
        }
        loop {
            self.space();
            items.push(self.value()?);
            self.space();
            if self.taken(']') {
                return Ok(Value::List(items));
            }
            if !self.taken(',') {
                return Err(self.unexpected("`,` or `]`"));
            }
        }
    }

    fn object(&mut self) -> Result<Value, Fault> {
        let mut members = Vec::new();
        self.space();
        if self.taken('}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.space();
            members.push(self.member()?);
            self.space();
            if self.taken('}') {
                break;
            }
            if !self.taken(',') {
                return Err(self.unexpected("`,` or `}`"));
            }
        }
        match repeated(&members) {
            Some(member) => Err(twice(member)),
            None => Ok(Value::Object(members)),
        }
    }

    fn member(&mut self) -> Result<Member, Fault> {
        if self.peek() != Some('"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let (position, before) = (self.position, self.read);
        let name = self.string()?;
        let length = self.read.saturating_sub(before);
        self.space();
        if !self.taken(':') {
            return Err(self.unexpected("`:`"));
        }
        self.space();
        let node = self.value()?;
        Ok(Member {
            name,
            span: Span { position, length },
            node,
        })
    }

    fn string(&mut self) -> Result<String, Fault> {
        let opening = self.position;
        self.next();
        let mut text = String::new();
        loop {
            match self.peek() {
                None => return Err(unclosed(opening)),
                Some('"') => break,
                Some('\\') => text.push(self.escape()?),
                Some(one) if one < ' ' => return Err(self.unexpected("the closing `\"` or an escape")),
                Some(one) => {
                    text.push(one);
                    self.next();
                }
            }
        }
        self.next();
        Ok(text)
    }

    fn escape(&mut self) -> Result<char, Fault> {
        self.next();
        let one = match self.peek() {
            Some(one @ ('"' | '\\' | '/')) => one,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.unicode(),
            _ => return Err(self.unexpected("one of `\"\\/bfnrtu`")),
        };
        self.next();
        Ok(one)
    }

    /// A `\u` escape, or the two that make a character beyond the first 65,536.
    fn unicode(&mut self) -> Result<char, Fault> {
        let start = self.position;
        self.next();
        let first = self.four_digits()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !(self.taken('\\') && self.taken('u')) {
                return Err(half(start));
            }
            let second = self.four_digits()?;
            if !(0xdc00..0xe000).contains(&second) {
                return Err(half(start));
            }
            0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| half(start))
    }

    fn four_digits(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|one| one.to_digit(16)) else {
                return Err(self.unexpected("a hexadecimal digit"));
            };
            code = code * 16 + digit;
            self.next();
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<Value, Fault> {
        let start = self.rest;
        self.taken('-');
        if !self.taken('0') {
            self.digits()?;
        }
        if self.taken('.') {
            self.digits()?;
        }
        if self.taken('e') || self.taken('E') {
            if !self.taken('+') {
                self.taken('-');
            }
            self.digits()?;
        }
        Ok(Value::Number(self.since(start).to_owned()))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        if !self.peek().is_some_and(|one| one.is_ascii_digit()) {
            return Err(self.unexpected("a digit"));
        }
        while self.peek().is_some_and(|one| one.is_ascii_digit()) {
            self.next();
        }
        Ok(())
    }

    fn word(&mut self) -> Result<Value, Fault> {
        let known = [
            ("null", Value::Null),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
        ];
        for (word, value) in known {
            if self.rest.starts_with(word) {
                for _ in word.chars() {
                    self.next();
                }
                return Ok(value);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn since(&self, start: &'a str) -> &'a str {
        let length = start.len() - self.rest.len();
        start.get(..length).unwrap_or_default()
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let found = match self.peek() {
            None => "the file ends".to_owned(),
            Some(one) => format!("{} stands", quoted(&one.to_string())),
        };
        self.fault(
            "JsonSyntax",
            format!("Not JSON: {found} where {wanted} was expected."),
        )
    }

    fn too_deep(&self) -> Fault {
        let depth = self.limits.depth;
        let message = format!("Lists and objects stand more than {depth} deep in each other.");
        self.fault("JsonTooDeep", message)
    }

    fn too_many(&self) -> Fault {
        let message = format!("The file has more than {} values.", self.limits.values);
        self.fault("JsonTooLarge", message)
    }

    fn fault(&self, code: &'static str, message: String) -> Fault {
        Fault {
            span: Span {
                position: self.position,
                length: 1,
            },
            code,
            message,
            help: "Repair the file; nothing of it is used until then.",
        }
    }
}

fn repeated(members: &[Member]) -> Option<&Member> {
    let mut seen = BTreeSet::new();
    members.iter().find(|member| !seen.insert(member.name.as_str()))
}

fn twice(member: &Member) -> Fault {
    Fault {
        span: member.span,
        code: "DuplicateKey",
        message: format!("The key {} stands twice in one object.", quoted(&member.name)),
        help: "Keep one of the two: readers of JSON disagree on which one counts.",
    }
}

fn unclosed(position: Position) -> Fault {
    Fault {
        span: Span { position, length: 1 },
        code: "JsonSyntax",
        message: "Not JSON: the string that begins here has no closing `\"`.".to_owned(),
        help: "Close the string, and write a `\"` inside it as `\\\"`.",
    }
}

fn half(position: Position) -> Fault {
    Fault {
        span: Span { position, length: 5 },
        code: "JsonSyntax",
        message: "Not JSON: this escape is half of a surrogate pair.".to_owned(),
        help: "Write the character itself, in UTF-8.",
    }
}
