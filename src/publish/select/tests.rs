use serde_json::json;

use super::*;
use crate::{
    egress::{HttpClientOptions, http_client},
    publish::Class,
};

fn spec(channel: &serde_json::Value) -> ChannelConfigSpec {
    let mut spec = json!({"platform": "linkedin", "account": "company"});
    spec.as_object_mut()
        .unwrap()
        .extend(channel.as_object().unwrap().clone());
    serde_json::from_value(spec).unwrap()
}

fn options() -> PublisherOptions {
    let egress = EgressPolicy::default();
    let client = http_client(&egress, &HttpClientOptions::default()).unwrap();
    PublisherOptions {
        client,
        egress,
        branches: None,
        allow_local_paths: false,
    }
}

fn secrets(entries: &[(&str, &str, &str)]) -> Secrets {
    let entry = |(name, key, value): &(&str, &str, &str)| {
        (
            SecretKeyReference {
                name: (*name).into(),
                key: (*key).into(),
            },
            SecretString::from(*value),
        )
    };
    entries.iter().map(entry).collect()
}

fn problem(channel: &serde_json::Value, secrets: &Secrets) -> String {
    select(&spec(channel), secrets, &options())
        .unwrap_err()
        .to_string()
}

fn bucket() -> serde_json::Value {
    json!({"objectStore": {"url": "s3://site/{locale}", "region": "eu-west-1", "secretRef": {"name": "site-s3"}}})
}

fn webhook() -> serde_json::Value {
    json!({"webhook": {"url": "https://hooks.example.com/a", "secretKeyRef": {"name": "hook", "key": "signing"}}})
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let none = Secrets::new();
    assert_eq!(problem(&webhook(), &none), "missing Secret hook key signing");
    assert_eq!(
        problem(&bucket(), &none),
        "missing Secret site-s3 key accesskey, Secret site-s3 key secretkey"
    );
    assert_eq!(
        problem(
            &bucket(),
            &secrets(&[("site-s3", "accesskey", "AK"), ("site-s3", "secretkey", "")])
        ),
        "missing Secret site-s3 key secretkey"
    );
    assert_eq!(
        problem(&json!({"objectStore": {"url": "s3://site"}}), &none),
        "missing spec.objectStore.region, spec.objectStore.secretRef"
    );
    let fields: Vec<String> = CHANNEL_MEMBERS
        .iter()
        .map(|member| format!("spec.{member}"))
        .collect();
    assert_eq!(
        problem(&json!({}), &none),
        format!("missing {}", fields.join(" or "))
    );
}

#[test]
fn only_the_secrets_of_the_channel_are_asked_for() {
    let names = |channel| -> Vec<String> {
        required_secrets(&spec(&channel))
            .iter()
            .map(secret_name)
            .collect()
    };
    assert_eq!(names(webhook()), ["Secret hook key signing"]);
    assert_eq!(
        names(bucket()),
        ["Secret site-s3 key accesskey", "Secret site-s3 key secretkey"]
    );
    assert!(
        names(json!({"objectStore": {"url": "file:///srv/www", "secretRef": {"name": "unused"}}})).is_empty()
    );
    assert!(names(json!({"webhook": {"url": "https://hooks.example.com/"}})).is_empty());
}

#[test]
fn what_cannot_be_used_says_where_it_is() {
    let none = Secrets::new();
    let keys = secrets(&[("site-s3", "accesskey", "AK"), ("site-s3", "secretkey", "SK")]);
    for (channel, secrets, field) in [
        (json!({"webhook": {"url": "https://"}}), &none, "spec.webhook.url"),
        (
            webhook(),
            &secrets(&[("hook", "signing", "whsec_*canary")]),
            "Secret hook key signing",
        ),
        (
            json!({"objectStore": {"url": "file:///srv/www"}}),
            &none,
            "spec.objectStore.url",
        ),
        (
            bucket(),
            &secrets(&[("site-s3", "accesskey", "a\nb"), ("site-s3", "secretkey", "SK")]),
            "Secret site-s3 key accesskey",
        ),
        (
            json!({"objectStore": {"url": "s3://B", "region": "r", "secretRef": {"name": "site-s3"}}}),
            &keys,
            "spec.objectStore.url",
        ),
        (
            json!({"objectStore": {"url": "s3://site", "endpoint": "http://u:p@h", "region": "r", "secretRef": {"name": "site-s3"}}}),
            &keys,
            "spec.objectStore.endpoint",
        ),
    ] {
        let said = problem(&channel, secrets);
        assert!(said.starts_with(field), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn a_webhook_is_class_b_only_where_its_receiver_remembers_keys() {
    let keys = secrets(&[("hook", "signing", "canary-signing")]);
    let class = |channel| select(&spec(&channel), &keys, &options()).unwrap().class();
    assert_eq!(class(webhook()), Class::Neither);
    let mut remembering = webhook();
    remembering["webhook"]["idempotency"] = json!({"window": "24h"});
    assert_eq!(class(remembering).letter(), 'B');
}

#[test]
fn the_endpoint_digest_changes_with_the_place_and_says_no_secret() {
    let digest = |url: &str| {
        let channel = json!({"webhook": {"url": url}});
        select(&spec(&channel), &Secrets::new(), &options())
            .unwrap()
            .endpoint_digest()
    };
    assert_eq!(
        digest("https://u:p@hooks.example.com/a"),
        digest("https://hooks.example.com/a#b")
    );
    assert_ne!(
        digest("https://hooks.example.com/a"),
        digest("https://hooks.example.com/b")
    );
    assert!(digest("https://hooks.example.com/a").starts_with("sha256:"));
}

#[test]
fn no_secret_is_printed_with_a_publisher() {
    let keys = secrets(&[
        ("hook", "signing", "canary-signing"),
        ("site-s3", "accesskey", "canary-access"),
        ("site-s3", "secretkey", "canary-secret"),
    ]);
    for channel in [
        webhook(),
        bucket(),
        json!({"webhook": {"url": "https://u:canary-word@hooks.example.com/?t=canary-token"}}),
    ] {
        let printed = format!("{:?}", select(&spec(&channel), &keys, &options()).unwrap());
        assert!(!printed.contains("canary"), "{printed}");
    }
}

#[test]
fn the_names_of_what_is_missing_are_read_back_from_the_sentence_that_a_condition_has() {
    let names = vec!["Secret a key b".to_owned(), "spec.objectStore.region".to_owned()];
    let error = SelectError::MissingConfig { names: names.clone() };
    assert_eq!(SelectError::missing_names(&format!("{error}.")), names);
}
