//! What is served, told to clients: one aggregated document, and the older ones for each group version. Pure.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::standalone::registry::{Origin, Resource, Subresource, Version, ripeness};

/// The verbs of definitions' kinds, in the order in which kube-apiserver tells them.
const CUSTOM_VERBS: &[&str] = &[
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "create",
    "update",
    "watch",
];

/// A version of a group and the resources in it.
pub(super) struct GroupVersion<'a> {
    /// Empty for core.
    pub group: &'a str,
    /// `v1`.
    pub version: &'a str,
    /// In the order of their names.
    pub resources: Vec<(&'a Resource, &'a Version)>,
}

impl GroupVersion<'_> {
    /// `v1`, `apps/v1`.
    fn name(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// `api/v1`, `apis/apps/v1`.
    pub(super) fn path(&self) -> String {
        match self.group {
            "" => format!("api/{}", self.version),
            group => format!("apis/{group}/{}", self.version),
        }
    }

    /// Whether the control plane itself serves it, or definitions do.
    pub(super) fn is_built_in(&self) -> bool {
        let mut resources = self.resources.iter();
        resources.any(|(resource, _)| resource.origin != Origin::Custom)
    }
}

/// The built-in groups, in the order in which the real server names them.
const GROUPS: [&str; 7] = [
    "",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "coordination.k8s.io",
];

/// The group versions: groups in the order of the registry, in each the version first that clients should prefer.
pub(super) fn group_versions(resources: &[Arc<Resource>]) -> Vec<GroupVersion<'_>> {
    let mut found: Vec<GroupVersion<'_>> = Vec::new();
    for (resource, version) in resources.iter().flat_map(|resource| {
        resource
            .versions
            .iter()
            .map(|version| (resource.as_ref(), version))
    }) {
        let known = found
            .iter_mut()
            .find(|known| known.group == resource.group && known.version == version.name);
        match known {
            Some(known) => known.resources.push((resource, version)),
            None => found.push(GroupVersion {
                group: &resource.group,
                version: &version.name,
                resources: vec![(resource, version)],
            }),
        }
    }
    let mut groups: Vec<&str> = Vec::new();
    for group in found.iter().map(|known| known.group) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    let place = |group: &str| {
        let among_ours = GROUPS.iter().position(|known| *known == group);
        (
            among_ours.unwrap_or(GROUPS.len()),
            groups.iter().position(|known| *known == group),
        )
    };
    for known in &mut found {
        known.resources.sort_by_key(|(resource, _)| &resource.plural);
    }
    found.sort_by(|one, other| {
        let by_group = place(one.group).cmp(&place(other.group));
        by_group.then_with(|| ripeness(other.version).cmp(&ripeness(one.version)))
    });
    found
}

/// The aggregated document: the core group alone for `/api`, the others for `/apis`.
pub(super) fn aggregated(versions: &[GroupVersion<'_>], core: bool) -> Value {
    let mut groups: Vec<(&str, Vec<Value>)> = Vec::new();
    for version in versions.iter().filter(|version| version.group.is_empty() == core) {
        let told = json!({
            "version": version.version,
            "resources": version.resources.iter().map(|(resource, of)| told_once(resource, of)).collect::<Vec<_>>(),
            "freshness": "Current",
        });
        match groups.iter_mut().find(|(group, _)| *group == version.group) {
            Some((_, known)) => known.push(told),
            None => groups.push((version.group, vec![told])),
        }
    }
    let items: Vec<Value> = groups
        .into_iter()
        .map(|(group, versions)| match group {
            "" => json!({"metadata": {}, "versions": versions}),
            group => json!({"metadata": {"name": group}, "versions": versions}),
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    })
}

fn told_once(resource: &Resource, version: &Version) -> Value {
    let kind = |kind: &str| match resource.origin {
        Origin::BuiltIn(_) => json!({"group": "", "version": "", "kind": kind}),
        Origin::Custom => json!({"group": resource.group, "version": version.name, "kind": kind}),
    };
    let mut told = Map::new();
    told.insert("resource".to_owned(), resource.plural.as_str().into());
    told.insert("responseKind".to_owned(), kind(&resource.kind));
    let scope = if resource.namespaced {
        "Namespaced"
    } else {
        "Cluster"
    };
    told.insert("scope".to_owned(), scope.into());
    told.insert("singularResource".to_owned(), resource.singular.as_str().into());
    told.insert("verbs".to_owned(), verbs(resource).into());
    names(&mut told, resource);
    let subresources: Vec<Value> = sorted(version)
        .into_iter()
        .map(|subresource| {
            let response = match subresource {
                Subresource::Scale => json!({"group": "autoscaling", "version": "v1", "kind": "Scale"}),
                Subresource::Status | Subresource::Finalize => kind(&resource.kind),
            };
            json!({
                "subresource": subresource.path(), "responseKind": response, "verbs": verbs_of_a_part(subresource),
            })
        })
        .collect();
    if !subresources.is_empty() {
        told.insert("subresources".to_owned(), subresources.into());
    }
    Value::Object(told)
}

/// The resources of one version, for clients that do not read the aggregated document.
pub(super) fn resources(version: &GroupVersion<'_>) -> Value {
    let mut told = Vec::new();
    for (resource, of) in &version.resources {
        told.push(told_for_itself(resource));
        told.extend(sorted(of).into_iter().map(|part| told_part(resource, part)));
    }
    let name = version.name();
    match version.group {
        // The core group is told without its apiVersion, as it has always been.
        "" => json!({"kind": "APIResourceList", "groupVersion": name, "resources": told}),
        _ => json!({
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": told,
        }),
    }
}

fn told_for_itself(resource: &Resource) -> Value {
    let mut told = Map::new();
    told.insert("name".to_owned(), resource.plural.as_str().into());
    told.insert("singularName".to_owned(), resource.singular.as_str().into());
    told.insert("namespaced".to_owned(), resource.namespaced.into());
    told.insert("kind".to_owned(), resource.kind.as_str().into());
    told.insert("verbs".to_owned(), verbs(resource).into());
    names(&mut told, resource);
    if resource.knows("list") {
        told.insert(
            "storageVersionHash".to_owned(),
            storage_version_hash(&resource.group, &resource.storage_version, &resource.kind).into(),
        );
    }
    Value::Object(told)
}

fn told_part(resource: &Resource, part: Subresource) -> Value {
    let name = format!("{}/{}", resource.plural, part.path());
    let verbs = verbs_of_a_part(part);
    match part {
        Subresource::Scale => json!({
            "name": name, "singularName": "", "namespaced": resource.namespaced,
            "group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": verbs,
        }),
        Subresource::Status | Subresource::Finalize => json!({
            "name": name, "singularName": "", "namespaced": resource.namespaced,
            "kind": resource.kind, "verbs": verbs,
        }),
    }
}

fn names(told: &mut Map<String, Value>, resource: &Resource) {
    for (key, names) in [
        ("shortNames", &resource.short_names),
        ("categories", &resource.categories),
    ] {
        if !names.is_empty() {
            told.insert(key.to_owned(), names.as_slice().into());
        }
    }
}

fn verbs(resource: &Resource) -> Vec<&'static str> {
    match resource.origin {
        Origin::BuiltIn(_) => resource.verbs.to_vec(),
        Origin::Custom => CUSTOM_VERBS.to_vec(),
    }
}

