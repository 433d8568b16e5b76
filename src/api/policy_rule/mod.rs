//! The kinds of rule that a PolicyPack may have, each with its parameters.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{ClaimLanguage, GoDuration};

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

/// Words that may not be said. Spaces, line breaks, invisible characters and look-alike letters do not hide them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BannedPhrases {
    /// The phrases.
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 256)))]
    pub phrases: Vec<String>,
    /// Upper and lower case count as the same.
    #[serde(default = "yes")]
    pub ignore_case: bool,
    /// Only whole words count: with it, cure is not found in secure. Hebrew words are found behind their prefixes.
    #[serde(default = "yes")]
    pub whole_word: bool,
    /// Longer phrases in which a banned one may stand, such as not guaranteed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(min = 1, max = 256)))]
    pub exceptions: Vec<String>,
}

/// Words that must be said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequiredText {
    /// The phrases.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 1024)))]
    pub phrases: Vec<String>,
    /// Any: one of them is enough. All: every one of them.
    #[serde(default, rename = "match")]
    pub match_: PhraseMatch,
    /// Upper and lower case count as the same.
    #[serde(default = "yes")]
    pub ignore_case: bool,
}

/// How many phrases of a list are needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PhraseMatch {
    /// One of them.
    #[default]
    Any,
    /// Every one of them.
    All,
}

/// Words that have a better one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Substitution {
    /// What to write in whose place.
    #[schemars(length(min = 1, max = 200))]
    pub pairs: Vec<SubstitutionPair>,
    /// Upper and lower case count as the same.
    #[serde(default = "yes")]
    pub ignore_case: bool,
}

/// What to write in whose place.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SubstitutionPair {
    /// What people write.
    #[schemars(length(min = 1, max = 256))]
    pub instead_of: String,
    /// What to write.
    #[serde(rename = "use")]
    #[schemars(length(min = 1, max = 256))]
    pub use_: String,
}

/// A pattern that must or must not be there, in the syntax of RE2: matching takes linear time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegexRule {
    /// The pattern.
    #[schemars(length(min = 1, max = 1024))]
    pub pattern: String,
    /// Forbidden: it may not be there. Required: it has to be there.
    #[serde(default)]
    pub presence: Presence,
    /// Upper and lower case count as the same.
    #[serde(default)]
    pub ignore_case: bool,
    /// The part that is looked at; all words if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<ContentField>,
}

/// Whether something must be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Presence {
    /// It may not be there.
    #[default]
    Forbidden,
    /// It has to be there.
    Required,
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

/// How often something may be said, all words together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    /// The phrases; they are counted together.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 256)))]
    pub phrases: Vec<String>,
    /// At most so often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100_000))]
    pub max: Option<u32>,
    /// At least so often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100_000))]
    pub min: Option<u32>,
    /// Only whole words count.
    #[serde(default = "yes")]
    pub whole_word: bool,
}

/// Where one thing is said, another has to be said too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conditional {
    /// Where one of these is said,
    #[schemars(length(min = 1, max = 100), inner(length(min = 1, max = 256)))]
    pub when: Vec<String>,
    /// one of these has to be said too.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 1024)))]
    pub then: Vec<String>,
}

/// How hard a text may be to read. Sentences end at full stops, question and exclamation marks, and at line breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Readability {
    /// The most words of a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_sentence_words: Option<u32>,
    /// The most words of a sentence in the average.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_average_words: Option<u32>,
    /// The highest school grade by the formula of Flesch and Kincaid, which is made for English and passes over other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 30))]
    pub max_grade: Option<u32>,
}

/// How long a text may be. Without max and min, the limit of the platform in the unit that it counts in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Length {
    /// At most so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 10_000_000))]
    pub max: Option<u32>,
    /// At least so long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 10_000_000))]
    pub min: Option<u32>,
    /// How it is counted.
    #[serde(default)]
    pub unit: LengthUnit,
    /// The part that is measured.
    #[serde(default)]
    pub field: ContentField,
}

/// How a length is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum LengthUnit {
    /// Characters of Unicode.
    #[default]
    Characters,
    /// Characters as a reader sees them: a family of emoji is one.
    Graphemes,
    /// Words.
    Words,
    /// Bytes of UTF-8.
    Bytes,
    /// As JavaScript counts: most emoji are two.
    Utf16,
    /// As X counts: a link is 23, an emoji 2, a Chinese, Japanese or Korean character 2.
    XWeighted,
}

/// Hashtags.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hashtags {
    /// At least so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100))]
    pub min: Option<u32>,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 100))]
    pub max: Option<u32>,
    /// Hashtags that may not be used, with or without #.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(min = 1, max = 128)))]
    pub deny: Vec<String>,
    /// Hashtags of which one has to be used, with or without #.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 128)))]
    pub require: Vec<String>,
}

/// Words for pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AltText {
    /// The fewest characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 4096))]
    pub min_length: Option<u32>,
    /// The most characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 4096))]
    pub max_length: Option<u32>,
}

