//! Rules of form: how long, how legible, with which hashtags, pictures and headings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ContentField;
use crate::api::campaign::yes;

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
