//! The smtp channel against a real mail server (`smtp-sink` of postfix), and against one that goes wrong where a real one
//! cannot be told to.

use std::time::Duration;

use campanile::{
    api::{AssetType, ChannelConfigSpec, SecretKeyReference},
    domain::publication::Publication,
    egress::EgressPolicy,
    publish::{Class, Found, Outcome, PublishError, Published, Publisher, PublisherOptions, Secrets, select},
};
use serde_json::{Value, json};

use super::{HASTY, PATIENT, channel, known, next_attempt, options, publication, publish};
use crate::{
    certificates::Authority,
    smtp_sink::SmtpSink,
    smtp_stand_in::{Encryption, Fault, Seen, SmtpStandIn},
};

const LATER: Outcome = Outcome::NotSent {
    retry_after: Some(Duration::from_mins(10)),
};
const NOT_SENT: Outcome = Outcome::NotSent { retry_after: None };

fn settings(port: u16, more: &Value) -> Value {
    let mut smtp = json!({
        "host": "127.0.0.1", "port": port, "tls": "Plain", "from": "מאיה <news@example.com>",
        "to": ["list@lists.example.com"], "timeout": PATIENT,
    });
    smtp.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "smtp": smtp })
}

fn publisher(port: u16, more: &Value) -> Box<dyn Publisher> {
    channel(&settings(port, more), &Secrets::new())
}

fn credentials() -> Secrets {
    let key = |key: &str| SecretKeyReference {
        name: "mail".into(),
        key: key.into(),
    };
    Secrets::from([
        (key("username"), "canary-user".into()),
        (key("password"), "canary-password".into()),
    ])
}

fn letter(post_id: &str) -> Publication {
    let mut publication = publication(post_id, AssetType::Email);
    publication.content.subject = Some("שבוע ראשון \u{1F331} and more".into());
    publication
}

/// What became of one letter on a server with a fault.
async fn with(fault: Fault, timeout: &str) -> (Result<Published, PublishError>, Seen) {
    let server = SmtpStandIn::start(fault, Encryption::None, None);
    let publisher = publisher(server.address.port(), &json!({ "timeout": timeout }));
    let result = publish(&*publisher, &letter("faulty")).await;
    (result, server.seen())
}

/// Longer than what the kernel keeps for a reader who does not read.
fn long_letter() -> Publication {
    let mut publication = letter("long");
    publication.content.html = None;
    publication.content.text =
        "Seventy bytes and no more stand on each of the lines of this letter.\n".repeat(90_000);
    publication
}

#[tokio::test]
async fn a_real_mail_server_takes_one_letter_with_both_forms_and_every_header() {
    let sink = SmtpSink::start(&[]);
    let more = json!({
        "replyTo": "answers@example.com",
        "listUnsubscribe": {"url": "https://lists.example.com/u?l=1", "mailto": "leave@lists.example.com"},
        "postalAddress": "Resumely Ltd\n1 Main Street & Co, Haifa",
    });
    let publisher = publisher(sink.address.port(), &more);
    assert_eq!(publisher.class(), Class::Neither);
    let first = letter("welcome");
    let told = publish(&*publisher, &first).await.unwrap();

    let [taken] = sink.letters().try_into().expect("one transaction");
    let id = told.remote_id.unwrap();
    assert_eq!(id, format!("<{}@example.com>", first.key()));
    for part in [
        "X-Mail-Args: <news@example.com>".to_owned(),
        "X-Rcpt-Args: <list@lists.example.com>".to_owned(),
        format!("Message-ID: {id}"),
        "Reply-To: answers@example.com".to_owned(),
        "List-Unsubscribe: <https://lists.example.com/u?l=1>,\n <mailto:leave@lists.example.com>".to_owned(),
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click".to_owned(),
        "Content-Language: he".to_owned(),
        "Content-Type: multipart/alternative".to_owned(),
        "Date: Sun, 22 Nov 2026 07:00:00 +0000".to_owned(),
    ] {
        assert!(taken.contains(&part), "{part:?} is not in\n{taken}");
    }
    let words = mail_parser_of(&taken);
    assert_eq!(words.subject, "שבוע ראשון \u{1F331} and more");
    assert_eq!(
        words.text,
        format!(
            "{}\n\n-- \nResumely Ltd\n1 Main Street & Co, Haifa\n",
            first.content.text
        )
    );
    assert!(
        words
            .html
            .contains("<p dir=\"auto\">Resumely Ltd<br>1 Main Street &amp; Co, Haifa</p>\n</body>"),
        "{}",
        words.html
    );
    assert_eq!(publisher.resolve(&first).await.unwrap(), Found::CannotTell);
}

