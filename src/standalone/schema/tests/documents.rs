use serde_json::{Value, json};

use super::definitions::{FIXTURES, fixture};
use crate::standalone::schema::openapi::{Described, document};

const VERBS: &[&str] = &[
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
];

#[test]
fn a_defined_kind_is_found_by_its_group_version_and_kind() {
    let definition = fixture(FIXTURES[0]);
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let document = document(&[Described {
        group: "campanile.dev",
        version: "v1alpha1",
        kind: "Asset",
        list_kind: "AssetList",
        plural: "assets",
        namespaced: true,
        verbs: VERBS,
        subresources: &["status"],
        schema: Some(schema),
        selectable_fields: &[".spec.campaign".to_owned()],
    }]);
    let schemas = &document["components"]["schemas"];
    let kind = json!({"group": "campanile.dev", "version": "v1alpha1", "kind": "Asset"});
    assert_eq!(
        schemas["dev.campanile.v1alpha1.Asset"]["x-kubernetes-group-version-kind"],
        json!([kind])
    );
    assert!(schemas["dev.campanile.v1alpha1.AssetList"].is_object());
    assert!(schemas["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"].is_object());
    let path = "/apis/campanile.dev/v1alpha1/namespaces/{namespace}/assets/{name}";
    let operation = &document["paths"][path]["patch"];
    assert_eq!(operation["x-kubernetes-group-version-kind"], kind);
    let names: Vec<&str> = operation["parameters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["dryRun", "fieldManager", "fieldValidation", "force"]);
    // What all operations take stands once.
    assert_eq!(document["paths"][path]["parameters"][2]["name"], "pretty");
    assert_eq!(
        schemas["dev.campanile.v1alpha1.Asset"]["x-kubernetes-selectable-fields"],
        json!([{"fieldPath": "spec.campaign"}])
    );
    assert!(document["paths"][format!("{path}/status")]["put"].is_object());
    assert_eq!(missing_references(&document), Vec::<String>::new());
}

#[test]
fn the_kinds_of_kubernetes_have_their_schemas() {
    let kinds = [
        ("", "Secret", "secrets"),
        ("", "Namespace", "namespaces"),
        ("events.k8s.io", "Event", "events"),
        ("coordination.k8s.io", "Lease", "leases"),
        (
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "customresourcedefinitions",
        ),
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicy",
            "validatingadmissionpolicies",
        ),
    ];
    for (group, kind, plural) in kinds {
        let list_kind = format!("{kind}List");
        let document = document(&[Described {
            group,
            version: "v1",
            kind,
            list_kind: &list_kind,
            plural,
            namespaced: true,
            verbs: VERBS,
            subresources: &[],
            schema: None,
            selectable_fields: &[],
        }]);
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let is_kind = |schema: &&Value| schema["x-kubernetes-group-version-kind"][0]["kind"] == kind;
        let schema = schemas.values().find(is_kind).unwrap();
        assert!(schema["properties"]["metadata"].is_object(), "{kind}");
        if kind == "Secret" {
            assert!(
                schema["properties"]["data"]["description"]
                    .as_str()
                    .unwrap()
                    .contains("base64")
            );
        }
        assert_eq!(missing_references(&document), Vec::<String>::new());
    }
}

#[test]
fn what_kubectl_merges_by_is_told_of_the_kinds_of_kubernetes() {
    let document = document(&[Described {
        group: "",
        version: "v1",
        kind: "ServiceAccount",
        list_kind: "ServiceAccountList",
        plural: "serviceaccounts",
        namespaced: true,
        verbs: VERBS,
        subresources: &[],
        schema: None,
        selectable_fields: &[],
    }]);
    let account = &document["components"]["schemas"]["io.k8s.api.core.v1.ServiceAccount"];
    let secrets = &account["properties"]["secrets"];
    assert_eq!(secrets["x-kubernetes-patch-merge-key"], "name");
    assert_eq!(secrets["x-kubernetes-patch-strategy"], "merge");
    assert_eq!(account["properties"]["metadata"]["default"], json!({}));
    assert_eq!(account["required"], Value::Null);
    let path = "/api/v1/namespaces/{namespace}/serviceaccounts/{name}";
    let accepted = &document["paths"][path]["patch"]["requestBody"]["content"];
    assert!(accepted["application/strategic-merge-patch+json"].is_object());
}

#[test]
fn an_object_inside_of_an_object_has_what_every_object_has() {
    let schema = json!({"type": "object", "properties": {
        "inner": {"type": "object", "x-kubernetes-embedded-resource": true},
        "either": {"x-kubernetes-int-or-string": true},
    }});
    let document = document(&[Described {
        group: "example.com",
        version: "v1",
        kind: "Box",
        list_kind: "BoxList",
        plural: "boxes",
        namespaced: false,
        verbs: VERBS,
        subresources: &["scale"],
        schema: Some(&schema),
        selectable_fields: &[],
    }]);
    let properties = &document["components"]["schemas"]["com.example.v1.Box"]["properties"];
    assert_eq!(properties["inner"]["required"], json!(["kind", "apiVersion"]));
    assert!(properties["inner"]["properties"]["metadata"].is_object());
    assert_eq!(properties["either"]["oneOf"][0]["type"], "integer");
    assert!(document["paths"]["/apis/example.com/v1/boxes/{name}/scale"]["patch"].is_object());
    assert_eq!(missing_references(&document), Vec::<String>::new());
}

fn missing_references(document: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    search(document, &mut |reference| {
        let pointer = reference.trim_start_matches('#');
        if document.pointer(pointer).is_none() {
            missing.push(reference.to_owned());
        }
    });
    missing
}

fn search(value: &Value, found: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| match value {
            Value::String(reference) if name == "$ref" => found(reference),
            other => search(other, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| search(item, found)),
        _ => {}
    }
}
