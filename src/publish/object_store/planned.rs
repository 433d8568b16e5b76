//! One object of a publication: its bytes, and what stands in its place, as far as it is ours.

use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    marker::Form,
    place::Path,
    s3,
    store::{Body, Object, Version},
};
use crate::{
    api::AssetType,
    domain::publication::{Marker, Publication},
    publish::{AssetPublish, PublishError},
};

/// Larger content is no page, template or post, and could not be read back.
const MAX_CONTENT: usize = s3::MAX_OBJECT - 4096;

/// One object to write.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) path: Path,
    form: Form,
    content: String,
}

/// What stands at a path, as far as it is ours.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Absent,
    /// What this publication says, written by one of its attempts.
    Published,
    /// An earlier state of ours, as we left it.
    Replaceable(Version),
}

impl Planned {
    /// # Errors
    /// `Rejected` where the content could not be stored or read back.
    pub(super) fn new(path: Path, form: Form, content: String) -> Result<Self, PublishError> {
        if content.len() > MAX_CONTENT {
            let message = format!("{} bytes are more than an object may have", content.len());
            return Err(PublishError::rejected("TooLarge", message));
        }
        if form.is_ambiguous(&content) {
            let message = "the HTML holds a comment that looks like our marker";
            return Err(PublishError::rejected("MarkerInContent", message));
        }
        Ok(Self { path, form, content })
    }

    pub(super) fn body(&self, marker: &Marker, at: Timestamp) -> Body {
        let bytes = Bytes::from(self.form.render(&self.content, marker));
        Body {
            bytes,
            content_type: self.form.content_type(),
            at,
        }
    }

    /// # Errors
    /// `Rejected` where it is another's, `Drifted` where it is ours and not what we left.
    pub(super) fn standing(
        &self,
        found: &Object,
        publication: &Publication,
    ) -> Result<Standing, PublishError> {
        let path = &self.path.whole;
        let mark = self.form.read(&found.bytes);
        let own = publication.marker();
        let Some(mark) = mark.filter(|mark| mark.marker.slot == own.slot) else {
            return Err(PublishError::rejected(
                "AnothersObject",
                format!("{path} holds something that is not this slot's"),
            ));
        };
        let equal = |attempt: &str| {
            let marker = Marker {
                attempt: attempt.to_owned(),
                ..own.clone()
            };
            self.form.render(&self.content, &marker).as_bytes() == found.bytes
        };
        if attempts(publication).contains(mark.marker.attempt.as_str()) && equal(&mark.marker.attempt) {
            return Ok(Standing::Published);
        }
        if mark.intact && is_state(publication.type_) && is_recorded(&mark.marker, publication) {
            return Ok(Standing::Replaceable(found.version.clone()));
        }
        let what = if mark.intact {
            "holds another version of ours"
        } else {
            "was changed by somebody"
        };
        Err(PublishError::drifted("ObjectChanged", format!("{path} {what}")))
    }
}

/// Pages and templates are states, and may be replaced; posts and e-mails are moments.
fn is_state(type_: AssetType) -> bool {
    matches!(type_, AssetType::Page | AssetType::Template)
}

fn attempts(publication: &Publication) -> BTreeSet<&str> {
    publication
        .earlier_attempts
        .iter()
        .map(String::as_str)
        .chain([publication.attempt.as_str()])
        .collect()
}

/// Whether a marker names something that the Receipt says we wrote: the version before, or what an earlier attempt
/// at this one left behind with other words.
fn is_recorded(marker: &Marker, publication: &Publication) -> bool {
    let before = publication.replaces.as_ref().is_some_and(|written| {
        (written.epoch, written.revision) == (marker.epoch, marker.revision)
            && written.attempts.contains(&marker.attempt)
    });
    let this = (publication.epoch, publication.revision) == (marker.epoch, marker.revision);
    before || (this && attempts(publication).contains(marker.attempt.as_str()))
}

/// The JSON of a post or e-mail.
pub(super) fn document(publication: &Publication) -> Result<String, PublishError> {
    AssetPublish::of(publication).json().map_err(|error| {
        PublishError::rejected("InvalidRequest", "the document could not be written").because(error)
    })
}
