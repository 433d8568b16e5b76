//! Digests: of what a reader receives, and of what we made.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::api::{AssetContent, AssetSpec, AssetType, LinkPlacement, StoredContent};

/// `sha256:` and the hex digest of bytes.
pub fn of_bytes(bytes: &[u8]) -> String {
    format!(
        "sha256:{}",
        data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
    )
}

/// The digest of a value's JSON, keys in the order of its fields.
pub fn of_json<T: Serialize>(value: &T) -> String {
    of_bytes(&serde_json::to_vec(value).unwrap_or_default())
}

/// Everything a reader would receive, in the order that is pinned for ever.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Canonical<'a> {
    version: u8,
    #[serde(rename = "type")]
    type_: AssetType,
    platform: String,
    account: String,
    locale: String,
    item: &'a str,
    title: &'a Option<String>,
    subject: &'a Option<String>,
    preview_text: &'a Option<String>,
    text: &'a str,
    html: &'a Option<String>,
    excerpt: &'a Option<String>,
    tags: &'a [String],
    date: &'a Option<String>,
    links: Vec<&'a str>,
    link_placement: LinkPlacement,
    media: Vec<(&'a str, &'a str)>,
    language: &'a str,
    stored: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    thread: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    first_comment: &'a Option<String>,
}

/// The digest of everything a reader would receive; approvals bind to it.
///
/// The time is no part of it: moving a date keeps an approval. Media count by their bytes, not by their path.
pub fn of_content(spec: &AssetSpec) -> String {
    let AssetContent {
        text,
        html,
        title,
        subject,
        preview_text,
        excerpt,
        tags,
        date,
        links,
        link_placement,
        media,
        thread,
        first_comment,
        language,
        direction: _,
        stored,
    } = &spec.content;
    of_json(&Canonical {
        version: 1,
        type_: spec.type_,
        platform: super::slot::compared_platform(&spec.target.platform),
        account: super::slot::compared(&spec.target.account),
        locale: super::slot::compared_locale(&spec.locale),
        item: &spec.item,
        title,
        subject,
        preview_text,
        text,
        html,
        excerpt,
        tags,
        date,
        links: links.iter().map(|link| link.url.as_str()).collect(),
        link_placement: *link_placement,
        media: media
            .iter()
            .map(|media| (media.digest.as_str(), media.alt_text.as_str()))
            .collect(),
        language,
        stored: stored
            .as_ref()
            .map(|StoredContent { digest, .. }| digest.as_str()),
        thread,
        first_comment,
    })
}

/// The digest of a whole Asset spec as Campanile made it: an edit by hand is seen by it.
///
/// The revision of stored content is no part of it, nor are the lines that findings speak of: the same words at a newer
/// commit, further down in their file, are the same Asset.
pub fn of_spec(spec: &AssetSpec) -> String {
    if spec.content.stored.is_none() && spec.findings.is_empty() {
        return of_json(spec);
    }
    let mut spec = spec.clone();
    if let Some(stored) = &mut spec.content.stored {
        stored.revision.clear();
    }
    for finding in &mut spec.findings {
        (finding.line, finding.column) = (0, 0);
    }
    of_json(&spec)
}

#[cfg(test)]
mod tests;
