//! The Bluesky channel on a real PDS, behind a proxy that can do to a request what a network can.

use campanile::{
    api::{AssetType, SecretKeyReference},
    domain::publication::Publication,
    publish::{Found, Outcome, Publisher, Secrets},
};
use serde_json::{Value, json};

use super::{PATIENT, Rig, cases::conforms, channel, known, next_attempt, publication, publish};
use crate::{
    pds::{Account, Pds},
    proxy,
    sink::{Fault, Sink, answer},
};

struct BlueskyRig {
    account: Account,
    proxy: Sink,
}

impl BlueskyRig {
    /// One account of the PDS, and a way to it.
    fn start(name: &str) -> Self {
        let pds = Pds::shared();
        Self {
            account: pds.account(name),
            proxy: proxy::before(pds.address),
        }
    }

    fn of(&self, handle: &str, password: &str, timeout: &str) -> Box<dyn Publisher> {
        let bluesky = json!({
            "handle": handle, "endpoint": self.proxy.url(), "secretRef": {"name": "bluesky"}, "timeout": timeout,
        });
        let name: SecretKeyReference =
            serde_json::from_value(json!({"name": "bluesky", "key": "appPassword"})).unwrap();
        channel(
            &json!({ "bluesky": bluesky }),
            &Secrets::from([(name, password.into())]),
        )
    }

    fn posts(&self) -> Vec<Value> {
        Pds::shared().posts(&self.account)
    }

    /// How often a method was asked for.
    fn asked(&self, method: &str) -> usize {
        let requests = self.proxy.requests();
        requests
            .iter()
            .filter(|request| request.line.contains(method))
            .count()
    }
}

impl Rig for BlueskyRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        self.of(&self.account.handle, &self.account.app_password, timeout)
    }

    fn sink(&self) -> &Sink {
        &self.proxy
    }

    fn effects(&self, publication: &Publication) -> usize {
        let parameter = publication.slot.parameter();
        let holds = |post: &&Value| post["value"]["text"].as_str().unwrap().contains(&parameter);
        self.posts().iter().filter(holds).count()
    }

    fn reads_its_answers(&self) -> bool {
        true
    }
}

fn error(status: u16, name: &str) -> Fault {
    let body = json!({"error": name, "message": "no"}).to_string();
    Fault::Say(answer(status, &[("content-type", "application/json")], &body))
}

#[tokio::test]
async fn bluesky_conforms_as_class_a() {
    conforms(&BlueskyRig::start("conforms")).await;
}

#[tokio::test]
async fn a_post_arrives_to_the_byte_with_its_language_and_its_link_leads_somewhere() {
    let rig = BlueskyRig::start("arrives");
    let mut asset = publication("words", AssetType::Post);
    asset.content.text.push_str(" #שיווק");
    let published = publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
    let [post] = rig.posts().try_into().unwrap();
    let record = &post["value"];
    assert_eq!(record["text"], asset.content.text);
    assert_eq!(record["langs"], json!(["he"]));
    assert_eq!(record["createdAt"], "2026-11-22T07:00:00Z");
    let text = asset.content.text.as_bytes();
    let shown = |index: usize| {
        let place = &record["facets"][index]["index"];
        let byte = |name: &str| usize::try_from(place[name].as_u64().unwrap()).unwrap();
        std::str::from_utf8(&text[byte("byteStart")..byte("byteEnd")]).unwrap()
    };
    assert_eq!(shown(0), asset.content.links[0].url);
    assert_eq!(
        record["facets"][0]["features"][0]["uri"],
        asset.content.links[0].url.as_str()
    );
    assert_eq!(
        (shown(1), &record["facets"][1]["features"][0]["tag"]),
        ("#שיווק", &json!("שיווק"))
    );
    let uri = post["uri"].as_str().unwrap();
    assert_eq!(published.remote_id.as_deref(), Some(uri));
    let key = uri.rsplit('/').next().unwrap();
    let shown = format!("https://bsky.app/profile/arrives.test/post/{key}");
    assert_eq!(published.url.as_deref(), Some(shown.as_str()));
}

#[tokio::test]
async fn three_hundred_characters_are_taken_and_what_is_longer_never_leaves() {
    let rig = BlueskyRig::start("longest");
    let publisher = rig.publisher(PATIENT);
    let mut asset = publication("longest", AssetType::Post);
    let link = asset.content.links[0].url.clone();
    asset.content.text = format!("{} {link}", "\u{1F469}\u{200D}\u{1F680}".repeat(299 - link.len()));
    publish(&*publisher, &asset).await.unwrap();
    let mut longer = publication("longer", AssetType::Post);
    longer.content.text = "ש".repeat(301);
    let requests = rig.proxy.requests().len();
    assert_eq!(
        known(publish(&*publisher, &longer).await),
        (Outcome::Rejected, "CopyTooLong")
    );
    assert_eq!(rig.proxy.requests().len(), requests);
}

