//! `after`: a post that waits for another one.

use jiff::Timestamp;
use serde::Serialize;

use super::super::{items, slot::Slot};
use crate::api::ReceiptSlot;

/// How the post that another one waits for stands on one of its targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The slot, in the compared form.
    pub slot: ReceiptSlot,
    /// How it stands.
    pub state: FollowedState,
    /// The platform's own id of it, once it is published: empty where there is one and nobody has read which.
    pub remote_id: Option<String>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
}

/// How far a post is that another one waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum FollowedState {
    /// Its receipt says that it is published.
    Published,
    /// It may still go out.
    Coming,
    /// It was sent, and nobody knows whether it arrived.
    InDoubt,
    /// Its time passed.
    Missed,
    /// Nobody wants it published.
    Skipped,
    /// It was refused, or never left.
    Failed,
}

/// Whether a post may follow another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Following {
    /// What it waits for is published.
    Open,
    /// It waits; the sentence says for what.
    Waits(String),
    /// What it waits for does not come; reason and sentence.
    Stopped(&'static str, String),
}

/// Whether a post may follow `post`.
///
/// It waits for that post on its own target in its own language, where that post goes there; else for every target of it in
/// its language; else for all of it.
pub fn following(own: &Slot, post: &str, followed: &[Followed]) -> Following {
    let family = family(own, followed);
    let farthest = family
        .iter()
        .max_by_key(|followed| followed.state)
        .filter(|followed| followed.state != FollowedState::Published);
    let Some(followed) = farthest else {
        if family.is_empty() {
            return Following::Waits(format!(
                "It goes out after the post {post}, of which no Asset and no Receipt stands yet."
            ));
        }
        return Following::Open;
    };
    let ReceiptSlot {
        platform, account, ..
    } = &followed.slot;
    let place = format!("the post {post} on {platform}, account {account},");
    let mend = "Give that one another chance, or change the column after.";
    match followed.state {
        FollowedState::Published => Following::Open,
        FollowedState::Coming => Following::Waits(format!("It goes out after {place} is published.")),
        FollowedState::InDoubt => Following::Waits(format!(
            "It goes out after {place} of which nobody knows yet whether it is published."
        )),
        FollowedState::Missed => {
            let message = format!("It goes out after {place} which was missed. {mend}");
            Following::Stopped("FollowedPostMissed", message)
        }
        FollowedState::Skipped => {
            let message = format!("It goes out after {place} which is skipped. {mend}");
            Following::Stopped("FollowedPostSkipped", message)
        }
        FollowedState::Failed => {
            let message = format!("It goes out after {place} which failed. {mend}");
            Following::Stopped("FollowedPostFailed", message)
        }
    }
}

/// The item that the one of a slot replies to, as it stands.
pub fn replied_to<'a>(own: &Slot, followed: &'a [Followed]) -> Option<&'a Followed> {
    let before = own.of_item(&items::replies_to(&own.fields().item)?);
    followed.iter().find(|followed| followed.slot == *before.fields())
}

/// Whether an item may follow the one that it replies to; `by_id` where that has to have an id on its platform.
pub fn replying(own: &Slot, followed: &[Followed], by_id: bool) -> Following {
    let before = items::replies_to(&own.fields().item).unwrap_or_default();
    let Some(followed) = replied_to(own, followed) else {
        return Following::Waits(format!(
            "It replies to the item {before} of its post, of which no Asset and no Receipt stands yet."
        ));
    };
    let place = format!("the item {before} of its post,");
    let mend = "Give that one another chance, or publish the rest by hand and write posted.";
    match followed.state {
        FollowedState::Published if by_id && followed.remote_id.is_none() => {
            let message = format!(
                "It replies to {place} which is published under an id that nobody knows. Publish the rest by hand, and \
                 write posted."
            );
            Following::Stopped("ItemBeforeUnnamed", message)
        }
        FollowedState::Published => Following::Open,
        FollowedState::Coming => {
            Following::Waits(format!("It replies to {place} which is not published yet."))
        }
        FollowedState::InDoubt => Following::Waits(format!(
            "It replies to {place} of which nobody knows yet whether it is published."
        )),
        FollowedState::Missed => Following::Stopped(
            "ItemBeforeMissed",
            format!("It replies to {place} which was missed. {mend}"),
        ),
        FollowedState::Skipped => Following::Stopped(
            "ItemBeforeSkipped",
            format!("It replies to {place} which is skipped. {mend}"),
        ),
        FollowedState::Failed => Following::Stopped(
            "ItemBeforeFailed",
            format!("It replies to {place} which failed. {mend}"),
        ),
    }
}

/// Those of the targets that count for this one.
fn family<'a>(own: &Slot, followed: &'a [Followed]) -> Vec<&'a Followed> {
    let own = own.fields();
    let in_language = |followed: &&Followed| followed.slot.locale == own.locale;
    let on_target =
        |followed: &&Followed| followed.slot.platform == own.platform && followed.slot.account == own.account;
    let same: Vec<_> = followed.iter().filter(in_language).filter(on_target).collect();
    if !same.is_empty() {
        return same;
    }
    let language: Vec<_> = followed.iter().filter(in_language).collect();
    if language.is_empty() {
        followed.iter().collect()
    } else {
        language
    }
}
