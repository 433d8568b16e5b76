//! Rules become programs, once for each schema.

use std::sync::Arc;

use kube_cel::cel::common::ast::Expr;
use kube_cel::cel::parser::Expression;
use serde_json::json;

use super::field_path::{self, Brackets};
use crate::standalone::schema::cel::{self, Compiled, types};
use crate::standalone::schema::field_error::{FieldError, Path};
use crate::standalone::schema::go_text;
use crate::standalone::schema::metadata;
use crate::standalone::schema::node::{Additional, Node, Rule};

/// A rule that can be asked.
#[derive(Debug)]
pub(in crate::standalone::schema) struct Program {
    pub(super) rule: Compiled,
    pub(super) message: Option<Compiled>,
    /// The field that a failure is about, below the one that carries the rule; empty for that one itself.
    pub(super) field: String,
}

impl Program {
    pub(super) fn uses_old_self(&self) -> bool {
        self.rule.uses("oldSelf")
    }
}

/// Compiles every rule of a schema that is otherwise in order.
///
/// # Errors
/// Every rule that is none.
pub(in crate::standalone::schema) fn compile(
    root: &mut Node,
    path: &Path<'_>,
) -> Result<(), Vec<FieldError>> {
    let mut errors = Vec::new();
    node(
        root,
        Place {
            is_resource: true,
            uncorrelatable: None,
        },
        path,
        &mut errors,
    );
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

#[derive(Clone, Copy)]
struct Place<'a> {
    is_resource: bool,
    /// The list above whose items have no old ones.
    uncorrelatable: Option<&'a Path<'a>>,
}

fn node(node: &mut Node, place: Place<'_>, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let is_resource = place.is_resource || node.embedded_resource;
    let mut has_rules = !node.rules.is_empty();
    let properties = path.child("properties");
    for (name, property) in &mut node.properties {
        let place = Place {
            is_resource: false,
            ..place
        };
        self::node(property, place, &properties.key(name), errors);
        has_rules |= property.has_rules;
    }
    if let Some(Additional::Like(other)) = &mut node.additional {
        let place = Place {
            is_resource: false,
            ..place
        };
        self::node(other, place, &path.child("additionalProperties"), errors);
        has_rules |= other.has_rules;
    }
    let is_map = node.list_type.as_deref() == Some("map");
    if let Some(items) = node.items.as_deref_mut() {
        let here = (!is_map).then_some(path);
        let place = Place {
            is_resource: false,
            uncorrelatable: place.uncorrelatable.or(here),
        };
        self::node(items, place, &path.child("items"), errors);
        has_rules |= items.has_rules;
    }
    node.has_rules = has_rules;
    let rules_path = path.child("x-kubernetes-validations");
    let mut programs = Vec::with_capacity(node.rules.len());
    for (index, rule) in node.rules.iter().enumerate() {
        let place = Place { is_resource, ..place };
        programs.extend(program(node, rule, place, &rules_path.index(index), errors));
    }
    node.programs = programs;
}

/// What an expression must give, and what is said of one that gives something else.
#[derive(Clone, Copy)]
struct Gives {
    type_name: &'static str,
    complaint: &'static str,
}

const TRUTH: Gives = Gives {
    type_name: "bool",
    complaint: "cel expression must evaluate to a bool",
};

const MESSAGE: Gives = Gives {
    type_name: "string",
    complaint: "messageExpression must evaluate to a string",
};

fn program(
    node: &Node,
    rule: &Rule,
    place: Place<'_>,
    path: &Path<'_>,
    errors: &mut Vec<FieldError>,
) -> Option<Arc<Program>> {
    let before = errors.len();
    let mut compiled = |source: &str, key: &str, gives: Gives| {
        let result = Compiled::new(source, &["self", "oldSelf"]).and_then(|compiled| {
            if let Some(name) = unknown_field(compiled.expression(), node, place.is_resource) {
                let what = format!("undefined field '{name}'");
                return Err(cel::located(source, &format!(".{name}"), &what));
            }
            match type_given(compiled.expression(), node, place.is_resource) {
                Some(given) if given != gives.type_name => Err(gives.complaint.to_owned()),
                _ => Ok(compiled),
            }
        });
        result
            .map_err(|detail| {
                let path = path.child(key);
                errors.push(FieldError::invalid_as_written(&path, &shown(rule), &detail));
            })
            .ok()
    };
    let program = compiled(&rule.expression, "rule", TRUTH);
    let message = match rule.message_expression.as_str() {
        "" => None,
        source => compiled(source, "messageExpression", MESSAGE),
    };
    let program = program?;
    errors.extend(old_self_error(rule, &program, place, path));
    let field = match rule.field_path.as_str() {
        "" => String::new(),
        field => field_path::follow(field, node, Brackets::Allowed)
            .map(|(field, _)| field)
            .ok()?,
    };
    (errors.len() == before).then(|| {
        Arc::new(Program {
            rule: program,
            message,
            field,
        })
    })
}

