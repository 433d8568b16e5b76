//! What the API server tells of built-in types beyond their schemas: defaults, the kinds of lists, the values of texts.
//!
//! Source: the markers in the Go types of Kubernetes 1.36, as its OpenAPI documents show them.

use serde_json::{Map, Value, json};

/// Fields whose struct is never missing in Go: an object that leaves them out has them empty.
const NEVER_MISSING: [&str; 10] = [
    "acceptedNames",
    "deprecatedSource",
    "involvedObject",
    "metadata",
    "names",
    "regarding",
    "source",
    "spec",
    "status",
    "userInfo",
];

/// A type and its field. The type is the end of its name: `ServiceAccount`, `core.v1.Event`.
type Field = (&'static str, &'static str);

/// Optional fields that Go has no missing value for.
const ZERO_WHEN_MISSING: [Field; 3] = [
    ("ScaleSpec", "replicas"),
    ("core.v1.Event", "reportingComponent"),
    ("core.v1.Event", "reportingInstance"),
];

/// Required fields that Go leaves out of JSON where they are empty.
const NOT_ZERO_WHEN_MISSING: [Field; 1] = [("ValidatingAdmissionPolicyBindingSpec", "policyName")];

/// Fields that must be given, in the order of the API server where it is not that of the alphabet.
const REQUIRED: [(&str, &[&str]); 11] = [
    (
        "Condition",
        &["type", "status", "lastTransitionTime", "reason", "message"],
    ),
    ("CustomResourceColumnDefinition", &["name", "type", "jsonPath"]),
    ("CustomResourceDefinitionCondition", &["type", "status"]),
    ("CustomResourceDefinitionNames", &["plural", "kind"]),
    ("LocalObjectReference", &[]),
    ("MatchCondition", &["name", "expression"]),
    ("NamespaceCondition", &["type", "status"]),
    ("ServiceReference", &["namespace", "name"]),
    ("Variable", &["name", "expression"]),
    ("core.v1.Event", &["metadata", "involvedObject"]),
    ("events.v1.Event", &["eventTime"]),
];

/// Lists whose items are told apart by a field, and whether a strategic merge patch merges them by it.
const KEYED_LISTS: [(Field, &str, bool); 8] = [
    (("CustomResourceDefinitionStatus", "conditions"), "type", false),
    (("JSONSchemaProps", "x-kubernetes-validations"), "rule", true),
    (("NamespaceStatus", "conditions"), "type", true),
    (("ObjectMeta", "ownerReferences"), "uid", true),
    (("ServiceAccount", "secrets"), "name", true),
    (("ValidatingAdmissionPolicySpec", "matchConditions"), "name", true),
    (("ValidatingAdmissionPolicySpec", "variables"), "name", true),
    (("ValidatingAdmissionPolicyStatus", "conditions"), "type", false),
];

/// Lists of scalars that do not come twice, and whether a strategic merge patch merges them.
const SETS: [(Field, bool); 2] = [
    (("ObjectMeta", "finalizers"), true),
    (
        ("ValidatingAdmissionPolicyBindingSpec", "validationActions"),
        false,
    ),
];

/// Types that one writer owns as a whole.
const ATOMIC: [&str; 9] = [
    "LabelSelector",
    "LocalObjectReference",
    "MatchResources",
    "NamedRuleWithOperations",
    "ObjectReference",
    "OwnerReference",
    "ParamKind",
    "ParamRef",
    "Variable",
];

/// Texts with few values, or lists of such texts.
const VALUES: [(Field, &[&str]); 7] = [
    (("MatchResources", "matchPolicy"), &["Equivalent", "Exact"]),
    (
        ("NamedRuleWithOperations", "operations"),
        &["*", "CONNECT", "CREATE", "DELETE", "UPDATE"],
    ),
    (
        ("NamedRuleWithOperations", "scope"),
        &["*", "Cluster", "Namespaced"],
    ),
    (("NamespaceStatus", "phase"), &["Active", "Terminating"]),
    (
        ("ValidatingAdmissionPolicyBindingSpec", "validationActions"),
        &["Audit", "Deny", "Warn"],
    ),
    (
        ("ValidatingAdmissionPolicySpec", "failurePolicy"),
        &["Fail", "Ignore"],
    ),
    (
        ("ValidationRule", "reason"),
        &[
            "FieldValueDuplicate",
            "FieldValueForbidden",
            "FieldValueInvalid",
            "FieldValueRequired",
        ],
    ),
];

/// Adds to the schema of the type of this name what the API server tells of it.
pub(super) fn complete(name: &str, schema: &mut Value) {
    let Value::Object(schema) = schema else {
        return;
    };
    if is_any_value(name) {
        schema.retain(|key, _| key == "description");
        return;
    }
    let given = required(schema);
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for (field, property) in properties {
            let place = Place { name, field };
            place.complete(property, given.contains(field));
        }
    }
    require(name, given, schema);
    if ATOMIC.iter().any(|atomic| is(name, atomic)) {
        schema.insert("x-kubernetes-map-type".to_owned(), json!("atomic"));
    }
}

