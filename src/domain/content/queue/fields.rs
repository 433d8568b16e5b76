//! Taking named strings out of a JSON object, with a diagnostic for each that is missing or of the wrong kind.

use jiff::civil::Date;

use super::Field;
use crate::domain::content::{
    diagnostic::Diagnostic,
    json::{Member, Node},
    text::{Span, Text, nearest, quoted},
};

/// One object, and what was found wrong with it.
pub(super) struct Fields<'t> {
    text: &'t Text<'t>,
    object: Span,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl<'t> Fields<'t> {
    pub(super) fn new(text: &'t Text<'t>, object: Span) -> Self {
        Self {
            text,
            object,
            diagnostics: Vec::new(),
        }
    }

    /// Warns of every member whose name is not known.
    pub(super) fn known(&mut self, members: &[Member], names: &[&str]) {
        for member in members {
            if names.contains(&member.name.as_str()) {
                continue;
            }
            let help = match nearest(&member.name, names) {
                Some(name) => format!("Did you mean `{name}`?"),
                None => format!("Known here: {}.", names.join(", ")),
            };
            let message = format!(
                "The field {} is not known and has no effect.",
                quoted(&member.name)
            );
            let warning = self.text.warning(member.span, "UnknownField", message, &help);
            self.diagnostics.push(warning);
        }
    }

    /// A required string of at most `limit` characters.
    pub(super) fn text(&mut self, members: &[Member], name: &str, limit: usize) -> Option<Field> {
        let Some(member) = members.iter().find(|member| member.name == name) else {
            self.missing(name);
            return None;
        };
        let node = &member.node;
        let Some(value) = node.text() else {
            self.wrong_kind(name, node, "a string");
            return None;
        };
        let value = value.trim();
        let problem = if value.is_empty() {
            "is empty".to_owned()
        } else if value.chars().nth(limit).is_some() {
            format!("has more than {limit} characters")
        } else if value.chars().any(char::is_control) {
            "has a control character in it".to_owned()
        } else {
            return Some(Field {
                value: value.to_owned(),
                span: node.span(),
            });
        };
        let message = format!("The field `{name}` {problem}.");
        self.error(node.span(), "BadField", message, "Correct it.");
        None
    }

    /// A required day, YYYY-MM-DD.
    pub(super) fn day(&mut self, members: &[Member], name: &str) -> Option<Field> {
        let field = self.text(members, name, 64)?;
        if field.value.len() == 10 && field.value.parse::<Date>().is_ok() {
            return Some(field);
        }
        let message = format!("{} is no day.", quoted(&field.value));
        let help = "Write the day as YYYY-MM-DD, such as 2026-02-16.";
        self.error(field.span, "BadDate", message, help);
        None
    }

    pub(super) fn missing(&mut self, name: &str) {
        let message = format!("The field `{name}` is missing.");
        let span = Span {
            length: 1,
            ..self.object
        };
        self.error(span, "MissingField", message, "Add it.");
    }

    pub(super) fn wrong_kind(&mut self, name: &str, node: &Node, wanted: &str) {
        let message = format!("The field `{name}` must be {wanted}; here is {}.", node.kind());
        self.error(node.span(), "BadField", message, "Correct it.");
    }

    pub(super) fn error(&mut self, span: Span, code: &'static str, message: String, help: &str) {
        self.diagnostics.push(self.text.error(span, code, message, help));
    }
}
