//! What each built-in kind asks of its objects, and what it fills in.

mod config_map;
pub(super) mod definition;
pub(super) mod event;
mod lease;
mod namespace;
mod policy;
mod secret;

use serde_json::{Value, json};

use super::{BuiltIn, Subresource, metadata, names::NameRule, object};
use crate::standalone::status::Cause;

/// A change as the rules see it: the object as it shall be, as it is, and what of it may be written.
pub(super) struct Change<'a> {
    pub(super) new: &'a mut Value,
    pub(super) old: &'a Value,
    pub(super) subresource: Option<Subresource>,
}

impl Change<'_> {
    /// A write of `/status` changes the status alone, any other all but the status, and counts a new generation where
    /// the spec differs. True where it may have changed the spec.
    fn keeps_to_its_part(&mut self) -> bool {
        if self.subresource == Some(Subresource::Status) {
            object::copy_field(self.new, self.old, "spec");
            return false;
        }
        object::copy_field(self.new, self.old, "status");
        if self.new.get("spec") != self.old.get("spec") {
            let generation = object::generation(self.old) + 1;
            object::set(self.new, "generation", generation);
        }
        true
    }
}

/// The name of the kind's schema.
pub(super) fn schema_name(kind: BuiltIn, group: &str) -> &'static str {
    match (kind, group) {
        (BuiltIn::Namespace, _) => "io.k8s.api.core.v1.Namespace",
        (BuiltIn::Secret, _) => "io.k8s.api.core.v1.Secret",
        (BuiltIn::ConfigMap, _) => "io.k8s.api.core.v1.ConfigMap",
        (BuiltIn::Event, "") => "io.k8s.api.core.v1.Event",
        (BuiltIn::Event, _) => "io.k8s.api.events.v1.Event",
        (BuiltIn::ServiceAccount, _) => "io.k8s.api.core.v1.ServiceAccount",
        (BuiltIn::Lease, _) => "io.k8s.api.coordination.v1.Lease",
        (BuiltIn::CustomResourceDefinition, _) => {
            "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition"
        }
        (BuiltIn::ValidatingAdmissionPolicy, _) => {
            "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy"
        }
        (BuiltIn::ValidatingAdmissionPolicyBinding, _) => {
            "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding"
        }
        (BuiltIn::SelfSubjectAccessReview, _) => "io.k8s.api.authorization.v1.SelfSubjectAccessReview",
        (BuiltIn::SelfSubjectReview, _) => "io.k8s.api.authentication.v1.SelfSubjectReview",
    }
}

/// Sets what was left out and has a default, and what the typed form always has.
pub(super) fn default(kind: BuiltIn, group: &str, object: &mut Value) {
    match kind {
        BuiltIn::Namespace => namespace::default(object),
        BuiltIn::Secret => secret::default(object),
        BuiltIn::Event => event::default(group, object),
        BuiltIn::Lease => {
            let spec = object::child(object, "spec");
            // Of coordinated leader election, which is off in the API server.
            spec.shift_remove("strategy");
            spec.shift_remove("preferredHolder");
        }
        BuiltIn::CustomResourceDefinition => definition::default(object),
        BuiltIn::ValidatingAdmissionPolicy => policy::default(object),
        BuiltIn::ValidatingAdmissionPolicyBinding => policy::default_binding(object),
        BuiltIn::ServiceAccount => name_secrets_alone(object),
        BuiltIn::ConfigMap | BuiltIn::SelfSubjectAccessReview | BuiltIn::SelfSubjectReview => {}
    }
}

/// Brings a new object into the form in which it is kept.
pub(super) fn prepare_create(kind: BuiltIn, object: &mut Value) {
    match kind {
        BuiltIn::Namespace => namespace::prepare_create(object),
        BuiltIn::CustomResourceDefinition => definition::prepare_create(object),
        BuiltIn::ValidatingAdmissionPolicy => {
            object::fields(object).insert("status".to_owned(), json!({}));
            object::set(object, "generation", 1);
        }
        BuiltIn::ValidatingAdmissionPolicyBinding => object::set(object, "generation", 1),
        _ => {}
    }
}

/// Brings a changed object into the form in which it is kept: what may not be written here is as it was.
pub(super) fn prepare_update(kind: BuiltIn, change: &mut Change<'_>) {
    match kind {
        BuiltIn::Namespace => namespace::prepare_update(change),
        BuiltIn::Secret => secret::prepare_update(change),
        BuiltIn::CustomResourceDefinition => definition::prepare_update(change),
        BuiltIn::ValidatingAdmissionPolicy | BuiltIn::ValidatingAdmissionPolicyBinding => {
            policy::prepare_update(change);
        }
        _ => {}
    }
}

