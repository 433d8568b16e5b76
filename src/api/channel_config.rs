//! ChannelConfig: one account on one platform, and how it is reached.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats the spec inside a function"
)]

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    BlueskyChannel, BreakerState, Breakers, ChannelLimits, Condition, DevtoChannel, DiscordChannel,
    FacebookPageChannel, GoDuration, LinkedInChannel, MastodonChannel, RedditChannel, SecretKeyReference,
    SecretReference, SlackChannel, SmtpTls, TelegramChannel, WordpressChannel, XChannel,
    campaign::{is_default, yes},
    channel::{ONE_CHANNEL, ONE_CHANNEL_MESSAGE},
    condition::optional_date_time,
    duration,
};

/// One account on one platform: how it is reached, which Secret has its keys, and its kill switch.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "campanile.dev",
    version = "v1alpha1",
    kind = "ChannelConfig",
    plural = "channelconfigs",
    shortname = "channel",
    category = "campanile",
    namespaced,
    status = "ChannelConfigStatus",
    derive = "PartialEq",
    doc = "One account on one platform: how it is reached, which Secret has its keys, and its kill switch.",
    selectable = ".spec.platform",
    selectable = ".spec.account",
    selectable = ".spec.environment",
    validation = Rule::new(ONE_CHANNEL).message(ONE_CHANNEL_MESSAGE),
    validation = Rule::new("self.spec.platform == oldSelf.spec.platform && self.spec.account == oldSelf.spec.account && self.spec.environment == oldSelf.spec.environment").message("platform, account and environment are immutable: receipts are kept under them"),
    validation = Rule::new("!(has(self.spec.max_publishes_per_day) || (has(self.spec.limits) && has(self.spec.limits.maxPublishesPerDay))) || (has(self.spec.limits) && has(self.spec.limits.timeZone))").message("a cap per day needs limits.timeZone: a day without a zone is no day"),
    validation = Rule::new("!has(self.spec.limits) || has(self.spec.limits.timeZone) || ((!has(self.spec.limits.quietHours) || has(self.spec.limits.quietHours.timeZone)) && (!has(self.spec.limits.windows) || self.spec.limits.windows.all(window, has(window.timeZone))))").message("quietHours and windows need a timeZone, of their own or of the limits"),
    validation = Rule::new("!has(self.spec.limits) || !has(self.spec.limits.windows) || self.spec.limits.windows.all(window, !(has(window.end) && has(window.duration)))").message("a window has an end or a duration, not both"),
    printcolumn(name = "PLATFORM", type_ = "string", json_path = ".spec.platform"),
    printcolumn(name = "ACCOUNT", type_ = "string", json_path = ".spec.account"),
    printcolumn(name = "ENVIRONMENT", type_ = "string", json_path = ".spec.environment"),
    printcolumn(name = "TYPE", type_ = "string", json_path = ".status.type"),
    printcolumn(name = "ENABLED", type_ = "boolean", json_path = ".spec.publishEnabled"),
    printcolumn(name = "READY", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].status"),
    printcolumn(name = "REASON", type_ = "string", json_path = ".status.conditions[?(@.type==\"Ready\")].reason"),
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "CLASS", type_ = "string", json_path = ".status.class", priority = 1)
)]
#[serde(rename_all = "camelCase")]
pub struct ChannelConfigSpec {
    /// The platform, as the sheet writes it: linkedin, x, reddit, web, email. Cannot be changed.
    #[schemars(length(min = 1, max = 63))]
    pub platform: String,
    /// The account on the platform, as the sheet writes it. Cannot be changed.
    #[schemars(length(min = 1, max = 128))]
    pub account: String,
    /// Sandbox for trying out: its receipts never fill Production slots. Cannot be changed.
    #[serde(default)]
    pub environment: Environment,
    /// False stops everything on this channel.
    #[serde(default = "yes")]
    pub publish_enabled: bool,
    /// What makes a Halt on this channel by itself.
    #[serde(default, skip_serializing_if = "is_default")]
    pub breakers: Breakers,
    /// publishEnabled by another name; what is false in either holds.
    #[serde(default, rename = "publish_enabled", skip_serializing_if = "Option::is_none")]
    pub other_publish_enabled: Option<bool>,
    /// breakers.maxGuardFailuresBeforeHalt by another name; the lower of the two holds.
    #[serde(
        default,
        rename = "max_guard_failures_before_halt",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 10000))]
    pub other_max_guard_failures_before_halt: Option<u32>,
    /// breakers.haltUntil by another name; the later of the two holds.
    #[serde(default, rename = "halt_until", skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub other_halt_until: Option<Time>,
    /// How many publications this account may have, how soon after each other, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<ChannelLimits>,
    /// limits.maxPublishesPerDay by another name; the lower of the two holds.
    #[serde(
        default,
        rename = "max_publishes_per_day",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 1, max = 100_000))]
    pub other_max_publishes_per_day: Option<u32>,
    /// People one of whom has to have approved whatever goes out here by an Approval, beside what the campaign asks: the owner of a personal profile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 320)))]
    pub approvers: Vec<String>,
    /// Publishes by an HTTP request to an address of yours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookChannel>,
    /// Publishes into an object store: web pages, stored templates, posts as files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_store: Option<ObjectStoreChannel>,
    /// Posts into one Slack channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<SlackChannel>,
    /// Posts into one Discord channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discord: Option<DiscordChannel>,
    /// Posts into one Telegram channel or group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telegram: Option<TelegramChannel>,
    /// Posts as one account of a Mastodon instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mastodon: Option<MastodonChannel>,
    /// Posts on LinkedIn as one organization or one member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linkedin: Option<LinkedInChannel>,
    /// Posts as one account of X.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<XChannel>,
    /// Posts in one subreddit as one user of Reddit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reddit: Option<RedditChannel>,
    /// Posts as one page of Facebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facebook_page: Option<FacebookPageChannel>,
    /// Publishes web pages to a branch of a git repository that a site is made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_pages: Option<GitPagesChannel>,
    /// Asks a person to publish by hand: for a platform that has no API for us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<ManualChannel>,
    /// Sends e-mail through a mail server of yours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smtp: Option<SmtpChannel>,
    /// Publishes articles as one author of DEV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devto: Option<DevtoChannel>,
    /// Posts as one account of Bluesky.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bluesky: Option<BlueskyChannel>,
    /// Publishes posts on one WordPress site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wordpress: Option<WordpressChannel>,
}

