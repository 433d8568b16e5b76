//! Emptying what is to go: each object once, and again whenever something in it changed.

use std::sync::Arc;

use serde_json::Value;

use super::{Propagation, Registry, Resource, note, object};

/// Asks each object that is not going yet to go; those that stand.
pub(super) async fn empty(
    registry: &Registry,
    resource: &Arc<Resource>,
    namespace: Option<&str>,
) -> Vec<Value> {
    for item in registry.every(resource, namespace) {
        if object::is_being_deleted(&item) {
            continue;
        }
        let done = registry.collect(resource, &item, Propagation::Background).await;
        note("empty what is going", done);
    }
    registry.every(resource, namespace)
}
