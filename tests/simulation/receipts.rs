//! Every version of every receipt that the API server took, and what no version may do to the one before it.

use std::collections::BTreeMap;

use serde_json::Value;

/// What is looked at in one version of a receipt.
#[derive(Clone, Debug)]
struct Version {
    process: usize,
    phase: String,
    /// The ids of its attempts, the newest last.
    attempts: Vec<String>,
}

/// The receipts of a run, each by its resource versions.
#[derive(Debug, Default)]
pub(crate) struct Receipts(BTreeMap<String, BTreeMap<u64, Version>>);

impl Receipts {
    /// Keeps a version that a process wrote, whether the process ever learns of it or not.
    pub(crate) fn took(&mut self, process: usize, receipt: &Value) {
        let text = |pointer: &str| {
            receipt
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let Ok(number) = text("/metadata/resourceVersion").parse() else {
            return;
        };
        let attempts = receipt.pointer("/status/attempts").and_then(Value::as_array);
        let ids = attempts
            .into_iter()
            .flatten()
            .filter_map(|attempt| attempt.get("id")?.as_str());
        let version = Version {
            process,
            phase: text("/status/phase").to_owned(),
            attempts: ids.map(str::to_owned).collect(),
        };
        let versions = self.0.entry(text("/metadata/name").to_owned()).or_default();
        versions.entry(number).or_insert(version);
    }

    /// Everything that a version did to the one before it and must never do. Nobody recalls or releases anything in a run.
    pub(crate) fn wrongs(&self) -> Vec<String> {
        let mut wrongs = Vec::new();
        for (name, versions) in &self.0 {
            let pairs = versions.values().zip(versions.values().skip(1));
            let found = pairs.filter_map(|(before, after)| objection(before, after));
            wrongs.extend(found.map(|found| format!("{name}: {found}")));
        }
        wrongs
    }
}

fn objection(before: &Version, after: &Version) -> Option<String> {
    let writer = after.process;
    if before.phase == "Published" && after.phase != "Published" {
        return Some(format!("#{writer} wrote {} over Published", after.phase));
    }
    let newest = before.attempts.last()?;
    if !after.attempts.contains(newest) {
        return Some(format!(
            "#{writer} wrote over the newest attempt of #{}",
            before.process
        ));
    }
    let another =
        before.phase == "Sending" && after.phase == "Sending" && after.attempts.last() != Some(newest);
    another.then(|| format!("#{writer} took the lock that #{} held", before.process))
}

#[test]
fn a_version_that_undoes_what_stood_is_found() {
    let mut receipts = Receipts::default();
    let mut take = |version: u64, phase: &str, attempts: &[&str]| {
        let attempts: Vec<Value> = attempts.iter().map(|id| serde_json::json!({"id": id})).collect();
        let receipt = serde_json::json!({
            "metadata": {"name": "r1-a", "resourceVersion": version.to_string()},
            "status": {"phase": phase, "attempts": attempts},
        });
        receipts.took(0, &receipt);
        receipts.wrongs()
    };
    assert_eq!(take(1, "Claimed", &[]), Vec::<String>::new());
    assert_eq!(take(2, "Sending", &["one"]), Vec::<String>::new());
    assert_eq!(take(3, "Claimed", &["one"]), Vec::<String>::new());
    assert_eq!(take(4, "Sending", &["one", "two"]), Vec::<String>::new());
    assert_eq!(take(5, "Sending", &["one", "two", "three"]).len(), 1);
    assert_eq!(take(6, "Sending", &["one", "two"]).len(), 2);
    assert_eq!(take(7, "Published", &["one", "two"]).len(), 2);
    assert_eq!(take(8, "Unknown", &["one", "two"]).len(), 3);
}
