//! What people decided, and whether it can be believed that it was they.

use jiff::Timestamp;

use crate::api::{Approval, Decision};

/// What one Approval says about one asset.
#[derive(Clone, Debug, PartialEq)]
pub struct ApprovalFacts {
    /// Name of the Approval.
    pub name: String,
    /// Who decided.
    pub approver: String,
    /// The groups of the approver that it names.
    pub groups: Vec<String>,
    /// What was decided.
    pub decision: Decision,
    /// Digest of the words that were decided about.
    pub content_digest: String,
    /// The time of publication that was decided about; none for any.
    pub publish_at: Option<Timestamp>,
    /// When the API server took it, in whole seconds.
    pub created_at: Timestamp,
    /// From then on it approves nothing more.
    pub expires_at: Option<Timestamp>,
    /// Why.
    pub comment: String,
    /// The emergency that it was made in.
    pub break_glass: Option<String>,
}

impl ApprovalFacts {
    /// What an Approval says about an asset: nothing, or once for each target that names it.
    pub fn about(asset: &str, approval: &Approval) -> Vec<Self> {
        let spec = &approval.spec;
        let created_at = approval.metadata.creation_timestamp.as_ref();
        let targets = spec.targets.iter().filter(|target| target.asset == asset);
        targets
            .map(|target| Self {
                name: approval.metadata.name.clone().unwrap_or_default(),
                approver: spec.approver.clone(),
                groups: spec.groups.clone(),
                decision: spec.decision,
                content_digest: target.content_digest.clone(),
                publish_at: target.publish_at.as_ref().map(|time| time.0),
                created_at: created_at.map_or(Timestamp::UNIX_EPOCH, |time| time.0),
                expires_at: spec.expires_at.as_ref().map(|time| time.0),
                comment: spec.comment.clone(),
                break_glass: spec.break_glass.as_ref().map(|glass| glass.reason.clone()),
            })
            .collect()
    }
}

/// Whether the API server makes sure that nobody approves in another's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// It does, since then: the younger of the policy and its binding was made at that second.
    Since(Timestamp),
    /// It does not, or nobody can tell: why, and what to do, as the end of a sentence.
    Missing(String),
}

impl Default for Enforcement {
    fn default() -> Self {
        Self::Missing("the admission policy for Approvals has not been looked at yet".to_owned())
    }
}
