//! The registry over a store in memory, asked as the wire asks it.

mod creating;
mod definitions;
mod deleting;
mod listing;
mod patching;
mod policies;
mod updating;
mod watching;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::standalone::{ControlPlane, Options, storage::Limits};

/// A control plane with a clock that stands and dice that count.
struct Scene {
    plane: ControlPlane,
}

impl Scene {
    async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    async fn with(limits: Limits) -> Self {
        let drawn = AtomicU64::new(0);
        let sources = Sources {
            now: Arc::new(|| Timestamp::UNIX_EPOCH),
            draw: Arc::new(move || {
                let count = drawn.fetch_add(1, Ordering::Relaxed);
                u128::from(count).to_le_bytes()
            }),
        };
        let plane = ControlPlane::in_memory(Options { sources, limits })
            .await
            .unwrap();
        Self { plane }
    }

    fn registry(&self) -> &Registry {
        self.plane.registry()
    }

    fn request(&self, resource: &str, name: &str) -> Request {
        let found = self
            .registry()
            .resources()
            .into_iter()
            .find(|one| &*one.storage == resource);
        let resource = found.unwrap_or_else(|| panic!("{resource} is not served"));
        Request {
            version: resource.versions[0].name.clone(),
            namespace: if resource.namespaced { "default" } else { "" }.to_owned(),
            resource,
            name: name.to_owned(),
            subresource: None,
            caller: Caller {
                username: "anna".to_owned(),
                ..Caller::default()
            },
            options: WriteOptions::default(),
        }
    }

    async fn create(&self, resource: &str, value: Value) -> Outcome {
        let request = self.request(resource, "");
        self.registry().create(&request, body(value)).await
    }

    async fn made(&self, resource: &str, value: Value) -> Value {
        self.create(resource, value).await.unwrap().object
    }

    async fn get(&self, resource: &str, name: &str) -> Outcome {
        let request = self.request(resource, name);
        self.registry().get(&request, &ListOptions::default()).await
    }

    async fn update(&self, resource: &str, value: Value) -> Outcome {
        let request = self.request(resource, object::name(&value));
        self.registry().update(&request, body(value)).await
    }

    async fn merge(&self, resource: &str, name: &str, patch: Value) -> Outcome {
        self.patch(&self.request(resource, name), PatchKind::Merge, &patch)
            .await
    }

    async fn patch(&self, request: &Request, kind: PatchKind, patch: &Value) -> Outcome {
        let bytes = Bytes::from(patch.to_string());
        self.registry().patch(request, PatchBody { kind, bytes }).await
    }

    async fn delete(&self, resource: &str, name: &str) -> Outcome {
        self.delete_with(resource, name, &DeleteOptions::default()).await
    }

    async fn delete_with(&self, resource: &str, name: &str, options: &DeleteOptions) -> Outcome {
        let request = self.request(resource, name);
        self.registry().delete(&request, options).await
    }

    /// Waits until nothing of this name stands; the tasks of the control plane work meanwhile.
    async fn until_gone(&self, resource: &str, name: &str) {
        self.until(|| async { self.get(resource, name).await.is_err() })
            .await;
    }

    /// Lets the tasks work until something holds.
    async fn until<F: Future<Output = bool>>(&self, holds: impl Fn() -> F) {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !holds().await {
                tokio::task::yield_now().await;
            }
        });
        waited.await.expect("it never held");
    }

    async fn define(&self, definition: Value) {
        let name = object::name(&definition).to_owned();
        self.made(DEFINITIONS, definition).await;
        self.until(|| async {
            self.registry()
                .resources()
                .iter()
                .any(|resource| *resource.storage == *name)
        })
        .await;
    }
}

fn body(value: Value) -> Body {
    Body {
        value,
        complaints: Vec::new(),
    }
}

fn config_map(name: &str) -> Value {
    json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": name}, "data": {"a": "b"}})
}

const WIDGETS: &str = "widgets.example.com";

/// A definition of widgets with a status and a scale.
fn widgets() -> Value {
    json!({
        "kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1",
        "metadata": {"name": WIDGETS},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {
                        "spec": {"type": "object", "properties": {
                            "size": {"type": "integer", "minimum": 0}, "color": {"type": "string", "default": "red"},
                        }},
                        "status": {"type": "object", "properties": {
                            "size": {"type": "integer"}, "selector": {"type": "string"},
                        }},
                    },
                }},
                "subresources": {
                    "status": {},
                    "scale": {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"},
                },
                "selectableFields": [{"jsonPath": ".spec.color"}],
            }],
        },
    })
}

fn widget(name: &str) -> Value {
    json!({"kind": "Widget", "apiVersion": "example.com/v1", "metadata": {"name": name}, "spec": {"size": 1}})
}