/// What may be done with a part of an object.
pub(super) fn verbs_of_a_part(part: Subresource) -> &'static [&'static str] {
    match part {
        Subresource::Finalize => &["update"],
        Subresource::Status | Subresource::Scale => &["get", "patch", "update"],
    }
}

fn sorted(version: &Version) -> Vec<Subresource> {
    let mut parts = version.subresources.clone();
    parts.sort_by_key(|part| match part {
        Subresource::Finalize => 0,
        Subresource::Status => 1,
        Subresource::Scale => 2,
    });
    parts
}

/// Tells clients when objects are stored in another version: eight bytes over group, version and kind.
fn storage_version_hash(group: &str, version: &str, kind: &str) -> String {
    // The real server keeps these two in other versions than it shows.
    let (group, version) = match (group, kind) {
        ("apiextensions.k8s.io", "CustomResourceDefinition") => (group, "v1beta1"),
        ("events.k8s.io", "Event") => ("", "v1"),
        _ => (group, version),
    };
    let digest = Sha256::digest(format!("{group}/{version}/{kind}"));
    let start = digest.get(..8).unwrap_or_default();
    data_encoding::BASE64.encode(start)
}

/// `/api`.
pub(super) fn core(server_address: &str) -> Value {
    json!({
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": server_address}],
    })
}

/// `/apis`.
pub(super) fn groups(versions: &[GroupVersion<'_>]) -> Value {
    let mut names: Vec<&str> = versions.iter().map(|version| version.group).collect();
    names.dedup();
    let groups: Vec<Value> = names
        .into_iter()
        .filter(|name| !name.is_empty())
        .filter_map(|name| group_entry(versions, name))
        .map(Value::Object)
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/<group>`, if there is one.
pub(super) fn group(versions: &[GroupVersion<'_>], name: &str) -> Option<Value> {
    let mut told = Map::new();
    told.insert("kind".to_owned(), "APIGroup".into());
    told.insert("apiVersion".to_owned(), "v1".into());
    told.extend(group_entry(versions, name)?);
    Some(Value::Object(told))
}

fn group_entry(versions: &[GroupVersion<'_>], name: &str) -> Option<Map<String, Value>> {
    let told: Vec<Value> = versions
        .iter()
        .filter(|version| version.group == name)
        .map(|version| json!({"groupVersion": version.name(), "version": version.version}))
        .collect();
    let preferred = told.first()?.clone();
    let mut entry = Map::new();
    entry.insert("name".to_owned(), name.into());
    entry.insert("versions".to_owned(), told.into());
    entry.insert("preferredVersion".to_owned(), preferred);
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_storage_version_is_that_of_the_real_server() {
        assert_eq!(
            storage_version_hash("campanile.dev", "v1alpha1", "Asset"),
            "qCmcXSUf0sM="
        );
        assert_eq!(storage_version_hash("", "v1", "Event"), "r2yiGXH7wu8=");
    }

    #[test]
    fn the_ripest_version_comes_first() {
        let mut versions = ["v1alpha1", "v1", "foo", "v2beta1", "v10", "v1beta2"];
        versions.sort_by_key(|version| std::cmp::Reverse(ripeness(version)));
        assert_eq!(versions, ["v10", "v1", "v2beta1", "v1beta2", "v1alpha1", "foo"]);
    }
}
