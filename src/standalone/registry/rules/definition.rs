//! CustomResourceDefinitions: what makes one usable.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Change, object};
use crate::standalone::{
    registry::{Subresource, custom::CustomSchema, metadata, names},
    status::Cause,
};

pub(super) fn default(definition: &mut Value) {
    let kind = object::text(definition, "/spec/names/kind").to_owned();
    let spec = object::child(definition, "spec");
    spec.entry("conversion")
        .or_insert_with(|| json!({"strategy": "None"}));
    let names = spec.entry("names").or_insert_with(|| json!({}));
    let names = object::fields(names);
    for field in ["plural", "kind"] {
        names.entry(field).or_insert_with(|| "".into());
    }
    if !kind.is_empty() {
        names
            .entry("singular")
            .or_insert_with(|| kind.to_lowercase().into());
        names
            .entry("listKind")
            .or_insert_with(|| format!("{kind}List").into());
    }
    let stored = storage_version(definition).map(str::to_owned);
    default_status(definition, stored);
}

/// The typed form of a status has all its fields.
fn default_status(definition: &mut Value, stored: Option<String>) {
    let status = object::child(definition, "status");
    status.entry("conditions").or_insert(Value::Null);
    let names = status.entry("acceptedNames").or_insert_with(|| json!({}));
    for field in ["plural", "kind"] {
        object::fields(names).entry(field).or_insert_with(|| "".into());
    }
    let versions = status.entry("storedVersions").or_insert_with(|| json!([]));
    if object::is_empty(versions) {
        *versions = stored.into_iter().collect::<Vec<String>>().into();
    }
}

fn storage_version(definition: &Value) -> Option<&str> {
    let mut versions = object::list(definition, "/spec/versions").iter();
    let storage = versions.find(|version| version.get("storage") == Some(&Value::Bool(true)))?;
    storage.get("name").and_then(Value::as_str)
}

pub(super) fn prepare_create(definition: &mut Value) {
    let stored = storage_version(definition).map(str::to_owned);
    object::fields(definition).shift_remove("status");
    default_status(definition, stored);
    object::set(definition, "generation", 1);
}

pub(super) fn prepare_update(change: &mut Change<'_>) {
    if change.subresource == Some(Subresource::Status) {
        object::copy_field(change.new, change.old, "spec");
        return;
    }
    object::copy_field(change.new, change.old, "status");
    if change.new.get("spec") != change.old.get("spec") {
        let generation = object::generation(change.old) + 1;
        object::set(change.new, "generation", generation);
    }
    let Some(stored) = storage_version(change.new).map(str::to_owned) else {
        return;
    };
    let mut versions = object::list(change.new, "/status/storedVersions").to_vec();
    if !versions.iter().any(|version| *version == stored) {
        versions.push(stored.into());
        object::child(change.new, "status").insert("storedVersions".to_owned(), versions.into());
    }
}

/// Whether a condition of the definition is true.
pub(in crate::standalone::registry) fn is_true(definition: &Value, condition: &str) -> bool {
    object::list(definition, "/status/conditions")
        .iter()
        .any(|one| object::text(one, "/type") == condition && object::text(one, "/status") == "True")
}

