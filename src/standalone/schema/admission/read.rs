//! Policies and bindings are read from their objects, and their expressions compiled.

use serde_json::Value;

use super::select::{strings, text};
use super::{Binding, Matching, Policy, Validation};
use kube_cel::cel::common::ast::{Expr, IdedExpr};

use crate::standalone::schema::cel::{Compiled, types};
use crate::standalone::schema::field_error::{FieldError, Path};

/// What an expression of a policy may read.
const VARIABLES: &[&str] = &[
    "object",
    "oldObject",
    "request",
    "params",
    "namespaceObject",
    "authorizer",
    "variables",
];

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// Expressions that are none, for refusing the policy itself.
    pub fn read(object: &Value) -> Result<Self, Vec<FieldError>> {
        let mut reading = Reading { errors: Vec::new() };
        let spec = object.get("spec").unwrap_or(&Value::Null);
        let policy = Self {
            name: object
                .pointer("/metadata/name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            ignores_failures: text(spec, "failurePolicy") == "Ignore",
            matching: Matching::read(spec.get("matchConstraints")),
            broken: unserved(spec),
            conditions: reading.named(spec, ("matchConditions", "name", "expression"), Some("bool")),
            variables: reading.named(spec, ("variables", "name", "expression"), None),
            validations: reading.validations(spec),
            annotations: reading.named(spec, ("auditAnnotations", "key", "valueExpression"), None),
        };
        if reading.errors.is_empty() {
            Ok(policy)
        } else {
            Err(reading.errors)
        }
    }
}

impl Binding {
    /// Reads a binding; what it does not say is left to its policy.
    pub fn read(object: &Value) -> Self {
        let spec = object.get("spec").unwrap_or(&Value::Null);
        Self {
            name: object
                .pointer("/metadata/name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            policy: text(spec, "policyName").to_owned(),
            actions: strings(spec, "validationActions"),
            matching: Matching::read(spec.get("matchResources")),
        }
    }
}

struct Reading {
    errors: Vec<FieldError>,
}

impl Reading {
    fn compiled(&mut self, source: &str, path: &Path<'_>, gives: Option<&str>) -> Option<Compiled> {
        if source.trim().is_empty() {
            self.errors.push(FieldError::required(
                path,
                format!("{} is not specified", last(path)),
            ));
            return None;
        }
        let compiled = Compiled::new(source, VARIABLES).and_then(|compiled| {
            let wrong = gives.and_then(|wanted| other_type(&compiled, wanted));
            wrong.map_or(Ok(compiled), Err)
        });
        compiled
            .map_err(|detail| self.errors.push(FieldError::invalid(path, source, detail)))
            .ok()
    }

    fn named(
        &mut self,
        spec: &Value,
        (list, name, expression): (&str, &str, &str),
        gives: Option<&str>,
    ) -> Vec<(String, Compiled)> {
        let root = Path::Child(&Path::Root, "spec");
        let here = root.child(list);
        let mut all = Vec::new();
        for (index, source) in spec
            .get(list)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            let here = here.index(index);
            let compiled = self.compiled(text(source, expression), &here.child(expression), gives);
            all.extend(compiled.map(|compiled| (text(source, name).to_owned(), compiled)));
        }
        all
    }

    fn validations(&mut self, spec: &Value) -> Vec<Validation> {
        let root = Path::Child(&Path::Root, "spec");
        let here = root.child("validations");
        let mut all = Vec::new();
        for (index, source) in spec
            .get("validations")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
        {
            all.extend(self.validation(source, &here.index(index)));
        }
        all
    }

    fn validation(&mut self, source: &Value, path: &Path<'_>) -> Option<Validation> {
        let expression = self.compiled(
            text(source, "expression"),
            &path.child("expression"),
            Some("bool"),
        );
        let message_expression = match text(source, "messageExpression") {
            "" => None,
            message => self.compiled(message, &path.child("messageExpression"), Some("string")),
        };
        Some(Validation {
            source: text(source, "expression").trim().to_owned(),
            expression: expression?,
            message: text(source, "message").trim().to_owned(),
            message_expression,
            reason: Some(text(source, "reason"))
                .filter(|reason| !reason.is_empty())
                .unwrap_or("Invalid")
                .to_owned(),
        })
    }
}

/// The complaint about an expression that is known to give something else than is wanted.
fn other_type(compiled: &Compiled, wanted: &str) -> Option<String> {
    let given = types::of(compiled.expression(), &type_of_variable)?;
    (given != wanted).then(|| format!("must evaluate to {wanted} but got {given}"))
}

/// Objects are of every kind: what they hold is known when they come.
fn type_of_variable(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Ident(name) if matches!(name.as_str(), "object" | "oldObject") => {
            Some(types::DYNAMIC.to_owned())
        }
        Expr::Select(select) => type_of_variable(&select.operand),
        _ => None,
    }
}

fn last<'p>(path: &Path<'p>) -> &'p str {
    match path {
        Path::Child(_, name) | Path::Key(_, name) => name,
        Path::Root | Path::Index(..) => "expression",
    }
}

// Kinds of parameters are not served, and a policy that needs them says so on every request.
fn unserved(spec: &Value) -> Option<String> {
    let kind = spec.get("paramKind").filter(|kind| !kind.is_null())?;
    Some(format!(
        "failed to find resource referenced by paramKind: '{}/{}'",
        text(kind, "apiVersion"),
        text(kind, "kind")
    ))
}
