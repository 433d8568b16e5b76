//! The Approvals that this process knows, by the assets that they are about.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use kube::ResourceExt;

use super::super::lock::lock;
use crate::{api::Approval, domain::observed::ApprovalFacts};

/// Namespace and name.
type Key = (String, String);

/// Every Approval that is known; for planning, and for whom to wake.
#[derive(Debug, Default)]
pub(crate) struct Approvals(Mutex<Index>);

#[derive(Debug, Default)]
struct Index {
    approvals: BTreeMap<Key, Arc<Approval>>,
    /// Names of Approvals, by namespace and asset.
    by_asset: BTreeMap<Key, BTreeSet<String>>,
}

fn key(namespace: &str, name: &str) -> Key {
    (namespace.to_owned(), name.to_owned())
}

fn key_of(approval: &Approval) -> Key {
    (approval.namespace().unwrap_or_default(), approval.name_any())
}

impl Approvals {
    /// Takes in one that was made or changed.
    pub(crate) fn put(&self, approval: &Approval) {
        self.remove(approval);
        let key = key_of(approval);
        let mut index = lock(&self.0);
        for asset in assets_of(approval) {
            let names = index.by_asset.entry((key.0.clone(), asset)).or_default();
            names.insert(key.1.clone());
        }
        index.approvals.insert(key, Arc::new(approval.clone()));
    }

    /// Forgets one that is gone.
    pub(crate) fn remove(&self, approval: &Approval) {
        let key = key_of(approval);
        let mut index = lock(&self.0);
        let Some(known) = index.approvals.remove(&key) else {
            return;
        };
        for asset in assets_of(&known) {
            let of_asset = (key.0.clone(), asset);
            let names = index.by_asset.entry(of_asset.clone()).or_default();
            names.remove(&key.1);
            if names.is_empty() {
                index.by_asset.remove(&of_asset);
            }
        }
    }

    /// What is decided about an asset, oldest first.
    pub(crate) fn about(&self, namespace: &str, asset: &str) -> Vec<ApprovalFacts> {
        let index = lock(&self.0);
        let names = index.by_asset.get(&key(namespace, asset)).into_iter().flatten();
        let known = names.filter_map(|name| index.approvals.get(&key(namespace, name)));
        facts(asset, known.map(AsRef::as_ref))
    }

    /// Names of the Approvals that are about an asset.
    pub(crate) fn names_about(&self, namespace: &str, asset: &str) -> Vec<String> {
        let index = lock(&self.0);
        let names = index.by_asset.get(&key(namespace, asset)).into_iter().flatten();
        names.cloned().collect()
    }

    /// Every Approval, as namespace and name.
    pub(crate) fn all(&self) -> Vec<(String, String)> {
        lock(&self.0).approvals.keys().cloned().collect()
    }

    /// Every asset that an Approval is about, as namespace and name.
    pub(crate) fn assets(&self) -> Vec<(String, String)> {
        lock(&self.0).by_asset.keys().cloned().collect()
    }
}

/// The names of the assets that an Approval is about, each once.
pub(super) fn assets_of(approval: &Approval) -> BTreeSet<String> {
    let targets = approval.spec.targets.iter();
    targets.map(|target| target.asset.clone()).collect()
}

/// What Approvals say about an asset, oldest first.
pub(crate) fn facts<'a>(asset: &str, approvals: impl Iterator<Item = &'a Approval>) -> Vec<ApprovalFacts> {
    let mut facts: Vec<ApprovalFacts> = approvals
        .flat_map(|approval| ApprovalFacts::about(asset, approval))
        .collect();
    facts.sort_by(|a, b| (a.created_at, &a.name).cmp(&(b.created_at, &b.name)));
    facts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn approval(name: &str, assets: &[&str]) -> Approval {
        let digest = format!("sha256:{:064x}", 7);
        let targets: Vec<_> = assets
            .iter()
            .map(|asset| json!({"asset": asset, "contentDigest": digest}))
            .collect();
        serde_json::from_value(json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "Approval",
            "metadata": {"name": name, "namespace": "n", "creationTimestamp": "2026-03-02T07:00:00Z"},
            "spec": {"approver": "maya", "targets": targets, "decision": "Approve"},
        }))
        .unwrap()
    }

    #[test]
    fn an_approval_is_found_by_each_of_its_assets_until_it_is_gone() {
        let known = Approvals::default();
        let both = approval("both", &["a", "b"]);
        known.put(&both);
        known.put(&both);
        known.put(&approval("one", &["a"]));
        assert_eq!(known.names_about("n", "a"), ["both", "one"]);
        assert_eq!(known.about("n", "b").len(), 1);
        assert!(known.about("elsewhere", "a").is_empty());
        known.remove(&both);
        assert_eq!(known.names_about("n", "a"), ["one"]);
        assert_eq!(known.assets(), [("n".to_owned(), "a".to_owned())]);
        assert_eq!(known.all().len(), 1);
    }
}
