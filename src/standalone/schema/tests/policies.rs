use serde_json::{Value, json};

use crate::standalone::schema::admission::{Asked, Binding, Decision, Policy, decide};

fn policy(change: impl FnOnce(&mut Value)) -> Policy {
    let mut object = json!({"metadata": {"name": "p"}, "spec": {
        "matchConstraints": {"resourceRules": [{
            "apiGroups": ["example.com"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["widgets"]
        }]},
        "validations": [{"expression": "object.spec.size <= 5"}]
    }});
    change(&mut object["spec"]);
    Policy::read(&object).unwrap()
}

fn binding(actions: &[&str]) -> Binding {
    Binding::read(
        &json!({"metadata": {"name": "b"}, "spec": {"policyName": "p", "validationActions": actions}}),
    )
}

fn decided(policy: Policy, actions: &[&str], object: &Value) -> Decision {
    let asked = Asked {
        operation: "CREATE",
        group: "example.com",
        version: "v1",
        resource: "widgets",
        kind: "Widget",
        name: "w",
        namespace: "n",
        user: json!({"username": "ada", "groups": ["team"]}),
        object: Some(object),
        ..Asked::default()
    };
    decide(&[policy], &[binding(actions)], &asked)
}

fn widget(size: i64) -> Value {
    json!({"metadata": {"name": "w", "labels": {"team": "red"}}, "spec": {"size": size}})
}

fn refusal(policy: Policy, size: i64) -> Option<String> {
    decided(policy, &["Deny"], &widget(size))
        .denied
        .map(|denial| denial.message)
}

#[test]
fn a_request_is_denied_in_the_real_servers_words() {
    let says = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ";
    assert_eq!(refusal(policy(|_| ()), 5), None);
    assert_eq!(
        refusal(policy(|_| ()), 6),
        Some(format!("{says}failed expression: object.spec.size <= 5"))
    );
    let with_message = policy(|spec| {
        spec["variables"] = json!([{"name": "limit", "expression": "5"}]);
        spec["validations"] = json!([{
            "expression": "object.spec.size <= variables.limit",
            "messageExpression": "request.userInfo.username + ': at most ' + string(variables.limit)",
            "reason": "Forbidden"
        }]);
    });
    let denial = decided(with_message, &["Deny"], &widget(6)).denied.unwrap();
    assert_eq!(denial.message, format!("{says}ada: at most 5"));
    assert_eq!(denial.reason, "Forbidden");
}

#[test]
fn bindings_may_warn_and_write_down_instead() {
    let decision = decided(policy(|_| ()), &["Warn", "Audit"], &widget(6));
    assert_eq!(decision.denied, None);
    assert_eq!(
        decision.warnings,
        [
            "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': failed expression: object.spec.size <= 5"
        ]
    );
    assert!(
        decision
            .audit_annotations
            .contains_key("validation.policy.admission.k8s.io/validation_failure")
    );
}

#[test]
fn what_is_not_meant_is_not_asked() {
    for change in [
        (|spec| {
            spec["matchConditions"] =
                json!([{"name": "not-ada", "expression": "request.userInfo.username != 'ada'"}])
        }) as fn(&mut Value),
        |spec| spec["matchConstraints"]["resourceRules"][0]["operations"] = json!(["DELETE"]),
        |spec| spec["matchConstraints"]["resourceRules"][0]["resources"] = json!(["widgets/status"]),
        |spec| spec["matchConstraints"]["objectSelector"] = json!({"matchLabels": {"team": "blue"}}),
        |spec| {
            spec["matchConstraints"]["excludeResourceRules"] =
                json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}])
        },
    ] {
        assert_eq!(refusal(policy(change), 6), None);
    }
}

#[test]
fn what_cannot_be_evaluated_is_denied_unless_failures_are_ignored() {
    let broken = |failure_policy: &str| {
        let failure_policy = failure_policy.to_owned();
        policy(move |spec| {
            spec["failurePolicy"] = failure_policy.into();
            spec["validations"] = json!([{"expression": "object.spec.none == 1"}]);
        })
    };
    assert_eq!(
        refusal(broken("Fail"), 1).as_deref(),
        Some(
            "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: expression 'object.spec.none == 1' resulted in error: no such key: none"
        )
    );
    assert_eq!(refusal(broken("Ignore"), 1), None);
}

#[test]
fn annotations_are_made_by_expressions() {
    let policy = policy(|spec| {
        spec["auditAnnotations"] =
            json!([{"key": "size", "valueExpression": "'size ' + string(object.spec.size)"}])
    });
    let decision = decided(policy, &["Deny"], &widget(1));
    assert_eq!(
        decision.audit_annotations.get("p/size").map(String::as_str),
        Some("size 1")
    );
}

#[test]
fn a_policy_with_an_expression_that_is_none_is_refused() {
    let object = json!({"metadata": {"name": "p"}, "spec": {"validations": [{"expression": "object."}]}});
    let errors = Policy::read(&object).unwrap_err();
    assert!(
        errors[0]
            .to_string()
            .starts_with("spec.validations[0].expression: Invalid value: \"object.\": compilation failed: ")
    );
}

#[test]
fn an_expression_that_gives_no_truth_value_is_refused() {
    for (validation, expected) in [
        (
            json!({"expression": "1 + 1"}),
            "spec.validations[0].expression: Invalid value: \"1 + 1\": must evaluate to bool but got int",
        ),
        (
            json!({"expression": "object.spec"}),
            "spec.validations[0].expression: Invalid value: \"object.spec\": must evaluate to bool but got dyn",
        ),
        (
            json!({"expression": "true", "messageExpression": "1"}),
            "spec.validations[0].messageExpression: Invalid value: \"1\": must evaluate to string but got int",
        ),
    ] {
        let object = json!({"metadata": {"name": "p"}, "spec": {"validations": [validation]}});
        let errors = Policy::read(&object).unwrap_err();
        assert_eq!(errors[0].to_string(), expected);
    }
}

#[test]
fn a_syntax_error_is_drawn_at_its_place() {
    let validation = json!({"expression": "object.spec >"});
    let object = json!({"metadata": {"name": "p"}, "spec": {"validations": [validation]}});
    let errors = Policy::read(&object).unwrap_err();
    let said = errors[0].to_string();
    assert!(said.ends_with("\n | object.spec >\n | .............^"), "{said}");
}
