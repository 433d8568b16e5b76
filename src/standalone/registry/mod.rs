//! The rules of kinds: what creating, changing, deleting and watching an object means.

mod options;
mod request;
mod resource;
mod sources;

pub use options::{
    DeleteOptions, FieldValidation, ListOptions, Propagation, Query, VersionMatch, WriteOptions,
};
pub use request::{
    Answer, Body, Caller, Frames, ListAnswer, Outcome, PatchBody, PatchKind, Request, Subresource,
    WatchAnswer, WatchEvent,
};
pub use resource::{BuiltIn, Origin, Resource, ScalePaths, Version};
pub use sources::Sources;

use std::sync::Arc;

use crate::standalone::status::Refusal;

/// The one door to all kinds: cheap to clone, safe to share.
#[derive(Debug, Clone)]
pub struct Registry {
    resources: Arc<Vec<Arc<Resource>>>,
}

impl Registry {
    /// Each served resource: the built-in ones, then those of established definitions, each group in the order of its names.
    pub fn resources(&self) -> Vec<Arc<Resource>> {
        self.resources.to_vec()
    }

    /// Grows with every change of [`Self::resources`]: discovery and OpenAPI documents made at one number hold until the next.
    pub fn generation(&self) -> u64 {
        0
    }

    /// The resource behind a path, if its group serves it in this version.
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Resource>> {
        let mut resources = self.resources.iter();
        let fits = |resource: &&Arc<Resource>| {
            resource.group == group && resource.plural == plural && resource.version(version).is_some()
        };
        resources.find(fits).cloned()
    }

    /// Makes an object.
    ///
    /// # Errors
    ///
    /// What the API server refuses.
    pub async fn create(&self, request: &Request, _body: Body) -> Outcome {
        self.unserved(request, "create").await
    }

    /// Reads an object; `options.resource_version` is a lower bound.
    ///
    /// # Errors
    ///
    /// 404, and 504 for a version in the future.
    pub async fn get(&self, request: &Request, _options: &ListOptions) -> Outcome {
        self.unserved(request, "get").await
    }

    /// Replaces an object, or makes it where the kind allows that.
    ///
    /// # Errors
    ///
    /// What the API server refuses.
    pub async fn update(&self, request: &Request, _body: Body) -> Outcome {
        self.unserved(request, "update").await
    }

    /// Changes an object.
    ///
    /// # Errors
    ///
    /// What the API server refuses; 415 for apply.
    pub async fn patch(&self, request: &Request, _patch: PatchBody) -> Outcome {
        self.unserved(request, "patch").await
    }

    /// Removes an object, or marks it until its finalizers are gone.
    ///
    /// # Errors
    ///
    /// What the API server refuses.
    pub async fn delete(&self, request: &Request, _options: &DeleteOptions) -> Outcome {
        self.unserved(request, "delete").await
    }

    /// Removes each selected object; answers with the list of them.
    ///
    /// # Errors
    ///
    /// The first refusal; what was removed before stays removed.
    pub async fn delete_collection(
        &self,
        request: &Request,
        _list: &ListOptions,
        _options: &DeleteOptions,
    ) -> Result<ListAnswer, Refusal> {
        Err(Refusal::method_not_allowed(
            request.resource.subject(),
            "deletecollection",
        ))
    }

    /// Reads a page of objects.
    ///
    /// # Errors
    ///
    /// 400 for selectors and tokens that cannot be read, 410 for versions no longer held, 504 for those to come.
    pub async fn list(&self, request: &Request, _options: &ListOptions) -> Result<ListAnswer, Refusal> {
        Err(Refusal::method_not_allowed(request.resource.subject(), "list"))
    }

    /// Follows the objects.
    ///
    /// # Errors
    ///
    /// As [`Self::list`]; a version no longer held is told by the first frame.
    pub async fn watch(&self, request: &Request, _options: &ListOptions) -> Result<WatchAnswer, Refusal> {
        Err(Refusal::method_not_allowed(request.resource.subject(), "watch"))
    }

    async fn unserved(&self, request: &Request, verb: &str) -> Outcome {
        Err(Refusal::method_not_allowed(request.resource.subject(), verb))
    }
}
