//! What is left in a namespace that goes, and how its conditions say so.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Resource, object};

/// What is left in a namespace.
#[derive(Debug, Default)]
pub(super) struct Remains {
    /// Each resource, as `widgets.example.com`, and how many objects of it stand.
    resources: BTreeMap<String, usize>,
    /// Each finalizer, and how many objects it holds.
    finalizers: BTreeMap<String, usize>,
}

/// One condition, in the words of the namespace controller of Kubernetes.
struct Said {
    kind: &'static str,
    status: &'static str,
    reason: &'static str,
    message: String,
}

impl Remains {
    pub(super) fn count(&mut self, resource: &Resource, objects: &[Value]) {
        if objects.is_empty() {
            return;
        }
        // The group of the core is empty, and the dot stands all the same.
        let name = format!("{}.{}", resource.plural, resource.group);
        *self.resources.entry(name).or_default() += objects.len();
        let finalizers = objects.iter().flat_map(object::finalizers);
        for finalizer in finalizers {
            *self.finalizers.entry(finalizer.to_owned()).or_default() += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// Brings the conditions of a namespace to what is left in it; whether that changed any.
    pub(super) fn tell(&self, namespace: &mut Value, stamp: &str) -> bool {
        let mut conditions = object::list(namespace, "/status/conditions").to_vec();
        let before = conditions.clone();
        for said in self.conditions() {
            said.put(&mut conditions, stamp);
        }
        if conditions == before {
            return false;
        }
        object::child(namespace, "status").insert("conditions".to_owned(), conditions.into());
        true
    }

    fn conditions(&self) -> [Said; 5] {
        let fine = |kind, reason, message: &str| Said {
            kind,
            status: "False",
            reason,
            message: message.to_owned(),
        };
        [
            fine(
                "NamespaceDeletionDiscoveryFailure",
                "ResourcesDiscovered",
                "All resources successfully discovered",
            ),
            fine(
                "NamespaceDeletionGroupVersionParsingFailure",
                "ParsedGroupVersions",
                "All legacy kube types successfully parsed",
            ),
            fine(
                "NamespaceDeletionContentFailure",
                "ContentDeleted",
                "All content successfully deleted, may be waiting on finalization",
            ),
            self.content(),
            self.held(),
        ]
    }

    fn content(&self) -> Said {
        let counted = listed(&self.resources, "has");
        Said {
            kind: "NamespaceContentRemaining",
            status: "True",
            reason: "SomeResourcesRemain",
            message: format!("Some resources are remaining: {counted}"),
        }
    }

    fn held(&self) -> Said {
        let kind = "NamespaceFinalizersRemaining";
        if self.finalizers.is_empty() {
            return Said {
                kind,
                status: "False",
                reason: "ContentHasNoFinalizers",
                message: "All content-preserving finalizers finished".to_owned(),
            };
        }
        let counted = listed(&self.finalizers, "in");
        Said {
            kind,
            status: "True",
            reason: "SomeFinalizersRemain",
            message: format!("Some content in the namespace has finalizers remaining: {counted}"),
        }
    }
}

fn listed(counts: &BTreeMap<String, usize>, word: &str) -> String {
    let counted = counts
        .iter()
        .map(|(name, count)| format!("{name} {word} {count} resource instances"));
    counted.collect::<Vec<_>>().join(", ")
}

impl Said {
    /// The time stays where the status does.
    fn put(&self, conditions: &mut Vec<Value>, stamp: &str) {
        let place = conditions
            .iter()
            .position(|one| object::text(one, "/type") == self.kind);
        let before = place.and_then(|place| conditions.get(place));
        let since = before.filter(|before| object::text(before, "/status") == self.status);
        let since = since.map_or(stamp, |before| object::text(before, "/lastTransitionTime"));
        let condition = json!({
            "type": self.kind, "status": self.status, "lastTransitionTime": since, "reason": self.reason,
            "message": self.message,
        });
        match place.and_then(|place| conditions.get_mut(place)) {
            Some(old) => *old = condition,
            None => conditions.push(condition),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remains(finalizers: &[(&str, usize)]) -> Remains {
        let counts = |counts: &[(&str, usize)]| {
            let counts = counts.iter().map(|(name, count)| ((*name).to_owned(), *count));
            counts.collect()
        };
        Remains {
            resources: counts(&[("widgets.example.com", 2), ("secrets.", 1)]),
            finalizers: counts(finalizers),
        }
    }

    fn said(namespace: &Value) -> Vec<(&str, &str, &str)> {
        let conditions = object::list(namespace, "/status/conditions").iter();
        let said = conditions.map(|one| {
            let text = |field| object::text(one, field);
            (text("/status"), text("/lastTransitionTime"), text("/message"))
        });
        said.collect()
    }

    #[test]
    fn the_conditions_count_what_is_left_and_change_only_with_it() {
        let mut namespace = json!({"status": {"phase": "Terminating"}});
        assert!(remains(&[("example.com/hold", 1)]).tell(&mut namespace, "first"));
        let told = said(&namespace);
        assert_eq!(told.len(), 5);
        let resources = "Some resources are remaining: secrets. has 1 resource instances, widgets.example.com has 2 resource instances";
        assert_eq!(told[3], ("True", "first", resources));
        let finalizers = "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances";
        assert_eq!(told[4], ("True", "first", finalizers));
        assert!(!remains(&[("example.com/hold", 1)]).tell(&mut namespace, "second"));
        assert!(remains(&[]).tell(&mut namespace, "third"));
        let told = said(&namespace);
        assert_eq!(told[3].1, "first");
        assert_eq!(
            told[4],
            ("False", "third", "All content-preserving finalizers finished")
        );
    }
}
