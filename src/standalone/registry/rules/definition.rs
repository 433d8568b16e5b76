//! CustomResourceDefinitions: what makes one usable.

use serde_json::{Value, json};

use super::{Change, object};
use crate::standalone::{
    schema::definition::{self, Condition},
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
    if !change.keeps_to_its_part() {
        return;
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

/// Sets a condition. The time stays where the status does.
pub(in crate::standalone::registry) fn set_condition(source: &mut Value, condition: &Condition, stamp: &str) {
    let mut conditions = object::list(source, "/status/conditions").to_vec();
    let place = conditions
        .iter()
        .position(|one| object::text(one, "/type") == condition.kind);
    let before = place.and_then(|place| conditions.get(place));
    let status = if condition.status { "True" } else { "False" };
    let since = match before {
        Some(before) if object::text(before, "/status") == status => {
            object::text(before, "/lastTransitionTime")
        }
        _ => stamp,
    };
    let new = json!({
        "type": condition.kind, "status": status, "lastTransitionTime": since, "reason": condition.reason,
        "message": condition.message,
    });
    match place.and_then(|place| conditions.get_mut(place)) {
        Some(old) => *old = new,
        None => conditions.push(new),
    }
    object::child(source, "status").insert("conditions".to_owned(), conditions.into());
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
    let condition = Condition {
        kind: "Terminating",
        status: true,
        reason: "InstanceDeletionPending",
        message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
            .to_owned(),
    };
    set_condition(definition, &condition, stamp);
}

/// What is wrong with a definition, apart from the metadata that all objects have.
pub(super) fn findings(source: &Value, old: Option<&Value>) -> Vec<Cause> {
    match definition::validate(source, old) {
        Ok(_) => Vec::new(),
        Err(objections) => objections
            .iter()
            // A name that stands is not looked at again: other findings say what may not change.
            .filter(|objection| old.is_none() || objection.field != "metadata.name")
            .map(Cause::from)
            .collect(),
    }
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
