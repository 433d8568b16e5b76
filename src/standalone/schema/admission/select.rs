//! Which requests a policy is about.

use serde_json::Value;

use super::{Asked, Matching};

/// Labels that an object must have, and must not.
#[derive(Debug, Clone, Default)]
pub struct LabelSelector {
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone)]
struct Requirement {
    key: String,
    operator: String,
    values: Vec<String>,
}

impl LabelSelector {
    /// Reads `{matchLabels, matchExpressions}`; nothing is asked where it is missing.
    pub fn read(source: Option<&Value>) -> Self {
        let Some(source) = source else {
            return Self::default();
        };
        let labels = source.get("matchLabels").and_then(Value::as_object);
        let equal = labels.into_iter().flatten().map(|(key, value)| Requirement {
            key: key.clone(),
            operator: "In".to_owned(),
            values: value.as_str().map(str::to_owned).into_iter().collect(),
        });
        let expressions = source.get("matchExpressions").and_then(Value::as_array);
        let written = expressions.into_iter().flatten().map(|source| Requirement {
            key: text(source, "key").to_owned(),
            operator: text(source, "operator").to_owned(),
            values: strings(source, "values"),
        });
        Self {
            requirements: equal.chain(written).collect(),
        }
    }

    /// Whether these labels (an object of strings) are as asked.
    pub fn matches(&self, labels: Option<&Value>) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.holds(labels))
    }

    fn asks_nothing(&self) -> bool {
        self.requirements.is_empty()
    }
}

impl Requirement {
    fn holds(&self, labels: Option<&Value>) -> bool {
        let value = labels.and_then(|labels| labels.get(&self.key)?.as_str());
        let is_listed = value.is_some_and(|value| self.values.iter().any(|listed| listed == value));
        match self.operator.as_str() {
            "In" => is_listed,
            "NotIn" => !is_listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct ResourceRule {
    groups: Vec<String>,
    versions: Vec<String>,
    resources: Vec<String>,
    operations: Vec<String>,
    scope: String,
    names: Vec<String>,
}

impl ResourceRule {
    fn read(source: &Value) -> Self {
        Self {
            groups: strings(source, "apiGroups"),
            versions: strings(source, "apiVersions"),
            resources: strings(source, "resources"),
            operations: strings(source, "operations"),
            scope: text(source, "scope").to_owned(),
            names: strings(source, "resourceNames"),
        }
    }

    fn covers(&self, asked: &Asked<'_>) -> bool {
        let has = |list: &[String], value: &str| list.iter().any(|one| one == "*" || one == value);
        let scope = match self.scope.as_str() {
            // A namespace is cluster-wide, though requests about it name it as theirs.
            "Cluster" => asked.namespace.is_empty() || asked.kind == "Namespace",
            "Namespaced" => !asked.namespace.is_empty() && asked.kind != "Namespace",
            _ => true,
        };
        let is_named = self.names.is_empty() || self.names.iter().any(|name| name == asked.name);
        scope
            && is_named
            && has(&self.groups, asked.group)
            && has(&self.versions, asked.version)
            && has(&self.operations, asked.operation)
            && self
                .resources
                .iter()
                .any(|resource| names_resource(resource, asked))
    }
}

// `assets`, `assets/status`, `assets/*`, `*/status`, `*` (no subresources) or `*/*`.
fn names_resource(pattern: &str, asked: &Asked<'_>) -> bool {
    let (resource, subresource) = pattern.split_once('/').unwrap_or((pattern, ""));
    (resource == "*" || resource == asked.resource)
        && (subresource == "*" || subresource == asked.subresource)
}

impl Matching {
    pub(super) fn read(source: Option<&Value>) -> Self {
        let rules = |key: &str| {
            let list = source.and_then(|source| source.get(key)?.as_array());
            list.into_iter().flatten().map(ResourceRule::read).collect()
        };
        let selector = |key: &str| LabelSelector::read(source.and_then(|source| source.get(key)));
        Self {
            rules: rules("resourceRules"),
            excluded: rules("excludeResourceRules"),
            namespace_selector: selector("namespaceSelector"),
            object_selector: selector("objectSelector"),
        }
    }

    /// Whether a request is one that is meant; no rules mean every resource.
    pub(super) fn covers(&self, asked: &Asked<'_>) -> bool {
        let is_excluded = self.excluded.iter().any(|rule| rule.covers(asked));
        let is_meant = self.rules.is_empty() || self.rules.iter().any(|rule| rule.covers(asked));
        is_meant && !is_excluded && self.selects_namespace(asked) && self.selects_object(asked)
    }

    fn selects_namespace(&self, asked: &Asked<'_>) -> bool {
        let own = asked
            .object
            .filter(|_| asked.kind == "Namespace" && asked.group.is_empty());
        match own.or(asked.namespace_object) {
            Some(namespace) => self
                .namespace_selector
                .matches(namespace.pointer("/metadata/labels")),
            None => true,
        }
    }

    // Either of the two states of the object is enough.
    fn selects_object(&self, asked: &Asked<'_>) -> bool {
        let states = [asked.object, asked.old_object];
        let is_selected = |object: &Value| self.object_selector.matches(object.pointer("/metadata/labels"));
        self.object_selector.asks_nothing() || states.into_iter().flatten().any(is_selected)
    }
}

pub(super) fn text<'v>(source: &'v Value, key: &str) -> &'v str {
    source.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn strings(source: &Value, key: &str) -> Vec<String> {
    let list = source.get(key).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
