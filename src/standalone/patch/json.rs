//! JSON patch as the API server applies it.
//!
//! Its library takes liberties with RFC 6902 that clients can see, which is why this is not a library of ours: `replace`
//! of an absent member of an object adds it, `copy` of an absent member adds null, `test` takes an absent member for
//! null, list indices may count from the end, and what stands before the first `/` of a path is ignored.

use serde_json::{Map, Value};

use super::{PatchError, json_type};

/// The server's bound on the operations of one patch.
pub const MAX_OPERATIONS: usize = 10_000;
/// The server's bound on the bytes that all `copy` operations of one patch add: 3 MiB.
pub const MAX_COPIED_BYTES: usize = 3 * 1024 * 1024;
/// How deep an object may be nested when all is done; what is stored is read back with a bound of 128.
pub const MAX_DEPTH: usize = 120;
/// How deep it may get in between: a stack of 2 MiB has room for a few thousand levels.
const MAX_DEPTH_MEANWHILE: usize = 1_000;

const KNOWN_FIELDS: [&str; 4] = ["op", "path", "from", "value"];

/// Applies a patch, a list of operations, to an object; all or nothing is up to the caller, who keeps the original.
pub fn apply(object: Map<String, Value>, patch: &Value) -> Result<Map<String, Value>, PatchError> {
    let operations = operations(patch)?;
    let object = Value::Object(object);
    let mut work = Work {
        deepest: depth(&object),
        document: object,
        copied: 0,
    };
    for operation in operations {
        work.apply(operation).map_err(PatchError::inapplicable)?;
        if work.deepest > MAX_DEPTH_MEANWHILE {
            return Err(PatchError::inapplicable("the patch nests values too deep"));
        }
    }
    match work.document {
        Value::Object(object) if work.deepest <= MAX_DEPTH || within(&object, MAX_DEPTH) => Ok(object),
        Value::Object(_) => Err(PatchError::inapplicable("the patched object is nested too deep")),
        _ => Err(PatchError::inapplicable("the patched document is no object")),
    }
}

/// Names the members of operations that no JSON patch has, as field validation reports them.
pub fn unknown_fields(patch: &Value) -> Vec<String> {
    let operations = patch.as_array().into_iter().flatten().enumerate();
    let unknown = operations.flat_map(|(index, operation)| {
        let names = operation.as_object().into_iter().flat_map(Map::keys);
        let names = names.filter(|name| !KNOWN_FIELDS.contains(&name.as_str()));
        names.map(move |name| format!("json patch unknown field \"[{index}].{name}\""))
    });
    unknown.collect()
}

fn operations(patch: &Value) -> Result<&[Value], PatchError> {
    let Value::Array(operations) = patch else {
        return Err(undecodable(patch, "Go value of type []handlers.jsonPatchOp"));
    };
    if operations.len() > MAX_OPERATIONS {
        let sent = operations.len();
        let text = format!("The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {sent}");
        return Err(PatchError::TooLarge(text));
    }
    operations.iter().try_for_each(check)?;
    Ok(operations)
}

fn check(operation: &Value) -> Result<(), PatchError> {
    let members = match operation {
        Value::Object(members) => members,
        Value::Null => return Ok(()),
        other => return Err(undecodable(other, "Go value of type handlers.jsonPatchOp")),
    };
    for name in ["op", "path", "from"] {
        match members.get(name) {
            None | Some(Value::String(_) | Value::Null) => {}
            Some(other) => {
                return Err(undecodable(
                    other,
                    &format!("Go struct field jsonPatchOp.{name} of type string"),
                ));
            }
        }
    }
    Ok(())
}

fn undecodable(value: &Value, target: &str) -> PatchError {
    let kind = json_type(value);
    PatchError::BadRequest(format!(
        "error decoding patch: json: cannot unmarshal {kind} into {target}"
    ))
}

struct Work {
    document: Value,
    copied: usize,
    /// Never less than the document's depth.
    deepest: usize,
}

