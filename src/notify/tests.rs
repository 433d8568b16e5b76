//! Each notifier against a real server on this machine.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread::JoinHandle,
};

use base64::Engine as _;
use hmac::{KeyInit as _, Mac as _};
use serde_json::{Value, json};

use super::*;
use crate::{
    api::{Notify, NotifyEvent},
    domain::notify::{Memory, Round, Situation, messages},
    egress::{EgressPolicy, HttpClientOptions, http_client},
};

fn options(allowed: bool) -> NotifierOptions {
    let loopback = allowed.then(|| "127.0.0.0/8".parse().unwrap());
    let egress = EgressPolicy::new(loopback);
    let client = http_client(&egress, &HttpClientOptions::default()).unwrap();
    NotifierOptions { client, egress }
}

fn message() -> Message {
    let notify: Notify = serde_json::from_value(json!({"routes": [route(&json!({"slack": {}}))]})).unwrap();
    let failed = Situation {
        object: "asset/launch".to_owned(),
        event: NotifyEvent::Failed,
        reason: "Rejected".to_owned(),
        digest: "sha256:00".to_owned(),
        channel: "linkedin/company".to_owned(),
        message: "The platform said no: <b>שלום</b>.".to_owned(),
        at: None,
    };
    let round = Round {
        namespace: "team",
        campaign: "week1",
        time_zone: "UTC",
        standing: &[failed],
        happened: &[],
        now: "2026-02-16T10:00:00Z".parse().unwrap(),
    };
    let (mut messages, _) = messages(&notify, &notify.routes[0], &Memory::new(), &round);
    messages.remove(0)
}

fn route(sink: &Value) -> Value {
    let mut route = json!({"name": "team", "secretRef": {"name": "team-hook"}});
    route
        .as_object_mut()
        .unwrap()
        .extend(sink.as_object().unwrap().clone());
    route
}

fn notifier(sink: &Value, secrets: &[(&str, &str)], allowed: bool) -> Result<Box<dyn Notifier>, NotifyError> {
    let secrets = secrets
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).into()))
        .collect();
    select(
        &serde_json::from_value(route(sink)).unwrap(),
        &secrets,
        &options(allowed),
    )
}

/// A server that takes one request and answers it; gives the head and the body.
fn http_server(answer: &'static str) -> (String, JoinHandle<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/T0/secret-path", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let mut reader = BufReader::new(listener.accept().unwrap().0);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        write!(
            reader.get_mut(),
            "HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        (head, String::from_utf8(body).unwrap())
    });
    (url, served)
}

#[tokio::test]
async fn slack_gets_a_text_that_names_nobody() {
    let (url, served) = http_server("200 OK");
    let slack = notifier(&json!({"slack": {}}), &[("url", &url)], true).unwrap();
    slack.send(&message()).await.unwrap();
    let (head, body) = served.join().unwrap();
    assert!(head.starts_with("POST /T0/secret-path HTTP/1.1"));
    let body: Value = serde_json::from_str(&body).unwrap();
    let text = body["text"].as_str().unwrap();
    assert!(
        text.starts_with("week1: 1 failed\n- asset/launch: Rejected. The platform said no: &lt;b&gt;שלום"),
        "{text}"
    );
}

#[tokio::test]
async fn a_webhook_gets_a_signed_cloud_event() {
    let (url, served) = http_server("204 No Content");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let webhook = notifier(
        &json!({"webhook": {}}),
        &[("url", &url), ("signingSecret", secret)],
        true,
    )
    .unwrap();
    webhook.send(&message()).await.unwrap();
    let (head, body) = served.join().unwrap();
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim_start_matches(':').trim().to_owned()
    };
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(header("content-type"), "application/cloudevents+json");
    assert_eq!(header("webhook-id"), event["id"].as_str().unwrap());
    assert_eq!(event["type"], "dev.campanile.notification.Failed");
    assert_eq!(event["source"], "/campanile/team/week1");
    assert_eq!(event["data"]["title"], "week1: 1 failed");
    // Checked as a receiver checks it, with the published algorithm.
    let key = base64::engine::general_purpose::STANDARD
        .decode(&secret[6..])
        .unwrap();
    let signed = format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp"));
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(signed.as_bytes());
    let expected = base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{expected}"));
}

#[tokio::test]
async fn a_refusal_says_the_status_and_not_the_address() {
    for answer in ["404 Not Found", "302 Found", "500 Internal Server Error"] {
        let (url, served) = http_server(answer);
        let slack = notifier(&json!({"slack": {}}), &[("url", &url)], true).unwrap();
        let error = slack.send(&message()).await.unwrap_err();
        served.join().unwrap();
        assert_eq!(error.reason(), "SinkRefused");
        assert!(error.to_string().contains(answer), "{error}");
        assert!(!format!("{error:?} {slack:?}").contains("secret-path"));
    }
}

