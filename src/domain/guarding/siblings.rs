//! Other posts of the same account, which a post could repeat.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    api::{AssetContent, AssetSpec, AssetType, ReceiptSlot, ReceiptStatus, Target},
    domain::{
        policy::Sibling,
        schedule,
        slot::{compared, compared_platform},
    },
};

/// How many posts before, and how many after it, a post is compared with.
const NEAREST: usize = 250;

/// Posts by their account, in the order of their time.
#[derive(Clone, Debug, Default)]
pub struct Siblings(BTreeMap<(String, String), Vec<Sibling>>);

impl Siblings {
    /// Sorts posts by account and time; what has no time comes last.
    pub fn of(posts: impl IntoIterator<Item = Sibling>) -> Self {
        let mut siblings = Self::default();
        for post in posts {
            let account = (post.platform.clone(), post.account.clone());
            siblings.0.entry(account).or_default().push(post);
        }
        for posts in siblings.0.values_mut() {
            posts.sort_by_key(|post| post.at.unwrap_or(Timestamp::MAX));
        }
        siblings
    }

    /// The posts on the account of an asset that are nearest to it in time.
    pub fn near(&self, target: &Target, at: Option<Timestamp>) -> &[Sibling] {
        let account = (compared_platform(&target.platform), compared(&target.account));
        let Some(posts) = self.0.get(&account) else {
            return &[];
        };
        let at = at.unwrap_or(Timestamp::MAX);
        let place = posts.partition_point(|post| post.at.unwrap_or(Timestamp::MAX) < at);
        let end = place.saturating_add(NEAREST).min(posts.len());
        posts.get(place.saturating_sub(NEAREST)..end).unwrap_or_default()
    }
}

/// A planned post; none for what is a state and replaces itself.
pub fn of_spec(spec: &AssetSpec) -> Option<Sibling> {
    is_moment(spec.type_).then(|| Sibling {
        post_id: spec.post_id.clone(),
        platform: compared_platform(&spec.target.platform),
        account: compared(&spec.target.account),
        at: schedule::instant(&spec.schedule).ok(),
        text: spec.content.text.clone(),
    })
}

/// A published post, where its receipt has kept what was sent.
pub fn of_receipt(slot: &ReceiptSlot, status: &ReceiptStatus) -> Option<Sibling> {
    let published_at = status.published_at.as_ref()?;
    let content: AssetContent = serde_json::from_str(status.sent.as_deref()?).ok()?;
    is_moment(status.type_?).then(|| Sibling {
        post_id: slot.post_id.clone(),
        platform: slot.platform.clone(),
        account: slot.account.clone(),
        at: Some(published_at.0),
        text: content.text,
    })
}

fn is_moment(type_: AssetType) -> bool {
    matches!(type_, AssetType::Post | AssetType::Email)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(number: usize, account: &str) -> Sibling {
        Sibling {
            post_id: format!("post-{number}"),
            platform: "linkedin".to_owned(),
            account: account.to_owned(),
            at: Timestamp::from_second(i64::try_from(number).unwrap()).ok(),
            text: String::new(),
        }
    }

    fn target(account: &str) -> Target {
        Target {
            platform: "LinkedIn".to_owned(),
            account: account.to_owned(),
        }
    }

    #[test]
    fn a_post_meets_the_nearest_of_its_own_account_and_no_others() {
        let posts = (0..2000)
            .rev()
            .flat_map(|number| [post(number, "company"), post(number, "personal")]);
        let siblings = Siblings::of(posts);
        let near = siblings.near(&target("Company"), Timestamp::from_second(1000).ok());
        assert_eq!(near.len(), 2 * NEAREST);
        assert_eq!(near.first().map(|post| post.post_id.as_str()), Some("post-750"));
        assert!(near.iter().all(|post| post.account == "company"));
        assert!(siblings.near(&target("other"), None).is_empty());
    }
}