/// What links must carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Utm {
    /// Parameters that every link must have.
    #[serde(default = "utm_parameters")]
    #[schemars(length(max = 16), inner(length(min = 1, max = 64)))]
    pub required: Vec<String>,
    /// Parameters with the values that they may have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    pub allowed: Vec<AllowedValues>,
    /// The parameter that has to be the id of the post, such as utm_content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    pub post_id: Option<String>,
    /// Only links to these domains and what is below them are looked at; all links if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 253)))]
    pub own_domains: Vec<String>,
}

/// A parameter and the values that it may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllowedValues {
    /// The parameter.
    #[schemars(length(min = 1, max = 64))]
    pub parameter: String,
    /// Its values; {platform}, {campaign}, {postId}, {account} and {locale} stand for the post's own.
    #[schemars(length(min = 1, max = 50), inner(length(min = 1, max = 256)))]
    pub values: Vec<String>,
}

/// Links must lead somewhere. Own domains have to answer with success; other sites that turn robots away are inconclusive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Links {
    /// Domains of yours; what is below them is yours too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 253)))]
    pub own_domains: Vec<String>,
    /// Where the pages of a language begin on your domains, such as he: /he.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "locale_paths")]
    pub locale_path: BTreeMap<String, String>,
    /// Domains that may not be linked to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 253)))]
    pub deny: Vec<String>,
    /// False: only what the links say is judged, nobody asks whether they answer.
    #[serde(default = "yes")]
    pub check: bool,
    /// True: only https is allowed.
    #[serde(default)]
    pub https_only: bool,
}

/// The reader must be told what to do next: one of the phrases, or a link to a domain of yours with its utm parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallToAction {
    /// Phrases that call to action, such as try it free.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 256)))]
    pub phrases: Vec<String>,
    /// Domains of yours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 253)))]
    pub own_domains: Vec<String>,
    /// The most links that compete with each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub max_links: Option<u32>,
}

/// What search engines want of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Seo {
    /// How long the title may be, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Bounds>,
    /// How long the description may be, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Bounds>,
    /// True: the page needs exactly one h1.
    #[serde(default = "yes")]
    pub h1: bool,
}

/// At least and at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bounds {
    /// At least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 10_000))]
    pub min: Option<u32>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 10_000))]
    pub max: Option<u32>,
}

/// What people need who do not see a page or an e-mail; judged on its HTML.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a check of its own that a pack may leave out"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accessibility {
    /// Headings go down one level at a time.
    #[serde(default = "yes")]
    pub heading_order: bool,
    /// Links say where they lead: no click here.
    #[serde(default = "yes")]
    pub link_text: bool,
    /// The HTML says its language, and it is that of the post.
    #[serde(default = "yes")]
    pub language: bool,
    /// Pictures have an alt attribute.
    #[serde(default = "yes")]
    pub image_alt: bool,
    /// Link texts that say nothing, beside those that are known in English and Hebrew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 128)))]
    pub empty_link_texts: Vec<String>,
}

/// How names and terms are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Glossary {
    /// The terms.
    #[schemars(length(min = 1, max = 200))]
    pub terms: Vec<GlossaryTerm>,
}

/// A term, and how it may not be written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GlossaryTerm {
    /// The term as it is written.
    #[schemars(length(min = 1, max = 256))]
    pub term: String,
    /// Other words for it that may not be used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 256)))]
    pub forbidden: Vec<String>,
    /// True: its upper and lower case are kept, as in the name of a product. Addresses and handles are left alone.
    #[serde(default)]
    pub exact_case: bool,
}

/// Whether the words are really in the language of the post, and arrived whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LocaleQuality {
    /// How many percent of the letters must be of the language's script. Links, handles, hashtags, placeholders, abbreviations in capitals and the names under keep are not counted.
    #[serde(default = "sixty")]
    #[schemars(range(min = 0, max = 100))]
    pub min_script_share: u32,
    /// The script, by its Unicode name such as Hebrew or Cyrillic; that of the language if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[A-Za-z_]+$"))]
    pub script: Option<String>,
    /// Names that stay as they are in every language.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200), inner(length(min = 1, max = 128)))]
    pub keep: Vec<String>,
    /// True: invisible characters that turn the direction of words are allowed.
    #[serde(default)]
    pub allow_bidi_controls: bool,
    /// Parts that may not be empty, such as PreviewText: a translation that was forgotten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub required_parts: Vec<ContentField>,
}

impl Default for LocaleQuality {
    fn default() -> Self {
        Self {
            min_script_share: sixty(),
            script: None,
            keep: Vec::new(),
            allow_bidi_controls: false,
            required_parts: Vec::new(),
        }
    }
}

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

/// An expression in CEL that has to be true of a post. It sees the variable asset, reads nothing else and asks nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CelRule {
    /// The expression, such as size(asset.links) <= 1 || asset.platform != "x".
    #[schemars(length(min = 1, max = 2048))]
    pub expression: String,
}

fn locale_paths(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": {"type": "string", "maxLength": 256},
    })
}

fn yes() -> bool {
    true
}

fn sixty() -> u32 {
    60
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

fn utm_parameters() -> Vec<String> {
    ["utm_source", "utm_medium", "utm_campaign"]
        .map(str::to_owned)
        .to_vec()
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
