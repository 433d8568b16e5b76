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