/// Whether the type is written otherwise than its fields say: as any JSON.
fn is_any_value(name: &str) -> bool {
    is(name, "JSON") || name.contains(".JSONSchemaPropsOr")
}

/// Whether the name ends with this one, at a whole word.
fn is(name: &str, end: &str) -> bool {
    name.strip_suffix(end).is_some_and(|start| start.ends_with('.'))
}

fn required(schema: &Map<String, Value>) -> Vec<String> {
    let names = schema.get("required").and_then(Value::as_array).into_iter();
    names
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

fn require(name: &str, given: Vec<String>, schema: &mut Map<String, Value>) {
    let known = REQUIRED.iter().find(|(known, _)| is(name, known));
    let wanted: Vec<String> = match known {
        Some((_, wanted)) => wanted.iter().map(ToString::to_string).collect(),
        // To the API server an object without metadata is one whose metadata is empty.
        None => given.into_iter().filter(|field| field != "metadata").collect(),
    };
    if wanted.is_empty() {
        schema.shift_remove("required");
    } else {
        schema.insert("required".to_owned(), json!(wanted));
    }
}

/// A field of a type.
struct Place<'a> {
    name: &'a str,
    field: &'a str,
}

impl Place<'_> {
    fn is(&self, (name, field): Field) -> bool {
        self.field == field && is(self.name, name)
    }

    fn complete(&self, property: &mut Value, is_required: bool) {
        let Value::Object(property) = property else {
            return;
        };
        for inner in ["items", "additionalProperties"] {
            if let Some(Value::Object(inner)) = property.get_mut(inner) {
                complete_inner(inner);
            }
        }
        if let Some(default) = self.default(property, is_required) {
            property.insert("default".to_owned(), default);
        }
        wrap_reference(property);
        if property.get("type").is_some_and(|kind| kind == "array") && !self.name.ends_with("List") {
            self.tell_kind_of_list(property);
        }
        self.tell_values(property);
    }

    fn default(&self, property: &Map<String, Value>, is_required: bool) -> Option<Value> {
        if refers(property) {
            // The one kind of status that is a flag: there or not there.
            let is_flag = is(self.name, "CustomResourceSubresources");
            return (NEVER_MISSING.contains(&self.field) && !is_flag).then(|| json!({}));
        }
        let is_among = |fields: &[Field]| fields.iter().any(|field| self.is(*field));
        let has_zero = is_required && !is_among(&NOT_ZERO_WHEN_MISSING);
        if !has_zero && !is_among(&ZERO_WHEN_MISSING) {
            return None;
        }
        match property.get("type").and_then(Value::as_str)? {
            "string" => Some(json!("")),
            "boolean" => Some(json!(false)),
            "integer" | "number" => Some(json!(0)),
            _ => None,
        }
    }

    fn tell_kind_of_list(&self, property: &mut Map<String, Value>) {
        let mut tell = |what: &str, value: Value| property.insert(format!("x-kubernetes-{what}"), value);
        if let Some((_, key, merges)) = KEYED_LISTS.iter().find(|(field, ..)| self.is(*field)) {
            tell("list-map-keys", json!([key]));
            tell("list-type", json!("map"));
            if *merges {
                tell("patch-merge-key", json!(key));
                tell("patch-strategy", json!("merge"));
            }
        } else if let Some((_, merges)) = SETS.iter().find(|(field, _)| self.is(*field)) {
            tell("list-type", json!("set"));
            if *merges {
                tell("patch-strategy", json!("merge"));
            }
        } else {
            tell("list-type", json!("atomic"));
        }
    }

    fn tell_values(&self, property: &mut Map<String, Value>) {
        let Some((_, values)) = VALUES.iter().find(|(field, _)| self.is(*field)) else {
            return;
        };
        let texts = match property.get_mut("items") {
            Some(Value::Object(items)) => items,
            _ => property,
        };
        texts.insert("enum".to_owned(), json!(values));
    }
}

fn refers(schema: &Map<String, Value>) -> bool {
    schema.contains_key("$ref") || schema.contains_key("allOf")
}

/// Items of lists and values of maps: Go has them empty where JSON has null.
fn complete_inner(inner: &mut Map<String, Value>) {
    if let Some(Value::Object(items)) = inner.get_mut("items") {
        complete_inner(items);
    }
    let reference = inner.get("$ref").and_then(Value::as_str);
    let is_struct = reference.is_some_and(|reference| !is_any_value(reference));
    let is_text = inner.get("type").is_some_and(|kind| kind == "string") && !inner.contains_key("format");
    if is_struct {
        inner.insert("default".to_owned(), json!({}));
    } else if is_text {
        inner.insert("default".to_owned(), json!(""));
    }
    wrap_reference(inner);
}

/// OpenAPI 3.0 reads nothing beside a reference.
fn wrap_reference(schema: &mut Map<String, Value>) {
    if schema.len() > 1
        && let Some(reference) = schema.shift_remove("$ref")
    {
        schema.insert("allOf".to_owned(), json!([{"$ref": reference}]));
    }
}
