//! What a kind is called, in which versions it is served and what may be done with it.

use std::sync::Arc;

use serde_json::Value;

use super::Subresource;
use crate::standalone::{schema::Structural, status::Subject};

/// A kind as it is served in one group. Immutable: a changed definition makes a new one.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The API group; empty for core.
    pub group: String,
    /// `Secret`.
    pub kind: String,
    /// `SecretList`.
    pub list_kind: String,
    /// `secrets`.
    pub plural: String,
    /// `secret`.
    pub singular: String,
    /// `cm`, `ns`.
    pub short_names: Vec<String>,
    /// `all`.
    pub categories: Vec<String>,
    /// Whether its objects lie in namespaces.
    pub namespaced: bool,
    /// Whether this is a resource of the control plane or one that a definition made.
    pub origin: Origin,
    /// The served versions, in the order of the definition.
    pub versions: Vec<Version>,
    /// The version that is stored.
    pub storage_version: String,
    /// The first part of its keys in the store: Events of both groups share theirs.
    pub storage: Arc<str>,
    /// What may be done, in alphabetical order as discovery tells it.
    pub verbs: &'static [&'static str],
}

/// Where a resource comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Built in; the rules of this kind apply.
    BuiltIn(BuiltIn),
    /// A CustomResourceDefinition.
    Custom,
}

/// The kinds that are built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BuiltIn {
    /// core/v1 Namespace.
    Namespace,
    /// core/v1 Secret.
    Secret,
    /// core/v1 ConfigMap.
    ConfigMap,
    /// core/v1 and events.k8s.io/v1 Event.
    Event,
    /// core/v1 ServiceAccount.
    ServiceAccount,
    /// coordination.k8s.io/v1 Lease.
    Lease,
    /// apiextensions.k8s.io/v1 CustomResourceDefinition.
    CustomResourceDefinition,
    /// admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy.
    ValidatingAdmissionPolicy,
    /// admissionregistration.k8s.io/v1 ValidatingAdmissionPolicyBinding.
    ValidatingAdmissionPolicyBinding,
    /// authorization.k8s.io/v1 SelfSubjectAccessReview: answered, never kept.
    SelfSubjectAccessReview,
    /// authentication.k8s.io/v1 SelfSubjectReview: answered, never kept.
    SelfSubjectReview,
}

/// One served version of a kind.
#[derive(Debug, Clone)]
pub struct Version {
    /// `v1`.
    pub name: String,
    /// The sentence for the `Warning` header of every request, for deprecated versions.
    pub deprecation: Option<String>,
    /// The OpenAPI v3 schema as the definition gives it; null where there is none.
    pub schema: Value,
    /// The printer columns as the definition gives them.
    pub columns: Vec<Value>,
    /// The JSON paths that field selectors may name, besides the name and the namespace.
    pub selectable_fields: Vec<String>,
    /// The parts with paths of their own.
    pub subresources: Vec<Subresource>,
    /// Where the scale lies, if the kind has one.
    pub scale: Option<ScalePaths>,
    /// The schema of a custom kind, ready for use.
    pub structural: Option<Structural>,
}

/// Where the numbers of a Scale lie in an object: JSON paths such as `.spec.replicas`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalePaths {
    /// The wanted number.
    pub spec_replicas: String,
    /// The number that is.
    pub status_replicas: String,
    /// The label selector in its text form.
    pub label_selector: Option<String>,
}

/// The verbs of kinds that are kept.
pub(super) const STORED: &[&str] = &[
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
];

/// The verbs of kinds whose objects are never removed all at once.
pub(super) const STORED_ONE_BY_ONE: &[&str] =
    &["create", "delete", "get", "list", "patch", "update", "watch"];

/// The verbs of kinds that are only answered.
pub(super) const ANSWERED: &[&str] = &["create"];

impl Resource {
    /// How messages name the resource.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            group: &self.group,
            kind: &self.plural,
        }
    }

    /// How messages about one object name its kind.
    pub fn kind_subject(&self) -> Subject<'_> {
        let group = match self.origin {
            // Both forms are one kind to the API server, and its home is the core.
            Origin::BuiltIn(BuiltIn::Event) => "",
            _ => &self.group,
        };
        Subject {
            group,
            kind: &self.kind,
        }
    }

    /// The served version of this name.
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.name == name)
    }

    /// `v1`, `example.com/v1`: the `apiVersion` of objects in this version.
    pub fn api_version(&self, version: &str) -> String {
        match self.group.as_str() {
            "" => version.to_owned(),
            group => format!("{group}/{version}"),
        }
    }

    /// Whether the resource knows the verb.
    pub fn knows(&self, verb: &str) -> bool {
        self.verbs.contains(&verb)
    }

    /// The built-in kind, if it is one.
    pub fn built_in(&self) -> Option<BuiltIn> {
        match self.origin {
            Origin::BuiltIn(kind) => Some(kind),
            Origin::Custom => None,
        }
    }
}

/// How ripe a version is: `v2` before `v1` before `v1beta2` before `v1alpha1` before any other name.
pub fn ripeness(version: &str) -> (u8, u64, u64) {
    let unripe = (0, 0, 0);
    let Some(rest) = version.strip_prefix('v') else {
        return unripe;
    };
    for (word, ripeness) in [("alpha", 1), ("beta", 2)] {
        if let Some((major, minor)) = rest.split_once(word) {
            return match (major.parse(), minor.parse()) {
                (Ok(major), Ok(minor)) => (ripeness, major, minor),
                _ => unripe,
            };
        }
    }
    rest.parse().map_or(unripe, |major| (3, major, 0))
}
