//! The devto channel, on a stand-in of Forem.

use std::sync::Arc;

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
use crate::sink::{Fault, Received, Receiver, Sink};

const KEY: &str = "canary-key-of-an-author";

/// A Forem with one author: `users/me`, `articles/me/all` and `POST articles` of version 1, as
/// <https://developers.forem.com/api/v1> describes them, and what the model of an article refuses.
///
/// # What it cannot show
/// Limits, how it cleans titles and reads Markdown and Liquid, co-authors, several communities on one server, and two
/// requests at one instant, between which the index of its database decides.
#[derive(Default)]
struct Forem {
    /// `{title, body_markdown, canonical_url, published}` of every article, in order.
    articles: Chat,
}

type Refusal = (u16, String);

fn refused(status: u16, words: &str) -> Refusal {
    (status, words.to_owned())
}

impl Forem {
    fn answer(&self, asked: &Asked, request: &Received) -> Result<(u16, Value), Refusal> {
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        if header("user-agent").is_none_or(str::is_empty) {
            return Err(refused(403, "Forbidden Bots"));
        }
        if header("accept") != Some("application/vnd.forem.api-v1+json") {
            return Err(refused(406, "version 0 is deprecated"));
        }
        if header("api-key") != Some(KEY) {
            return Err(refused(401, "unauthorized"));
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/api/users/me") => Ok((200, json!({"type_of": "user", "id": 7, "username": "acme"}))),
            ("GET", "/api/articles/me/all") => Ok((200, self.own(asked))),
            ("POST", "/api/articles") => self.create(&asked.body["article"]),
            _ => Err(refused(404, "not found")),
        }
    }

    fn create(&self, article: &Value) -> Result<(u16, Value), Refusal> {
        let known = [
            "title",
            "body_markdown",
            "published",
            "canonical_url",
            "description",
            "tags",
        ];
        let fields = article
            .as_object()
            .ok_or_else(|| refused(422, "article param must be a JSON object"))?;
        if fields.keys().any(|name| !known.contains(&name.as_str())) {
            return Err(refused(422, "a field that this stand-in does not know"));
        }
        let text = |name: &str| article[name].as_str().unwrap_or_default().to_owned();
        let title = text("title");
        if title.trim().is_empty() || title.chars().count() > 128 {
            return Err(refused(
                422,
                "Title is too long (maximum is 128 characters) or missing",
            ));
        }
        if article["tags"].as_array().is_some_and(|tags| tags.len() > 4) {
            return Err(refused(422, "Tag list exceed the maximum of 4 tags"));
        }
        if article["published"] == true {
            self.is_free(&title, &text("body_markdown"), &text("canonical_url"))?;
        }
        let number = self.articles.say(article.clone());
        Ok((201, self.shown(number)))
    }

    /// Published articles share no canonical URL, and an author's no title and body.
    fn is_free(&self, title: &str, body: &str, canonical_url: &str) -> Result<(), Refusal> {
        let articles = self.articles.messages();
        let published = |article: &&Value| article["published"] == true;
        if articles
            .iter()
            .filter(published)
            .any(|article| article["canonical_url"] == canonical_url)
        {
            let said = "Canonical url has already been taken. Email yo@dev.example for further details.";
            return Err(refused(422, said));
        }
        if articles
            .iter()
            .any(|article| article["title"] == title && article["body_markdown"] == body)
        {
            return Err(refused(422, "Body markdown has already been taken"));
        }
        Ok(())
    }

    fn shown(&self, number: usize) -> Value {
        let article = self.articles.messages()[number - 1].clone();
        let published = article["published"] == true;
        json!({
            "type_of": "article", "id": number, "title": article["title"], "published": published,
            "body_markdown": article["body_markdown"], "canonical_url": article["canonical_url"],
            "published_at": published.then(|| article["at"].as_str().unwrap_or("2026-11-22T07:00:01Z").to_owned()),
            "url": format!("https://dev.example/acme/article-{number}"),
        })
    }

