//! The Mastodon channel, on a stand-in of an instance.

use std::sync::{Arc, Mutex};

use campanile::{
    api::{AssetType, SecretKeyReference},
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
use crate::sink::{Received, Receiver, Sink};

const TOKEN: &str = "canary-token-of-an-account";

/// An instance with one account: `/api/v2/instance`, `verify_credentials`, an account's statuses and `POST /api/v1/statuses`,
/// as <https://docs.joinmastodon.org/methods/statuses/> describes them.
///
/// # What it cannot show
/// Limits, its counting of links and mentions, federation, how it cleans HTML, and that it forgets a key after an hour.
struct Instance {
    chat: Chat,
    /// Whether it honours Idempotency-Key: some servers that speak this API do not.
    honours_keys: bool,
    keys: Mutex<Vec<(String, usize)>>,
    limit: u64,
}

type Refusal = (u16, &'static str);

impl Instance {
    fn answer(&self, asked: &Asked, request: &Received) -> Result<Value, Refusal> {
        if asked.is("GET", "/api/v2/instance") {
            return Ok(json!({"configuration": {"statuses": {"max_characters": self.limit}}}));
        }
        if request.headers.get("authorization").map(String::as_str) != Some(&format!("Bearer {TOKEN}")) {
            return Err((401, "The access token is invalid"));
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/api/v1/accounts/verify_credentials") => Ok(json!({"id": "14715", "acct": "acme"})),
            ("GET", "/api/v1/accounts/14715/statuses") => Ok(self.statuses(asked)),
            ("POST", "/api/v1/statuses") => self.post(asked, request.headers.get("idempotency-key")),
            _ => Err((404, "Record not found")),
        }
    }

    fn post(&self, asked: &Asked, key: Option<&String>) -> Result<Value, Refusal> {
        let body = &asked.body;
        if asked
            .unknown_field(&["status", "visibility", "language", "in_reply_to_id"])
            .is_some()
        {
            return Err((422, "Validation failed: a field that this stand-in does not know"));
        }
        let text = body["status"].as_str().filter(|text| !text.trim().is_empty());
        let text = text.ok_or((422, "Validation failed: Text can't be blank"))?;
        let two_letters =
            |language: &str| language.len() == 2 && language.chars().all(|c| c.is_ascii_lowercase());
        if !body["language"].as_str().is_some_and(two_letters) {
            return Err((422, "Validation failed: Language is not valid"));
        }
        if !["public", "unlisted", "private"].contains(&body["visibility"].as_str().unwrap_or_default()) {
            return Err((422, "Validation failed: Visibility is not included in the list"));
        }
        let parent = body["in_reply_to_id"].as_str().map(|id| id.parse().unwrap_or(0));
        if parent.is_some_and(|parent: usize| parent == 0 || parent > self.chat.messages().len()) {
            let gone = "The post you are trying to reply to does not appear to exist.";
            return Err((404, gone));
        }
        let mut keys = self.keys.lock().unwrap();
        let known = keys
            .iter()
            .find(|(known, _)| self.honours_keys && Some(known) == key);
        let number = match known {
            Some((_, number)) => *number,
            None => self
                .chat
                .say(json!({"status": text, "language": body["language"], "parent": body["in_reply_to_id"]})),
        };
        keys.extend(key.map(|key| (key.clone(), number)));
        drop(keys);
        Ok(self.status(number))
    }

    /// As the instance shows it: HTML, in which a link is one.
    fn status(&self, number: usize) -> Value {
        let messages = self.chat.messages();
        let text = messages[number - 1]["status"].as_str().unwrap();
        let link = text
            .split_whitespace()
            .find(|word| word.starts_with("https://"))
            .unwrap_or_default();
        let shown = link.replace('&', "&amp;");
        let content = if link.is_empty() {
            format!("<p>{}</p>", text.replace('&', "&amp;").replace('\n', "<br />"))
        } else {
            format!(
                "<p>words<br /><a href=\"{shown}\" rel=\"nofollow noopener\">{}…</a></p>",
                &shown[..shown.len().min(20)]
            )
        };
        json!({
            "in_reply_to_id": messages[number - 1]["parent"],
            "id": number.to_string(), "url": format!("https://social.example/@acme/{number}"),
            "created_at": "2026-11-22T07:00:01.000Z",
            "content": content,
        })
    }

    fn statuses(&self, asked: &Asked) -> Value {
        let number = |name| asked.parameter(name).and_then(|text| text.parse::<usize>().ok());
        let limit = number("limit").unwrap_or(20).min(40);
        let all = self.chat.messages().len();
        let before = number("max_id").unwrap_or(all + 1);
        let newest_first = (1..=all).rev().filter(|number| *number < before).take(limit);
        newest_first.map(|number| self.status(number)).collect()
    }
}

impl Receiver for Instance {
    fn act(&self, request: &Received) -> Vec<u8> {
        match Asked::of(request).map(|asked| self.answer(&asked, request)) {
            Ok(Ok(said)) => says(200, &said),
            Ok(Err((status, words))) => says(status, &json!({"error": words})),
            Err(answer) => answer,
        }
    }
}

struct MastodonRig {
    instance: Arc<Instance>,
    sink: Sink,
}

impl MastodonRig {
    fn start(honours_keys: bool, limit: u64) -> Self {
        let instance = Arc::new(Instance {
            chat: Chat::default(),
            honours_keys,
            keys: Mutex::default(),
            limit,
        });
        let sink = Sink::start(Arc::<Instance>::clone(&instance));
        Self { instance, sink }
    }

    fn with(&self, token: &str, timeout: &str) -> Box<dyn Publisher> {
        let mastodon =
            json!({"endpoint": self.sink.url(), "secretRef": {"name": "mastodon"}, "timeout": timeout});
        let name: SecretKeyReference =
            serde_json::from_value(json!({"name": "mastodon", "key": "token"})).unwrap();
        channel(
            &json!({ "mastodon": mastodon }),
            &Secrets::from([(name, token.into())]),
        )
    }
}

impl Rig for MastodonRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        self.with(TOKEN, timeout)
    }

    fn sink(&self) -> &Sink {
        &self.sink
    }

    fn effects(&self, publication: &Publication) -> usize {
        self.instance.chat.holds(publication, "status")
    }

    fn reads_its_answers(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn mastodon_conforms_as_class_c() {
    conforms(&MastodonRig::start(true, 500)).await;
}

#[tokio::test]
async fn a_server_that_ignores_the_key_conforms_as_class_c_too() {
    conforms(&MastodonRig::start(false, 5000)).await;
}

#[tokio::test]
async fn a_repeated_key_makes_one_status_where_the_instance_honours_it() {
    for (honours_keys, statuses) in [(true, 1), (false, 2)] {
        let rig = MastodonRig::start(honours_keys, 500);
        let first = publication("twice", AssetType::Post);
        for asset in [&first, &next_attempt(&first)] {
            publish(&*rig.publisher(PATIENT), asset).await.unwrap();
        }
        assert_eq!(rig.effects(&first), statuses);
    }
}

#[tokio::test]
async fn hebrew_and_emoji_arrive_in_mastodon_to_the_byte_with_their_language() {
    let rig = MastodonRig::start(true, 500);
    let mut asset = publication("words", AssetType::Post);
    asset.content.language = "he-IL".into();
    let published = publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
    let message = rig.instance.chat.messages()[0].clone();
    assert_eq!(message["status"], asset.content.text);
    assert_eq!(message["language"], "he");
    assert_eq!(published.url.as_deref(), Some("https://social.example/@acme/1"));
}

#[tokio::test]
async fn a_status_is_found_behind_pages_and_without_a_link_nobody_can_tell() {
    let rig = MastodonRig::start(false, 500);
    let publisher = rig.publisher(PATIENT);
    let asset = publication("behind", AssetType::Post);
    rig.sink.lose_reply_of(1);
    publish(&*publisher, &asset).await.unwrap_err();
    for number in 0..90 {
        rig.instance
            .chat
            .say(json!({"status": format!("other {number}")}));
    }
    let found = publisher.resolve(&next_attempt(&asset)).await.unwrap();
    assert!(matches!(found, Found::Published(_)), "{found:?}");
    let mut bare = publication("bare", AssetType::Post);
    bare.content.text = "Good morning!".into();
    assert_eq!(publisher.resolve(&bare).await.unwrap(), Found::CannotTell);
}

#[tokio::test]
async fn a_preflight_of_mastodon_says_what_is_wrong_and_posts_nothing() {
    let rig = MastodonRig::start(true, 500);
    rig.publisher(PATIENT).preflight().await.unwrap();
    let error = rig.with("wrong", PATIENT).preflight().await.unwrap_err();
    assert_eq!(
        (error.outcome, error.reason),
        (Outcome::Refused, "CredentialsRefused")
    );
    let terse = MastodonRig::start(true, 300);
    let error = terse.publisher(PATIENT).preflight().await.unwrap_err();
    assert_eq!(error.reason, "LimitTooHigh");
    assert!(
        error.message.contains("allows 300 characters"),
        "{}",
        error.message
    );
    assert_eq!(rig.instance.chat.messages().len(), 0);
}

fn reply(post_id: &str, parent: &str, words: &str) -> Publication {
    let mut asset = publication(post_id, AssetType::Post);
    asset.content.text = words.into();
    asset.reply_to = Some(parent.into());
    asset
}

#[tokio::test]
async fn a_reply_is_one_and_is_found_by_what_it_replies_to_and_its_words() {
    let rig = MastodonRig::start(false, 500);
    let publisher = rig.publisher(PATIENT);
    let first = publish(&*publisher, &publication("first", AssetType::Post))
        .await
        .unwrap();
    let parent = first.remote_id.unwrap();
    let second = reply("second", &parent, "Second & last,\nin two lines");
    assert_eq!(publisher.resolve(&second).await.unwrap(), Found::Absent);
    rig.sink.lose_reply_of(1);
    publish(&*publisher, &second).await.unwrap_err();
    assert_eq!(rig.instance.chat.messages()[1]["parent"], parent.as_str());
    let found = publisher.resolve(&next_attempt(&second)).await.unwrap();
    let Found::Published(found) = found else {
        panic!("{found:?}");
    };
    // Somebody else's hand may have written what stands there: it proves nothing of other words.
    let other = reply("other", &parent, "Other words");
    assert_eq!(publisher.resolve(&other).await.unwrap(), Found::CannotTell);
    let third = reply("third", &found.remote_id.unwrap(), "Third");
    assert_eq!(publisher.resolve(&third).await.unwrap(), Found::Absent);
}

#[tokio::test]
async fn a_reply_to_what_is_gone_is_rejected_and_leaves_the_channel_open() {
    let rig = MastodonRig::start(true, 500);
    let result = publish(&*rig.publisher(PATIENT), &reply("late", "77", "Second")).await;
    assert_eq!(known(result), (Outcome::Rejected, "RepliedToIsGone"));
}
