//! What was approved before: in whose name, and the words, where somebody still has them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use jiff::Timestamp;
use kube::ResourceExt as _;

use crate::{
    api::{
        Approval, Asset, AssetContent, BranchApprovalRecord, Campaign, CampaignSpec, Decision, GoDuration,
        Receipt,
    },
    domain::{
        content::Files,
        digest, schedule,
        wanted::{ChannelFacts, Inputs, wanted},
    },
    git::{GitError, Snapshot},
};

/// How many revisions before the newest one are looked through.
const REVISIONS: usize = 25;
/// Rows count however far ahead they are meant.
const AHEAD: GoDuration = GoDuration::from_secs(366 * 86_400);

/// What is known of earlier approvals of an asset.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Before {
    /// Nobody has looked yet.
    #[default]
    Unasked,
    /// Nobody approved it before.
    Nothing,
    /// These very words were approved; what changed is something else.
    SameWords {
        /// Who approved them, and where.
        told: String,
        /// The time that they were approved for, where that is another one.
        moved_from: Option<Timestamp>,
    },
    /// Other words were approved.
    OtherWords {
        /// Who approved them, and where.
        told: String,
        /// The words.
        content: Box<AssetContent>,
    },
    /// Other words were approved, and nobody has them any more.
    Lost {
        /// Who approved them, and where.
        told: String,
        /// Where they were looked for, as the rest of a sentence.
        why: String,
    },
}

/// What was approved of one asset, newest last.
#[derive(Debug, Default, PartialEq)]
struct Approved {
    digests: Vec<String>,
    /// The commit in which the branch approved.
    revision: Option<String>,
    publish_at: Option<Timestamp>,
    told: String,
}

impl Approved {
    /// None where nothing was ever approved.
    fn of(asset: &Asset, approvals: &[Approval]) -> Option<Self> {
        let status = asset.status.as_ref();
        let record = status.and_then(|status| status.approval.as_ref());
        let mut approved = record.map(by_the_branch).unwrap_or_default();
        let name = asset.name_any();
        let mut of_people: Vec<&Approval> = approvals
            .iter()
            .filter(|approval| approval.spec.decision == Decision::Approve)
            .collect();
        of_people.sort_by_key(|approval| approval.metadata.creation_timestamp.clone());
        for approval in of_people {
            let named = approval.spec.targets.iter().filter(|target| target.asset == name);
            for target in named {
                approved.digests.push(target.content_digest.clone());
                approved.publish_at = target.publish_at.as_ref().map(|time| time.0);
                approved.told = format!("{} by Approval {}", approval.spec.approver, approval.name_any());
            }
        }
        (!approved.digests.is_empty()).then_some(approved)
    }
}

fn by_the_branch(record: &BranchApprovalRecord) -> Approved {
    let by = record.by.as_deref().unwrap_or("the branch");
    let commit: String = record.revision.chars().take(12).collect();
    Approved {
        digests: record.digests.clone(),
        revision: Some(record.revision.clone()),
        publish_at: record.publish_at.as_ref().map(|time| time.0),
        told: format!("{by} in commit {commit}"),
    }
}

/// Where earlier words may be found.
pub(in super::super) struct Archive {
    /// A clone of the branch.
    pub(in super::super) repository: Option<PathBuf>,
    /// By name.
    pub(in super::super) campaigns: BTreeMap<String, Campaign>,
    pub(in super::super) approvals: Vec<Approval>,
    pub(in super::super) channels: Vec<ChannelFacts>,
}

impl Archive {
    /// What was approved of an asset before; `receipt` is the one that it remembers.
    pub(super) async fn before(&self, asset: &Asset, receipt: Option<&Receipt>) -> Before {
        let Some(approved) = Approved::of(asset, &self.approvals) else {
            return Before::Nothing;
        };
        let told = approved.told.clone();
        if approved.digests.contains(&digest::of_content(&asset.spec)) {
            let now = schedule::instant(&asset.spec.schedule).ok();
            return Before::SameWords {
                moved_from: approved.publish_at.filter(|at| now.is_some_and(|now| now != *at)),
                told,
            };
        }
        if let Some(content) = receipt.and_then(|receipt| sent(receipt, &approved)) {
            return Before::OtherWords {
                told,
                content: Box::new(content),
            };
        }
        match self.on_the_branch(asset, &approved).await {
            Ok(content) => Before::OtherWords {
                told,
                content: Box::new(content),
            },
            Err(why) => Before::Lost { told, why },
        }
    }