    /// Drafts, then the newest first.
    fn own(&self, asked: &Asked) -> Value {
        let number = |name, default| {
            asked
                .parameter(name)
                .map_or(default, |text| text.parse::<usize>().unwrap())
        };
        let (size, page) = (number("per_page", 30), number("page", 1));
        let count = self.articles.messages().len();
        let mut all: Vec<Value> = (1..=count).rev().map(|number| self.shown(number)).collect();
        all.sort_by_key(|article| article["published"] == true);
        all.into_iter().skip((page - 1) * size).take(size).collect()
    }
}

impl Receiver for Forem {
    fn act(&self, request: &Received) -> Vec<u8> {
        match Asked::of(request).map(|asked| self.answer(&asked, request)) {
            Ok(Ok((status, said))) => says(status, &said),
            Ok(Err((status, words))) => says(status, &json!({"error": words, "status": status})),
            Err(answer) => answer,
        }
    }
}

struct DevtoRig {
    forem: Arc<Forem>,
    sink: Sink,
}

impl DevtoRig {
    fn start() -> Self {
        let forem = Arc::new(Forem::default());
        let sink = Sink::start(Arc::<Forem>::clone(&forem));
        Self { forem, sink }
    }

    fn of(&self, username: &str, key: &str, timeout: &str) -> Box<dyn Publisher> {
        let devto = json!({
            "username": username, "endpoint": format!("{}/api", self.sink.url()),
            "secretRef": {"name": "devto"}, "timeout": timeout,
        });
        let name: SecretKeyReference =
            serde_json::from_value(json!({"name": "devto", "key": "apiKey"})).unwrap();
        channel(&json!({ "devto": devto }), &Secrets::from([(name, key.into())]))
    }
}

