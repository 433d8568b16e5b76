//! What rules are applied to: one asset, as its readers receive it, and where each part stands in its file.

use crate::{
    api::{AssetSource, AssetSpec, AssetType, ContentField},
    domain::{
        items,
        slot::{compared, compared_locale, compared_platform},
    },
};

use super::{
    markup,
    places::Places,
    words::{links_in, without_trailing_marks},
};

/// More links than any post has; those beyond are not looked at.
const MAX_LINKS: usize = 256;

/// One asset, as far as rules look at it. Identity stands in its compared form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Subject {
    /// The id of the post, page task or template.
    pub post_id: String,
    /// The campaign.
    pub campaign: String,
    /// The platform.
    pub platform: String,
    /// The account.
    pub account: String,
    /// The type of the channel, where there is one: webhook, objectStore.
    pub channel_type: Option<String>,
    /// What it is.
    pub type_: AssetType,
    /// The locale of its words.
    pub locale: String,
    /// The title.
    pub title: Option<String>,
    /// The rendered text.
    pub text: String,
    /// The rendered HTML.
    pub html: Option<String>,
    /// The subject of an e-mail.
    pub subject: Option<String>,
    /// The preview text of an e-mail.
    pub preview_text: Option<String>,
    /// The excerpt or description of a page.
    pub excerpt: Option<String>,
    /// The tags of a page.
    pub tags: Vec<String>,
    /// Every link that a reader can follow, once each: the asset's own first, then those of text and HTML.
    pub links: Vec<String>,
    /// Pictures and videos.
    pub media: Vec<Picture>,
    /// Further items of a thread.
    pub thread_items: Vec<String>,
    /// True for an item behind the first of its post: that one is judged with the words of all.
    pub is_later_item: bool,
    /// The names in the row's column `claims`.
    pub claims: Vec<String>,
    /// True where text and HTML are too long to stand in the asset and were not read: no rule can tell.
    pub words_missing: bool,
    /// Where each part stands in its file.
    pub places: Places,
}

/// A picture or video.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Path on the branch.
    pub path: String,
    /// The words for those who cannot see it.
    pub alt_text: String,
}

/// A part of what a reader receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words<'s> {
    /// Which part.
    pub field: ContentField,
    /// The words.
    pub words: &'s str,
    /// True for the first of its field, whose place the file tells.
    pub first: bool,
}

impl Subject {
    /// The subject of an Asset whose words stand in it; [`Subject::at`] adds where they were written.
    pub fn of_asset(spec: &AssetSpec) -> Self {
        let content = &spec.content;
        let mut subject = Self {
            post_id: spec.post_id.clone(),
            campaign: spec.campaign.clone(),
            platform: compared_platform(&spec.target.platform),
            account: compared(&spec.target.account),
            channel_type: None,
            type_: spec.type_,
            locale: compared_locale(&spec.locale),
            title: content.title.clone(),
            text: content.text.clone(),
            html: content.html.clone(),
            subject: content.subject.clone(),
            preview_text: content.preview_text.clone(),
            excerpt: content.excerpt.clone(),
            tags: content.tags.clone(),
            links: content.links.iter().map(|link| link.url.clone()).collect(),
            media: content
                .media
                .iter()
                .map(|media| Picture {
                    path: media.path.clone(),
                    alt_text: media.alt_text.clone(),
                })
                .collect(),
            thread_items: content
                .thread
                .iter()
                .chain(&content.first_comment)
                .cloned()
                .collect(),
            is_later_item: items::replies_to(&spec.item).is_some(),
            claims: spec.claims.clone(),
            words_missing: content.stored.is_some(),
            places: Places::default(),
        };
        subject.gather_links();
        subject
    }

    /// The same, with the places that the Asset's status keeps.
    #[must_use]
    pub fn at(mut self, source: &AssetSource) -> Self {
        self.places = Places::of(source);
        self
    }

    /// Puts the links of text and HTML behind the asset's own.
    pub fn gather_links(&mut self) {
        let mut found: Vec<String> = Vec::new();
        for (_, link) in links_in(&self.text) {
            found.push(without_trailing_marks(link).to_owned());
        }
        found.extend(self.html.iter().flat_map(|html| markup::links(html)));
        for link in found {
            if self.links.len() < MAX_LINKS && !self.links.contains(&link) {
                self.links.push(link);
            }
        }
    }

    /// Every part that holds words, in the order in which a reader meets them; HTML is not among them.
    pub fn words<'s>(&'s self) -> Vec<Words<'s>> {
        let mut words = Vec::with_capacity(6);
        let mut push = |field, first, part: Option<&'s str>| {
            let part = part.filter(|words| !words.is_empty());
            words.extend(part.map(|part| Words {
                field,
                words: part,
                first,
            }));
        };
        push(ContentField::Subject, true, self.subject.as_deref());
        push(ContentField::PreviewText, true, self.preview_text.as_deref());
        push(ContentField::Title, true, self.title.as_deref());
        push(ContentField::Excerpt, true, self.excerpt.as_deref());
        push(ContentField::Text, true, Some(&self.text));
        for item in &self.thread_items {
            push(ContentField::Text, false, Some(item));
        }
        for picture in &self.media {
            push(ContentField::AltText, false, Some(&picture.alt_text));
        }
        words
    }

    /// True where it goes to a mailbox.
    pub fn is_email(&self) -> bool {
        matches!(self.type_, AssetType::Email | AssetType::Template)
    }
}
