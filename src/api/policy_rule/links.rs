//! Rules of links, and of what a reader is to do next.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::api::campaign::yes;

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

fn locale_paths(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": {"type": "string", "maxLength": 256},
    })
}

fn utm_parameters() -> Vec<String> {
    ["utm_source", "utm_medium", "utm_campaign"]
        .map(str::to_owned)
        .to_vec()
}
