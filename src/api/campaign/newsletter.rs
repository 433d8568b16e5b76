//! Where the issues of a newsletter go, and the words that the team puts into their files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the broadcasts of newsletter_send tasks go, and what stands in the place of the names in their files.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Newsletters {
    /// The platform, as the ChannelConfig writes it: newsletter.
    #[schemars(length(min = 1, max = 63))]
    pub platform: String,
    /// The account on the platform; {locale} in it is the locale of the version, for a list of each language.
    #[schemars(length(min = 1, max = 128))]
    pub account: String,
    /// What is put in for {{name}} before anybody approves: the words are part of what is approved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), transform = a_map_of_names)]
    pub variables: Vec<NewsletterVariable>,
    /// Words that label the parts of an issue in another language; English and Hebrew are known already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    pub labels: Vec<NewsletterLabels>,
}

/// A name in the file of an issue, and what is put in for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewsletterVariable {
    /// The name between the braces.
    #[schemars(length(min = 1, max = 128))]
    pub name: String,
    /// The words or the link, on one line.
    #[schemars(length(min = 1, max = 2048))]
    pub value: String,
}

/// The words that label the parts of an issue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewsletterLabels {
    /// The locale that these words belong to.
    #[schemars(length(min = 1, max = 35))]
    pub locale: String,
    /// The word before the subject line.
    #[schemars(length(min = 1, max = 64))]
    pub subject: String,
    /// The word before the introduction.
    #[schemars(length(min = 1, max = 64))]
    pub intro: String,
    /// The words before the main points.
    #[schemars(length(min = 1, max = 64))]
    pub main_points: String,
    /// The words before the call to action.
    #[schemars(length(min = 1, max = 64))]
    pub cta: String,
    /// The word before the link of the call to action.
    #[schemars(length(min = 1, max = 64))]
    pub link: String,
    /// The word before the closing words.
    #[schemars(length(min = 1, max = 64))]
    pub closing: String,
}

/// A list in which every name stands once, for the API server and for those who patch it.
fn a_map_of_names(schema: &mut schemars::Schema) {
    schema.insert("x-kubernetes-list-type".to_owned(), "map".into());
    schema.insert(
        "x-kubernetes-list-map-keys".to_owned(),
        serde_json::json!(["name"]),
    );
}