    /// The words that the branch had when they were approved, found by their digest.
    async fn on_the_branch(&self, asset: &Asset, approved: &Approved) -> Result<AssetContent, String> {
        let Some(campaign) = self.campaigns.get(&asset.spec.campaign) else {
            return Err(format!("Campaign {} is gone", asset.spec.campaign));
        };
        let Some(repository) = &self.repository else {
            return Err("name a clone of the branch with --repository DIR".to_owned());
        };
        let status = asset.status.as_ref();
        let source = status.and_then(|status| status.source.as_ref());
        let newest = source.map(|source| source.revision.clone());
        let begins = approved.revision.iter().chain(&newest);
        let begins: Vec<Result<Snapshot, GitError>> = begins
            .map(|revision| Snapshot::local(repository, revision))
            .collect();
        let missing = begins.iter().any(Result::is_err);
        let search = Search {
            spec: CampaignSpec {
                horizon: AHEAD,
                ..campaign.spec.clone()
            },
            campaign: asset.spec.campaign.clone(),
            asset: asset.name_any(),
            channels: self.channels.clone(),
            digests: approved.digests.clone(),
            now: approved
                .publish_at
                .unwrap_or_else(Timestamp::now)
                .min(Timestamp::now()),
        };
        for snapshot in lineage(begins.into_iter().flatten()) {
            if let Some(content) = search.at(&snapshot).await {
                return Ok(content);
            }
        }
        let place = repository.display();
        Err(if missing {
            format!("{place} lacks a commit of the branch: git fetch may get it")
        } else {
            format!("no revision that {place} has shows them")
        })
    }
}

/// The words that a receipt kept, where those were approved.
fn sent(receipt: &Receipt, approved: &Approved) -> Option<AssetContent> {
    let status = receipt.status.as_ref()?;
    let sent = status.content_digest.as_ref()?;
    if !approved.digests.contains(sent) {
        return None;
    }
    // Longer words stand behind their digest, and then this is no JSON.
    serde_json::from_str(status.sent.as_ref()?).ok()
}

/// These revisions and those before them, each once.
fn lineage(begins: impl Iterator<Item = Snapshot>) -> Vec<Snapshot> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for begin in begins {
        let mut next = Some(begin);
        while let Some(snapshot) = next.filter(|snapshot| seen.insert(snapshot.revision())) {
            next = (found.len() < REVISIONS).then(|| snapshot.parent()).flatten();
            found.push(snapshot);
        }
    }
    found
}

/// What is looked for in a revision.
#[derive(Clone)]
struct Search {
    spec: CampaignSpec,
    campaign: String,
    asset: String,
    channels: Vec<ChannelFacts>,
    digests: Vec<String>,
    now: Timestamp,
}

impl Search {
    async fn at(&self, snapshot: &Snapshot) -> Option<AssetContent> {
        let (search, revision) = (self.clone(), snapshot.revision());
        let found = snapshot.with_files(move |files| search.among(files, &revision));
        found.await.ok().flatten()
    }

