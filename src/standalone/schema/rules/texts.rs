//! What can be said of a rule without compiling it.

use super::field_path::{self, Brackets};
use crate::standalone::schema::field_error::{FieldError, Path};
use crate::standalone::schema::node::{Node, Rule};

const REASONS: &[&str] = &[
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
];

/// Objects to rules with missing or misshapen texts.
pub(in crate::standalone::schema) fn check_texts(node: &Node, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let path = path.child("x-kubernetes-validations");
    for (index, rule) in node.rules.iter().enumerate() {
        let path = path.index(index);
        errors.extend(sentence_error(rule, &path));
        if is_blank(&rule.message_expression) {
            let detail = "messageExpression must be non-empty if specified";
            errors.push(FieldError::required(&path.child("messageExpression"), detail));
        }
        if let Some(reason) = rule.reason.as_deref().filter(|reason| !REASONS.contains(reason)) {
            errors.push(FieldError::not_supported(&path.child("reason"), reason, REASONS));
        }
        field_path_errors(node, rule, &path.child("fieldPath"), errors);
    }
}

fn sentence_error(rule: &Rule, path: &Path<'_>) -> Option<FieldError> {
    let message_path = path.child("message");
    let message = rule.message.trim();
    let invalid = |detail| FieldError::invalid(&message_path, rule.message.as_str(), detail);
    if rule.expression.trim().is_empty() {
        return Some(FieldError::required(&path.child("rule"), "rule is not specified"));
    }
    if is_blank(&rule.message) {
        return Some(invalid("must be non-empty if specified"));
    }
    if has_line_breaks(message) {
        return Some(invalid("must not contain line breaks"));
    }
    (has_line_breaks(rule.expression.trim()) && message.is_empty()).then(|| {
        let detail = "message must be specified if rule contains line breaks";
        FieldError::required(&message_path, detail)
    })
}

fn field_path_errors(node: &Node, rule: &Rule, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let text = rule.field_path.as_str();
    let invalid = |detail| FieldError::invalid(path, text, detail);
    if is_blank(text) {
        errors.push(invalid("must be non-empty if specified"));
    }
    if has_line_breaks(text) {
        errors.push(invalid("must not contain line breaks"));
    }
    if !text.is_empty() && field_path::follow(text, node, Brackets::Allowed).is_err() {
        errors.push(invalid("must be a valid path"));
    }
}

fn is_blank(text: &str) -> bool {
    !text.is_empty() && text.trim().is_empty()
}

fn has_line_breaks(text: &str) -> bool {
    text.contains(['\n', '\r'])
}
