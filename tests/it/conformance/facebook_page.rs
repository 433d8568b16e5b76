//! The Facebook page channel, on a stand-in of the Graph API.

use std::sync::Arc;

use campanile::{
    api::{AssetType, LinkPlacement, SecretKeyReference},
    domain::publication::Publication,
    publish::{Found, Outcome, Publisher, Secrets},
};
use serde_json::{Value, json};

use super::{
    PATIENT, Rig,
    cases::conforms,
    channel,
    chat::{Asked, Chat, says},
    known, next_attempt, publication, publish,
};
use crate::sink::{Fault, Received, Receiver, Sink, answer};

const TOKEN: &str = "canary-token-of-the-page";
/// The token of a person who manages the page.
const PERSON: &str = "canary-token-of-a-person";
const PAGE: &str = "104550000000001";
const VERSION: &str = "v26.0";

/// Facebook for one page: `/me`, the feed of the page, and its posts by their numbers, as
/// <https://developers.facebook.com/docs/pages-api/posts> and the guide to errors describe them.
///
/// # What it cannot show
/// Reviews of an app, without which only its own people see a post; limits, previews of links, rules about content, and
/// how soon a post that was published is read as published.
#[derive(Default)]
struct Graph {
    chat: Chat,
}

type Refusal = (u16, Value);

fn refused(code: u32, subcode: u32, message: &str) -> Refusal {
    let status = if code == 190 { 401 } else { 400 };
    (
        status,
        json!({"error": {
            "message": message, "type": "OAuthException", "code": code, "error_subcode": subcode, "fbtrace_id": "AbC",
        }}),
    )
}

impl Graph {
    fn answer(&self, asked: &Asked, request: &Received) -> Result<Value, Refusal> {
        let bearer = request
            .headers
            .get("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        let is_the_page = match bearer {
            Some(TOKEN) => true,
            Some(PERSON) => false,
            _ => {
                return Err(refused(
                    190,
                    463,
                    "Error validating access token: Session has expired",
                ));
            }
        };
        let (version, place) = asked
            .path
            .trim_start_matches('/')
            .split_once('/')
            .unwrap_or_default();
        if !version.starts_with('v') {
            return Err(refused(2500, 0, "Unknown path components"));
        }
        if asked.is("GET", &format!("/{version}/me")) {
            return Ok(json!({"id": if is_the_page { PAGE } else { "77" }, "name": "Acme"}));
        }
        if !is_the_page {
            return Err(refused(200, 0, "(#200) requires pages_manage_posts as the page"));
        }
        match asked.method.as_str() {
            "POST" if place == format!("{PAGE}/feed") => self.create(asked),
            "POST" => self.update(place, asked),
            _ => {
                let post = self.number(place)?;
                Ok(json!({"id": place, "is_published": self.chat.messages()[post]["published"]}))
            }
        }
    }

    fn create(&self, asked: &Asked) -> Result<Value, Refusal> {
        if let Some(field) = asked.unknown_field(&["message", "link", "published"]) {
            return Err(refused(
                100,
                0,
                &format!("(#100) The parameter {field} is unknown to this stand-in"),
            ));
        }
        let message = asked.body["message"]
            .as_str()
            .filter(|message| !message.trim().is_empty());
        let message = message.ok_or_else(|| refused(100, 0, "(#100) A post needs a message"))?;
        let published = asked.body["published"].as_bool().unwrap_or(true);
        let number = self.chat.say(json!({
            "message": message, "link": asked.body["link"], "published": published, "shown": if published { message } else { "" },
        }));
        Ok(json!({"id": id(number)}))
    }

    fn update(&self, place: &str, asked: &Asked) -> Result<Value, Refusal> {
        let index = self.number(place)?;
        if asked.body != json!({"is_published": true}) {
            return Err(refused(100, 0, "(#100) Invalid parameter"));
        }
        let mut all = self.chat.messages();
        let message = all[index]["message"].clone();
        let shown = |post: &Value| post["published"] == true && post["message"] == message;
        if all
            .iter()
            .enumerate()
            .any(|(other, post)| other != index && shown(post))
        {
            return Err(refused(506, 0, "(#506) Duplicate status message"));
        }
        all[index]["shown"] = message;
        all[index]["published"] = true.into();
        Ok(json!({"success": true}))
    }

    /// The index of a post that is there.
    fn number(&self, place: &str) -> Result<usize, Refusal> {
        let number = place
            .strip_prefix(&format!("{PAGE}_"))
            .and_then(|number| number.parse::<usize>().ok());
        let all = self.chat.messages();
        number
            .filter(|number| (1..=all.len()).contains(number) && all[number - 1]["deleted"] != true)
            .map(|number| number - 1)
            .ok_or_else(|| refused(100, 33, "Unsupported get request. Object does not exist"))
    }
}

