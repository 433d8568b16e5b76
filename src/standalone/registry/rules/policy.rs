//! ValidatingAdmissionPolicies and their bindings: defaults, and what makes them usable.

use serde_json::{Map, Value, json};

use super::{Change, object};
use crate::standalone::{schema::admission::Policy, status::Cause};

pub(super) fn default(policy: &mut Value) {
    let spec = object::child(policy, "spec");
    spec.entry("failurePolicy").or_insert_with(|| "Fail".into());
    default_match(spec.get_mut("matchConstraints"));
    if let Some(validations) = spec.get_mut("validations").and_then(Value::as_array_mut) {
        for validation in validations {
            let fields = object::fields(validation);
            fields.entry("expression").or_insert_with(|| "".into());
        }
    }
    object::child(policy, "status");
}

pub(super) fn default_binding(binding: &mut Value) {
    let spec = object::child(binding, "spec");
    default_match(spec.get_mut("matchResources"));
}

fn default_match(constraints: Option<&mut Value>) {
    let Some(constraints) = constraints.and_then(Value::as_object_mut) else {
        return;
    };
    let mut default = |field: &str, value: Value| {
        constraints.entry(field).or_insert(value);
    };
    default("matchPolicy", "Equivalent".into());
    default("namespaceSelector", json!({}));
    default("objectSelector", json!({}));
    for field in ["resourceRules", "excludeResourceRules"] {
        let rules = constraints.get_mut(field).and_then(Value::as_array_mut);
        for rule in rules.into_iter().flatten() {
            object::fields(rule).entry("scope").or_insert_with(|| "*".into());
        }
    }
}

pub(super) fn prepare_update(change: &mut Change<'_>) {
    change.keeps_to_its_part();
}

pub(super) fn findings(policy: &Value) -> Vec<Cause> {
    let spec = policy.get("spec").unwrap_or(&Value::Null);
    let mut findings = Vec::new();
    let word = object::text(spec, "/failurePolicy");
    if !matches!(word, "Fail" | "Ignore") {
        let known = ["Fail", "Ignore"];
        findings.push(Cause::not_supported("spec.failurePolicy", &json!(word), &known));
    }
    findings.extend(param_kind_findings(spec));
    match spec.get("matchConstraints") {
        None | Some(Value::Null) => findings.push(Cause::required("spec.matchConstraints", "")),
        Some(constraints) => {
            if object::list(constraints, "/resourceRules").is_empty() {
                findings.push(Cause::required("spec.matchConstraints.resourceRules", ""));
            }
            findings.extend(match_findings("spec.matchConstraints", constraints));
        }
    }
    let validations = object::list(spec, "/validations");
    if validations.is_empty() && object::list(spec, "/auditAnnotations").is_empty() {
        let detail = "validations or auditAnnotations must contain at least one item";
        findings.push(Cause::required("spec.validations", detail));
        findings.push(Cause::required("spec.auditAnnotations", detail));
    }
    for (index, validation) in validations.iter().enumerate() {
        findings.extend(validation_findings(
            &format!("spec.validations[{index}]"),
            validation,
        ));
    }
    if let Err(objections) = Policy::read(policy) {
        findings.extend(objections.iter().map(Cause::from));
    }
    findings
}

fn param_kind_findings(spec: &Value) -> Vec<Cause> {
    let Some(kind) = spec.get("paramKind").filter(|kind| kind.is_object()) else {
        return Vec::new();
    };
    let missing = ["apiVersion", "kind"]
        .into_iter()
        .filter(|field| object::text(kind, &format!("/{field}")).is_empty());
    missing
        .map(|field| Cause::required(&format!("spec.paramKind.{field}"), ""))
        .collect()
}

fn validation_findings(path: &str, validation: &Value) -> Vec<Cause> {
    let mut findings = Vec::new();
    let message = object::text(validation, "/message");
    let field = format!("{path}.message");
    if message.contains(['\n', '\r']) {
        let detail = "message must not contain line breaks";
        findings.push(Cause::invalid(&field, &json!(message), detail));
    } else if validation.get("message").is_some() && message.trim().is_empty() {
        let detail = "message must be non-empty if specified";
        findings.push(Cause::invalid(&field, &json!(message), detail));
    }
    let reason = object::text(validation, "/reason");
    let known = ["Forbidden", "Invalid", "RequestEntityTooLarge"];
    if !reason.is_empty() && !known.contains(&reason) {
        let field = format!("{path}.reason");
        findings.push(Cause::not_supported(&field, &json!(reason), &known));
    }
    findings
}