#[tokio::test]
async fn an_address_inside_the_cluster_is_not_dialled() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    listener.set_nonblocking(true).unwrap();
    let (by_address, by_name) = (
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
    );
    let port = port.to_string();
    let email = json!({"email": {"from": "a@example.com", "to": ["b@example.com"], "tls": "Plain"}});
    let sinks = [
        notifier(&json!({"slack": {}}), &[("url", &by_address)], false).unwrap(),
        notifier(&json!({"webhook": {}}), &[("url", &by_name)], false).unwrap(),
        notifier(&email, &[("host", "localhost"), ("port", &port)], false).unwrap(),
    ];
    for sink in sinks {
        let error = sink.send(&message()).await.unwrap_err();
        assert_eq!(error.reason(), "SinkUnreachable", "{}", sink.kind());
        assert!(listener.accept().is_err(), "{} was dialled", sink.kind());
    }
}

/// A route, what its Secret holds, and the sentence that names what is missing.
type Lacking<'a> = (Value, &'a [(&'a str, &'a str)], &'a str);

#[test]
fn what_a_route_lacks_is_named_exactly() {
    let email = |tls: &str| json!({"email": {"from": "a@example.com", "to": ["b@example.com"], "tls": tls}});
    let cases: [Lacking; 6] = [
        (
            json!({"slack": {}}),
            &[],
            "Secret team-hook key url of route team is missing",
        ),
        (
            json!({"webhook": {}}),
            &[("url", "ftp://x/")],
            "is no http or https address",
        ),
        (
            json!({"webhook": {}}),
            &[("url", "https://x/"), ("signingSecret", "whsec_!")],
            "key signingSecret",
        ),
        (email("Implicit"), &[], "key host"),
        (
            email("Implicit"),
            &[("host", "m"), ("username", "u")],
            "key password",
        ),
        (
            email("Plain"),
            &[("host", "m"), ("username", "u"), ("password", "p")],
            "in the clear",
        ),
    ];
    for (sink, secrets, said) in cases {
        let error = notifier(&sink, secrets, true).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

/// A mail server that takes one letter; gives what it was told.
fn mail_server() -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = std::thread::spawn(move || talk(listener.accept().unwrap().0));
    (port, served)
}

fn talk(stream: TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let say = |reader: &mut BufReader<TcpStream>, line: &str| write!(reader.get_mut(), "{line}\r\n").unwrap();
    let (mut heard, mut in_letter) = (String::new(), false);
    say(&mut reader, "220 mail.example.com ESMTP");
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            return heard;
        }
        heard.push_str(&line);
        match line.split([' ', ':', '\r']).next().unwrap() {
            "." => {
                in_letter = false;
                say(&mut reader, "250 taken");
            }
            _ if in_letter => {}
            "EHLO" => say(&mut reader, "250-mail.example.com\r\n250 8BITMIME"),
            "DATA" => {
                in_letter = true;
                say(&mut reader, "354 go on");
            }
            "QUIT" => {
                say(&mut reader, "221 bye");
                return heard;
            }
            _ => say(&mut reader, "250 ok"),
        }
    }
}

#[tokio::test]
async fn a_letter_reaches_every_recipient() {
    let (port, served) = mail_server();
    let sink = json!({"email": {"from": "Campanile <bell@example.com>", "to": ["a@example.com", "b@example.com"], "tls": "Plain"}});
    let email = notifier(&sink, &[("host", "127.0.0.1"), ("port", &port.to_string())], true).unwrap();
    email.send(&message()).await.unwrap();
    drop(email);
    let heard = served.join().unwrap();
    for said in [
        "MAIL FROM:<bell@example.com>",
        "RCPT TO:<a@example.com>",
        "RCPT TO:<b@example.com>",
        "Subject: [campanile] week1: 1 failed",
        "Message-ID: <note_",
    ] {
        assert!(heard.contains(said), "{said} in {heard}");
    }
}

#[tokio::test]
async fn a_server_that_offers_no_encryption_gets_no_letter() {
    let (port, served) = mail_server();
    let sink = json!({"email": {"from": "bell@example.com", "to": ["a@example.com"], "tls": "StartTls"}});
    let secrets = [
        ("host", "localhost"),
        ("port", &port.to_string()),
        ("username", "u"),
        ("password", "p4ssw0rd"),
    ];
    let email = notifier(&sink, &secrets, true).unwrap();
    let error = email.send(&message()).await.unwrap_err();
    assert_eq!(error.reason(), "SinkUnreachable", "{error:?}");
    assert!(!format!("{email:?} {error:?}").contains("p4ssw0rd"));
    drop(email);
    assert!(!served.join().unwrap().contains("MAIL FROM"));
}
