//! The X channel, on a stand-in of its API.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use campanile::{
    api::{AssetType, SecretKeyReference},
    domain::publication::Publication,
    publish::{Found, Outcome, Publisher, Secrets},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};

use super::{
    PATIENT, Rig,
    cases::conforms,
    channel,
    chat::{Asked, Chat, says},
    known, next_attempt,
    openapi::Description,
    publication, publish,
};
use crate::sink::{Fault, Received, Receiver, Sink, answer};

const TOKEN: &str = "canary-token-of-an-account";
const KEYS: [(&str, &str); 4] = [
    ("consumer_key", "canary-key-of-an-app"),
    ("consumer_secret", "canary/secret+of=an&app"),
    ("access_token", "2244994945-canary-token"),
    ("access_token_secret", "canary-secret-of-an-account"),
];
const ACCOUNT: &str = "2244994945";
/// Ids of X say when they were made; here they only grow.
const FIRST_ID: usize = 1_990_000_000_000_000_000;

/// The API of X with one account: `POST /2/tweets`, `GET /2/users/me` and `GET /2/users/{id}/tweets`, as its published
/// OpenAPI document and <https://docs.x.com> describe them.
///
/// It checks signatures by RFC 5849, refuses a nonce that it has seen, words that the account has posted already and
/// texts over 280, shortens links, and validates every request against the document where that is at hand.
///
/// # What it cannot show
/// Limits, prices, scopes, how X weighs other letters than those of links, that a timeline shows a new post late, and
/// what else X makes of a text: mentions, tags, cards.
struct Api {
    chat: Chat,
    /// The parameter that names the fields of a post.
    fields: &'static str,
    /// Whether a timeline says where links lead.
    says_where_links_lead: bool,
    nonces: Mutex<BTreeSet<String>>,
    description: Option<Description>,
    /// What of our requests the published document does not describe.
    undescribed: Mutex<Vec<String>>,
}

type Refusal = (u16, &'static str, &'static str);