/// Sets a condition: its status, its reason and its message. The time stays where the status does.
pub(in crate::standalone::registry) fn set_condition(
    definition: &mut Value,
    condition: &str,
    [status, reason, message]: [&str; 3],
    stamp: &str,
) {
    let mut conditions = object::list(definition, "/status/conditions").to_vec();
    let place = conditions
        .iter()
        .position(|one| object::text(one, "/type") == condition);
    let before = place.and_then(|place| conditions.get(place));
    let since = match before {
        Some(before) if object::text(before, "/status") == status => {
            object::text(before, "/lastTransitionTime")
        }
        _ => stamp,
    };
    let new = json!({
        "type": condition, "status": status, "lastTransitionTime": since, "reason": reason, "message": message,
    });
    match place.and_then(|place| conditions.get_mut(place)) {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
    object::child(definition, "status").insert("conditions".to_owned(), conditions.into());
}

/// What holds a definition until its objects are gone.
pub(in crate::standalone::registry) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Brings a definition that is asked to go into the form in which it waits for its objects.
pub(in crate::standalone::registry) fn mark(definition: &mut Value, stamp: &str) {
    object::set(definition, "deletionTimestamp", stamp);
    let mut finalizers = object::list(definition, "/metadata/finalizers").to_vec();
    if !finalizers.iter().any(|finalizer| finalizer == CLEANUP) {
        finalizers.push(CLEANUP.into());
    }
    object::set(definition, "finalizers", finalizers);
    let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    set_condition(
        definition,
        "Terminating",
        ["True", "InstanceDeletionPending", message],
        stamp,
    );
}

/// What is wrong with a definition; the old one keeps its names once they are in use.
pub(super) fn findings(definition: &Value, old: Option<&Value>) -> Vec<Cause> {
    let spec = definition.get("spec").unwrap_or(&Value::Null);
    let mut findings = Vec::new();
    if old.is_none() {
        findings.extend(name_findings(definition));
    }
    findings.extend(group_findings(object::text(spec, "/group")));
    findings.extend(scope_findings(object::text(spec, "/scope")));
    findings.extend(version_findings(spec));
    findings.extend(names_findings(spec));
    findings.extend(conversion_findings(spec));
    if let Some(old) = old.filter(|old| is_true(old, "Established")) {
        let kept = ["spec.group", "spec.scope", "spec.names.kind", "spec.names.plural"];
        findings.extend(
            kept.iter()
                .filter_map(|field| metadata::immutable(definition, old, field)),
        );
    }
    findings.extend(stored_findings(definition));
    if spec.get("preserveUnknownFields") == Some(&Value::Bool(true)) && old.is_none() {
        let detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in \
                      spec.versions[*].schema instead";
        findings.push(Cause::invalid("spec.preserveUnknownFields", &json!(true), detail));
    }
    findings.extend(approval_findings(definition, old));
    findings
}

fn name_findings(definition: &Value) -> Option<Cause> {
    let text = |pointer| object::text(definition, pointer);
    let required = format!("{}.{}", text("/spec/names/plural"), text("/spec/group"));
    let name = object::name(definition);
    let detail = "must be spec.names.plural+\".\"+spec.group";
    (name != required).then(|| Cause::invalid("metadata.name", &json!(name), detail))
}

fn group_findings(group: &str) -> Option<Cause> {
    const FIELD: &str = "spec.group";
    if group.is_empty() {
        return Some(Cause::required(FIELD, ""));
    }
    let problems = names::problems(names::NameRule::Subdomain, group, false);
    if !problems.is_empty() {
        return Some(Cause::invalid(FIELD, &json!(group), &problems.join(",")));
    }
    let detail = "should be a domain with at least one dot";
    (!group.contains('.')).then(|| Cause::invalid(FIELD, &json!(group), detail))
}

fn scope_findings(scope: &str) -> Option<Cause> {
    const FIELD: &str = "spec.scope";
    match scope {
        "Cluster" | "Namespaced" => None,
        "" => Some(Cause::required(FIELD, "")),
        other => Some(Cause::not_supported(
            FIELD,
            &json!(other),
            &["Cluster", "Namespaced"],
        )),
    }
}

fn version_findings(spec: &Value) -> Vec<Cause> {
    const FIELD: &str = "spec.versions";
    let versions = object::list(spec, "/versions");
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    let mut unique = true;
    let mut missing = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        let path = format!("{FIELD}[{index}]");
        unique &= seen.insert(object::text(version, "/name"));
        if version.pointer("/schema/openAPIV3Schema").is_none() {
            missing.push(Cause::required(&format!("{path}.schema.openAPIV3Schema"), ""));
        }
        findings.extend(one_version_findings(&path, version));
    }
    findings.splice(0..0, missing);
    if !unique {
        findings.push(Cause::invalid(
            FIELD,
            &json!(versions),
            "must contain unique version names",
        ));
    }
    let stored = versions
        .iter()
        .filter(|version| version.get("storage") == Some(&Value::Bool(true)));
    if stored.count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        findings.push(Cause::invalid(FIELD, &json!(versions), detail));
    }
    findings
}

fn one_version_findings(path: &str, version: &Value) -> Vec<Cause> {
    let mut findings = Vec::new();
    let name = object::text(version, "/name");
    let problems = dns_1035_problems(name);
    if !problems.is_empty() {
        let field = format!("{path}.name");
        findings.push(Cause::invalid(&field, &json!(name), &problems.join(",")));
    }
    if let Some(warning) = version.get("deprecationWarning") {
        let deprecated = version.get("deprecated") == Some(&Value::Bool(true));
        let text = warning.as_str().unwrap_or_default();
        let field = format!("{path}.deprecationWarning");
        if !deprecated {
            let detail = "can only be set for deprecated versions";
            findings.push(Cause::invalid(&field, warning, detail));
        } else if text.len() > 256 {
            findings.push(Cause::invalid(&field, warning, "must be <= 256 characters long"));
        }
    }
    if let Some(schema) = version.pointer("/schema/openAPIV3Schema")
        && let Err(causes) = CustomSchema::parse(schema)
    {
        let under = format!("{path}.schema.openAPIV3Schema");
        findings.extend(causes.into_iter().map(|cause| below(&under, cause)));
    }
    findings.extend(subresource_findings(path, version));
    findings.extend(column_findings(path, version));
    findings.extend(selectable_findings(path, version));
    findings
}

