//! Rules of words: what may, must and should be said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ContentField;
use crate::api::campaign::yes;

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

fn sixty() -> u32 {
    60
}
