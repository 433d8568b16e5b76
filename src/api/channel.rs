//! The channels that a ChannelConfig can have: the one list of them.

use std::time::Duration;

use super::{
    BlueskyChannel, ChannelConfigSpec, DevtoChannel, DiscordChannel, FacebookPageChannel, GitPagesChannel,
    LinkedInChannel, ManualChannel, MastodonChannel, ObjectStoreChannel, RedditChannel, SlackChannel,
    SmtpChannel, TelegramChannel, WebhookChannel, WordpressChannel, XChannel,
};

/// Makes, of one line for each channel: the enum, the names, the rule that there is exactly one, and how it is found.
macro_rules! channels {
    ($($variant:ident($settings:ty) is $field:ident, $member:literal;)+) => {
        /// The one channel of a ChannelConfig.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Channel<'a> {
            $(#[doc = concat!("`", $member, "`.")] $variant(&'a $settings),)+
        }

        /// Every channel, by the name of its field in a ChannelConfig.
        pub const CHANNEL_MEMBERS: &[&str] = &[$($member),+];

        /// CEL: a ChannelConfig has exactly one channel.
        pub(super) const ONE_CHANNEL: &str = concat!($("(has(self.spec.", $member, ") ? 1 : 0) + ",)+ "0 == 1");
        /// What is said where that does not hold.
        pub(super) const ONE_CHANNEL_MESSAGE: &str =
            concat!("a ChannelConfig has exactly one channel of these:", $(" ", $member,)+);

        impl Channel<'_> {
            /// The name of its field in a ChannelConfig.
            pub const fn member(self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $member,)+
                }
            }
        }

        impl ChannelConfigSpec {
            fn channels(&self) -> impl Iterator<Item = Channel<'_>> {
                [$(self.$field.as_ref().map(Channel::$variant)),+].into_iter().flatten()
            }
        }
    };
}

channels! {
    Webhook(WebhookChannel) is webhook, "webhook";
    ObjectStore(ObjectStoreChannel) is object_store, "objectStore";
    Slack(SlackChannel) is slack, "slack";
    Discord(DiscordChannel) is discord, "discord";
    Telegram(TelegramChannel) is telegram, "telegram";
    Mastodon(MastodonChannel) is mastodon, "mastodon";
    LinkedIn(LinkedInChannel) is linkedin, "linkedin";
    X(XChannel) is x, "x";
    Reddit(RedditChannel) is reddit, "reddit";
    FacebookPage(FacebookPageChannel) is facebook_page, "facebookPage";
    GitPages(GitPagesChannel) is git_pages, "gitPages";
    Manual(ManualChannel) is manual, "manual";
    Smtp(SmtpChannel) is smtp, "smtp";
    Devto(DevtoChannel) is devto, "devto";
    Bluesky(BlueskyChannel) is bluesky, "bluesky";
    Wordpress(WordpressChannel) is wordpress, "wordpress";
}

impl Channel<'_> {
    /// How long an answer may take.
    pub const fn timeout(self) -> Duration {
        match self {
            Self::Webhook(channel) => channel.timeout.0,
            Self::ObjectStore(channel) => channel.timeout.0,
            Self::Slack(channel) => channel.timeout.0,
            Self::Discord(channel) => channel.timeout.0,
            Self::Telegram(channel) => channel.timeout.0,
            Self::Mastodon(channel) => channel.timeout.0,
            Self::LinkedIn(channel) => channel.timeout.0,
            Self::X(channel) => channel.timeout.0,
            Self::Reddit(channel) => channel.timeout.0,
            Self::FacebookPage(channel) => channel.timeout.0,
            Self::GitPages(channel) => channel.timeout.0,
            Self::Smtp(channel) => channel.timeout.0,
            Self::Devto(channel) => channel.timeout.0,
            Self::Bluesky(channel) => channel.timeout.0,
            Self::Wordpress(channel) => channel.timeout.0,
            // Nothing is sent.
            Self::Manual(_) => Duration::ZERO,
        }
    }
}

/// A ChannelConfig without a channel, or with more than one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOneChannel {
    /// It has none.
    #[error("has no channel")]
    None,
    /// It has these.
    #[error("has {}: keep one", .0.join(" and "))]
    Several(Vec<&'static str>),
}

impl ChannelConfigSpec {
    /// The one channel.
    ///
    /// # Errors
    /// There is none, or there are several: both are refused when a ChannelConfig is written.
    pub fn channel(&self) -> Result<Channel<'_>, NotOneChannel> {
        let mut channels = self.channels();
        let first = channels.next().ok_or(NotOneChannel::None)?;
        let others: Vec<&'static str> = channels.map(Channel::member).collect();
        if others.is_empty() {
            return Ok(first);
        }
        Err(NotOneChannel::Several([vec![first.member()], others].concat()))
    }
}
