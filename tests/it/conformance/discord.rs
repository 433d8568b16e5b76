//! The Discord channel, on a stand-in of a webhook and of a bot's API.

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
    next_attempt, publication, publish,
};
use crate::sink::{Fault, Received, Receiver, Sink, answer};

const TOKEN: &str = "canary-token-of-a-bot";
const HOOK: &str = "/api/v10/webhooks/223704706495545344/canary-hook";
const CHANNEL: &str = "199737254929760256";
const MESSAGES: &str = "/api/v10/channels/199737254929760256/messages";
const GUILD: &str = "199737254929760200";
/// The first id after the due instant of the tests' publications.
const FIRST_ID: u64 = 1_573_956_196_761_600_000;

/// Fields of a message that a webhook and a bot may send, from the platform's published description (MIT).
const OF_WEBHOOKS: [&str; 13] = [
    "content",
    "embeds",
    "allowed_mentions",
    "components",
    "attachments",
    "poll",
    "tts",
    "flags",
    "username",
    "avatar_url",
    "thread_name",
    "applied_tags",
    "files",
];
const OF_BOTS: [&str; 13] = [
    "content",
    "embeds",
    "allowed_mentions",
    "sticker_ids",
    "components",
    "flags",
    "attachments",
    "poll",
    "shared_client_theme",
    "message_reference",
    "nonce",
    "enforce_nonce",
    "tts",
];

/// Discord for one channel: a webhook, and of a bot's API the channel, its messages and the bot itself.
///
/// # What it cannot show
/// Buckets of limits, permissions, threads, how Markdown is shown, and that it forgets a nonce after some minutes.
#[derive(Default)]
struct Discord {
    chat: Chat,
    hides_nonces: std::sync::atomic::AtomicBool,
}

type Refusal = (u16, &'static str);

impl Discord {
    fn answer(&self, asked: &Asked, request: &Received) -> Result<Value, Refusal> {
        let webhook = asked.path.starts_with("/api/v10/webhooks/");
        if webhook {
            return match (asked.method.as_str(), asked.path == HOOK) {
                ("GET", true) => {
                    Ok(json!({"id": "223704706495545344", "channel_id": CHANNEL, "guild_id": GUILD}))
                }
                ("POST", true) => self.post(asked, &OF_WEBHOOKS),
                _ => Err((404, "Unknown Webhook")),
            };
        }
        if request.headers.get("authorization").map(String::as_str) != Some(&format!("Bot {TOKEN}")) {
            return Err((401, "401: Unauthorized"));
        }
        if !request
            .headers
            .get("user-agent")
            .is_some_and(|agent| agent.starts_with("DiscordBot (https://"))
        {
            return Err((403, "no user agent"));
        }
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/api/v10/users/@me") => Ok(json!({"id": "80351110224678912", "username": "campanile"})),
            ("GET", "/api/v10/channels/199737254929760256") => Ok(json!({"id": CHANNEL, "guild_id": GUILD})),
            ("GET", MESSAGES) => Ok(self.after(asked)),
            ("POST", MESSAGES) => self.post(asked, &OF_BOTS),
            _ => Err((404, "Unknown Channel")),
        }
    }

    fn post(&self, asked: &Asked, known: &[&str]) -> Result<Value, Refusal> {
        if asked.unknown_field(known).is_some() {
            return Err((400, "a field that is not described"));
        }
        let content = asked.body["content"]
            .as_str()
            .filter(|content| !content.trim().is_empty());
        let content = content.ok_or((400, "Cannot send an empty message"))?;
        if content.chars().count() > 2000 {
            return Err((400, "Must be 2000 or fewer in length."));
        }
        let nonce = &asked.body["nonce"];
        if nonce.as_str().is_some_and(|nonce| nonce.len() > 25) {
            return Err((400, "nonce too long"));
        }
        if asked.body["enforce_nonce"] == true {
            let before = self
                .chat
                .messages()
                .iter()
                .find(|message| message["nonce"] == *nonce)
                .cloned();
            if let Some(before) = before {
                return Ok(before);
            }
        }
        let mut messages = self.chat.messages();
        let id = FIRST_ID + messages.len() as u64;
        let message = json!({
            "id": id.to_string(), "channel_id": CHANNEL, "content": content, "nonce": nonce,
            "author": {"id": "80351110224678912", "bot": true}, "allowed_mentions": asked.body["allowed_mentions"],
        });
        messages.push(message.clone());
        Ok(message)
    }

    /// The page of messages next after an id, the newest first.
    fn after(&self, asked: &Asked) -> Value {
        let number = |name| asked.parameter(name).and_then(|text| text.parse::<u64>().ok());
        let (after, limit) = (number("after").unwrap_or(0), number("limit").unwrap_or(50));
        let messages = self.chat.messages();
        let hides = self.hides_nonces.load(std::sync::atomic::Ordering::SeqCst);
        let next = messages
            .iter()
            .filter(|message| message["id"].as_str().unwrap().parse::<u64>().unwrap() > after);
        let mut page: Vec<Value> = next
            .take(usize::try_from(limit).unwrap().min(100))
            .cloned()
            .collect();
        for message in page.iter_mut().filter(|_| hides) {
            message.as_object_mut().unwrap().remove("nonce");
        }
        page.reverse();
        page.into()
    }
}

