//! The Reddit channel, on a stand-in of its token endpoint and its API.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use campanile::{
    api::{AssetType, ChannelConfigSpec, LinkPlacement, SecretKeyReference},
    domain::publication::Publication,
    publish::{Found, Outcome, Publisher, Secrets, select},
};
use serde_json::{Value, json};

use super::{
    PATIENT, Rig,
    cases::conforms,
    chat::{Asked, Chat, says},
    known, next_attempt, options, publish,
};
use crate::sink::{Fault, Received, Receiver, Sink, answer};

const CLIENT: (&str, &str) = ("client-of-acme", "canary-client-secret");
const REFRESH: &str = "canary-refresh-token";
const USER: &str = "Acme_Careers";
const FLAIR: &str = "0b6f0a2e-1111-11ee-9999-0242ac110002";
/// When everything was submitted: a second after it was due.
const MADE: f64 = 1_795_330_801.0;

/// Reddit for one user and the subreddit r/Resumes: `/api/v1/access_token`, `/api/v1/me`, `/r/Resumes/about`, the user's
/// submissions and `/api/submit`, as <https://www.reddit.com/dev/api> and the well-kept client libraries describe them.
///
/// # What it cannot show
/// The filters and moderators of a subreddit, which remove a post without a word to us, its own rules for titles,
/// karma, the limits of an app, how soon a listing has a post, and how Markdown is shown.
#[derive(Default)]
struct Reddit {
    chat: Chat,
    /// How many access tokens were given; the newest alone is good.
    tokens: AtomicUsize,
    scopes: Mutex<Option<&'static str>>,
    banned: AtomicBool,
    needs_flair: AtomicBool,
}

type Refusal = (u16, Value);

fn refused(status: u16) -> Refusal {
    (status, json!({"message": "no", "error": status}))
}

impl Reddit {
    fn token(&self, asked: &Asked, request: &Received) -> Result<Value, Refusal> {
        let pair = BASE64_STANDARD.encode(format!("{}:{}", CLIENT.0, CLIENT.1));
        if request.headers.get("authorization") != Some(&format!("Basic {pair}")) {
            return Err(refused(401));
        }
        if asked.body != json!({"grant_type": "refresh_token", "refresh_token": REFRESH}) {
            return Err((400, json!({"error": "invalid_grant"})));
        }
        let number = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
        let scope = self
            .scopes
            .lock()
            .unwrap()
            .unwrap_or("identity submit read history");
        Ok(json!({
            "access_token": format!("canary-access-{number}"), "token_type": "bearer", "expires_in": 86_400, "scope": scope,
        }))
    }

    fn call(&self, asked: &Asked, request: &Received) -> Result<Value, Refusal> {
        let newest = format!("Bearer canary-access-{}", self.tokens.load(Ordering::SeqCst));
        if request.headers.get("authorization") != Some(&newest) {
            return Err(refused(401));
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/api/v1/me") => Ok(json!({"name": USER, "is_suspended": false})),
            ("GET", "/r/resumes/about") => Ok(json!({"kind": "t5", "data": {
                "display_name": "Resumes", "user_is_banned": self.banned.load(Ordering::SeqCst),
            }})),
            ("GET", "/user/acme_careers/submitted" | "/user/Acme_Careers/submitted") => {
                Ok(self.submitted(asked))
            }
            ("POST", "/api/submit") => Ok(self.submit(&asked.body)),
            _ => Err(refused(404)),
        }
    }

    fn submit(&self, form: &Value) -> Value {
        match self.accepted(form) {
            Err((code, words)) => json!({"json": {"errors": [[code, words, "field"]]}}),
            Ok(number) => json!({"json": {"errors": [], "data": {
                "url": format!("https://www.reddit.com{}", permalink(number)), "drafts_count": 0,
                "id": format!("1abc{number}"), "name": format!("t3_1abc{number}"),
            }}}),
        }
    }

