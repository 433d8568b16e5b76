//! The rules that the metadata of every object keeps.

use serde_json::{Map, Value, json};

use super::{
    names::{self, NameRule},
    object,
};
use crate::standalone::{selector, status::Cause};

/// All annotations of an object together, keys and values, in bytes.
const ANNOTATIONS_LIMIT: usize = 256 << 10;

const IMMUTABLE: &str = "field is immutable";

/// Fields of the metadata that a client cannot set when it makes an object.
const OF_THE_SYSTEM: [&str; 7] = [
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "managedFields",
    "generation",
];

/// Takes away what only the server sets.
pub(super) fn without_system_fields(subject: &mut Value) {
    let metadata = object::metadata(subject);
    for field in OF_THE_SYSTEM {
        metadata.shift_remove(field);
    }
}

/// Drops owner references that stand twice; the uids of those.
pub(super) fn without_doubled_owners(subject: &mut Value) -> Vec<String> {
    let mut kept: Vec<Value> = Vec::new();
    let mut doubled = Vec::new();
    for reference in object::list(subject, "/metadata/ownerReferences") {
        if kept.contains(reference) {
            doubled.push(object::text(reference, "/uid").to_owned());
        } else {
            kept.push(reference.clone());
        }
    }
    if !doubled.is_empty() {
        object::set(subject, "ownerReferences", kept);
    }
    doubled
}

/// What is wrong with the metadata of a new object.
pub(super) fn findings(subject: &Value, namespaced: bool, rule: NameRule) -> Vec<Cause> {
    let mut findings = Vec::new();
    let mut named = |field: &str, name: &str, prefix: bool| {
        for problem in names::problems(rule, name, prefix) {
            let path = format!("metadata.{field}");
            findings.push(Cause::invalid(&path, &json!(name), &problem));
        }
    };
    let prefix = object::text(subject, "/metadata/generateName");
    if !prefix.is_empty() {
        named("generateName", prefix, true);
    }
    match object::name(subject) {
        "" => findings.push(Cause::required(
            "metadata.name",
            "name or generateName is required",
        )),
        name => named("name", name, false),
    }
    findings.extend(namespace_findings(object::namespace(subject), namespaced));
    findings.extend(lasting_findings(subject));
    findings.extend(finalizer_findings(subject));
    findings
}

/// What is wrong with the metadata of a resource inside of another object, which needs no name.
pub(super) fn embedded_findings(path: &str, mut resource: Value) -> Vec<Cause> {
    if !resource.get("metadata").is_some_and(Value::is_object) {
        return Vec::new();
    }
    if object::name(&resource).is_empty() {
        object::set(&mut resource, "name", "unnamed");
    }
    let namespaced = !object::namespace(&resource).is_empty();
    let mut findings = findings(&resource, namespaced, NameRule::PathSegment);
    for finding in &mut findings {
        finding.field = format!("{path}.{}", finding.field);
    }
    findings
}

fn namespace_findings(namespace: &str, namespaced: bool) -> Vec<Cause> {
    const FIELD: &str = "metadata.namespace";
    match (namespaced, namespace) {
        (true, "") => vec![Cause::required(FIELD, "")],
        (true, name) => {
            let problems = names::label_problems(name);
            let findings = problems
                .iter()
                .map(|problem| Cause::invalid(FIELD, &json!(name), problem));
            findings.collect()
        }
        (false, "") => Vec::new(),
        (false, _) => vec![Cause::forbidden(FIELD, "not allowed on this type")],
    }
}

/// What is checked on every write: labels, annotations, owners.
fn lasting_findings(subject: &Value) -> Vec<Cause> {
    let metadata = |field| object::map(subject, &format!("/metadata/{field}"));
    let mut findings = label_findings(metadata("labels"), "metadata.labels");
    findings.extend(annotation_findings(metadata("annotations")));
    findings.extend(owner_findings(object::list(subject, "/metadata/ownerReferences")));
    findings
}

/// What is wrong with a map of labels.
pub(super) fn label_findings(labels: Option<&Map<String, Value>>, field: &str) -> Vec<Cause> {
    let mut findings = Vec::new();
    for (key, value) in labels.into_iter().flatten() {
        for problem in selector::names::label_key_problems(key) {
            findings.push(Cause::invalid(field, &json!(key), &problem));
        }
        for problem in selector::names::label_value_problems(value.as_str().unwrap_or_default()) {
            findings.push(Cause::invalid(field, value, &problem));
        }
    }
    findings
}

