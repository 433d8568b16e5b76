//! What can happen to a request, and what must be said of it.

use std::time::Duration;

use campanile::{
    domain::publication::Publication,
    publish::{Class, Found, Outcome, Publisher},
};

use super::{
    HASTY, PATIENT, Rig, next_attempt, publish,
    table::{self, Ended, Next},
};
use crate::sink::{Fault, Received, Sink, WebhookReceiver, answer};

/// What must be said.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Said {
    Published,
    /// Seconds to wait.
    RateLimited(u64),
    Refused,
    Rejected,
    Unknown,
    /// Which of the two depends on whether the reset or the request was faster.
    NotSentOrUnknown,
}

struct Case {
    name: &'static str,
    fault: Fault,
    timeout: &'static str,
    /// For class A in a store, for B, and for every platform with an API of its own.
    said: [Said; 3],
    /// Whether its success says less than one of a platform with an API of its own.
    bare: bool,
    /// How often the platform has it afterwards.
    effects: usize,
    /// How many requests were made, for class A in a store where it looks at what stands in its way; always one otherwise.
    requests: usize,
}

impl Case {
    fn new(name: &'static str, fault: Fault, said: Said, effects: usize) -> Self {
        Self {
            name,
            fault,
            timeout: PATIENT,
            said: [said; 3],
            bare: false,
            effects,
            requests: 1,
        }
    }

    /// A success that says nothing a platform would say: who reads its answers cannot tell.
    fn bare(mut self) -> Self {
        self.bare = true;
        self
    }

    fn hasty(mut self) -> Self {
        self.timeout = HASTY;
        self
    }
}

fn silent_or_broken() -> Vec<Case> {
    use Said::{NotSentOrUnknown, Published, Unknown};
    vec![
        Case::new("success", Fault::Nothing, Published, 1),
        Case::new("reset-at-once", Fault::ResetAtOnce, NotSentOrUnknown, 0),
        Case::new("reset-after-the-head", Fault::ResetAfterHead, Unknown, 0),
        Case::new("silence-before-the-body", Fault::SilenceAfterHead, Unknown, 0).hasty(),
        Case::new("request-lost", Fault::LoseRequest, Unknown, 0),
        Case::new("request-reset", Fault::ResetRequest, Unknown, 0),
        Case::new("reply-lost", Fault::LoseReply, Unknown, 1),
        Case::new("reply-reset", Fault::ResetReply, Unknown, 1),
        Case::new("late-success", Fault::LateSuccess, Unknown, 1).hasty(),
        Case::new("slow-drip", Fault::Drip, Unknown, 1).hasty(),
    ]
}

fn odd_answers() -> Vec<Case> {
    use Said::{Published, Unknown};
    let said = |bytes: &[u8]| Fault::ActAndSay(bytes.to_vec());
    let huge = answer(200, &[], &"a".repeat(20 * 1024 * 1024));
    vec![
        Case::new("huge-answer", Fault::ActAndSay(huge), Published, 1).bare(),
        Case {
            timeout: "2s",
            ..Case::new("slow-body", Fault::DripBody, Published, 1).bare()
        },
        Case::new(
            "bad-json",
            Fault::ActAndSay(answer(200, &[], "{\"id\": ")),
            Published,
            1,
        )
        .bare(),
        Case::new(
            "no-content",
            said(b"HTTP/1.1 204 No Content\r\n\r\n"),
            Published,
            1,
        )
        .bare(),
        Case::new(
            "answer-cut-short",
            said(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}"),
            Published,
            1,
        )
        .bare(),
        Case::new(
            "head-cut-short",
            said(b"HTTP/1.1 200 OK\r\ncontent-le"),
            Unknown,
            1,
        ),
        Case::new(
            "garbage",
            said(b"\x00\x01\x02 nothing of HTTP\r\n\r\n"),
            Unknown,
            1,
        ),
        Case::new(
            "garbage-and-no-effect",
            Fault::Say(b"220 mail.example.com ESMTP\r\n".to_vec()),
            Unknown,
            0,
        ),
        Case::new(
            "error-after-the-effect",
            Fault::ActAndSay(answer(503, &[], "")),
            Unknown,
            1,
        ),
    ]
}