fn old_self_error(rule: &Rule, program: &Compiled, place: Place<'_>, path: &Path<'_>) -> Option<FieldError> {
    if program.uses("oldSelf") {
        let above = place.uncorrelatable?;
        let detail =
            format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {above}");
        return Some(FieldError::invalid(
            &path.child("rule"),
            rule.expression.as_str(),
            detail,
        ));
    }
    let optional = rule.optional_old_self?;
    let detail = "may not be set if oldSelf is not used in rule";
    Some(FieldError::invalid(
        &path.child("optionalOldSelf"),
        optional,
        detail,
    ))
}

// The real server prints its own structure here, in the order of its fields.
fn shown(rule: &Rule) -> String {
    let fields = [
        ("Rule", json!(rule.expression)),
        ("Message", json!(rule.message)),
        ("MessageExpression", json!(rule.message_expression)),
        ("Reason", json!(rule.reason)),
        ("FieldPath", json!(rule.field_path)),
        ("OptionalOldSelf", json!(rule.optional_old_self)),
    ];
    let fields = fields.map(|(name, value)| format!("\"{name}\":{}", go_text::json(&value)));
    format!("{{{}}}", fields.join(","))
}

// A field that is read from `self` or `oldSelf` and that the schema does not have.
fn unknown_field(expression: &Expression, root: &Node, is_resource: bool) -> Option<String> {
    let mut unknown = None;
    cel::each(expression, &mut |part| {
        if unknown.is_none() {
            unknown = missing_below(part, root, is_resource).err();
        }
    });
    unknown
}

// The type of what an expression gives, as far as the schema and its own parts settle it.
fn type_given(expression: &Expression, root: &Node, is_resource: bool) -> Option<String> {
    types::of(expression, &|part| {
        let node = missing_below(part, root, is_resource).ok()??;
        // What stood before may be wrapped.
        let is_settled = !reads_old_self(part) && !node.preserves_unknown_fields();
        is_settled.then(|| type_of(node)).flatten()
    })
}

fn reads_old_self(expression: &Expression) -> bool {
    let mut reads = false;
    cel::each(expression, &mut |part| {
        reads |= matches!(&part.expr, Expr::Ident(name) if name == "oldSelf");
    });
    reads
}

fn type_of(node: &Node) -> Option<String> {
    let name = match node.type_name.as_str() {
        "boolean" => "bool",
        "integer" => "int",
        "number" => "double",
        "string" => "string",
        "array" => "list",
        "object" => "object",
        _ => return None,
    };
    Some(name.to_owned())
}

// The node that a chain of fields leads to, none where it leads out of what is known.
fn missing_below<'n>(
    expression: &Expression,
    root: &'n Node,
    is_resource: bool,
) -> Result<Option<&'n Node>, String> {
    match &expression.expr {
        Expr::Ident(name) if name == "self" || name == "oldSelf" => Ok(Some(root)),
        Expr::Select(select) => {
            let Some(parent) = missing_below(&select.operand, root, is_resource)? else {
                return Ok(None);
            };
            let at_resource = (std::ptr::eq(parent, root) && is_resource) || parent.embedded_resource;
            if at_resource && metadata::is_type_or_metadata(&select.field) {
                return Ok(None);
            }
            let named = |name: &&String| cel::escaped(name).as_deref() == Some(select.field.as_str());
            let found = parent.properties.keys().find(named);
            match found.and_then(|name| parent.properties.get(name)) {
                Some(property) => Ok(Some(property)),
                None if is_open(parent) => Ok(None),
                None => Err(select.field.clone()),
            }
        }
        _ => Ok(None),
    }
}

fn is_open(node: &Node) -> bool {
    node.type_name != "object"
        || node.additional.is_some()
        || (node.preserves_unknown_fields() && node.properties.is_empty())
}
