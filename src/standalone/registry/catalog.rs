//! Which resources are served: the built-in ones, and those that established definitions made.

use std::sync::Arc;

use serde_json::Value;

use super::{
    BuiltIn, Origin, Resource, ScalePaths, Subresource, Version, object, resource,
    rules::{self, definition},
    typed,
};

use crate::standalone::schema::Structural;

/// The resources at one moment.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub(super) resources: Vec<Arc<Resource>>,
    /// Counts the changes.
    pub(super) generation: u64,
}

impl Catalog {
    pub(super) fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.resources.iter().find(|resource| {
            resource.group == group && resource.plural == plural && resource.version(version).is_some()
        })
    }

    pub(super) fn of_kind(&self, api_version: &str, kind: &str) -> Option<&Arc<Resource>> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.resources.iter().find(|resource| {
            resource.group == group && resource.kind == kind && resource.version(version).is_some()
        })
    }

    pub(super) fn built_in(&self, kind: BuiltIn) -> Option<&Arc<Resource>> {
        let mut resources = self.resources.iter();
        resources.find(|resource| resource.built_in() == Some(kind))
    }

    /// The resources whose objects are kept, each store of them once.
    pub(super) fn kept(&self) -> impl Iterator<Item = &Arc<Resource>> {
        self.resources
            .iter()
            .filter(|resource| resource.knows("list") && resource.group != "events.k8s.io")
    }
}

/// One line of the table of built-in kinds.
struct Line {
    kind: BuiltIn,
    group: &'static str,
    name: &'static str,
    plural: &'static str,
    short: &'static [&'static str],
    categories: &'static [&'static str],
    subresources: &'static [Subresource],
}

const EVENTS: &str = "events";

const BUILT_IN: [Line; 12] = [
    line(BuiltIn::ConfigMap, "", "ConfigMap", "configmaps").short(&["cm"]),
    line(BuiltIn::Event, "", "Event", EVENTS).short(&["ev"]),
    line(BuiltIn::Namespace, "", "Namespace", "namespaces")
        .short(&["ns"])
        .parts(&[Subresource::Status, Subresource::Finalize]),
    line(BuiltIn::Secret, "", "Secret", "secrets"),
    line(BuiltIn::ServiceAccount, "", "ServiceAccount", "serviceaccounts").short(&["sa"]),
    line(
        BuiltIn::ValidatingAdmissionPolicy,
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicy",
        "validatingadmissionpolicies",
    )
    .parts(&[Subresource::Status])
    .categories(&["api-extensions"]),
    line(
        BuiltIn::ValidatingAdmissionPolicyBinding,
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
    )
    .categories(&["api-extensions"]),
    line(
        BuiltIn::CustomResourceDefinition,
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "customresourcedefinitions",
    )
    .short(&["crd", "crds"])
    .parts(&[Subresource::Status])
    .categories(&["api-extensions"]),
    line(
        BuiltIn::SelfSubjectReview,
        "authentication.k8s.io",
        "SelfSubjectReview",
        "selfsubjectreviews",
    ),
    line(
        BuiltIn::SelfSubjectAccessReview,
        "authorization.k8s.io",
        "SelfSubjectAccessReview",
        "selfsubjectaccessreviews",
    ),
    line(BuiltIn::Lease, "coordination.k8s.io", "Lease", "leases"),
    line(BuiltIn::Event, "events.k8s.io", "Event", EVENTS).short(&["ev"]),
];

const fn line(kind: BuiltIn, group: &'static str, name: &'static str, plural: &'static str) -> Line {
    Line {
        kind,
        group,
        name,
        plural,
        short: &[],
        categories: &[],
        subresources: &[],
    }
}

impl Line {
    const fn short(mut self, names: &'static [&'static str]) -> Self {
        self.short = names;
        self
    }

    const fn categories(mut self, names: &'static [&'static str]) -> Self {
        self.categories = names;
        self
    }

    const fn parts(mut self, parts: &'static [Subresource]) -> Self {
        self.subresources = parts;
        self
    }

    fn resource(&self) -> Resource {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let answered = matches!(
            self.kind,
            BuiltIn::SelfSubjectAccessReview | BuiltIn::SelfSubjectReview
        );
        let schema = typed::SCHEMAS.get(rules::schema_name(self.kind, self.group));
        Resource {
            group: self.group.to_owned(),
            kind: self.name.to_owned(),
            list_kind: format!("{}List", self.name),
            plural: self.plural.to_owned(),
            singular: self.name.to_lowercase(),
            short_names: words(self.short),
            categories: words(self.categories),
            namespaced: rules::is_namespaced(self.kind),
            origin: Origin::BuiltIn(self.kind),
            versions: vec![Version {
                name: "v1".to_owned(),
                deprecation: None,
                schema: schema.cloned().unwrap_or_default(),
                columns: Vec::new(),
                selectable_fields: Vec::new(),
                subresources: self.subresources.to_vec(),
                scale: None,
                structural: None,
            }],
            storage_version: "v1".to_owned(),
            storage: match (self.plural, self.group) {
                (EVENTS, _) | (_, "") => self.plural.into(),
                (plural, group) => format!("{plural}.{group}").into(),
            },
            verbs: match self.kind {
                _ if answered => resource::ANSWERED,
                BuiltIn::Namespace => resource::STORED_ONE_BY_ONE,
                _ => resource::STORED,
            },
        }
    }
}

