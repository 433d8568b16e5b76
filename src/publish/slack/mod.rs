//! The Slack channel: one message, by an app's bot or by an incoming webhook.

mod bot;
mod webhook;

use super::{Publisher, PublisherOptions, Secrets, SelectError, platform::key_of};
use crate::api::{ChannelConfigSpec, SecretKeyReference, SlackChannel};

/// The key of the Secret that has the bot's token.
const TOKEN: &str = "token";
/// The key of the Secret that has the address of the incoming webhook.
const URL: &str = "url";

pub(super) fn required_secrets(channel: &SlackChannel) -> Vec<SecretKeyReference> {
    let key = if channel.channel.is_some() { TOKEN } else { URL };
    vec![key_of(&channel.secret_ref, key)]
}

pub(super) fn publisher(
    spec: &ChannelConfigSpec,
    channel: &SlackChannel,
    secrets: &Secrets,
    options: &PublisherOptions,
) -> Result<Box<dyn Publisher>, SelectError> {
    Ok(match &channel.channel {
        Some(id) => Box::new(bot::Bot::new(spec, (channel, id), secrets, options)?),
        None => Box::new(webhook::IncomingWebhook::new(spec, channel, secrets, options)?),
    })
}
