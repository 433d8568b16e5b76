//! Rules are asked about an object.

use serde_json::Value;

use super::compile::Program;
use crate::standalone::schema::cel::{self, Compiled, Failure};
use crate::standalone::schema::correlation::{self, Correlation};
use crate::standalone::schema::field_error::{ErrorKind, FieldError, Path};
use crate::standalone::schema::node::{Additional, Node, Rule};
use crate::standalone::schema::structural::Verdict;
use kube_cel::cel::Value as CelValue;

/// The longest message that a rule may make of an object, in bytes: the real server's.
const MESSAGE_LIMIT: usize = 5 << 10;

/// Asks every rule of a schema about an object, within one budget.
pub(in crate::standalone::schema) fn evaluate(root: &Node, new: &Value, old: Option<&Value>) -> Verdict {
    let mut asking = Asking {
        verdict: Verdict::default(),
        budget: cel::BUDGET,
        stopped: false,
    };
    let unchanged = old.map(|old| Correlation { new, old, node: root });
    let part = Part {
        new,
        old,
        current: unchanged,
        parent: None,
        is_resource: true,
    };
    asking.node(root, part, &Path::Root);
    asking.verdict
}

/// A value with the one it takes the place of.
#[derive(Clone, Copy)]
struct Part<'a> {
    new: &'a Value,
    /// For transition rules, which know more of lists and maps than ratcheting does.
    old: Option<&'a Value>,
    current: Option<Correlation<'a>>,
    parent: Option<Correlation<'a>>,
    is_resource: bool,
}

impl<'a> Part<'a> {
    // What has not changed is only warned about; a part that has no counterpart, if what holds it has not changed.
    fn is_unchanged(&self) -> bool {
        let nearest = self.current.or(self.parent);
        nearest.is_some_and(|both| both.is_unchanged())
    }

    fn key(&self, name: &'a str, new: &'a Value) -> Self {
        let old = self.old.and_then(|old| old.as_object()?.get(name));
        let part = Self {
            new,
            old,
            is_resource: false,
            ..*self
        };
        match self.current {
            None => part,
            Some(_) if self.parent.is_none() && matches!(name, "apiVersion" | "kind") => Self {
                current: None,
                parent: None,
                ..part
            },
            Some(both) => Self {
                current: both.key(name),
                parent: Some(both),
                ..part
            },
        }
    }

    fn item(&self, node: &Node, index: usize, new: &'a Value) -> Self {
        let old = self.old.and_then(|old| correlation::old_item(node, old, new));
        let part = Self {
            new,
            old,
            is_resource: false,
            ..*self
        };
        match self.current {
            None => part,
            Some(both) => Self {
                current: both.index(index),
                parent: Some(both),
                ..part
            },
        }
    }
}

struct Asking {
    verdict: Verdict,
    budget: f64,
    stopped: bool,
}

impl Asking {
    fn node(&mut self, node: &Node, part: Part<'_>, path: &Path<'_>) {
        if self.stopped || !node.has_rules || part.new.is_null() {
            return;
        }
        self.rules(node, part, path);
        match part.new {
            Value::Object(fields) => {
                for (name, value) in fields {
                    if let Some(Additional::Like(other)) = &node.additional {
                        self.node(other, part.key(name, value), &path.key(name));
                    }
                    if let Some(property) = node.properties.get(name) {
                        self.node(property, part.key(name, value), &path.child(name));
                    }
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(item_node) = node.items.as_deref() {
                        self.node(item_node, part.item(node, index, item), &path.index(index));
                    }
                }
            }
            _ => {}
        }
    }

    fn rules(&mut self, node: &Node, part: Part<'_>, path: &Path<'_>) {
        if node.programs.is_empty() {
            return;
        }
        let value = |json: &Value| match json {
            Value::Object(fields) if part.is_resource => cel::of_resource(fields, node),
            other => cel::of_node(other, node),
        };
        let values = Values {
            new: value(part.new),
            old: part.old.filter(|old| !old.is_null()).map(value),
        };
        for (program, rule) in node.programs.iter().zip(&node.rules) {
            if self.stopped {
                return;
            }
            let question = Question {
                node,
                part,
                program,
                rule,
                path,
            };
            self.ask(&question, &values);
        }
    }

