//! Paths into a schema: `.spec.x` and `.spec['x-y']`.

use crate::standalone::schema::node::{Additional, Node};

/// The node that a path leads to, and the path as fields are written in messages.
///
/// # Errors
/// The sentence that says what is wrong with the path.
pub(in crate::standalone::schema) fn follow<'n>(
    path: &str,
    root: &'n Node,
    brackets: Brackets,
) -> Result<(String, &'n Node), String> {
    let mut walk = Walk {
        node: root,
        written: String::new(),
    };
    let mut tokens = Tokens { rest: path };
    while let Some(token) = tokens.next() {
        match token {
            "." => {
                let name = tokens.expect_more()?;
                walk.enter(name)?;
            }
            "[" if brackets == Brackets::Refused => {
                return Err("array notation is not allowed".to_owned());
            }
            "[" => {
                let name = unquoted(tokens.expect_more()?)?;
                walk.enter(&name)?;
                match tokens.expect_more()? {
                    "]" => {}
                    other => return Err(format!("expected ] but got {other}")),
                }
            }
            other => return Err(format!("expected [ or . but got: {other}")),
        }
    }
    Ok((walk.written, walk.node))
}

/// Whether a path may write a field as `['name']`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::standalone::schema) enum Brackets {
    Allowed,
    Refused,
}

struct Walk<'n> {
    node: &'n Node,
    written: String,
}

impl Walk<'_> {
    fn enter(&mut self, name: &str) -> Result<(), String> {
        const UNKNOWN: &str = "does not refer to a valid field";
        if !self.node.properties.is_empty() {
            self.node = self.node.properties.get(name).ok_or(UNKNOWN)?;
            if !self.written.is_empty() {
                self.written.push('.');
            }
            self.written.push_str(name);
            return Ok(());
        }
        let other = self.node.additional.as_ref().and_then(Additional::node);
        self.node = other.ok_or(UNKNOWN)?;
        self.written.push('[');
        self.written.push_str(name);
        self.written.push(']');
        Ok(())
    }
}

struct Tokens<'p> {
    rest: &'p str,
}

impl<'p> Tokens<'p> {
    fn next(&mut self) -> Option<&'p str> {
        let first = self.rest.chars().next()?;
        let end = match first {
            '.' | '[' | ']' => 1,
            '\'' => quoted_length(self.rest),
            _ => self.rest.find(['.', '[', ']']).unwrap_or(self.rest.len()),
        };
        let (token, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(token)
    }

    fn expect_more(&mut self) -> Result<&'p str, String> {
        self.next()
            .ok_or_else(|| "unexpected end of JSON path".to_owned())
    }
}

// Up to and with the closing quote; a quote after a backslash does not close.
fn quoted_length(text: &str) -> usize {
    let mut before = '\'';
    for (position, letter) in text.char_indices().skip(1) {
        if letter == '\'' && before != '\\' {
            return position + 1;
        }
        before = letter;
    }
    text.len()
}

fn unquoted(token: &str) -> Result<String, String> {
    let inside = token.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let inside = inside.ok_or_else(|| format!("expected single quoted string but got {token}"))?;
    let mut text = String::with_capacity(inside.len());
    let mut letters = inside.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            text.push(unescaped(letters.next())?);
        } else {
            text.push(letter);
        }
    }
    Ok(text)
}

fn unescaped(letter: Option<char>) -> Result<char, String> {
    Ok(match letter {
        Some('a') => '\u{7}',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('v') => '\u{b}',
        Some(same @ ('\'' | '\\')) => same,
        other => {
            let other: String = other.into_iter().collect();
            return Err(format!("invalid string literal: invalid escape char \\{other}"));
        }
    })
}
