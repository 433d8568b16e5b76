//! What holds for every input of the pure parts of the embedded control plane.
//!
//! The fuzz targets hold it against what libFuzzer invents, the tests against the seeds.

use campanile::standalone::{
    body::{self, Format},
    patch::{json, merge, strategic},
    protobuf,
    selector::{FieldSelector, LabelSelector, SelectableFields},
};
use serde_json::{Map, Value};

/// A selector that is read prints as one that reads as itself, and matches without a panic.
pub(crate) fn selectors(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(labels) = LabelSelector::parse(&text) {
        let printed = labels.to_string();
        assert_eq!(
            LabelSelector::parse(&printed).map(|labels| labels.to_string()),
            Ok(printed)
        );
        labels.matches(|key| (key.len() > 3).then_some("value"));
    }
    let fields = SelectableFields::custom(true, ["spec.x"]);
    if let Ok(selector) = FieldSelector::parse(&text, &fields) {
        assert_eq!(FieldSelector::parse(&selector.to_string(), &fields), Ok(selector));
    }
}

/// Three bodies, one after the other on lines of their own: an object and two patches of any kind.
pub(crate) fn patches(bytes: &[u8]) {
    let mut lines = bytes.splitn(3, |byte| *byte == b'\n');
    let Some(Value::Object(object)) = lines.next().and_then(parsed) else {
        return;
    };
    for patch in lines.filter_map(parsed) {
        merged_alike_twice(&object, &patch);
        for kind in ["Namespace", "ServiceAccount"] {
            let merged = strategic::apply(
                object.clone(),
                patch.clone(),
                &strategic::MergedLists::of("", kind),
            );
            assert!(merged.is_ok() || !merged.unwrap_err().to_string().is_empty());
        }
        if let Ok(patched) = json::apply(object.clone(), &patch) {
            let text = Value::Object(patched).to_string();
            assert!(
                serde_json::from_str::<Value>(&text).is_ok(),
                "what was patched can be read back"
            );
        }
    }
}

fn parsed(bytes: &[u8]) -> Option<Value> {
    body::decode(Format::Json, bytes).ok().map(|body| body.value)
}

fn merged_alike_twice(object: &Map<String, Value>, patch: &Value) {
    let mut once = object.clone();
    if merge::apply(&mut once, patch.clone()).is_ok() {
        let mut twice = once.clone();
        assert!(merge::apply(&mut twice, patch.clone()).is_ok());
        assert_eq!(once, twice, "a merge patch changes nothing the second time");
    }
}

/// A body that is read has its kind; none is much larger than its bytes.
pub(crate) fn protobuf(bytes: &[u8]) {
    let Ok(object) = protobuf::decode(bytes) else {
        return;
    };
    assert!(object["kind"].is_string() && object["apiVersion"].is_string());
    assert!(object.to_string().len() <= 64 * bytes.len());
}
