//! The rules of kinds: what creating, changing, deleting and watching an object means.
//!
//! A file for each verb. What is asked goes through the same steps for every kind: read as the kind declares it, brought
//! into the form in which it is kept, checked, admitted by policies, written on the condition that nobody was faster.

mod admission;
mod catalog;
mod create;
mod delete;
mod kept;
mod list;
mod metadata;
mod names;
mod object;
mod options;
mod patch;
mod read;
mod request;
mod resource;
mod reviews;
mod rules;
mod scale;
mod select;
mod sources;
pub(super) mod tasks;
mod typed;
mod update;
mod watch;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use serde_json::Value;

use crate::standalone::{
    status::Refusal,
    storage::{ListAt, Scope, Store},
};
use admission::Policies;
use catalog::Catalog;

pub use options::{
    DeleteOptions, FieldValidation, ListOptions, Propagation, Query, VersionMatch, WriteOptions,
};
pub use request::{
    Answer, Body, Caller, Frames, ListAnswer, Outcome, PatchBody, PatchKind, Request, Subresource,
    WatchAnswer, WatchEvent,
};
pub use resource::{BuiltIn, Origin, Resource, ScalePaths, Version, ripeness};
pub(super) use scale::unreadable_body as unreadable_scale;
pub use sources::Sources;
pub use tasks::TaskError;
pub use typed::SCHEMAS;

/// The one door to all kinds: cheap to clone, safe to share.
#[derive(Debug, Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    sources: Sources,
    catalog: RwLock<Arc<Catalog>>,
    /// What each definition made, so that one that did not change is not read again.
    definitions: Mutex<BTreeMap<Arc<str>, Made>>,
    policies: RwLock<Arc<Policies>>,
    /// Rings when the catalog changed.
    changed: tokio::sync::watch::Sender<u64>,
}

/// What a definition made at a revision.
#[derive(Debug, Clone)]
struct Made {
    revision: u64,
    resource: Option<Arc<Resource>>,
    is_going: bool,
}

/// Where definitions are kept.
const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

impl Registry {
    /// The registry over a store. Serves what the store's definitions say; the namespaces that always stand are made by the
    /// tasks of the control plane.
    pub fn over(store: Store, sources: Sources) -> Self {
        let catalog = Catalog {
            resources: catalog::built_in(),
            generation: 1,
        };
        let registry = Self {
            inner: Arc::new(Inner {
                store,
                sources,
                catalog: RwLock::new(Arc::new(catalog)),
                definitions: Mutex::default(),
                policies: RwLock::default(),
                changed: tokio::sync::watch::Sender::new(1),
            }),
        };
        registry.learn_definitions();
        registry.learn_policies();
        registry
    }

    fn catalog(&self) -> Arc<Catalog> {
        let catalog = self.inner.catalog.read();
        Arc::clone(&catalog.unwrap_or_else(PoisonError::into_inner))
    }

    /// Each served resource: the built-in ones, then those of established definitions, each group in the order of its names.
    pub fn resources(&self) -> Vec<Arc<Resource>> {
        self.catalog().resources.clone()
    }

    /// Grows with every change of [`Self::resources`]: discovery and OpenAPI documents made at one number hold until the next.
    pub fn generation(&self) -> u64 {
        self.catalog().generation
    }

