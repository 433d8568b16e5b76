//! Which fields of a kind a selector may name, and where they stand in its objects.

use std::borrow::Cow;

use serde_json::Value;

use super::SelectorError;
use super::names::quoted;

const EVENT: [&str; 11] = [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];
const EVENT_OF_ITS_OWN_GROUP: [&str; 10] = [
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reason",
    "reportingController",
    "type",
];

/// The fields of a kind that a field selector may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectableFields {
    namespace: bool,
    /// `None`: a built-in kind without fields of its own, which the server refuses with another text.
    own: Option<Vec<String>>,
}

impl SelectableFields {
    /// The fields of a built-in kind, in the version v1 of its group.
    pub fn built_in(group: &str, kind: &str) -> Self {
        let (namespace, own): (bool, Option<&[&str]>) = match (group, kind) {
            ("", "Namespace") => (false, Some(&["status.phase"])),
            ("", "Secret") => (true, Some(&["type"])),
            ("", "Event") => (true, Some(&EVENT)),
            ("events.k8s.io", "Event") => (true, Some(&EVENT_OF_ITS_OWN_GROUP)),
            _ => (true, None),
        };
        Self {
            namespace,
            own: own.map(|own| own.iter().map(|field| (*field).to_owned()).collect()),
        }
    }

    /// The fields of a custom kind: its name, its namespace if it has one, and the JSON paths of its
    /// `selectableFields` (with or without the leading dot).
    pub fn custom<'a>(namespaced: bool, paths: impl IntoIterator<Item = &'a str>) -> Self {
        let own = paths
            .into_iter()
            .map(|path| path.trim_start_matches('.').to_owned())
            .collect();
        Self {
            namespace: namespaced,
            own: Some(own),
        }
    }

    /// Refuses a field that this kind cannot be selected by.
    pub fn check(&self, field: &str) -> Result<(), SelectorError> {
        let own = || self.own.iter().flatten().any(|own| own == field);
        if field == "metadata.name" || (self.namespace && field == "metadata.namespace") || own() {
            return Ok(());
        }
        Err(SelectorError(match self.own {
            Some(_) => format!("field label not supported: {field}"),
            None => format!(
                "{} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
                quoted(field)
            ),
        }))
    }

    /// The value of a field in an object, in the form of the version that the selector was written for.
    ///
    /// Texts as they are, numbers and booleans as printed; absent for anything else.
    pub fn value<'a>(object: &'a Value, field: &str) -> Option<Cow<'a, str>> {
        if field == "source" {
            return event_source(object).map(Cow::Borrowed);
        }
        match field.split('.').try_fold(object, |value, name| value.get(name))? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            Value::Bool(truth) => Some(Cow::Owned(truth.to_string())),
            _ => None,
        }
    }
}

/// Who reported an event of the core group: its source's component, else its reporting component.
fn event_source(event: &Value) -> Option<&str> {
    let component = event.pointer("/source/component").and_then(Value::as_str);
    component
        .filter(|component| !component.is_empty())
        .or_else(|| event.get("reportingComponent")?.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_built_in_kind_knows_its_fields() {
        for (group, kind, field) in [
            ("", "Namespace", "status.phase"),
            ("", "Secret", "type"),
            ("", "Event", "involvedObject.uid"),
            ("events.k8s.io", "Event", "regarding.name"),
            ("", "ConfigMap", "metadata.namespace"),
            ("coordination.k8s.io", "Lease", "metadata.name"),
        ] {
            assert_eq!(
                SelectableFields::built_in(group, kind).check(field),
                Ok(()),
                "{kind} {field}"
            );
        }
    }

    #[test]
    fn a_field_that_cannot_be_selected_is_refused_with_the_text_of_its_kind() {
        let refused = |fields: SelectableFields, field: &str| fields.check(field).unwrap_err().to_string();
        let namespace = SelectableFields::built_in("", "Namespace");
        assert_eq!(
            refused(namespace, "metadata.namespace"),
            "field label not supported: metadata.namespace"
        );
        assert_eq!(
            refused(SelectableFields::built_in("", "ConfigMap"), "data.x"),
            "\"data.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        );
        let cluster_wide = SelectableFields::custom(false, [".spec.color"]);
        assert_eq!(cluster_wide.check("spec.color"), Ok(()));
        assert_eq!(
            refused(cluster_wide, "metadata.namespace"),
            "field label not supported: metadata.namespace"
        );
    }

    #[test]
    fn values_are_read_from_the_object() {
        let object = json!({"spec": {"text": "a", "number": 7, "truth": true, "list": [1]}, "reportingComponent": "c"});
        let value = |field: &str| SelectableFields::value(&object, field).map(Cow::into_owned);
        assert_eq!(value("spec.text").as_deref(), Some("a"));
        assert_eq!(value("spec.number").as_deref(), Some("7"));
        assert_eq!(value("spec.truth").as_deref(), Some("true"));
        assert_eq!(value("source").as_deref(), Some("c"));
        assert_eq!(value("spec.list"), None);
        assert_eq!(value("spec.absent.deep"), None);
    }
}