    /// The words of the asset in that revision, if they are among those that are looked for.
    fn among(&self, files: &dyn Files, revision: &str) -> Option<AssetContent> {
        let mut wanted = wanted(&Inputs {
            campaign: &self.spec,
            campaign_name: &self.campaign,
            files,
            revision,
            channels: &self.channels,
            now: self.now,
        });
        let found = wanted.assets.iter().find(|wanted| wanted.name == self.asset)?;
        if !self.digests.contains(&digest::of_content(&found.spec)) {
            return None;
        }
        let content = found.spec.content.clone();
        Some(wanted.large.remove(&self.asset).unwrap_or(content))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use serde_json::json;

    use super::*;
    use crate::cli::review::cards::tests::asset;

    const HEADER: &str =
        "post_id,publish_date,publish_time,locale,platform,account_target,post_copy,utm_url,status\n";

    fn git(folder: &std::path::Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn committed(folder: &std::path::Path, copy: &str) -> String {
        let link = "https://e.com/?utm_source=a&utm_medium=b&utm_campaign=c";
        let row = format!("launch,2026-03-02,09:00,en,linkedin,company,{copy},{link},approved\n");
        std::fs::write(folder.join("sheet.csv"), format!("{HEADER}{row}")).unwrap();
        git(folder, &["add", "sheet.csv"]);
        git(folder, &["commit", "--quiet", "-m", copy]);
        git(folder, &["rev-parse", "HEAD"])
    }

    fn campaign() -> Campaign {
        let spec = json!({
            "source": {"git": {"url": "https://git.example.com/gtm.git", "branch": "main"}, "sheets": [{"path": "sheet.csv"}]},
            "timeZone": "UTC",
        });
        Campaign::new("week1", serde_json::from_value(spec).unwrap())
    }

    fn archive(repository: Option<PathBuf>) -> Archive {
        Archive {
            repository,
            campaigns: [("week1".to_owned(), campaign())].into(),
            approvals: Vec::new(),
            channels: Vec::new(),
        }
    }

    /// The asset and its digest, as a revision makes them.
    async fn made(folder: &std::path::Path, revision: &str) -> (String, String, AssetContent) {
        let snapshot = Snapshot::local(folder, revision).unwrap();
        let work = |files: &dyn Files| {
            let (spec, now) = (campaign().spec, "2026-03-01T00:00:00Z".parse().unwrap());
            let wanted = wanted(&Inputs {
                campaign: &spec,
                campaign_name: "week1",
                files,
                revision: "",
                channels: &[],
                now,
            });
            let wanted = wanted.assets.into_iter().next().unwrap();
            (wanted.name, digest::of_content(&wanted.spec), wanted.spec.content)
        };
        snapshot.with_files(work).await.unwrap()
    }

    #[tokio::test]
    async fn the_words_that_a_commit_approved_are_found_in_it_and_named_lost_where_no_clone_has_them() {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "--quiet", "-b", "main"]);
        let first = committed(folder.path(), "We open on Monday.");
        let second = committed(folder.path(), "We open on Tuesday.");
        let (name, digest, content) = made(folder.path(), &first).await;
        let approved = |digest: &str, revision: &str| {
            let status = json!({
                "source": {"revision": second, "repository": "", "path": "sheet.csv", "line": 2},
                "approval": {"digests": [digest], "by": "Ada", "revision": revision, "publishAt": "2026-03-02T09:00:00Z"},
            });
            asset(&name, &json!({}), &status)
        };
        let here = archive(Some(folder.path().to_owned()));
        let found = Before::OtherWords {
            told: format!("Ada in commit {}", &first[..12]),
            content: Box::new(content),
        };
        assert_eq!(here.before(&approved(&digest, &first), None).await, found);
        // The commit that approved is not the one that has the words: those before the newest one are looked through.
        let elsewhere = here.before(&approved(&digest, &second), None).await;
        assert!(matches!(elsewhere, Before::OtherWords { .. }), "{elsewhere:?}");
        let lost = |before: Before| match before {
            Before::Lost { why, .. } => why,
            other => panic!("{other:?}"),
        };
        assert!(lost(here.before(&approved("sha256:never", &first), None).await).contains("shows them"));
        let gone = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
        assert!(lost(here.before(&approved("sha256:never", gone), None).await).contains("git fetch"));
        let nowhere = archive(None).before(&approved(&digest, &first), None).await;
        assert!(lost(nowhere).contains("--repository"));
    }

    #[tokio::test]
    async fn a_receipt_that_kept_the_approved_words_needs_no_clone_and_a_moved_time_is_told_as_one() {
        let sent = asset(
            "launch",
            &json!({"content": {"text": "As it went out."}}),
            &json!({}),
        );
        let went = digest::of_content(&sent.spec);
        let receipt: Receipt = serde_json::from_value(json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "Receipt", "metadata": {"name": "r1-a"},
            "spec": {"slot": {"environment": "Production", "campaign": "week1", "postId": "launch", "platform": "linkedin",
                "account": "company", "locale": "en", "item": "main", "occurrence": ""}},
            "status": {"phase": "Published", "contentDigest": went, "sent": serde_json::to_string(&sent.spec.content).unwrap()},
        }))
        .unwrap();
        let archive = archive(None);
        let approval = |digest: &str| json!({"digests": [digest], "revision": "c0ffee", "publishAt": "2026-03-01T09:00:00Z"});
        let changed = asset(
            "launch",
            &json!({}),
            &json!({"receipt": "r1-a", "approval": approval(&went)}),
        );
        let before = archive.before(&changed, Some(&receipt)).await;
        let Before::OtherWords { content, .. } = before else {
            panic!("{before:?}")
        };
        assert_eq!(content.text, "As it went out.");
        let moved = asset(
            "launch",
            &json!({"content": {"text": "As it went out."}}),
            &json!({"approval": approval(&went)}),
        );
        let before = archive.before(&moved, None).await;
        assert!(
            matches!(
                before,
                Before::SameWords {
                    moved_from: Some(_),
                    ..
                }
            ),
            "{before:?}"
        );
        assert_eq!(
            archive.before(&asset("new", &json!({}), &json!({})), None).await,
            Before::Nothing
        );
    }
}
