//! The object store channel on a real S3 server, behind a proxy that can do to a request what a network can.

use std::{fs, sync::Arc};

use campanile::{
    api::AssetType,
    domain::publication::Publication,
    publish::{Found, Outcome, Publisher, Secrets},
};
use serde_json::{Value, json};

use super::{
    PATIENT, Rig,
    cases::conforms,
    channel, known, next_attempt, next_revision, publication, publish,
    store::{Kept, Shelf, keeps_what_it_promises},
};
use crate::{
    proxy,
    s3_server::{ACCESS_KEY, BUCKET, S3Server, SECRET_KEY},
    sink::{Fault, Received, Receiver, Sink, answer},
};

struct S3Rig {
    server: S3Server,
    proxy: Sink,
}

impl S3Rig {
    fn start() -> Self {
        let server = S3Server::start();
        let proxy = proxy::before(server.address);
        Self { server, proxy }
    }

    fn stored(&self, path: &str) -> String {
        fs::read_to_string(self.server.bucket().join(path)).unwrap()
    }
}

impl Rig for S3Rig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        s3(&self.proxy.url(), timeout, &json!({}))
    }

    fn sink(&self) -> &Sink {
        &self.proxy
    }

    fn effects(&self, publication: &Publication) -> usize {
        let post = &publication.slot.fields().post_id;
        let folder = self.server.bucket().join("he/week1-launch").join(post);
        fs::read_dir(folder).map(Iterator::count).unwrap_or_default()
    }
}

fn s3(endpoint: &str, timeout: &str, changes: &Value) -> Box<dyn Publisher> {
    let mut spec = json!({
        "url": format!("s3://{BUCKET}/{{locale}}"),
        "endpoint": endpoint,
        "region": "eu-west-1",
        "timeout": timeout,
        "secretRef": {"name": "site-s3"},
        "publicUrl": "https://www.example.com/{locale}"
    });
    spec.as_object_mut()
        .unwrap()
        .extend(changes.as_object().unwrap().clone());
    let keys = if spec["secretRef"]["name"] == "wrong" {
        ("WRONG", "wrong-secret")
    } else {
        (ACCESS_KEY, SECRET_KEY)
    };
    let secrets: Secrets = [("accesskey", keys.0), ("secretkey", keys.1)]
        .map(|(key, value)| {
            let name = json!({"name": spec["secretRef"]["name"], "key": key});
            (serde_json::from_value(name).unwrap(), format!("{value}\n").into())
        })
        .into();
    channel(&json!({ "objectStore": spec }), &secrets)
}

fn error(status: u16, code: &str) -> Fault {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>said so</Message></Error>");
    Fault::Say(answer(status, &[("content-type", "application/xml")], &body))
}

#[tokio::test]
async fn an_s3_server_conforms_as_class_a() {
    conforms(&S3Rig::start()).await;
}

#[tokio::test]
async fn an_s3_server_keeps_what_class_a_promises() {
    let rig = S3Rig::start();
    let shelf = Shelf {
        publisher: rig.publisher(PATIENT),
        kept: Kept::Folder(rig.server.bucket()),
    };
    keeps_what_it_promises(&shelf).await;
}

#[tokio::test]
async fn every_object_says_what_it_is() {
    let rig = S3Rig::start();
    let publisher = rig.publisher(PATIENT);
    for type_ in [AssetType::Page, AssetType::Template, AssetType::Post] {
        publish(
            &*publisher,
            &publication(&format!("kind-{type_:?}").to_lowercase(), type_),
        )
        .await
        .unwrap();
    }
    let said: Vec<(String, String)> = rig
        .proxy
        .requests()
        .iter()
        .map(|request| (request.line.clone(), request.headers["content-type"].clone()))
        .collect();
    let expected = [
        ("PUT /site/he/kind-page.html HTTP/1.1", "text/html; charset=utf-8"),
        (
            "PUT /site/he/kind-template.txt HTTP/1.1",
            "text/plain; charset=utf-8",
        ),
        (
            "PUT /site/he/kind-template.html HTTP/1.1",
            "text/html; charset=utf-8",
        ),
        (
            "PUT /site/he/week1-launch/kind-post/linkedin-company.json HTTP/1.1",
            "application/json",
        ),
    ];
    assert_eq!(
        said,
        expected.map(|(line, kind)| (line.to_owned(), kind.to_owned()))
    );
}

