//! A thread as a team meets it: its items go out one after the other, each as a reply to the one before.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::{
    control_plane::stdout,
    scene::{SHEET, Scene},
    sink::{Received, Receiver, Sink, answer},
};

const COPY: &str = "Thread: three habits.";
const FIRST: u64 = 1000;

/// As much of X as a thread needs: whose the token is, a timeline that shows nothing, and posts.
///
/// # What it cannot show
/// Everything that `tests/it/conformance/x.rs` shows: it takes every token and every text.
struct Platform {
    posts: Mutex<Vec<Value>>,
    /// The words whose post is made and answered with 503.
    fails_after: &'static str,
}

impl Platform {
    fn posts(&self) -> Vec<Value> {
        self.posts.lock().unwrap().clone()
    }

    fn post(&self, body: &[u8]) -> Vec<u8> {
        let post: Value = serde_json::from_slice(body).unwrap();
        let text = post["text"].as_str().unwrap().to_owned();
        let mut posts = self.posts.lock().unwrap();
        let id = (FIRST + posts.len() as u64).to_string();
        posts.push(post);
        if text == self.fails_after {
            return answer(503, &[], "");
        }
        answer(201, &[], &json!({"data": {"id": id, "text": text}}).to_string())
    }
}

impl Receiver for Platform {
    fn act(&self, request: &Received) -> Vec<u8> {
        match request.line.split(['?', ' ']).nth(1) {
            Some("/2/tweets") => self.post(&request.body),
            Some("/2/users/me") => answer(200, &[], r#"{"data": {"id": "7", "username": "acme"}}"#),
            Some("/2/users/7/tweets") => answer(200, &[], r#"{"meta": {"result_count": 0}}"#),
            _ => answer(404, &[], ""),
        }
    }
}

fn channel(sink: &Sink) -> String {
    format!(
        "---\napiVersion: campanile.dev/v1alpha1\nkind: ChannelConfig\nmetadata: {{name: x}}\nspec:\n  platform: x\n  account: \
         main_account\n  x: {{handle: acme, secretRef: {{name: x}}, authentication: OAuth2, endpoint: \"{}\"}}\n",
        sink.url()
    )
}

/// The sheet of one row with a column thread.
fn threaded(scene: &Scene, platform: &str, account: &str) -> String {
    let row = scene.row("habits", COPY).for_platform(platform).to(account);
    let plain = crate::scene::sheet(&[row]);
    let cells = ["thread", "\"Second.\n---\nThird.\""];
    let lines: Vec<String> = plain
        .lines()
        .zip(cells)
        .map(|(line, cell)| format!("{line},{cell}"))
        .collect();
    format!("{}\n", lines.join("\n"))
}

async fn explained(scene: &Scene, asset: &str) -> Value {
    let output = scene
        .campanile("why", &[&format!("asset/{asset}"), "-o", "json"])
        .await;
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// The items that receipts stand for, each once.
async fn items(scene: &Scene) -> Vec<String> {
    let receipts = scene.json(&["receipts"]).await;
    let receipts = receipts["items"].as_array().unwrap().iter();
    let mut items: Vec<String> = receipts
        .map(|receipt| receipt["spec"]["slot"]["item"].as_str().unwrap().to_owned())
        .collect();
    items.sort();
    items
}

async fn the_gate_says_what_it_waits_for(scene: &Scene, asset: &str) {
    let said = explained(scene, asset).await;
    assert_eq!(said["operator"]["agrees"], true, "{said:#}");
    let gates = said["gates"].as_array().unwrap();
    let gate = gates
        .iter()
        .find(|gate| gate["reason"] == "WaitingForItem")
        .unwrap();
    assert_eq!(
        (&gate["name"], &gate["opens"]["by"]),
        (&json!("Time"), &json!("Post")),
        "{gate:#}"
    );
}

async fn adopt_the_second(scene: &Scene, receipt: &str) {
    let found = (FIRST + 1).to_string();
    let adopt = [
        "adopt",
        receipt,
        "--remote-id",
        &found,
        "--reason",
        "found on the account",
    ];
    stdout(&scene.campanile("receipts", &adopt).await);
}

fn each_replies_to_the_one_before(posts: &[Value]) {
    let parents: Vec<&Value> = posts
        .iter()
        .map(|post| &post["reply"]["in_reply_to_tweet_id"])
        .collect();
    let (first, second) = (json!(FIRST.to_string()), json!((FIRST + 1).to_string()));
    assert_eq!(parents, [&Value::Null, &first, &second]);
    let opener = posts[0]["text"].as_str().unwrap();
    assert!(opener.starts_with(COPY), "{opener}");
    assert_eq!(
        (&posts[1]["text"], &posts[2]["text"]),
        (&json!("Second."), &json!("Third."))
    );
}

#[tokio::test]
async fn a_thread_goes_out_item_by_item_and_neither_doubt_nor_a_halt_repeats_or_skips_one() {
    let scene = Scene::start("thread").await;
    let platform = Arc::new(Platform {
        posts: Mutex::default(),
        fails_after: "Second.",
    });
    let sink = Sink::start(Arc::<Platform>::clone(&platform));
    scene.secret("x", &["token"]).await;
    scene.apply(&channel(&sink)).await;
    scene
        .until_condition("channelconfig/x", "Ready", "True Ready")
        .await;
    scene.push(SHEET, threaded(&scene, "x", "main_account"), "Week 1");
    scene.apply(&scene.campaign("week1", "  policies: []\n")).await;

    let doubtful = scene
        .until_phase("habits#thread-2 x/main_account", "Unknown")
        .await;
    scene
        .until_asset("habits x/main_account", "Posted Published")
        .await;
    let third = "habits#thread-3 x/main_account";
    let waits = scene.until_asset(third, "Scheduled WaitingForItem").await;
    assert!(
        waits.message.contains("the item thread-2 of its post"),
        "{}",
        waits.message
    );
    the_gate_says_what_it_waits_for(&scene, &waits.name).await;

    // A person finds the second item on the account; meanwhile everything there is stopped.
    let halt = "---\napiVersion: campanile.dev/v1alpha1\nkind: Halt\nmetadata: {name: stop-x}\nspec:\n  selector: {platforms: [x]}\n  \
                reason: Press inquiry, hold all posts.\n  owner: maya\n  resume: {policy: PublishWithin, within: 2h}\n";
    scene.apply(halt).await;
    scene.until_asset(third, "Halted Halted").await;
    adopt_the_second(&scene, &doubtful.receipt()).await;
    scene
        .until_asset("habits#thread-2 x/main_account", "Posted Adopted")
        .await;
    scene.until_asset(third, "Halted Halted").await;
    assert_eq!(platform.posts().len(), 2);

    scene.kubectl(&["delete", "halt", "stop-x"]).await;
    scene.until_asset(third, "Posted Published").await;
    each_replies_to_the_one_before(&platform.posts());
    assert_eq!(items(&scene).await, ["main", "thread-2", "thread-3"]);
    scene.end().await;
}

#[tokio::test]
async fn a_channel_that_cannot_reply_is_told_before_anything_of_the_thread_goes_out() {
    let scene = Scene::start("no-thread").await;
    let hook = format!("{}/services/canary", scene.sink.url());
    scene.secret_with("slack", &[("url", &hook)]).await;
    scene
        .apply(
            "---\napiVersion: campanile.dev/v1alpha1\nkind: ChannelConfig\nmetadata: {name: slack}\nspec:\n  platform: slack\n  account: \
             team\n  slack: {secretRef: {name: slack}}\n",
        )
        .await;
    scene.push(SHEET, threaded(&scene, "slack", "team"), "Week 1");
    scene.apply(&scene.campaign("week1", "  policies: []\n")).await;
    scene
        .until_assets_are(&[
            ("habits slack/team", "Blocked ThreadsNotSupported"),
            ("habits#thread-2 slack/team", "Blocked ThreadsNotSupported"),
            ("habits#thread-3 slack/team", "Blocked ThreadsNotSupported"),
        ])
        .await;
    assert_eq!(scene.sent().len(), 0);
    scene.end().await;
}