#[tokio::test]
async fn a_real_mail_server_that_drops_after_the_dot_has_the_letter_once_and_nobody_is_told_otherwise() {
    let sink = SmtpSink::start(&["-q", "."]);
    let publisher = publisher(sink.address.port(), &json!({}));
    let first = letter("dropped");
    let result = publish(&*publisher, &first).await;
    assert_eq!(known(result), (Outcome::Unknown, "NoAnswer"));
    assert_eq!(sink.letters().len(), 1, "a retry below us");
    assert_eq!(publisher.resolve(&first).await.unwrap(), Found::CannotTell);
}

#[tokio::test]
async fn the_letter_of_a_later_attempt_is_equal_to_the_byte() {
    let server = SmtpStandIn::start(Fault::Nothing, Encryption::None, None);
    let publisher = publisher(server.address.port(), &json!({}));
    let first = letter("again");
    publish(&*publisher, &first).await.unwrap();
    publish(&*publisher, &next_attempt(&first)).await.unwrap();
    let letters = server.seen().letters;
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0], letters[1]);
}

#[tokio::test]
async fn what_a_real_mail_server_refuses_it_does_not_have() {
    let refusals: [(&[&str], Outcome, &str); 8] = [
        (&["-r", "MAIL"], LATER, "AskedToComeLater"),
        (&["-r", "RCPT"], LATER, "AskedToComeLater"),
        (&["-r", "DATA"], LATER, "AskedToComeLater"),
        (&["-r", "."], LATER, "AskedToComeLater"),
        (&["-f", "MAIL"], Outcome::Refused, "SenderRefused"),
        (&["-f", "RCPT"], Outcome::Rejected, "RecipientRefused"),
        (&["-f", "DATA"], Outcome::Rejected, "LetterRefused"),
        (&["-f", "."], Outcome::Rejected, "LetterRefused"),
    ];
    for (arguments, outcome, reason) in refusals {
        let sink = SmtpSink::start(arguments);
        let result = publish(&*publisher(sink.address.port(), &json!({})), &letter("refused")).await;
        assert_eq!(known(result), (outcome, reason), "{arguments:?}");
    }
}

#[tokio::test]
async fn whatever_is_lost_before_the_dot_was_not_sent() {
    for at in ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"] {
        let (result, seen) = with(Fault::Close(at), PATIENT).await;
        assert_eq!(known(result).0, NOT_SENT, "{at}");
        let (result, silent) = with(Fault::Silence(at), HASTY).await;
        assert_eq!(known(result), (NOT_SENT, "LostBeforeTheEnd"), "{at}");
        assert_eq!((seen.letters.len(), silent.letters.len()), (0, 0), "{at}");
    }
}

#[tokio::test]
async fn a_letter_of_which_the_end_never_left_was_not_sent() {
    let long = long_letter();
    for (fault, timeout) in [
        (Fault::CloseWithin(100_000), PATIENT),
        (Fault::StopReadingWithin(100_000), "5s"),
    ] {
        let server = SmtpStandIn::start(fault.clone(), Encryption::None, None);
        let publisher = publisher(server.address.port(), &json!({ "timeout": timeout }));
        // Ready already: a letter of six megabytes is written once.
        let result = publisher.commit(&long, &long.key()).await;
        assert_eq!(known(result), (NOT_SENT, "LostBeforeTheEnd"), "{fault:?}");
        assert_eq!(server.seen().letters.len(), 0);
    }
}