/// The finding on a field of a schema, as a field of the definition.
fn below(path: &str, mut cause: Cause) -> Cause {
    cause.field = match cause.field.as_str() {
        "" | "<nil>" => path.to_owned(),
        field if field.starts_with('[') => format!("{path}{field}"),
        field => format!("{path}.{field}"),
    };
    cause
}

fn dns_1035_problems(name: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if name.len() > 63 {
        problems.push("must be no more than 63 characters".to_owned());
    }
    let fits = name.starts_with(|letter: char| letter.is_ascii_lowercase())
        && !name.ends_with('-')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !fits {
        problems.push(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, \
             and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is \
             '[a-z]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    problems
}

fn subresource_findings(path: &str, version: &Value) -> Vec<Cause> {
    let Some(scale) = version
        .pointer("/subresources/scale")
        .filter(|scale| scale.is_object())
    else {
        return Vec::new();
    };
    let rules = [
        ("specReplicasPath", ".spec.", true),
        ("statusReplicasPath", ".status.", true),
        ("labelSelectorPath", ".", false),
    ];
    let mut findings = Vec::new();
    for (field, start, required) in rules {
        let path = format!("{path}.subresources.scale.{field}");
        let text = object::text(scale, &format!("/{field}"));
        if text.is_empty() {
            if required {
                findings.push(Cause::required(&path, ""));
            }
        } else if field == "labelSelectorPath"
            && !(text.starts_with(".spec.") || text.starts_with(".status."))
        {
            let detail = "should be a json path under either .status or .spec";
            findings.push(Cause::invalid(&path, &json!(text), detail));
        } else if !text.starts_with(start) {
            let detail = format!("should be a json path under {}", start.trim_end_matches('.'));
            findings.push(Cause::invalid(&path, &json!(text), &detail));
        }
    }
    findings
}

fn column_findings(path: &str, version: &Value) -> Vec<Cause> {
    let mut findings = Vec::new();
    let columns = object::list(version, "/additionalPrinterColumns");
    for (index, column) in columns.iter().enumerate() {
        let path = format!("{path}.additionalPrinterColumns[{index}]");
        for field in ["name", "jsonPath"] {
            if object::text(column, &format!("/{field}")).is_empty() {
                findings.push(Cause::required(&format!("{path}.{field}"), ""));
            }
        }
        let known = ["boolean", "date", "integer", "number", "string"];
        let kind = object::text(column, "/type");
        if kind.is_empty() {
            let detail = format!("must be one of {}", known.join(","));
            findings.push(Cause::required(&format!("{path}.type"), &detail));
        } else if !known.contains(&kind) {
            let detail = format!("must be one of {}", known.join(","));
            findings.push(Cause::invalid(&format!("{path}.type"), &json!(kind), &detail));
        }
    }
    findings
}

/// The most fields of one version that selectors may name.
const SELECTABLE_LIMIT: usize = 8;

fn selectable_findings(path: &str, version: &Value) -> Vec<Cause> {
    let path = format!("{path}.selectableFields");
    let fields = object::list(version, "/selectableFields");
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, field) in fields.iter().enumerate() {
        let text = object::text(field, "/jsonPath");
        let place = format!("{path}[{index}].jsonPath");
        if text.is_empty() {
            findings.push(Cause::required(&place, ""));
        } else if !text.starts_with('.') {
            let detail = "must be a simple json path starting with a dot";
            findings.push(Cause::invalid(&place, &json!(text), detail));
        } else if !seen.insert(text) {
            findings.push(Cause::duplicate(&place, &json!(text)));
        }
    }
    if fields.len() > SELECTABLE_LIMIT {
        findings.push(Cause {
            reason: "FieldValueTooMany",
            message: format!(
                "Too many: {}: must have at most {SELECTABLE_LIMIT} items",
                fields.len()
            ),
            field: path,
        });
    }
    findings
}

fn names_findings(spec: &Value) -> Vec<Cause> {
    let mut findings = Vec::new();
    for field in ["plural", "singular", "kind", "listKind"] {
        let path = format!("spec.names.{field}");
        let name = object::text(spec, &format!("/names/{field}"));
        if name.is_empty() {
            findings.push(Cause::required(&path, ""));
        }
        // Kinds are written with capitals and must be labels without them.
        let problems = dns_1035_problems(&name.to_lowercase());
        let capitals = matches!(field, "plural" | "singular") && name.chars().any(char::is_uppercase);
        if !problems.is_empty() || capitals {
            let problems = if capitals {
                dns_1035_problems(name)
            } else {
                problems
            };
            findings.push(Cause::invalid(&path, &json!(name), &problems.join(",")));
        }
    }
    for list in ["shortNames", "categories"] {
        for (index, name) in object::list(spec, &format!("/names/{list}")).iter().enumerate() {
            let problems = dns_1035_problems(name.as_str().unwrap_or_default());
            if !problems.is_empty() {
                let path = format!("spec.names.{list}[{index}]");
                findings.push(Cause::invalid(&path, name, &problems.join(",")));
            }
        }
    }
    let kind = object::text(spec, "/names/kind");
    if !kind.is_empty() && kind == object::text(spec, "/names/listKind") {
        let detail = "kind and listKind may not be the same";
        findings.push(Cause::invalid("spec.names.listKind", &json!(kind), detail));
    }
    findings
}

/// Nothing here calls webhooks: another strategy than None is refused with a sentence of our own.
fn conversion_findings(spec: &Value) -> Option<Cause> {
    const FIELD: &str = "spec.conversion.strategy";
    match object::text(spec, "/conversion/strategy") {
        "None" => None,
        "" => Some(Cause::required(FIELD, "")),
        "Webhook" => Some(Cause::forbidden(
            FIELD,
            "this control plane calls no webhooks; use None",
        )),
        other => Some(Cause::not_supported(FIELD, &json!(other), &["None", "Webhook"])),
    }
}

fn stored_findings(definition: &Value) -> Vec<Cause> {
    let stored = object::list(definition, "/status/storedVersions");
    let names: Vec<&str> = object::list(definition, "/spec/versions")
        .iter()
        .map(|version| object::text(version, "/name"))
        .collect();
    if stored.is_empty() {
        let detail = "must have at least one stored version";
        return vec![Cause::invalid("status.storedVersions", &json!(stored), detail)];
    }
    let mut findings = Vec::new();
    for (index, version) in stored.iter().enumerate() {
        let name = version.as_str().unwrap_or_default();
        if !names.contains(&name) {
            let detail = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until \
                 a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
            );
            findings.push(Cause::invalid(
                &format!("status.storedVersions[{index}]"),
                version,
                &detail,
            ));
        }
    }
    findings
}

