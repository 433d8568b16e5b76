use serde_json::json;

use super::*;

fn now() -> Timestamp {
    "2026-02-16T08:10:00Z".parse().unwrap()
}

fn cells(columns: &Columns, object: &Value) -> Value {
    columns.of_object(object, TableOptions::default(), now())["rows"][0]["cells"].clone()
}

fn cells_of(group: &str, kind: &str, object: &Value) -> Value {
    cells(&Columns::built_in(group, kind), object)
}

fn metadata() -> Value {
    json!({"name": "x", "creationTimestamp": "2026-02-16T08:05:00Z", "resourceVersion": "7"})
}

#[test]
fn each_built_in_kind_has_its_cells() {
    for (group, kind, object, expected) in [
        (
            "",
            "Namespace",
            json!({"status": {"phase": "Active"}}),
            json!(["x", "Active", "5m"]),
        ),
        (
            "",
            "Secret",
            json!({"type": "Opaque", "data": {"a": "", "b": ""}}),
            json!(["x", "Opaque", 2, "5m"]),
        ),
        (
            "",
            "ConfigMap",
            json!({"data": {"a": ""}, "binaryData": {"b": ""}}),
            json!(["x", 2, "5m"]),
        ),
        ("", "ServiceAccount", json!({}), json!(["x", "5m"])),
        (
            "coordination.k8s.io",
            "Lease",
            json!({"spec": {"holderIdentity": "me"}}),
            json!(["x", "me", "5m"]),
        ),
        (
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            json!({}),
            json!(["x", "2026-02-16T08:05:00Z"]),
        ),
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicy",
            json!({"spec": {"validations": [{}], "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}}),
            json!(["x", 1, "v1/ConfigMap", "5m"]),
        ),
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicyBinding",
            json!({"spec": {"policyName": "p", "paramRef": {"name": "n"}}}),
            json!(["x", "p", "*/n", "5m"]),
        ),
    ] {
        let mut object = object;
        object["metadata"] = metadata();
        assert_eq!(cells_of(group, kind, &object), expected, "{kind}");
    }
}

#[test]
fn events_of_both_groups_look_alike() {
    let core = json!({
        "metadata": metadata(), "type": "Normal", "reason": "Posted", "message": " done \n",
        "involvedObject": {"kind": "Asset", "name": "a", "fieldPath": "spec"},
        "source": {"component": "campanile"}, "reportingInstance": "pod-1",
        "firstTimestamp": "2026-02-16T08:00:00Z", "lastTimestamp": "2026-02-16T08:09:00Z", "count": 3,
    });
    let own = json!({
        "metadata": metadata(), "type": "Normal", "reason": "Posted", "note": " done \n",
        "regarding": {"kind": "Asset", "name": "a", "fieldPath": "spec"},
        "deprecatedSource": {"component": "campanile"}, "reportingInstance": "pod-1",
        "deprecatedFirstTimestamp": "2026-02-16T08:00:00Z", "deprecatedLastTimestamp": "2026-02-16T08:09:00Z",
        "deprecatedCount": 3,
    });
    let expected = json!([
        "60s",
        "Normal",
        "Posted",
        "asset/a",
        "spec",
        "campanile, pod-1",
        "done",
        "10m",
        3,
        "x"
    ]);
    assert_eq!(cells_of("", "Event", &core), expected);
    assert_eq!(cells_of("events.k8s.io", "Event", &own), expected);
}

#[test]
fn an_event_that_happened_once_was_seen_when_it_happened() {
    let event = json!({
        "metadata": metadata(), "eventTime": "2026-02-16T08:09:30.123456Z", "firstTimestamp": null,
        "lastTimestamp": null, "reportingController": "c", "regarding": {"kind": "Asset"},
    });
    let expected = json!(["29s", "", "", "asset", "", "c", "", "29s", 1, "x"]);
    assert_eq!(cells_of("events.k8s.io", "Event", &event), expected);
    let mut series = event;
    series["series"] = json!({"count": 9, "lastObservedTime": "2026-02-16T08:09:58.000000Z"});
    assert_eq!(cells_of("events.k8s.io", "Event", &series)[0], json!("2s"));
}

#[test]
fn custom_columns_show_each_type() {
    let column = |name: &str, kind: &str, path: &str| json!({"name": name, "type": kind, "jsonPath": path});
    let columns = Columns::custom(&[
        column("Phase", "string", ".status.phase"),
        column("Count", "integer", ".status.count"),
        column("Ratio", "number", ".status.count"),
        column("On", "boolean", ".spec.on"),
        column("Next", "date", ".status.next"),
        column(
            "Ready",
            "string",
            ".status.conditions[?(@.type==\"Ready\")].status",
        ),
        column("Map", "string", ".spec"),
        column("Absent", "string", ".nowhere"),
        column("Wrong", "integer", ".status.phase"),
        column("Unread", "string", "..a"),
    ]);
    let object = json!({
        "metadata": metadata(), "spec": {"on": true},
        "status": {"phase": "Posted", "count": 3, "next": "2026-02-16T08:08:00Z", "conditions": [{"type": "Ready", "status": "True"}]},
    });
    let expected = json!([
        "x",
        "Posted",
        3,
        3.0,
        true,
        "2m",
        "True",
        "{\"on\":true}",
        null,
        null,
        null
    ]);
    assert_eq!(cells(&columns, &object), expected);
}

#[test]
fn a_custom_kind_without_columns_shows_its_age() {
    let columns = Columns::custom(&[]);
    let table = columns.of_object(&json!({"metadata": metadata()}), TableOptions::default(), now());
    assert_eq!(table["rows"][0]["cells"], json!(["x", "5m"]));
    assert_eq!(table["columnDefinitions"][1]["name"], "Age");
}

#[test]
fn a_column_without_a_description_gets_one() {
    let columns = Columns::custom(&[json!({"name": "A", "type": "string", "jsonPath": ".a", "priority": 1})]);
    let table = columns.of_list(&json!({}), [], TableOptions::default(), now());
    let text = "Custom resource definition column (in JSONPath format): .a";
    let expected = json!({"name": "A", "type": "string", "format": "", "description": text, "priority": 1});
    assert_eq!(table["columnDefinitions"][1], expected);
    assert_eq!(table["rows"], json!([]));
}

#[test]
fn a_list_keeps_its_metadata_and_the_default_columns_have_no_rows_for_an_empty_one() {
    let metadata = json!({"resourceVersion": "9", "continue": "c", "remainingItemCount": 4, "other": 1});
    let table = Columns::built_in("apiextensions.k8s.io", "CustomResourceDefinition").of_list(
        &metadata,
        [],
        TableOptions::default(),
        now(),
    );
    assert_eq!(
        table["metadata"],
        json!({"resourceVersion": "9", "continue": "c", "remainingItemCount": 4})
    );
    assert_eq!(table["rows"], Value::Null);
}

#[test]
fn a_row_holds_what_was_asked_for_and_headers_can_be_left_out() {
    let object = json!({"metadata": metadata(), "data": {"a": "b"}});
    let table = |parameter: Option<&str>, no_headers: bool| {
        let options = TableOptions {
            include_object: IncludeObject::parse(parameter).unwrap(),
            no_headers,
        };
        Columns::built_in("", "ConfigMap").of_object(&object, options, now())
    };
    let partial =
        json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata()});
    assert_eq!(table(None, false)["rows"][0]["object"], partial);
    assert_eq!(table(Some("Object"), false)["rows"][0]["object"], object);
    let bare = table(Some("None"), true);
    assert_eq!(bare["rows"][0]["object"], Value::Null);
    assert_eq!(bare["columnDefinitions"], Value::Null);
    assert_eq!(bare["metadata"], json!({"resourceVersion": "7"}));
}

#[test]
fn an_unknown_include_object_is_refused_with_the_servers_text() {
    let text = "Unable to convert to Table as requested: includeObject: Invalid value: \"All\": must be 'Metadata', \
                'Object', 'None', or empty";
    assert_eq!(IncludeObject::parse(Some("All")).unwrap_err().to_string(), text);
}

#[test]
fn metadata_alone_comes_in_lists_too() {
    let list = metadata_only_list(
        &json!({"resourceVersion": "1"}),
        &[json!({"metadata": {"name": "a"}, "spec": 1})],
    );
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!(list["items"][0]["metadata"], json!({"name": "a"}));
    assert_eq!(list["items"][0].get("spec"), None);
}
