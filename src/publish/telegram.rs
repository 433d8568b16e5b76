//! The Telegram channel: a bot posts one message.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use serde_json::{Value, json};
use url::Url;

use super::{
    Class, Found, Outcome, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions,
    Secrets, SelectError,
    platform::{Platform, api, at, below, fitted, is_prepared, key_of, token, whole_json},
    wire::Answer,
};
use crate::{
    api::{Channel, ChannelConfigSpec, SecretKeyReference, TelegramChannel},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
};

const API: &str = "https://api.telegram.org";

/// What Telegram says with 400 of the chat, and not of the text.
const OF_THE_CHAT: [&str; 8] = [
    "chat not found",
    "chat_write_forbidden",
    "have no rights to send",
    "not enough rights",
    "need administrator rights",
    "bot is not a member",
    "group chat was upgraded",
    "group is deactivated",
];

/// A Telegram channel: class D, for a bot cannot read what it has sent.
pub(super) struct Telegram {
    platform: Platform,
    chat: String,
    send: Url,
    me: Url,
    about: Url,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

impl fmt::Debug for Telegram {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every address holds the token.
        write!(formatter, "Telegram({})", self.chat)
    }
}

pub(super) fn required_secrets(channel: &TelegramChannel) -> Vec<SecretKeyReference> {
    vec![key_of(&channel.secret_ref, "token")]
}

impl Telegram {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &TelegramChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let token = token(secrets, &key_of(&channel.secret_ref, "token"))?;
        let api = api(channel.endpoint.as_deref(), API, "spec.telegram.endpoint")?;
        let bot = format!("bot{}", token.expose());
        let mut about = below(&api, &format!("{bot}/getChat"))?;
        about.query_pairs_mut().append_pair("chat_id", &channel.chat);
        Ok(Self {
            chat: channel.chat.clone(),
            send: below(&api, &format!("{bot}/sendMessage"))?,
            me: below(&api, &format!("{bot}/getMe"))?,
            about,
            fitting: fitting(Channel::Telegram(channel)),
            endpoint_digest: digest::of_json(&json!([
                "telegram",
                api,
                channel.chat,
                spec.platform,
                spec.account
            ])),
            platform: Platform::new("Telegram", channel.timeout.0, options).hiding([token]),
        })
    }

    fn outcome(&self, answer: &Answer) -> Result<Published, PublishError> {
        let body = whole_json(answer).unwrap_or_default();
        if answer.status.is_success() {
            return match body.get("result") {
                Some(message) if at(&body, "/ok") == true && at(message, "/message_id").is_i64() => {
                    Ok(named(message))
                }
                _ => Err(self.platform.unexpected(answer)),
            };
        }
        let refusal = self.platform.refusal(answer);
        let said = at(&body, "/description")
            .as_str()
            .unwrap_or_default()
            .to_lowercase();
        if answer.status.as_u16() == 400 && OF_THE_CHAT.iter().any(|words| said.contains(words)) {
            return Err(PublishError::refused(
                "AccountNotFound",
                moved(&body, refusal.message),
            ));
        }
        Err(refusal)
    }
}

/// A group that became a supergroup has a new number, which Telegram names.
fn moved(body: &Value, said: String) -> String {
    match body
        .pointer("/parameters/migrate_to_chat_id")
        .and_then(Value::as_i64)
    {
        Some(number) => format!("{said}: write {number} into spec.telegram.chat"),
        None => said,
    }
}

fn named(message: &Value) -> Published {
    let (id, chat) = (at(message, "/message_id"), at(message, "/chat"));
    let url = at(chat, "/username")
        .as_str()
        .map(|name| format!("https://t.me/{name}/{id}"));
    Published::named(Some(format!("{}/{id}", at(chat, "/id"))), url.as_deref())
}

#[async_trait]
impl Publisher for Telegram {
    fn channel_type(&self) -> &'static str {
        "telegram"
    }

    fn class(&self) -> Class {
        Class::Neither
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    fn send_timeout(&self) -> Duration {
        self.platform.timeout()
    }

    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let (_, me) = self.platform.read(&self.me).await?;
        let (_, chat) = self
            .platform
            .read(&self.about)
            .await
            .map_err(|error| match error.outcome {
                Outcome::Rejected => PublishError::refused("AccountNotFound", error.message),
                _ => error,
            })?;
        let bot = at(&me, "/result/username")
            .as_str()
            .unwrap_or("the bot")
            .to_owned();
        let kind = at(&chat, "/result/type").as_str().unwrap_or("chat").to_owned();
        Ok(Preflight {
            message: format!("{bot} sees the {kind} {}", self.chat),
        })
    }

    async fn prepare(&self, publication: &Publication) -> Result<Prepared, PublishError> {
        fitted(self.fitting, publication)?;
        Ok(Prepared {
            id: publication.key(),
        })
    }

    async fn commit(&self, publication: &Publication, prepared_id: &str) -> Result<Published, PublishError> {
        is_prepared(publication, prepared_id)?;
        // No parse_mode: every character is shown as it is written.
        let message = json!({"chat_id": self.chat, "text": fitted(self.fitting, publication)?});
        let answer = self.platform.publish(&self.send, &message).await?;
        self.outcome(&answer)
    }

    async fn resolve(&self, _: &Publication) -> Result<Found, PublishError> {
        Ok(Found::CannotTell)
    }
}
