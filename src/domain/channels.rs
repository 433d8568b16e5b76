//! What each channel promises when a reply is lost: the table of the README is printed from here.

mod article;
mod facets;
mod fitting;
mod letter;
mod little_text;
mod shape;

use std::fmt::Write as _;

use super::observed::ChannelClass;
use crate::api::Channel;
pub use article::html;
pub use facets::{Facet, LeadsTo, facets};
pub use fitting::{Fitting, Misfit, fitting};
pub use letter::placeholder;
pub use little_text::{has_short_links_alone, same_words};

/// What one way to use a channel promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The field of a ChannelConfig.
    pub member: &'static str,
    /// Which way of using it, where there are several: `with idempotency`.
    pub way: &'static str,
    /// Its class, A to D.
    pub class: char,
    /// What makes a second request safe.
    pub because: &'static str,
}

/// Every promise, in the order of the table.
pub const PROMISES: &[Promise] = &[
    Promise {
        member: "bluesky",
        way: "",
        class: 'A',
        because: "we choose the record's key from the slot, and the server writes it only where none stands",
    },
    Promise {
        member: "devto",
        way: "",
        class: 'A',
        because: "the canonical URL holds the slot's parameter, and Forem takes a canonical URL once among published articles",
    },
    Promise {
        member: "gitPages",
        way: "",
        class: 'A',
        because: "we choose the path, and the branch moves only from the commit that we looked at",
    },
    Promise {
        member: "objectStore",
        way: "",
        class: 'A',
        because: "we choose the path, and the store refuses it a second time",
    },
    Promise {
        member: "webhook",
        way: "with `idempotency`",
        class: 'B',
        because: "the receiver remembers `webhook-id` for the window that you name",
    },
    Promise {
        member: "slack",
        way: "with `channel`",
        class: 'C',
        because: "each message carries its key as metadata, and the channel's history shows it",
    },
    Promise {
        member: "discord",
        way: "with `channel`",
        class: 'C',
        because: "our own messages are found by their nonce, or by words that hold the slot's parameter",
    },
    Promise {
        member: "mastodon",
        way: "",
        class: 'C',
        because: "our own statuses are found by the slot's parameter in their link; where the instance honours it, `Idempotency-Key` in addition",
    },
    Promise {
        member: "wordpress",
        way: "",
        class: 'C',
        because: "a draft is made first and published by its number, which says what became of it",
    },
    Promise {
        member: "linkedin",
        way: "of an organization",
        class: 'C',
        because: "the organization's own posts are found by the slot's parameter in their link, or by their words where LinkedIn has shortened it",
    },
    Promise {
        member: "x",
        way: "",
        class: 'C',
        because: "our own posts are found on the account's timeline, by the slot's parameter in their link",
    },
    Promise {
        member: "reddit",
        way: "",
        class: 'C',
        because: "the user's own submissions are found by the slot's parameter in their text or link; a link that stands there already is refused, and adopted only if it is ours",
    },
    Promise {
        member: "facebookPage",
        way: "",
        class: 'C',
        because: "the post is made unpublished, published by its number, and read back by it",
    },
    Promise {
        member: "webhook",
        way: "",
        class: 'D',
        because: "nothing",
    },
    Promise {
        member: "slack",
        way: "",
        class: 'D',
        because: "nothing: an incoming webhook reads nothing",
    },
    Promise {
        member: "discord",
        way: "",
        class: 'D',
        because: "nothing: a webhook reads no history",
    },
    Promise {
        member: "telegram",
        way: "",
        class: 'D',
        because: "nothing: a bot cannot read what it has sent",
    },
    Promise {
        member: "linkedin",
        way: "of a member",
        class: 'D',
        because: "nothing: LinkedIn lets no app of ours read a member's posts",
    },
    Promise {
        member: "manual",
        way: "",
        class: 'D',
        because: "nothing: a person publishes, and is asked once",
    },
    Promise {
        member: "smtp",
        way: "",
        class: 'D',
        because: "nothing: only what is lost after the final dot is in doubt",
    },
];

