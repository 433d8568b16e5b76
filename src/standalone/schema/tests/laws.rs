use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-2.0..2.0_f64).prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "string", "default": "s"})),
        Just(json!({"type": "string", "maxLength": 2, "nullable": true})),
        Just(json!({"type": "integer", "minimum": 0, "default": 1})),
        Just(json!({"type": "number", "multipleOf": 0.5})),
        Just(json!({"x-kubernetes-int-or-string": true})),
        Just(json!({"x-kubernetes-preserve-unknown-fields": true})),
        Just(json!({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}})),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            inner.clone().prop_map(|other| json!({"type": "object", "additionalProperties": other})),
            prop::collection::btree_map("[a-d]", inner, 0..4).prop_map(|properties| {
                let properties: Map<String, Value> = properties.into_iter().collect();
                json!({"type": "object", "default": {}, "properties": properties, "anyOf": [{"required": ["a"]}, {"maxProperties": 2}]})
            }),
        ]
    })
}

fn parsed(property: Value) -> Structural {
    Structural::parse(&json!({"type": "object", "properties": {"spec": property}}))
        .unwrap_or_else(|errors| panic!("{:#?}", texts(&errors)))
}

proptest! {
    #[test]
    fn pruning_twice_is_pruning_once(schema in any_schema(), spec in any_json()) {
        let schema = parsed(without_defaults(schema));
        let mut once = json!({"spec": spec});
        schema.prune(&mut once);
        let mut twice = once.clone();
        prop_assert!(schema.prune(&mut twice).is_empty());
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn defaults_fill_once(schema in any_schema(), spec in any_json()) {
        let Ok(schema) = Structural::parse(&json!({"type": "object", "properties": {"spec": schema}})) else {
            return Ok(());
        };
        let mut once = json!({"spec": spec});
        schema.default(&mut once);
        let mut twice = once.clone();
        schema.default(&mut twice);
        prop_assert_eq!(&once, &twice);
        schema.validate(&once, None);
    }

    #[test]
    fn what_did_not_change_is_never_objected_to(schema in any_schema(), spec in any_json()) {
        let schema = parsed(without_defaults(schema));
        let mut object = json!({"spec": spec});
        schema.prune(&mut object);
        prop_assert_eq!(texts(&schema.validate(&object, Some(&object))), Vec::<String>::new());
    }

    #[test]
    fn any_json_is_a_schema_or_is_refused(schema in any_json(), object in any_json()) {
        if let Ok(schema) = Structural::parse(&schema) {
            schema.validate(&object, None);
        }
    }
}

// A default may be one that its own schema refuses, and such a schema is none.
fn without_defaults(schema: Value) -> Value {
    match schema {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| name != "default")
            .map(|(name, value)| (name, without_defaults(value)))
            .collect::<Map<_, _>>()
            .into(),
        other => other,
    }
}
