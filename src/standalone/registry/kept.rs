//! Objects between the store and the world: bytes and values, the stored version and the asked-for one.

use bytes::Bytes;
use serde_json::Value;

use super::{BuiltIn, Registry, Resource, Version, object, rules::event};
use crate::standalone::{
    status::Refusal,
    storage::{Key, ListAt, Operation, Scope, StorageError, Stored, WriteError},
};

/// An object as it is kept, with its `resourceVersion`: Events in the core form, custom objects in the stored version.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) object: Value,
    pub(super) revision: u64,
}

impl Kept {
    pub(super) fn of(stored: &Stored) -> Result<Self, Refusal> {
        let mut object: Value = serde_json::from_slice(&stored.value)
            .map_err(|error| Refusal::internal(&format!("read {} from the store: {error}", stored.key)))?;
        object::set(&mut object, "resourceVersion", stored.revision.to_string());
        Ok(Self {
            object,
            revision: stored.revision,
        })
    }
}

/// The object in the form of the asked-for version, as clients see it.
pub(super) fn presented(resource: &Resource, version: &Version, mut kept: Value) -> Value {
    if resource.built_in() == Some(BuiltIn::Event) {
        return match resource.group.as_str() {
            "" => kept,
            _ => event::from_core(kept),
        };
    }
    if resource.built_in().is_some() {
        return kept;
    }
    let own = object::text(&kept, "/apiVersion")
        .rsplit('/')
        .next()
        .unwrap_or_default();
    let stored = resource
        .version(own)
        .or_else(|| resource.version(&resource.storage_version))
        .unwrap_or(version);
    let fields = object::fields(&mut kept);
    fields.insert(
        "apiVersion".to_owned(),
        resource.api_version(&version.name).into(),
    );
    // What is kept is read by the schema of the version that it was kept in; another shows of that what it knows, and
    // adds nothing.
    if let Some(structural) = &stored.structural {
        structural.prune(&mut kept);
        structural.default(&mut kept);
    }
    if stored.name != version.name
        && let Some(structural) = &version.structural
    {
        structural.prune(&mut kept);
    }
    kept
}

/// The object in the form in which the rules see it: as presented, except that Events are in the core form.
pub(super) fn for_rules(resource: &Resource, object: Value) -> Value {
    match resource.built_in() {
        Some(BuiltIn::Event) if !resource.group.is_empty() => event::to_core(object),
        _ => object,
    }
}

/// The bytes that are kept: in the stored version, without `resourceVersion`.
pub(super) fn bytes(resource: &Resource, object: &Value) -> Bytes {
    let mut kept = object.clone();
    object::metadata(&mut kept).shift_remove("resourceVersion");
    if resource.built_in().is_none() {
        let stored = resource.api_version(&resource.storage_version);
        object::fields(&mut kept).insert("apiVersion".to_owned(), stored.into());
        // What only another version knows is not kept.
        let stored = resource.version(&resource.storage_version);
        if let Some(structural) = stored.and_then(|version| version.structural.as_ref()) {
            structural.prune(&mut kept);
        }
    }
    Bytes::from(kept.to_string())
}

/// Why a write did not happen, for those who can try again.
pub(super) enum Missed {
    /// Something else stands there than was expected.
    Moved,
    /// It cannot be written.
    Refused(Refusal),
}

impl From<WriteError> for Missed {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Conflict(_) => Self::Moved,
            WriteError::Storage(error) => Self::Refused(storage_refusal(&error)),
        }
    }
}

fn storage_refusal(error: &StorageError) -> Refusal {
    match error {
        StorageError::ValueTooLarge { .. } => Refusal::too_large(&error.to_string()),
        error => Refusal::internal(&chain(error)),
    }
}

/// The failure and what is behind it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

impl Registry {
    pub(super) fn key(resource: &Resource, namespace: &str, name: &str) -> Key {
        let namespace = if resource.namespaced { namespace } else { "" };
        Key::new(resource.storage.clone(), namespace, name)
    }

    pub(super) fn look(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Kept>, Refusal> {
        let stored = self.inner.store.get(&Self::key(resource, namespace, name));
        stored.map(|stored| Kept::of(&stored)).transpose()
    }

    pub(super) async fn put(
        &self,
        resource: &Resource,
        object: &mut Value,
        expected: Option<u64>,
    ) -> Result<(), Missed> {
        let key = Self::key(resource, object::namespace(object), object::name(object));
        let value = bytes(resource, object);
        let operation = match expected {
            None => Operation::Create(value),
            Some(revision) => Operation::Update { revision, value },
        };
        let revision = self.inner.store.write(key, operation).await?;
        if resource.built_in().is_none() {
            let stored = resource.api_version(&resource.storage_version);
            object::fields(object).insert("apiVersion".to_owned(), stored.into());
        }
        object::set(object, "resourceVersion", revision.to_string());
        Ok(())
    }

    /// Removes the object; `last` is what watchers see of it.
    pub(super) async fn remove(
        &self,
        resource: &Resource,
        last: &mut Value,
        expected: u64,
    ) -> Result<(), Missed> {
        let key = Self::key(resource, object::namespace(last), object::name(last));
        let operation = Operation::Delete {
            revision: expected,
            last: Some(bytes(resource, last)),
        };
        let revision = self.inner.store.write(key, operation).await?;
        object::set(last, "resourceVersion", revision.to_string());
        Ok(())
    }

    /// Each object of a resource, everywhere or in one namespace.
    pub(super) fn every(&self, resource: &Resource, namespace: Option<&str>) -> Vec<Value> {
        let scope = match namespace {
            Some(namespace) => Scope::namespace(resource.storage.clone(), namespace),
            None => Scope::everywhere(resource.storage.clone()),
        };
        let page = self.inner.store.list(&scope, &ListAt::default());
        let items = page.map(|page| page.items).unwrap_or_default();
        let objects = items.iter().filter_map(|stored| Kept::of(stored).ok());
        objects.map(|kept| kept.object).collect()
    }
}
