//! The LinkedIn channel, on a stand-in of the Posts API.

use std::{sync::Arc, time::Duration};

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

const TOKEN: &str = "canary-token-of-a-member";
const ORGANIZATION: &str = "urn:li:organization:5515715";
const MEMBER: &str = "urn:li:person:AbC-123";
const VERSION: &str = "202607";
/// When every post was made: a second after it was due.
const MADE: i64 = 1_795_330_801_000;

/// LinkedIn for the token of one member, who administers one organization: `POST /rest/posts`, the finder `q=author`, and
/// `/v2/userinfo`, as <https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api> and
/// the errors that people report describe them.
///
/// # What it cannot show
/// Limits of a day, roles in a page, media, how soon the finder has a post, whether it orders by creation to the
/// second, and when LinkedIn shortens a link. Its duplicates are posts with the same words, ours may be looser.
#[derive(Default)]
struct LinkedIn {
    chat: Chat,
    /// Every link is shown as one of LinkedIn's own.
    shortens: bool,
    /// The token lacks the scope by which the member may be asked for.
    anonymous: bool,
}

type Refusal = (u16, Value);

fn refused(status: u16, code: &str, message: &str) -> Refusal {
    (
        status,
        json!({"status": status, "code": code, "message": message}),
    )
}

impl LinkedIn {
    fn answer(&self, asked: &Asked, request: &Received) -> Result<Vec<u8>, Refusal> {
        let header = |name: &str| request.headers.get(name).map_or("", String::as_str);
        if header("authorization") != format!("Bearer {TOKEN}") {
            return Err(refused(401, "INVALID_ACCESS_TOKEN", "Invalid access token"));
        }
        if asked.is("GET", "/v2/userinfo") {
            return if self.anonymous {
                Err(refused(
                    403,
                    "ACCESS_DENIED",
                    "Not enough permissions to access: GET /userinfo",
                ))
            } else {
                Ok(says(200, &json!({"sub": "AbC-123", "name": "Maya"})))
            };
        }
        match header("linkedin-version") {
            VERSION => {}
            "" => return Err(refused(400, "VERSION_MISSING", "A version must be present")),
            other => {
                let message = format!("Requested version {other}01 is not active");
                return Err(refused(426, "NONEXISTENT_VERSION", &message));
            }
        }
        if header("x-restli-protocol-version") != "2.0.0" {
            return Err(refused(400, "ILLEGAL_ARGUMENT", "Invalid query parameters"));
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/rest/posts") => self.post(asked),
            ("GET", "/rest/posts") => self.posts(asked),
            _ => Err(refused(404, "RESOURCE_NOT_FOUND", "No virtual resource found")),
        }
    }

    fn post(&self, asked: &Asked) -> Result<Vec<u8>, Refusal> {
        let body = &asked.body;
        well_formed(asked).map_err(|message| refused(422, "UNPROCESSABLE_ENTITY", &message))?;
        if ![ORGANIZATION, MEMBER].contains(&body["author"].as_str().unwrap_or_default()) {
            return Err(refused(
                403,
                "ACCESS_DENIED",
                "Organization permissions must be used",
            ));
        }
        let shown = shown(body["commentary"].as_str().unwrap_or_default());
        let length = shown.encode_utf16().count();
        if length > 3_000 {
            let message = format!(
                "ShareCommentary text length ({length} characters) exceeded the maximum allowed (3000 characters)"
            );
            return Err(refused(400, "BAD_REQUEST", &message));
        }
        let mut all = self.chat.messages();
        let same = |post: &Value| post["author"] == body["author"] && post["shown"] == shown;
        if let Some(index) = all.iter().position(same) {
            let message = format!("Content is a duplicate of {}", urn(index + 1));
            let mut refusal = refused(422, "UNPROCESSABLE_ENTITY", &message);
            refusal.1["errorDetails"] = json!({"inputErrors": [{"code": "DUPLICATE_POST"}]});
            return Err(refusal);
        }
        let mut post = body.clone();
        post["shown"] = shown.into();
        all.push(post);
        Ok(answer(201, &[("x-restli-id", &urn(all.len()))], ""))
    }

