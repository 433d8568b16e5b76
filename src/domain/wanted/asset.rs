//! The spec of an Asset.

use super::{
    Inputs,
    candidate::{Candidate, Made, Origin},
};
use crate::{
    api::{AssetContent, AssetSpec, AssetType, Link, LinkPlacement, StoredContent},
    domain::{
        content::{
            post::Post,
            rendering::{MAX_LINK, render},
            sheet::Column,
        },
        digest, items, language,
        slot::Slot,
    },
};

/// Text and HTML over this many bytes stand on the branch alone.
const MAX_CONTENT: usize = 64 * 1024;
const MAX_TITLE: usize = 1024;

/// Makes the spec of a publication, and gives back the content that is too long to stand in it.
///
/// Identity fields stand in it in their compared form, so that a row whose spelling changes stays the same Asset.
pub(super) fn spec(inputs: &Inputs<'_>, candidate: &Candidate<'_>) -> (AssetSpec, Option<AssetContent>) {
    let mut spec = match &candidate.origin {
        Origin::Row { post, schedule } => Made {
            slot: &candidate.slot,
            type_: AssetType::Post,
            intent: post.intent,
            schedule: schedule.clone(),
            content: content(inputs, &candidate.slot, post),
        }
        .spec(inputs),
        Origin::Made(spec, _) => spec.as_ref().clone(),
    };
    if let Origin::Row { post, .. } = &candidate.origin {
        spec.claims.clone_from(&post.claims);
        // What replies to it goes out after it.
        spec.after = post.after.clone().filter(|_| candidate.is_main());
    }
    spec.findings.clone_from(&candidate.findings);
    let large = store_large(inputs, candidate.path, &mut spec.content);
    (spec, large)
}

/// What a reader receives of the item that fills a slot.
pub(super) fn content(inputs: &Inputs<'_>, slot: &Slot, post: &Post<'_>) -> AssetContent {
    let item = slot.fields().item.as_str();
    if item == items::FIRST_COMMENT {
        return first_comment(inputs, slot, post);
    }
    if let Some(number) = items::number(item) {
        let words = post.thread.get(number - 2).map(|item| item.words.clone());
        return words_alone(post, words.unwrap_or_default());
    }
    let below = post
        .has_first_comment()
        .then(|| slot.of_item(items::FIRST_COMMENT));
    AssetContent {
        thread: post.thread.iter().map(|item| item.words.clone()).collect(),
        first_comment: below.map(|below| first_comment(inputs, &below, post).text),
        ..opener(inputs, slot, post)
    }
}

fn words_alone(post: &Post<'_>, text: String) -> AssetContent {
    AssetContent {
        text,
        link_placement: LinkPlacement::None,
        language: post.locale.clone(),
        direction: language::direction(&post.locale),
        ..AssetContent::default()
    }
}

/// The words of the comment, and the link where that is its place.
fn first_comment(inputs: &Inputs<'_>, slot: &Slot, post: &Post<'_>) -> AssetContent {
    let words = post.record.words(Column::FirstComment);
    let link = link(post).filter(|_| post.placement == LinkPlacement::FirstComment);
    let parameter = slot.parameter();
    let tracking = (
        inputs.campaign.tracking.slot_parameter.as_str(),
        parameter.as_str(),
    );
    let rendered = render(words, link, LinkPlacement::End, tracking);
    let placement = link.map_or(LinkPlacement::None, |_| LinkPlacement::End);
    AssetContent {
        links: rendered.link.into_iter().map(|url| Link { url }).collect(),
        link_placement: placement,
        ..words_alone(post, rendered.text)
    }
}

/// The link, where an Asset has room for it: one that was refused stands in a finding.
fn link<'p>(post: &'p Post<'_>) -> Option<&'p str> {
    post.link().filter(|link| link.chars().count() < MAX_LINK - 64)
}

fn opener(inputs: &Inputs<'_>, slot: &Slot, post: &Post<'_>) -> AssetContent {
    let copy = post
        .record
        .cell(Column::PostCopy)
        .map_or("", |cell| cell.words.as_ref());
    let parameter = slot.parameter();
    let tracking = (
        inputs.campaign.tracking.slot_parameter.as_str(),
        parameter.as_str(),
    );
    let link = link(post).filter(|_| post.placement != LinkPlacement::FirstComment);
    let rendered = render(copy, link, post.placement, tracking);
    let title = Some(post.record.words(Column::Title)).filter(|title| !title.is_empty());
    AssetContent {
        text: rendered.text,
        title: title.map(|title| title.chars().take(MAX_TITLE).collect()),
        links: rendered.link.into_iter().map(|url| Link { url }).collect(),
        link_placement: if link.is_some() {
            post.placement
        } else {
            LinkPlacement::None
        },
        language: post.locale.clone(),
        direction: language::direction(&post.locale),
        ..AssetContent::default()
    }
}

/// Puts a reference in the place of text and HTML that are too long for an Asset; gives back the whole.
fn store_large(inputs: &Inputs<'_>, path: &str, content: &mut AssetContent) -> Option<AssetContent> {
    let html = content.html.as_ref().map_or(0, String::len);
    if content.text.len() + html <= MAX_CONTENT {
        return None;
    }
    let whole = content.clone();
    content.stored = Some(StoredContent {
        revision: inputs.revision.to_owned(),
        path: path.to_owned(),
        digest: stored_digest(&whole),
    });
    content.text = String::new();
    content.html = None;
    Some(whole)
}

/// The digest of text and HTML that stand on the branch alone.
pub fn stored_digest(content: &AssetContent) -> String {
    digest::of_json(&(&content.text, &content.html))
}
