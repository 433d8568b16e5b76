use serde_json::{Value, json};

use super::{said, texts, with_spec};

#[test]
fn a_value_of_another_type_is_named_with_its_type() {
    let x = |kind: &str| json!({"x": {"type": kind}});
    for (kind, value, found) in [
        ("string", json!(1), "integer"),
        ("integer", json!("a"), "string"),
        ("integer", json!(true), "boolean"),
        ("boolean", json!({}), "object"),
        ("array", json!(1.5), "number"),
        ("string", Value::Null, "null"),
    ] {
        let mut properties = x(kind);
        if kind == "array" {
            properties = json!({"x": {"type": "array", "items": {"type": "string"}}});
        }
        let expected =
            format!("spec.x: Invalid value: \"{found}\": spec.x in body must be of type {kind}: \"{found}\"");
        assert_eq!(said(properties, json!({"x": value})), [expected]);
    }
}

#[test]
fn numbers_are_whole_where_integers_are_asked_for() {
    let properties = json!({"x": {"type": "integer"}});
    assert!(said(properties.clone(), json!({"x": 1.0})).is_empty());
    assert_eq!(
        said(properties, json!({"x": 1.5})),
        [
            "spec.x: Invalid value: \"number\": spec.x in body must be of type integer: \"number\"",
            "<nil>: Invalid value: \"\": Checked value must be of type integer (default format) in spec.x",
        ]
    );
}