impl Api {
    fn answer(&self, asked: &Asked, request: &Received) -> Result<(u16, Value), Refusal> {
        if let Some(description) = &self.description {
            self.undescribed.lock().unwrap().extend(description.faults(asked));
        }
        if !self.is_signed(asked, request) {
            return Err((401, "Unauthorized", "Unauthorized"));
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/2/users/me") if asked.query.is_empty() => Ok((
                200,
                json!({"data": {"id": ACCOUNT, "name": "Acme", "username": "Acme"}}),
            )),
            ("GET", "/2/users/2244994945/tweets") => self.timeline(asked).map(|page| (200, page)),
            ("POST", "/2/tweets") => self.post(asked).map(|post| (201, post)),
            _ => Err((404, "Not Found Error", "Not Found")),
        }
    }

    fn is_signed(&self, asked: &Asked, request: &Received) -> bool {
        let header = request.headers.get("authorization").map_or("", String::as_str);
        let Some(signed) = header.strip_prefix("OAuth ") else {
            return header == format!("Bearer {TOKEN}");
        };
        let parameters: BTreeMap<String, String> = signed.split(", ").map(unquoted).collect();
        let of = |name: &str| parameters.get(name).map_or("", String::as_str);
        let seconds: i64 = of("oauth_timestamp").parse().unwrap_or_default();
        let is_new = self.nonces.lock().unwrap().insert(of("oauth_nonce").to_owned());
        let host = &request.headers["host"];
        let base = base_of(asked, &format!("http://{host}{}", asked.path), &parameters);
        is_new
            && of("oauth_nonce").len() >= 16
            && of("oauth_consumer_key") == KEYS[0].1
            && of("oauth_token") == KEYS[2].1
            && of("oauth_signature_method") == "HMAC-SHA1"
            && of("oauth_version") == "1.0"
            && parameters.len() == 7
            && (Timestamp::now().as_second() - seconds).abs() < 300
            && of("oauth_signature") == hmac_sha1(&base)
    }

    fn post(&self, asked: &Asked) -> Result<Value, Refusal> {
        let invalid = |detail| (400, "Invalid Request", detail);
        if asked.unknown_field(&["text", "reply"]).is_some() {
            return Err(invalid("a field that this stand-in does not know"));
        }
        let text = asked.body["text"].as_str().filter(|text| !text.trim().is_empty());
        let text = text.ok_or(invalid("text: cannot be empty"))?;
        let word = |word: &str| {
            if word.starts_with("https://") {
                23
            } else {
                word.encode_utf16().count()
            }
        };
        if text.split_inclusive(char::is_whitespace).map(word).sum::<usize>() > 280 {
            return Err(invalid("Your Tweet text is too long"));
        }
        let is_known = self.chat.messages().iter().any(|post| post["text"] == text);
        if is_known {
            let detail = "You are not allowed to create a Tweet with duplicate content.";
            return Err((403, "Forbidden", detail));
        }
        let parent = asked.body["reply"]["in_reply_to_tweet_id"].as_str();
        let known = self.chat.messages().len();
        if parent.is_some_and(|parent| !(1..=known).any(|number| id(number) == parent)) {
            let detail = "You attempted to reply to a Tweet that is deleted or not visible to you.";
            return Err((403, "Forbidden", detail));
        }
        let number = self.chat.say(json!({"text": text, "parent": parent}));
        Ok(json!({"data": {"id": id(number), "text": text, "edit_history_post_ids": [id(number)]}}))
    }

    /// As X shows it: every link shortened, `&` as an entity, and where links lead for who asks.
    fn shown(&self, number: usize, asked: &Asked) -> Value {
        let messages = self.chat.messages();
        let text = messages[number - 1]["text"].as_str().unwrap();
        let link = text.split_whitespace().find(|word| word.starts_with("https://"));
        let short = format!("https://t.co/{number:010}");
        let text = link
            .map_or(text.to_owned(), |link| text.replace(link, &short))
            .replace('&', "&amp;");
        let mut post = json!({"id": id(number), "text": text, "edit_history_post_ids": [id(number)]});
        let fields: Vec<&str> = asked
            .parameter(self.fields)
            .into_iter()
            .flat_map(|names| names.split(','))
            .collect();
        if fields.contains(&"conversation_id") {
            post["conversation_id"] = id(root(&messages, number)).into();
        }
        if let (true, Some(link), true) = (fields.contains(&"entities"), link, self.says_where_links_lead) {
            let display = &link[8..link.len().min(28)];
            let url =
                json!({"start": 0, "end": 23, "url": short, "expanded_url": link, "display_url": display});
            post["entities"] = json!({"urls": [url]});
        }
        post
    }

    fn timeline(&self, asked: &Asked) -> Result<Value, Refusal> {
        let known = [
            "max_results",
            "exclude",
            "start_time",
            "pagination_token",
            self.fields,
        ];
        let is_known = |(name, _): &(String, String)| known.contains(&name.as_str());
        let most = asked
            .parameter("max_results")
            .and_then(|text| text.parse::<usize>().ok());
        let since: Option<Timestamp> = asked.parameter("start_time").and_then(|text| text.parse().ok());
        let is_past = since.is_some_and(|since| since < Timestamp::now());
        let Some(most) =
            most.filter(|most| (5..=100).contains(most) && is_past && asked.query.iter().all(is_known))
        else {
            return Err((
                400,
                "Invalid Request",
                "One or more parameters to your request was invalid.",
            ));
        };
        let all = self.chat.messages().len();
        let before = asked
            .parameter("pagination_token")
            .map_or(all, |token| token.parse().unwrap());
        let posts: Vec<Value> = (1..=before)
            .rev()
            .take(most)
            .map(|number| self.shown(number, asked))
            .collect();
        let mut page = json!({"meta": {"result_count": posts.len()}});
        if before > posts.len() {
            page["meta"]["next_token"] = (before - posts.len()).to_string().into();
        }
        if !posts.is_empty() {
            page["data"] = posts.into();
        }
        Ok(page)
    }
}

fn id(number: usize) -> String {
    (FIRST_ID + number).to_string()
}

/// The post that a conversation began with.
fn root(messages: &[Value], number: usize) -> usize {
    let parent = messages[number - 1]["parent"].as_str();
    let before = parent.and_then(|parent| (1..number).find(|number| id(*number) == parent));
    before.map_or(number, |before| root(messages, before))
}

/// The unreserved characters of RFC 3986 stay as they are.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

fn unquoted(parameter: &str) -> (String, String) {
    let (name, value) = parameter.split_once('=').unwrap_or_default();
    let value = percent_decode_str(value.trim_matches('"')).decode_utf8().unwrap();
    (name.to_owned(), value.into_owned())
}