    fn posts(&self, asked: &Asked) -> Result<Vec<u8>, Refusal> {
        let number = |name| asked.parameter(name).and_then(|text| text.parse::<usize>().ok());
        if asked.parameter("q") != Some("author") || asked.parameter("author") != Some(ORGANIZATION) {
            return Err(refused(
                403,
                "ACCESS_DENIED",
                "Not enough permissions to access: partnerApiPosts.FINDER-author",
            ));
        }
        if asked.parameter("sortBy") != Some("CREATED") {
            return Err(refused(
                400,
                "ILLEGAL_ARGUMENT",
                "this stand-in orders by creation alone",
            ));
        }
        let all = self.chat.messages();
        let theirs = all
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, post)| post["author"] == ORGANIZATION);
        let page = theirs
            .skip(number("start").unwrap_or(0))
            .take(number("count").unwrap_or(10).min(100));
        let elements: Vec<Value> = page.map(|(index, post)| self.read(index, post)).collect();
        Ok(says(
            200,
            &json!({"elements": elements, "paging": {"start": 0, "count": 10, "links": []}}),
        ))
    }

    /// A post as the finder shows it: little text again.
    fn read(&self, index: usize, post: &Value) -> Value {
        let words = post["commentary"].as_str().unwrap();
        let words: Vec<String> = words
            .split(' ')
            .flat_map(|word| word.split_inclusive('\n'))
            .map(|word| {
                if word.starts_with("https://") && self.shortens {
                    "https://lnkd.in/dXyZ".to_owned()
                } else {
                    word.to_owned()
                }
            })
            .collect();
        json!({
            "id": urn(index + 1), "author": ORGANIZATION, "commentary": words.join(" "), "content": post["content"],
            "createdAt": post["madeAt"].as_i64().unwrap_or(MADE), "lifecycleState": "PUBLISHED",
        })
    }
}

fn urn(number: usize) -> String {
    format!("urn:li:share:68447855235931340{number:02}")
}

/// What the schema of a post asks for.
fn well_formed(asked: &Asked) -> Result<(), String> {
    let (body, article) = (&asked.body, &asked.body["content"]["article"]);
    let known = [
        "author",
        "commentary",
        "visibility",
        "distribution",
        "lifecycleState",
        "isReshareDisabledByAuthor",
        "content",
    ];
    if let Some(field) = asked.unknown_field(&known) {
        return Err(format!(
            "ERROR :: /{field} :: unrecognized field found but not allowed"
        ));
    }
    if let Some(field) = ["author", "commentary", "lifecycleState"]
        .into_iter()
        .find(|name| !body[*name].is_string())
    {
        return Err(format!(
            "ERROR :: /{field} :: field is required but not found and has no default value"
        ));
    }
    let distribution =
        json!({"feedDistribution": "MAIN_FEED", "targetEntities": [], "thirdPartyDistributionChannels": []});
    if body["distribution"] != distribution || body["lifecycleState"] != "PUBLISHED" {
        return Err("ERROR :: /distribution :: is not backed by the stand-in".to_owned());
    }
    let connections = body["visibility"] == "CONNECTIONS" && body["author"] == MEMBER;
    if body["visibility"] != "PUBLIC" && !connections {
        return Err("ERROR :: /visibility :: is not an enum symbol".to_owned());
    }
    let complete = article["source"].is_string() && article["title"].is_string();
    let content = body["content"].as_object().map_or(0, serde_json::Map::len);
    if content > 0 && !(complete && article.as_object().unwrap().len() == 2) {
        return Err("ERROR :: /content/article :: is incomplete, or has more than it may".to_owned());
    }
    Ok(())
}

/// The words of a little text; what is reserved and not behind a backslash ends them, without a word.
fn shown(little: &str) -> String {
    let mut rest = little;
    let mut shown = String::new();
    while let Some(one) = rest.chars().next() {
        if let Some(tag) = rest.strip_prefix(r"{hashtag|\#|") {
            let (word, after) = tag.split_once('}').unwrap_or((tag, ""));
            shown.extend(["#", word]);
            rest = after;
            continue;
        }
        let escaped = rest.strip_prefix('\\').and_then(|rest| rest.chars().next());
        match escaped {
            None if r"\|{}@[]()<>#*_~".contains(one) => break,
            other => shown.push(other.unwrap_or(one)),
        }
        let length = escaped.map_or(0, |_| 1) + escaped.unwrap_or(one).len_utf8();
        rest = &rest[length..];
    }
    shown
}