impl Receiver for Discord {
    fn act(&self, request: &Received) -> Vec<u8> {
        let asked = match Asked::of(request) {
            Ok(asked) => asked,
            Err(answer) => return answer,
        };
        match self.answer(&asked, request) {
            // Without `wait` a webhook answers at once, and with nothing.
            Ok(_) if asked.is("POST", HOOK) && asked.parameter("wait") != Some("true") => {
                answer(204, &[], "")
            }
            Ok(said) => says(200, &said),
            Err((status, words)) => says(status, &json!({"message": words, "code": 0})),
        }
    }
}

struct DiscordRig {
    discord: Arc<Discord>,
    sink: Sink,
    bot: bool,
}

impl DiscordRig {
    fn start(bot: bool) -> Self {
        let discord = Arc::<Discord>::default();
        let sink = Sink::start(Arc::<Discord>::clone(&discord));
        Self { discord, sink, bot }
    }

    fn with_key(&self, value: &str, timeout: &str) -> Box<dyn Publisher> {
        let mut discord = json!({"secretRef": {"name": "discord"}, "timeout": timeout});
        if self.bot {
            discord["channel"] = CHANNEL.into();
            discord["endpoint"] = format!("{}/api/v10", self.sink.url()).into();
        }
        let key = if self.bot { "token" } else { "url" };
        let name: SecretKeyReference =
            serde_json::from_value(json!({"name": "discord", "key": key})).unwrap();
        channel(
            &json!({ "discord": discord }),
            &Secrets::from([(name, value.into())]),
        )
    }
}

impl Rig for DiscordRig {
    fn publisher(&self, timeout: &str) -> Box<dyn Publisher> {
        if self.bot {
            return self.with_key(TOKEN, timeout);
        }
        self.with_key(&format!("{}{HOOK}", self.sink.url()), timeout)
    }

    fn sink(&self) -> &Sink {
        &self.sink
    }

    fn effects(&self, publication: &Publication) -> usize {
        self.discord.chat.holds(publication, "content")
    }

