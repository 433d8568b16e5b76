//! The Discord channel: one message, by a bot or by a webhook.

use std::{fmt, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use http::{HeaderValue, header::USER_AGENT};
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

use super::{
    Class, Found, Preflight, Prepared, PublishError, Published, Publisher, PublisherOptions, Secrets,
    SelectError,
    platform::{
        Platform, api, at, below, fitted, is_marked, is_prepared, key_of, secret_url, sooner, token,
        whole_json,
    },
};
use crate::{
    api::{Channel, ChannelConfigSpec, DiscordChannel, SecretKeyReference},
    domain::{
        channels::{Fitting, fitting},
        digest,
        publication::Publication,
    },
    secret::SecretString,
};

const API: &str = "https://discord.com/api/v10";
/// The platform wants clients to name themselves so: <https://discord.com/developers/docs/reference#user-agent>.
const AGENT: &str = concat!(
    "DiscordBot (https://campanile.dev, ",
    env!("CARGO_PKG_VERSION"),
    ")"
);
/// The longest nonce.
const NONCE: usize = 25;
/// Milliseconds from 1970 to the first second of 2015, from which ids count:
/// <https://discord.com/developers/docs/reference#snowflakes>.
const EPOCH: i64 = 1_420_070_400_000;
/// Messages of one page; the platform's most.
const PAGE: usize = 100;
/// Longer histories since the due instant are not read: whoever looks through them is a person.
const MAX_PAGES: usize = 20;

/// A Discord channel: class C with a bot, class D with a webhook, which reads no history.
pub(super) struct Discord {
    platform: Platform,
    way: Way,
    /// The server and, with a bot, ourselves, once a preflight has asked.
    known: OnceLock<Known>,
    fitting: Option<Fitting>,
    endpoint_digest: String,
}

/// How it is reached.
enum Way {
    /// The address is the secret.
    Webhook { send: Url, about: Url },
    Bot {
        channel: String,
        messages: Url,
        about: Url,
        me: Url,
    },
}

#[derive(Clone, Debug)]
struct Known {
    guild: String,
    user: String,
}

impl fmt::Debug for Discord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Webhook { .. } => formatter.write_str("Discord(webhook)"),
            Way::Bot { channel, .. } => write!(formatter, "Discord({channel})"),
        }
    }
}

pub(super) fn required_secrets(channel: &DiscordChannel) -> Vec<SecretKeyReference> {
    let key = if channel.channel.is_some() { "token" } else { "url" };
    vec![key_of(&channel.secret_ref, key)]
}

impl Way {
    fn webhook(about: Url) -> Self {
        let mut send = about.clone();
        // Without it the answer comes before the message is stored.
        send.query_pairs_mut().append_pair("wait", "true");
        Self::Webhook { send, about }
    }

    fn bot(api: &str, channel: &str) -> Result<Self, SelectError> {
        Ok(Self::Bot {
            channel: channel.to_owned(),
            messages: below(api, &format!("channels/{channel}/messages"))?,
            about: below(api, &format!("channels/{channel}"))?,
            me: below(api, "users/@me")?,
        })
    }

    fn place(&self) -> &Url {
        match self {
            Self::Webhook { about, .. } => about,
            Self::Bot { messages, .. } => messages,
        }
    }
}

impl Discord {
    pub(super) fn new(
        spec: &ChannelConfigSpec,
        channel: &DiscordChannel,
        secrets: &Secrets,
        options: &PublisherOptions,
    ) -> Result<Self, SelectError> {
        let platform = Platform::new("Discord", channel.timeout.0, options)
            .with_header(USER_AGENT, HeaderValue::from_static(AGENT));
        let (platform, way) = if let Some(id) = &channel.channel {
            let token = token(secrets, &key_of(&channel.secret_ref, "token"))?;
            let api = api(channel.endpoint.as_deref(), API, "spec.discord.endpoint")?;
            (platform.with_token("Bot", token), Way::bot(&api, id)?)
        } else {
            let url = secret_url(secrets, &key_of(&channel.secret_ref, "url"))?;
            let parts = url.path_segments().into_iter().flatten();
            let hidden: Vec<SecretString> = parts.map(SecretString::from).collect();
            (platform.hiding(hidden), Way::webhook(url))
        };
        let place = way.place().as_str();
        Ok(Self {
            endpoint_digest: digest::of_json(&json!(["discord", place, spec.platform, spec.account])),
            platform,
            way,
            known: OnceLock::new(),
            fitting: fitting(Channel::Discord(channel)),
        })
    }

    /// Nobody is notified by a name or a role in the text: a sheet is no place for that.
    fn message(&self, publication: &Publication) -> Result<Value, PublishError> {
        let mut message = json!({
            "content": fitted(self.fitting, publication)?,
            "allowed_mentions": {"parse": []},
        });
        if let (Way::Bot { .. }, Some(fields)) = (&self.way, message.as_object_mut()) {
            fields.insert("nonce".to_owned(), nonce(publication).into());
            fields.insert("enforce_nonce".to_owned(), true.into());
        }
        Ok(message)
    }