/// Publishes to a branch of a git repository that a web site is made from: a commit for each page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitPagesChannel {
    /// The repository: https, or ssh as git@host:path.
    #[schemars(
        length(min = 1, max = 2048),
        regex(pattern = r"^(https?://|ssh://|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:)")
    )]
    pub url: String,
    /// The branch; it must have a commit. Nothing is pushed to any other, and nothing is forced.
    #[schemars(length(min = 1, max = 255))]
    pub branch: String,
    /// The folder that pages go to, such as site/{locale}; {locale} stands for the asset's locale. The root if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub path: Option<String>,
    /// The Secret with the keys username and password for https, identity and known_hosts for ssh.
    pub secret_ref: SecretReference,
    /// Whom its commits are from.
    pub author: GitPagesAuthor,
    /// The address under which readers find the pages; {locale} as in path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub public_url: Option<String>,
    /// How long a look at the branch, or a push, may take.
    #[serde(default = "duration::a_minute")]
    pub timeout: GoDuration,
}

/// Whom commits are from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitPagesAuthor {
    /// The name.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[^<>\n\x00]+$"))]
    pub name: String,
    /// The e-mail address.
    #[schemars(length(min = 3, max = 320), regex(pattern = r"^[^<>\s\x00]+@[^<>\s\x00]+$"))]
    pub email: String,
}

/// Whether a channel is for real.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Environment {
    /// For real.
    #[default]
    Production,
    /// For trying out.
    Sandbox,
}

/// Publishes by an HTTP request to an address of yours, signed as Standard Webhooks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookChannel {
    /// The address that receives the request.
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub url: String,
    /// The key that requests are signed with: a Standard Webhooks secret, `whsec_` and base64, or any text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key_ref: Option<SecretKeyReference>,
    /// Set when the receiver remembers webhook-id and answers a repeated one without acting again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
    pub timeout: GoDuration,
}