fn annotation_findings(annotations: Option<&Map<String, Value>>) -> Vec<Cause> {
    const FIELD: &str = "metadata.annotations";
    let mut findings = Vec::new();
    let mut bytes = 0;
    for (key, value) in annotations.into_iter().flatten() {
        for problem in selector::names::label_key_problems(&key.to_lowercase()) {
            findings.push(Cause::invalid(FIELD, &json!(key), &problem));
        }
        bytes += key.len() + value.as_str().unwrap_or_default().len();
    }
    if bytes > ANNOTATIONS_LIMIT {
        findings.push(Cause::too_long(FIELD, ANNOTATIONS_LIMIT));
    }
    findings
}

fn owner_findings(owners: &[Value]) -> Vec<Cause> {
    const FIELD: &str = "metadata.ownerReferences";
    let mut findings = Vec::new();
    let mut controller = String::new();
    for owner in owners {
        findings.extend(one_owner_findings(owner));
        if owner.get("controller") != Some(&Value::Bool(true)) {
            continue;
        }
        let current = format!(
            "{}/{}",
            object::text(owner, "/kind"),
            object::text(owner, "/name")
        );
        if controller.is_empty() {
            controller = current;
        } else {
            let detail = format!(
                "Only one reference can have Controller set to true. Found \"true\" in references for {controller} and \
                 {current}"
            );
            findings.push(Cause::invalid(FIELD, &json!(owners), &detail));
        }
    }
    findings
}

fn one_owner_findings(owner: &Value) -> Vec<Cause> {
    let field = |name: &str| format!("metadata.ownerReferences.{name}");
    let mut findings = Vec::new();
    let api_version = object::text(owner, "/apiVersion");
    if api_version.is_empty() || api_version.ends_with('/') {
        let detail = "version must not be empty";
        findings.push(Cause::invalid(&field("apiVersion"), &json!(api_version), detail));
    }
    for name in ["kind", "name", "uid"] {
        if object::text(owner, &format!("/{name}")).is_empty() {
            findings.push(Cause::invalid(&field(name), &json!(""), "must not be empty"));
        }
    }
    if api_version == "v1" && object::text(owner, "/kind") == "Event" {
        let detail = "/v1, Kind=Event is disallowed from being an owner";
        findings.push(Cause::invalid("metadata.ownerReferences", owner, detail));
    }
    findings
}

fn finalizer_findings(subject: &Value) -> Vec<Cause> {
    const FIELD: &str = "metadata.finalizers";
    let finalizers = object::finalizers(subject);
    let mut findings = Vec::new();
    for finalizer in &finalizers {
        for problem in selector::names::label_key_problems(finalizer) {
            findings.push(Cause::invalid(FIELD, &json!(finalizer), &problem));
        }
    }
    if finalizers.contains(&object::ORPHAN) && finalizers.contains(&object::FOREGROUND) {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        findings.push(Cause::invalid(FIELD, &json!(finalizers), detail));
    }
    findings
}

/// What is wrong with the metadata of a changed object.
pub(super) fn update_findings(subject: &Value, old: &Value) -> Vec<Cause> {
    let mut findings = Vec::new();
    if object::is_being_deleted(old) {
        findings.extend(new_finalizer_findings(subject, old));
    }
    if object::resource_version(subject).is_empty() {
        let detail = "must be specified for an update";
        findings.push(Cause::invalid("metadata.resourceVersion", &json!(""), detail));
    }
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        let value = |object: &Value| object.pointer(&format!("/metadata/{field}")).cloned();
        if value(subject) != value(old) {
            let path = format!("metadata.{field}");
            let new = value(subject).unwrap_or_default();
            findings.push(Cause::invalid(&path, &new, IMMUTABLE));
        }
    }
    findings.extend(lasting_findings(subject));
    findings
}

fn new_finalizer_findings(subject: &Value, old: &Value) -> Option<Cause> {
    let before = object::finalizers(old);
    let mut new = object::finalizers(subject);
    new.retain(|finalizer| !before.contains(finalizer));
    new.sort_unstable();
    if new.is_empty() {
        return None;
    }
    let quoted: Vec<String> = new.iter().map(|name| format!("{name:?}")).collect();
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        quoted.join(", ")
    );
    Some(Cause::forbidden("metadata.finalizers", &detail))
}

