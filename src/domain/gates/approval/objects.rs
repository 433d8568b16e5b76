//! Which Approvals count, and why the others do not.

use std::fmt;

use jiff::Timestamp;

use super::{
    super::super::observed::{ApprovalFacts, AssetFacts, CampaignFacts, Enforcement, Observed, ReceiptFacts},
    Refusal, is_expired, keeps, window,
};
use crate::api::{ApprovalMode, Decision, Intent, ResolutionAction};

/// How long an API server may take to notice a new policy: it looks every second, several of them one after the other.
const NOTICED: jiff::SignedDuration = jiff::SignedDuration::from_secs(5);

/// Why an Approval does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setback {
    /// The asset says something else than what was approved.
    OtherWords {
        /// The digest that the asset has now.
        now: String,
    },
    /// Nothing makes sure that nobody approves in another's name; why.
    NotEnforced(String),
    /// It was made before the policy that makes sure of it, or in its first seconds.
    BeforeThePolicy,
    /// It has expired.
    Expired,
    /// It was approved for another time.
    Moved,
    /// It was made for an earlier publication of the slot.
    BeforeTheRelease,
    /// Its row was set to draft or pending afterwards.
    BeforeTheStatus,
    /// It was made outside of the review window.
    OutsideTheWindow,
}

impl Setback {
    /// One word for it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::OtherWords { .. } => "OtherWords",
            Self::NotEnforced(_) => "NotEnforced",
            Self::BeforeThePolicy => "BeforeThePolicy",
            Self::Expired => "ApprovalExpired",
            Self::Moved => "MovedSinceApproval",
            Self::BeforeTheRelease => "BeforeTheRelease",
            Self::BeforeTheStatus => "BeforeTheStatus",
            Self::OutsideTheWindow => "OutsideTheWindow",
        }
    }
}

impl fmt::Display for Setback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherWords { now } => write!(
                formatter,
                "it is about words that the asset does not have; its digest is {now} now"
            ),
            Self::NotEnforced(why) => write!(formatter, "Approvals are not believed here: {why}"),
            Self::BeforeThePolicy => formatter.write_str(
                "it was made before the admission policy that makes sure of the approver, or in its first seconds",
            ),
            Self::Expired => formatter.write_str("it has expired"),
            Self::Moved => formatter
                .write_str("it was for a later time than the asset has now, or for one more than 72 hours earlier"),
            Self::BeforeTheRelease => {
                formatter.write_str("the slot was released after it, and an approval serves one release")
            }
            Self::BeforeTheStatus => {
                formatter.write_str("the status of its row was set to draft or pending after it")
            }
            Self::OutsideTheWindow => formatter.write_str("it was made outside of the review window"),
        }
    }
}

/// The Approvals of an asset that approve: those that count, and why others do not.
pub(super) struct Heard<'a> {
    /// Those that count, oldest first.
    pub(super) counting: Vec<&'a ApprovalFacts>,
    others: Vec<(&'a ApprovalFacts, Setback)>,
}

pub(super) fn heard<'a>(observed: &'a Observed, campaign: &CampaignFacts, now: Timestamp) -> Heard<'a> {
    let mut heard = Heard {
        counting: Vec::new(),
        others: Vec::new(),
    };
    let approving = observed.approvals.iter();
    for approval in approving.filter(|approval| approval.decision == Decision::Approve) {
        match setback_in(observed, campaign, approval, now) {
            None => heard.counting.push(approval),
            Some(setback) => heard.others.push((approval, setback)),
        }
    }
    heard
        .counting
        .sort_by(|a, b| (a.created_at, &a.name).cmp(&(b.created_at, &b.name)));
    heard
}

impl<'a> Heard<'a> {
    /// The first that was made in an emergency: it alone is enough.
    pub(super) fn break_glass(&self) -> Option<&'a ApprovalFacts> {
        let mut counting = self.counting.iter();
        counting.find(|approval| approval.break_glass.is_some()).copied()
    }

    /// A refusal that also says why the newest Approval of these words does not count.
    pub(super) fn explained(&self, refusal: Refusal) -> Refusal {
        let about_these_words =
            |(_, setback): &&(&ApprovalFacts, Setback)| !matches!(setback, Setback::OtherWords { .. });
        let newest = self
            .others
            .iter()
            .filter(about_these_words)
            .max_by_key(|(approval, _)| approval.created_at);
        let Some((approval, setback)) = newest else {
            return refusal;
        };
        let reason = match setback {
            Setback::Expired => "ApprovalExpired",
            Setback::Moved => "MovedSinceApproval",
            Setback::OutsideTheWindow => "WindowClosed",
            _ => refusal.reason,
        };
        let ApprovalFacts { name, approver, .. } = approval;
        let message = format!(
            "{} Approval {name} of {approver} does not count: {setback}.",
            refusal.message
        );
        Refusal { reason, message }
    }
}