/// A receiver's promise to act once on one idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Idempotency {
    /// For how long the receiver remembers a key.
    pub window: GoDuration,
}

/// Publishes into an object store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectStoreChannel {
    /// The bucket and prefix, such as s3://bucket/{locale}; {locale} stands for the asset's locale. file:///folder where the operator allows local paths.
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^(s3|file)://"))]
    pub url: String,
    /// The address of the S3 service; Amazon's own if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,
    /// The region of the bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub region: Option<String>,
    /// The Secret with the keys accesskey and secretkey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// The address under which readers find what is stored; {locale} as in url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^https?://"))]
    pub public_url: Option<String>,
    /// How long an answer may take.
    #[serde(default = "duration::ten_seconds")]
    pub timeout: GoDuration,
}

/// Asks a person to publish by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManualChannel {
    /// Who publishes: a name or an address that the team knows.
    #[schemars(length(min = 1, max = 320))]
    pub person: String,
    /// How long the person has to confirm; what is not confirmed by then is Missed.
    #[serde(default = "a_day")]
    pub within: GoDuration,
    /// What the person has to know: the group, the button, the picture to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub instructions: Option<String>,
}

/// Sends e-mail through a mail server: one transaction for each publication, to the addresses that stand here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SmtpChannel {
    /// The mail server's name; its certificate has to bear it.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9.:_-]+$"))]
    pub host: String,
    /// The port; 587 for StartTls, 465 for Implicit and 25 for Plain if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: SmtpTls,
    /// Certificate authorities in PEM that are trusted beside the public ones, for a server of your own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 16384))]
    pub certificate_authority: Option<String>,
    /// The Secret with the keys username and password; left out, the server is not logged in to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// Who writes, as name and address: Maya of Resumely <news@example.com>.
    #[schemars(length(min = 3, max = 320))]
    pub from: String,
    /// Where answers go; to the sender if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 320))]
    pub reply_to: Option<String>,
    /// Whom it goes to: the address of a mailing list, or those who read a test. All stand in the letter; contacts belong to your provider.
    #[schemars(length(min = 1, max = 20), inner(length(min = 3, max = 320)))]
    pub to: Vec<String>,
    /// Where a reader unsubscribes: the headers List-Unsubscribe and, with url, List-Unsubscribe-Post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_unsubscribe: Option<ListUnsubscribe>,
    /// The postal address of the sender, which laws ask for; stands at the end of every letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub postal_address: Option<String>,
    /// How long the whole transaction may take.
    #[serde(default = "duration::a_minute")]
    pub timeout: GoDuration,
}

/// Where a reader unsubscribes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListUnsubscribe {
    /// The address that takes the one-click POST of RFC 8058, and shows a page to whoever opens it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024), regex(pattern = r"^https://"))]
    pub url: Option<String>,
    /// The address that takes letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 320))]
    pub mailto: Option<String>,
}

/// Whether a channel can publish.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelConfigStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default)]
    pub observed_generation: i64,
    /// What is true of the channel, since when, and why.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub conditions: Vec<Condition>,
    /// Which channel this is, by the name of its field in the spec.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub type_: Option<String>,
    /// What happens after a lost reply: NaturalKey, IdempotencyKey, LookUp or Neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub class: Option<String>,
    /// Where the channel was refused by the platform, until its Secret or its spec changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<ChannelRefusal>,
    /// How its breakers stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub breakers: Vec<BreakerState>,
    /// Since when the platform asks us to wait, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "optional_date_time")]
    pub rate_limited_until: Option<Time>,
}

/// A refusal of the account or the endpoint by the platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelRefusal {
    /// What the platform said, shortened.
    #[schemars(length(max = 512))]
    pub message: String,
    /// Digest of the endpoint, and of the Secret that was refused: another one opens the channel again.
    #[schemars(length(max = 80))]
    pub configuration_digest: String,
}

fn a_day() -> GoDuration {
    GoDuration::from_secs(24 * 60 * 60)
}
