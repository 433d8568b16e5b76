use serde_json::json;

use super::*;

fn patched_kind(group: &str, kind: &str, object: Value, patch: Value) -> Result<Value, PatchError> {
    let Value::Object(object) = object else {
        panic!("an object")
    };
    apply(object, patch, &MergedLists::of(group, kind)).map(Value::Object)
}

fn patched(object: Value, patch: Value) -> Value {
    patched_kind("", "ServiceAccount", object, patch).unwrap()
}

fn refused(patch: Value) -> PatchError {
    let object = json!({
        "metadata": {"finalizers": ["a"], "ownerReferences": [{"uid": "1"}]},
        "secrets": [{"name": "a"}],
        "imagePullSecrets": [{"name": "a"}],
    });
    patched_kind("", "ServiceAccount", object, patch).unwrap_err()
}

#[test]
fn members_merge_null_removes_and_lists_without_a_key_are_replaced() {
    let object = json!({"metadata": {"labels": {"a": "1", "b": "2"}}, "imagePullSecrets": [{"name": "x"}]});
    let patch = json!({"metadata": {"labels": {"a": null, "c": "3"}}, "imagePullSecrets": [{"name": "y"}], "no": null});
    let expected = json!({"metadata": {"labels": {"b": "2", "c": "3"}}, "imagePullSecrets": [{"name": "y"}]});
    assert_eq!(patched(object, patch), expected);
}

#[test]
fn finalizers_are_a_set_in_which_those_of_the_patch_come_first_if_new() {
    let object = json!({"metadata": {"finalizers": ["a", "b", "c"]}});
    let patch = json!({"metadata": {"finalizers": ["d", "b"]}});
    assert_eq!(
        patched(object, patch),
        json!({"metadata": {"finalizers": ["d", "a", "b", "c"]}})
    );
}

#[test]
fn finalizers_are_taken_out_by_the_directive() {
    let object = json!({"metadata": {"finalizers": ["a", "b", "c"]}});
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["b", "x"]}});
    assert_eq!(
        patched(object, patch),
        json!({"metadata": {"finalizers": ["a", "c"]}})
    );
    let absent = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["b"]}});
    assert_eq!(patched(json!({"metadata": {}}), absent), json!({"metadata": {}}));
}

#[test]
fn items_of_a_merged_list_are_found_by_their_key() {
    let object = json!({"secrets": [{"name": "a", "kind": "x"}, {"name": "b"}]});
    let patch = json!({"secrets": [{"name": "b", "uid": "u"}, {"name": "c"}]});
    let expected = json!({"secrets": [{"name": "a", "kind": "x"}, {"name": "b", "uid": "u"}, {"name": "c"}]});
    assert_eq!(patched(object, patch), expected);
}

#[test]
fn owner_references_merge_by_uid_whatever_the_kind() {
    let object =
        json!({"metadata": {"ownerReferences": [{"uid": "1", "name": "a"}, {"uid": "2", "name": "b"}]}});
    let patch = json!({"metadata": {"ownerReferences": [{"uid": "2", "controller": true}, {"uid": "1", "$patch": "delete"}]}});
    let expected = json!({"metadata": {"ownerReferences": [{"uid": "2", "name": "b", "controller": true}]}});
    assert_eq!(
        patched_kind("coordination.k8s.io", "Lease", object, patch).unwrap(),
        expected
    );
}

#[test]
fn the_lists_of_a_policy_merge_by_name_and_its_validations_are_replaced() {
    let object = json!({"spec": {"variables": [{"name": "v", "expression": "1"}], "validations": [{"expression": "a"}]}});
    let patch = json!({"spec": {"variables": [{"name": "w", "expression": "2"}], "validations": [{"expression": "b"}]}});
    let merged = patched_kind(
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicy",
        object,
        patch,
    )
    .unwrap();
    let variables = json!([{"name": "w", "expression": "2"}, {"name": "v", "expression": "1"}]);
    assert_eq!(
        merged,
        json!({"spec": {"variables": variables, "validations": [{"expression": "b"}]}})
    );
}

#[test]
fn a_directive_replaces_or_deletes_a_whole_object() {
    let object = json!({"metadata": {"labels": {"a": "1"}, "annotations": {"b": "2"}}});
    let patch =
        json!({"metadata": {"labels": {"$patch": "replace", "c": "3"}, "annotations": {"$patch": "delete"}}});
    assert_eq!(
        patched(object, patch),
        json!({"metadata": {"labels": {"c": "3"}, "annotations": {}}})
    );
}