    /// The resource behind a path, if its group serves it in this version.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        self.catalog().find(group, version, plural).cloned()
    }

    /// Makes an object.
    ///
    /// # Errors
    ///
    /// What the API server refuses.
    pub async fn create(&self, request: &Request, body: Body) -> Outcome {
        knows(request, "create")?;
        match request.resource.built_in() {
            Some(kind @ (BuiltIn::SelfSubjectAccessReview | BuiltIn::SelfSubjectReview)) => {
                self.review(request, kind, body)
            }
            _ => self.create_object(request, body).await,
        }
    }

    /// Reads an object; `options.resource_version` is a lower bound.
    ///
    /// # Errors
    ///
    /// 404, and 504 for a version in the future.
    #[expect(clippy::unused_async, reason = "a store that waits for its file may have to")]
    pub async fn get(&self, request: &Request, options: &ListOptions) -> Outcome {
        knows(request, "get")?;
        match request.subresource {
            Some(Subresource::Scale) => self.read_scale(request),
            _ => self.get_object(request, options),
        }
    }

    /// Replaces an object, or makes it where the kind allows that.
    ///
    /// # Errors
    ///
    /// What the API server refuses.
    pub async fn update(&self, request: &Request, body: Body) -> Outcome {
        knows(request, "update")?;
        match request.subresource {
            Some(Subresource::Scale) => self.replace_scale(request, body).await,
            _ => self.replace_object(request, body).await,
        }
    }

    /// Changes an object.
    ///
    /// # Errors
    ///
    /// What the API server refuses; 415 for apply.
    pub async fn patch(&self, request: &Request, patch: PatchBody) -> Outcome {
        knows(request, "patch")?;
        self.patch_object(request, patch).await
    }

    /// Removes an object, or marks it until its finalizers are gone.
    ///
    /// # Errors
    ///
    /// What the API server refuses.
    pub async fn delete(&self, request: &Request, options: &DeleteOptions) -> Outcome {
        knows(request, "delete")?;
        self.delete_object(request, options).await
    }

    /// Removes each selected object; answers with the list of them.
    ///
    /// # Errors
    ///
    /// The first refusal; what was removed before stays removed.
    pub async fn delete_collection(
        &self,
        request: &Request,
        list: &ListOptions,
        options: &DeleteOptions,
    ) -> Result<ListAnswer, Refusal> {
        knows(request, "deletecollection")?;
        self.delete_selected(request, list, options).await
    }

    /// Reads a page of objects.
    ///
    /// # Errors
    ///
    /// 400 for selectors and tokens that cannot be read, 410 for versions no longer held, 504 for those to come.
    #[expect(clippy::unused_async, reason = "a store that waits for its file may have to")]
    pub async fn list(&self, request: &Request, options: &ListOptions) -> Result<ListAnswer, Refusal> {
        knows(request, "list")?;
        self.list_objects(request, options)
    }

    /// Follows the objects.
    ///
    /// # Errors
    ///
    /// 400 for selectors that cannot be read; a version no longer held is told by the first frame.
    pub async fn watch(&self, request: &Request, options: &ListOptions) -> Result<WatchAnswer, Refusal> {
        knows(request, "watch")?;
        self.watch_objects(request, options).await
    }

    /// Called after each write: definitions change what is served, policies what is allowed.
    fn written(&self, resource: &Resource) {
        match resource.built_in() {
            Some(BuiltIn::CustomResourceDefinition) => self.learn_definitions(),
            Some(BuiltIn::ValidatingAdmissionPolicy | BuiltIn::ValidatingAdmissionPolicyBinding) => {
                self.learn_policies();
            }
            _ => {}
        }
    }

    /// Brings the catalog to what the definitions say now.
    fn learn_definitions(&self) {
        let known = self.inner.definitions.lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let scope = Scope::everywhere(DEFINITIONS);
        let Ok(page) = self.inner.store.list(&scope, &ListAt::default()) else {
            return;
        };
        let mut now = BTreeMap::new();
        for stored in page.items {
            let name = Arc::clone(&stored.key.name);
            let made = match known.get(&name) {
                Some(made) if made.revision == stored.revision => made.clone(),
                before => learn(&stored.value, stored.revision, before),
            };
            now.insert(name, made);
        }
        let resources = |made: &BTreeMap<Arc<str>, Made>| -> Vec<Arc<Resource>> {
            made.values().filter_map(|made| made.resource.clone()).collect()
        };
        let (before, after) = (resources(&known), resources(&now));
        *known = now;
        let same = before.len() == after.len()
            && before
                .iter()
                .zip(&after)
                .all(|(one, other)| Arc::ptr_eq(one, other));
        if !same {
            self.serve(after);
        }
    }

    fn serve(&self, custom: Vec<Arc<Resource>>) {
        let mut resources = catalog::built_in_again(&self.catalog());
        resources.extend(custom);
        let generation = self.generation() + 1;
        let catalog = Arc::new(Catalog {
            resources,
            generation,
        });
        *self.inner.catalog.write().unwrap_or_else(PoisonError::into_inner) = catalog;
        self.inner.changed.send_replace(generation);
    }

    /// Nothing new is made of a kind whose definition is going.
    fn refuse_while_terminating(&self, resource: &Resource) -> Result<(), Refusal> {
        if resource.built_in().is_some() {
            return Ok(());
        }
        let definitions = self.inner.definitions.lock();
        let definitions = definitions.unwrap_or_else(PoisonError::into_inner);
        match definitions.get(&resource.storage) {
            Some(made) if made.is_going => Err(Refusal::method_not_allowed(
                resource.subject(),
                "create not allowed while custom resource definition is terminating",
            )),
            _ => Ok(()),
        }
    }
}

fn learn(value: &[u8], revision: u64, before: Option<&Made>) -> Made {
    let definition: Value = serde_json::from_slice(value).unwrap_or_default();
    let resource = catalog::custom(&definition).map(Arc::new);
    // Watches and documents hold on to what did not change.
    let same = before.and_then(|made| made.resource.clone()).filter(|old| {
        resource
            .as_ref()
            .is_some_and(|new| format!("{new:?}") == format!("{old:?}"))
    });
    Made {
        revision,
        resource: same.or(resource),
        is_going: object::is_being_deleted(&definition),
    }
}

/// Refuses a verb that the resource, or the part of it, does not know.
fn knows(request: &Request, verb: &str) -> Result<(), Refusal> {
    let resource = &*request.resource;
    let part = match request.subresource {
        None => true,
        Some(_) => matches!(verb, "get" | "update" | "patch"),
    };
    if part && resource.knows(verb) {
        return Ok(());
    }
    Err(Refusal::method_not_allowed(resource.subject(), verb))
}

#[cfg(test)]
mod tests;
