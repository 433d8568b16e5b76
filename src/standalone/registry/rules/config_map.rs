//! ConfigMaps: keys, the total of the values, and what stays when they are immutable.

use serde_json::{Value, json};

use super::{object, secret};
use crate::standalone::{registry::names, status::Cause};

pub(super) fn findings(map: &Value) -> Vec<Cause> {
    let mut findings = Vec::new();
    let binary = object::map(map, "/binaryData");
    let mut bytes = 0;
    for (key, value) in object::map(map, "/data").into_iter().flatten() {
        let field = format!("data[{key}]");
        findings.extend(key_findings(&field, key));
        if binary.is_some_and(|binary| binary.contains_key(key)) {
            let detail = "duplicate of key present in binaryData";
            findings.push(Cause::invalid(&field, &json!(key), detail));
        }
        bytes += value.as_str().unwrap_or_default().len();
    }
    for (key, value) in binary.into_iter().flatten() {
        findings.extend(key_findings(&format!("binaryData[{key}]"), key));
        bytes += secret::decoded_length(value);
    }
    if bytes > secret::DATA_LIMIT {
        findings.push(Cause::too_long("[]", secret::DATA_LIMIT));
    }
    findings
}

fn key_findings(field: &str, key: &str) -> Vec<Cause> {
    let problems = names::data_key_problems(key);
    let findings = problems
        .iter()
        .map(|problem| Cause::invalid(field, &json!(key), problem));
    findings.collect()
}

pub(super) fn update_findings(new: &Value, old: &Value) -> Vec<Cause> {
    secret::immutability_findings(new, old, &["data", "binaryData"])
}
