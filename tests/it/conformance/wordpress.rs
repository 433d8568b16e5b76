//! The WordPress channel on a real WordPress, behind a proxy that can do to a request what a network can.

use campanile::{
    api::{AssetType, SecretKeyReference},
    domain::publication::Publication,
    publish::{Found, Outcome, Publisher, Secrets},
};
use serde_json::{Value, json};

use super::{PATIENT, Rig, cases::conforms, channel, known, next_attempt, publication, publish};
use crate::{
    proxy,
    sink::{Fault, Sink},
    wordpress::Wordpress,
};

struct WordpressRig {
    proxy: Sink,
}

impl WordpressRig {
    fn start() -> Self {
        Self {
            proxy: proxy::before(Wordpress::shared().address),
        }
    }

    fn of(&self, username: &str, password: &str, timeout: &str) -> Box<dyn Publisher> {
        let wordpress = json!({
            "url": self.proxy.url(), "username": username, "secretRef": {"name": "blog"}, "timeout": timeout,
        });
        let name: SecretKeyReference =
            serde_json::from_value(json!({"name": "blog", "key": "applicationPassword"})).unwrap();
        channel(
            &json!({ "wordpress": wordpress }),
            &Secrets::from([(name, password.into())]),
        )
    }
}

/// The posts of a state that hold the parameter of a slot.
fn posts(publication: &Publication, status: &str) -> Vec<Value> {
    let route = format!(
        "posts&context=edit&status={status}&per_page=100&search={}",
        publication.slot.parameter()
    );
    let found = Wordpress::shared().asks("GET", &route, None);
    found.as_array().unwrap().clone()
}

fn edit(id: &str, change: &Value) {
    Wordpress::shared().asks("POST", &format!("posts/{id}"), Some(change));
}

/// The same publication, prepared, as the Receipt remembers it.
async fn prepared(publisher: &dyn Publisher, publication: &Publication) -> Publication {
    let prepared = publisher.prepare(publication).await.unwrap();
    Publication {
        prepared_id: Some(prepared.id),
        ..publication.clone()
    }
}

fn id(publication: &Publication) -> &str {
    publication.prepared_id.as_deref().unwrap()
}