    fn accepted(&self, form: &Value) -> Result<usize, (&'static str, &'static str)> {
        let field = |name: &str| form[name].as_str().unwrap_or_default();
        let known = [
            "api_type",
            "sr",
            "kind",
            "title",
            "text",
            "url",
            "resubmit",
            "sendreplies",
            "flair_id",
        ];
        if form
            .as_object()
            .unwrap()
            .keys()
            .any(|name| !known.contains(&name.as_str()))
        {
            return Err(("BAD_FIELD", "a field that this stand-in does not know"));
        }
        if field("api_type") != "json" || field("resubmit") != "false" || field("sendreplies") != "true" {
            return Err(("BAD_FIELD", "a field without its value"));
        }
        if !field("sr").eq_ignore_ascii_case("resumes") {
            return Err((
                "SUBREDDIT_NOEXIST",
                "Hmm, that community doesn't exist. Try checking the spelling.",
            ));
        }
        if self.needs_flair.load(Ordering::SeqCst) && field("flair_id") != FLAIR {
            return Err((
                "SUBMIT_VALIDATION_FLAIR_REQUIRED",
                "Your post must contain post flair.",
            ));
        }
        match field("title").chars().count() {
            0 => return Err(("NO_TEXT", "we need something here")),
            301.. => return Err(("TOO_LONG", "this is too long (max: 300)")),
            _ => {}
        }
        if field("text").chars().count() > 40_000 {
            return Err(("TOO_LONG", "this is too long (max: 40000)"));
        }
        match field("kind") {
            "self" if form.get("url").is_none() => {}
            "link" if form.get("text").is_none() && field("url").starts_with("https://") => {
                let there = |submission: &Value| submission["url"] == form["url"];
                if self.chat.messages().iter().any(there) {
                    return Err(("ALREADY_SUB", "that link has already been submitted"));
                }
            }
            _ => return Err(("BAD_URL", "you should check that url")),
        }
        let said = format!("{}{}", field("text"), field("url"));
        let (title, flair) = (field("title"), field("flair_id"));
        Ok(self.chat.say(json!({
            "author": USER, "said": said, "title": title, "selftext": field("text"), "url": field("url"), "flair": flair,
        })))
    }

    /// The newest first, with what others have submitted left out.
    fn submitted(&self, asked: &Asked) -> Value {
        let all = self.chat.messages();
        let limit = asked
            .parameter("limit")
            .and_then(|limit| limit.parse().ok())
            .unwrap_or(25_usize);
        let before = asked
            .parameter("after")
            .and_then(|name| name.strip_prefix("t3_1abc"));
        let before = before.map_or(all.len() + 1, |number| number.parse().unwrap());
        let theirs = (1..before.min(all.len() + 1))
            .rev()
            .filter(|number| all[number - 1]["author"] == USER);
        let page: Vec<usize> = theirs.take(limit.min(100)).collect();
        let last = page
            .last()
            .filter(|last| **last > 1)
            .map(|last| format!("t3_1abc{last}"));
        let shown = page.iter().map(|number| {
            let mut data = all[number - 1].clone();
            data["name"] = format!("t3_1abc{number}").into();
            data["subreddit"] = "Resumes".into();
            data["permalink"] = permalink(*number).into();
            data["created_utc"] = MADE.into();
            json!({"kind": "t3", "data": data})
        });
        json!({"kind": "Listing", "data": {"children": shown.collect::<Vec<_>>(), "after": last}})
    }
}

fn permalink(number: usize) -> String {
    format!("/r/Resumes/comments/1abc{number}/a_title/")
}

/// One of Reddit's two hosts.
struct Host {
    reddit: Arc<Reddit>,
    gives_tokens: bool,
}

impl Receiver for Host {
    fn act(&self, request: &Received) -> Vec<u8> {
        let asked = match Asked::of_form(request) {
            Ok(asked) => asked,
            Err(answer) => return answer,
        };
        let agent = request.headers.get("user-agent").map_or("", String::as_str);
        if !(agent.starts_with("kubernetes:dev.campanile:v") && agent.ends_with(&format!(" (by /u/{USER})")))
        {
            return says(429, &json!({"message": "Too Many Requests", "error": 429}));
        }
        let said = match self.gives_tokens {
            true if asked.is("POST", "/api/v1/access_token") => self.reddit.token(&asked, request),
            true => Err(refused(404)),
            false => self.reddit.call(&asked, request),
        };
        match said {
            Ok(said) => says(200, &said),
            Err((status, words)) => says(status, &words),
        }
    }
}

struct RedditRig {
    reddit: Arc<Reddit>,
    www: Sink,
    oauth: Sink,
}

impl RedditRig {
    fn start() -> Self {
        let reddit = Arc::<Reddit>::default();
        let host = |gives_tokens| {
            Sink::start(Arc::new(Host {
                reddit: Arc::clone(&reddit),
                gives_tokens,
            }))
        };
        Self {
            www: host(true),
            oauth: host(false),
            reddit,
        }
    }

