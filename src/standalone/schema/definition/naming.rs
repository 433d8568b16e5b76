//! Whether the names of a definition are free in its group.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::texts::{strings, text};
use crate::standalone::schema::go_text;

/// A condition of a definition's status; when it began is the caller's to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// `NamesAccepted` or `Established`.
    pub kind: &'static str,
    /// Whether it is so.
    pub status: bool,
    /// One word for programs.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// The names that a definition gets, and what is to be said of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Naming {
    /// For `status.acceptedNames`.
    pub accepted_names: Value,
    /// Whether all names were free.
    pub names_accepted: Condition,
    /// None where the definition was established before and stays so.
    pub established: Option<Condition>,
}

/// Decides on the names of a definition, given all definitions (itself may be among them).
///
/// A name is taken by whoever has it accepted. What was accepted stays accepted until it is asked for no more.
pub fn naming<'v>(object: &Value, all: impl Iterator<Item = &'v Value>) -> Naming {
    let taken = Taken::in_group(object.pointer("/spec/group"), all);
    let requested = object.pointer("/spec/names").unwrap_or(&Value::Null);
    let accepted = object.pointer("/status/acceptedNames").unwrap_or(&Value::Null);
    let mut deciding = Deciding {
        accepted: accepted.as_object().cloned().unwrap_or_default(),
        conflict: None,
    };
    deciding.name(requested, "plural", &taken.resources, "PluralConflict");
    deciding.name(requested, "singular", &taken.resources, "SingularConflict");
    deciding.short_names(requested, &taken.resources);
    deciding.name(requested, "kind", &taken.kinds, "KindConflict");
    deciding.name(requested, "listKind", &taken.kinds, "ListKindConflict");
    deciding.copy(requested, "categories");
    let names_accepted = match deciding.conflict {
        Some((reason, message)) => condition("NamesAccepted", false, reason, message),
        None => condition(
            "NamesAccepted",
            true,
            "NoConflicts",
            "no conflicts found".to_owned(),
        ),
    };
    let established = (!is_true(object, "Established")).then(|| waiting(names_accepted.status));
    Naming {
        accepted_names: Value::Object(deciding.accepted),
        names_accepted,
        established,
    }
}

fn waiting(accepted: bool) -> Condition {
    if accepted {
        condition(
            "Established",
            false,
            "Installing",
            "the initial names have been accepted".to_owned(),
        )
    } else {
        condition(
            "Established",
            false,
            "NotAccepted",
            "not all names are accepted".to_owned(),
        )
    }
}

/// What is said of a definition once its kind is served.
pub fn established() -> Condition {
    condition(
        "Established",
        true,
        "InitialNamesAccepted",
        "the initial names have been accepted".to_owned(),
    )
}

/// Whether a condition of a definition's status is true.
pub(super) fn is_true(object: &Value, kind: &str) -> bool {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let is_so = |condition: &Value| text(condition, "type") == kind && text(condition, "status") == "True";
    conditions.is_some_and(|all| all.iter().any(is_so))
}

fn condition(kind: &'static str, status: bool, reason: &'static str, message: String) -> Condition {
    Condition {
        kind,
        status,
        reason,
        message,
    }
}

#[derive(Default)]
struct Taken {
    resources: BTreeSet<String>,
    kinds: BTreeSet<String>,
}

impl Taken {
    fn in_group<'v>(group: Option<&Value>, all: impl Iterator<Item = &'v Value>) -> Self {
        let mut taken = Self::default();
        for other in all.filter(|other| other.pointer("/spec/group") == group) {
            let Some(names) = other.pointer("/status/acceptedNames") else {
                continue;
            };
            taken
                .resources
                .extend(["plural", "singular"].map(|key| text(names, key).to_owned()));
            taken.resources.extend(strings(names, "shortNames"));
            taken
                .kinds
                .extend(["kind", "listKind"].map(|key| text(names, key).to_owned()));
        }
        taken
    }
}

struct Deciding {
    accepted: Map<String, Value>,
    conflict: Option<(&'static str, String)>,
}

impl Deciding {
    fn name(&mut self, requested: &Value, key: &str, taken: &BTreeSet<String>, reason: &'static str) {
        let wanted = text(requested, key);
        let has = self.accepted.get(key).and_then(Value::as_str).unwrap_or_default();
        if wanted != has && taken.contains(wanted) {
            self.conflict = Some((reason, in_use(wanted)));
        } else {
            self.accepted.insert(key.to_owned(), wanted.into());
        }
    }

    fn short_names(&mut self, requested: &Value, taken: &BTreeSet<String>) {
        let has = strings(
            &json!({"shortNames": self.accepted.get("shortNames")}),
            "shortNames",
        );
        let wanted = strings(requested, "shortNames");
        let is_taken = |name: &&String| !has.contains(name) && taken.contains(*name);
        let conflicts: Vec<String> = wanted.iter().filter(is_taken).map(|name| in_use(name)).collect();
        match conflicts.as_slice() {
            [] => self.copy(requested, "shortNames"),
            [one] => self.conflict = Some(("ShortNamesConflict", one.clone())),
            several => self.conflict = Some(("ShortNamesConflict", format!("[{}]", several.join(", ")))),
        }
    }

    fn copy(&mut self, requested: &Value, key: &str) {
        match requested.get(key) {
            Some(value) => self.accepted.insert(key.to_owned(), value.clone()),
            None => self.accepted.remove(key),
        };
    }
}

fn in_use(name: &str) -> String {
    format!("{} is already in use", go_text::quote(name))
}