impl Receiver for LinkedIn {
    fn act(&self, request: &Received) -> Vec<u8> {
        match Asked::of(request).map(|asked| self.answer(&asked, request)) {
            Ok(Ok(said)) => said,
            Ok(Err((status, words))) => says(status, &words),
            Err(answer) => answer,
        }
    }
}

struct LinkedInRig {
    linkedin: Arc<LinkedIn>,
    sink: Sink,
    author: &'static str,
}

impl LinkedInRig {
    fn start(author: &'static str) -> Self {
        Self::of(author, LinkedIn::default())
    }

    fn of(author: &'static str, linkedin: LinkedIn) -> Self {
        let linkedin = Arc::new(linkedin);
        let sink = Sink::start(Arc::<LinkedIn>::clone(&linkedin));
        Self {
            linkedin,
            sink,
            author,
        }
    }

    fn with(&self, change: Value, token: &str) -> Box<dyn Publisher> {
        let mut linkedin = json!({
            "author": self.author, "endpoint": self.sink.url(), "secretRef": {"name": "linkedin"},
        });
        let Value::Object(change) = change else {
            panic!("fields")
        };
        linkedin.as_object_mut().unwrap().extend(change);
        let name: SecretKeyReference =
            serde_json::from_value(json!({"name": "linkedin", "key": "token"})).unwrap();
        channel(
            &json!({ "linkedin": linkedin }),
            &Secrets::from([(name, format!("{token}\n").into())]),
        )
    }

    fn shown(&self, index: usize) -> Value {
        self.linkedin.chat.messages()[index]["shown"].clone()
    }
}