/// What is wrong with a new object. The group tells the two forms of Events apart.
pub(super) fn findings(kind: BuiltIn, group: &str, object: &Value) -> Vec<Cause> {
    let namespaced = is_namespaced(kind);
    let mut findings = match kind {
        // Events are checked by what they say; their names by the rule for all objects.
        BuiltIn::Event => Vec::new(),
        _ => metadata::findings(object, namespaced, name_rule(kind)),
    };
    if group.is_empty() {
        findings.extend(metadata::plain_finalizer_findings(object));
    }
    findings.extend(own_findings(kind, group, object));
    findings
}

/// What is wrong with an object apart from its metadata.
fn own_findings(kind: BuiltIn, group: &str, object: &Value) -> Vec<Cause> {
    match kind {
        BuiltIn::Secret => secret::findings(object),
        BuiltIn::ConfigMap => config_map::findings(object),
        BuiltIn::Event => event::findings(group, object),
        BuiltIn::Lease => lease::findings(object),
        BuiltIn::CustomResourceDefinition => definition::findings(object, None),
        BuiltIn::ValidatingAdmissionPolicy => policy::findings(object),
        BuiltIn::ValidatingAdmissionPolicyBinding => policy::binding_findings(object),
        _ => Vec::new(),
    }
}

/// What is wrong with a change, in the order in which the API server finds it: clients see findings twice where it does.
pub(super) fn update_findings(kind: BuiltIn, group: &str, change: &Change<'_>) -> Vec<Cause> {
    let (new, old) = (&*change.new, change.old);
    let namespaced = is_namespaced(kind);
    let own_metadata = || metadata::findings(new, namespaced, name_rule(kind));
    match kind {
        BuiltIn::Event => event::update_findings(group, new, old),
        BuiltIn::ValidatingAdmissionPolicy | BuiltIn::ValidatingAdmissionPolicyBinding => {
            findings(kind, group, new)
        }
        BuiltIn::Namespace => {
            let mut found = own_metadata();
            found.extend(metadata::update_findings(new, old));
            if change.subresource == Some(Subresource::Status) {
                found.extend(namespace::status_findings(new));
            }
            found
        }
        BuiltIn::CustomResourceDefinition => {
            let mut found = metadata::update_findings(new, old);
            if change.subresource.is_none() {
                found.extend(definition::findings(new, Some(old)));
            }
            found
        }
        BuiltIn::Lease => {
            let mut found = metadata::update_findings(new, old);
            found.extend(lease::findings(new));
            found
        }
        _ => {
            let mut found = metadata::update_findings(new, old);
            found.extend(match kind {
                BuiltIn::Secret => secret::update_findings(new, old),
                BuiltIn::ConfigMap => config_map::update_findings(new, old),
                _ => Vec::new(),
            });
            found.extend(own_metadata());
            found.extend(own_findings(kind, group, new));
            found
        }
    }
}

/// Whether objects of the kind lie in namespaces.
pub(super) fn is_namespaced(kind: BuiltIn) -> bool {
    matches!(
        kind,
        BuiltIn::Secret | BuiltIn::ConfigMap | BuiltIn::Event | BuiltIn::ServiceAccount | BuiltIn::Lease
    )
}

/// Sentences for the client about an object that is taken.
pub(super) fn warnings(kind: BuiltIn, object: &Value) -> Vec<String> {
    match kind {
        BuiltIn::ServiceAccount => service_account_warnings(object),
        BuiltIn::CustomResourceDefinition => definition::warnings(object),
        _ => Vec::new(),
    }
}

/// Of the secrets of an account, which lie in its namespace, the API server keeps the names alone.
fn name_secrets_alone(account: &mut Value) {
    let secrets = account.get_mut("secrets").and_then(Value::as_array_mut);
    for secret in secrets.into_iter().flatten() {
        object::fields(secret).retain(|field, _| field == "name");
    }
}

fn service_account_warnings(account: &Value) -> Vec<String> {
    let annotation = "/metadata/annotations/kubernetes.io~1enforce-mountable-secrets";
    if account.pointer(annotation).is_none() {
        return Vec::new();
    }
    vec![
        "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to \
         isolate access to mounted secrets"
            .to_owned(),
    ]
}

/// The rule for the names of the kind's objects.
pub(super) fn name_rule(kind: BuiltIn) -> NameRule {
    match kind {
        BuiltIn::Namespace => NameRule::Label,
        // Definitions say more of their names than that.
        BuiltIn::Event | BuiltIn::CustomResourceDefinition => NameRule::PathSegment,
        _ => NameRule::Subdomain,
    }
}

/// Whether a replace of what is absent makes it.
pub(super) fn is_created_by_update(kind: BuiltIn) -> bool {
    matches!(kind, BuiltIn::Event | BuiltIn::Lease)
}

/// Whether a replace may leave the resource version out.
pub(super) fn is_updated_unconditionally(kind: BuiltIn) -> bool {
    matches!(
        kind,
        BuiltIn::Namespace | BuiltIn::Secret | BuiltIn::ConfigMap | BuiltIn::Event | BuiltIn::ServiceAccount
    )
}