impl Work {
    fn apply(&mut self, operation: &Value) -> Result<(), String> {
        let text = |name: &str| operation.get(name).and_then(Value::as_str);
        let path = || text("path").ok_or("the operation has no path");
        let value = || operation.get("value").cloned().unwrap_or(Value::Null);
        match text("op").unwrap_or("unknown") {
            "add" => self.add(path()?, value()),
            "remove" => self.remove(path()?).map(|_| ()),
            "replace" => self.replace(path()?, value()),
            "test" => self.test(path()?, &value()),
            "move" => self.relocate(text("from").ok_or("the operation has no from")?, path()?),
            "copy" => self.copy(text("from").ok_or("the operation has no from")?, path()?),
            other => Err(format!("Unexpected kind: {other}")),
        }
    }

    fn add(&mut self, path: &str, value: Value) -> Result<(), String> {
        self.deepest = self.deepest.max(steps(path) + depth(&value));
        self.insert(path, value)
    }

    fn insert(&mut self, path: &str, value: Value) -> Result<(), String> {
        let (parent, key) = self.parent(path)?;
        match parent {
            Parent::Object(members) => {
                members.insert(key, value);
            }
            Parent::List(items) => {
                let index = if key == "-" {
                    items.len()
                } else {
                    index(&key, items.len() + 1)?
                };
                items.insert(index, value);
            }
        }
        Ok(())
    }

    fn remove(&mut self, path: &str) -> Result<Value, String> {
        let (parent, key) = self.parent(path)?;
        match parent {
            Parent::Object(members) => members
                .shift_remove(&key)
                .ok_or_else(|| format!("Unable to remove nonexistent key: {key}")),
            Parent::List(items) => {
                let index = index(&key, items.len())?;
                Ok(items.remove(index))
            }
        }
    }

    fn replace(&mut self, path: &str, value: Value) -> Result<(), String> {
        self.deepest = self.deepest.max(steps(path) + depth(&value));
        if path.is_empty() {
            self.document = value;
            return Ok(());
        }
        let (parent, key) = self.parent(path)?;
        match parent {
            Parent::Object(members) => {
                members.insert(key, value);
            }
            Parent::List(items) => {
                let index = index(&key, items.len())?;
                items
                    .get_mut(index)
                    .map(|item| *item = value)
                    .ok_or("no such index")?;
            }
        }
        Ok(())
    }

    fn test(&mut self, path: &str, expected: &Value) -> Result<(), String> {
        let found = if path.is_empty() {
            Some(&self.document)
        } else {
            self.get(path)?
        };
        if found.unwrap_or(&Value::Null) == expected {
            return Ok(());
        }
        Err(format!("testing value {path} failed: test failed"))
    }

    fn relocate(&mut self, from: &str, path: &str) -> Result<(), String> {
        let value = self.remove(from)?;
        // What is moved reaches at most as deep below its new place as it did below its old one.
        self.deepest = self
            .deepest
            .max(steps(path) + self.deepest.saturating_sub(steps(from)));
        self.insert(path, value)
    }

    fn copy(&mut self, from: &str, path: &str) -> Result<(), String> {
        let value = self.get(from)?.cloned().unwrap_or(Value::Null);
        self.copied = self.copied.saturating_add(value.to_string().len());
        if self.copied > MAX_COPIED_BYTES {
            return Err(format!("copies of more than {MAX_COPIED_BYTES} bytes"));
        }
        self.deepest = self
            .deepest
            .max(steps(path) + self.deepest.saturating_sub(steps(from)));
        self.insert(path, value)
    }

    fn get(&mut self, path: &str) -> Result<Option<&Value>, String> {
        let (parent, key) = self.parent(path)?;
        match parent {
            Parent::Object(members) => Ok(members.get(&key)),
            Parent::List(items) => {
                let index = index(&key, items.len())?;
                Ok(items.get(index))
            }
        }
    }