fn refusals(elsewhere: &str) -> Vec<Case> {
    use Said::{RateLimited, Refused, Rejected, Unknown};
    let say = |status, headers: &[(&str, &str)]| Fault::Say(answer(status, headers, "no"));
    let moved = [("location", elsewhere)];
    let mut cases = vec![
        Case::new("redirect-301", say(301, &moved), Refused, 0),
        Case::new("redirect-302", say(302, &moved), Unknown, 0),
        Case::new("redirect-307", say(307, &moved), Refused, 0),
        Case::new("redirect-308", say(308, &moved), Refused, 0),
        Case::new("too-many-requests", say(429, &[]), RateLimited(60), 0),
        Case::new(
            "too-many-requests-for-7-s",
            say(429, &[("retry-after", "7")]),
            RateLimited(7),
            0,
        ),
        Case::new("unauthorised", say(401, &[]), Refused, 0),
        Case::new("forbidden", say(403, &[]), Refused, 0),
        Case::new("not-found", say(404, &[]), Refused, 0),
        Case {
            said: [Rejected, Refused, Refused],
            ..Case::new("gone", say(410, &[]), Refused, 0)
        },
        Case {
            said: [Unknown, Unknown, Rejected],
            requests: 2,
            ..Case::new("conflict", say(409, &[]), Unknown, 0)
        },
        Case::new("bad-request", say(400, &[]), Rejected, 0),
        Case::new("unprocessable", say(422, &[]), Rejected, 0),
    ];
    cases.extend(
        [
            ("timeout-408", 408),
            ("error-500", 500),
            ("error-502", 502),
            ("error-503", 503),
            ("error-504", 504),
        ]
        .map(|(name, status)| Case::new(name, say(status, &[]), Unknown, 0)),
    );
    cases
}

/// Runs every case against a rig, and leaves a line for the table.
pub(super) async fn conforms(rig: &dyn Rig) {
    let elsewhere = Sink::start(WebhookReceiver::forgetful());
    let url = format!("{}/elsewhere", elsewhere.url());
    let mut ended = Vec::new();
    for case in silent_or_broken()
        .into_iter()
        .chain(odd_answers())
        .chain(refusals(&url))
    {
        ended.push(check(rig, &case).await);
    }
    assert_eq!(elsewhere.requests().len(), 0, "a redirect was followed");
    // By look-up alone nothing holds a late request back: who sends again has waited until none can be under way.
    if !matches!(rig.publisher(PATIENT).class(), Class::LookUp | Class::Neither) {
        a_request_that_arrives_after_the_next_one_changes_nothing(rig).await;
    }
    table::write(&*rig.publisher(PATIENT), &ended);
}

/// The first sender is slow, or dead and its bytes are still under way, when the second has been and gone.
async fn a_request_that_arrives_after_the_next_one_changes_nothing(rig: &dyn Rig) {
    let (careful, publisher) = (rig.publisher(PATIENT), rig.publisher(HASTY));
    let mut first = rig.publication("overtaken");
    let id = careful.prepare(&first).await.unwrap().id;
    first.prepared_id = Some(id.clone());
    publisher.prepare(&first).await.unwrap();
    rig.sink().script([Fault::Hold]);
    let result = publisher.commit(&first, &id).await;
    assert_eq!(result.map_err(|error| error.outcome), Err(Outcome::Unknown));
    let again = next_attempt(&first);
    publish(&*careful, &again).await.unwrap();
    rig.sink().release();
    rig.sink().wait_until_idle();
    assert_eq!(rig.effects(&first), 1);
    let found = careful.resolve(&again).await.unwrap();
    assert!(
        matches!(found, Found::Published(_) | Found::CannotTell),
        "{found:?}"
    );
}

