//! Dependants go when the last of their owners is gone, before them, or not at all: as the deletion of the owner asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::{super::kept::Kept, Heard, Propagation, Registry, Resource, note, object};
use crate::standalone::{
    status::Refusal,
    storage::{Key, ListAt, Scope, Stored},
};

/// Who depends on whom, as far as was heard.
pub(super) struct Garbage {
    registry: Registry,
    /// The dependants of each uid.
    dependants: BTreeMap<String, BTreeSet<Key>>,
    /// The owners that each dependant names, to forget it by.
    owners: BTreeMap<Key, Vec<String>>,
}

/// What an owner reference leads to.
enum Owner {
    /// It stands, and goes on standing as far as this dependant is concerned.
    Solid,
    /// It is there no more.
    Absent,
    /// It waits for its dependants to go first.
    Waiting,
}

impl Garbage {
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
            dependants: BTreeMap::new(),
            owners: BTreeMap::new(),
        }
    }

    pub(super) async fn hear(&mut self, heard: &Heard) {
        match heard {
            Heard::Stands(stored) => self.stands(stored).await,
            Heard::Gone(stored) => self.gone(stored).await,
        }
    }

    async fn stands(&mut self, stored: &Arc<Stored>) {
        let key = &stored.key;
        if !mentions(&stored.value, b"ownerReferences") && !mentions(&stored.value, b"deletionTimestamp") {
            self.forget(key);
            return;
        }
        let Ok(kept) = Kept::of(stored) else {
            return;
        };
        self.learn(key, &kept.object);
        if !object::list(&kept.object, "/metadata/ownerReferences").is_empty() {
            note("judge a dependant", self.judge(key).await);
        }
        if object::is_being_deleted(&kept.object) {
            note("delete in order", self.delete_in_order(key).await);
        }
    }

    async fn gone(&mut self, stored: &Arc<Stored>) {
        let owners = self.owners.get(&stored.key).cloned().unwrap_or_default();
        self.forget(&stored.key);
        let Ok(kept) = Kept::of(stored) else {
            return;
        };
        let uid = object::uid(&kept.object);
        for dependant in self.dependants.get(uid).cloned().unwrap_or_default() {
            note("judge a dependant", self.judge(&dependant).await);
        }
        // An owner may have waited for this one.
        for reference in object::list(&kept.object, "/metadata/ownerReferences") {
            if owners
                .iter()
                .any(|owner| owner == object::text(reference, "/uid"))
                && let Some((resource, namespace)) = self.place(reference, &stored.key.namespace)
            {
                let name = object::text(reference, "/name");
                let key = Registry::key(&resource, &namespace, name);
                note("delete in order", self.delete_in_order(&key).await);
            }
        }
    }

    fn learn(&mut self, key: &Key, object: &Value) {
        self.forget(key);
        let references = object::list(object, "/metadata/ownerReferences");
        let owners: Vec<String> = references
            .iter()
            .map(|reference| object::text(reference, "/uid").to_owned())
            .collect();
        if owners.is_empty() {
            return;
        }
        for owner in &owners {
            self.dependants
                .entry(owner.clone())
                .or_default()
                .insert(key.clone());
        }
        self.owners.insert(key.clone(), owners);
    }

    fn forget(&mut self, key: &Key) {
        for owner in self.owners.remove(key).unwrap_or_default() {
            if let Some(dependants) = self.dependants.get_mut(&owner) {
                dependants.remove(key);
                if dependants.is_empty() {
                    self.dependants.remove(&owner);
                }
            }
        }
    }

    fn object(&self, key: &Key) -> Result<Option<(Arc<Resource>, Value)>, Refusal> {
        let Some(resource) = self.registry.resource_in(&key.resource) else {
            return Ok(None);
        };
        let kept = self.registry.look(&resource, &key.namespace, &key.name)?;
        Ok(kept.map(|kept| (resource, kept.object)))
    }

    /// The resource and the namespace that a reference points to.
    fn place(&self, reference: &Value, namespace: &str) -> Option<(Arc<Resource>, String)> {
        let text = |field: &str| object::text(reference, &format!("/{field}"));
        let catalog = self.registry.catalog();
        let resource = catalog.of_kind(text("apiVersion"), text("kind"))?;
        let namespace = if resource.namespaced { namespace } else { "" };
        Some((Arc::clone(resource), namespace.to_owned()))
    }

    fn owner(&self, reference: &Value, namespace: &str) -> Result<Owner, Refusal> {
        // Of a kind that is not served nothing is known: the dependant stays.
        let Some((resource, place)) = self.place(reference, namespace) else {
            return Ok(Owner::Solid);
        };
        let name = object::text(reference, "/name");
        let Some(kept) = self.registry.look(&resource, &place, name)? else {
            return Ok(Owner::Absent);
        };
        if object::uid(&kept.object) != object::text(reference, "/uid") {
            return Ok(Owner::Absent);
        }
        let waits = object::is_being_deleted(&kept.object)
            && object::finalizers(&kept.object).contains(&object::FOREGROUND);
        Ok(if waits { Owner::Waiting } else { Owner::Solid })
    }

    /// Lets a dependant go that no owner holds, and drops references to owners that are gone.
    async fn judge(&self, key: &Key) -> Result<(), Refusal> {
        let Some((resource, object)) = self.object(key)? else {
            return Ok(());
        };
        if object::is_being_deleted(&object) && !object::finalizers(&object).contains(&object::FOREGROUND) {
            return Ok(());
        }
        let (mut solid, mut loose, mut waiting) = (false, Vec::new(), false);
        for reference in object::list(&object, "/metadata/ownerReferences") {
            match self.owner(reference, &key.namespace)? {
                Owner::Solid => solid = true,
                Owner::Absent => loose.push(object::text(reference, "/uid").to_owned()),
                Owner::Waiting => {
                    waiting = true;
                    loose.push(object::text(reference, "/uid").to_owned());
                }
            }
        }
        if loose.is_empty() {
            return Ok(());
        }
        if solid {
            return self.disown(&resource, key, &loose).await;
        }
        if object::is_being_deleted(&object) {
            return Ok(());
        }
        let finalizers = object::finalizers(&object);
        let has_dependants = self.dependants.contains_key(object::uid(&object));
        let propagation = if (waiting && has_dependants) || finalizers.contains(&object::FOREGROUND) {
            Propagation::Foreground
        } else if finalizers.contains(&object::ORPHAN) {
            Propagation::Orphan
        } else {
            Propagation::Background
        };
        self.registry.collect(&resource, &object, propagation).await
    }

    /// Takes references to these owners away.
    async fn disown(&self, resource: &Resource, key: &Key, uids: &[String]) -> Result<(), Refusal> {
        let change = |object: &mut Value| {
            let references = object::list(object, "/metadata/ownerReferences");
            let kept: Vec<Value> = references
                .iter()
                .filter(|reference| !uids.iter().any(|uid| uid == object::text(reference, "/uid")))
                .cloned()
                .collect();
            let changed = kept.len() < references.len();
            object::set(object, "ownerReferences", kept);
            changed
        };
        self.registry
            .adjust(resource, &key.namespace, &key.name, change)
            .await
    }

    /// Does what an object that is going waits for: its dependants go first, or are let loose.
    async fn delete_in_order(&self, key: &Key) -> Result<(), Refusal> {
        let Some((resource, object)) = self.object(key)? else {
            return Ok(());
        };
        if !object::is_being_deleted(&object) {
            return Ok(());
        }
        let uid = object::uid(&object).to_owned();
        let finalizers = object::finalizers(&object);
        if finalizers.contains(&object::ORPHAN) {
            for (dependant, _) in self.dependants_of(&uid) {
                if let Some(resource) = self.registry.resource_in(&dependant.resource) {
                    self.disown(&resource, &dependant, std::slice::from_ref(&uid))
                        .await?;
                }
            }
            return self.release(&resource, key, object::ORPHAN).await;
        }
        if !finalizers.contains(&object::FOREGROUND) {
            return Ok(());
        }
        let blocking = self.dependants_of(&uid).into_iter().filter(|(_, blocks)| *blocks);
        let blocking: Vec<Key> = blocking.map(|(key, _)| key).collect();
        if blocking.is_empty() {
            return self.release(&resource, key, object::FOREGROUND).await;
        }
        for dependant in blocking {
            self.judge(&dependant).await?;
        }
        // Those that went at once block no more.
        if self.dependants_of(&uid).iter().any(|(_, blocks)| *blocks) {
            return Ok(());
        }
        self.release(&resource, key, object::FOREGROUND).await
    }

    async fn release(&self, resource: &Resource, key: &Key, finalizer: &str) -> Result<(), Refusal> {
        let change = |object: &mut Value| {
            let held = object::finalizers(object).contains(&finalizer);
            object::remove_finalizer(object, finalizer);
            held
        };
        self.registry
            .adjust(resource, &key.namespace, &key.name, change)
            .await
    }

    /// Who names this uid as an owner, by the store itself: what was heard may be behind. With whether it blocks.
    fn dependants_of(&self, uid: &str) -> Vec<(Key, bool)> {
        let catalog = self.registry.catalog();
        let mut found = Vec::new();
        for resource in catalog.kept() {
            let scope = Scope::everywhere(resource.storage.clone());
            let page = self.registry.inner.store.list(&scope, &ListAt::default());
            for stored in page.map(|page| page.items).unwrap_or_default() {
                if !mentions(&stored.value, uid.as_bytes()) {
                    continue;
                }
                let Ok(kept) = Kept::of(&stored) else {
                    continue;
                };
                let mut references = object::list(&kept.object, "/metadata/ownerReferences").iter();
                if let Some(reference) = references.find(|one| object::text(one, "/uid") == uid) {
                    let blocks = reference.get("blockOwnerDeletion") == Some(&Value::Bool(true));
                    found.push((stored.key.clone(), blocks));
                }
            }
        }
        found
    }
}

/// Whether the bytes contain the word: cheaper than reading each object.
fn mentions(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}