/// Refuses a changed value of a field that stays as it was made.
pub(super) fn immutable(subject: &Value, old: &Value, field: &str) -> Option<Cause> {
    let pointer = format!("/{}", field.replace('.', "/"));
    let (new, before) = (subject.pointer(&pointer), old.pointer(&pointer));
    let empty = |value: Option<&Value>| value.is_none_or(object::is_empty);
    if new == before || (empty(new) && empty(before)) {
        return None;
    }
    let value = new.cloned().unwrap_or_else(|| json!(""));
    Some(Cause::invalid(field, &value, IMMUTABLE))
}

/// The kinds of the core group take only finalizers of somebody's domain, and those of Kubernetes itself.
pub(super) fn plain_finalizer_findings(subject: &Value) -> Vec<Cause> {
    let finalizers = object::finalizers(subject);
    let plain = finalizers.iter().enumerate().filter(|(_, finalizer)| {
        !finalizer.contains('/') && !matches!(**finalizer, object::ORPHAN | object::FOREGROUND | "kubernetes")
    });
    plain
        .map(|(index, finalizer)| {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            Cause::invalid(
                &format!("metadata.finalizers[{index}]"),
                &json!(finalizer),
                detail,
            )
        })
        .collect()
}

/// The sentences about finalizers of custom objects that nobody's domain qualifies.
pub(super) fn finalizer_warnings(subject: &Value, old: Option<&Value>) -> Vec<String> {
    let before = old.map(object::finalizers).unwrap_or_default();
    let mut new = object::finalizers(subject);
    new.retain(|finalizer| !before.contains(finalizer));
    new.sort_unstable();
    new.into_iter().flat_map(unqualified).collect()
}

fn unqualified(finalizer: &str) -> Vec<String> {
    let sentence = |words: &str| format!("metadata.finalizers: {finalizer:?}: {words}");
    let mut warnings: Vec<String> = selector::names::label_key_problems(finalizer)
        .iter()
        .map(|problem| sentence(problem))
        .collect();
    if finalizer.contains('/') || matches!(finalizer, object::ORPHAN | object::FOREGROUND | "kubernetes") {
        return warnings;
    }
    let advice = if finalizer.contains('.') {
        "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer \
         writers"
    } else {
        "prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"
    };
    warnings.push(sentence(advice));
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(findings: &[Cause]) -> Vec<&str> {
        findings.iter().map(|finding| finding.field.as_str()).collect()
    }

    #[test]
    fn a_name_with_capitals_and_a_wrong_label_are_both_told() {
        let subject = json!({"metadata": {"name": "Web", "namespace": "default", "labels": {"a": "b c"}}});
        let findings = findings(&subject, true, NameRule::Subdomain);
        assert_eq!(fields(&findings), ["metadata.name", "metadata.labels"]);
    }

    #[test]
    fn an_object_that_is_being_deleted_takes_no_new_finalizer() {
        let old = json!({"metadata": {"name": "a", "resourceVersion": "1", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        let mut new = old.clone();
        object::set(&mut new, "finalizers", json!(["example.com/hold"]));
        let findings = update_findings(&new, &old);
        assert_eq!(fields(&findings), ["metadata.finalizers"]);
        assert!(findings[0].message.ends_with("[]string{\"example.com/hold\"}"));
    }

    #[test]
    fn annotations_are_bounded_together() {
        let long = "x".repeat(ANNOTATIONS_LIMIT);
        let subject = json!({"metadata": {"name": "a", "annotations": {"k": long}}});
        let findings = findings(&subject, false, NameRule::Subdomain);
        assert_eq!(findings[0].message, "Too long: may not be more than 262144 bytes");
    }

    #[test]
    fn equal_owners_are_kept_once() {
        let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "u"});
        let mut subject = json!({"metadata": {"ownerReferences": [owner.clone(), owner]}});
        assert_eq!(without_doubled_owners(&mut subject), ["u"]);
        assert_eq!(object::list(&subject, "/metadata/ownerReferences").len(), 1);
    }
}
