//! Requests that never leave: nobody listens, no name, no TLS, no permission.

use std::{net::TcpListener, sync::Arc};

use campanile::{
    api::AssetType,
    publish::{Outcome, Publisher, Secrets, select},
};
use serde_json::{Value, json};

use super::{HASTY, PATIENT, channel, known, options, publication, publish};
use crate::{
    s3_server::{ACCESS_KEY, SECRET_KEY},
    sink::{Fault, Sink, WebhookReceiver},
};

const NOT_SENT: Outcome = Outcome::NotSent { retry_after: None };

/// Both channels that send over HTTP, towards one address.
fn both(url: &str, timeout: &str) -> [Value; 2] {
    [
        json!({"webhook": {"url": url, "timeout": timeout, "idempotency": {"window": "1h"}}}),
        json!({"objectStore": {
            "url": "s3://site", "endpoint": url, "region": "eu-west-1", "timeout": timeout, "secretRef": {"name": "s3"}
        }}),
    ]
}

fn secrets() -> Secrets {
    [("accesskey", ACCESS_KEY), ("secretkey", SECRET_KEY)]
        .map(|(key, value)| {
            (
                serde_json::from_value(json!({"name": "s3", "key": key})).unwrap(),
                value.into(),
            )
        })
        .into()
}

async fn assert_not_sent(url: &str, timeout: &str) {
    for spec in both(url, timeout) {
        let publisher = channel(&spec, &secrets());
        let (outcome, reason) = known(publish(&*publisher, &publication("unsent", AssetType::Post)).await);
        assert_eq!(outcome, NOT_SENT, "{url}: {reason}");
        let preflight = publisher.preflight().await;
        assert!(
            !url.contains("http://") || preflight.is_err(),
            "{url}: {preflight:?}"
        );
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_is_sent() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_not_sent(&format!("http://{address}"), PATIENT).await;
}

#[tokio::test]
async fn where_a_name_has_no_address_nothing_is_sent() {
    assert_not_sent("http://no-such-host.invalid", PATIENT).await;
}

/// The time-out strikes while the connection is made: the gate before the body knows that nothing had left.
#[tokio::test]
async fn where_tls_is_never_answered_nothing_is_sent() {
    let sink = Sink::start(WebhookReceiver::forgetful());
    let https = sink.url().replace("http:", "https:");
    assert_not_sent(&https, HASTY).await;
    assert!(
        sink.requests()
            .iter()
            .all(|connection| connection.line.is_empty())
    );
}

#[tokio::test]
async fn where_the_other_side_speaks_no_tls_nothing_is_sent() {
    let sink = Sink::start(WebhookReceiver::forgetful());
    sink.script(std::iter::repeat_n(Fault::ResetAtOnce, 8));
    assert_not_sent(&sink.url().replace("http:", "https:"), PATIENT).await;
}

#[tokio::test]
async fn where_the_policy_forbids_the_address_nobody_is_called() {
    let receiver = WebhookReceiver::forgetful();
    let sink = Sink::start(Arc::<WebhookReceiver>::clone(&receiver));
    for url in [sink.url(), sink.url().replace("127.0.0.1", "localhost")] {
        for spec in both(&url, PATIENT) {
            let mut whole = json!({"platform": "linkedin", "account": "company"});
            whole
                .as_object_mut()
                .unwrap()
                .extend(spec.as_object().unwrap().clone());
            let spec = serde_json::from_value(whole).unwrap();
            let publisher: Box<dyn Publisher> = select(&spec, &secrets(), &options("192.0.2.0/24")).unwrap();
            let error = publish(&*publisher, &publication("forbidden", AssetType::Post))
                .await
                .unwrap_err();
            assert_eq!(error.outcome, NOT_SENT, "{url}: {error:?}");
            assert!(
                error.message.contains("--allow-egress-to 127.0.0.1"),
                "{}",
                error.message
            );
            assert!(publisher.preflight().await.is_err());
        }
    }
    assert!(sink.requests().is_empty());
}
