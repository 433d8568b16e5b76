use serde_json::{Value, json};

use super::*;

/// The definitions of a real operator, as fixtures.
pub(super) const FIXTURES: &[&str] = &[
    include_str!("../../../../crds/campanile.dev_assets.yaml"),
    include_str!("../../../../crds/campanile.dev_campaigns.yaml"),
    include_str!("../../../../crds/campanile.dev_channelconfigs.yaml"),
    include_str!("../../../../crds/campanile.dev_receipts.yaml"),
];

pub(super) fn fixture(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

#[test]
fn the_schemas_of_a_real_operator_are_in_order() {
    for text in FIXTURES {
        let definition = fixture(text);
        for version in definition["spec"]["versions"].as_array().unwrap() {
            let schema = &version["schema"]["openAPIV3Schema"];
            let path = Path::Child(&Path::Root, "schema");
            let parsed = Structural::parse_at(schema, &path, true);
            assert_eq!(parsed.err().map(|errors| texts(&errors)), None);
        }
    }
}

#[test]
fn an_empty_object_of_a_real_operator_lacks_its_spec() {
    let definition = fixture(FIXTURES[0]);
    let schema = Structural::parse(&definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]).unwrap();
    let mut object =
        json!({"apiVersion": "campanile.dev/v1alpha1", "kind": "Asset", "metadata": {"name": "x"}});
    schema.default(&mut object);
    let said = texts(&schema.validate(&object, None));
    assert_eq!(said.first().map(String::as_str), Some("spec: Required value"));
    assert!(
        said.iter()
            .skip(1)
            .all(|text| text.contains("some validation rules were not checked"))
    );
}

fn definition(change: impl FnOnce(&mut Value)) -> Value {
    let mut object = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}
            }}}]
        }
    });
    change(&mut object);
    definition::default(&mut object);
    object
}

fn objections(change: impl FnOnce(&mut Value)) -> Vec<String> {
    definition::validate(&definition(change), None)
        .err()
        .map(|errors| texts(&errors))
        .unwrap_or_default()
}

#[test]
fn the_definitions_of_a_real_operator_are_in_order() {
    for text in FIXTURES {
        let mut object = fixture(text);
        definition::default(&mut object);
        let read =
            definition::validate(&object, None).unwrap_or_else(|errors| panic!("{:#?}", texts(&errors)));
        assert!(read.namespaced && read.versions[0].status && !read.versions[0].columns.is_empty());
    }
}

#[test]
fn what_may_be_left_out_is_filled_in() {
    let object = definition(|_| ());
    assert_eq!(object["spec"]["names"]["singular"], "widget");
    assert_eq!(object["spec"]["names"]["listKind"], "WidgetList");
    assert_eq!(object["spec"]["conversion"], json!({"strategy": "None"}));
    assert_eq!(object["status"]["storedVersions"], json!(["v1"]));
}

