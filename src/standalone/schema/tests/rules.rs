use serde_json::{Value, json};

use super::{Structural, refused, said, texts, with_spec};

fn ruled(kind: &str, rules: Value) -> Value {
    json!({"x": {"type": kind, "x-kubernetes-validations": rules}})
}

#[test]
fn a_rule_that_fails_says_its_message() {
    let rules = json!([{"rule": "self > 1", "message": " too small "}]);
    assert_eq!(
        said(ruled("integer", rules), json!({"x": 1})),
        ["spec.x: Invalid value: 1: too small"]
    );
    let rules = json!([{"rule": "self > 1"}]);
    assert_eq!(
        said(ruled("integer", rules.clone()), json!({"x": 1})),
        ["spec.x: Invalid value: 1: failed rule: self > 1"]
    );
    assert!(said(ruled("integer", rules), json!({"x": 2})).is_empty());
}

#[test]
fn a_message_may_be_made_of_the_object() {
    let with = |expression: &str| {
        ruled(
            "integer",
            json!([{"rule": "self > 1", "message": "fixed", "messageExpression": expression}]),
        )
    };
    let made = with("'got ' + string(self)");
    assert_eq!(said(made, json!({"x": 1})), ["spec.x: Invalid value: 1: got 1"]);
    let useless = with("' '");
    assert_eq!(
        said(useless, json!({"x": 1})),
        ["spec.x: Invalid value: 1: fixed"]
    );
}

#[test]
fn reason_and_field_path_shape_the_error() {
    let rule = |reason: &str| {
        json!({"x": {
            "type": "object", "properties": {"y": {"type": "integer"}},
            "x-kubernetes-validations": [
                {"rule": "self.y > 1", "message": "m", "reason": reason, "fieldPath": ".y"}
            ]
        }})
    };
    for (reason, expected) in [
        ("FieldValueInvalid", "spec.x.y: Invalid value: m"),
        ("FieldValueForbidden", "spec.x.y: Forbidden: m"),
        ("FieldValueRequired", "spec.x.y: Required value: m"),
        ("FieldValueDuplicate", "spec.x.y: Duplicate value"),
    ] {
        assert_eq!(said(rule(reason), json!({"x": {"y": 1}})), [expected]);
    }
}

#[test]
fn transition_rules_wait_for_an_old_value() {
    let schema = with_spec(json!({
        "frozen": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "frozen"}]},
        "first": {"type": "string", "x-kubernetes-validations": [
            {"rule": "oldSelf.hasValue() || self == 'a'", "optionalOldSelf": true, "message": "begin with a"}
        ]}
    }));
    let object = |frozen: &str, first: &str| json!({"spec": {"frozen": frozen, "first": first}});
    let old = object("f", "a");
    assert!(schema.validate(&object("f", "b"), Some(&old)).is_empty());
    assert_eq!(
        texts(&schema.validate(&object("g", "b"), Some(&old))),
        ["spec.frozen: Invalid value: \"g\": frozen"]
    );
    assert_eq!(
        texts(&schema.validate(&object("g", "b"), None)),
        ["spec.first: Invalid value: \"b\": begin with a"]
    );
}

#[test]
fn items_of_list_maps_know_their_old_selves() {
    let schema = with_spec(json!({"x": {
        "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
        "items": {
            "type": "object", "required": ["name"],
            "properties": {"name": {"type": "string"}, "size": {"type": "integer"}},
            "x-kubernetes-validations": [{"rule": "self.size >= oldSelf.size", "message": "never smaller"}]
        }
    }}));
    let old = json!({"spec": {"x": [{"name": "a", "size": 2}, {"name": "b", "size": 9}]}});
    let new = json!({"spec": {"x": [{"name": "b", "size": 8}, {"name": "a", "size": 3}]}});
    assert_eq!(
        texts(&schema.validate(&new, Some(&old))),
        ["spec.x[0]: Invalid value: never smaller"]
    );
}

#[test]
fn what_did_not_change_is_only_warned_about() {
    let schema = with_spec(json!({
        "x": {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 1"}]},
        "y": {"type": "integer"}
    }));
    let verdict = schema.judge(
        &json!({"spec": {"x": 1, "y": 2}}),
        Some(&json!({"spec": {"x": 1, "y": 1}})),
    );
    assert!(verdict.errors.is_empty());
    assert_eq!(
        verdict.warnings,
        ["spec.x: Invalid value: 1: failed rule: self > 1"]
    );
}

#[test]
fn rules_at_the_root_see_the_name() {
    let schema = Structural::parse(&json!({
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"my_name": {"type": "string"}}}},
        "x-kubernetes-validations": [{"rule": "self.metadata.name == self.spec.my_name && self.kind == 'A'", "message": "names differ"}]
    }))
    .unwrap();
    let object = |name: &str| json!({"apiVersion": "a/v1", "kind": "A", "metadata": {"name": name, "labels": {}}, "spec": {"my_name": "n"}});
    assert!(schema.validate(&object("n"), None).is_empty());
    assert_eq!(
        texts(&schema.validate(&object("o"), None)),
        ["<nil>: Invalid value: names differ"]
    );
}

