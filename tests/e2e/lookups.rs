//! What a platform is asked after a lost reply, and what its answers are taken for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use campanile::api::ChannelConfigSpec;
use campanile::domain::publication::Publication;
use campanile::publish::{
    Class, Found, Outcome, Preflight, Prepared, PublishError, Published, Publisher, Publishers, Secrets,
    SelectError,
};
use tokio::sync::Notify;

use crate::{
    preparation::operator_on,
    scene::{Cluster, Scene},
};

/// How soon a platform is asked again.
const SOON: &str = "  retry: {limit: 1, after: 1s}\n";

/// A platform that loses the reply of whatever is meant to be lost, after it was let go on, and is asked afterwards.
#[derive(Clone, Debug, Default)]
struct Forgetful {
    /// A send began.
    sending: Arc<Notify>,
    /// Lets a send that loses its reply end.
    go_on: Arc<Notify>,
    /// The words that were sent, and those that were asked for.
    heard: Arc<Mutex<Heard>>,
}

#[derive(Debug, Default)]
struct Heard {
    sent: Vec<String>,
    asked: Vec<String>,
}

impl Publishers for Forgetful {
    fn select(&self, _: &ChannelConfigSpec, _: &Secrets) -> Result<Box<dyn Publisher>, SelectError> {
        Ok(Box::new(self.clone()))
    }
}

fn numbered(id: &str) -> Published {
    Published {
        remote_id: Some(id.to_owned()),
        url: None,
    }
}

#[async_trait]
impl Publisher for Forgetful {
    fn channel_type(&self) -> &'static str {
        "forgetful"
    }

    fn class(&self) -> Class {
        Class::LookUp
    }

    fn endpoint_digest(&self) -> String {
        "sha256:forgetful".to_owned()
    }

    fn send_timeout(&self) -> Duration {
        Duration::from_mins(5)
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        Ok(Preflight {
            message: "It is there.".to_owned(),
        })
    }

    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        Ok(Prepared {
            id: publication.key(),
        })
    }

    async fn commit(&self, publication: &Publication, _: &str) -> Result<Published, PublishError> {
        let words = publication.content.text.clone();
        self.heard.lock().unwrap().sent.push(words);
        if publication.slot.fields().post_id == "first" {
            return Ok(numbered("1"));
        }
        self.sending.notify_one();
        self.go_on.notified().await;
        Err(PublishError {
            outcome: Outcome::Unknown,
            reason: "ReplyLost",
            message: "the connection was lost".to_owned(),
            source: None,
        })
    }

    /// All has the words of what the first one published; only what is edited has a number of its own.
    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        let words = publication.content.text.clone();
        self.heard.lock().unwrap().asked.push(words);
        Ok(match publication.slot.fields().post_id.as_str() {
            "twin" => Found::Alike(numbered("1")),
            "sister" => Found::Alike(numbered("2")),
            _ => Found::Published(numbered("3")),
        })
    }
}

async fn scene_with(platform: &Forgetful, name: &str) -> (Scene, campanile::controller::Operator) {
    let scene = Scene::prepare(Cluster::shared().await, name).await;
    let operator = operator_on(&scene, Arc::new(platform.clone())).await;
    scene
        .apply(&scene.webhook("linkedin-company", "linkedin", "company", ""))
        .await;
    (scene, operator)
}

#[tokio::test]
async fn after_an_edit_a_lost_reply_is_looked_up_with_the_words_that_were_sent() {
    let platform = Forgetful::default();
    let (scene, operator) = scene_with(&platform, "edited").await;
    let running = operator.run(std::future::pending());
    let played = async {
        scene.push_sheet(&[scene.row("edited", "As it was approved.")], "Week 1");
        scene.apply(&scene.campaign("week1", SOON)).await;
        platform.sending.notified().await;
        let revision = scene.push_sheet(&[scene.row("edited", "As it reads by now.")], "Edit");
        scene.until_applied("week1", &revision).await;
        platform.go_on.notify_one();
        scene
            .until_asset("edited linkedin/company", "Posted Drifted")
            .await;
        let heard = platform.heard.lock().unwrap();
        assert!(heard.sent[0].starts_with("As it was approved."), "{heard:?}");
        assert_eq!(heard.asked, heard.sent);
    };
    tokio::select! {
        result = running => panic!("the operator ended: {result:?}"),
        () = played => {}
    }
    scene.end().await;
}

#[tokio::test]
async fn what_is_found_by_its_words_alone_is_ours_unless_another_receipt_has_it() {
    let platform = Forgetful::default();
    let (scene, operator) = scene_with(&platform, "alike").await;
    let running = operator.run(std::future::pending());
    let played = async {
        scene.push_sheet(&[scene.row("first", "Same words.")], "Week 1");
        scene.apply(&scene.campaign("week1", SOON)).await;
        scene.until_phase("first linkedin/company", "Posted").await;
        let rows = ["first", "twin", "sister"].map(|post| scene.row(post, "Same words."));
        scene.push_sheet(&rows, "More");
        for _ in ["twin", "sister"] {
            platform.sending.notified().await;
            platform.go_on.notify_one();
        }
        scene.until_phase("sister linkedin/company", "Posted").await;
        let receipt = scene
            .until_phase("twin linkedin/company", "Unknown")
            .await
            .receipt();
        let said = async || {
            let receipt = scene.json(&["receipt", &receipt]).await;
            let message = receipt["status"]["message"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let named = message.contains("publication of another receipt");
            named.then_some(()).ok_or(message)
        };
        scene.until("the twin is not adopted", said).await;
        assert_eq!(platform.heard.lock().unwrap().sent.len(), 3);
    };
    tokio::select! {
        result = running => panic!("the operator ended: {result:?}"),
        () = played => {}
    }
    scene.end().await;
}

#[tokio::test]
async fn words_too_long_to_stand_in_the_asset_are_read_again_to_look_them_up() {
    let platform = Forgetful::default();
    let (scene, operator) = scene_with(&platform, "long").await;
    let running = operator.run(std::future::pending());
    let played = async {
        scene.push_sheet(&[scene.row("long", &"Long words. ".repeat(5_460))], "Week 1");
        scene.apply(&scene.campaign("week1", SOON)).await;
        platform.sending.notified().await;
        platform.go_on.notify_one();
        scene.until_phase("long linkedin/company", "Posted").await;
        let heard = platform.heard.lock().unwrap();
        assert!(heard.sent[0].len() > 64 * 1024, "{}", heard.sent[0].len());
        assert!(heard.asked == heard.sent, "other words were asked for");
    };
    tokio::select! {
        result = running => panic!("the operator ended: {result:?}"),
        () = played => {}
    }
    scene.end().await;
}