/// Why an Approval about an asset does not count now; none where it does. A denial counts while the words stand.
pub fn setback(observed: &Observed, approval: &ApprovalFacts, now: Timestamp) -> Option<Setback> {
    let campaign = observed.campaign.as_ref()?;
    match approval.decision {
        Decision::Approve => setback_in(observed, campaign, approval, now),
        Decision::Deny => other_words(&observed.asset, approval),
    }
}

/// Whether an Approval certainly approves the words that the asset has now, whatever came of it since.
pub(super) fn approves_these_words(observed: &Observed, approval: &ApprovalFacts) -> bool {
    approval.decision == Decision::Approve
        && other_words(&observed.asset, approval).is_none()
        && unproven(&observed.enforcement, approval).is_none()
}

fn setback_in(
    observed: &Observed,
    campaign: &CampaignFacts,
    approval: &ApprovalFacts,
    now: Timestamp,
) -> Option<Setback> {
    other_words(&observed.asset, approval)
        .or_else(|| unproven(&observed.enforcement, approval))
        .or_else(|| out_of_time(observed, campaign, approval, now))
        .or_else(|| overtaken(observed, approval))
        .or_else(|| outside_the_window(campaign, approval))
}

fn other_words(asset: &AssetFacts, approval: &ApprovalFacts) -> Option<Setback> {
    (approval.content_digest != asset.content_digest).then(|| Setback::OtherWords {
        now: asset.content_digest.clone(),
    })
}

/// Only what was made under the policy was certainly made by its approver.
fn unproven(enforcement: &Enforcement, approval: &ApprovalFacts) -> Option<Setback> {
    match enforcement {
        Enforcement::Missing(why) => Some(Setback::NotEnforced(why.clone())),
        Enforcement::Since(since) => {
            let holds = approval.created_at.duration_since(*since) > NOTICED;
            (!holds).then_some(Setback::BeforeThePolicy)
        }
    }
}

fn out_of_time(
    observed: &Observed,
    campaign: &CampaignFacts,
    approval: &ApprovalFacts,
    now: Timestamp,
) -> Option<Setback> {
    let ended = approval.expires_at.is_some_and(|at| now >= at);
    if ended || is_expired(observed, campaign, Some(approval.created_at), now) {
        return Some(Setback::Expired);
    }
    (!keeps(approval.publish_at, observed.asset.publish_at)).then_some(Setback::Moved)
}

/// What has happened since that an Approval did not know of.
fn overtaken(observed: &Observed, approval: &ApprovalFacts) -> Option<Setback> {
    let released = observed.receipt.as_ref().and_then(released_at);
    // In one second nobody can tell which came first.
    if released.is_some_and(|released| approval.created_at.as_second() <= released.as_second()) {
        return Some(Setback::BeforeTheRelease);
    }
    let asset = &observed.asset;
    let held = matches!(asset.intent, Intent::Draft | Intent::Pending);
    let intent_at = asset.made.as_ref().and_then(|made| made.intent_at.as_ref());
    let earlier = intent_at.is_some_and(|at| approval.created_at.as_second() < at.0.as_second());
    (held && earlier).then_some(Setback::BeforeTheStatus)
}

/// When the slot was opened again without being approved at once.
fn released_at(receipt: &ReceiptFacts) -> Option<Timestamp> {
    let status = &receipt.status;
    if status.approval_needed_for_epoch != Some(status.epoch) {
        return None;
    }
    let releases = status.resolutions.iter().rev();
    let last = { releases }.find(|resolution| resolution.action == ResolutionAction::Release);
    // A release of which nothing is kept was made at a time that no approval can be shown to be after.
    Some(last.map_or(Timestamp::MAX, |resolution| resolution.at.0))
}

fn outside_the_window(campaign: &CampaignFacts, approval: &ApprovalFacts) -> Option<Setback> {
    if campaign.approval.mode != ApprovalMode::Window || approval.break_glass.is_some() {
        return None;
    }
    let window = campaign.approval.window.as_ref();
    let within = window.and_then(|window| window::around(window, &campaign.review_zone, approval.created_at));
    within.is_none().then_some(Setback::OutsideTheWindow)
}