impl Rig for LinkedInRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        self.with(json!({ "timeout": timeout }), TOKEN)
    }

    fn sink(&self) -> &Sink {
        &self.sink
    }

    fn effects(&self, publication: &Publication) -> usize {
        self.linkedin.chat.holds(publication, "shown")
    }

    fn reads_its_answers(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn an_organization_on_linkedin_conforms_as_class_c() {
    conforms(&LinkedInRig::start(ORGANIZATION)).await;
}

#[tokio::test]
async fn a_member_on_linkedin_conforms_as_class_d() {
    conforms(&LinkedInRig::start(MEMBER)).await;
}

#[tokio::test]
async fn hebrew_emoji_and_reserved_characters_are_shown_on_linkedin_to_the_byte() {
    for author in [ORGANIZATION, MEMBER] {
        let rig = LinkedInRig::start(author);
        let mut asset = publication("words", AssetType::Post);
        asset
            .content
            .text
            .push_str(" (a) [b] {c} <d> e|f *g* ~h @i \\j #תגית #Tag C# 1_000 \u{1F469}\u{200D}\u{1F680}");
        let published = publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
        assert_eq!(rig.shown(0), asset.content.text);
        assert_eq!(
            published.remote_id.as_deref(),
            Some("urn:li:share:6844785523593134001")
        );
        assert_eq!(
            published.url.as_deref(),
            Some("https://www.linkedin.com/feed/update/urn:li:share:6844785523593134001")
        );
    }
}

#[tokio::test]
async fn a_card_carries_the_link_and_its_title_and_is_found_by_it() {
    let rig = LinkedInRig::start(ORGANIZATION);
    let mut asset = publication("card", AssetType::Post);
    asset.content.text = "Good morning!".into();
    asset.content.title = Some("שבע טעויות \u{1F514}".into());
    asset.content.link_placement = LinkPlacement::Card;
    rig.sink.lose_reply_of(1);
    publish(&*rig.publisher(PATIENT), &asset).await.unwrap_err();
    let sent = rig.linkedin.chat.messages()[0].clone();
    assert_eq!(
        sent["content"]["article"],
        json!({"source": asset.content.links[0].url, "title": "שבע טעויות \u{1F514}"})
    );
    let found = rig
        .publisher(PATIENT)
        .resolve(&next_attempt(&asset))
        .await
        .unwrap();
    assert!(matches!(found, Found::Published(_)), "{found:?}");
    asset.content.title = None;
    let untitled = publish(&*rig.publisher(PATIENT), &asset).await;
    assert_eq!(known(untitled), (Outcome::Rejected, "TitleMissing"));
}

#[tokio::test]
async fn a_post_whose_link_linkedin_has_shortened_is_found_by_its_words_alone() {
    let shortening = LinkedIn {
        shortens: true,
        ..LinkedIn::default()
    };
    let rig = LinkedInRig::of(ORGANIZATION, shortening);
    let mut asset = publication("shortened", AssetType::Post);
    asset.content.text = asset.content.text.replace("second", "#second (half)");
    rig.sink.lose_reply_of(1);
    publish(&*rig.publisher(PATIENT), &asset).await.unwrap_err();
    for number in 0..120 {
        rig.linkedin
            .chat
            .say(json!({"author": ORGANIZATION, "commentary": format!("other {number}"), "shown": ""}));
    }
    let found = rig
        .publisher(PATIENT)
        .resolve(&next_attempt(&asset))
        .await
        .unwrap();
    let Found::Alike(found) = found else {
        panic!("{found:?}")
    };
    assert_eq!(
        found.remote_id.as_deref(),
        Some("urn:li:share:6844785523593134001")
    );
    let other = publication("never-sent", AssetType::Post);
    assert_eq!(
        rig.publisher(PATIENT).resolve(&other).await.unwrap(),
        Found::Absent
    );
}

#[tokio::test]
async fn the_same_words_before_the_due_instant_or_with_another_link_are_another_post() {
    let rig = LinkedInRig::start(ORGANIZATION);
    let asset = publication("again", AssetType::Post);
    let words = |text: &str, made: i64| json!({"author": ORGANIZATION, "commentary": text, "shown": text, "madeAt": made});
    let elsewhere = asset.content.text.replace(&asset.slot.parameter(), "another");
    rig.linkedin.chat.say(words(&elsewhere, MADE));
    assert_eq!(
        rig.publisher(PATIENT).resolve(&asset).await.unwrap(),
        Found::Absent
    );
    let mut mixed = publication("mixed", AssetType::Post);
    let marked = format!("https://acme.example/x?cid={}", mixed.slot.parameter());
    mixed.content.text = format!("See https://acme.example and {marked}");
    rig.linkedin
        .chat
        .say(words("See https://acme.example and https://lnkd.in/dXyZ", MADE));
    assert_eq!(
        rig.publisher(PATIENT).resolve(&mixed).await.unwrap(),
        Found::CannotTell,
        "one link is shown, the other may be ours"
    );
    let mut bare = publication("bare", AssetType::Post);
    bare.content.text = "Good morning!".into();
    bare.content.links.clear();
    rig.linkedin.chat.say(words("Good morning\\!", MADE - 600_000));
    assert_eq!(
        rig.publisher(PATIENT).resolve(&bare).await.unwrap(),
        Found::CannotTell
    );
    rig.linkedin.chat.say(words("Good morning!", MADE));
    let found = rig.publisher(PATIENT).resolve(&bare).await.unwrap();
    assert!(matches!(found, Found::Alike(_)), "{found:?}");
}

#[tokio::test]
async fn a_list_too_long_to_read_and_a_look_that_is_refused_are_no_absence() {
    let rig = LinkedInRig::start(ORGANIZATION);
    let asset = publication("far-back", AssetType::Post);
    for number in 0..501 {
        rig.linkedin
            .chat
            .say(json!({"author": ORGANIZATION, "commentary": number.to_string(), "shown": ""}));
    }
    assert_eq!(
        rig.publisher(PATIENT).resolve(&asset).await.unwrap(),
        Found::CannotTell
    );
    let error = rig.with(json!({}), "wrong").resolve(&asset).await.unwrap_err();
    assert_eq!(error.outcome, Outcome::Refused);
    for fault in [
        Fault::LoseReply,
        Fault::Say(answer(500, &[], "no")),
        Fault::Say(says(200, &json!({"elements": null}))),
        Fault::Say(answer(200, &[], "<html>")),
    ] {
        rig.sink.script([fault]);
        let error = rig.publisher(PATIENT).resolve(&asset).await.unwrap_err();
        assert_eq!(error.outcome, Outcome::NotSent { retry_after: None }, "{error:?}");
    }
}

#[tokio::test]
async fn what_linkedin_says_has_its_meaning() {
    let rig = LinkedInRig::start(MEMBER);
    let asset = publication("twice", AssetType::Post);
    publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
    // After an attempt that may have arrived, a duplicate is the best sign that it did; of another slot it is a refusal.
    let again = publish(&*rig.publisher(PATIENT), &next_attempt(&asset)).await;
    assert_eq!(known(again), (Outcome::Unknown, "DuplicatePost"));
    let first = publish(&*rig.publisher(PATIENT), &asset).await;
    assert_eq!(known(first), (Outcome::Rejected, "DuplicatePost"));
    assert_eq!(rig.effects(&asset), 1);
    let old = rig.with(json!({"version": "202606"}), TOKEN);
    assert_eq!(
        known(publish(&*old, &asset).await),
        (Outcome::Refused, "VersionRefused")
    );
    let throttled = json!({"status": 429, "message": "Resource level throttle DAY limit for calls to this resource is reached."});
    rig.sink.script([Fault::Say(says(429, &throttled))]);
    let limited = publish(&*rig.publisher(PATIENT), &publication("limited", AssetType::Post)).await;
    let (Outcome::RateLimited { retry_after }, _) = known(limited) else {
        panic!("it waits")
    };
    assert!(retry_after <= Duration::from_hours(24));
}

#[tokio::test]
async fn a_preflight_of_linkedin_says_what_is_wrong_and_posts_nothing() {
    let page = LinkedInRig::start(ORGANIZATION);
    page.publisher(PATIENT).preflight().await.unwrap();
    let member = LinkedInRig::start(MEMBER);
    member.publisher(PATIENT).preflight().await.unwrap();
    let refused = |rig: &LinkedInRig, change: Value, token: &str| {
        let publisher = rig.with(change, token);
        async move {
            let error = publisher.preflight().await.unwrap_err();
            assert_eq!(error.outcome, Outcome::Refused, "{error:?}");
            error.reason
        }
    };
    assert_eq!(refused(&page, json!({}), "wrong").await, "CredentialsRefused");
    assert_eq!(refused(&member, json!({}), "wrong").await, "CredentialsRefused");
    let other = json!({"author": "urn:li:organization:1"});
    assert_eq!(refused(&page, other, TOKEN).await, "AccessRefused");
    assert_eq!(
        refused(&member, json!({"author": "urn:li:person:other"}), TOKEN).await,
        "AnotherAccount"
    );
    assert_eq!(
        refused(&page, json!({"version": "202306"}), TOKEN).await,
        "VersionSunset"
    );
    assert_eq!(
        refused(&page, json!({"version": "209901"}), TOKEN).await,
        "VersionRefused"
    );
    let anonymous = LinkedIn {
        anonymous: true,
        ..LinkedIn::default()
    };
    let anonymous = LinkedInRig::of(MEMBER, anonymous);
    let said = anonymous.publisher(PATIENT).preflight().await.unwrap().message;
    assert!(said.contains("cannot be read"), "{said}");
    for rig in [page, member, anonymous] {
        assert_eq!(rig.linkedin.chat.messages().len(), 0);
    }
}

#[tokio::test]
async fn the_token_of_linkedin_is_not_shown() {
    let rig = LinkedInRig::start(ORGANIZATION);
    let publisher = rig.publisher(PATIENT);
    rig.sink
        .script([Fault::Say(answer(400, &[], &format!("bad {TOKEN}")))]);
    let error = publish(&*publisher, &publication("echo", AssetType::Post))
        .await
        .unwrap_err();
    let shown = format!("{publisher:?} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
}