    fn with(&self, change: Value, (key, value): (&str, &str)) -> Box<dyn Publisher> {
        let mut reddit = json!({
            "user": USER, "secretRef": {"name": "reddit"}, "endpoint": self.oauth.url(), "tokenEndpoint": self.www.url(),
        });
        let Value::Object(change) = change else {
            panic!("fields")
        };
        reddit.as_object_mut().unwrap().extend(change);
        let spec = json!({"platform": "reddit", "account": "r/resumes", "reddit": reddit});
        let spec: ChannelConfigSpec = serde_json::from_value(spec).unwrap();
        let mut secrets: Secrets = [
            ("clientId", CLIENT.0),
            ("clientSecret", CLIENT.1),
            ("refreshToken", REFRESH),
        ]
        .map(|(key, value)| (named(key), format!("{value}\n").into()))
        .into();
        secrets.insert(named(key), value.into());
        select(&spec, &secrets, &options("127.0.0.0/8")).unwrap()
    }
}

fn named(key: &str) -> SecretKeyReference {
    serde_json::from_value(json!({"name": "reddit", "key": key})).unwrap()
}

/// A post with the title that Reddit asks for.
fn publication(post_id: &str) -> Publication {
    let mut publication = super::publication(post_id, AssetType::Post);
    publication.content.title = Some("שבע טעויות \u{1F469}\u{200D}\u{1F680} & more".into());
    publication
}

/// A post that is its link alone.
fn link_post(post_id: &str) -> Publication {
    let mut publication = publication(post_id);
    publication.content.text = publication.content.title.clone().unwrap();
    publication.content.link_placement = LinkPlacement::Card;
    publication
}

impl Rig for RedditRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        self.with(json!({ "timeout": timeout }), ("clientId", CLIENT.0))
    }

    /// Where the submissions arrive; tokens are given elsewhere.
    fn sink(&self) -> &Sink {
        &self.oauth
    }

    fn effects(&self, publication: &Publication) -> usize {
        self.reddit.chat.holds(publication, "said")
    }

    fn reads_its_answers(&self) -> bool {
        true
    }

    fn publication(&self, post_id: &str) -> Publication {
        publication(post_id)
    }
}

#[tokio::test]
async fn reddit_conforms_as_class_c() {
    conforms(&RedditRig::start()).await;
}

#[tokio::test]
async fn hebrew_and_emoji_arrive_on_reddit_to_the_byte_in_title_and_text() {
    let rig = RedditRig::start();
    let mut asset = publication("words");
    asset
        .content
        .text
        .push_str(" 100% a+b=c & <d> \u{1F469}\u{200D}\u{1F680}");
    let published = publish(
        &*rig.with(json!({"flair": FLAIR}), ("clientId", CLIENT.0)),
        &asset,
    )
    .await
    .unwrap();
    let sent = rig.reddit.chat.messages()[0].clone();
    assert_eq!(sent["selftext"], asset.content.text);
    assert_eq!(sent["title"], *asset.content.title.as_ref().unwrap());
    assert_eq!(sent["flair"], FLAIR);
    assert_eq!(published.remote_id.as_deref(), Some("t3_1abc1"));
    assert_eq!(
        published.url.as_deref(),
        Some("https://www.reddit.com/r/Resumes/comments/1abc1/a_title/")
    );
}

#[tokio::test]
async fn a_link_that_was_submitted_already_is_adopted_only_where_the_user_is_ours() {
    let rig = RedditRig::start();
    let asset = link_post("twice");
    publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
    assert_eq!(rig.reddit.chat.messages()[0]["url"], asset.content.links[0].url);
    let again = publish(&*rig.publisher(PATIENT), &next_attempt(&asset))
        .await
        .unwrap();
    assert_eq!(again.remote_id.as_deref(), Some("t3_1abc1"));
    let theirs = link_post("theirs");
    let url = theirs.content.links[0].url.clone();
    rig.reddit
        .chat
        .say(json!({"author": "somebody", "said": "", "url": url}));
    let refused = publish(&*rig.publisher(PATIENT), &theirs).await;
    assert_eq!(known(refused), (Outcome::Rejected, "AlreadySubmitted"));
    rig.oauth
        .script([Fault::Nothing, Fault::Nothing, Fault::LoseReply]);
    let unasked = publish(&*rig.publisher(PATIENT), &next_attempt(&asset)).await;
    assert_eq!(known(unasked), (Outcome::Unknown, "AlreadySubmitted"));
    assert_eq!(rig.reddit.chat.messages().len(), 2);
}

