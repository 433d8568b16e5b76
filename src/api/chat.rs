//! Channels into chats: Slack, Discord, Telegram.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GoDuration, SecretReference, duration};

/// Posts into one Slack channel: as an app's bot where `channel` is named, else by an incoming webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlackChannel {
    /// The Secret with the key token, that of the bot, or without channel the key url, the address of the incoming webhook.
    pub secret_ref: SecretReference,
    /// The id of the channel in which the bot posts, such as C0123456789. Left out for an incoming webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), regex(pattern = r"^[CGD][A-Z0-9]{2,}$"))]
    pub channel: Option<String>,
    /// The address of the Web API, where it is not `https://slack.com/api`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
    pub timeout: GoDuration,
}

/// Posts into one Discord channel: as a bot where `channel` is named, else by a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiscordChannel {
    /// The Secret with the key token, that of the bot, or without channel the key url, the address of the webhook.
    pub secret_ref: SecretReference,
    /// The id of the channel in which the bot posts. Left out for a webhook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), regex(pattern = r"^[0-9]{15,20}$"))]
    pub channel: Option<String>,
    /// The address and version of the API, where it is not `https://discord.com/api/v10`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
    pub timeout: GoDuration,
}

/// Posts into one Telegram channel, group or chat, as a bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TelegramChannel {
    /// The Secret with the key token, that of the bot.
    pub secret_ref: SecretReference,
    /// The channel or group: @name, or its number, such as -1001234567890.
    #[schemars(
        length(max = 64),
        regex(pattern = r"^(@[A-Za-z][A-Za-z0-9_]{3,31}|-?[0-9]{1,20})$")
    )]
    pub chat: String,
    /// The address of the Bot API, where it is not `https://api.telegram.org`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
    pub timeout: GoDuration,
}