impl Rig for WordpressRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        self.of("editor", Wordpress::shared().password("editor"), timeout)
    }

    fn sink(&self) -> &Sink {
        &self.proxy
    }

    fn effects(&self, publication: &Publication) -> usize {
        posts(publication, "publish").len()
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
async fn wordpress_conforms_as_class_c() {
    conforms(&WordpressRig::start()).await;
}

#[tokio::test]
async fn a_post_is_a_draft_first_and_then_published_with_an_address_from_its_title() {
    let rig = WordpressRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = prepared(&*publisher, &rig.publication("address")).await;
    assert_eq!((posts(&asset, "draft").len(), rig.effects(&asset)), (1, 0));
    assert_eq!(publisher.resolve(&asset).await.unwrap(), Found::Absent);
    let answer = publisher.commit(&asset, id(&asset)).await.unwrap();
    let [post] = posts(&asset, "publish").try_into().unwrap();
    assert_eq!(post["title"]["raw"], "About address \u{1F514}");
    assert!(
        post["slug"].as_str().unwrap().starts_with("about-address"),
        "{}",
        post["slug"]
    );
    let content = post["content"]["raw"].as_str().unwrap();
    let link = asset.content.links[0].url.replace('&', "&amp;");
    let expected = format!(
        "<p dir=\"rtl\">שלום \u{1F514} &quot;quoted&quot;<br />\nsecond line</p>\n\n<p dir=\"rtl\"><a href=\"{link}\">{link}</a></p>"
    );
    assert_eq!(content, expected);
    assert_eq!(answer.remote_id.as_deref(), Some(id(&asset)));
    assert_eq!(answer.url.as_deref(), post["link"].as_str());
    assert!(matches!(
        publisher.resolve(&asset).await.unwrap(),
        Found::Published(_)
    ));
}

#[tokio::test]
async fn a_draft_whose_answer_was_lost_is_found_and_no_second_one_is_made() {
    let rig = WordpressRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = rig.publication("lostdraft");
    // The first request looks for a draft, the second makes one.
    rig.proxy.lose_reply_of(2);
    let error = publisher.prepare(&asset).await.unwrap_err();
    assert_eq!(error.outcome, Outcome::NotSent { retry_after: None });
    let asset = prepared(&*publisher, &asset).await;
    let [draft] = posts(&asset, "draft").try_into().unwrap();
    assert_eq!(draft["id"].to_string(), id(&asset));
}

#[tokio::test]
async fn a_draft_that_somebody_edited_is_published_with_the_words_that_were_approved() {
    let rig = WordpressRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = prepared(&*publisher, &rig.publication("edited")).await;
    edit(
        id(&asset),
        &json!({"title": "Other words", "content": "nobody approved this"}),
    );
    publisher.commit(&asset, id(&asset)).await.unwrap();
    let [post] = posts(&asset, "publish").try_into().unwrap();
    assert_eq!(post["title"]["raw"], "About edited \u{1F514}");
}

#[tokio::test]
async fn an_order_to_publish_that_comes_twice_makes_one_post() {
    let rig = WordpressRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = prepared(&*publisher, &rig.publication("ordered")).await;
    rig.proxy.script([Fault::LoseReply]);
    let lost = publisher.commit(&asset, id(&asset)).await.unwrap_err();
    assert_eq!(lost.outcome, Outcome::Unknown);
    let first = posts(&asset, "publish");
    publisher.commit(&next_attempt(&asset), id(&asset)).await.unwrap();
    let second = posts(&asset, "publish");
    assert_eq!((first.len(), second.len()), (1, 1));
    for field in ["id", "slug", "date_gmt"] {
        assert_eq!(first[0][field], second[0][field], "{field}");
    }
}

#[tokio::test]
async fn what_somebody_threw_away_is_not_sent_again() {
    let rig = WordpressRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = prepared(&*publisher, &rig.publication("thrown")).await;
    publisher.commit(&asset, id(&asset)).await.unwrap();
    let route = format!("posts/{}", id(&asset));
    for force in ["", "&force=true"] {
        Wordpress::shared().asks("DELETE", &format!("{route}{force}"), None);
        let error = publisher.resolve(&asset).await.unwrap_err();
        assert_eq!(
            (error.outcome, error.reason),
            (Outcome::Drifted, "PostGone"),
            "{force}"
        );
    }
    let result = publisher.commit(&asset, id(&asset)).await;
    assert_eq!(known(result), (Outcome::Rejected, "DraftGone"));
    assert_eq!(rig.effects(&asset), 0);
}

#[tokio::test]
async fn what_somebody_took_back_to_a_draft_is_not_published_again() {
    let rig = WordpressRig::start();
    let publisher = rig.publisher(PATIENT);
    let asset = prepared(&*publisher, &rig.publication("takenback")).await;
    rig.proxy.script([Fault::LoseReply]);
    publisher.commit(&asset, id(&asset)).await.unwrap_err();
    edit(id(&asset), &json!({"status": "draft"}));
    let error = publisher.resolve(&next_attempt(&asset)).await.unwrap_err();
    assert_eq!((error.outcome, error.reason), (Outcome::Drifted, "PostGone"));
}

#[tokio::test]
async fn no_title_and_no_excerpt_is_markup() {
    let rig = WordpressRig::start();
    let publisher = rig.publisher(PATIENT);
    let mut asset = rig.publication("markup");
    asset.content.title = Some("A < B & <script>alert(1)</script>".to_owned());
    asset.content.excerpt = Some("<b>In short</b>".to_owned());
    publish(&*publisher, &asset).await.unwrap();
    let [post] = posts(&asset, "publish").try_into().unwrap();
    for (field, escaped) in [
        ("title", "A &lt; B &amp; &lt;script&gt;alert(1)&lt;/script&gt;"),
        ("excerpt", "&lt;b&gt;In short&lt;/b&gt;"),
    ] {
        assert_eq!(post[field]["raw"], escaped);
    }
}

#[tokio::test]
async fn a_preflight_of_wordpress_says_who_may_not_publish_and_makes_nothing() {
    let rig = WordpressRig::start();
    let real = Wordpress::shared();
    rig.publisher(PATIENT).preflight().await.unwrap();
    // People copy it in groups of four.
    let groups: Vec<String> = real
        .password("editor")
        .as_bytes()
        .chunks(4)
        .map(|four| String::from_utf8_lossy(four).into())
        .collect();
    rig.of("editor", &groups.join(" "), PATIENT)
        .preflight()
        .await
        .unwrap();
    for (user, password, reason) in [
        ("editor", "wrong", "CredentialsRefused"),
        ("contributor", real.password("contributor"), "RoleTooLow"),
        ("editor@example.com", real.password("editor"), "AnotherAccount"),
    ] {
        let error = rig.of(user, password, PATIENT).preflight().await.unwrap_err();
        assert_eq!(
            (error.outcome, error.reason),
            (Outcome::Refused, reason),
            "{user}"
        );
    }
    let contributor = rig.of("contributor", real.password("contributor"), PATIENT);
    let result = publish(&*contributor, &rig.publication("contributed")).await;
    assert_eq!(result.unwrap_err().outcome, Outcome::Refused);
}