/// The rule of the protocol on which the class rests: over another record of the key nothing is written.
#[tokio::test]
async fn a_post_that_somebody_changed_is_drifted_and_stays_as_it_is() {
    let rig = BlueskyRig::start("changed");
    let publisher = rig.publisher(PATIENT);
    let asset = publication("changed", AssetType::Post);
    let post = publish(&*publisher, &asset).await.unwrap();
    let mut record = rig.posts()[0]["value"].clone();
    record["text"] = json!("other words");
    Pds::shared().edit(&rig.account, &post.remote_id.unwrap(), Some(&record));
    let again = next_attempt(&asset);
    let drifted = (Outcome::Drifted, "RecordChanged");
    assert_eq!(known(publish(&*publisher, &again).await), drifted);
    let looked = publisher.resolve(&again).await.unwrap_err();
    assert_eq!((looked.outcome, looked.reason), drifted);
    let [post] = rig.posts().try_into().unwrap();
    assert_eq!(post["value"]["text"], "other words");
}

#[tokio::test]
async fn a_post_that_was_taken_down_is_absent_and_its_slot_can_be_used_again() {
    let rig = BlueskyRig::start("recalled");
    let publisher = rig.publisher(PATIENT);
    let first = publication("recalled", AssetType::Post);
    let post = publish(&*publisher, &first).await.unwrap();
    let released = Publication {
        epoch: 1,
        scheduled_for: "2026-11-29T07:00:00Z".parse().unwrap(),
        ..first.clone()
    };
    // As long as the first stands the slot is taken, whatever the epoch.
    let result = publish(&*publisher, &released).await;
    assert_eq!(known(result), (Outcome::Drifted, "RecordChanged"));
    Pds::shared().edit(&rig.account, post.remote_id.as_deref().unwrap(), None);
    assert_eq!(publisher.resolve(&first).await.unwrap(), Found::Absent);
    let second = publish(&*publisher, &released).await.unwrap();
    assert_eq!(second.remote_id, post.remote_id);
    assert_eq!(rig.posts().len(), 1);
}

#[tokio::test]
async fn one_session_serves_many_posts_and_is_made_anew_where_it_is_no_longer_taken() {
    let rig = BlueskyRig::start("manyposts");
    let publisher = rig.publisher(PATIENT);
    for post in ["one", "two"] {
        publish(&*publisher, &publication(post, AssetType::Post))
            .await
            .unwrap();
    }
    assert_eq!(rig.asked("createSession"), 1);
    let third = publication("three", AssetType::Post);
    rig.proxy.script([error(400, "ExpiredToken")]);
    let not_sent = Outcome::NotSent { retry_after: None };
    assert_eq!(
        known(publish(&*publisher, &third).await),
        (not_sent, "SessionExpired")
    );
    publish(&*publisher, &next_attempt(&third)).await.unwrap();
    assert_eq!(rig.asked("createSession"), 2);
    assert_eq!(rig.posts().len(), 3);
}

#[tokio::test]
async fn where_no_session_is_had_nothing_is_sent() {
    let rig = BlueskyRig::start("nosession");
    let asset = publication("unsent", AssetType::Post);
    let not_sent = Outcome::NotSent { retry_after: None };
    for (fault, expected) in [
        (Fault::LoseReply, (not_sent, "NoAnswer")),
        (error(503, "UpstreamFailure"), (not_sent, "PlatformFailed")),
        (error(400, "InvalidRequest"), (not_sent, "RejectedByPlatform")),
        (Fault::Say(answer(200, &[], "{}")), (not_sent, "UnexpectedAnswer")),
        (
            error(401, "AuthFactorTokenRequired"),
            (Outcome::Refused, "CredentialsRefused"),
        ),
    ] {
        rig.proxy.script([fault]);
        assert_eq!(known(publish(&*rig.publisher(PATIENT), &asset).await), expected);
    }
    assert_eq!(rig.asked("putRecord"), 0);
}

#[tokio::test]
async fn a_preflight_of_bluesky_says_whose_the_password_is_and_posts_nothing() {
    let rig = BlueskyRig::start("preflight");
    let said = rig.publisher(PATIENT).preflight().await.unwrap().message;
    assert!(
        said.contains(&rig.account.did) && said.contains("preflight.test"),
        "{said}"
    );
    let wrong = rig
        .of("preflight.test", "wrong-pass-word", PATIENT)
        .preflight()
        .await
        .unwrap_err();
    assert_eq!(
        (wrong.outcome, wrong.reason),
        (Outcome::Refused, "CredentialsRefused")
    );
    // An e-mail address logs in as well: the account is another than the one that is written down.
    rig.proxy.script([Fault::ActAndSay(answer(
        200,
        &[],
        &json!({"did": "did:plc:a", "handle": "somebody.test", "accessJwt": "canary-a", "refreshJwt": "canary-b"}).to_string(),
    ))]);
    let other = rig.publisher(PATIENT).preflight().await.unwrap_err();
    assert_eq!(
        (other.outcome, other.reason),
        (Outcome::Refused, "AnotherAccount")
    );
    assert_eq!(rig.posts().len(), 0);
}

#[tokio::test]
async fn what_a_server_says_back_of_a_session_is_not_shown() {
    let rig = BlueskyRig::start("echo");
    let publisher = rig.publisher(PATIENT);
    let asset = publication("echo", AssetType::Post);
    let session = json!({"did": rig.account.did, "handle": "echo.test", "accessJwt": "canary-access", "refreshJwt": "canary-refresh"});
    rig.proxy.script([
        Fault::Say(answer(200, &[], &session.to_string())),
        Fault::Say(answer(
            422,
            &[],
            "you said Bearer canary-access and canary-refresh",
        )),
    ]);
    let error = publish(&*publisher, &asset).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
    assert!(error.message.contains("[redacted]"), "{}", error.message);
}