fn match_findings(path: &str, constraints: &Value) -> Vec<Cause> {
    let mut findings = Vec::new();
    if let Some(policy) = constraints.get("matchPolicy").filter(|policy| !policy.is_null()) {
        let known = ["Equivalent", "Exact"];
        if !known.contains(&policy.as_str().unwrap_or_default()) {
            findings.push(Cause::not_supported(
                &format!("{path}.matchPolicy"),
                policy,
                &known,
            ));
        }
    }
    for list in ["resourceRules", "excludeResourceRules"] {
        for (index, rule) in object::list(constraints, &format!("/{list}")).iter().enumerate() {
            findings.extend(rule_findings(&format!("{path}.{list}[{index}]"), rule));
        }
    }
    findings
}

fn rule_findings(path: &str, rule: &Value) -> Vec<Cause> {
    let mut findings = Vec::new();
    for field in ["apiGroups", "apiVersions", "resources", "operations"] {
        let words = object::list(rule, &format!("/{field}"));
        let field = format!("{path}.{field}");
        if words.is_empty() {
            findings.push(Cause::required(&field, ""));
        }
        if words.len() > 1 && words.iter().any(|word| word == "*") {
            let detail = "if '*' is present, must not specify other values";
            findings.push(Cause::invalid(&field, &json!(words), detail));
        }
    }
    let known = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
    for (index, word) in object::list(rule, "/operations").iter().enumerate() {
        if !known.contains(&word.as_str().unwrap_or_default()) {
            let field = format!("{path}.operations[{index}]");
            findings.push(Cause::not_supported(&field, word, &known));
        }
    }
    findings
}

pub(super) fn binding_findings(binding: &Value) -> Vec<Cause> {
    let spec = binding.get("spec").unwrap_or(&Value::Null);
    let mut findings = Vec::new();
    if object::text(spec, "/policyName").is_empty() {
        findings.push(Cause::required("spec.policyName", ""));
    }
    let actions = object::list(spec, "/validationActions");
    if actions.is_empty() {
        findings.push(Cause::required(
            "spec.validationActions",
            "at least one validation action is required",
        ));
    }
    findings.extend(action_findings(actions));
    if let Some(reference) = object::map(spec, "/paramRef") {
        findings.extend(reference_findings(reference));
    }
    if let Some(resources) = spec.get("matchResources") {
        findings.extend(match_findings("spec.matchResources", resources));
    }
    findings
}

fn action_findings(actions: &[Value]) -> Vec<Cause> {
    const FIELD: &str = "spec.validationActions";
    let known = ["Audit", "Deny", "Warn"];
    let mut findings = Vec::new();
    for (index, action) in actions.iter().enumerate() {
        let field = format!("{FIELD}[{index}]");
        if !known.contains(&action.as_str().unwrap_or_default()) {
            findings.push(Cause::not_supported(&field, action, &known));
        }
        if actions.iter().take(index).any(|earlier| earlier == action) {
            findings.push(Cause::duplicate(&field, action));
        }
    }
    let has = |word: &str| actions.iter().any(|action| action == word);
    if has("Deny") && has("Warn") {
        let detail = "must not contain both Deny and Warn (repeating the same validation failure information in the API \
                      response and headers serves no purpose)";
        findings.push(Cause::invalid(FIELD, &json!(actions), detail));
    }
    findings
}

fn reference_findings(reference: &Map<String, Value>) -> Vec<Cause> {
    let mut findings = Vec::new();
    let name = reference.get("name").and_then(Value::as_str).unwrap_or_default();
    match (name, reference.get("selector")) {
        ("", None) => {
            let detail = "one of name or selector must be specified";
            findings.push(Cause::required("spec.paramRef", detail));
        }
        (name, Some(_)) if !name.is_empty() => {
            let detail = "name and selector are mutually exclusive";
            findings.push(Cause::forbidden("spec.paramRef.name", detail));
        }
        _ => {}
    }
    if reference.get("parameterNotFoundAction").is_none() {
        findings.push(Cause::required("spec.paramRef.parameterNotFoundAction", ""));
    }
    findings
}
