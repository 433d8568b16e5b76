//! Namespaces: those that always stand are made, those that go are emptied first.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};

use super::{
    super::{
        BuiltIn,
        kept::{Kept, Missed},
        rules,
    },
    Heard, Registry, Resource, cleanup, note, object,
    remains::Remains,
};
use crate::standalone::status::Refusal;

/// Namespaces that every cluster has.
const ALWAYS: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// What holds a namespace until it is empty.
const CONTENT: &str = "kubernetes";

/// Makes the namespaces that every cluster has, where they do not stand.
///
/// # Errors
///
/// What the store refuses.
pub(in crate::standalone) async fn found(registry: &Registry) -> Result<(), Refusal> {
    let Some(namespaces) = registry.catalog().built_in(BuiltIn::Namespace).cloned() else {
        return Ok(());
    };
    for name in ALWAYS {
        if registry.look(&namespaces, "", name)?.is_some() {
            continue;
        }
        let sources = &registry.inner.sources;
        let mut namespace = json!({
            "kind": "Namespace", "apiVersion": "v1",
            "metadata": {"name": name, "uid": sources.uid(), "creationTimestamp": sources.stamp()},
            "spec": {},
        });
        rules::prepare_create(BuiltIn::Namespace, &mut namespace);
        match registry.put(&namespaces, &mut namespace, None).await {
            Ok(()) | Err(Missed::Moved) => {}
            Err(Missed::Refused(refusal)) => return Err(refusal),
        }
    }
    Ok(())
}

/// Those that are going.
pub(super) struct Namespaces {
    registry: Registry,
    going: BTreeSet<Arc<str>>,
}

impl Namespaces {
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
            going: BTreeSet::new(),
        }
    }

    pub(super) async fn hear(&mut self, heard: &Heard) {
        let key = &heard.stored().key;
        if &*key.resource == "namespaces" {
            match heard {
                Heard::Gone(_) => {
                    self.going.remove(&key.name);
                }
                Heard::Stands(stored) => {
                    if Kept::of(stored).is_ok_and(|kept| object::is_being_deleted(&kept.object)) {
                        self.going.insert(Arc::clone(&key.name));
                        self.settle(&Arc::clone(&key.name)).await;
                    }
                }
            }
        } else if matches!(heard, Heard::Gone(_)) && self.going.contains(&key.namespace) {
            self.settle(&Arc::clone(&key.namespace)).await;
        }
    }

    /// Empties the namespace, and lets it go once it is empty.
    async fn settle(&self, name: &str) {
        let catalog = self.registry.catalog();
        let mut left = Remains::default();
        let resources: Vec<Arc<Resource>> = catalog.kept().filter(|kind| kind.namespaced).cloned().collect();
        for resource in &resources {
            let stand = cleanup::empty(&self.registry, resource, Some(name)).await;
            left.count(resource, &stand);
        }
        let Some(namespaces) = catalog.built_in(BuiltIn::Namespace) else {
            return;
        };
        if left.is_empty() {
            let done = self.registry.adjust(namespaces, "", name, release).await;
            note("let a namespace go", done);
            return;
        }
        let stamp = self.registry.inner.sources.stamp();
        let tell =
            |namespace: &mut Value| object::is_being_deleted(namespace) && left.tell(namespace, &stamp);
        let done = self.registry.adjust(namespaces, "", name, tell).await;
        note("say what holds a namespace", done);
    }
}

fn release(namespace: &mut Value) -> bool {
    let kept: Vec<Value> = object::list(namespace, "/spec/finalizers")
        .iter()
        .filter(|finalizer| *finalizer != CONTENT)
        .cloned()
        .collect();
    let held = kept.len() < object::list(namespace, "/spec/finalizers").len();
    let spec = object::child(namespace, "spec");
    if kept.is_empty() {
        spec.shift_remove("finalizers");
    } else {
        spec.insert("finalizers".to_owned(), kept.into());
    }
    held && object::is_being_deleted(namespace)
}