impl Rig for DevtoRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        self.of("acme", KEY, timeout)
    }

    fn sink(&self) -> &Sink {
        &self.sink
    }

    fn effects(&self, publication: &Publication) -> usize {
        self.forem.articles.holds(publication, "canonical_url")
    }

    fn publication(&self, post_id: &str) -> Publication {
        let mut publication = publication(post_id, AssetType::Post);
        publication.content.title = Some(format!("About {post_id} \u{1F514}"));
        publication
    }

    fn reads_its_answers(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn devto_conforms_as_class_a() {
    conforms(&DevtoRig::start()).await;
}

#[tokio::test]
async fn an_article_arrives_to_the_byte_and_its_canonical_url_keeps_the_slot_and_no_tracking() {
    let rig = DevtoRig::start();
    let mut asset = rig.publication("words");
    asset.content.tags = vec!["kubernetes".into(), "gitops".into()];
    asset.content.excerpt = Some("In short".into());
    let published = publish(&*rig.publisher(PATIENT), &asset).await.unwrap();
    let article = rig.forem.articles.messages()[0].clone();
    let canonical = format!("https://example.com/?cid={}", asset.slot.parameter());
    let expected = json!({
        "title": asset.content.title, "body_markdown": asset.content.text, "published": true,
        "canonical_url": canonical, "description": "In short", "tags": ["kubernetes", "gitops"],
    });
    assert_eq!(article, expected);
    assert_eq!(published.remote_id.as_deref(), Some("1"));
    assert_eq!(
        published.url.as_deref(),
        Some("https://dev.example/acme/article-1")
    );
}

#[tokio::test]
async fn without_a_link_of_its_slot_an_article_has_no_key_and_is_not_sent() {
    let rig = DevtoRig::start();
    let mut bare = rig.publication("bare");
    bare.content.links.clear();
    let mut unmarked = rig.publication("unmarked");
    unmarked.content.links[0].url = "https://example.com/?utm_source=linkedin".into();
    for (asset, reason) in [(bare, "LinkMissing"), (unmarked, "SlotParameterMissing")] {
        let result = publish(&*rig.publisher(PATIENT), &asset).await;
        assert_eq!(known(result), (Outcome::Rejected, reason));
    }
    assert_eq!(rig.sink.requests().len(), 0);
}

#[tokio::test]
async fn an_article_that_somebody_changed_is_drifted_and_not_sent_again() {
    for (field, value, reason) in [
        ("body_markdown", json!("other words"), "ArticleChanged"),
        ("published", json!(false), "ArticleUnpublished"),
    ] {
        let rig = DevtoRig::start();
        let publisher = rig.publisher(PATIENT);
        let asset = rig.publication("changed");
        rig.sink.lose_reply_of(2);
        publish(&*publisher, &asset).await.unwrap_err();
        rig.forem.articles.messages()[0][field] = value;
        let error = publisher.resolve(&next_attempt(&asset)).await.unwrap_err();
        assert_eq!((error.outcome, error.reason), (Outcome::Drifted, reason));
    }
}

#[tokio::test]
async fn the_same_words_under_another_slot_are_rejected_and_not_adopted() {
    let rig = DevtoRig::start();
    let publisher = rig.publisher(PATIENT);
    let first = rig.publication("first");
    publish(&*publisher, &first).await.unwrap();
    let mut second = rig.publication("second");
    second.content.title.clone_from(&first.content.title);
    second.content.text.clone_from(&first.content.text);
    let result = publish(&*publisher, &second).await;
    assert_eq!(known(result), (Outcome::Rejected, "RejectedByPlatform"));
    assert_eq!(rig.effects(&second), 0);
}

#[tokio::test]
async fn another_link_after_a_lost_reply_makes_no_second_article() {
    let rig = DevtoRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = rig.publication("relinked");
    rig.sink.script([Fault::Nothing, Fault::LoseReply]);
    publish(&*publisher, &asset).await.unwrap_err();
    let mut edited = next_attempt(&asset);
    edited.content.links[0].url = asset.content.links[0]
        .url
        .replace("example.com/", "example.com/new");
    let first = publish(&*publisher, &edited).await.unwrap();
    assert_eq!(first.remote_id.as_deref(), Some("1"));
    assert_eq!(rig.forem.articles.messages().len(), 1);
}

#[tokio::test]
async fn a_key_of_another_author_publishes_nothing_though_nobody_asked_for_a_preflight() {
    let rig = DevtoRig::start();
    let refused = publish(&*rig.of("somebody", KEY, PATIENT), &rig.publication("theirs")).await;
    assert_eq!(known(refused), (Outcome::Refused, "AnotherAccount"));
    assert_eq!(rig.forem.articles.messages().len(), 0);
}

#[tokio::test]
async fn an_article_is_found_behind_pages_of_drafts_and_older_ones_end_the_look() {
    let rig = DevtoRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = rig.publication("behind");
    rig.sink.lose_reply_of(2);
    publish(&*publisher, &asset).await.unwrap_err();
    for number in 0..70 {
        rig.forem
            .articles
            .say(json!({"title": format!("draft {number}"), "published": false}));
    }
    let found = publisher.resolve(&next_attempt(&asset)).await.unwrap();
    assert!(matches!(found, Found::Published(_)), "{found:?}");
    let old = DevtoRig::start();
    for number in 0..400 {
        let article =
            json!({"title": format!("old {number}"), "published": true, "at": "2020-01-01T00:00:00Z"});
        old.forem.articles.say(article);
    }
    let before = old.sink.requests().len();
    let found = old.publisher(PATIENT).resolve(&old.publication("absent")).await;
    assert_eq!(found.unwrap(), Found::Absent);
    assert_eq!(old.sink.requests().len() - before, 1, "one page says enough");
}

#[tokio::test]
async fn a_preflight_of_devto_says_whose_the_key_is_and_publishes_nothing() {
    let rig = DevtoRig::start();
    rig.publisher(PATIENT).preflight().await.unwrap();
    for (username, key, reason) in [
        ("acme", "wrong", "CredentialsRefused"),
        ("somebody", KEY, "AnotherAccount"),
    ] {
        let error = rig.of(username, key, PATIENT).preflight().await.unwrap_err();
        assert_eq!((error.outcome, error.reason), (Outcome::Refused, reason));
    }
    assert_eq!(rig.forem.articles.messages().len(), 0);
}