/// The built-in resources, sorted by group and plural.
pub(super) fn built_in() -> Vec<Arc<Resource>> {
    BUILT_IN.iter().map(|line| Arc::new(line.resource())).collect()
}

/// The built-in resources of a catalog, without making them anew.
pub(super) fn built_in_again(catalog: &Catalog) -> Vec<Arc<Resource>> {
    let resources = catalog.resources.iter();
    resources
        .filter(|resource| resource.built_in().is_some())
        .cloned()
        .collect()
}

/// The resource that a definition makes, if it is established and serves a version.
pub(super) fn custom(source: &Value) -> Option<Resource> {
    if !definition::is_true(source, "Established") {
        return None;
    }
    let names = source.pointer("/status/acceptedNames")?;
    let word = |field: &str| object::text(names, &format!("/{field}")).to_owned();
    let words = |field: &str| {
        let words = object::list(names, &format!("/{field}")).iter();
        words.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let group = object::text(source, "/spec/group").to_owned();
    let mut all = object::list(source, "/spec/versions").iter();
    let storage = all.clone().find(|version| is_set(version, "storage"))?;
    let versions: Vec<Version> = all
        .by_ref()
        .filter(|version| is_set(version, "served"))
        .map(|version| version_of(source, version))
        .collect();
    if versions.is_empty() {
        return None;
    }
    let plural = word("plural");
    Some(Resource {
        storage: format!("{plural}.{group}").into(),
        kind: word("kind"),
        list_kind: word("listKind"),
        singular: word("singular"),
        short_names: words("shortNames"),
        categories: words("categories"),
        namespaced: object::text(source, "/spec/scope") == "Namespaced",
        origin: Origin::Custom,
        versions,
        storage_version: object::text(storage, "/name").to_owned(),
        verbs: resource::STORED,
        group,
        plural,
    })
}

fn is_set(version: &Value, flag: &str) -> bool {
    version.get(flag) == Some(&Value::Bool(true))
}

fn version_of(source: &Value, version: &Value) -> Version {
    let schema = version.pointer("/schema/openAPIV3Schema").cloned();
    let scale = version.pointer("/subresources/scale").map(|scale| ScalePaths {
        spec_replicas: object::text(scale, "/specReplicasPath").to_owned(),
        status_replicas: object::text(scale, "/statusReplicasPath").to_owned(),
        label_selector: Some(object::text(scale, "/labelSelectorPath").to_owned())
            .filter(|path| !path.is_empty()),
    });
    let mut subresources = Vec::new();
    if version.pointer("/subresources/status").is_some() {
        subresources.push(Subresource::Status);
    }
    if scale.is_some() {
        subresources.push(Subresource::Scale);
    }
    let selectable = object::list(version, "/selectableFields").iter();
    Version {
        name: object::text(version, "/name").to_owned(),
        deprecation: deprecation(source, version),
        structural: schema.as_ref().and_then(|schema| Structural::parse(schema).ok()),
        schema: schema.unwrap_or_default(),
        columns: object::list(version, "/additionalPrinterColumns").to_vec(),
        selectable_fields: selectable
            .map(|field| object::text(field, "/jsonPath").to_owned())
            .collect(),
        subresources,
        scale,
    }
}

/// Which version to use instead of a deprecated one: the ripest of those that are served and riper.
fn better(source: &Value, version: &Value) -> String {
    let name = |version: &Value| object::text(version, "/name").to_owned();
    let ripeness = |version: &Value| resource::ripeness(object::text(version, "/name"));
    let fit = object::list(source, "/spec/versions")
        .iter()
        .filter(|other| is_set(other, "served") && !is_set(other, "deprecated"))
        .filter(|other| ripeness(other) > ripeness(version))
        .max_by_key(|other| ripeness(other));
    let group = object::text(source, "/spec/group");
    let kind = object::text(source, "/spec/names/kind");
    fit.map(|other| format!("; use {group}/{} {kind}", name(other)))
        .unwrap_or_default()
}

fn deprecation(source: &Value, version: &Value) -> Option<String> {
    if !is_set(version, "deprecated") {
        return None;
    }
    let own = version.get("deprecationWarning").and_then(Value::as_str);
    let default = || {
        format!(
            "{}/{} {} is deprecated",
            object::text(source, "/spec/group"),
            object::text(version, "/name"),
            object::text(source, "/spec/names/kind"),
        ) + &better(source, version)
    };
    Some(own.map_or_else(default, str::to_owned))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn definition(established: &str) -> Value {
        json!({
            "spec": {
                "group": "example.com", "scope": "Namespaced",
                "names": {"kind": "Widget"},
                "versions": [
                    {"name": "v1", "served": true, "storage": true, "subresources": {"status": {}}},
                    {"name": "v0", "served": false, "storage": false},
                ],
            },
            "status": {
                "acceptedNames": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
                "conditions": [{"type": "Established", "status": established}],
            },
        })
    }

    #[test]
    fn a_definition_is_served_once_it_is_established() {
        assert!(custom(&definition("False")).is_none());
        let resource = custom(&definition("True")).unwrap();
        assert_eq!(&*resource.storage, "widgets.example.com");
        assert!(resource.version("v1").is_some());
        assert!(resource.version("v0").is_none());
    }

    #[test]
    fn events_of_both_groups_lie_in_one_place() {
        let places: Vec<Arc<str>> = built_in()
            .iter()
            .filter(|resource| resource.kind == "Event")
            .map(|resource| Arc::clone(&resource.storage))
            .collect();
        assert_eq!(places, ["events".into(), "events".into()]);
    }
}
