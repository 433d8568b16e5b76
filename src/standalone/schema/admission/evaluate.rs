//! A policy is asked about a request.

use std::collections::BTreeMap;

use kube_cel::cel::Value as CelValue;
use serde_json::{Value, json};

use super::{Asked, Policy, Validation};
use crate::standalone::schema::cel::{self, Compiled, Failure};

/// The longest message and annotation that an expression may make: the real server's.
const MESSAGE_LIMIT: usize = 5 << 10;
const ANNOTATION_LIMIT: usize = 10 << 10;

#[derive(Debug)]
pub(super) struct Finding {
    pub(super) message: String,
    pub(super) reason: String,
}

/// What a policy has to say of a request.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) objections: Vec<Finding>,
    pub(super) broken_annotations: Vec<Finding>,
    pub(super) annotations: BTreeMap<String, String>,
}

/// Asks a policy: match conditions first, then validations and annotations.
pub(super) fn findings(policy: &Policy, asked: &Asked<'_>) -> Findings {
    let mut findings = Findings::default();
    let mut asking = Asking {
        policy,
        given: given(asked),
        budget: cel::BUDGET,
    };
    if let Some(broken) = &policy.broken {
        findings.objections.extend(asking.failure(broken.clone()));
        return findings;
    }
    match asking.meets_conditions() {
        Ok(true) => {}
        Ok(false) => return findings,
        Err(message) => {
            findings.objections.extend(asking.failure(message));
            return findings;
        }
    }
    asking.add_variables();
    for validation in &policy.validations {
        findings.objections.extend(asking.objection(validation));
    }
    for (key, expression) in &policy.annotations {
        asking.annotate(key, expression, &mut findings);
    }
    findings
}

// All that expressions read but the policy's own variables.
fn given(asked: &Asked<'_>) -> Vec<(&'static str, CelValue)> {
    let of = |object: Option<&Value>| object.map_or(CelValue::Null, cel::of_any);
    let resource = json!({"group": asked.group, "version": asked.version, "resource": asked.resource});
    let kind = json!({"group": asked.group, "version": asked.version, "kind": asked.kind});
    let request = json!({
        "uid": asked.uid, "kind": kind, "requestKind": kind, "resource": resource, "requestResource": resource,
        "subResource": asked.subresource, "requestSubResource": asked.subresource,
        "name": asked.name, "namespace": asked.namespace, "operation": asked.operation,
        "userInfo": asked.user, "dryRun": asked.dry_run, "options": asked.options,
    });
    vec![
        ("object", of(asked.object)),
        ("oldObject", of(asked.old_object)),
        ("request", cel::of_any(&request)),
        ("params", CelValue::Null),
        ("namespaceObject", of(asked.namespace_object)),
    ]
}

struct Asking<'a> {
    policy: &'a Policy,
    given: Vec<(&'static str, CelValue)>,
    budget: f64,
}

impl Asking<'_> {
    fn evaluate(&mut self, expression: &Compiled) -> Result<CelValue, String> {
        expression.evaluate(&self.given, &mut self.budget).map_err(|failure| match failure {
            Failure::Evaluation(error) => error,
            Failure::CallLimit => "operation cancelled: actual cost limit exceeded".to_owned(),
            Failure::Budget => {
                "validation failed due to running out of cost budget, no further validation rules will be run".to_owned()
            }
        })
    }

    fn failure(&self, message: String) -> Option<Finding> {
        (!self.policy.ignores_failures).then(|| Finding {
            message,
            reason: "Invalid".to_owned(),
        })
    }

    // A condition that is not met settles it, whatever failed before.
    fn meets_conditions(&mut self) -> Result<bool, String> {
        let mut failed = None;
        for (name, condition) in &self.policy.conditions {
            match self.evaluate(condition) {
                Ok(CelValue::Bool(true)) => {}
                Ok(_) => return Ok(false),
                Err(error) => {
                    let _first = failed.get_or_insert_with(|| format!("match condition '{name}': {error}"));
                }
            }
        }
        failed.map_or(Ok(true), Err)
    }

    // Variables may read those before them; one that fails is missing, and so fails what reads it.
    fn add_variables(&mut self) {
        let mut values: Vec<(String, CelValue)> = Vec::new();
        for (name, expression) in &self.policy.variables {
            self.set_variables(&values);
            if let Ok(value) = self.evaluate(expression) {
                values.push((name.clone(), value));
            }
        }
        self.set_variables(&values);
    }

    fn set_variables(&mut self, values: &[(String, CelValue)]) {
        self.given.retain(|(name, _)| *name != "variables");
        self.given.push(("variables", cel::map(values.to_vec())));
    }

    fn objection(&mut self, validation: &Validation) -> Option<Finding> {
        match self.evaluate(&validation.expression) {
            Ok(CelValue::Bool(true)) => None,
            Ok(_) => Some(Finding {
                message: self.message(validation),
                reason: validation.reason.clone(),
            }),
            Err(error) => self.failure(format!(
                "expression '{}' resulted in error: {error}",
                validation.source
            )),
        }
    }

    fn message(&mut self, validation: &Validation) -> String {
        if let Some(expression) = &validation.message_expression
            && let Ok(CelValue::String(made)) = self.evaluate(expression)
        {
            let made = made.trim();
            if !made.is_empty() && made.len() <= MESSAGE_LIMIT && !made.contains('\n') {
                return made.to_owned();
            }
        }
        match validation.message.as_str() {
            "" => format!("failed expression: {}", validation.source),
            message => message.to_owned(),
        }
    }

    fn annotate(&mut self, key: &str, expression: &Compiled, findings: &mut Findings) {
        match self.evaluate(expression) {
            Ok(CelValue::String(value)) if !value.trim().is_empty() => {
                let value = value.trim();
                let end = value.floor_char_boundary(ANNOTATION_LIMIT);
                findings
                    .annotations
                    .insert(key.to_owned(), value.get(..end).unwrap_or(value).to_owned());
            }
            Ok(_) => {}
            Err(error) => findings.broken_annotations.extend(self.failure(error)),
        }
    }
}