fn id(number: usize) -> String {
    format!("{PAGE}_{number}")
}

impl Receiver for Graph {
    fn act(&self, request: &Received) -> Vec<u8> {
        let asked = match Asked::of(request) {
            Ok(asked) => asked,
            Err(answer) => return answer,
        };
        let (status, said) = match self.answer(&asked, request) {
            Ok(said) => (200, said),
            Err(refusal) => refusal,
        };
        // A version that is gone is answered by the oldest that is not.
        let headers = [
            ("content-type", "application/json"),
            ("facebook-api-version", VERSION),
        ];
        answer(status, &headers, &said.to_string())
    }
}

struct PageRig {
    graph: Arc<Graph>,
    sink: Sink,
}

impl PageRig {
    fn start() -> Self {
        let graph = Arc::<Graph>::default();
        let sink = Sink::start(Arc::<Graph>::clone(&graph));
        Self { graph, sink }
    }

    fn with(&self, change: Value, token: &str) -> Box<dyn Publisher> {
        let mut page = json!({"page": PAGE, "endpoint": self.sink.url(), "secretRef": {"name": "facebook"}});
        let Value::Object(change) = change else {
            panic!("fields")
        };
        page.as_object_mut().unwrap().extend(change);
        let name: SecretKeyReference =
            serde_json::from_value(json!({"name": "facebook", "key": "token"})).unwrap();
        channel(
            &json!({ "facebookPage": page }),
            &Secrets::from([(name, format!("{token}\n").into())]),
        )
    }
}

impl Rig for PageRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        self.with(json!({ "timeout": timeout }), TOKEN)
    }

    fn sink(&self) -> &Sink {
        &self.sink
    }

    /// How often readers see it: what was prepared alone is seen by nobody.
    fn effects(&self, publication: &Publication) -> usize {
        self.graph.chat.holds(publication, "shown")
    }

    fn reads_its_answers(&self) -> bool {
        true
    }
}

/// The publication with what was prepared for it, as the operator records it before it sends.
async fn prepared(publisher: &dyn Publisher, post_id: &str) -> Publication {
    let mut asset = publication(post_id, AssetType::Post);
    asset.prepared_id = Some(publisher.prepare(&asset).await.unwrap().id);
    asset
}

#[tokio::test]
async fn a_facebook_page_conforms_as_class_c() {
    conforms(&PageRig::start()).await;
}

#[tokio::test]
async fn hebrew_and_emoji_are_shown_on_a_page_to_the_byte_once_they_are_published() {
    let rig = PageRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = prepared(&*publisher, "words").await;
    assert_eq!(rig.effects(&asset), 0, "nobody sees what is prepared");
    let id = asset.prepared_id.clone().unwrap();
    let post = publisher.commit(&asset, &id).await.unwrap();
    assert_eq!(rig.graph.chat.messages()[0]["shown"], asset.content.text);
    assert_eq!(rig.graph.chat.messages()[0]["link"], Value::Null);
    assert_eq!(post.remote_id, Some(id.clone()));
    assert_eq!(post.url, Some(format!("https://www.facebook.com/{id}")));
}

#[tokio::test]
async fn a_card_is_the_link_of_the_post() {
    let rig = PageRig::start();
    let mut asset = publication("card", AssetType::Post);
    asset.content.text = "Good morning!".into();
    asset.content.link_placement = LinkPlacement::Card;
    publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
    let post = rig.graph.chat.messages()[0].clone();
    assert_eq!(
        (&post["shown"], &post["link"]),
        (&json!("Good morning!"), &json!(asset.content.links[0].url))
    );
}

#[tokio::test]
async fn what_was_prepared_is_published_once_however_often_it_is_committed() {
    let rig = PageRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = prepared(&*publisher, "again").await;
    let id = asset.prepared_id.clone().unwrap();
    assert_eq!(publisher.resolve(&asset).await.unwrap(), Found::Absent);
    rig.sink.lose_reply_of(1);
    publisher.commit(&asset, &id).await.unwrap_err();
    let found = publisher.resolve(&asset).await.unwrap();
    assert!(matches!(found, Found::Published(_)), "{found:?}");
    publisher.commit(&next_attempt(&asset), &id).await.unwrap();
    assert_eq!((rig.effects(&asset), rig.graph.chat.messages().len()), (1, 1));
}

