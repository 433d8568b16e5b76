//! Reads the text of a label selector: `a=b, c in (d,e), !f`.

use std::collections::BTreeSet;
use std::iter::Peekable;

use super::SelectorError;
use super::label::{Operator, Requirement, checked_key};

const BINARY_OPERATORS: &str = "in, notin, =, ==, !=, gt, lt";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    End,
    Comma,
    Open,
    Close,
    Not,
    Operator(Operator, &'a str),
    Word(&'a str),
}

impl<'a> Token<'a> {
    fn literal(self) -> &'a str {
        match self {
            Self::End => "",
            Self::Comma => ",",
            Self::Open => "(",
            Self::Close => ")",
            Self::Not => "!",
            Self::Operator(_, literal) | Self::Word(literal) => literal,
        }
    }

    /// `in` and `notin` are words wherever no operator can stand, as in `in in (notin)`.
    fn as_value(self) -> Self {
        match self {
            Self::Operator(Operator::In | Operator::NotIn, literal) => Self::Word(literal),
            other => other,
        }
    }
}

struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn word(&mut self) -> Token<'a> {
        let ends = |character: char| character == '\0' || is_space(character) || is_special(character);
        let length = self.rest.find(ends).unwrap_or(self.rest.len());
        let word = self.take(length);
        self.rest = self.rest.strip_prefix('\0').unwrap_or(self.rest);
        match word {
            "in" => Token::Operator(Operator::In, word),
            "notin" => Token::Operator(Operator::NotIn, word),
            _ => Token::Word(word),
        }
    }

    fn special(&mut self) -> Option<Token<'a>> {
        for (literal, operator) in [("==", Operator::DoubleEquals), ("!=", Operator::NotEquals)] {
            if self.rest.starts_with(literal) {
                return Some(Token::Operator(operator, self.take(2)));
            }
        }
        let token = match self.rest.chars().next()? {
            ',' => Token::Comma,
            '(' => Token::Open,
            ')' => Token::Close,
            '!' => Token::Not,
            '=' => Token::Operator(Operator::Equals, "="),
            '>' => Token::Operator(Operator::GreaterThan, ">"),
            '<' => Token::Operator(Operator::LessThan, "<"),
            _ => return None,
        };
        self.take(1);
        Some(token)
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn is_special(character: char) -> bool {
    matches!(character, '=' | '!' | '(' | ')' | ',' | '>' | '<')
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.rest = self.rest.trim_start_matches(is_space);
        if self.rest.is_empty() || self.rest.starts_with('\0') {
            return None;
        }
        self.special().or_else(|| Some(self.word()))
    }
}

struct Parser<'a> {
    tokens: Peekable<Tokens<'a>>,
}

/// Reads a selector's text into its requirements, in the order of their keys.
pub(super) fn requirements(text: &str) -> Result<Vec<Requirement>, SelectorError> {
    let mut requirements = Parser {
        tokens: Tokens { rest: text }.peekable(),
    }
    .all()?;
    requirements.sort_by(|left, right| left.key().cmp(right.key()));
    Ok(requirements)
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Token<'a> {
        self.tokens.peek().copied().unwrap_or(Token::End).as_value()
    }

    fn consume_operator(&mut self) -> Token<'a> {
        self.tokens.next().unwrap_or(Token::End)
    }

    fn consume(&mut self) -> Token<'a> {
        self.consume_operator().as_value()
    }

    fn all(&mut self) -> Result<Vec<Requirement>, SelectorError> {
        let mut requirements = Vec::new();
        match self.peek() {
            Token::End => return Ok(requirements),
            Token::Word(_) | Token::Not => {}
            other => return Err(found(other, ", expected: !, identifier, or 'end of string'")),
        }
        loop {
            let requirement = self.requirement();
            requirements.push(
                requirement
                    .map_err(|error| SelectorError(format!("unable to parse requirement: {error}")))?,
            );
            match self.consume() {
                Token::End => return Ok(requirements),
                Token::Comma => {}
                other => return Err(found(other, ", expected: ',' or 'end of string'")),
            }
            let next = self.peek();
            if !matches!(next, Token::Word(_) | Token::Not) {
                return Err(found(next, ", expected: identifier after ','"));
            }
        }
    }

    fn requirement(&mut self) -> Result<Requirement, SelectorError> {
        let mut token = self.consume();
        let negated = token == Token::Not;
        if negated {
            token = self.consume();
        }
        let Token::Word(key) = token else {
            return Err(found(token, ", expected: identifier"));
        };
        checked_key("<nil>", key)?;
        if negated {
            return Requirement::new(key, Operator::DoesNotExist, Vec::new());
        }
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Requirement::new(key, Operator::Exists, Vec::new());
        }
        let operator = self.operator()?;
        let values = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            _ => vec![self.exact_value()?],
        };
        Requirement::new(key, operator, values)
    }

    fn operator(&mut self) -> Result<Operator, SelectorError> {
        match self.consume_operator() {
            Token::Operator(operator, _) => Ok(operator),
            other => Err(found(other, &format!(", expected: {BINARY_OPERATORS}"))),
        }
    }

    fn exact_value(&mut self) -> Result<String, SelectorError> {
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(String::new());
        }
        match self.consume() {
            Token::Word(value) => Ok(value.to_owned()),
            other => Err(found(other, ", expected: identifier")),
        }
    }

    fn values(&mut self) -> Result<Vec<String>, SelectorError> {
        let open = self.consume();
        if open != Token::Open {
            return Err(found(open, " expected: '('"));
        }
        let first = self.peek();
        match first {
            Token::Word(_) | Token::Comma => {}
            Token::Close => {
                self.consume();
                return Ok(vec![String::new()]);
            }
            other => return Err(found(other, ", expected: ',', ')' or identifier")),
        }
        let values = self.listed_values()?;
        if self.consume() != Token::Close {
            return Err(found(first, ", expected: ')'"));
        }
        Ok(values.into_iter().collect())
    }

    /// An empty place between commas is the empty value: `(a,,b)`, `(,a)`, `(a,)`.
    fn listed_values(&mut self) -> Result<BTreeSet<String>, SelectorError> {
        let mut values = BTreeSet::new();
        loop {
            match self.consume() {
                Token::Word(value) => {
                    values.insert(value.to_owned());
                    match self.peek() {
                        Token::Comma => {}
                        Token::Close => return Ok(values),
                        other => return Err(found(other, ", expected: ',' or ')'")),
                    }
                }
                Token::Comma => {
                    let next = self.peek();
                    if values.is_empty() || matches!(next, Token::Close | Token::Comma) {
                        values.insert(String::new());
                    }
                    if next == Token::Close {
                        return Ok(values);
                    }
                }
                other => return Err(found(other, ", expected: ',', or identifier")),
            }
        }
    }
}

fn found(token: Token<'_>, expected: &str) -> SelectorError {
    SelectorError(format!("found '{}'{expected}", token.literal()))
}