#[tokio::test]
async fn without_a_clear_answer_to_the_end_of_the_letter_nobody_knows() {
    for (fault, timeout) in [
        (Fault::Close("."), PATIENT),
        (Fault::Silence("."), HASTY),
        (Fault::Answer(".", "garbage"), PATIENT),
        (Fault::Answer(".", "354 go on"), PATIENT),
    ] {
        let (result, seen) = with(fault.clone(), timeout).await;
        assert_eq!(known(result).0, Outcome::Unknown, "{fault:?}");
        assert_eq!(seen.letters.len(), 1, "{fault:?}: a retry below us");
    }
}

#[tokio::test]
async fn every_no_has_one_meaning() {
    for (at, answer, outcome, reason) in [
        ("CONNECT", "554 go away", Outcome::Refused, "ServerRefused"),
        ("CONNECT", "421 too busy", LATER, "AskedToComeLater"),
        ("MAIL", "552 too large", Outcome::Rejected, "LetterTooLarge"),
        (".", "552 too large", Outcome::Rejected, "LetterTooLarge"),
        (".", "451 later", LATER, "AskedToComeLater"),
        ("DATA", "250 what", NOT_SENT, "UnexpectedAnswer"),
    ] {
        let (result, _) = with(Fault::Answer(at, answer), PATIENT).await;
        assert_eq!(known(result), (outcome, reason), "{at} {answer}");
    }
}

#[tokio::test]
async fn of_several_recipients_all_get_it_or_none() {
    let server = SmtpStandIn::start(
        Fault::Answer("RCPT TO:<second@", "550 no such user"),
        Encryption::None,
        None,
    );
    let to = json!({"to": ["first@example.com", "second@example.com"]});
    let result = publish(&*publisher(server.address.port(), &to), &letter("several")).await;
    assert_eq!(known(result), (Outcome::Rejected, "RecipientRefused"));
    let seen = server.seen();
    assert!(!seen.commands.iter().any(|command| command == "DATA"), "{seen:?}");
    assert_eq!(seen.letters.len(), 0);
}

/// A publisher that encrypts and logs in, and its server.
fn encrypting(fault: Fault, encryption: Encryption, trusted: bool) -> (Box<dyn Publisher>, SmtpStandIn) {
    let authority = Authority::new();
    let identity = authority.serving(&["localhost"]);
    let server = SmtpStandIn::start(fault, encryption, Some((&identity.certificate, &identity.key)));
    let tls = match encryption {
        Encryption::Implicit => "Implicit",
        Encryption::StartTls | Encryption::None => "StartTls",
    };
    let mut more = json!({"host": "localhost", "tls": tls, "secretRef": {"name": "mail"}});
    if trusted {
        more["certificateAuthority"] = authority.pem().into();
    }
    let publisher = channel(&settings(server.address.port(), &more), &credentials());
    (publisher, server)
}

#[tokio::test]
async fn an_encrypted_connection_is_logged_in_to_and_takes_the_letter() {
    for encryption in [Encryption::StartTls, Encryption::Implicit] {
        let (publisher, server) = encrypting(Fault::Nothing, encryption, true);
        publisher.preflight().await.unwrap();
        let seen = server.seen();
        assert!(
            !seen.commands.iter().any(|command| command.starts_with("MAIL")),
            "{seen:?}"
        );
        publish(&*publisher, &letter("encrypted")).await.unwrap();
        let seen = server.seen();
        assert!(
            seen.commands
                .iter()
                .any(|command| command.starts_with("AUTH PLAIN")),
            "{seen:?}"
        );
        assert_eq!(seen.letters.len(), 1);
    }
}