#[tokio::test]
async fn every_write_has_a_condition() {
    let rig = S3Rig::start();
    let publisher = rig.publisher(PATIENT);
    let first = publication("page", AssetType::Page);
    publish(&*publisher, &first).await.unwrap();
    publish(&*publisher, &next_revision(&first, "<html>two</html>"))
        .await
        .unwrap();
    let writes: Vec<Received> = rig
        .proxy
        .requests()
        .into_iter()
        .filter(|request| request.line.starts_with("PUT"))
        .collect();
    assert_eq!(writes[0].headers["if-none-match"], "*");
    assert!(writes[1].headers["if-match"].starts_with('"'));
}

/// Text and HTML of a template are two objects: whatever is lost between them, the next attempt ends with both.
#[tokio::test]
async fn a_template_that_was_half_written_is_completed() {
    for (index, fault) in [Fault::LoseRequest, Fault::LoseReply, Fault::ResetReply]
        .into_iter()
        .enumerate()
    {
        for half in 0..2 {
            let rig = S3Rig::start();
            let publisher = rig.publisher(PATIENT);
            let first = publication("welcome-d0", AssetType::Template);
            rig.proxy
                .script(std::iter::repeat_n(Fault::Nothing, half).chain([fault.clone()]));
            assert_eq!(
                publish(&*publisher, &first).await.unwrap_err().outcome,
                Outcome::Unknown
            );
            let again = next_attempt(&first);
            let found = publisher.resolve(&again).await.unwrap();
            assert_eq!(
                matches!(found, Found::Published(_)),
                half == 1 && index > 0,
                "{found:?}"
            );
            let stored = publish(&*publisher, &again).await.unwrap();
            assert_eq!(
                stored.url.as_deref(),
                Some("https://www.example.com/he/welcome-d0.html")
            );
            assert!(rig.stored("he/welcome-d0.txt").contains("[campanile slot="));
            assert!(rig.stored("he/welcome-d0.html").contains("<!-- campanile slot="));
            a_half_replaced_template_is_completed(&rig, &again, fault.clone(), half).await;
        }
    }
}

async fn a_half_replaced_template_is_completed(rig: &S3Rig, before: &Publication, fault: Fault, half: usize) {
    let publisher = rig.publisher(PATIENT);
    let mut next = next_revision(before, "<html>two</html>");
    next.content.text = "two".into();
    // Each object is read, then written.
    rig.proxy
        .script(std::iter::repeat_n(Fault::Nothing, half * 2 + 1).chain([fault]));
    assert_eq!(
        publish(&*publisher, &next).await.unwrap_err().outcome,
        Outcome::Unknown
    );
    publish(&*publisher, &next_attempt(&next)).await.unwrap();
    assert!(rig.stored("he/welcome-d0.txt").starts_with("two\n"));
    assert!(rig.stored("he/welcome-d0.html").starts_with("<html>two"));
}

#[tokio::test]
async fn what_fails_after_the_first_half_is_not_called_unsent() {
    let rig = S3Rig::start();
    let first = publication("welcome-d2", AssetType::Template);
    rig.proxy
        .script([Fault::Nothing, error(403, "RequestTimeTooSkewed")]);
    assert_eq!(
        known(publish(&*rig.publisher(PATIENT), &first).await),
        (Outcome::Unknown, "ClockSkew")
    );
}

#[tokio::test]
async fn try_again_is_not_already_there() {
    let rig = S3Rig::start();
    let publisher = rig.publisher(PATIENT);
    let minute = Outcome::RateLimited {
        retry_after: std::time::Duration::from_mins(1),
    };
    for (status, code, outcome) in [
        (409, "ConditionalRequestConflict", Outcome::Unknown),
        (409, "OperationAborted", Outcome::Unknown),
        (503, "SlowDown", minute),
        (500, "InternalError", Outcome::Unknown),
        (503, "ServiceUnavailable", Outcome::Unknown),
    ] {
        let first = publication(&format!("{code}-{status}").to_lowercase(), AssetType::Post);
        rig.proxy.script([error(status, code)]);
        assert_eq!(
            publish(&*publisher, &first).await.unwrap_err().outcome,
            outcome,
            "{status} {code}"
        );
        publish(&*publisher, &next_attempt(&first)).await.unwrap();
        assert_eq!(rig.effects(&first), 1, "{status} {code}");
    }
}

