use serde_json::{Value, json};

use super::refused;

const AT: &str = "spec.validation.openAPIV3Schema";

fn x(schema: Value) -> Value {
    json!({"type": "object", "properties": {"x": schema}})
}

#[test]
fn what_a_schema_must_say_and_must_not() {
    for (schema, expected) in [
        (json!({}), ".type: Required value: must not be empty at the root"),
        (
            json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}}}),
            ".properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
        ),
        (
            x(json!({})),
            ".properties[x].type: Required value: must not be empty for specified object fields",
        ),
        (
            x(json!({"type": "text"})),
            ".properties[x].type: Unsupported value: \"text\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"",
        ),
        (
            x(json!({"type": "array"})),
            ".properties[x].items: Required value: must be specified",
        ),
        (
            x(json!({"type": "array", "items": {}})),
            ".properties[x].items.type: Required value: must not be empty for specified array items",
        ),
        (
            x(json!({"type": "object", "$ref": "#/x"})),
            ".properties[x].$ref: Forbidden: $ref is not supported",
        ),
        (
            x(json!({"type": "object", "definitions": {"a": {}}})),
            ".properties[x].definitions: Forbidden: definitions is not supported",
        ),
        (
            x(json!({"type": "string", "anyOf": [{"type": "string"}]})),
            ".properties[x].anyOf[0].type: Forbidden: must be empty to be structural",
        ),
        (
            json!({"type": "object", "anyOf": [{"properties": {"y": {"minimum": 1}}}]}),
            ".properties[y]: Required value: because it is defined in spec.validation.openAPIV3Schema.anyOf[0].properties[y]",
        ),
        (
            x(json!({"type": "array", "uniqueItems": true, "items": {"type": "string"}})),
            ".properties[x].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
        ),
        (
            x(json!({"type": "object", "x-kubernetes-preserve-unknown-fields": false})),
            ".properties[x].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
        ),
        (
            x(json!({"type": "string", "x-kubernetes-list-type": "set"})),
            ".properties[x].type: Invalid value: \"string\": must be array if x-kubernetes-list-type is specified",
        ),
        (
            x(json!({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "bag"})),
            ".properties[x].x-kubernetes-list-type: Unsupported value: \"bag\": supported values: \"atomic\", \"set\", \"map\"",
        ),
        (
            x(json!({"type": "object", "x-kubernetes-map-type": "bag"})),
            ".properties[x].x-kubernetes-map-type: Unsupported value: \"bag\": supported values: \"atomic\", \"granular\"",
        ),
        (
            x(
                json!({"type": "object", "properties": {"y": {"type": "string"}}, "additionalProperties": false}),
            ),
            ".properties[x].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            x(json!({"type": "string", "default": 1})),
            ".properties[x].default: Invalid value: \"integer\":  in body must be of type string: \"integer\"",
        ),
        (
            x(json!({"type": "object", "default": {"y": 1}})),
            ".properties[x].default: Invalid value: {\"y\":1}: must not have unknown fields",
        ),
        (
            x(json!({"x-kubernetes-int-or-string": true, "x-kubernetes-preserve-unknown-fields": true})),
            ".properties[x].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be false if x-kubernetes-int-or-string is true",
        ),
        (
            x(json!({"type": "object", "x-kubernetes-embedded-resource": true})),
            ".properties[x].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
        ),
        (
            x(json!({"type": "string", "x-kubernetes-validations": [{"rule": " "}]})),
            ".properties[x].x-kubernetes-validations[0].rule: Required value: rule is not specified",
        ),
        (
            x(json!({"type": "string", "x-kubernetes-validations": [{"rule": "true", "message": "a\nb"}]})),
            ".properties[x].x-kubernetes-validations[0].message: Invalid value: \"a\\nb\": must not contain line breaks",
        ),
        (
            x(json!({"type": "string", "x-kubernetes-validations": [{"rule": "true", "reason": "Why"}]})),
            ".properties[x].x-kubernetes-validations[0].reason: Unsupported value: \"Why\": supported values: \"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", \"FieldValueRequired\"",
        ),
        (
            x(json!({"type": "string", "x-kubernetes-validations": [{"rule": "true", "fieldPath": ".y"}]})),
            ".properties[x].x-kubernetes-validations[0].fieldPath: Invalid value: \".y\": must be a valid path",
        ),
    ] {
        let said = refused(schema.clone());
        let expected = format!("{AT}{expected}");
        assert!(
            said.contains(&expected),
            "{schema}\nsaid {said:#?}\nwanted {expected}"
        );
    }
}

#[test]
fn keys_of_list_maps_are_required_or_have_a_default() {
    let list = |item: Value| {
        x(
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": item}),
        )
    };
    assert_eq!(
        refused(list(
            json!({"type": "object", "properties": {"name": {"type": "string"}}})
        )),
        [format!(
            "{AT}.properties[x].items.properties[name].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
        )]
    );
    let good = json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}});
    assert!(refused(list(good)).is_empty());
}

#[test]
fn integers_or_strings_may_say_so_by_any_of() {
    let any_of = json!([{"type": "integer"}, {"type": "string"}]);
    let schema = x(json!({"x-kubernetes-int-or-string": true, "anyOf": any_of}));
    assert!(refused(schema).is_empty());
}

#[test]
fn a_schema_that_is_no_object_is_refused() {
    for schema in [
        json!(1),
        json!({"type": 1}),
        json!({"properties": []}),
        x(json!("string")),
    ] {
        assert!(!refused(schema).is_empty());
    }
}
