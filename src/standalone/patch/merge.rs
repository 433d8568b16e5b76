//! JSON merge patch. Unlike RFC 7386 the API server also drops null members from objects in new lists.

use serde_json::{Map, Value};

use super::{PatchError, json_type};

/// Merges a patch into an object: null removes a member, an object is merged, anything else replaces.
pub fn apply(object: &mut Map<String, Value>, patch: Value) -> Result<(), PatchError> {
    let Value::Object(patch) = patch else {
        let kind = json_type(&patch);
        let target = "Go value of type map[string]interface {}";
        return Err(PatchError::BadRequest(format!(
            "error decoding patch: json: cannot unmarshal {kind} into {target}"
        )));
    };
    merge(object, patch);
    Ok(())
}

fn merge(object: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, change) in patch {
        match (object.get_mut(&name), change) {
            (_, Value::Null) => {
                object.shift_remove(&name);
            }
            (Some(Value::Object(member)), Value::Object(change)) => merge(member, change),
            // An object that is replaced by something else takes it as it is, nulls included.
            (Some(member @ Value::Object(_)), change) => *member = change,
            (_, mut change) => {
                drop_nulls(&mut change);
                object.insert(name, change);
            }
        }
    }
}

/// Takes every null out of the objects in a value, at any depth.
pub(super) fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(object: Value, patch: Value) -> Value {
        let Value::Object(mut object) = object else {
            panic!("an object")
        };
        apply(&mut object, patch).unwrap();
        Value::Object(object)
    }

    #[test]
    fn null_removes_objects_merge_and_the_rest_replaces() {
        let object = json!({"a": 1, "b": {"c": 1, "d": 2}, "l": [1, 2], "n": null});
        let patch = json!({"a": null, "b": {"c": null, "e": {"f": null}}, "l": [3], "n": {"x": 1, "y": null}, "z": null});
        assert_eq!(
            merged(object, patch),
            json!({"b": {"d": 2, "e": {}}, "l": [3], "n": {"x": 1}})
        );
    }

    #[test]
    fn nulls_go_from_objects_in_new_lists_but_not_where_a_list_replaces_an_object() {
        let patch = json!({"l": [{"a": null, "b": 1}, null], "o": [{"a": null}]});
        let expected = json!({"l": [{"b": 1}, null], "o": [{"a": null}]});
        assert_eq!(merged(json!({"l": [1], "o": {}}), patch), expected);
    }

    #[test]
    fn a_patch_that_is_no_object_is_refused() {
        let error = apply(&mut Map::new(), json!([])).unwrap_err();
        assert_eq!((error.code(), error.reason()), (400, "BadRequest"));
        assert_eq!(
            error.to_string(),
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
        );
    }
}