/// What happens on a channel after a lost reply.
pub fn class(channel: Channel<'_>) -> ChannelClass {
    match channel {
        Channel::ObjectStore(_) | Channel::GitPages(_) | Channel::Devto(_) | Channel::Bluesky(_) => {
            ChannelClass::NaturalKey
        }
        Channel::Webhook(webhook) => match &webhook.idempotency {
            Some(idempotency) => ChannelClass::IdempotencyKey {
                window: idempotency.window.0,
            },
            None => ChannelClass::Neither,
        },
        Channel::Slack(slack) => read_back(slack.channel.is_some()),
        Channel::Discord(discord) => read_back(discord.channel.is_some()),
        Channel::LinkedIn(linkedin) => read_back(linkedin.is_organization()),
        Channel::Telegram(_) | Channel::Manual(_) | Channel::Smtp(_) => ChannelClass::Neither,
        Channel::Mastodon(_)
        | Channel::X(_)
        | Channel::Wordpress(_)
        | Channel::Reddit(_)
        | Channel::FacebookPage(_) => ChannelClass::LookUp,
    }
}

/// How a channel publishes an item that replies to another one: the rest of a thread, a first comment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replies {
    /// It does not.
    #[default]
    No,
    /// After the one before; whoever receives it is told its slot.
    InOrder,
    /// As a reply, by the platform's own id of the one before.
    ById,
}

/// How a channel publishes an item that replies to another one.
pub const fn replies(channel: Channel<'_>) -> Replies {
    match channel {
        Channel::Mastodon(_) | Channel::X(_) => Replies::ById,
        Channel::Webhook(_) | Channel::ObjectStore(_) | Channel::Manual(_) => Replies::InOrder,
        Channel::Slack(_)
        | Channel::Discord(_)
        | Channel::Telegram(_)
        | Channel::LinkedIn(_)
        | Channel::GitPages(_)
        | Channel::Reddit(_)
        | Channel::FacebookPage(_)
        | Channel::Bluesky(_)
        | Channel::Devto(_)
        | Channel::Wordpress(_)
        | Channel::Smtp(_) => Replies::No,
    }
}

/// A bot or an organization reads back what it has sent; a webhook or a member cannot.
const fn read_back(possible: bool) -> ChannelClass {
    if possible {
        ChannelClass::LookUp
    } else {
        ChannelClass::Neither
    }
}

/// The promise of a channel as it is configured; `None` where the table lacks it.
pub fn promise(channel: Channel<'_>) -> Option<&'static Promise> {
    let letter = class(channel).letter();
    PROMISES
        .iter()
        .find(|promise| promise.member == channel.member() && promise.class == letter)
}

impl Promise {
    /// Its line in the table.
    pub fn line(&self) -> String {
        let way = if self.way.is_empty() {
            String::new()
        } else {
            format!(" {}", self.way)
        };
        format!(
            "| `{}`{way} | {} | {} | {} |",
            self.member,
            self.class,
            self.because,
            after_a_lost_reply(self.class)
        )
    }
}

/// The table of promises, in Markdown.
pub fn table() -> String {
    let mut table = String::from(
        "| channel | class | what makes a second request safe | after a lost reply |\n| --- | --- | --- | --- |\n",
    );
    for promise in PROMISES {
        let _written = writeln!(table, "{}", promise.line());
    }
    table
}

const fn after_a_lost_reply(class: char) -> &'static str {
    match class {
        'A' => "looked up, sent again under the same name: published exactly once",
        'B' => {
            "sent again within the window, same key, same bytes: acted on once; past the window `Unknown`: a person looks"
        }
        'C' => "two looks, 5 minutes apart, when no sender can be alive; then sent again",
        _ => {
            "`Unknown`: a person looks, then `campanile receipts adopt` or `release`; published at most once"
        }
    }
}
