//! The facts that tests of the decision start from: an approved post, due, with everything in place.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    channels::Replies,
    decide::decide,
    limits::{LaneFacts, Limits},
    observed::{
        AssetFacts, CampaignFacts, ChannelClass, ChannelFacts, Enforcement, GuardFacts, Observed,
        ProcessFacts, ReceiptFacts,
    },
    plan::{Action, Plan, SendOrder},
    policy::GuardFinding,
    receipt::{self, NewAttempt, Outcome, Person, Proof},
};
use crate::api::{
    ApprovalPolicy, AssetType, BranchApprovalRecord, Environment, GoDuration, Intent, Made, MissedPolicy,
    MissedPolicyKind, ReceiptStatus, RetryPolicy, RuleAction, RuleMode, RuleResult, Sender, Severity, Target,
};

/// The instant at which the post of these tests is due: nine o'clock on a Monday in Jerusalem.
pub(super) const DUE: &str = "2026-03-02T07:00:00Z";
/// The words that it has.
pub(super) const WORDS: &str = "sha256:words";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn due() -> Timestamp {
    at(DUE)
}

/// So many minutes after it was due.
pub(super) fn minutes(count: i64) -> Timestamp {
    due() + SignedDuration::from_mins(count)
}

pub(super) fn once_after_ten_minutes() -> RetryPolicy {
    RetryPolicy {
        limit: 1,
        after: GoDuration::from_secs(600),
    }
}

pub(super) fn person() -> Person {
    Person {
        by: "dana".to_owned(),
        reason: "I looked at the account".to_owned(),
    }
}

fn approved_post() -> AssetFacts {
    AssetFacts {
        name: "launch-linkedin-company-en".to_owned(),
        generation: 1,
        deleting: false,
        gone: false,
        campaign: "week1".to_owned(),
        post_id: "launch".to_owned(),
        target: Target {
            platform: "linkedin".to_owned(),
            account: "company".to_owned(),
        },
        locale: "en".to_owned(),
        item: "main".to_owned(),
        is_of_several: false,
        occurrence: String::new(),
        type_: AssetType::Post,
        intent: Intent::Approved,
        publish_at: Some(due()),
        day_ends_at: Some(at("2026-03-02T22:00:00Z")),
        after: None,
        stopped_by: None,
        content_digest: WORDS.to_owned(),
        spec_digest: "sha256:spec".to_owned(),
        made: Some(Made {
            spec_digest: "sha256:spec".to_owned(),
            withdrawn: String::new(),
            intent_at: None,
        }),
        approval: Some(approval(&[WORDS], None)),
        hold: None,
        halted_for: None,
        author: None,
        remembered_receipt: None,
        phase: None,
    }
}

pub(super) fn approval(digests: &[&str], at: Option<Timestamp>) -> BranchApprovalRecord {
    BranchApprovalRecord {
        digests: digests.iter().map(|digest| (*digest).to_owned()).collect(),
        by: None,
        revision: "c0ffee".to_owned(),
        at: at.map(Time),
        publish_at: Some(Time(due())),
    }
}

fn open_campaign() -> CampaignFacts {
    CampaignFacts {
        id: "week1".to_owned(),
        deleting: false,
        suspend: false,
        publish_enabled: true,
        missed: MissedPolicy {
            policy: MissedPolicyKind::PublishWithin,
            within: GoDuration::from_secs(7200),
        },
        retry: once_after_ten_minutes(),
        approval: ApprovalPolicy::default(),
        review_zone: "Asia/Jerusalem".to_owned(),
        source_closed: None,
        stale_at: None,
        cap: None,
    }
}

pub(super) fn channel(class: ChannelClass) -> ChannelFacts {
    ChannelFacts {
        name: "linkedin-company".to_owned(),
        environment: Environment::Production,
        publish_enabled: true,
        approvers: Vec::new(),
        missing: Vec::new(),
        unusable: None,
        class,
        endpoint_digest: "sha256:endpoint".to_owned(),
        send_timeout: Duration::from_secs(10),
        refused: None,
        rate_limited_until: None,
        limits: Limits::default(),
        manual: None,
        replies: Replies::No,
    }
}

/// An approved post on a channel of class D, with no receipt yet.
pub(super) fn post() -> Observed {
    Observed {
        asset: approved_post(),
        campaign: Some(open_campaign()),
        channels: vec![channel(ChannelClass::Neither)],
        receipt: None,
        unreadable_receipt: None,
        published_elsewhere: None,
        halts: Vec::new(),
        approvals: Vec::new(),
        enforcement: Enforcement::default(),
        first_on_channel: false,
        process: ProcessFacts {
            lease_duration: Duration::from_secs(15),
            ..ProcessFacts::default()
        },

        guards: GuardFacts::default(),
        lane: LaneFacts::default(),
    }
}

/// What a rule that blocks found in a row.
pub(super) fn finding(rule: &str) -> GuardFinding {
    GuardFinding {
        rule: rule.to_owned(),
        pack: "brand".to_owned(),
        severity: Severity::Error,
        mode: RuleMode::Enforce,
        action: RuleAction::BlockAsset,
        result: RuleResult::Fail,
        message: "We promise nothing. Take it out.".to_owned(),
        excerpt: "guaranteed".to_owned(),
        path: "docs/week-1.csv".to_owned(),
        line: 3,
        column: 41,
    }
}