/// Groups of the community ask for a link to the pull request that approved the API.
fn approval_findings(definition: &Value, old: Option<&Value>) -> Option<Cause> {
    const ANNOTATION: &str = "/metadata/annotations/api-approved.kubernetes.io";
    let group = object::text(definition, "/spec/group");
    let community = ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|domain| group == *domain || group.ends_with(&format!(".{domain}")));
    let annotation = object::text(definition, ANNOTATION);
    let approved = annotation.starts_with("https://") || annotation.starts_with("unapproved");
    if !community || approved || old.is_some() {
        return None;
    }
    let field = "metadata.annotations[api-approved.kubernetes.io]";
    let detail = "protected groups must have approval annotation \"api-approved.kubernetes.io\", see \
                  https://github.com/kubernetes/enhancements/pull/1111";
    Some(Cause::required(field, detail))
}

/// Formats that nobody checks are kept and told.
pub(super) fn warnings(definition: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for version in object::list(definition, "/spec/versions") {
        collect_formats(version.pointer("/schema/openAPIV3Schema"), &mut found);
    }
    found
}

/// The formats of texts that are checked; dashes do not count.
const FORMATS: [&str; 26] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "datetime",
    "k8sshortname",
    "k8slongname",
];

fn is_recognised(kind: &str, format: &str) -> bool {
    match kind {
        "" | "string" => FORMATS.contains(&format.replace('-', "").as_str()),
        "integer" => matches!(format, "int32" | "int64"),
        "number" => matches!(format, "float" | "double"),
        _ => false,
    }
}

fn collect_formats(schema: Option<&Value>, found: &mut Vec<String>) {
    let Some(schema) = schema.filter(|schema| schema.is_object()) else {
        return;
    };
    let format = object::text(schema, "/format");
    if !format.is_empty() && !is_recognised(object::text(schema, "/type"), format) {
        found.push(format!("unrecognized format {format:?}"));
    }
    let properties = object::map(schema, "/properties");
    for value in properties.into_iter().flat_map(serde_json::Map::values) {
        collect_formats(Some(value), found);
    }
    for key in ["items", "additionalProperties", "not"] {
        collect_formats(schema.get(key), found);
    }
}