#[tokio::test]
async fn an_encrypted_connection_that_is_lost_after_the_dot_is_unknown() {
    for encryption in [Encryption::StartTls, Encryption::Implicit] {
        let (publisher, server) = encrypting(Fault::Close("."), encryption, true);
        let result = publish(&*publisher, &letter("lost")).await;
        assert_eq!(known(result), (Outcome::Unknown, "NoAnswer"));
        assert_eq!(server.seen().letters.len(), 1);
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_nobody_can_vouch_for() {
    for encryption in [Encryption::StartTls, Encryption::Implicit] {
        let (publisher, server) = encrypting(Fault::Nothing, encryption, false);
        let result = publish(&*publisher, &letter("untrusted")).await;
        assert_eq!(known(result).0, NOT_SENT);
        let seen = server.seen();
        let told = |command: &String| command.starts_with("AUTH") || command.starts_with("MAIL");
        assert!(!seen.commands.iter().any(told), "{seen:?}");
    }
}

#[tokio::test]
async fn a_server_without_encryption_gets_neither_password_nor_letter() {
    let (publisher, server) = encrypting(Fault::Nothing, Encryption::None, true);
    let result = publish(&*publisher, &letter("clear")).await;
    assert_eq!(known(result), (Outcome::Refused, "TlsNotOffered"));
    let seen = server.seen();
    assert!(
        seen.commands.iter().all(|command| command.starts_with("EHLO")),
        "{seen:?}"
    );
}

#[tokio::test]
async fn answers_that_somebody_wrote_into_the_clear_text_are_no_answers() {
    let forged = "250-forged\r\n250 AUTH PLAIN\r\n235 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n";
    let (publisher, server) = encrypting(Fault::InjectAfterStartTls(forged), Encryption::StartTls, true);
    let result = publish(&*publisher, &letter("forged")).await;
    assert_eq!(known(result).0, NOT_SENT);
    assert_eq!(server.seen().letters.len(), 0);
}

#[tokio::test]
async fn a_server_that_repeats_the_password_is_not_quoted_with_it() {
    let refusal = Fault::Answer("AUTH", "535 canary-password of canary-user is wrong");
    let (publisher, _server) = encrypting(refusal, Encryption::Implicit, true);
    let error = publish(&*publisher, &letter("echo")).await.unwrap_err();
    assert_eq!(
        (error.outcome, error.reason),
        (Outcome::Refused, "CredentialsRefused")
    );
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("[redacted]"), "{shown}");
}

#[tokio::test]
async fn an_address_that_no_request_may_go_to_is_not_dialled() {
    let server = SmtpStandIn::start(Fault::Nothing, Encryption::None, None);
    let mut spec = json!({"platform": "newsletter", "account": "list"});
    let settings = settings(server.address.port(), &json!({}));
    spec.as_object_mut()
        .unwrap()
        .extend(settings.as_object().unwrap().clone());
    let spec: ChannelConfigSpec = serde_json::from_value(spec).unwrap();
    let guarded = PublisherOptions {
        egress: EgressPolicy::default(),
        ..options("127.0.0.0/8")
    };
    let publisher = select(&spec, &Secrets::new(), &guarded).unwrap();
    let result = publish(&*publisher, &letter("guarded")).await;
    assert_eq!(known(result), (NOT_SENT, "Unreachable"));
    assert!(publisher.preflight().await.is_err());
    assert_eq!(server.seen().commands.len(), 0);
}

#[tokio::test]
async fn no_word_of_a_row_becomes_a_header() {
    let server = SmtpStandIn::start(Fault::Nothing, Encryption::None, None);
    let publisher = publisher(server.address.port(), &json!({}));
    for subject in [
        "a\r\nBcc: victim@example.com",
        "a\nBcc: victim@example.com",
        "a\u{0}b",
    ] {
        let mut publication = letter("injected");
        publication.content.subject = Some(subject.into());
        let result = publish(&*publisher, &publication).await;
        assert_eq!(
            known(result),
            (Outcome::Rejected, "SubjectInvalid"),
            "{subject:?}"
        );
    }
    let mut publication = letter("injected");
    publication.content.language = "he\r\nBcc: victim@example.com".into();
    publication.content.text = ".\r\nMAIL FROM:<a@example.com>\r\n.\r\n".into();
    publication.content.html = None;
    publish(&*publisher, &publication).await.unwrap();
    let seen = server.seen();
    let [taken] = seen.letters.try_into().expect("one letter");
    assert!(!taken.contains("Bcc:"), "{taken}");
    let mails = seen.commands.iter().filter(|command| command.starts_with("MAIL"));
    assert_eq!(mails.count(), 1, "the letter ended early");
}

#[tokio::test]
async fn what_is_no_letter_is_rejected_before_anything_is_dialled() {
    let publisher = publisher(1, &json!({}));
    let mut nameless = publication("nameless", AssetType::Post);
    nameless.content.title = None;
    let mut personal = letter("personal");
    personal.content.html = Some("<p>Hi {{first_name | there}}</p>".into());
    for (publication, reason) in [
        (nameless, "SubjectMissing"),
        (personal, "PersonalisationNotFilled"),
        (publication("page", AssetType::Page), "NotALetter"),
        (publication("template", AssetType::Template), "NotALetter"),
    ] {
        let error = publisher.prepare(&publication).await.unwrap_err();
        assert_eq!((error.outcome, error.reason), (Outcome::Rejected, reason));
    }
}

#[test]
fn a_configuration_that_no_header_could_hold_is_refused_with_its_field() {
    let problem = |more: &Value, secrets: &Secrets| {
        let mut spec = json!({"platform": "newsletter", "account": "list"});
        spec.as_object_mut()
            .unwrap()
            .extend(settings(25, more).as_object().unwrap().clone());
        let spec: ChannelConfigSpec = serde_json::from_value(spec).unwrap();
        select(&spec, secrets, &options("127.0.0.0/8"))
            .unwrap_err()
            .to_string()
    };
    for (more, field) in [
        (
            json!({"from": "a@example.com\r\nBcc: b@example.com"}),
            "spec.smtp.from",
        ),
        (json!({"from": "nobody"}), "spec.smtp.from"),
        (json!({"to": ["a@example.com\nb"]}), "spec.smtp.to"),
        (json!({"to": []}), "spec.smtp.to"),
        (json!({"replyTo": "x"}), "spec.smtp.replyTo"),
        (json!({"listUnsubscribe": {}}), "spec.smtp.listUnsubscribe"),
        (
            json!({"listUnsubscribe": {"url": "http://example.com/"}}),
            "spec.smtp.listUnsubscribe.url",
        ),
        (
            json!({"listUnsubscribe": {"url": "https://example.com/a,b"}}),
            "spec.smtp.listUnsubscribe.url",
        ),
        (
            json!({"listUnsubscribe": {"mailto": "x"}}),
            "spec.smtp.listUnsubscribe.mailto",
        ),
        (json!({"postalAddress": " \u{7} "}), "spec.smtp.postalAddress"),
        (
            json!({"certificateAuthority": "x"}),
            "spec.smtp.certificateAuthority",
        ),
    ] {
        let said = problem(&more, &Secrets::new());
        assert!(said.contains(field), "{more}: {said}");
    }
    let clear = json!({"secretRef": {"name": "mail"}});
    assert_eq!(
        problem(&clear, &Secrets::new()),
        "missing Secret mail key username, Secret mail key password"
    );
    assert!(problem(&clear, &credentials()).contains("in the clear"));
}

/// A letter as a reader's program shows it.
struct Shown {
    subject: String,
    text: String,
    html: String,
}

/// Reads a letter with Python's own parser: not the one that wrote it.
fn mail_parser_of(letter: &str) -> Shown {
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };
    let script = "import sys, json, email, email.policy\n\
        m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
        part = lambda kind: m.get_body((kind,)).get_content()\n\
        print(json.dumps([m['subject'], part('plain'), part('html')]))";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is there: run tools/setup");
    python.stdin.take().unwrap().write_all(letter.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let [subject, text, html]: [String; 3] = serde_json::from_slice(&output.stdout).unwrap();
    // Lines end with CR LF on the way.
    Shown {
        subject,
        text: text.replace("\r\n", "\n"),
        html: html.replace("\r\n", "\n"),
    }
}