#[tokio::test]
async fn a_preparation_that_is_lost_is_a_post_that_was_not_sent() {
    let rig = PageRig::start();
    let publisher = rig.publisher(PATIENT);
    for fault in [
        Fault::LoseReply,
        Fault::Say(answer(500, &[], "no")),
        Fault::Say(says(200, &json!({"id": "another-page_1"}))),
        Fault::Say(answer(200, &[], "<html>")),
    ] {
        rig.sink.script([fault]);
        let asset = publication("unsent", AssetType::Post);
        let error = publisher.prepare(&asset).await.unwrap_err();
        assert_eq!(error.outcome, Outcome::NotSent { retry_after: None }, "{error:?}");
        assert_eq!(rig.effects(&asset), 0);
    }
    let asset = publication("elsewhere", AssetType::Post);
    for id in ["another-page_1", "104550000000001_1/../me", "104550000000001_"] {
        assert_eq!(
            known(publisher.commit(&asset, id).await).1,
            "PreparedElsewhere",
            "{id}"
        );
    }
}

#[tokio::test]
async fn where_nothing_was_prepared_or_the_post_is_gone_nobody_can_tell() {
    let rig = PageRig::start();
    let publisher = rig.publisher(PATIENT);
    let bare = publication("bare", AssetType::Post);
    assert_eq!(publisher.resolve(&bare).await.unwrap(), Found::CannotTell);
    let asset = prepared(&*publisher, "deleted").await;
    rig.graph.chat.messages()[0]["deleted"] = true.into();
    assert_eq!(publisher.resolve(&asset).await.unwrap(), Found::CannotTell);
    for fault in [
        Fault::LoseReply,
        Fault::Say(says(
            400,
            &json!({"error": {"code": 100, "message": "Invalid parameter"}}),
        )),
        Fault::Say(says(
            500,
            &json!({"error": {"code": 2, "message": "An unexpected error"}}),
        )),
        Fault::Say(says(200, &json!({"id": "1"}))),
    ] {
        rig.sink.script([fault]);
        let error = publisher.resolve(&asset).await.unwrap_err();
        assert_eq!(error.outcome, Outcome::NotSent { retry_after: None }, "{error:?}");
    }
}

#[tokio::test]
async fn the_codes_of_facebook_have_their_meaning() {
    let rig = PageRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = prepared(&*publisher, "codes").await;
    let id = asset.prepared_id.clone().unwrap();
    let minute = Outcome::RateLimited {
        retry_after: std::time::Duration::from_mins(1),
    };
    for (status, code, outcome) in [
        (500, 1, Outcome::Unknown),
        (400, 2, Outcome::Unknown),
        (400, 4, minute),
        (403, 32, minute),
        (400, 190, Outcome::Refused),
        (403, 200, Outcome::Refused),
        (400, 368, Outcome::Refused),
        (400, 506, Outcome::Rejected),
        (400, 100, Outcome::Rejected),
        (403, 1_000, Outcome::Refused),
        (500, 100, Outcome::Unknown),
    ] {
        let said = json!({"error": {"code": code, "message": "in words"}});
        rig.sink.script([Fault::Say(says(status, &said))]);
        assert_eq!(known(publisher.commit(&asset, &id).await).0, outcome, "{code}");
    }
    publisher.commit(&asset, &id).await.unwrap();
    let again = prepared(&*publisher, "codes").await;
    let duplicate = publisher
        .commit(&again, &again.prepared_id.clone().unwrap())
        .await;
    assert_eq!(known(duplicate), (Outcome::Rejected, "DuplicatePost"));
}

#[tokio::test]
async fn a_preflight_of_a_page_says_what_is_wrong_and_posts_nothing() {
    let rig = PageRig::start();
    rig.publisher(PATIENT).preflight().await.unwrap();
    for (change, token, reason) in [
        (json!({}), "wrong", "CredentialsRefused"),
        (json!({}), PERSON, "AnotherAccount"),
        (json!({"page": "1"}), TOKEN, "AnotherAccount"),
        (json!({"version": "v19.0"}), TOKEN, "VersionSunset"),
    ] {
        let error = rig.with(change, token).preflight().await.unwrap_err();
        assert_eq!((error.outcome, error.reason), (Outcome::Refused, reason));
    }
    assert_eq!(rig.graph.chat.messages().len(), 0);
}

#[tokio::test]
async fn the_token_of_a_page_is_not_shown() {
    let rig = PageRig::start();
    let publisher = rig.publisher(PATIENT);
    rig.sink
        .script([Fault::Say(answer(400, &[], &format!("bad {TOKEN}")))]);
    let error = publish(&*publisher, &publication("echo", AssetType::Post))
        .await
        .unwrap_err();
    let shown = format!("{publisher:?} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
}
