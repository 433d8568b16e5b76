//! The schemas of the kinds of Kubernetes itself.

use k8s_openapi::api::{
    admissionregistration::v1 as admission, authentication::v1 as authentication,
    authorization::v1 as authorization, autoscaling::v1 as autoscaling, coordination::v1 as coordination,
    core::v1 as core, events::v1 as events,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions;
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::{Described, mark};

/// The schema of what a deletion may be asked with.
pub(super) const DELETE_OPTIONS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";

/// The schema of any patch.
pub(super) const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";

/// The schema of the scale of any kind.
pub(super) const SCALE: &str = "io.k8s.api.autoscaling.v1.Scale";

/// The schema of the answer that is no object.
pub(super) const STATUS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Status";

/// The name under which a kind's schema stands in a document.
pub(super) fn name(group: &str, version: &str, kind: &str) -> String {
    let package = match group {
        "apiextensions.k8s.io" => "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions".to_owned(),
        "" => "io.k8s.api.core".to_owned(),
        group => format!("io.k8s.api.{}", group.trim_end_matches(".k8s.io")),
    };
    format!("{package}.{version}.{kind}")
}

/// The schema of a kind, if it is one that is served.
pub(super) fn schema(kind: &Described<'_>, generator: &mut SchemaGenerator) -> Option<Value> {
    let of = match (kind.group, kind.kind) {
        ("", "Namespace") => of::<core::Namespace>,
        ("", "Secret") => of::<core::Secret>,
        ("", "ConfigMap") => of::<core::ConfigMap>,
        ("", "Event") => of::<core::Event>,
        ("", "ServiceAccount") => of::<core::ServiceAccount>,
        ("events.k8s.io", "Event") => of::<events::Event>,
        ("coordination.k8s.io", "Lease") => of::<coordination::Lease>,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => of::<apiextensions::CustomResourceDefinition>,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => {
            of::<admission::ValidatingAdmissionPolicy>
        }
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding") => {
            of::<admission::ValidatingAdmissionPolicyBinding>
        }
        ("authorization.k8s.io", "SelfSubjectAccessReview") => of::<authorization::SelfSubjectAccessReview>,
        ("authentication.k8s.io", "SelfSubjectReview") => of::<authentication::SelfSubjectReview>,
        _ => return None,
    };
    Some(of(generator))
}

/// A reference to the metadata of objects, whose schema is added to the document.
pub(super) fn object_meta(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<meta::ObjectMeta>().to_value()
}

/// A reference to the metadata of lists, whose schema is added to the document.
pub(super) fn list_meta(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<meta::ListMeta>().to_value()
}

/// The schemas that the operations of a kind refer to besides its own, by their names.
pub(super) fn of_operations(
    kind: &Described<'_>,
    generator: &mut SchemaGenerator,
) -> Vec<(&'static str, Value)> {
    let mut found = Vec::new();
    if kind.verbs.contains(&"delete") {
        let mut options = of::<meta::DeleteOptions>(generator);
        let mut groups = vec![
            ("", "v1", "DeleteOptions"),
            (kind.group, kind.version, "DeleteOptions"),
        ];
        groups.dedup();
        mark(&mut options, &groups);
        let mut status = of::<meta::Status>(generator);
        mark(&mut status, &[("", "v1", "Status")]);
        found.extend([(DELETE_OPTIONS, options), (STATUS, status)]);
    }
    if kind.verbs.contains(&"patch") {
        let description =
            "Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.";
        found.push((PATCH, json!({"description": description, "type": "object"})));
    }
    if kind.subresources.contains(&"scale") {
        let mut scale = of::<autoscaling::Scale>(generator);
        mark(&mut scale, &[("autoscaling", "v1", "Scale")]);
        found.push((SCALE, scale));
    }
    found
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    T::json_schema(generator).to_value()
}