#[test]
fn each_limit_has_its_sentence() {
    for (schema, value, expected) in [
        (
            json!({"type": "string", "maxLength": 3}),
            json!("abcd"),
            "spec.x: Too long: may not be more than 3 bytes",
        ),
        (
            json!({"type": "string", "maxLength": 1}),
            json!("ab"),
            "spec.x: Too long: may not be more than 1 byte",
        ),
        (
            json!({"type": "string", "minLength": 3}),
            json!("ab"),
            "spec.x: Invalid value: \"ab\": spec.x in body should be at least 3 chars long",
        ),
        (
            json!({"type": "string", "pattern": "^a$"}),
            json!("b"),
            "spec.x: Invalid value: \"b\": spec.x in body should match '^a$'",
        ),
        (
            json!({"type": "string", "enum": ["a", "b"]}),
            json!("c"),
            "spec.x: Unsupported value: \"c\": supported values: \"a\", \"b\"",
        ),
        (
            json!({"type": "integer", "maximum": 5}),
            json!(6),
            "spec.x: Invalid value: 6: spec.x in body should be less than or equal to 5",
        ),
        (
            json!({"type": "integer", "minimum": 5}),
            json!(4),
            "spec.x: Invalid value: 4: spec.x in body should be greater than or equal to 5",
        ),
        (
            json!({"type": "integer", "minimum": 5, "exclusiveMinimum": true}),
            json!(5),
            "spec.x: Invalid value: 5: spec.x in body should be greater than 5",
        ),
        (
            json!({"type": "number", "maximum": 0.5, "exclusiveMaximum": true}),
            json!(0.5),
            "spec.x: Invalid value: 0.5: spec.x in body should be less than 0.5",
        ),
        (
            json!({"type": "integer", "multipleOf": 5}),
            json!(6),
            "spec.x: Invalid value: 6: spec.x in body should be a multiple of 5",
        ),
        (
            json!({"type": "integer", "format": "int32"}),
            json!(3_000_000_000_i64),
            "<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in spec.x",
        ),
        (
            json!({"type": "array", "maxItems": 1, "items": {"type": "string"}}),
            json!(["a", "b"]),
            "spec.x: Too many: 2: must have at most 1 item",
        ),
        (
            json!({"type": "array", "minItems": 1, "items": {"type": "string"}}),
            json!([]),
            "spec.x: Invalid value: 0: spec.x in body should have at least 1 items",
        ),
        (
            json!({"type": "object", "maxProperties": 1, "additionalProperties": {"type": "string"}}),
            json!({"a": "", "b": ""}),
            "spec.x: Too many: 2: must have at most 1 item",
        ),
        (
            json!({"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}}),
            json!({}),
            "spec.x: Invalid value: 0: spec.x in body should have at least 1 properties",
        ),
        (
            json!({"type": "string", "format": "date-time"}),
            json!("soon"),
            "spec.x: Invalid value: \"soon\": spec.x in body must be of type date-time: \"soon\"",
        ),
        (
            json!({"x-kubernetes-int-or-string": true}),
            json!([]),
            "spec.x: Invalid value: \"array\": spec.x in body must be of type integer,string: \"array\"",
        ),
        (
            json!({"type": "string", "nullable": true, "enum": ["a"]}),
            Value::Null,
            "spec.x: Unsupported value: null: supported values: \"a\"",
        ),
    ] {
        assert_eq!(said(json!({"x": schema}), json!({"x": value})), [expected]);
    }
}

#[test]
fn a_missing_field_is_named_whole() {
    let properties = json!({"x": {"type": "array", "items": {
        "type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}
    }}});
    assert_eq!(
        said(properties, json!({"x": [{}]})),
        ["spec.x[0].name: Required value"]
    );
}

#[test]
fn entries_of_maps_are_named_by_their_key() {
    let properties = json!({"x": {"type": "object", "additionalProperties": {"type": "integer"}}});
    assert_eq!(
        said(properties, json!({"x": {"a b": "c"}})),
        ["spec.x.a b: Invalid value: \"string\": spec.x.a b in body must be of type integer: \"string\""]
    );
}

#[test]
fn lists_of_the_types_set_and_map_have_no_item_twice() {
    let set = json!({"x": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}});
    assert_eq!(
        said(set, json!({"x": ["a", "b", "a", "a"]})),
        ["spec.x[2]: Duplicate value: \"a\""]
    );
    let map = json!({"x": {
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
        "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    }});
    assert_eq!(
        said(map, json!({"x": [{"name": "a"}, {"name": "a"}]})),
        ["spec.x[1]: Duplicate value: {\"name\":\"a\"}"]
    );
}

#[test]
fn one_of_explains_the_branch_that_came_closest() {
    let x = json!({"x": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}]
    }});
    assert_eq!(
        said(x.clone(), json!({"x": {}})),
        [
            "<nil>: Invalid value: \"\": \"spec.x\" must validate one and only one schema (oneOf). Found none valid",
            "spec.x.a: Required value",
        ]
    );
    assert_eq!(
        said(x.clone(), json!({"x": {"a": "", "b": ""}})),
        [
            "<nil>: Invalid value: \"\": \"spec.x\" must validate one and only one schema (oneOf). Found 2 valid alternatives"
        ]
    );
    assert!(said(x, json!({"x": {"a": ""}})).is_empty());
}

#[test]
fn any_of_all_of_and_not_have_their_sentences() {
    let x = |key: &str, branches: Value| {
        let mut x = json!({"type": "integer"});
        x[key] = branches;
        json!({"x": x})
    };
    assert_eq!(
        said(
            x("anyOf", json!([{"minimum": 5}, {"maximum": 1}])),
            json!({"x": 3})
        ),
        [
            "<nil>: Invalid value: \"\": \"spec.x\" must validate at least one schema (anyOf)",
            "spec.x: Invalid value: 3: spec.x in body should be greater than or equal to 5",
        ]
    );
    assert_eq!(
        said(
            x("allOf", json!([{"minimum": 5}, {"maximum": 9}])),
            json!({"x": 3})
        ),
        [
            "spec.x: Invalid value: 3: spec.x in body should be greater than or equal to 5",
            "<nil>: Invalid value: \"\": \"spec.x\" must validate all the schemas (allOf)",
        ]
    );
    assert_eq!(
        said(x("not", json!({"minimum": 1})), json!({"x": 3})),
        ["<nil>: Invalid value: \"\": \"spec.x\" must not validate the schema (not)"]
    );
}

#[test]
fn what_was_wrong_before_is_not_held_against_a_change_elsewhere() {
    let schema = with_spec(json!({
        "x": {"type": "string", "maxLength": 1},
        "y": {"type": "string"},
        "items": {
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"}, "size": {"type": "integer", "maximum": 1}
            }}
        }
    }));
    let old = json!({"spec": {"x": "long", "y": "a", "items": [{"name": "n", "size": 2}]}});
    let new = json!({"spec": {"x": "long", "y": "b", "items": [{"name": "m", "size": 1}, {"name": "n", "size": 2}]}});
    assert!(schema.validate(&new, Some(&old)).is_empty());
    let worse = json!({"spec": {"x": "longer", "y": "b"}});
    assert_eq!(
        texts(&schema.validate(&worse, Some(&old))),
        ["spec.x: Too long: may not be more than 1 byte"]
    );
}