#[test]
fn a_directive_replaces_a_whole_list() {
    let object = json!({"secrets": [{"name": "a"}, {"name": "b"}]});
    let patch = json!({"secrets": [{"$patch": "replace"}, {"name": "c"}]});
    assert_eq!(patched(object, patch), json!({"secrets": [{"name": "c"}]}));
}

#[test]
fn what_is_new_keeps_neither_nulls_nor_directives() {
    let patch =
        json!({"new": {"a": null, "b": {"$patch": "delete"}, "l": [{"$patch": "delete"}, {"c": null}]}});
    assert_eq!(patched(json!({}), patch), json!({"new": {"l": [{}]}}));
}

#[test]
fn the_wanted_order_holds_and_others_keep_their_place() {
    let object = json!({"secrets": [{"name": "a"}, {"name": "x"}, {"name": "b"}, {"name": "c"}]});
    let patch = json!({
        "$setElementOrder/secrets": [{"name": "c"}, {"name": "b"}, {"name": "d"}],
        "secrets": [{"name": "d"}, {"name": "a", "$patch": "delete"}],
    });
    assert_eq!(
        patched(object, patch),
        json!({"secrets": [{"name": "x"}, {"name": "c"}, {"name": "b"}, {"name": "d"}]})
    );
}

#[test]
fn the_order_of_scalars_can_be_set_alone() {
    let object = json!({"metadata": {"finalizers": ["a", "b", "c"]}});
    let patch = json!({"metadata": {"$setElementOrder/finalizers": ["c", "a"]}});
    assert_eq!(
        patched(object, patch),
        json!({"metadata": {"finalizers": ["b", "c", "a"]}})
    );
}

#[test]
fn only_retained_keys_stay() {
    let object = json!({"data": {"a": "1", "b": "2"}});
    let patch = json!({"data": {"$retainKeys": ["b", "c"], "c": "3", "a": null}});
    assert_eq!(patched(object, patch), json!({"data": {"b": "2", "c": "3"}}));
}

#[test]
fn malformed_directives_are_bad_requests() {
    for (patch, text) in [
        (
            json!({"metadata": {"$retainKeys": "x"}}),
            "invalid patch format of retainKeys",
        ),
        (
            json!({"metadata": {"$retainKeys": [], "name": "x"}}),
            "invalid patch format of retainKeys",
        ),
        (
            json!({"metadata": {"$deleteFromPrimitiveListfinalizers": []}}),
            "invalid patch format of primitive list",
        ),
        (
            json!({"metadata": {"$setElementOrder": []}}),
            "invalid patch format of setElementOrder list",
        ),
        (
            json!([]),
            "json: cannot unmarshal array into Go value of type map[string]interface {}",
        ),
    ] {
        assert_eq!(refused(patch), PatchError::BadRequest(text.to_owned()));
    }
}

#[test]
fn what_the_server_has_no_better_answer_to_keeps_its_text() {
    for (patch, text) in [
        (
            json!({"secrets": [{"uid": "b"}]}),
            "map: map[uid:b] does not contain declared merge key: name",
        ),
        (
            json!({"secrets": ["b"]}),
            "list element types are not identical: [[map[name:a]] [b]]",
        ),
        (
            json!({"metadata": {"finalizers": [1]}}),
            "list element types are not identical: [[a] [1]]",
        ),
        (
            json!({"metadata": {"$patch": "merge"}}),
            "unknown patch type: merge in map: map[$patch:merge]",
        ),
        (
            json!({"secrets": [{"$patch": "merge"}]}),
            "merging lists cannot yet be specified in the patch",
        ),
        (
            json!({"$setElementOrder/secrets": [{"name": "a"}], "secrets": [{"name": "b"}]}),
            "The order in patch list:\n[map[name:b]]\n doesn't match $setElementOrder list:\n[map[name:a]]\n",
        ),
        (
            json!({"$deleteFromPrimitiveList/imagePullSecrets": [{"name": "a"}]}),
            "cannot merge lists without merge key for struct",
        ),
    ] {
        let error = refused(patch);
        assert_eq!(
            (error.code(), error.reason(), error.to_string().as_str()),
            (500, "", text)
        );
    }
}

#[test]
fn long_lists_merge_in_reasonable_time() {
    let names = |from: usize| {
        (from..from + 20_000)
            .map(|name| json!(name.to_string()))
            .collect::<Vec<_>>()
    };
    let merged = patched(
        json!({"metadata": {"finalizers": names(0)}}),
        json!({"metadata": {"finalizers": names(10_000)}}),
    );
    assert_eq!(merged["metadata"]["finalizers"].as_array().unwrap().len(), 30_000);
}