    fn reads_its_answers(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_webhook_of_discord_conforms_as_class_d() {
    conforms(&DiscordRig::start(false)).await;
}

#[tokio::test]
async fn a_bot_of_discord_conforms_as_class_c() {
    conforms(&DiscordRig::start(true)).await;
}

/// Whether the history shows nonces is not written down: without them the words with their link tell.
#[tokio::test]
async fn a_bot_of_discord_conforms_where_the_history_hides_nonces() {
    let rig = DiscordRig::start(true);
    rig.discord
        .hides_nonces
        .store(true, std::sync::atomic::Ordering::SeqCst);
    conforms(&rig).await;
}

#[tokio::test]
async fn words_that_another_post_may_have_too_are_no_proof() {
    let rig = DiscordRig::start(true);
    rig.discord
        .hides_nonces
        .store(true, std::sync::atomic::Ordering::SeqCst);
    let publisher = rig.publisher(PATIENT);
    let mut asset = publication("no-link", AssetType::Post);
    asset.content.text = "Good morning!".into();
    rig.sink.lose_reply_of(1);
    publish(&*publisher, &asset).await.unwrap_err();
    assert_eq!(
        publisher.resolve(&next_attempt(&asset)).await.unwrap(),
        Found::CannotTell
    );
}

#[tokio::test]
async fn a_message_is_found_behind_many_pages_and_others_words_are_not_ours() {
    let rig = DiscordRig::start(true);
    let asset = publication("behind", AssetType::Post);
    for number in 0..250 {
        let id = (FIRST_ID + number).to_string();
        let content = &asset.content.text;
        rig.discord
            .chat
            .say(json!({"id": id, "channel_id": CHANNEL, "content": content, "author": {"id": "1"}}));
    }
    let publisher = rig.publisher(PATIENT);
    assert_eq!(publisher.resolve(&asset).await.unwrap(), Found::Absent);
    rig.sink.lose_reply_of(1);
    publish(&*publisher, &asset).await.unwrap_err();
    let found = publisher.resolve(&next_attempt(&asset)).await.unwrap();
    assert!(matches!(found, Found::Published(_)), "{found:?}");
}

#[tokio::test]
async fn hebrew_and_emoji_arrive_in_discord_to_the_byte_and_nobody_is_notified() {
    for bot in [false, true] {
        let rig = DiscordRig::start(bot);
        let publisher = rig.publisher(PATIENT);
        publisher.preflight().await.unwrap();
        let mut asset = publication("words", AssetType::Post);
        asset.content.text.push_str(" @everyone");
        let told = publish(&*publisher, &asset).await.unwrap();
        let message = rig.discord.chat.messages()[0].clone();
        assert_eq!(message["content"], asset.content.text);
        assert_eq!(message["allowed_mentions"], json!({"parse": []}));
        let link = format!("https://discord.com/channels/{GUILD}/{CHANNEL}/{FIRST_ID}");
        assert_eq!(told.url, Some(link));
    }
}

#[tokio::test]
async fn a_preflight_of_discord_says_what_is_wrong_and_posts_nothing() {
    for bot in [false, true] {
        let rig = DiscordRig::start(bot);
        rig.publisher(PATIENT).preflight().await.unwrap();
        let gone = format!("{}/api/v10/webhooks/1/gone", rig.sink.url());
        let (wrong, reason) = if bot {
            ("wrong", "CredentialsRefused")
        } else {
            (gone.as_str(), "AccountNotFound")
        };
        let error = rig.with_key(wrong, PATIENT).preflight().await.unwrap_err();
        assert_eq!((error.outcome, error.reason), (Outcome::Refused, reason));
        assert_eq!(rig.discord.chat.messages().len(), 0);
    }
}

#[tokio::test]
async fn discord_says_in_the_body_how_long_to_wait() {
    let rig = DiscordRig::start(true);
    let body = json!({"message": "You are being rate limited.", "retry_after": 1.337, "global": false});
    rig.sink.script([Fault::Say(says(429, &body))]);
    let error = publish(&*rig.publisher(PATIENT), &publication("wait", AssetType::Post))
        .await
        .unwrap_err();
    let retry_after = std::time::Duration::from_secs(2);
    assert_eq!(error.outcome, Outcome::RateLimited { retry_after });
}

#[tokio::test]
async fn neither_the_token_nor_the_webhook_of_discord_is_shown() {
    for bot in [false, true] {
        let rig = DiscordRig::start(bot);
        let publisher = rig.publisher(PATIENT);
        rig.sink
            .script([Fault::Say(answer(400, &[], &format!("bad {TOKEN} at {HOOK}")))]);
        let error = publish(&*publisher, &publication("echo", AssetType::Post))
            .await
            .unwrap_err();
        let secret = if bot { "canary-token" } else { "canary-hook" };
        let shown = format!("{publisher:?} {error:?}");
        assert!(!shown.contains(secret), "{shown}");
    }
}
