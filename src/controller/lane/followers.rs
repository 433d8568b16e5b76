//! Which assets wait for which post.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use super::super::lock::lock;
use crate::domain::slot::compared;

/// Names of Assets by namespace and the post that they go out after, so that they are woken when that one moves.
#[derive(Debug, Default)]
pub(super) struct Followers(Mutex<BTreeMap<(String, String), BTreeSet<String>>>);

impl Followers {
    /// Notes that an asset goes out after a post.
    pub(super) fn note(&self, namespace: &str, post: &str, asset: &str) {
        let mut followers = lock(&self.0);
        let of_post = followers
            .entry((namespace.to_owned(), compared(post)))
            .or_default();
        if !of_post.contains(asset) {
            of_post.insert(asset.to_owned());
        }
    }

    /// The assets that go out after a post.
    pub(super) fn of(&self, namespace: &str, post: &str) -> Vec<String> {
        let followers = lock(&self.0);
        // Most campaigns have none at all.
        if followers.is_empty() {
            return Vec::new();
        }
        let of_post = followers.get(&(namespace.to_owned(), compared(post)));
        of_post.into_iter().flatten().cloned().collect()
    }

    /// Forgets an asset that is gone.
    pub(super) fn forget(&self, namespace: &str, post: &str, asset: &str) {
        let key = (namespace.to_owned(), compared(post));
        let mut followers = lock(&self.0);
        if let Some(of_post) = followers.get_mut(&key) {
            of_post.remove(asset);
            if of_post.is_empty() {
                followers.remove(&key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_for_a_post_is_found_by_it_until_it_is_gone() {
        let followers = Followers::default();
        followers.note("n", "Launch", "one");
        followers.note("n", "launch", "two");
        followers.note("m", "launch", "three");
        assert_eq!(followers.of("n", "LAUNCH"), ["one", "two"]);
        followers.forget("n", "launch", "one");
        followers.forget("n", "launch", "two");
        assert!(followers.of("n", "launch").is_empty());
        assert_eq!(followers.of("m", "launch"), ["three"]);
    }
}
