//! Definitions: their names are accepted unless somebody else has them, and their objects go before they do.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::Value;

use super::{
    super::{BuiltIn, DEFINITIONS, kept::Kept, rules::definition},
    Heard, Registry, Resource, cleanup, note, object,
};
use crate::standalone::schema::definition::{established, naming};

/// Looks after the definitions.
pub(super) struct Definitions {
    registry: Registry,
    /// Where the objects of definitions lie that are going.
    going: BTreeSet<Arc<str>>,
}

impl Definitions {
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
            going: BTreeSet::new(),
        }
    }

    pub(super) async fn hear(&mut self, heard: &Heard) {
        let key = heard.stored().key.clone();
        match heard {
            Heard::Stands(stored) if &*key.resource == DEFINITIONS => {
                let Ok(kept) = Kept::of(stored) else {
                    return;
                };
                self.accept(&kept.object).await;
                if object::is_being_deleted(&kept.object) {
                    self.going.insert(Arc::clone(&key.name));
                    self.empty(&key.name).await;
                }
            }
            Heard::Gone(stored) if &*key.resource == DEFINITIONS => {
                self.going.remove(&key.name);
                if let Ok(kept) = Kept::of(stored) {
                    self.accept_others(&kept.object).await;
                }
            }
            Heard::Gone(_) if self.going.contains(&key.resource) => self.empty(&key.resource).await,
            _ => {}
        }
    }

    fn resource(&self) -> Option<Arc<Resource>> {
        let catalog = self.registry.catalog();
        catalog.built_in(BuiltIn::CustomResourceDefinition).cloned()
    }

    /// A definition that goes frees its names.
    async fn accept_others(&self, gone: &Value) {
        let Some(resource) = self.resource() else {
            return;
        };
        let group = object::text(gone, "/spec/group");
        for other in self.registry.every(&resource, None) {
            if object::text(&other, "/spec/group") == group {
                self.accept(&other).await;
            }
        }
    }

    /// Accepts the names that are free, and establishes the definition once all are accepted.
    async fn accept(&self, source: &Value) {
        let Some(resource) = self.resource() else {
            return;
        };
        let all = self.registry.every(&resource, None);
        let stamp = self.registry.inner.sources.stamp();
        let change = |definition: &mut Value| {
            let before = definition.clone();
            settle(definition, &all, &stamp);
            *definition != before
        };
        let name = object::name(source);
        let done = self.registry.adjust(&resource, "", name, change).await;
        note("accept the names of a definition", done);
    }

    /// Removes the objects of a definition that is going; then the definition may go.
    async fn empty(&self, name: &str) {
        let left = match self.registry.resource_in(name) {
            Some(objects) => cleanup::empty(&self.registry, &objects, None).await.len(),
            None => 0,
        };
        if left > 0 {
            return;
        }
        let Some(resource) = self.resource() else {
            return;
        };
        let release = |going: &mut Value| {
            let held = object::finalizers(going).contains(&definition::CLEANUP);
            object::remove_finalizer(going, definition::CLEANUP);
            held && object::is_being_deleted(going)
        };
        let done = self.registry.adjust(&resource, "", name, release).await;
        note("let a definition go", done);
    }
}

/// Brings the accepted names and the conditions to what is wished and free.
fn settle(source: &mut Value, all: &[Value], stamp: &str) {
    let same = source.pointer("/spec/names") == source.pointer("/status/acceptedNames");
    if same && definition::is_true(source, "Established") {
        return;
    }
    let naming = naming(source, all.iter());
    object::child(source, "status").insert("acceptedNames".to_owned(), naming.accepted_names);
    let accepted = naming.names_accepted.status;
    definition::set_condition(source, &naming.names_accepted, stamp);
    match naming.established {
        // Served from here on: nothing has to be set up first.
        Some(_) if accepted => definition::set_condition(source, &established(), stamp),
        Some(waiting) => definition::set_condition(source, &waiting, stamp),
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source() -> Value {
        json!({
            "spec": {"group": "example.com", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}},
            "status": {},
        })
    }

    #[test]
    fn free_names_are_accepted_and_the_definition_is_established() {
        let mut source = source();
        settle(&mut source, &[], "2026-01-01T00:00:00Z");
        assert!(definition::is_true(&source, "NamesAccepted"));
        assert!(definition::is_true(&source, "Established"));
        assert_eq!(source["status"]["acceptedNames"], source["spec"]["names"]);
    }

    #[test]
    fn a_kind_that_somebody_has_keeps_the_definition_from_being_established() {
        let other =
            json!({"spec": {"group": "example.com"}, "status": {"acceptedNames": {"kind": "Widget"}}});
        let mut source = source();
        settle(&mut source, &[other], "2026-01-01T00:00:00Z");
        assert!(!definition::is_true(&source, "Established"));
        assert_eq!(source["status"]["conditions"][0]["reason"], "KindConflict");
        assert_eq!(
            source["status"]["conditions"][0]["message"],
            "\"Widget\" is already in use"
        );
    }
}