#[tokio::test]
async fn a_submission_is_found_behind_pages_and_without_a_link_by_its_words_alone() {
    let rig = RedditRig::start();
    let asset = publication("behind");
    rig.oauth.lose_reply_of(2);
    publish(&*rig.publisher(PATIENT), &asset).await.unwrap_err();
    for number in 0..250 {
        rig.reddit
            .chat
            .say(json!({"author": USER, "said": "", "selftext": number.to_string(), "url": ""}));
    }
    let Found::Published(found) = rig
        .publisher(PATIENT)
        .resolve(&next_attempt(&asset))
        .await
        .unwrap()
    else {
        panic!("it is there")
    };
    assert_eq!(
        found.url.as_deref(),
        Some("https://www.reddit.com/r/Resumes/comments/1abc1/a_title/")
    );
    let mut bare = publication("bare");
    bare.content.text = "Good morning!".into();
    bare.content.links.clear();
    assert_eq!(
        rig.publisher(PATIENT).resolve(&bare).await.unwrap(),
        Found::CannotTell
    );
    publish(&*rig.publisher(PATIENT), &bare).await.unwrap();
    let found = rig.publisher(PATIENT).resolve(&bare).await.unwrap();
    assert!(matches!(found, Found::Alike(_)), "{found:?}");
    for number in 0..900 {
        rig.reddit
            .chat
            .say(json!({"author": USER, "said": "", "selftext": number.to_string(), "url": ""}));
    }
    let never = publication("never-sent");
    assert_eq!(
        rig.publisher(PATIENT).resolve(&never).await.unwrap(),
        Found::CannotTell
    );
}

#[tokio::test]
async fn what_reddit_says_inside_a_200_has_its_meaning() {
    let rig = RedditRig::start();
    let refusal =
        |error: Value, ratelimit: Value| json!({"json": {"errors": [error], "ratelimit": ratelimit}});
    for (code, outcome) in [
        ("SUBREDDIT_NOTALLOWED", Outcome::Refused),
        ("SUBREDDIT_NOEXIST", Outcome::Refused),
        ("TOO_LONG", Outcome::Rejected),
        ("NO_SELFS", Outcome::Rejected),
    ] {
        let said = refusal(json!([code, "in words", "sr"]), Value::Null);
        rig.oauth.script([Fault::Nothing, Fault::Say(says(200, &said))]);
        let error = publish(&*rig.publisher(PATIENT), &publication(code))
            .await
            .unwrap_err();
        assert_eq!(error.outcome, outcome, "{code}");
        assert!(
            error.message.contains(&format!("{code} in words")),
            "{}",
            error.message
        );
    }
    let words = "You've been doing that a lot. Take a break for 8 minutes before trying again.";
    for (ratelimit, seconds) in [(json!(523.2), 524), (Value::Null, 540)] {
        let said = refusal(json!(["RATELIMIT", words, "ratelimit"]), ratelimit);
        rig.oauth.script([Fault::Nothing, Fault::Say(says(200, &said))]);
        let limited = publish(&*rig.publisher(PATIENT), &publication("limited")).await;
        let retry_after = Duration::from_secs(seconds);
        assert_eq!(known(limited).0, Outcome::RateLimited { retry_after });
    }
    rig.oauth.script([
        Fault::Nothing,
        Fault::Say(answer(429, &[("x-ratelimit-reset", "41")], "{}")),
    ]);
    let limited = publish(&*rig.publisher(PATIENT), &publication("limited")).await;
    let retry_after = Duration::from_secs(41);
    assert_eq!(known(limited).0, Outcome::RateLimited { retry_after });
}

#[tokio::test]
async fn a_subreddit_that_asks_for_a_flair_blocks_the_channel_until_it_has_one() {
    let rig = RedditRig::start();
    rig.reddit.needs_flair.store(true, Ordering::SeqCst);
    let refused = publish(&*rig.publisher(PATIENT), &publication("bare")).await;
    assert_eq!(known(refused), (Outcome::Refused, "AccountRefused"));
    let flaired = rig.with(json!({"flair": FLAIR}), ("clientId", CLIENT.0));
    publish(&*flaired, &publication("flaired")).await.unwrap();
}

#[tokio::test]
async fn what_reddit_cannot_show_is_refused_before_anything_is_asked() {
    let rig = RedditRig::start();
    let mut untitled = publication("untitled");
    untitled.content.title = None;
    let mut wordy = link_post("wordy");
    wordy.content.text = "Words beside the link".into();
    let mut long = publication("long");
    long.content.title = Some("a".repeat(301));
    for (asset, code) in [
        (untitled, "TitleMissing"),
        (wordy, "TextNotShown"),
        (long, "TitleTooLong"),
    ] {
        let refused = publish(&*rig.publisher(PATIENT), &asset).await;
        assert_eq!(known(refused), (Outcome::Rejected, code));
    }
    assert!(rig.www.requests().is_empty() && rig.oauth.requests().is_empty());
}

