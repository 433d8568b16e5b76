//! Rules of evidence, of the law, and of what nobody meant to publish.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{ClaimLanguage, GoDuration};

/// Numbers that claim something need evidence: the row names the metric, and the registry has it verified, fresh and equal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NumericClaims {
    /// Where the evidence is.
    pub registry: ClaimRegistry,
    /// Prices that may be named, as they are written, such as $9.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 64)))]
    pub prices: Vec<String>,
    /// Phrases with numbers that claim nothing, such as 24/7.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 256)))]
    pub exceptions: Vec<String>,
    /// Words of further languages; English and Hebrew are known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub languages: Vec<ClaimLanguage>,
}

/// A Markdown file with a table of metrics: Metric, Current, Window, Source, Verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClaimRegistry {
    /// Path on the branch of the campaign.
    #[schemars(length(min = 1, max = 1024))]
    pub path: String,
    /// How old evidence may be.
    #[serde(default = "thirty_days")]
    pub max_age: GoDuration,
}

/// What the law and mailbox providers ask of an e-mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailCompliance {
    /// Any of these lets a reader unsubscribe: placeholders of the mail provider, or part of a link. At least one has to be there.
    #[serde(default = "unsubscribe_marks")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 256)))]
    pub unsubscribe: Vec<String>,
    /// Any of these is the postal address of the sender: the words, or a placeholder. At least one has to be there.
    #[serde(default = "postal_marks")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 512)))]
    pub postal_address: Vec<String>,
    /// Words of which one has to begin the subject, where the law asks for it, such as פרסומת.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), inner(length(min = 1, max = 64)))]
    pub subject_begins_with: Vec<String>,
    /// The fewest words of text: an e-mail of one picture is spam to many filters.
    #[serde(default = "twenty")]
    #[schemars(range(max = 1000))]
    pub min_words: u32,
    /// True: the mail provider adds unsubscribe link and postal address itself, and only the rest is judged.
    #[serde(default)]
    pub footer_by_provider: bool,
}

/// Says that a machine wrote or drew it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AiDisclosure {
    /// Words of which one has to be there, such as Made with AI.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 256)))]
    pub labels: Vec<String>,
    /// Only where one of these is said; everywhere if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 256)))]
    pub when: Vec<String>,
    /// True: only where there is a picture or a video.
    #[serde(default)]
    pub with_media_only: bool,
}

/// Keys, passwords and tokens that nobody meant to publish.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretLeak {
    /// Further patterns of secrets of yours, in the syntax of RE2.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 512)))]
    pub patterns: Vec<String>,
    /// Texts that look like secrets and are none, such as the example keys of a manual.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 256)))]
    pub allow: Vec<String>,
}

/// Leftovers of drafting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromptLeak {
    /// Further phrases that give a draft away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 256)))]
    pub phrases: Vec<String>,
    /// Phrases that are meant, though they look like leftovers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 256)))]
    pub allow: Vec<String>,
}

/// The same words on the same account again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Duplicate {
    /// From how many percent of common words two posts count as the same.
    #[serde(default = "ninety")]
    #[schemars(range(min = 50, max = 100))]
    pub similarity: u32,
    /// How far back and ahead posts are compared.
    #[serde(default = "thirty_days")]
    pub window: GoDuration,
}

/// Topics that a person has to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sensitivity {
    /// The topics.
    #[schemars(length(min = 1, max = 50))]
    pub topics: Vec<Topic>,
}

/// A topic, and the words that it shows by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Topic {
    /// What it is called.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// Words and phrases that it shows by, in every language.
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 256)))]
    pub phrases: Vec<String>,
}

fn ninety() -> u32 {
    90
}

fn twenty() -> u32 {
    20
}

fn thirty_days() -> GoDuration {
    GoDuration::from_secs(30 * 24 * 3600)
}

/// What Buttondown, Listmonk, SendGrid, Mailchimp and their like put in the place of an unsubscribe link.
fn unsubscribe_marks() -> Vec<String> {
    [
        "{{unsubscribe_url}}",
        "{{ unsubscribe_url }}",
        "{{UnsubscribeURL}}",
        "{{ UnsubscribeURL }}",
        "{{unsubscribe}}",
        "<%asm_group_unsubscribe_raw_url%>",
        "*|UNSUB|*",
        "/unsubscribe",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn postal_marks() -> Vec<String> {
    [
        "{{postal_address}}",
        "{{ postal_address }}",
        "{{mailing_address}}",
        "{{ mailing_address }}",
        "*|LIST:ADDRESS|*",
        "{{Sender_Address}}",
    ]
    .map(str::to_owned)
    .to_vec()
}
