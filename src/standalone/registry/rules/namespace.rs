//! Namespaces: the label with their name, the phase, and the finalizer that waits for their content.

use serde_json::{Value, json};

use super::{Change, object};
use crate::standalone::{registry::Subresource, status::Cause};

const NAME_LABEL: &str = "kubernetes.io/metadata.name";
const FINALIZER: &str = "kubernetes";

pub(super) fn default(namespace: &mut Value) {
    object::child(namespace, "spec");
    let status = object::child(namespace, "status");
    let conditions = status.get_mut("conditions").and_then(Value::as_array_mut);
    // The typed form has the time also where nobody set it.
    for condition in conditions.into_iter().flatten() {
        object::fields(condition)
            .entry("lastTransitionTime")
            .or_insert(Value::Null);
    }
}

pub(super) fn prepare_create(namespace: &mut Value) {
    object::fields(namespace).insert("status".to_owned(), json!({"phase": "Active"}));
    let mut finalizers = object::list(namespace, "/spec/finalizers").to_vec();
    if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
        finalizers.push(FINALIZER.into());
    }
    object::child(namespace, "spec").insert("finalizers".to_owned(), finalizers.into());
    label(namespace);
}

pub(super) fn prepare_update(change: &mut Change<'_>) {
    match change.subresource {
        Some(Subresource::Status) => object::copy_field(change.new, change.old, "spec"),
        Some(_) => {
            let finalizers = object::list(change.new, "/spec/finalizers").to_vec();
            object::copy_field(change.new, change.old, "status");
            let spec = object::child(change.new, "spec");
            if finalizers.is_empty() {
                spec.shift_remove("finalizers");
            } else {
                spec.insert("finalizers".to_owned(), finalizers.into());
            }
        }
        None => {
            object::copy_field(change.new, change.old, "spec");
            object::copy_field(change.new, change.old, "status");
        }
    }
    label(change.new);
}

/// The phase says whether the namespace is going, and nothing else.
pub(super) fn status_findings(namespace: &Value) -> Option<Cause> {
    let (wanted, when) = if object::is_being_deleted(namespace) {
        ("Terminating", "not empty")
    } else {
        ("Active", "empty")
    };
    let phase = object::text(namespace, "/status/phase");
    let detail = format!("may only be '{wanted}' if `deletionTimestamp` is {when}");
    (phase != wanted).then(|| Cause::invalid("status.Phase", &json!(phase), &detail))
}

fn label(namespace: &mut Value) {
    let name = object::name(namespace).to_owned();
    let metadata = object::metadata(namespace);
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(NAME_LABEL.to_owned(), name.into());
    }
}