fn base_of(asked: &Asked, address: &str, signed: &BTreeMap<String, String>) -> String {
    let own = signed.iter().filter(|(name, _)| *name != "oauth_signature");
    let own = own.map(|(name, value)| (name.clone(), value.clone()));
    let mut all: Vec<(String, String)> = asked.query.iter().cloned().chain(own).collect();
    all = all
        .iter()
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    all.sort();
    let all: Vec<String> = all
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    format!(
        "{}&{}&{}",
        asked.method,
        encoded(address),
        encoded(&all.join("&"))
    )
}

fn hmac_sha1(base: &str) -> String {
    let key = format!("{}&{}", encoded(KEYS[1].1), encoded(KEYS[3].1));
    let mac = Hmac::<sha1::Sha1>::new_from_slice(key.as_bytes()).unwrap();
    STANDARD.encode(mac.chain_update(base.as_bytes()).finalize().into_bytes())
}

impl Receiver for Api {
    fn act(&self, request: &Received) -> Vec<u8> {
        match Asked::of(request).map(|asked| self.answer(&asked, request)) {
            Ok(Ok((status, said))) => says(status, &said),
            Ok(Err((status, title, detail))) => says(
                status,
                &json!({"title": title, "detail": detail, "status": status, "type": "about:blank"}),
            ),
            Err(answer) => answer,
        }
    }
}

struct XRig {
    api: Arc<Api>,
    sink: Sink,
    authentication: &'static str,
}

impl XRig {
    fn start(authentication: &'static str) -> Self {
        Self::of(authentication, "post.fields", true)
    }

    fn of(authentication: &'static str, fields: &'static str, says_where_links_lead: bool) -> Self {
        // The document names one of the two; the guides of X, the other.
        let described = (fields == "post.fields").then(|| Description::beside_the_repository("x.json"));
        let api = Arc::new(Api {
            chat: Chat::default(),
            fields,
            says_where_links_lead,
            nonces: Mutex::default(),
            description: described.flatten(),
            undescribed: Mutex::default(),
        });
        let sink = Sink::start(Arc::<Api>::clone(&api));
        Self {
            api,
            sink,
            authentication,
        }
    }

    fn with(&self, handle: &str, changed: &[(&str, &str)]) -> Box<dyn Publisher> {
        self.made(handle, changed, PATIENT)
    }

    fn made(&self, handle: &str, changed: &[(&str, &str)], timeout: &str) -> Box<dyn Publisher> {
        let x = json!({
            "handle": handle, "secretRef": {"name": "x"}, "authentication": self.authentication,
            "endpoint": self.sink.url(), "timeout": timeout,
        });
        let secrets: Secrets = KEYS
            .iter()
            .chain(&[("token", TOKEN)])
            .chain(changed)
            .map(|(key, value)| {
                let key: SecretKeyReference =
                    serde_json::from_value(json!({"name": "x", "key": key})).unwrap();
                (key, (*value).into())
            })
            .collect();
        channel(&json!({ "x": x }), &secrets)
    }

    fn assert_described(&self) {
        assert_eq!(*self.api.undescribed.lock().unwrap(), Vec::<String>::new());
    }
}

