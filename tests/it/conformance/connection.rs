//! Requests that never leave: nobody listens, no name, no TLS, no permission.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    process::Command,
    sync::Arc,
    thread::JoinHandle,
};

use campanile::{
    api::AssetType,
    egress::{EgressPolicy, HttpClientOptions, http_client},
    publish::{Outcome, Publisher, PublisherOptions, Secrets, select},
};
use futures::{StreamExt as _, stream};
use rustls::{ServerConfig, ServerConnection, StreamOwned, pki_types::PrivateKeyDer};
use serde_json::{Value, json};

use super::{HASTY, PATIENT, channel, known, options, publication, publish};
use crate::{
    s3_server::{ACCESS_KEY, SECRET_KEY},
    sink::{Fault, Sink, WebhookReceiver, answer},
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

/// Time-outs that strike at every moment of a request: of what is called unsent nothing may arrive, not even later.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_called_unsent_never_arrives() {
    let sink = Sink::start(WebhookReceiver::forgetful());
    let publishers = ["1ms", "2ms", "3ms"].map(|timeout| {
        channel(
            &json!({"webhook": {"url": sink.url(), "timeout": timeout}}),
            &Secrets::new(),
        )
    });
    let attempts = (0..600_usize).map(|index| {
        let publisher = &publishers[index % publishers.len()];
        let asset = publication(&format!("race-{index}"), AssetType::Post);
        async move { (asset.key(), publish(&**publisher, &asset).await) }
    });
    let outcomes: Vec<_> = stream::iter(attempts).buffer_unordered(64).collect().await;
    let arrived: Vec<String> = sink
        .wait_until_idle()
        .iter()
        .filter_map(|request| request.headers.get("webhook-id").cloned())
        .collect();
    for (key, result) in outcomes {
        let outcome = result.map_err(|error| error.outcome);
        assert!(
            !arrived.contains(&key) || outcome != Err(NOT_SENT),
            "{key} arrived"
        );
        assert!(arrived.contains(&key) || outcome.is_err(), "{key} did not arrive");
    }
}

/// The judgement of what was sent rests on HTTP/1.1: nothing else is spoken, even where the other side offers it.
#[tokio::test]
async fn http_2_is_not_spoken_even_where_it_is_offered() {
    let server = TlsServer::start();
    let spec = json!({"platform": "linkedin", "account": "company", "webhook": {"url": server.url}});
    let publisher = select(
        &serde_json::from_value(spec).unwrap(),
        &Secrets::new(),
        &server.options(),
    )
    .unwrap();
    publish(&*publisher, &publication("tls", AssetType::Post))
        .await
        .unwrap();
    let (protocol, line) = server.first.join().unwrap();
    assert_eq!(protocol, None);
    assert_eq!(line, "POST / HTTP/1.1");
}

/// A server that offers HTTP/2 and HTTP/1.1 over TLS, and answers one request as HTTP/1.1.
struct TlsServer {
    url: String,
    certificate: String,
    /// The protocol that was agreed on, and the first line of the request.
    first: JoinHandle<(Option<Vec<u8>>, String)>,
}

impl TlsServer {
    fn start() -> Self {
        let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let certificate = key.cert.pem();
        let private = PrivateKeyDer::try_from(key.signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let first = std::thread::spawn(move || answer_once(&listener, config));
        Self {
            url,
            certificate,
            first,
        }
    }

    fn options(&self) -> PublisherOptions {
        let extra_root_ca_pem = Some(self.certificate.clone().into_bytes());
        let egress = EgressPolicy::new(["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        let client = http_client(
            &egress,
            &HttpClientOptions {
                extra_root_ca_pem,
                ..HttpClientOptions::default()
            },
        );
        PublisherOptions {
            client: client.unwrap(),
            egress,
            allow_local_paths: false,
            branches: None,
        }
    }
}

fn answer_once(listener: &TcpListener, config: ServerConfig) -> (Option<Vec<u8>>, String) {
    let (stream, _) = listener.accept().unwrap();
    let connection = ServerConnection::new(Arc::new(config)).unwrap();
    let mut tls = BufReader::new(StreamOwned::new(connection, stream));
    let mut line = String::new();
    tls.read_line(&mut line).unwrap();
    let protocol = tls.get_ref().conn.alpn_protocol().map(<[u8]>::to_vec);
    let mut length = 0;
    let mut header = String::new();
    while tls.read_line(&mut header).unwrap() > 2 {
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.trim().parse().unwrap();
        }
        header.clear();
    }
    tls.read_exact(&mut vec![0; length]).unwrap();
    tls.get_mut().write_all(&answer(204, &[], "")).unwrap();
    tls.get_mut().flush().unwrap();
    (protocol, line.trim().to_owned())
}

/// Runs tests of this binary again, in an environment that names proxies which nobody reaches.
#[test]
fn proxies_of_the_environment_are_not_used() {
    let nobody = "http://127.0.0.1:9";
    let tests = [
        "conformance::webhook::without_a_secret_nothing_is_signed",
        "conformance::object_store::every_object_says_what_it_is",
    ];
    let proxies = [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ];
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("--exact")
        .args(tests)
        .envs(proxies.map(|name| (name, nobody)))
        .env_remove("no_proxy")
        .env_remove("NO_PROXY")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("2 passed"), "{said}");
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
