//! `after`: a post that waits for another one.

use serde::Serialize;

use super::super::slot::Slot;
use crate::api::ReceiptSlot;

/// How the post that another one waits for stands on one of its targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// The slot, in the compared form.
    pub slot: ReceiptSlot,
    /// How it stands.
    pub state: FollowedState,
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
