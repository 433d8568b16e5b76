//! Who is told what happens in a campaign, and how.
#![expect(
    unreachable_pub,
    reason = "the schema derive repeats the spec inside a function"
)]

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{GoDuration, SecretReference, TimeOfDay};

/// Who is told what happens in a campaign.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notify {
    /// Where notifications go.
    #[schemars(length(min = 1, max = 10), transform = a_map_of_names)]
    pub routes: Vec<NotifyRoute>,
    /// When the day is summed up, HH:MM in the campaign's time zone; a day on which nothing failed and nothing was published is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary_at: Option<TimeOfDay>,
}

/// One place that notifications go to: exactly one of slack, webhook and email.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[x_kube(validation = Rule::new("[has(self.slack), has(self.webhook), has(self.email)].filter(kind, kind).size() == 1").message("a route has exactly one of slack, webhook and email"))]
#[serde(rename_all = "camelCase")]
pub struct NotifyRoute {
    /// Its name.
    #[schemars(
        length(min = 1, max = 63),
        regex(pattern = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")
    )]
    pub name: String,
    /// The Secret. For slack and webhook: url, and for webhook signingSecret. For email: host, and where needed port, username and password.
    pub secret_ref: SecretReference,
    /// What is told; everything if left out, and nothing but escalations where the list is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub events: Option<Vec<NotifyEvent>>,
    /// What stands in one message.
    #[serde(default)]
    pub group_by: NotifyGroup,
    /// Who is told as well of what still stands after a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// A webhook that takes messages as Slack does; Mattermost, Discord (/slack) and Google Chat bridges do too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<SlackSink>,
    /// A webhook that takes CloudEvents, signed as Standard Webhooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookSink>,
    /// E-mail by SMTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailSink>,
}

/// A Slack-compatible webhook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlackSink {}

/// A webhook of the team's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSink {}

/// E-mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailSink {
    /// The sender, such as Campanile <campanile@example.com>.
    #[schemars(length(min = 3, max = 320))]
    pub from: String,
    /// The recipients.
    #[schemars(length(min = 1, max = 20), inner(length(min = 3, max = 320)))]
    pub to: Vec<String>,
    /// How the connection is encrypted.
    #[serde(default)]
    pub tls: SmtpTls,
}

/// How a connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SmtpTls {
    /// From the first byte, by default on port 465.
    #[default]
    Implicit,
    /// After STARTTLS, by default on port 587; a server that does not offer it is refused.
    StartTls,
    /// Not at all, by default on port 25: for a relay beside the operator. Credentials are refused.
    Plain,
}

/// What people are told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum NotifyEvent {
    /// The branch cannot be fetched or its files cannot be read: told at once.
    SourceFailed,
    /// Nobody knows whether a post arrived: told at once.
    Unknown,
    /// A breaker has stopped a campaign or a channel: told at once.
    Breaker,
    /// A post was refused, or could not be sent.
    Failed,
    /// A post missed its time.
    Missed,
    /// A post is blocked.
    Blocked,
    /// Rows of the plan are invalid.
    InvalidRows,
    /// Approved rows vanished from the branch before they were published.
    RowsWithdrawn,
    /// A post is held by a halt.
    Halted,
    /// A halt has ended.
    Resumed,
    /// The review window is open, and something waits for a decision.
    ReviewWindowOpens,
    /// A person has to decide, or to do something by hand.
    ApprovalNeeded,
    /// A post was published.
    Published,
    /// The day is summed up.
    Summary,
}

/// What stands in one message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum NotifyGroup {
    /// Everything of one kind of event.
    #[default]
    Event,
    /// Everything on one channel.
    Channel,
    /// Everything that happened.
    Campaign,
    /// Each asset by itself.
    Asset,
}

/// Who is told as well of what still stands after a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Escalation {
    /// How long something stands before it is escalated.
    pub after: GoDuration,
    /// The route that is told.
    #[schemars(length(min = 1, max = 63))]
    pub to: String,
}

/// A list in which every name stands once, for the API server and for those who patch it.
fn a_map_of_names(schema: &mut schemars::Schema) {
    schema.insert("x-kubernetes-list-type".to_owned(), "map".into());
    schema.insert(
        "x-kubernetes-list-map-keys".to_owned(),
        serde_json::json!(["name"]),
    );
}
