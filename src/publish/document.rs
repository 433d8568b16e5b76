//! The JSON that leaves for a webhook, and that a post is stored as.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::Serialize;

use crate::{
    api::{AssetType, Direction, Link, LinkPlacement, Media, ReceiptSlot},
    domain::publication::Publication,
};

/// The body of a request to a webhook channel.
///
/// Equal to the byte for every attempt of one publication: a receiver may compare it with what it remembers under
/// the same webhook-id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AssetPublish {
    /// What is asked for.
    #[serde(rename = "type")]
    pub type_: AssetPublishType,
    /// When the asset was meant to be published, RFC 3339 in UTC; the same in every attempt.
    #[schemars(extend("format" = "date-time"))]
    pub timestamp: String,
    /// What to publish.
    pub data: PublishedAsset,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub enum AssetPublishType {
    /// Publish one asset.
    #[serde(rename = "asset.publish")]
    AssetPublish,
}

/// What to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PublishedAsset {
    /// The identity of the publication: what has this slot is never asked for twice, except a page or template
    /// that is replaced.
    pub slot: ReceiptSlot,
    /// What it is.
    #[serde(rename = "type")]
    pub type_: AssetType,
    /// For a part of a thread and a first comment: the id that you gave what it replies to, where you gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// The title, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The subject line of an e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The preview text of an e-mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview_text: Option<String>,
    /// The rendered text: publish exactly this.
    pub text: String,
    /// The rendered HTML, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The excerpt or description of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// The tags of a page.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The date that a page shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Links with tracking, in order.
    pub links: Vec<Link>,
    /// Where the link stands; End means that the text has it already.
    pub link_placement: LinkPlacement,
    /// Pictures and videos, in order.
    pub media: Vec<Media>,
    /// The language of the words, a BCP 47 tag.
    pub language: String,
    /// Which way the words run.
    pub direction: Direction,
}

impl AssetPublish {
    /// The document of a publication.
    pub fn of(publication: &Publication) -> Self {
        let content = publication.content.clone();
        Self {
            type_: AssetPublishType::AssetPublish,
            timestamp: publication.scheduled_for.to_string(),
            data: PublishedAsset {
                slot: publication.slot.fields().clone(),
                type_: publication.type_,
                reply_to: publication.reply_to.clone(),
                title: content.title,
                subject: content.subject,
                preview_text: content.preview_text,
                text: content.text,
                html: content.html,
                excerpt: content.excerpt,
                tags: content.tags,
                date: content.date,
                links: content.links,
                link_placement: content.link_placement,
                media: content.media,
                language: content.language,
                direction: content.direction,
            },
        }
    }

    /// The document as JSON, its keys in the order of the fields.
    pub fn json(&self) -> serde_json::Result<String> {
        serde_json::to_string(self)
    }
}

/// The JSON Schema (2020-12) of [`AssetPublish`] as it is sent, published as `docs/webhook.schema.json`.
pub fn webhook_schema() -> Schema {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<AssetPublish>()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "docs/webhook.schema.json";

    /// To write the file anew: `UPDATE_SCHEMAS=1 cargo test --lib the_published_schema`.
    #[test]
    fn the_published_schema_is_that_of_the_type() {
        let schema = serde_json::to_string_pretty(&webhook_schema()).unwrap() + "\n";
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(PATH, &schema).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(PATH).unwrap(),
            schema,
            "run with UPDATE_SCHEMAS=1"
        );
    }
}