async fn check(rig: &dyn Rig, case: &Case) -> Ended {
    let name = case.name;
    let (careful, publisher) = (rig.publisher(PATIENT), rig.publisher(case.timeout));
    let mut first = rig.publication(name);
    // What prepares makes a draft, or a session: the fault strikes the one step that cannot be undone.
    let id = careful.prepare(&first).await.unwrap().id;
    first.prepared_id = Some(id.clone());
    publisher.prepare(&first).await.unwrap();
    let before = rig.sink().requests().len();
    rig.sink().script([case.fault.clone()]);

    let result = publisher.commit(&first, &id).await;

    let index = match publisher.class() {
        Class::NaturalKey if !rig.reads_its_answers() => 0,
        Class::IdempotencyKey { .. } => 1,
        Class::NaturalKey | Class::LookUp | Class::Neither => 2,
    };
    let outcome = result.as_ref().map_err(|error| error.outcome).map(|_| ());
    // A short answer that drips has arrived whole.
    let unread = case.bare && rig.reads_its_answers() && !(outcome.is_ok() && name == "slow-body");
    let expected = if unread { Said::Unknown } else { case.said[index] };
    assert!(says(outcome, expected), "{name}: {result:?} and not {expected:?}");
    assert_eq!(rig.effects(&first), case.effects, "{name}");
    let requests = rig.sink().requests();
    let wanted = if index == 0 { case.requests } else { 1 };
    assert_eq!(requests.len() - before, wanted, "{name}: a retry below us");
    assert_one_request(name, &requests[before]);
    rig.sink().script([]);
    let next = what_the_next_call_does(rig, case, &first, &*rig.publisher(PATIENT)).await;
    Ended {
        case: name,
        said: outcome,
        next,
        effects: rig.effects(&first),
    }
}

fn says(outcome: Result<(), Outcome>, said: Said) -> bool {
    match (outcome, said) {
        (Ok(()), Said::Published)
        | (Err(Outcome::Refused), Said::Refused)
        | (Err(Outcome::Rejected), Said::Rejected)
        | (Err(Outcome::Unknown), Said::Unknown | Said::NotSentOrUnknown)
        | (Err(Outcome::NotSent { .. }), Said::NotSentOrUnknown) => true,
        (Err(Outcome::RateLimited { retry_after }), Said::RateLimited(seconds)) => {
            retry_after == Duration::from_secs(seconds)
        }
        _ => false,
    }
}

/// Every byte that arrived belongs to one request of a known length.
fn assert_one_request(name: &str, request: &Received) {
    if !request.whole {
        return;
    }
    let head = request.bytes.len() - request.body.len();
    let length: usize = request.headers["content-length"].parse().unwrap();
    assert_eq!(request.bytes.len(), head + length, "{name}");
    assert!(!request.headers.contains_key("transfer-encoding"), "{name}");
    assert_eq!(request.headers["connection"], "close", "{name}");
}

async fn what_the_next_call_does(
    rig: &dyn Rig,
    case: &Case,
    first: &Publication,
    publisher: &dyn Publisher,
) -> Next {
    let name = case.name;
    let again = next_attempt(first);
    let found = publisher.resolve(&again).await.unwrap();
    match publisher.class() {
        Class::NaturalKey | Class::LookUp => assert_eq!(
            matches!(found, Found::Published(_)),
            case.effects == 1,
            "{name}: {found:?}"
        ),
        Class::IdempotencyKey { .. } => assert_eq!(found, Found::CannotTell, "{name}"),
        // Nobody may send again, unless the platform said that it did not act: a person looks.
        Class::Neither => {
            assert_eq!(found, Found::CannotTell, "{name}");
            if !matches!(case.said[2], Said::RateLimited(_)) {
                return Next::Asked;
            }
        }
    }
    if publisher.class() == Class::LookUp && found != Found::Absent {
        // It is adopted, and never sent again.
        return Next::Found;
    }
    let accepted = publish(publisher, &again).await.unwrap();
    let named = match publisher.class() {
        Class::LookUp => accepted.remote_id.is_some(),
        Class::NaturalKey | Class::IdempotencyKey { .. } => accepted.url.is_some(),
        // Some say nothing of what they took.
        Class::Neither => true,
    };
    assert!(named, "{name}");
    assert_eq!(rig.effects(&again), 1, "{name}: published twice");
    if matches!(found, Found::Published(_)) {
        Next::Found
    } else {
        Next::Sent
    }
}