    /// Finds the object or list that holds the last step of a path, and that step.
    fn parent(&mut self, path: &str) -> Result<(Parent<'_>, String), String> {
        let missing = || format!("doc is missing path: \"{path}\"");
        let (_, steps) = path.split_once('/').ok_or_else(missing)?;
        let (parents, key) = match steps.rsplit_once('/') {
            Some((parents, key)) => (Some(parents), key),
            None => (None, steps),
        };
        let mut place = &mut self.document;
        for step in parents.into_iter().flat_map(|parents| parents.split('/')) {
            let step = unescaped(step);
            place = match place {
                Value::Object(members) => members.get_mut(&step),
                Value::Array(items) => index(&step, items.len())
                    .ok()
                    .and_then(|index| items.get_mut(index)),
                _ => None,
            }
            .ok_or_else(missing)?;
        }
        match place {
            Value::Object(members) => Ok((Parent::Object(members), unescaped(key))),
            Value::Array(items) => Ok((Parent::List(items), unescaped(key))),
            _ => Err(missing()),
        }
    }
}

enum Parent<'a> {
    Object(&'a mut Map<String, Value>),
    List(&'a mut Vec<Value>),
}

/// `~1` is `/` and `~0` is `~`, in one pass.
fn unescaped(step: &str) -> String {
    step.split("~0")
        .map(|part| part.replace("~1", "/"))
        .collect::<Vec<_>>()
        .join("~")
}

/// Reads an index below `bound`; a negative one counts from there backwards.
fn index(key: &str, bound: usize) -> Result<usize, String> {
    let invalid = || format!("Unable to access invalid index: {key}");
    let wanted: i64 = key.parse().map_err(|_| invalid())?;
    let index = match usize::try_from(wanted) {
        Ok(index) => Some(index),
        Err(_) => usize::try_from(wanted.unsigned_abs())
            .ok()
            .and_then(|back| bound.checked_sub(back)),
    };
    index.filter(|index| *index < bound).ok_or_else(invalid)
}

fn steps(path: &str) -> usize {
    path.matches('/').count()
}

/// How many levels a value has; a scalar has one. Only for values that came from a parser, whose depth is bounded.
fn depth(value: &Value) -> usize {
    1 + match value {
        Value::Object(members) => members.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn within(object: &Map<String, Value>, levels: usize) -> bool {
    levels > 0 && object.values().all(|member| value_within(member, levels - 1))
}

fn value_within(value: &Value, levels: usize) -> bool {
    match value {
        _ if levels == 0 => false,
        Value::Object(members) => members.values().all(|member| value_within(member, levels - 1)),
        Value::Array(items) => items.iter().all(|item| value_within(item, levels - 1)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(object: Value, patch: &Value) -> Result<Value, PatchError> {
        let Value::Object(object) = object else {
            panic!("an object")
        };
        apply(object, patch).map(Value::Object)
    }

    #[test]
    fn each_operation_does_what_it_says() {
        let object = json!({"a": {"b": [1, 2, 3]}, "c~/d": "x"});
        let patch = json!([
            {"op": "test", "path": "/a/b/0", "value": 1},
            {"op": "add", "path": "/a/b/1", "value": 9},
            {"op": "add", "path": "/a/b/-", "value": 4},
            {"op": "remove", "path": "/a/b/0"},
            {"op": "replace", "path": "/c~0~1d", "value": "y"},
            {"op": "move", "from": "/a/b/0", "path": "/moved"},
            {"op": "copy", "from": "/a/b", "path": "/copied"},
        ]);
        let expected = json!({"a": {"b": [2, 3, 4]}, "c~/d": "y", "moved": 9, "copied": [2, 3, 4]});
        assert_eq!(patched(object, &patch).unwrap(), expected);
    }

    #[test]
    fn the_servers_liberties_are_taken() {
        let patch = json!([
            {"op": "replace", "path": "/absent", "value": 1},
            {"op": "copy", "from": "/nothing", "path": "/null"},
            {"op": "test", "path": "/nowhere", "value": null},
            {"op": "test", "path": "/nowhere"},
            {"op": "remove", "path": "/l/-1"},
            {"op": "add", "path": "/l/-1", "value": 7},
            {"op": "add", "path": "ignored/x"},
        ]);
        let expected = json!({"l": [1, 7], "absent": 1, "null": null, "x": null});
        assert_eq!(patched(json!({"l": [1, 2]}), &patch).unwrap(), expected);
    }

    #[test]
    fn what_cannot_be_done_is_unprocessable_and_the_cause_is_known() {
        for (operation, cause) in [
            (
                json!({"op": "test", "path": "/a", "value": 2}),
                "testing value /a failed: test failed",
            ),
            (
                json!({"op": "remove", "path": "/b"}),
                "Unable to remove nonexistent key: b",
            ),
            (
                json!({"op": "add", "path": "/b/c", "value": 1}),
                "doc is missing path: \"/b/c\"",
            ),
            (
                json!({"op": "add", "path": "", "value": {}}),
                "doc is missing path: \"\"",
            ),
            (
                json!({"op": "add", "path": "/a/b", "value": 1}),
                "doc is missing path: \"/a/b\"",
            ),
            (
                json!({"op": "add", "path": "/l/5", "value": 1}),
                "Unable to access invalid index: 5",
            ),
            (
                json!({"op": "replace", "path": "/l/-", "value": 1}),
                "Unable to access invalid index: -",
            ),
            (json!({"op": "merge", "path": "/a"}), "Unexpected kind: merge"),
            (json!({"op": "add"}), "the operation has no path"),
            (
                json!({"op": "replace", "path": "", "value": 1}),
                "the patched document is no object",
            ),
        ] {
            let error = patched(json!({"a": 1, "l": [1]}), &json!([operation])).unwrap_err();
            assert_eq!((error.code(), error.reason()), (422, "Invalid"), "{operation}");
            assert_eq!(error, PatchError::inapplicable(cause));
        }
    }

    #[test]
    fn what_is_no_json_patch_is_a_bad_request() {
        for (patch, text) in [
            (
                json!({}),
                "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
            ),
            (
                json!(["x"]),
                "error decoding patch: json: cannot unmarshal string into Go value of type handlers.jsonPatchOp",
            ),
            (
                json!([{"op": 1}]),
                "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
            ),
        ] {
            assert_eq!(
                patched(json!({}), &patch),
                Err(PatchError::BadRequest(text.to_owned()))
            );
        }
        assert_eq!(
            unknown_fields(&json!([{"op": "test", "extra": 1}])),
            ["json patch unknown field \"[0].extra\""]
        );
    }

    #[test]
    fn operations_are_bounded() {
        let test = json!({"op": "test", "path": "/a", "value": 1});
        assert!(patched(json!({"a": 1}), &Value::Array(vec![test.clone(); MAX_OPERATIONS])).is_ok());
        let error = patched(json!({"a": 1}), &Value::Array(vec![test; MAX_OPERATIONS + 1])).unwrap_err();
        assert_eq!((error.code(), error.reason()), (413, "RequestEntityTooLarge"));
        let message =
            "Request entity is too large: The allowed maximum operations in a JSON patch is 10000, got 10001";
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn copies_that_double_and_double_are_stopped() {
        let double = json!({"op": "copy", "from": "/a", "path": "/a/-"});
        let error = patched(json!({"a": ["x"]}), &Value::Array(vec![double; 100])).unwrap_err();
        assert_eq!(error.code(), 422);
    }

    #[test]
    fn moves_that_nest_and_nest_are_stopped() {
        let nested = (0..60).fold(json!({}), |inner, _| json!({"x": inner}));
        let down = format!("/b{}", "/x".repeat(60));
        let operations = [
            json!({"op": "add", "path": "/b", "value": nested}),
            json!({"op": "move", "from": "/a", "path": down}),
            json!({"op": "move", "from": "/b", "path": "/a"}),
        ];
        let patch: Vec<Value> = operations.into_iter().cycle().take(3 * 1000).collect();
        assert_eq!(
            patched(json!({"a": {}}), &Value::Array(patch))
                .unwrap_err()
                .code(),
            422
        );
    }

    #[test]
    fn many_moves_of_shallow_values_are_fine() {
        let operations = [
            json!({"op": "move", "from": "/a", "path": "/b"}),
            json!({"op": "move", "from": "/b", "path": "/a"}),
        ];
        let patch: Vec<Value> = operations.into_iter().cycle().take(2_000).collect();
        assert_eq!(
            patched(json!({"a": {"x": 1}}), &Value::Array(patch)).unwrap(),
            json!({"a": {"x": 1}})
        );
    }
}