impl Rig for XRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        self.made("acme", &[], timeout)
    }

    fn sink(&self) -> &Sink {
        &self.sink
    }

    fn effects(&self, publication: &Publication) -> usize {
        self.api.chat.holds(publication, "text")
    }

    fn reads_its_answers(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn x_conforms_as_class_c_with_signed_requests_that_its_document_describes() {
    let rig = XRig::start("OAuth1");
    conforms(&rig).await;
    rig.assert_described();
}

#[tokio::test]
async fn x_conforms_as_class_c_with_a_token() {
    let rig = XRig::start("OAuth2");
    conforms(&rig).await;
    rig.assert_described();
}

#[test]
fn the_document_of_x_describes_no_request_that_is_wrong() {
    let Some(description) = Description::beside_the_repository("x.json") else {
        return;
    };
    let asked = |line: &str, body: Value| Asked {
        method: line.split(' ').next().unwrap().to_owned(),
        path: line.split([' ', '?']).nth(1).unwrap().to_owned(),
        query: url::Url::parse(&format!("http://x{}", line.split(' ').nth(1).unwrap()))
            .unwrap()
            .query_pairs()
            .into_owned()
            .collect(),
        body,
    };
    let faults = |line, body| description.faults(&asked(line, body)).len();
    assert_eq!(faults("POST /2/tweets", json!({"text": "a"})), 0);
    assert_eq!(faults("POST /2/tweets", json!({"text": "a", "words": "b"})), 1);
    assert_eq!(faults("POST /2/tweets", json!({"text": 7})), 1);
    assert_eq!(faults("POST /2/tweet", json!({"text": "a"})), 1);
    assert_eq!(faults("POST /2/tweets", json!({"text": "a", "reply": {}})), 1);
    assert_eq!(
        faults(
            "GET /2/users/7/tweets?max_results=100&post.fields=entities",
            Value::Null
        ),
        0
    );
    assert_eq!(faults("GET /2/users/7/tweets?max_results=4", Value::Null), 1);
    assert_eq!(faults("GET /2/users/7/tweets?post.fields=words", Value::Null), 1);
    assert_eq!(faults("GET /2/users/7/tweets?start_time=today", Value::Null), 1);
    assert_eq!(faults("GET /2/users/me?limit=1", Value::Null), 1);
}

#[tokio::test]
async fn hebrew_and_emoji_arrive_on_x_to_the_byte() {
    let rig = XRig::start("OAuth1");
    let asset = publication("words", AssetType::Post);
    let published = publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
    assert_eq!(rig.api.chat.messages()[0]["text"], asset.content.text);
    assert_eq!(published.remote_id, Some(id(1)));
    assert_eq!(
        published.url,
        Some(format!("https://x.com/acme/status/{}", id(1)))
    );
}

#[tokio::test]
async fn a_post_is_found_behind_pages_and_without_a_link_nobody_can_tell() {
    for fields in ["post.fields", "tweet.fields"] {
        let rig = XRig::of("OAuth1", fields, true);
        let publisher = rig.publisher(PATIENT);
        let asset = publication("behind", AssetType::Post);
        rig.sink.lose_reply_of(2);
        publish(&*publisher, &asset).await.unwrap_err();
        for number in 0..250 {
            rig.api.chat.say(json!({"text": format!("other {number}")}));
        }
        let found = publisher.resolve(&next_attempt(&asset)).await.unwrap();
        assert!(matches!(found, Found::Published(_)), "{fields}: {found:?}");
        let mut bare = publication("bare", AssetType::Post);
        bare.content.text = "Good morning!".into();
        assert_eq!(publisher.resolve(&bare).await.unwrap(), Found::CannotTell);
        rig.assert_described();
    }
}

#[tokio::test]
async fn a_timeline_that_hides_where_links_lead_proves_no_absence() {
    let rig = XRig::of("OAuth1", "post.fields", false);
    let publisher = rig.publisher(PATIENT);
    let (ours, other) = (
        publication("ours", AssetType::Post),
        publication("other", AssetType::Post),
    );
    assert_eq!(publisher.resolve(&ours).await.unwrap(), Found::Absent);
    publish(&*publisher, &other).await.unwrap();
    assert_eq!(publisher.resolve(&ours).await.unwrap(), Found::CannotTell);
}

#[tokio::test]
async fn words_that_the_account_has_posted_are_no_proof_that_it_was_us_and_leave_the_channel_open() {
    let rig = XRig::start("OAuth1");
    let mut asset = publication("again", AssetType::Post);
    asset.content.text = "Good morning!".into();
    rig.api.chat.say(json!({"text": "Good morning!"}));
    let result = publish(&*rig.publisher(PATIENT), &asset).await;
    assert_eq!(known(result), (Outcome::Rejected, "DuplicateContent"));
    // After an attempt of ours that may have arrived, they may be ours.
    let again = next_attempt(&asset);
    let result = publish(&*rig.publisher(PATIENT), &again).await;
    assert_eq!(known(result), (Outcome::Unknown, "DuplicateContent"));
}

#[tokio::test]
async fn an_account_that_has_to_pay_is_refused_by_that_name() {
    let rig = XRig::start("OAuth1");
    rig.sink.script([
        Fault::Nothing,
        Fault::Say(answer(402, &[], "{\"title\":\"CreditsDepleted\"}")),
    ]);
    let result = publish(&*rig.publisher(PATIENT), &publication("poor", AssetType::Post)).await;
    assert_eq!(known(result), (Outcome::Refused, "PaymentRequired"));
}

#[tokio::test]
async fn a_success_without_the_number_of_a_post_is_unknown() {
    let rig = XRig::start("OAuth1");
    for said in [
        json!({"data": {"id": "seven"}}),
        json!({"errors": [{"title": "a"}]}),
        json!([]),
    ] {
        rig.sink
            .script([Fault::Nothing, Fault::ActAndSay(says(201, &said))]);
        let asset = publication(&said.to_string(), AssetType::Post);
        let result = publish(&*rig.publisher(PATIENT), &asset).await;
        assert_eq!(known(result), (Outcome::Unknown, "UnexpectedAnswer"), "{said}");
    }
}

#[tokio::test]
async fn a_preflight_of_x_says_what_is_wrong_without_a_secret_and_posts_nothing() {
    let rig = XRig::start("OAuth1");
    rig.with("ACME", &[]).preflight().await.unwrap();
    let refused = |publisher: Box<dyn Publisher>| async move {
        let error = publisher.preflight().await.unwrap_err();
        assert!(!error.message.contains("canary"), "{}", error.message);
        assert_eq!(error.outcome, Outcome::Refused, "{}", error.message);
        error.reason
    };
    assert_eq!(refused(rig.with("another", &[])).await, "AnotherAccount");
    for (key, _) in KEYS {
        let wrong = rig.with("acme", &[(key, "canary-of-nobody")]);
        assert_eq!(refused(wrong).await, "CredentialsRefused", "{key}");
    }
    let by_token = XRig::start("OAuth2");
    assert_eq!(
        refused(by_token.with("acme", &[("token", "canary")])).await,
        "CredentialsRefused"
    );
    assert_eq!(rig.api.chat.messages().len(), 0);
    rig.assert_described();
}

#[tokio::test]
async fn credentials_of_another_account_post_nothing_though_nobody_asked_for_a_preflight() {
    let rig = XRig::start("OAuth1");
    let refused = publish(
        &*rig.with("somebody", &[]),
        &publication("theirs", AssetType::Post),
    )
    .await;
    assert_eq!(known(refused), (Outcome::Refused, "AnotherAccount"));
    assert_eq!(rig.api.chat.messages().len(), 0);
}

fn reply(post_id: &str, parent: &str, words: &str) -> Publication {
    let mut asset = publication(post_id, AssetType::Post);
    asset.content.text = words.into();
    asset.reply_to = Some(parent.into());
    asset
}

#[tokio::test]
async fn a_thread_on_x_is_replies_and_a_lost_one_is_found_in_its_conversation() {
    let rig = XRig::start("OAuth1");
    let publisher = rig.publisher(PATIENT);
    let first = publish(&*publisher, &publication("first", AssetType::Post))
        .await
        .unwrap();
    let mut parent = first.remote_id.unwrap();
    for (post_id, words) in [("second", "Second & <more>"), ("third", "שלישי")] {
        let item = reply(post_id, &parent, words);
        assert_eq!(publisher.resolve(&item).await.unwrap(), Found::Absent, "{words}");
        rig.sink.script([Fault::LoseReply]);
        publish(&*publisher, &item).await.unwrap_err();
        rig.sink.script([]);
        let found = publisher.resolve(&next_attempt(&item)).await.unwrap();
        let Found::Alike(found) = found else {
            panic!("{words}: {found:?}");
        };
        parent = found.remote_id.unwrap();
    }
    let parents: Vec<Value> = rig
        .api
        .chat
        .messages()
        .iter()
        .map(|post| post["parent"].clone())
        .collect();
    assert_eq!(parents, [Value::Null, id(1).into(), id(2).into()]);
    // What the account said there by hand proves nothing of other words.
    let other = reply("other", &id(1), "Other words");
    assert_eq!(publisher.resolve(&other).await.unwrap(), Found::CannotTell);
    let elsewhere = reply("elsewhere", "7", "Words");
    assert_eq!(publisher.resolve(&elsewhere).await.unwrap(), Found::CannotTell);
    rig.assert_described();
}

#[tokio::test]
async fn a_reply_to_a_post_that_is_gone_is_rejected_and_leaves_the_channel_open() {
    let rig = XRig::start("OAuth1");
    let result = publish(&*rig.publisher(PATIENT), &reply("late", "7", "Second")).await;
    assert_eq!(known(result), (Outcome::Rejected, "ReplyRefused"));
}
