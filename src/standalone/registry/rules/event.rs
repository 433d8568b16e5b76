//! Events: one object in two forms, `v1` and `events.k8s.io/v1`. It is kept in the first.

use serde_json::{Map, Value, json};

use super::object;
use crate::standalone::{registry::metadata, selector, status::Cause};

/// Fields that are called differently in the two groups: core first.
const RENAMED: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

/// The form in which Events are kept: core/v1.
pub(in crate::standalone::registry) fn to_core(event: Value) -> Value {
    renamed(event, "v1", |(core, other)| (other, core))
}

/// The form of `events.k8s.io/v1`.
pub(in crate::standalone::registry) fn from_core(event: Value) -> Value {
    let mut event = renamed(event, "events.k8s.io/v1", |names| names);
    // In this form they are left out when they are empty.
    for field in ["reportingController", "reportingInstance"] {
        if object::text(&event, &format!("/{field}")).is_empty() {
            object::fields(&mut event).shift_remove(field);
        }
    }
    event
}

fn renamed(
    event: Value,
    api_version: &str,
    direction: impl Fn((&'static str, &'static str)) -> (&'static str, &'static str),
) -> Value {
    let Value::Object(fields) = event else {
        return event;
    };
    let mut out = Map::new();
    for (key, value) in fields {
        let mut pairs = RENAMED.iter().map(|pair| direction(*pair));
        let renamed = pairs.find(|(from, _)| *from == key).map(|(_, to)| to.to_owned());
        out.insert(renamed.unwrap_or(key), value);
    }
    out.insert("apiVersion".to_owned(), api_version.into());
    Value::Object(out)
}

/// The typed form always has these fields.
pub(super) fn default(group: &str, event: &mut Value) {
    let fields = object::fields(event);
    let mut always = |name: &str, value: Value| {
        fields.entry(name).or_insert(value);
    };
    always("eventTime", Value::Null);
    always("reportingInstance", json!(""));
    if group.is_empty() {
        always("involvedObject", json!({}));
        always("source", json!({}));
        always("firstTimestamp", Value::Null);
        always("lastTimestamp", Value::Null);
        always("reportingComponent", json!(""));
    } else {
        for (core, other) in RENAMED {
            if matches!(core, "involvedObject" | "source") {
                always(other, json!({}));
            } else if matches!(core, "firstTimestamp" | "lastTimestamp") {
                always(other, Value::Null);
            }
        }
        always("reportingController", json!(""));
    }
}

fn has_time(event: &Value) -> bool {
    !object::text(event, "/eventTime").is_empty()
}

/// The findings on an Event in the core form; the group is the one of the request.
pub(super) fn findings(group: &str, event: &Value) -> Vec<Cause> {
    let mut findings = lasting_findings(group, event);
    if group.is_empty() {
        return findings;
    }
    findings.extend(series_findings(event));
    if !has_time(event) {
        findings.push(Cause::required("eventTime", ""));
    }
    let word = object::text(event, "/type");
    if !matches!(word, "Normal" | "Warning") {
        let detail = format!("has invalid value: {word}");
        findings.push(Cause::invalid("type", &json!(""), &detail));
    }
    let set = |field: &str| {
        event
            .get(field)
            .is_some_and(|value| !object::is_empty(value) && value != &json!(0))
    };
    for field in ["firstTimestamp", "lastTimestamp", "count", "source"] {
        if set(field) {
            findings.push(Cause::invalid(field, &json!(""), "needs to be unset"));
        }
    }
    findings
}

fn series_findings(event: &Value) -> Vec<Cause> {
    let mut findings = Vec::new();
    let Some(series) = event.get("series").filter(|series| series.is_object()) else {
        return findings;
    };
    if series.get("count").and_then(Value::as_i64).unwrap_or_default() < 2 {
        findings.push(Cause::invalid("series.count", &json!(""), "should be at least 2"));
    }
    if object::text(series, "/lastObservedTime").is_empty() {
        findings.push(Cause::required("series.lastObservedTime", ""));
    }
    findings
}

