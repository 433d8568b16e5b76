//! Where a plan is written: a branch, and the files on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Newsletters;
use crate::api::{GoDuration, SecretKeyReference, SecretReference};

/// Where the plan is written: a branch, and the files on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CampaignSource {
    /// The branch.
    pub git: GitSource,
    /// Publishing sheets, CSV or JSON. A path may be a glob.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub sheets: Vec<SheetFile>,
    /// E-mail copy in Markdown.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub emails: Vec<EmailFile>,
    /// Task queues in JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64))]
    pub queues: Vec<QueueFile>,
    /// How long the last good revision goes on being published when the git host cannot be reached.
    #[serde(default = "default_max_staleness")]
    pub max_staleness: GoDuration,
}

/// A branch of a git repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitSource {
    /// The repository: https, http or ssh.
    #[schemars(length(min = 1, max = 2048))]
    pub url: String,
    /// The branch, without refs/heads/.
    #[schemars(length(min = 1, max = 255))]
    pub branch: String,
    /// How often the branch is looked at when no webhook wakes us.
    #[serde(default = "default_interval")]
    pub interval: GoDuration,
    /// The Secret with the credentials: username and password, or bearerToken, or identity and known_hosts; and ca.crt for a private authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretReference>,
    /// The secret that webhooks of the git host are signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_secret_ref: Option<SecretKeyReference>,
}

/// A publishing sheet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SheetFile {
    /// Path on the branch; may be a glob such as docs/gtm/*.csv.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
}

/// A file of e-mail templates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailFile {
    /// Path on the branch; may be a glob.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
    /// The account of the channel on platform email that keeps these templates.
    #[schemars(length(min = 1, max = 128))]
    pub account: String,
    /// Placeholders that the sender fills in and that need no fallback in the copy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 64)))]
    pub variables: Vec<String>,
    /// Finished HTML for some of the e-mails; the others are rendered from the copy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 128))]
    pub html: Vec<EmailHtml>,
    /// Words that label the parts of an e-mail in another language; English and Hebrew are known already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub labels: Vec<EmailLabels>,
}

/// Finished HTML for one e-mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailHtml {
    /// The step of the e-mail, such as D0.
    #[schemars(length(min = 1, max = 32))]
    pub step: String,
    /// The locale of the e-mail.
    #[schemars(length(min = 1, max = 35))]
    pub locale: String,
    /// Path of the HTML file on the branch.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
}

/// The words that label the parts of an e-mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailLabels {
    /// The locale that these words belong to.
    #[schemars(length(min = 1, max = 35))]
    pub locale: String,
    /// The word before the subject line.
    #[schemars(length(min = 1, max = 64))]
    pub subject: String,
    /// The words before the preview text.
    #[schemars(length(min = 1, max = 64))]
    pub preview: String,
    /// The word before the body.
    #[schemars(length(min = 1, max = 64))]
    pub body: String,
}

/// A task queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueFile {
    /// Path on the branch; may be a glob.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
    /// Where the pages of content_publish tasks go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<Target>,
    /// Where the newsletters of newsletter_send tasks go, and what stands in the place of the names in their files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newsletters: Option<Newsletters>,
}

/// A platform, and the account on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The platform, as the sheet writes it.
    #[schemars(length(min = 1, max = 63))]
    pub platform: String,
    /// The account on the platform, as the sheet writes it.
    #[schemars(length(min = 1, max = 128))]
    pub account: String,
}

fn default_max_staleness() -> GoDuration {
    GoDuration::from_secs(6 * 3_600)
}

fn default_interval() -> GoDuration {
    GoDuration::from_secs(60)
}