    fn named(&self, message: &Value) -> Option<Published> {
        let (id, channel) = (at(message, "/id").as_str()?, at(message, "/channel_id").as_str()?);
        let link = self
            .known
            .get()
            .map(|known| format!("https://discord.com/channels/{}/{channel}/{id}", known.guild));
        Some(Published::named(Some(format!("{channel}/{id}")), link.as_deref()))
    }

    async fn me(&self, me: &Url) -> Result<String, PublishError> {
        let (_, me) = self.platform.read(me).await?;
        at(&me, "/id")
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| PublishError::not_sent("UnexpectedAnswer", "Discord does not say who the bot is"))
    }

    /// The messages of one page after `after`, the oldest first.
    async fn page(&self, messages: &Url, after: u64) -> Result<Vec<Value>, PublishError> {
        let mut url = messages.clone();
        url.query_pairs_mut()
            .append_pair("limit", &PAGE.to_string())
            .append_pair("after", &after.to_string());
        let (_, page) = self.platform.read(&url).await?;
        let Value::Array(mut page) = page else {
            let said = "Discord answered no list of messages";
            return Err(PublishError::not_sent("UnexpectedAnswer", said));
        };
        page.sort_by_key(id);
        Ok(page)
    }

    async fn look(
        &self,
        publication: &Publication,
        (messages, me): (&Url, &str),
    ) -> Result<Found, PublishError> {
        let mut after = snowflake(publication.scheduled_for);
        for _ in 0..MAX_PAGES {
            let page = self.page(messages, after).await?;
            let ours = page.iter().find(|message| is_ours(message, me, publication));
            if let Some(published) = ours.and_then(|message| self.named(message)) {
                return Ok(Found::Published(published));
            }
            match page.last() {
                Some(last) if page.len() == PAGE => after = id(last),
                _ if is_marked(publication) => return Ok(Found::Absent),
                _ => return Ok(Found::CannotTell),
            }
        }
        Ok(Found::CannotTell)
    }
}

fn id(message: &Value) -> u64 {
    at(message, "/id")
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default()
}

/// The smallest id of a message that was sent at that time, less what clocks may differ by.
fn snowflake(time: Timestamp) -> u64 {
    let since = sooner(time).as_millisecond().saturating_sub(EPOCH).max(0);
    u64::try_from(since).unwrap_or_default() << 22
}

fn nonce(publication: &Publication) -> String {
    publication.key().chars().take(NONCE).collect()
}

fn is_ours(message: &Value, me: &str, publication: &Publication) -> bool {
    let same_words = || {
        let content = at(message, "/content").as_str().unwrap_or_default();
        is_marked(publication) && content.trim() == publication.content.text.trim()
    };
    at(message, "/author/id") == me && (*at(message, "/nonce") == nonce(publication) || same_words())
}

#[async_trait]
impl Publisher for Discord {
    fn channel_type(&self) -> &'static str {
        "discord"
    }

    fn class(&self) -> Class {
        match self.way {
            Way::Webhook { .. } => Class::Neither,
            Way::Bot { .. } => Class::LookUp,
        }
    }

    fn endpoint_digest(&self) -> String {
        self.endpoint_digest.clone()
    }

    fn send_timeout(&self) -> Duration {
        self.platform.timeout()
    }

    /// Reads the webhook; or with a bot the channel, ourselves, and the newest message, which a look-up needs.
    async fn preflight(&self) -> Result<Preflight, PublishError> {
        let (Way::Webhook { about, .. } | Way::Bot { about, .. }) = &self.way;
        let (_, place) = self.platform.read(about).await?;
        let mut user = String::new();
        if let Way::Bot { messages, me, .. } = &self.way {
            user = self.me(me).await?;
            let mut newest = messages.clone();
            newest.query_pairs_mut().append_pair("limit", "1");
            self.platform.read(&newest).await?;
        }
        if let Some(guild) = at(&place, "/guild_id").as_str() {
            let _known = self.known.set(Known {
                guild: guild.to_owned(),
                user,
            });
        }
        Ok(Preflight {
            message: "Discord knows the token and the channel".to_owned(),
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
        let message = self.message(publication)?;
        let (Way::Webhook { send: url, .. } | Way::Bot { messages: url, .. }) = &self.way;
        let answer = self.platform.publish(url, &message).await?;
        if !answer.status.is_success() {
            return Err(self.platform.refusal(&answer));
        }
        let published = whole_json(&answer).and_then(|message| self.named(&message));
        published.ok_or_else(|| self.platform.unexpected(&answer))
    }

    async fn resolve(&self, publication: &Publication) -> Result<Found, PublishError> {
        let Way::Bot { messages, me, .. } = &self.way else {
            return Ok(Found::CannotTell);
        };
        let user = match self.known.get() {
            Some(known) => known.user.clone(),
            None => self.me(me).await?,
        };
        self.look(publication, (messages, &user)).await
    }
}