/// What every Event keeps, old and new.
fn lasting_findings(group: &str, event: &Value) -> Vec<Cause> {
    let namespace = object::namespace(event);
    let about = object::text(event, "/involvedObject/namespace");
    let mut findings = Vec::new();
    let homeless = ["default", "kube-system"].contains(&namespace);
    let fits = match (has_time(event), about) {
        (false, "") => namespace == "default",
        (false, about) => namespace == about,
        (true, "") => homeless,
        (true, _) => true,
    };
    if !fits {
        let detail = "does not match event.namespace";
        findings.push(Cause::invalid("involvedObject.namespace", &json!(about), detail));
    }
    if has_time(event) {
        findings.extend(reporter_findings(group, event));
    }
    findings
}

fn reporter_findings(group: &str, event: &Value) -> Vec<Cause> {
    let text = |field: &str| object::text(event, &format!("/{field}"));
    let mut findings = Vec::new();
    let reporter = if group.is_empty() {
        "reportingComponent"
    } else {
        "reportingController"
    };
    let name = text("reportingComponent");
    if name.is_empty() {
        findings.push(Cause::required(reporter, ""));
    }
    for problem in selector::names::label_key_problems(name) {
        findings.push(Cause::invalid(reporter, &json!(name), &problem));
    }
    for (field, limit) in [
        ("reportingInstance", 128),
        ("action", 128),
        ("reason", 128),
        ("message", 1024),
    ] {
        if text(field).is_empty() && field != "message" {
            findings.push(Cause::required(field, ""));
        }
        if text(field).len() > limit {
            let detail = format!("can have at most {limit} characters");
            findings.push(Cause::invalid(field, &json!(""), &detail));
        }
    }
    findings
}

/// The findings on a change; the old form of the API lets everything change.
pub(super) fn update_findings(group: &str, new: &Value, old: &Value) -> Vec<Cause> {
    let mut findings = lasting_findings(group, new);
    if group.is_empty() {
        return findings;
    }
    if new.get("series") != old.get("series") {
        findings.extend(series_findings(new));
    }
    let kept = [
        "involvedObject",
        "reason",
        "message",
        "source",
        "firstTimestamp",
        "lastTimestamp",
        "count",
        // The API server looks at it twice.
        "reason",
        "type",
        "eventTime",
        "action",
        "related",
        "reportingController",
        "reportingInstance",
    ];
    for field in kept {
        let core = if field == "reportingController" {
            "reportingComponent"
        } else {
            field
        };
        if let Some(mut finding) = metadata::immutable(new, old, core) {
            field.clone_into(&mut finding.field);
            findings.push(finding);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_the_same_in_both_forms() {
        let core = json!({
            "apiVersion": "v1", "kind": "Event", "involvedObject": {"name": "a"}, "message": "m", "count": 2,
            "reportingComponent": "c",
        });
        let other = from_core(core.clone());
        assert_eq!(other["regarding"], json!({"name": "a"}));
        assert_eq!(other["deprecatedCount"], 2);
        assert_eq!(to_core(other), core);
    }

    #[test]
    fn an_event_lies_in_the_namespace_of_what_it_is_about() {
        let event = json!({"metadata": {"namespace": "a"}, "involvedObject": {"namespace": "b"}});
        assert_eq!(findings("", &event)[0].field, "involvedObject.namespace");
    }

    #[test]
    fn the_new_form_asks_for_a_time_and_a_type() {
        let event = json!({"metadata": {"namespace": "a"}, "involvedObject": {"namespace": "a"}});
        let fields: Vec<String> = findings("events.k8s.io", &event)
            .into_iter()
            .map(|cause| cause.field)
            .collect();
        assert_eq!(fields, ["eventTime", "type"]);
    }
}
