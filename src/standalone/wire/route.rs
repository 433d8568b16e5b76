//! From a resource path and a method to what is asked of the registry.
//!
//! Built-in kinds answer unknown paths as a table of routes does; kinds of definitions as the handler of custom resources
//! does. Both are kube-apiserver's, and differ.

use std::sync::Arc;

use http::Method;

use super::{discovery, path::Address};
use crate::standalone::{
    registry::{Origin, Registry, Resource, Subresource},
    status::Refusal,
};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Create,
    Get,
    List,
    Watch,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// A request that leads somewhere.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub resource: Arc<Resource>,
    pub version: String,
    /// Empty for cluster-wide paths.
    pub namespace: String,
    /// Empty for collections.
    pub name: String,
    pub subresource: Option<Subresource>,
    pub verb: Verb,
}

impl Route {
    /// Whether the control plane itself has the kind.
    pub(super) fn is_built_in(&self) -> bool {
        self.resource.origin != Origin::Custom
    }
}

/// A request that leads nowhere.
#[derive(Debug, PartialEq)]
pub(super) enum Astray {
    /// Plain text: nobody knows the path.
    PageNotFound,
    /// A `Status`.
    Refused(Refusal),
}

impl From<Refusal> for Astray {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Finds where a request leads.
pub(super) fn route(
    registry: &Registry,
    address: Address,
    method: &Method,
    watch: bool,
) -> Result<Route, Astray> {
    let resource = registry.resource(&address.group, &address.version, &address.resource);
    let Some(resource) = resource else {
        return Err(unknown(registry, &address));
    };
    let verb = verb(&address, method, watch);
    if resource.origin == Origin::Custom {
        custom(resource, address, verb)
    } else {
        built_in(resource, address, verb)
    }
}

/// A group version of ours answers with a `Status`, any other with plain text.
fn unknown(registry: &Registry, address: &Address) -> Astray {
    let resources = registry.resources();
    let versions = discovery::group_versions(&resources);
    let ours = versions
        .iter()
        .any(|known| known.group == address.group && known.version == address.version && known.is_built_in());
    if ours {
        Refusal::no_such_resource().into()
    } else {
        Astray::PageNotFound
    }
}

/// What a method means at this path; nothing for methods that nobody knows.
fn verb(address: &Address, method: &Method, watch: bool) -> Option<Verb> {
    let named = address.name.as_deref().is_some_and(|name| !name.is_empty());
    match *method {
        Method::GET | Method::HEAD if address.watched => Some(Verb::Watch),
        Method::GET | Method::HEAD if named => Some(Verb::Get),
        Method::GET | Method::HEAD if watch => Some(Verb::Watch),
        Method::GET | Method::HEAD => Some(Verb::List),
        Method::POST => Some(Verb::Create),
        Method::PUT => Some(Verb::Update),
        Method::PATCH => Some(Verb::Patch),
        Method::DELETE if named => Some(Verb::Delete),
        Method::DELETE => Some(Verb::DeleteCollection),
        _ => None,
    }
}

fn custom(resource: Arc<Resource>, address: Address, verb: Option<Verb>) -> Result<Route, Astray> {
    let across = matches!(verb, Some(Verb::List | Verb::Watch));
    let misplaced = match (&address.namespace, resource.namespaced) {
        (Some(_), namespaced) => !namespaced,
        (None, namespaced) => namespaced && !across,
    };
    if misplaced {
        return Err(Astray::PageNotFound);
    }
    let name = address.name.clone().unwrap_or_default();
    let part = part(&resource, &address);
    if address.subresource.is_some() && part.is_none() {
        return Err(Refusal::not_found(resource.subject(), &name).into());
    }
    let allowed = match (verb, part) {
        (Some(verb), Some(part)) => discovery::verbs_of_a_part(part).contains(&verb.name()),
        (Some(verb), None) => resource.knows(verb.name()),
        (None, _) => false,
    };
    let Some(verb) = verb.filter(|_| allowed) else {
        let verb = verb.map_or("", Verb::name);
        return Err(Refusal::method_not_allowed(resource.subject(), verb).into());
    };
    Ok(found(resource, address, part, verb))
}

fn part(resource: &Resource, address: &Address) -> Option<Subresource> {
    let part = Subresource::of(address.subresource.as_deref()?)?;
    let version = resource.version(&address.version)?;
    version.subresources.contains(&part).then_some(part)
}

fn built_in(resource: Arc<Resource>, address: Address, verb: Option<Verb>) -> Result<Route, Astray> {
    let part = part(&resource, &address);
    let named = address.name.is_some();
    let misplaced = match (&address.namespace, resource.namespaced) {
        (Some(_), namespaced) => !namespaced,
        (None, namespaced) => namespaced && named,
    };
    let nothing_there = address.subresource.is_some() && part.is_none();
    let empty = [&address.name, &address.subresource, &address.namespace]
        .iter()
        .any(|segment| segment.as_deref() == Some(""));
    if misplaced || nothing_there || empty || address.trailing {
        return Err(Refusal::no_such_resource().into());
    }
    let across = resource.namespaced && address.namespace.is_none();
    let allowed = verb.is_some_and(|verb| match part {
        Some(part) => discovery::verbs_of_a_part(part).contains(&verb.name()),
        None if across => matches!(verb, Verb::List | Verb::Watch) && resource.knows(verb.name()),
        None => resource.knows(verb.name()) && fits(verb, named),
    });
    match verb.filter(|_| allowed) {
        Some(verb) => Ok(found(resource, address, part, verb)),
        None => Err(Refusal::no_such_method().into()),
    }
}

/// Whether the verb is one of a collection, or of an object.
fn fits(verb: Verb, named: bool) -> bool {
    match verb {
        Verb::Watch => true,
        Verb::Create | Verb::List | Verb::DeleteCollection => !named,
        Verb::Get | Verb::Update | Verb::Patch | Verb::Delete => named,
    }
}

fn found(resource: Arc<Resource>, address: Address, subresource: Option<Subresource>, verb: Verb) -> Route {
    Route {
        resource,
        version: address.version,
        namespace: address.namespace.unwrap_or_default(),
        name: address.name.unwrap_or_default(),
        subresource,
        verb,
    }
}
