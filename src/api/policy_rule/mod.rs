//! The kinds of rule that a PolicyPack may have, each with its parameters.

mod form;
mod links;
mod trust;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{form::*, links::*, trust::*, words::*};

/// The kind of a rule: exactly one member is set, which the API server sees to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleKind {
    /// Words that may not be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banned_phrases: Option<BannedPhrases>,
    /// Words that must be said, such as a disclaimer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_text: Option<RequiredText>,
    /// Words that have a better one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub substitution: Option<Substitution>,
    /// A pattern that must or must not be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<RegexRule>,
    /// How often something may be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
    /// Where one thing is said, another has to be said too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conditional: Option<Conditional>,
    /// How long sentences may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readability: Option<Readability>,
    /// How long a text may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<Length>,
    /// How many hashtags, and which not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hashtags: Option<Hashtags>,
    /// Every picture needs words for those who cannot see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt_text: Option<AltText>,
    /// What links must carry so that clicks can be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utm: Option<Utm>,
    /// Links must lead somewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// The reader must be told what to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_to_action: Option<CallToAction>,
    /// What search engines want of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seo: Option<Seo>,
    /// What people need who do not see a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accessibility: Option<Accessibility>,
    /// How names and terms are written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub glossary: Option<Glossary>,
    /// Whether the words are really in the language of the post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale_quality: Option<LocaleQuality>,
    /// Numbers that claim something need evidence on the branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numeric_claims: Option<NumericClaims>,
    /// What the law and mailbox providers ask of an e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_compliance: Option<EmailCompliance>,
    /// Says that a machine wrote or drew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_disclosure: Option<AiDisclosure>,
    /// Keys, passwords and tokens that nobody meant to publish.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_leak: Option<SecretLeak>,
    /// Leftovers of drafting: prompts, placeholders, notes to oneself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_leak: Option<PromptLeak>,
    /// The same words on the same account again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate: Option<Duplicate>,
    /// Topics that a person has to look at, whatever the mode of approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// Anything else, as an expression in CEL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cel: Option<CelRule>,
}

/// A part of what a reader receives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum ContentField {
    /// The text.
    #[default]
    Text,
    /// The title.
    Title,
    /// The subject of an e-mail.
    Subject,
    /// The preview text of an e-mail.
    PreviewText,
    /// The excerpt or description of a page.
    Excerpt,
    /// A link.
    Link,
    /// The words for a picture.
    AltText,
    /// The HTML.
    Html,
}

/// An expression in CEL that has to be true of a post. It sees the variable asset, reads nothing else and asks nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CelRule {
    /// The expression, such as size(asset.links) <= 1 || asset.platform != "x".
    #[schemars(length(min = 1, max = 2048))]
    pub expression: String,
}
