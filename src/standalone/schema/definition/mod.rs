//! The CustomResourceDefinition: what it must be, what it is completed with, and whether its names are free.

mod naming;
mod read;
mod texts;
mod update;
mod version;

use serde_json::{Map, Value, json};

use super::field_error::{FieldError, Path};
use super::structural::Structural;
pub(super) use texts::label_errors;
use texts::text;

pub use naming::{Condition, Naming, established, naming};
pub use version::{Column, Scale};

/// A definition that is in order, as far as serving its kind needs it.
#[derive(Debug, Clone)]
pub struct Definition {
    /// The API group, `example.com`.
    pub group: String,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// What the kind is called.
    pub names: Names,
    /// In the order in which they are written; exactly one is stored.
    pub versions: Vec<Version>,
}

/// What a kind is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// As in paths, `assets`.
    pub plural: String,
    /// As people type it, `asset`.
    pub singular: String,
    /// As in objects, `Asset`.
    pub kind: String,
    /// As in lists of objects, `AssetList`.
    pub list_kind: String,
    /// Other names that people may type.
    pub short_names: Vec<String>,
    /// Groups of kinds that people may ask for at once.
    pub categories: Vec<String>,
}

/// One version of a kind.
#[derive(Debug, Clone)]
pub struct Version {
    /// `v1alpha1`.
    pub name: String,
    /// Whether the API has it.
    pub served: bool,
    /// Whether objects are stored in it.
    pub storage: bool,
    /// What clients of it are warned of; none unless it is deprecated.
    pub deprecation: Option<String>,
    /// What objects are judged by.
    pub schema: Structural,
    /// The schema as it was written, for OpenAPI documents.
    pub source: Value,
    /// Whether the status is written apart from the rest.
    pub status: bool,
    /// How the scale subresource maps to the object.
    pub scale: Option<Scale>,
    /// What tables show beside the name.
    pub columns: Vec<Column>,
    /// The paths that field selectors may name, `.spec.x`.
    pub selectable_fields: Vec<String>,
}

/// Completes a definition with what may be left out: singular and list names, the conversion, the stored version.
pub fn default(object: &mut Value) {
    if let Some(Value::Object(spec)) = object.get_mut("spec") {
        default_names(spec);
        spec.entry("conversion")
            .or_insert_with(|| json!({"strategy": "None"}));
    }
    store_version(object);
}

/// Adds the storage version to those of which objects may be stored.
pub fn store_version(object: &mut Value) {
    let versions = object.pointer("/spec/versions").and_then(Value::as_array);
    let is_storage = |version: &&Value| version.get("storage") == Some(&Value::Bool(true));
    let Some(name) = versions
        .and_then(|all| all.iter().find(is_storage)?.get("name"))
        .cloned()
    else {
        return;
    };
    let Value::Object(fields) = object else {
        return;
    };
    let Value::Object(status) = fields.entry("status").or_insert_with(|| json!({})) else {
        return;
    };
    if let Value::Array(stored) = status.entry("storedVersions").or_insert_with(|| json!([]))
        && !stored.contains(&name)
    {
        stored.push(name);
    }
}

fn default_names(spec: &mut Map<String, Value>) {
    let Some(Value::Object(names)) = spec.get_mut("names") else {
        return;
    };
    let kind = names
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let is_missing = |names: &Map<String, Value>, key| {
        names
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .is_empty()
    };
    if kind.is_empty() {
        return;
    }
    if is_missing(names, "singular") {
        names.insert("singular".to_owned(), kind.to_lowercase().into());
    }
    if is_missing(names, "listKind") {
        names.insert("listKind".to_owned(), format!("{kind}List").into());
    }
}

/// Judges a definition, or one that takes the place of `old`, and reads it.
///
/// # Errors
/// Every objection of the real server. Conversion by webhook is refused: this server has no webhooks.
pub fn validate(new: &Value, old: Option<&Value>) -> Result<Definition, Vec<FieldError>> {
    let mut errors = name_errors(new);
    let spec = new.get("spec").unwrap_or(&Value::Null);
    let path = Path::Child(&Path::Root, "spec");
    let definition = read::definition(spec, &path, &mut errors);
    if let Some(old) = old {
        errors.extend(update::check(new, old));
    }
    errors.extend(update::stored_version_errors(new));
    errors.extend(approval_error(new));
    if spec.get("preserveUnknownFields") == Some(&Value::Bool(true)) {
        let detail = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        errors.push(FieldError::invalid(
            &path.child("preserveUnknownFields"),
            true,
            detail,
        ));
    }
    match definition {
        Some(definition) if errors.is_empty() => Ok(definition),
        _ => Err(errors),
    }
}

fn name_errors(new: &Value) -> Vec<FieldError> {
    let metadata = new.get("metadata").unwrap_or(&Value::Null);
    let name = text(metadata, "name");
    let spec = new.get("spec").unwrap_or(&Value::Null);
    let names = spec.get("names").unwrap_or(&Value::Null);
    let path = Path::Child(&Path::Root, "metadata");
    let path = path.child("name");
    let mut errors: Vec<FieldError> = texts::subdomain_errors(name)
        .into_iter()
        .map(|detail| FieldError::invalid(&path, name, detail))
        .collect();
    if name != format!("{}.{}", text(names, "plural"), text(spec, "group")) {
        let detail = "must be spec.names.plural+\".\"+spec.group";
        errors.push(FieldError::invalid(&path, name, detail));
    }
    errors
}

// Groups of the Kubernetes community have an API review.
fn approval_error(new: &Value) -> Option<FieldError> {
    const ANNOTATION: &str = "api-approved.kubernetes.io";
    let group = new.pointer("/spec/group")?.as_str()?;
    let is_protected = ["k8s.io", "kubernetes.io"]
        .iter()
        .any(|domain| group == *domain || group.ends_with(&format!(".{domain}")));
    let annotations = new.pointer("/metadata/annotations");
    let approval = annotations.map_or("", |annotations| text(annotations, ANNOTATION));
    let path = Path::Child(&Path::Root, "metadata");
    let path = path.child("annotations");
    let path = path.key(ANNOTATION);
    if !is_protected || approval.starts_with("unapproved") || approval.starts_with("https://") {
        return None;
    }
    Some(if approval.is_empty() {
        let detail = format!(
            "protected groups must have approval annotation \"{ANNOTATION}\", see https://github.com/kubernetes/enhancements/pull/1111"
        );
        FieldError::required(&path, detail)
    } else {
        let detail = format!(
            "protected groups must have approval annotation \"{ANNOTATION}\" with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111"
        );
        FieldError::invalid(&path, approval, detail)
    })
}
