//! ValidatingAdmissionPolicy: rules in CEL about requests, bound to what they watch over.

mod evaluate;
mod read;
mod select;

use std::collections::BTreeMap;

use serde_json::Value;

use super::cel::Compiled;
pub use select::LabelSelector;
use select::ResourceRule;

/// A request as policies see it.
#[derive(Debug, Clone, Default)]
pub struct Asked<'a> {
    /// `CREATE`, `UPDATE` or `DELETE`.
    pub operation: &'a str,
    /// The API group of the resource; empty for the core group.
    pub group: &'a str,
    /// Its version, `v1`.
    pub version: &'a str,
    /// As in paths, `assets`.
    pub resource: &'a str,
    /// `status`, or empty.
    pub subresource: &'a str,
    /// `Asset`
    pub kind: &'a str,
    /// The name, empty for one that is yet to be generated.
    pub name: &'a str,
    /// Empty for cluster-wide objects.
    pub namespace: &'a str,
    /// Whether nothing is to be written.
    pub dry_run: bool,
    /// Unique to the request.
    pub uid: &'a str,
    /// `{username, uid, groups, extra}`
    pub user: Value,
    /// The options of the request, as their kind has them.
    pub options: Value,
    /// What is to be written; none for DELETE.
    pub object: Option<&'a Value>,
    /// What stands; none for CREATE.
    pub old_object: Option<&'a Value>,
    /// The namespace itself; none for cluster-wide objects.
    pub namespace_object: Option<&'a Value>,
}

/// What the policies say of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// The first refusal, if any: the request must not be carried out.
    pub denied: Option<Denial>,
    /// For the client, whatever becomes of the request.
    pub warnings: Vec<String>,
    /// For an audit log, by key.
    pub audit_annotations: BTreeMap<String, String>,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// `ValidatingAdmissionPolicy 'x' with binding 'y' denied request: ...`
    pub message: String,
    /// The reason of the Status: `Invalid` (422), `Forbidden` (403), `Unauthorized` (401), `RequestEntityTooLarge` (413).
    pub reason: String,
}

/// A policy that was compiled once.
#[derive(Debug, Clone)]
pub struct Policy {
    name: String,
    ignores_failures: bool,
    matching: Matching,
    /// What makes the policy useless, as its decisions say it.
    broken: Option<String>,
    conditions: Vec<(String, Compiled)>,
    variables: Vec<(String, Compiled)>,
    validations: Vec<Validation>,
    annotations: Vec<(String, Compiled)>,
}

/// A policy put to use.
#[derive(Debug, Clone)]
pub struct Binding {
    name: String,
    policy: String,
    actions: Vec<String>,
    matching: Matching,
}

#[derive(Debug, Clone, Default)]
struct Matching {
    rules: Vec<ResourceRule>,
    excluded: Vec<ResourceRule>,
    namespace_selector: LabelSelector,
    object_selector: LabelSelector,
}

#[derive(Debug, Clone)]
struct Validation {
    source: String,
    expression: Compiled,
    message: String,
    message_expression: Option<Compiled>,
    reason: String,
}

/// Asks every policy that is bound about a request.
///
/// Evaluation is bounded for each policy; what cannot be evaluated is refused unless the policy ignores failures.
pub fn decide(policies: &[Policy], bindings: &[Binding], asked: &Asked<'_>) -> Decision {
    let mut decision = Decision::default();
    for policy in policies.iter().filter(|policy| policy.matching.covers(asked)) {
        let mut bound = bindings
            .iter()
            .filter(|binding| binding.policy == policy.name && binding.matching.covers(asked))
            .peekable();
        if bound.peek().is_none() {
            continue;
        }
        let findings = evaluate::findings(policy, asked);
        for binding in bound {
            binding.act(policy, &findings, &mut decision);
        }
    }
    decision
}

impl Binding {
    fn act(&self, policy: &Policy, findings: &evaluate::Findings, decision: &mut Decision) {
        for (index, finding) in findings.objections.iter().enumerate() {
            for action in &self.actions {
                match action.as_str() {
                    "Deny" => self.deny(policy, finding, decision),
                    "Warn" => decision.warnings.push(format!(
                        "Validation failed for ValidatingAdmissionPolicy '{}' with binding '{}': {}",
                        policy.name, self.name, finding.message
                    )),
                    "Audit" => {
                        let value = self.audited(policy, (index, finding));
                        let key = "validation.policy.admission.k8s.io/validation_failure";
                        decision.audit_annotations.insert(key.to_owned(), value);
                    }
                    _ => {}
                }
            }
        }
        for finding in &findings.broken_annotations {
            self.deny(policy, finding, decision);
        }
        for (key, value) in &findings.annotations {
            decision
                .audit_annotations
                .insert(format!("{}/{key}", policy.name), value.clone());
        }
    }

    fn deny(&self, policy: &Policy, finding: &evaluate::Finding, decision: &mut Decision) {
        decision.denied.get_or_insert_with(|| Denial {
            message: format!(
                "ValidatingAdmissionPolicy '{}' with binding '{}' denied request: {}",
                policy.name, self.name, finding.message
            ),
            reason: finding.reason.clone(),
        });
    }

    fn audited(&self, policy: &Policy, (index, finding): (usize, &evaluate::Finding)) -> String {
        serde_json::json!([{
            "message": finding.message,
            "policy": policy.name,
            "binding": self.name,
            "expressionIndex": index,
            "validationActions": self.actions,
        }])
        .to_string()
    }
}
