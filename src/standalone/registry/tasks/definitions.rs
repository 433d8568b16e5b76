//! Definitions: their names are accepted unless somebody else has them, and their objects go before they do.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, Value, json};

use super::{
    super::{BuiltIn, DEFINITIONS, kept::Kept, rules::definition},
    Heard, Registry, Resource, cleanup, note, object,
};

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
        let group = object::text(source, "/spec/group");
        let name = object::name(source);
        let mut taken = Taken::default();
        for other in self.registry.every(&resource, None) {
            if object::text(&other, "/spec/group") == group && object::name(&other) != name {
                taken.add(other.pointer("/status/acceptedNames").unwrap_or(&Value::Null));
            }
        }
        let stamp = self.registry.inner.sources.stamp();
        let change = |definition: &mut Value| {
            let before = definition.clone();
            settle(definition, &taken, &stamp);
            *definition != before
        };
        let done = self.registry.adjust(&resource, "", name, change).await;
        note("accept the names of a definition", done);
    }

    /// Removes the objects of a definition that is going; then the definition may go.
    async fn empty(&self, name: &str) {
        let left = match self.registry.resource_in(name) {
            Some(objects) => cleanup::empty(&self.registry, &objects, None).await,
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

/// The names that other definitions of the group have.
#[derive(Default)]
struct Taken {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Taken {
    fn add(&mut self, names: &Value) {
        let text = |field: &str| object::text(names, &format!("/{field}")).to_owned();
        self.resources.extend([text("plural"), text("singular")]);
        let short = object::list(names, "/shortNames").iter();
        self.resources
            .extend(short.filter_map(Value::as_str).map(str::to_owned));
        self.kinds.extend([text("kind"), text("listKind")]);
        self.resources.remove("");
        self.kinds.remove("");
    }
}

/// A name that somebody else has.
struct Clash {
    reason: &'static str,
    message: String,
}

/// Brings the accepted names and the conditions to what is wished and free.
fn settle(source: &mut Value, taken: &Taken, stamp: &str) {
    let wished = source.pointer("/spec/names").cloned().unwrap_or_default();
    let accepted = source
        .pointer("/status/acceptedNames")
        .cloned()
        .unwrap_or_default();
    if object::same(&wished, &accepted) && definition::is_true(source, "Established") {
        return;
    }
    let (names, clash) = accepted_names(&wished, &accepted, taken);
    object::child(source, "status").insert("acceptedNames".to_owned(), names);
    let (status, reason, message) = match &clash {
        None => ("True", "NoConflicts", "no conflicts found"),
        Some(clash) => ("False", clash.reason, clash.message.as_str()),
    };
    definition::set_condition(source, "NamesAccepted", [status, reason, message], stamp);
    if definition::is_true(source, "Established") {
        return;
    }
    let established = match clash {
        None => [
            "True",
            "InitialNamesAccepted",
            "the initial names have been accepted",
        ],
        Some(_) => ["False", "NotAccepted", "not all names are accepted"],
    };
    definition::set_condition(source, "Established", established, stamp);
}

/// The names as far as they are free, and the last of those that are not.
fn accepted_names(wished: &Value, accepted: &Value, taken: &Taken) -> (Value, Option<Clash>) {
    let mut names = accepted.as_object().cloned().unwrap_or_default();
    let mut clash = None;
    let mut take = |names: &mut Map<String, Value>, field: &str, reason, used: &BTreeSet<String>| {
        let name = object::text(wished, &format!("/{field}"));
        if name != object::text(accepted, &format!("/{field}")) && used.contains(name) {
            let message = format!("{name:?} is already in use");
            clash = Some(Clash { reason, message });
        } else {
            names.insert(field.to_owned(), name.into());
        }
    };
    take(&mut names, "plural", "PluralConflict", &taken.resources);
    take(&mut names, "singular", "SingularConflict", &taken.resources);
    take(&mut names, "kind", "KindConflict", &taken.kinds);
    take(&mut names, "listKind", "ListKindConflict", &taken.kinds);
    let own = object::list(accepted, "/shortNames");
    let used: Vec<String> = object::list(wished, "/shortNames")
        .iter()
        .filter(|name| !own.contains(name))
        .filter_map(Value::as_str)
        .filter(|name| taken.resources.contains(*name))
        .map(|name| format!("{name:?} is already in use"))
        .collect();
    if used.is_empty() {
        copy(&mut names, wished, "shortNames");
    } else {
        clash = Some(Clash {
            reason: "ShortNamesConflict",
            message: match used.as_slice() {
                [only] => only.clone(),
                several => format!("[{}]", several.join(", ")),
            },
        });
    }
    copy(&mut names, wished, "categories");
    (json!(names), clash)
}

fn copy(names: &mut Map<String, Value>, from: &Value, field: &str) {
    match from.get(field) {
        Some(value) => names.insert(field.to_owned(), value.clone()),
        None => names.shift_remove(field),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Value {
        json!({
            "spec": {"names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}},
            "status": {},
        })
    }

    #[test]
    fn free_names_are_accepted_and_the_definition_is_established() {
        let mut source = source();
        settle(&mut source, &Taken::default(), "2026-01-01T00:00:00Z");
        assert!(definition::is_true(&source, "NamesAccepted"));
        assert!(definition::is_true(&source, "Established"));
        assert_eq!(source["status"]["acceptedNames"], source["spec"]["names"]);
    }

    #[test]
    fn a_kind_that_somebody_has_keeps_the_definition_from_being_established() {
        let mut taken = Taken::default();
        taken.add(&json!({"kind": "Widget"}));
        let mut source = source();
        settle(&mut source, &taken, "2026-01-01T00:00:00Z");
        assert!(!definition::is_true(&source, "Established"));
        assert_eq!(source["status"]["conditions"][0]["reason"], "KindConflict");
        assert_eq!(
            source["status"]["conditions"][0]["message"],
            "\"Widget\" is already in use"
        );
    }
}
