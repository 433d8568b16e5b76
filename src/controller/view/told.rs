//! What the status of an Asset says, packed: enough to see that nothing new is to be said, and since when it holds.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use sha2::{Digest, Sha256};

use crate::{
    api::{
        AssetGuard, AssetHold, AssetPhase, AssetStatus, Condition, ConditionStatus,
        condition_type::{PUBLISHED, READY, RECONCILING, STALLED, WOULD_BE_MISSED},
    },
    domain::status::AssetReport,
};

/// The conditions that the Asset controller states.
const OURS: [&str; 5] = [READY, RECONCILING, STALLED, PUBLISHED, WOULD_BE_MISSED];

type Short = [u8; 16];

/// What a status says.
#[derive(Clone, Debug)]
pub(super) struct Told {
    /// Digest of everything but the conditions.
    fields: Short,
    /// Digest of the conditions without their times.
    stated: Short,
    /// Status and transition of each condition of ours.
    since: [Option<(ConditionStatus, Timestamp)>; OURS.len()],
    /// The conditions of others, whole.
    others: Box<[Condition]>,
}

impl Told {
    /// Packs what a status says.
    pub(super) fn of(status: &AssetStatus) -> Self {
        let since = OURS.map(|ours| {
            let condition = status
                .conditions
                .iter()
                .find(|condition| condition.type_ == ours)?;
            Some((condition.status, condition.last_transition_time.0))
        });
        let others = status
            .conditions
            .iter()
            .filter(|condition| !OURS.contains(&condition.type_.as_str()));
        Self {
            fields: short(&Fields::of_status(status)),
            stated: stated(&status.conditions),
            since,
            others: others.cloned().collect(),
        }
    }

    /// Whether a status that says this says just what a report says.
    pub(super) fn is(&self, report: &AssetReport) -> bool {
        self.fields == short(&Fields::of_report(report)) && self.states(&report.conditions)
    }

    /// Whether a status that says this has these conditions.
    pub(super) fn states(&self, conditions: &[Condition]) -> bool {
        self.stated == stated(conditions)
    }

    /// The conditions as far as the next ones depend on them: type, status and transition; those of others whole.
    pub(super) fn conditions(&self) -> Vec<Condition> {
        let ours = OURS.iter().zip(self.since).filter_map(|(type_, since)| {
            let (status, at) = since?;
            Some(Condition {
                type_: (*type_).to_owned(),
                status,
                reason: String::new(),
                message: String::new(),
                observed_generation: 0,
                last_transition_time: Time(at),
            })
        });
        ours.chain(self.others.iter().cloned()).collect()
    }
}

/// The fields of a status that the Asset controller writes, without the conditions.
#[derive(serde::Serialize)]
struct Fields<'a>(
    i64,
    Option<AssetPhase>,
    &'a str,
    Option<&'a str>,
    Option<&'a str>,
    Option<i64>,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a Time>,
    Option<&'a AssetHold>,
    Option<&'a AssetGuard>,
);

impl<'a> Fields<'a> {
    fn of_status(status: &'a AssetStatus) -> Self {
        Self(
            status.observed_generation,
            status.phase,
            status.reason.as_deref().unwrap_or("none"),
            status.message.as_deref(),
            status.content_digest.as_deref(),
            status.publish_at.as_ref().map(|time| time.0.as_second()),
            status.publish_at_local.as_deref(),
            status.receipt.as_deref(),
            status.url.as_deref(),
            status.published_at.as_ref(),
            status.halt.as_ref(),
            status.guard.as_ref(),
        )
    }

    fn of_report(report: &'a AssetReport) -> Self {
        Self(
            report.observed_generation,
            Some(report.phase),
            &report.reason,
            report.message.as_deref(),
            Some(&report.content_digest),
            report.publish_at.as_ref().map(|time| time.0.as_second()),
            report.publish_at_local.as_deref(),
            report.receipt.as_deref(),
            report.url.as_deref(),
            report.published_at.as_ref(),
            report.halt.as_ref(),
            report.guard.as_ref(),
        )
    }
}

fn stated(conditions: &[Condition]) -> Short {
    let mut stated: Vec<_> = conditions
        .iter()
        .map(|condition| {
            (
                &condition.type_,
                condition.status,
                &condition.reason,
                &condition.message,
                condition.observed_generation,
            )
        })
        .collect();
    stated.sort_by_key(|(type_, ..)| *type_);
    short(&stated)
}

/// Half of a digest: only this process compares them, with what it computed itself.
fn short(value: &impl serde::Serialize) -> Short {
    let json = serde_json::to_vec(value).unwrap_or_default();
    let digest = Sha256::digest(&json);
    let mut short = Short::default();
    for (place, byte) in short.iter_mut().zip(digest) {
        *place = byte;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::status::{Standing, conditions, standing};

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn report(before: &[Condition], now: Timestamp) -> AssetReport {
        let said = standing(Standing::UnderWay, "Sending", "It is on its way.");
        AssetReport {
            observed_generation: 3,
            phase: AssetPhase::Publishing,
            reason: "Sending".to_owned(),
            message: Some("It is on its way.".to_owned()),
            content_digest: "sha256:00".to_owned(),
            publish_at: Some(Time(at(100))),
            publish_at_local: None,
            guard: None,
            receipt: None,
            url: None,
            published_at: None,
            halt: None,
            conditions: conditions(before, &said, 3, now),
        }
    }

    fn written(report: &AssetReport) -> AssetStatus {
        serde_json::from_value(serde_json::to_value(report).unwrap()).unwrap()
    }

    #[test]
    fn a_status_that_was_written_from_a_report_says_what_the_report_says() {
        let report = report(&[], at(1));
        let told = Told::of(&written(&report));
        assert!(told.is(&report));
        assert!(!Told::of(&AssetStatus::default()).is(&report));
        let with_url = AssetReport {
            url: Some("https://www.example.com/".to_owned()),
            ..report.clone()
        };
        let newer = AssetReport {
            observed_generation: 99,
            ..report.clone()
        };
        let silent = AssetReport {
            conditions: Vec::new(),
            ..report
        };
        for other in [with_url, newer, silent] {
            assert!(!told.is(&other));
        }
    }

    #[test]
    fn transitions_and_the_conditions_of_others_survive() {
        let theirs = Condition {
            type_: "Theirs".to_owned(),
            status: ConditionStatus::True,
            reason: "Kept".to_owned(),
            message: "whole".to_owned(),
            observed_generation: 1,
            last_transition_time: Time(at(7)),
        };
        let first = report(std::slice::from_ref(&theirs), at(1));
        let told = Told::of(&written(&first));
        let next = report(&told.conditions(), at(50));
        assert_eq!(next, first);
        assert!(next.conditions.contains(&theirs));
    }
}