#[test]
fn a_status_is_judged_from_its_own_root() {
    let schema = super::Structural::parse(&json!({
        "type": "object",
        "properties": {"status": {"type": "object", "required": ["phase"], "properties": {"phase": {"type": "string"}}}}
    }))
    .unwrap();
    let verdict = schema.judge_status(&json!({"status": {"phase": 1}}), &json!({}));
    assert_eq!(
        texts(&verdict.errors),
        ["status.phase: Invalid value: \"integer\": phase in body must be of type string: \"integer\""]
    );
    let verdict = schema.judge_status(&json!({"status": {}}), &json!({}));
    assert_eq!(texts(&verdict.errors), ["status.phase: Required value"]);
}

#[test]
fn unknown_fields_are_dropped_and_named() {
    let schema = with_spec(json!({
        "x": {"type": "object", "properties": {"a": {"type": "string"}}},
        "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
            "closed": {"type": "object"}
        }},
        "list": {"type": "array", "items": {"type": "object"}}
    }));
    let mut object = json!({
        "apiVersion": "a/v1", "kind": "A", "extra": 1,
        "metadata": {"name": "x", "nmae": "y", "ownerReferences": [{"uid": "u", "who": 1}]},
        "spec": {"x": {"a": "", "b": {"c": 1}}, "open": {"any": {"thing": 1}, "closed": {"d": 1}}, "list": [{"e": 1}]}
    });
    assert_eq!(
        schema.prune(&mut object),
        [
            "unknown field \"extra\"",
            "unknown field \"metadata.nmae\"",
            "unknown field \"metadata.ownerReferences[0].who\"",
            "unknown field \"spec.list[0].e\"",
            "unknown field \"spec.open.closed.d\"",
            "unknown field \"spec.x.b\"",
        ]
    );
    let left = json!({"x": {"a": ""}, "open": {"any": {"thing": 1}, "closed": {}}, "list": [{}]});
    assert_eq!(object["spec"], left);
}

#[test]
fn defaults_fill_what_is_missing_and_nothing_above() {
    let schema = with_spec(json!({
        "a": {"type": "string", "default": "A"},
        "b": {"type": "object", "properties": {"c": {"type": "integer", "default": 1}}},
        "d": {"type": "object", "default": {}, "properties": {"e": {"type": "boolean", "default": true}}},
        "list": {"type": "array", "items": {"type": "object", "properties": {"f": {"type": "string", "default": "F"}}}},
        "map": {"type": "object", "additionalProperties": {"type": "string", "default": "M"}}
    }));
    let mut object = json!({"spec": {"a": null, "list": [{}], "map": {"k": null}}});
    schema.default(&mut object);
    let filled = json!({"a": "A", "d": {"e": true}, "list": [{"f": "F"}], "map": {"k": "M"}});
    assert_eq!(object["spec"], filled);
    let mut empty = json!({});
    schema.default(&mut empty);
    assert_eq!(empty, json!({}));
}

#[test]
fn a_null_stays_only_where_it_may() {
    let schema = with_spec(json!({
        "a": {"type": "string", "nullable": true, "default": "A"},
        "b": {"type": "string"},
        "c": {"type": "array", "items": {"type": "string"}}
    }));
    let mut object = json!({"spec": {"a": null, "b": null, "c": [null]}});
    schema.default(&mut object);
    assert_eq!(object["spec"], json!({"a": null, "c": [null]}));
}

#[test]
fn embedded_resources_name_their_kind() {
    let x = json!({"x": {"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true}});
    assert_eq!(
        said(x, json!({"x": {"kind": ""}})),
        [
            "spec.x.apiVersion: Required value",
            "spec.x.kind: Invalid value: \"\": must not be empty"
        ]
    );
}