/// A proxy on the way that sends a PUT twice gets "it is there" for our own bytes.
#[tokio::test]
async fn a_conflict_with_ourselves_is_a_publication() {
    let rig = S3Rig::start();
    let publisher = rig.publisher(PATIENT);
    for (status, code) in [(412, "PreconditionFailed"), (409, "ConditionalRequestConflict")] {
        let first = publication(&format!("twice-{status}"), AssetType::Post);
        let body = format!("<Error><Code>{code}</Code></Error>");
        rig.proxy.script([Fault::ActAndSay(answer(status, &[], &body))]);
        publish(&*publisher, &first).await.unwrap();
        assert_eq!(rig.effects(&first), 1);
    }
}

#[tokio::test]
async fn a_look_that_fails_after_a_refused_write_leaves_the_outcome_open() {
    let rig = S3Rig::start();
    let publisher = rig.publisher(PATIENT);
    let first = publication("unread", AssetType::Post);
    publish(&*publisher, &first).await.unwrap();
    for (look, outcome) in [
        (Fault::LoseReply, Outcome::Unknown),
        (error(500, "InternalError"), Outcome::Unknown),
        (error(403, "AccessDenied"), Outcome::Refused),
    ] {
        rig.proxy.script([Fault::Nothing, look]);
        assert_eq!(
            publish(&*publisher, &next_attempt(&first))
                .await
                .unwrap_err()
                .outcome,
            outcome
        );
    }
    rig.proxy.script([Fault::LoseReply]);
    let error = publisher.resolve(&first).await.unwrap_err();
    assert_eq!(error.outcome, Outcome::NotSent { retry_after: None });
}

/// A store that says yes to everything, as those do that do not know the headers.
struct Careless;

impl Receiver for Careless {
    fn act(&self, _: &Received) -> Vec<u8> {
        answer(200, &[("etag", "\"1\"")], "")
    }
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_refused_by_the_preflight() {
    let careless = Sink::start(Arc::new(Careless));
    let error = s3(&careless.url(), PATIENT, &json!({}))
        .preflight()
        .await
        .unwrap_err();
    assert_eq!(
        (error.outcome, error.reason),
        (Outcome::Refused, "ConditionsIgnored")
    );
}

#[tokio::test]
async fn a_preflight_says_what_is_wrong_with_the_configuration() {
    let rig = S3Rig::start();
    rig.proxy.script([error(404, "NoSuchBucket")]);
    for (secret, reason) in [("site-s3", "BucketNotFound"), ("wrong", "CredentialsRefused")] {
        let publisher = s3(&rig.proxy.url(), PATIENT, &json!({"secretRef": {"name": secret}}));
        let error = publisher.preflight().await.unwrap_err();
        assert_eq!(
            (error.outcome, error.reason),
            (Outcome::Refused, reason),
            "{}",
            error.message
        );
        assert!(!format!("{error:?}").contains("secret-key"), "{error:?}");
    }
}

/// Amazon answers 403 for an object that is not there, where the account may not list.
#[tokio::test]
async fn an_account_that_cannot_see_an_absence_is_refused_by_the_preflight() {
    let rig = S3Rig::start();
    let publisher = rig.publisher(PATIENT);
    publisher.preflight().await.unwrap();
    rig.proxy.script([
        Fault::Nothing,
        Fault::Nothing,
        Fault::Nothing,
        error(403, "AccessDenied"),
    ]);
    assert_eq!(publisher.preflight().await.unwrap_err().reason, "ListRefused");
}

#[tokio::test]
async fn a_preflight_leaves_one_small_object() {
    let rig = S3Rig::start();
    rig.publisher(PATIENT).preflight().await.unwrap();
    rig.publisher(PATIENT).preflight().await.unwrap();
    assert_eq!(
        fs::read_dir(rig.server.bucket().join(".campanile"))
            .unwrap()
            .count(),
        1
    );
}