#[test]
fn definitions_that_are_none_are_refused() {
    type Change = fn(&mut Value);
    let changes: Vec<(Change, &str)> = vec![
        (
            |it| it["metadata"]["name"] = "w.example.com".into(),
            "metadata.name: Invalid value: \"w.example.com\": must be spec.names.plural+\".\"+spec.group",
        ),
        (
            |it| it["spec"]["scope"] = "Planet".into(),
            "spec.scope: Unsupported value: \"Planet\": supported values: \"Cluster\", \"Namespaced\"",
        ),
        (
            |it| it["spec"]["group"] = "example".into(),
            "spec.group: Invalid value: \"example\": should be a domain with at least one dot",
        ),
        (
            |it| it["spec"]["versions"][0]["name"] = "1".into(),
            "spec.versions[0].name: Invalid value: \"1\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        ),
        (
            |it| it["spec"]["versions"][0]["schema"] = Value::Null,
            "spec.versions[0].schema.openAPIV3Schema: Required value",
        ),
        (
            |it| it["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["type"] = "array".into(),
            "spec.validation.openAPIV3Schema.type: Invalid value: \"array\": must be object at the root",
        ),
        (
            |it| it["spec"]["conversion"] = json!({"strategy": "Webhook"}),
            "spec.conversion.strategy: Unsupported value: \"Webhook\": supported values: \"None\"",
        ),
        (
            |it| it["spec"]["names"]["listKind"] = "Widget".into(),
            "spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the same",
        ),
        (
            |it| {
                it["spec"]["versions"][0]["additionalPrinterColumns"] =
                    json!([{"name": "Size", "type": "int", "jsonPath": "spec.size"}])
            },
            "spec.additionalPrinterColumns[0].type: Invalid value: \"int\": must be one of boolean,date,integer,number,string",
        ),
        (
            |it| {
                it["spec"]["versions"][0]["additionalPrinterColumns"] =
                    json!([{"name": "Size", "type": "integer", "jsonPath": "spec.size"}])
            },
            "spec.additionalPrinterColumns[0].JSONPath: Invalid value: \"spec.size\": must be a simple json path starting with .",
        ),
        (
            |it| it["spec"]["versions"][0]["selectableFields"] = json!([{"jsonPath": ".spec.none"}]),
            "spec.selectableFields[0].jsonPath: Invalid value: \".spec.none\": is an invalid path: does not refer to a valid field",
        ),
        (
            |it| it["spec"]["versions"][0]["selectableFields"] = json!([{"jsonPath": ".spec"}]),
            "spec.selectableFields[0].jsonPath: Invalid value: \".spec\": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
        ),
        (
            |it| {
                it["spec"]["versions"][0]["subresources"] =
                    json!({"scale": {"specReplicasPath": ".status.x", "statusReplicasPath": ".status.x"}})
            },
            "spec.subresources.scale.specReplicasPath: Invalid value: \".status.x\": should be a json path under .spec",
        ),
        (
            |it| it["spec"]["preserveUnknownFields"] = true.into(),
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        ),
    ];
    for (change, expected) in changes {
        let said = objections(change);
        assert!(
            said.iter().any(|text| text == expected),
            "said {said:#?}\nwanted {expected}"
        );
    }
    assert!(
        objections(|it| it["spec"]["versions"][0]["storage"] = false.into())
            .iter()
            .any(|text| text.ends_with("must have exactly one version marked as storage version"))
    );
}

#[test]
fn what_objects_rely_on_does_not_change() {
    let mut old = definition(|_| ());
    old["status"]["conditions"] = json!([{"type": "Established", "status": "True"}]);
    let mut new = definition(|it| it["spec"]["scope"] = "Cluster".into());
    new["status"]["storedVersions"] = json!(["v1", "v0"]);
    assert_eq!(
        texts(&definition::validate(&new, Some(&old)).unwrap_err()),
        [
            "spec.scope: Invalid value: \"Cluster\": field is immutable",
            "status.storedVersions[1]: Invalid value: \"v0\": missing from spec.versions; v0 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v0 and removes v0 from status.storedVersions",
        ]
    );
}

#[test]
fn names_that_are_taken_are_not_given() {
    let mut first = definition(|_| ());
    let naming = definition::naming(&first, [&first].into_iter());
    assert!(naming.names_accepted.status && naming.established.is_some_and(|it| it.reason == "Installing"));
    first["status"]["acceptedNames"] = naming.accepted_names;
    let second = definition(|it| {
        it["metadata"]["name"] = "gadgets.example.com".into();
        it["spec"]["names"] = json!({"plural": "gadgets", "kind": "Gadget", "shortNames": ["wd"]});
    });
    let naming = definition::naming(&second, [&first, &second].into_iter());
    assert_eq!(naming.names_accepted.reason, "ShortNamesConflict");
    assert_eq!(naming.names_accepted.message, "\"wd\" is already in use");
    assert_eq!(naming.accepted_names["plural"], "gadgets");
    assert!(naming.established.is_some_and(|it| it.reason == "NotAccepted"));
    let again = definition::naming(&first, [&first].into_iter());
    assert!(again.names_accepted.status);
}