#[tokio::test]
async fn one_token_is_fetched_however_many_ask_and_a_refused_one_is_not_used_again() {
    let rig = RedditRig::start();
    let publisher = rig.publisher(PATIENT);
    let assets: Vec<Publication> = (0..8)
        .map(|number| publication(&format!("post-{number}")))
        .collect();
    let prepared = futures::future::join_all(assets.iter().map(|asset| publisher.prepare(asset))).await;
    assert!(prepared.iter().all(Result::is_ok), "{prepared:?}");
    assert_eq!(rig.www.requests().len(), 1);
    // Reddit ends it before its time.
    rig.reddit.tokens.fetch_add(1, Ordering::SeqCst);
    let refused = publish(&*publisher, &assets[0]).await;
    assert_eq!(known(refused), (Outcome::Refused, "CredentialsRefused"));
    publish(&*publisher, &assets[0]).await.unwrap();
    assert_eq!(rig.www.requests().len(), 2);
}

#[tokio::test]
async fn a_token_that_cannot_be_fetched_is_a_post_that_was_not_sent() {
    let rig = RedditRig::start();
    let not_sent = Outcome::NotSent { retry_after: None };
    for fault in [
        Fault::LoseReply,
        Fault::ResetAtOnce,
        Fault::Say(answer(500, &[], "no")),
        Fault::Say(answer(200, &[], "<html>")),
        Fault::Say(says(200, &json!({"token_type": "bearer"}))),
    ] {
        rig.www.script([fault]);
        let error = publish(&*rig.publisher(PATIENT), &publication("unsent"))
            .await
            .unwrap_err();
        assert_eq!(error.outcome, not_sent, "{error:?}");
    }
    let publisher = rig.publisher(PATIENT);
    let asset = publication("unsent");
    rig.www.script([Fault::LoseRequest]);
    let error = publisher.commit(&asset, &asset.key()).await.unwrap_err();
    assert_eq!(error.outcome, not_sent, "{error:?}");
    assert!(rig.oauth.requests().is_empty());
    for secret in [("refreshToken", "old"), ("clientSecret", "wrong")] {
        let publisher = rig.with(json!({}), secret);
        let refused = publish(&*publisher, &asset).await;
        assert_eq!(known(refused), (Outcome::Refused, "CredentialsRefused"));
    }
}

#[tokio::test]
async fn a_token_of_another_user_posts_nothing_though_nobody_asked_for_a_preflight() {
    let rig = RedditRig::start();
    let other = says(200, &json!({"name": "somebody", "is_suspended": false}));
    rig.oauth.script([Fault::Say(other)]);
    let refused = publish(&*rig.publisher(PATIENT), &publication("theirs")).await;
    assert_eq!(known(refused), (Outcome::Refused, "AnotherAccount"));
    assert_eq!(rig.reddit.chat.messages().len(), 0);
}

#[tokio::test]
async fn a_preflight_of_reddit_says_what_is_wrong_and_submits_nothing() {
    let rig = RedditRig::start();
    let id = ("clientId", CLIENT.0);
    rig.publisher(PATIENT).preflight().await.unwrap();
    let reason = |publisher: Box<dyn Publisher>| async move {
        let error = publisher.preflight().await.unwrap_err();
        assert_eq!(error.outcome, Outcome::Refused, "{error:?}");
        error.reason
    };
    let other = says(200, &json!({"name": "somebody", "is_suspended": false}));
    rig.oauth.script([Fault::Say(other)]);
    assert_eq!(reason(rig.with(json!({}), id)).await, "AnotherAccount");
    rig.reddit.banned.store(true, Ordering::SeqCst);
    assert_eq!(reason(rig.publisher(PATIENT)).await, "AccountRefused");
    *rig.reddit.scopes.lock().unwrap() = Some("identity read");
    let error = rig.publisher(PATIENT).preflight().await.unwrap_err();
    assert_eq!(
        error.message,
        "the refresh token lacks the scopes history, submit"
    );
    assert_eq!(
        reason(rig.with(json!({}), ("refreshToken", "old"))).await,
        "CredentialsRefused"
    );
    assert_eq!(rig.reddit.chat.messages().len(), 0);
}

#[tokio::test]
async fn no_secret_of_reddit_is_shown() {
    let rig = RedditRig::start();
    let publisher = rig.publisher(PATIENT);
    let ours = format!("bad {REFRESH} {}", CLIENT.1);
    for (sink, echo) in [
        (&rig.www, &ours),
        (&rig.oauth, &format!("{ours} canary-access-1")),
    ] {
        sink.script([Fault::Say(answer(400, &[], echo))]);
        let error = publish(&*publisher, &publication("echo")).await.unwrap_err();
        let shown = format!("{publisher:?} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}
