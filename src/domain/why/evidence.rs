//! What each gate was judged by, in short facts.

use super::{Origin, Place, Told, room};
use crate::{
    api::{AssetSource, BranchApprovalRecord, Decision, Intent, MissedPolicyKind, RuleMode},
    domain::{
        halts::Stage,
        items,
        observed::{ApprovalFacts, CampaignFacts, ChannelClass, ChannelFacts, Observed, ReceiptFacts},
        plan::GateName,
        policy::GuardFinding,
    },
};

/// How much of a digest tells two apart for the eye.
const DIGEST: usize = "sha256:".len() + 8;
/// How many findings of the guards are told; a screen has other gates too.
const FINDINGS: usize = 3;
/// How much of a commit's hash tells two apart for the eye.
const COMMIT: usize = 8;

pub(super) fn evidence(gate: GateName, told: &Told<'_>) -> Vec<String> {
    let Told { observed, origin, .. } = *told;
    match gate {
        GateName::Source => source(observed, origin),
        GateName::Target => observed.channels.iter().map(channel).collect(),
        GateName::Guards => guards(observed),
        GateName::Approval => approval(observed, origin),
        GateName::Switches => switches(told),
        GateName::Limits => room::counted(observed, origin),
        GateName::Time => time(observed, origin),
        GateName::Claim => claim(observed, origin),
    }
}

/// The beginning of a digest.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take(DIGEST).collect()
}

fn source(observed: &Observed, origin: &Origin) -> Vec<String> {
    let mut facts: Vec<String> = origin.source.iter().map(written).collect();
    let stale_at = observed.campaign.as_ref().and_then(|campaign| campaign.stale_at);
    facts.extend(stale_at.map(|at| format!("the git host is silent; trusted until {}", origin.local(at))));
    facts
}

fn written(source: &AssetSource) -> String {
    let line = if source.line > 0 {
        format!(":{}", source.line)
    } else {
        String::new()
    };
    let commit: String = source.revision.chars().take(COMMIT).collect();
    let author = source
        .author
        .as_ref()
        .map_or_else(String::new, |author| format!(", last changed by {author}"));
    format!("{}{line} at {commit}{author}", source.path)
}

fn channel(channel: &ChannelFacts) -> String {
    let known = channel.missing.is_empty() && channel.unusable.is_none();
    let class = match channel.class {
        _ if !known => "",
        ChannelClass::NaturalKey => ", class A",
        ChannelClass::IdempotencyKey { .. } => ", class B",
        ChannelClass::LookUp => ", class C",
        ChannelClass::Neither => ", class D",
    };
    format!(
        "ChannelConfig {} ({:?}{class})",
        channel.name, channel.environment
    )
}

fn guards(observed: &Observed) -> Vec<String> {
    let guards = &observed.guards;
    let packs: Vec<&str> = guards.policies.iter().map(|(name, _)| name.as_str()).collect();
    let judges = match (guards.guarded, guards.silenced) {
        (false, true) => "nobody judges its words, and that is meant: policies: []".to_owned(),
        (false, false) => "nobody judges its words: the Campaign names no policies".to_owned(),
        (true, _) if guards.verdict.is_none() => "its words are not judged yet".to_owned(),
        (true, _) => format!("judged by {}", packs.join(", ")),
    };
    let mut facts = vec![judges];
    if let Some(verdict) = &guards.verdict {
        facts.extend(verdict.findings.iter().take(FINDINGS).map(finding));
        let more = verdict.findings.len().saturating_sub(FINDINGS);
        if more > 0 {
            facts.push(format!(
                "and {more} more findings: kubectl describe asset, campanile check"
            ));
        }
        if !verdict.require_approval.is_empty() {
            facts.push(format!(
                "a person is asked for by {}",
                verdict.require_approval.join(", ")
            ));
        }
    }
    facts
}

fn finding(finding: &GuardFinding) -> String {
    let place = Place {
        path: finding.path.clone(),
        line: finding.line,
        column: finding.column,
    };
    let place = if place.path.is_empty() {
        String::new()
    } else {
        format!("{place} ")
    };
    let audit = if finding.mode == RuleMode::Audit {
        ", audit"
    } else {
        ""
    };
    format!(
        "{place}{}/{} ({:?}{audit}): {}",
        finding.pack, finding.rule, finding.result, finding.message
    )
}

fn approval(observed: &Observed, origin: &Origin) -> Vec<String> {
    let asset = &observed.asset;
    let status = match asset.intent {
        Intent::Approved => "approved",
        Intent::Pending => "pending",
        Intent::Draft => "draft",
        Intent::Skip => "skip",
        Intent::Posted => "posted",
    };
    let now = short(&asset.content_digest);
    let mut facts = vec![format!("its status is {status}; its words are {now}")];
    facts.extend(asset.approval.iter().map(|record| branch(record, origin)));
    facts.extend(
        observed
            .approvals
            .iter()
            .map(|approval| decided(approval, origin)),
    );
    facts
}