#[test]
fn values_have_the_types_of_their_formats() {
    let x = json!({"x": {
        "type": "object",
        "properties": {
            "at": {"type": "string", "format": "date-time"}, "for": {"type": "string", "format": "duration"},
            "part": {"type": "number"}, "either": {"x-kubernetes-int-or-string": true},
            "name-d": {"type": "string"}
        },
        "x-kubernetes-validations": [
            {"rule": "self.at > timestamp('2026-01-01T00:00:00Z')"},
            {"rule": "self.__for__ < duration('2h')"},
            {"rule": "self.part == 1.0"},
            {"rule": "type(self.either) == int ? self.either == 5 : self.either == 'five'"},
            {"rule": "has(self.name__dash__d) && self.name__dash__d.startsWith('n')"},
            {"rule": "cel.bind(d, self.name__dash__d, d == 'n')"}
        ]
    }});
    let spec = |either: Value| json!({"x": {"at": "2026-02-01T00:00:00Z", "for": "1h", "part": 1, "either": either, "name-d": "n"}});
    assert_eq!(said(x.clone(), spec(json!(5))), Vec::<String>::new());
    assert_eq!(said(x, spec(json!("five"))), Vec::<String>::new());
}

#[test]
fn an_object_of_the_wrong_shape_is_not_asked() {
    let rules = json!([{"rule": "self > 1"}]);
    assert_eq!(
        said(ruled("integer", rules), json!({"x": "a"})),
        [
            "spec.x: Invalid value: \"string\": spec.x in body must be of type integer: \"string\"",
            "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
        ]
    );
}

#[test]
fn a_rule_that_does_not_fit_the_value_says_so() {
    let x = json!({"x": {
        "type": "object", "additionalProperties": {"type": "integer"},
        "x-kubernetes-validations": [{"rule": "self['y'] > 1"}]
    }});
    assert_eq!(
        said(x, json!({"x": {"z": 1}})),
        ["spec.x: Invalid value: \"object\": no such key: y evaluating rule: self['y'] > 1"]
    );
}

#[test]
fn rules_that_are_none_are_refused() {
    let at = "spec.validation.openAPIV3Schema.properties[x].x-kubernetes-validations[0]";
    let schema = |rule: Value| json!({"type": "object", "properties": {"x": {"type": "object", "properties": {"y": {"type": "string"}}, "x-kubernetes-validations": [rule]}}});
    for (rule, expected) in [
        (
            json!({"rule": "self.z == ''"}),
            ".rule: Invalid value: {\"Rule\":\"self.z == ''\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: compilation failed: ERROR: <input>:1:5: undefined field 'z'\n | self.z == ''\n | ....^",
        ),
        (
            json!({"rule": "self.y"}),
            ".rule: Invalid value: {\"Rule\":\"self.y\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: cel expression must evaluate to a bool",
        ),
        (
            json!({"rule": "true", "optionalOldSelf": true}),
            ".optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule",
        ),
    ] {
        assert_eq!(refused(schema(rule)), [format!("{at}{expected}")]);
    }
    for rule in ["self.", "other == 1", "self.y.z("] {
        let said = refused(schema(json!({"rule": rule})));
        assert!(
            said.len() == 1 && said[0].contains("compilation failed: ERROR: <input>:1:"),
            "{said:?}"
        );
    }
    let list = json!({"type": "object", "properties": {"x": {"type": "array", "items": {"type": "string", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}}}});
    assert_eq!(
        refused(list),
        [
            "spec.validation.openAPIV3Schema.properties[x].items.x-kubernetes-validations[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within spec.validation.openAPIV3Schema.properties[x]"
        ]
    );
}

#[test]
fn work_is_bounded_before_it_begins() {
    let x = |rule: &str| json!({"x": {"type": "array", "items": {"type": "string"}, "x-kubernetes-validations": [{"rule": rule}]}});
    let many = json!({"x": vec!["a"; 2000]});
    let refused = "call cost exceeds limit";
    for rule in [
        "self.all(a, self.all(b, self.all(c, a == b || b == c)))",
        "lists.range(100000).all(a, lists.range(100000).all(b, a == b))",
        "['aaaaaaaaaa'].map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).map(a, a+a+a+a).size() == 1",
    ] {
        let said = said(x(rule), many.clone());
        assert!(said.len() == 1 && said[0].contains(refused), "{rule}: {said:?}");
    }
    assert!(said(x("self.all(a, a.size() == 1 && a != 'b')"), many).is_empty());
}
