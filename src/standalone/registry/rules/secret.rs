//! Secrets: their types, keys and total, texts that become data, and what stays when they are immutable.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{Change, object};
use crate::standalone::{
    registry::{metadata, names},
    status::Cause,
};

/// All values of a Secret or a ConfigMap together, in bytes.
pub(super) const DATA_LIMIT: usize = 1 << 20;

const OPAQUE: &str = "Opaque";

pub(super) fn default(secret: &mut Value) {
    let texts = object::fields(secret).shift_remove("stringData");
    for (key, value) in texts.iter().filter_map(Value::as_object).flatten() {
        let encoded = BASE64.encode(value.as_str().unwrap_or_default().as_bytes());
        object::child(secret, "data").insert(key.clone(), encoded.into());
    }
    let fields = object::fields(secret);
    fields.entry("type").or_insert_with(|| OPAQUE.into());
}

pub(super) fn prepare_update(change: &mut Change<'_>) {
    if object::text(change.new, "/type").is_empty() {
        object::copy_field(change.new, change.old, "type");
    }
}

pub(super) fn decoded_length(value: &Value) -> usize {
    let text = value.as_str().unwrap_or_default();
    let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
    (text.len() / 4 * 3).saturating_sub(padding)
}

pub(super) fn findings(secret: &Value) -> Vec<Cause> {
    let mut findings = Vec::new();
    let mut bytes = 0;
    for (key, value) in object::map(secret, "/data").into_iter().flatten() {
        for problem in names::data_key_problems(key) {
            let field = format!("data[{key}]");
            findings.push(Cause::invalid(&field, &json!(key), &problem));
        }
        bytes += decoded_length(value);
    }
    if bytes > DATA_LIMIT {
        findings.push(Cause::too_long("data", DATA_LIMIT));
    }
    findings.extend(type_findings(secret));
    findings
}

fn type_findings(secret: &Value) -> Vec<Cause> {
    let data = object::map(secret, "/data");
    let value = |key: &str| data.and_then(|data| data.get(key));
    let absent = |key: &str| {
        let missing = value(key).is_none();
        missing.then(|| Cause::required(&format!("data[{key}]"), ""))
    };
    match object::text(secret, "/type") {
        "kubernetes.io/service-account-token" => {
            let key = "/metadata/annotations/kubernetes.io~1service-account.name";
            let missing = object::text(secret, key).is_empty();
            let field = "metadata.annotations[kubernetes.io/service-account.name]";
            missing.then(|| Cause::required(field, "")).into_iter().collect()
        }
        "kubernetes.io/dockercfg" => docker_findings(value(".dockercfg"), ".dockercfg"),
        "kubernetes.io/dockerconfigjson" => docker_findings(value(".dockerconfigjson"), ".dockerconfigjson"),
        "kubernetes.io/basic-auth" => match (absent("username"), absent("password")) {
            (Some(username), Some(password)) => vec![username, password],
            _ => Vec::new(),
        },
        "kubernetes.io/ssh-auth" => {
            let key = "ssh-privatekey";
            let empty = value(key).is_none_or(object::is_empty);
            let finding = empty.then(|| Cause::required(&format!("data[{key}]"), ""));
            finding.into_iter().collect()
        }
        "kubernetes.io/tls" => [absent("tls.crt"), absent("tls.key")]
            .into_iter()
            .flatten()
            .collect(),
        _ => Vec::new(),
    }
}

/// The content of a registry's configuration is JSON; it is never shown.
fn docker_findings(value: Option<&Value>, key: &str) -> Vec<Cause> {
    let field = format!("data[{key}]");
    let Some(encoded) = value.and_then(Value::as_str) else {
        return vec![Cause::required(&field, "")];
    };
    let decoded = BASE64.decode(encoded.as_bytes()).unwrap_or_default();
    let map = serde_json::from_slice::<serde_json::Map<String, Value>>(&decoded);
    if map.is_ok() {
        return Vec::new();
    }
    let detail = if decoded.is_empty() {
        "unexpected end of JSON input"
    } else {
        "the value is no JSON object"
    };
    vec![Cause::invalid(
        &field,
        &json!("<secret contents redacted>"),
        detail,
    )]
}

pub(super) fn update_findings(new: &Value, old: &Value) -> Vec<Cause> {
    let mut found: Vec<Cause> = metadata::immutable(new, old, "type").into_iter().collect();
    found.extend(immutability_findings(new, old, &["data"]));
    found
}

/// What an immutable object refuses to have changed.
pub(super) fn immutability_findings(new: &Value, old: &Value, fields: &[&str]) -> Vec<Cause> {
    const DETAIL: &str = "field is immutable when `immutable` is set";
    let is_immutable = |object: &Value| object.get("immutable") == Some(&Value::Bool(true));
    if !is_immutable(old) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    if !is_immutable(new) {
        findings.push(Cause::forbidden("immutable", DETAIL));
    }
    let changed = fields.iter().filter(|field| new.get(**field) != old.get(**field));
    findings.extend(changed.map(|field| Cause::forbidden(field, DETAIL)));
    findings
}