fn decided(approval: &ApprovalFacts, origin: &Origin) -> String {
    let verb = match approval.decision {
        Decision::Approve => "approved",
        Decision::Deny => "denied",
    };
    format!(
        "{} {verb} {} by Approval {}, {}",
        approval.approver,
        short(&approval.content_digest),
        approval.name,
        origin.local(approval.created_at)
    )
}

fn branch(record: &BranchApprovalRecord, origin: &Origin) -> String {
    let digest = record
        .digests
        .last()
        .map_or_else(String::new, |digest| short(digest));
    let by = record
        .by
        .as_ref()
        .map_or_else(String::new, |by| format!(" by {by}"));
    let commit: String = record.revision.chars().take(COMMIT).collect();
    let at = record
        .at
        .as_ref()
        .map_or_else(String::new, |at| format!(", {}", origin.local(at.0)));
    format!("the branch approved {digest} in {commit}{by}{at}")
}

fn switches(told: &Told<'_>) -> Vec<String> {
    let Told {
        observed,
        origin,
        now,
    } = *told;
    let campaign = observed.campaign.iter().map(|campaign| {
        format!(
            "Campaign: suspend {}, publishEnabled {}",
            campaign.suspend, campaign.publish_enabled
        )
    });
    let channels = observed.channels.iter().map(|channel| {
        format!(
            "ChannelConfig {}: publishEnabled {}",
            channel.name, channel.publish_enabled
        )
    });
    let halts = observed
        .halts
        .iter()
        .filter(|halt| halt.stage(now) != Stage::Ended);
    let halts = halts.map(|halt| {
        let until = halt
            .until
            .map_or_else(String::new, |until| format!(" until {}", origin.local(until)));
        let since = origin.local(halt.since);
        format!(
            "Halt {} of {} since {since}{until}: {}",
            halt.name, halt.owner, halt.reason
        )
    });
    let hold = observed.asset.hold.iter().map(|hold| {
        let ended = hold.ended_at.as_ref().map_or_else(String::new, |time| {
            format!(", which ended at {}", origin.local(time.0))
        });
        format!(
            "held by Halt {} since {}{ended}; then {:?}",
            hold.halt,
            origin.local(hold.since.0),
            hold.policy
        )
    });
    campaign.chain(channels).chain(halts).chain(hold).collect()
}

fn time(observed: &Observed, origin: &Origin) -> Vec<String> {
    let asset = &observed.asset;
    let due = asset.publish_at.map(|at| format!("due {}", origin.local(at)));
    let late = observed
        .campaign
        .as_ref()
        .filter(|_| !asset.is_state())
        .map(lateness);
    let after = match items::replies_to(&asset.item) {
        Some(item) => Some(format!("replies to the item {item} of the same post")),
        None => asset
            .after
            .as_ref()
            .map(|post| format!("goes out after the post {post}")),
    };
    let spaced = room::spaced(observed, origin);
    due.into_iter().chain(late).chain(after).chain(spaced).collect()
}

fn lateness(campaign: &CampaignFacts) -> String {
    match campaign.missed.policy {
        MissedPolicyKind::Skip => "missed: Skip, it goes on time or not at all".to_owned(),
        MissedPolicyKind::PublishWithin => {
            format!("missed: PublishWithin, it may be {} late", campaign.missed.within)
        }
        MissedPolicyKind::Publish => "missed: Publish, however late".to_owned(),
    }
}

fn claim(observed: &Observed, origin: &Origin) -> Vec<String> {
    match &observed.receipt {
        Some(receipt) => receipt_says(receipt, origin),
        None => vec![observed.asset.remembered_receipt.as_ref().map_or_else(
            || "nobody has claimed the slot".to_owned(),
            |name| format!("Receipt {name} is remembered"),
        )],
    }
}

fn receipt_says(receipt: &ReceiptFacts, origin: &Origin) -> Vec<String> {
    let status = &receipt.status;
    let at = status
        .published_at
        .as_ref()
        .map_or_else(String::new, |at| format!(" since {}", origin.local(at.0)));
    let mut facts = vec![format!("Receipt {}: {:?}{at}", receipt.name, status.phase)];
    facts.extend(status.url.clone());
    facts.extend(
        status
            .attempts
            .last()
            .filter(|attempt| {
                attempt
                    .class
                    .is_none_or(|class| class != crate::api::AttemptClass::Published)
            })
            .map(|attempt| {
                let outcome = attempt
                    .class
                    .map_or_else(|| "no outcome yet".to_owned(), |class| format!("{class:?}"));
                format!(
                    "attempt {} at {}: {outcome}",
                    attempt.number,
                    origin.local(attempt.started_at.0)
                )
            }),
    );
    facts
}