    fn ask(&mut self, question: &Question<'_>, values: &Values) {
        let uses_old = question.program.uses_old_self();
        let optional = question.rule.optional_old_self == Some(true);
        if uses_old && values.old.is_none() && !optional {
            return;
        }
        let variables = values.variables(uses_old, optional);
        match question.program.rule.evaluate(&variables, &mut self.budget) {
            Ok(CelValue::Bool(true)) => {}
            Ok(_) => {
                let detail = self.message(question, &variables);
                self.object(question, detail);
            }
            Err(failure) => self.failed(question, failure),
        }
    }

    fn object(&mut self, question: &Question<'_>, detail: String) {
        let error = question.error(detail);
        if !question.program.uses_old_self() && question.part.is_unchanged() {
            self.verdict.warnings.push(error.to_string());
        } else {
            self.verdict.errors.push(error);
        }
    }

    fn failed(&mut self, question: &Question<'_>, failure: Failure) {
        let rule = text_of(question.rule);
        let detail = match failure {
            Failure::Evaluation(error) if error.starts_with("no such overload") => format!(
                "'{error}': call arguments did not match a supported operator, function or macro signature for rule: {rule}"
            ),
            Failure::Evaluation(error) => format!("{error} evaluating rule: {rule}"),
            Failure::CallLimit => {
                self.stopped = true;
                format!(
                    "'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: {rule}"
                )
            }
            Failure::Budget => {
                self.stopped = true;
                "validation failed due to running out of cost budget, no further validation rules will be run"
                    .to_owned()
            }
        };
        let kind = question.node.type_name.as_str();
        self.verdict
            .errors
            .push(FieldError::invalid(question.path, kind, detail));
    }

    // The message that the rule makes of the object, else the one that it was given.
    fn message(&mut self, question: &Question<'_>, variables: &[(&str, CelValue)]) -> String {
        let made = question.program.message.as_ref();
        made.and_then(|message| self.made_message(message, variables))
            .unwrap_or_else(|| match question.rule.message.as_str() {
                "" => format!("failed rule: {}", text_of(question.rule)),
                message => message.trim().to_owned(),
            })
    }

    fn made_message(&mut self, message: &Compiled, variables: &[(&str, CelValue)]) -> Option<String> {
        let Ok(CelValue::String(text)) = message.evaluate(variables, &mut self.budget) else {
            return None;
        };
        let text = text.trim();
        let is_usable = !text.is_empty() && text.len() <= MESSAGE_LIMIT && !text.contains('\n');
        is_usable.then(|| text.to_owned())
    }
}

struct Values {
    new: CelValue,
    old: Option<CelValue>,
}

impl Values {
    fn variables(&self, uses_old: bool, optional: bool) -> Vec<(&'static str, CelValue)> {
        let mut variables = vec![("self", self.new.clone())];
        if uses_old && optional {
            variables.push(("oldSelf", cel::optional(self.old.clone())));
        } else if let (true, Some(old)) = (uses_old, &self.old) {
            variables.push(("oldSelf", old.clone()));
        }
        variables
    }
}

struct Question<'a> {
    node: &'a Node,
    part: Part<'a>,
    program: &'a Program,
    rule: &'a Rule,
    path: &'a Path<'a>,
}

impl Question<'_> {
    fn error(&self, detail: String) -> FieldError {
        let below = self.path.child(&self.program.field);
        let path = if self.program.field.is_empty() {
            self.path
        } else {
            &below
        };
        let is_scalar = !matches!(self.node.type_name.as_str(), "object" | "array");
        let mut error = match self.rule.reason.as_deref() {
            Some("FieldValueForbidden") => FieldError::forbidden(path, detail),
            Some("FieldValueRequired") => FieldError::required(path, detail),
            Some("FieldValueDuplicate") => FieldError::duplicate(path, self.part.new.clone()),
            _ => FieldError::invalid(path, self.part.new.clone(), detail),
        };
        if !is_scalar && matches!(error.kind, ErrorKind::Invalid | ErrorKind::Duplicate) {
            error.value = None;
        }
        error
    }
}

fn text_of(rule: &Rule) -> &str {
    let text = if rule.message.is_empty() {
        &rule.expression
    } else {
        &rule.message
    };
    text.trim()
}