/// An approved page on a channel of class A, with no receipt yet.
pub(super) fn page() -> Observed {
    let mut observed = post().on(ChannelClass::NaturalKey);
    observed.asset.type_ = AssetType::Page;
    observed
}

impl Observed {
    pub(super) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn on(self, class: ChannelClass) -> Self {
        self.with(|observed| observed.channels = vec![channel(class)])
    }

    pub(super) fn campaign(self, change: impl FnOnce(&mut CampaignFacts)) -> Self {
        self.with(|observed| change(observed.campaign.as_mut().unwrap()))
    }

    pub(super) fn says(self, words: &str) -> Self {
        self.with(|observed| {
            observed.asset.content_digest = words.to_owned();
            observed
                .asset
                .approval
                .as_mut()
                .unwrap()
                .digests
                .push(words.to_owned());
        })
    }

    pub(super) fn having(self, status: &ReceiptStatus) -> Self {
        self.having_seen_for(status, SignedDuration::ZERO)
    }

    /// With a receipt whose doubt this process has seen for so long.
    pub(super) fn having_seen_for(self, status: &ReceiptStatus, seen: SignedDuration) -> Self {
        self.with(|observed| {
            let slot = observed.asset.slot("week1", Environment::Production);
            observed.receipt = Some(ReceiptFacts {
                name: slot.receipt_name(),
                slot: slot.fields().clone(),
                status: status.clone(),
                undecided_seen_for: seen.unsigned_abs(),
            });
        })
    }

    pub(super) fn plan(&self, now: Timestamp) -> Plan {
        decide(self, now)
    }
}

/// What a plan says, without its gates.
pub(super) fn said(observed: &Observed, now: Timestamp) -> String {
    observed.plan(now).to_string()
}

pub(super) fn order(words: &str, epoch: u32, revision: u32) -> SendOrder {
    SendOrder {
        epoch,
        revision,
        content_digest: words.to_owned(),
        channel: "linkedin-company".to_owned(),
        endpoint_digest: "sha256:endpoint".to_owned(),
        prepared_id: None,
        reply_to: None,
    }
}

/// The order of a plan that is to send.
pub(super) fn ordered(plan: &Plan) -> SendOrder {
    let Action::Send(order) = &plan.action else {
        panic!("nothing is to be sent: {plan}");
    };
    order.clone()
}

/// A receipt that tells its own story in the order of the calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Story(pub(super) ReceiptStatus);

impl Story {
    pub(super) fn begins(self, id: &str, order: &SendOrder, now: Timestamp) -> Self {
        let attempt = NewAttempt {
            id: id.to_owned(),
            sender: Sender::default(),
            prepared_id: order.prepared_id.clone(),
        };
        Self(receipt::begin(&self.0, order, attempt, Proof::default(), now))
    }

    /// An attempt at the words of these tests, in the receipt's epoch.
    pub(super) fn sends(self, id: &str, now: Timestamp) -> Self {
        let epoch = self.0.epoch;
        self.begins(id, &order(WORDS, epoch, 0), now)
    }

    pub(super) fn hears(self, id: &str, outcome: &Outcome, now: Timestamp) -> Self {
        Self(receipt::record(
            &self.0,
            id,
            outcome,
            &once_after_ten_minutes(),
            now,
        ))
    }

    pub(super) fn dies(self, now: Timestamp) -> Self {
        Self(receipt::mark_unknown(
            &self.0,
            &once_after_ten_minutes(),
            false,
            now,
        ))
    }

    pub(super) fn finds_nothing(self, began_at: Timestamp, doubt_over: bool) -> Self {
        Self(receipt::record_absence(
            &self.0,
            began_at,
            doubt_over,
            &once_after_ten_minutes(),
        ))
    }

    pub(super) fn releases(self, approve: bool, now: Timestamp) -> Self {
        let asked = receipt::request_release(&self.0, approve, &person(), now).unwrap();
        Self(receipt::release(&asked))
    }

    /// Phase, reason, epoch and revision, then each attempt.
    pub(super) fn told(&self) -> String {
        let status = &self.0;
        let attempts: Vec<String> = status
            .attempts
            .iter()
            .map(|attempt| {
                let class = attempt
                    .class
                    .map_or_else(|| "open".to_owned(), |class| format!("{class:?}"));
                format!("{}:{class}", attempt.id)
            })
            .collect();
        format!(
            "{:?} {} epoch {} revision {} [{}]",
            status.phase,
            status.reason.as_deref().unwrap_or("-"),
            status.epoch,
            status.revision,
            attempts.join(" ")
        )
    }
}

pub(super) fn published(remote_id: &str) -> Outcome {
    Outcome::Published {
        remote_id: Some(remote_id.to_owned()),
        url: None,
    }
}

pub(super) fn published_without_an_id() -> Outcome {
    Outcome::Published {
        remote_id: None,
        url: None,
    }
}

pub(super) fn not_sent() -> Outcome {
    Outcome::NotSent("connection refused".to_owned())
}

pub(super) fn rejected() -> Outcome {
    Outcome::Rejected("too long".to_owned())
}

pub(super) fn no_answer() -> Outcome {
    Outcome::Unknown("timed out".to_owned())
}
