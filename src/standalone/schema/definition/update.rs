//! What must not change in a definition.

use serde_json::Value;

use super::naming::is_true;
use super::texts::{strings, text};
use crate::standalone::schema::field_error::{FieldError, Path};

/// Objects to changes of what objects that stand rely on.
pub(super) fn check(new: &Value, old: &Value) -> Vec<FieldError> {
    let spec = Path::Child(&Path::Root, "spec");
    let names = spec.child("names");
    let mut errors = Vec::new();
    let established = is_true(old, "Established");
    for (pointer, path, once_established) in [
        ("/spec/scope", spec.child("scope"), true),
        ("/spec/names/kind", names.child("kind"), true),
        ("/spec/group", spec.child("group"), false),
        ("/spec/names/plural", names.child("plural"), false),
    ] {
        let (now, before) = (new.pointer(pointer), old.pointer(pointer));
        if now != before && (established || !once_established) {
            let value = now.cloned().unwrap_or_default();
            errors.push(FieldError::invalid(&path, value, "field is immutable"));
        }
    }
    errors
}

/// Objects to versions that are gone while objects may be stored in them.
pub(super) fn stored_version_errors(new: &Value) -> Vec<FieldError> {
    let status = Path::Child(&Path::Root, "status");
    let path = status.child("storedVersions");
    let stored = strings(new.get("status").unwrap_or(&Value::Null), "storedVersions");
    if stored.is_empty() {
        let value = Value::Array(Vec::new());
        return vec![FieldError::invalid(
            &path,
            value,
            "must have at least one stored version",
        )];
    }
    let versions = new
        .pointer("/spec/versions")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let is_missing = |name: &String| !versions.iter().any(|version| text(version, "name") == name);
    let missing = stored.iter().enumerate().filter(|(_, name)| is_missing(name));
    missing
        .map(|(index, name)| {
            let detail = format!(
                "missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions"
            );
            FieldError::invalid(&path.index(index), name.as_str(), detail)
        })
        .collect()
}
