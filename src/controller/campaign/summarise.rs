//! What people read of a campaign: revision, problems, counts, conditions.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    super::{
        context::Shared,
        error::Error,
        guards::{self, Named},
        report::Notice,
        view::{phase, publish_at},
    },
    BETWEEN_SUMMARIES, memory,
    observe::Observation,
    sources::{Applied, SourceState},
    trust,
};
use crate::{
    api::{
        ANNOTATION_REQUESTED_AT, AssetPhase, Campaign, CampaignCounts, CampaignStatus, SourceProblem,
        condition_type::{APPROVALS_HONOURED, GUARDED, ROWS_HEALTHY, SOURCE_FETCHED, SOURCE_PARSED},
    },
    domain::{
        observed::{Enforcement, GUARDS_NOT_RUN},
        receipt::shortened,
        schedule, staleness,
        status::{Standing, Statement, absent, conditions, count, standing, statement},
    },
};

/// Fields of a status that can vanish.
const VANISHING: [&str; 8] = [
    "appliedRevision",
    "attemptedRevision",
    "lastFetchedAt",
    "revisionShort",
    "counts",
    "nextPublishAt",
    "nextPublishAtLocal",
    "problems",
];
/// How soon a campaign that cannot go on is looked at again: what is in its way may be another campaign's files.
const WHILE_STALLED: Duration = Duration::from_mins(5);
/// The reason of a campaign that names no policies, and does not say that none is wanted.
const UNGUARDED: &str = "NoPolicies";
/// What such a campaign is told.
const NO_POLICIES: &str = "No PolicyPack judges what this campaign publishes. Name one in spec.policies, or write policies: \
                           [] to say that none is wanted.";
/// How many problems a status names.
const PROBLEMS: usize = 10;

/// Writes what changed; answers after how long to look again.
pub(crate) async fn summarise(
    campaign: &Campaign,
    namespace: &str,
    observation: &Observation,
    state: &mut SourceState,
    shared: &Shared,
) -> Result<Duration, Error> {
    let now = shared.clock.steady();
    let until_poll = state.next_poll.saturating_sub(now).max(Duration::from_millis(10));
    let rest = if campaign.spec.suspend {
        Duration::from_hours(1)
    } else if observation.stalled.is_some() {
        WHILE_STALLED
    } else {
        until_poll
    };
    let before = campaign.status.clone().unwrap_or_default();
    let next = status(campaign, namespace, observation, state, shared);
    if next == before {
        return Ok(rest);
    }
    let only_counts = {
        let mut same = next.clone();
        same.counts.clone_from(&before.counts);
        same.next_publish_at.clone_from(&before.next_publish_at);
        same.next_publish_at_local
            .clone_from(&before.next_publish_at_local);
        same == before
    };
    let since = state.summarised_at.map(|at| now.saturating_sub(at));
    if let Some(since) = since.filter(|since| only_counts && *since < BETWEEN_SUMMARIES) {
        return Ok(BETWEEN_SUMMARIES.saturating_sub(since).min(rest));
    }
    let uid = campaign.uid().unwrap_or_default();
    let telling = match shared.repeats.telling(&uid, &next, now) {
        Ok(telling) => telling,
        Err(pause) => return Ok(pause.min(rest)),
    };
    state.summarised_at = Some(now);
    write(campaign, namespace, &next, shared).await?;
    telling.told();
    notices(campaign, &before, &next, shared).await;
    Ok(rest)
}

async fn write(
    campaign: &Campaign,
    namespace: &str,
    next: &CampaignStatus,
    shared: &Shared,
) -> Result<(), Error> {
    let mut value = serde_json::to_value(next).unwrap_or_default();
    // A merge patch keeps what it does not name: everything that can vanish is named.
    if let Some(fields) = value.as_object_mut() {
        // Standbys write that one.
        fields.remove("wokenAt");
        // As does the look at the breakers.
        fields.remove("breakers");
        for field in VANISHING {
            fields.entry(field).or_insert(serde_json::Value::Null);
        }
    }
    let api: Api<Campaign> = Api::namespaced(shared.client.clone(), namespace);
    let patch = json!({"status": value});
    match api
        .patch_status(
            &campaign.name_any(),
            &PatchParams::default(),
            &Patch::Merge(&patch),
        )
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
        Err(source) => Err(Error::api("write the status of a Campaign")(source)),
    }
}

fn status(
    campaign: &Campaign,
    namespace: &str,
    observation: &Observation,
    state: &SourceState,
    shared: &Shared,
) -> CampaignStatus {
    let before = campaign.status.clone().unwrap_or_default();
    let generation = campaign.metadata.generation.unwrap_or(0);
    let applied = state.applied.as_ref();
    let (counts, next) = counts(campaign, namespace, applied, shared);
    let mut statements = statements(campaign, observation, applied);
    statements.extend(guarded(&guards::in_memory(shared, namespace, &campaign.spec)));
    let health = shared.notifications.health();
    statements.push(health.statement(namespace, &campaign.name_any(), campaign.spec.notify.as_ref()));
    statements.extend(shared.admission.seen().as_ref().map(approvals_honoured));
    let branch = &campaign.spec.source.git.branch;
    let revision = |revision: &String| format!("{branch}@sha1:{revision}");
    let good = applied.filter(|applied| applied.parsed);
    let zone = &campaign.spec.time_zone;
    CampaignStatus {
        observed_generation: generation,
        conditions: conditions(&before.conditions, &statements, generation, shared.clock.now()),
        applied_revision: good
            .map(|applied| revision(&applied.revision))
            .or(before.applied_revision),
        attempted_revision: state
            .snapshot
            .as_ref()
            .map(|snapshot| revision(&snapshot.revision()))
            .or(before.attempted_revision),
        revision_short: good
            .map(|applied| applied.revision.chars().take(8).collect())
            .or(before.revision_short),
        counts: Some(counts),
        last_fetched_at: last_fetched_at(campaign, observation, state),
        next_publish_at_local: next.and_then(|at| schedule::local_text(at, zone).ok()),
        next_publish_at: next.map(Time),
        problems: applied.map(problems).unwrap_or(before.problems),
        problem_count: applied.map_or(before.problem_count, |applied| applied.problem_count),
        approval_memory: before
            .approval_memory
            .or_else(|| good.map(|_| memory::name_of(campaign))),
        breakers: before.breakers,
        woken_at: before.woken_at,
        last_handled_requested_at: state
            .handled_request
            .clone()
            .or_else(|| {
                campaign
                    .spec
                    .suspend
                    .then(|| campaign.annotations().get(ANNOTATION_REQUESTED_AT).cloned())
                    .flatten()
            })
            .or(before.last_handled_requested_at)
            .map(|value| shortened(&value, 120)),
    }
}

/// None while the campaign is suspended: what the branch said before counts for nothing until it was read again.
fn last_fetched_at(campaign: &Campaign, observation: &Observation, state: &SourceState) -> Option<Time> {
    if campaign.spec.suspend {
        return None;
    }
    let before = campaign
        .status
        .as_ref()
        .and_then(|status| status.last_fetched_at.as_ref());
    let answers = observation.unfetched.is_none();
    let before = before.map(|time| time.0);
    staleness::recorded(before, state.answered_at, answers, trust(campaign)).map(Time)
}

fn problems(applied: &Applied) -> Vec<SourceProblem> {
    let problem = |found: &crate::domain::content::diagnostic::Diagnostic| SourceProblem {
        path: shortened(&found.path, 1000),
        line: Some(found.position.line).filter(|line| *line > 0),
        column: Some(found.position.column).filter(|column| *column > 0),
        code: found.code.to_owned(),
        message: found.sentence(500),
    };
    applied.diagnostics.iter().take(PROBLEMS).map(problem).collect()
}

fn counts(
    campaign: &Campaign,
    namespace: &str,
    applied: Option<&Applied>,
    shared: &Shared,
) -> (CampaignCounts, Option<jiff::Timestamp>) {
    let name = campaign.name_any();
    let mut counts = CampaignCounts {
        outside: applied.map_or(0, |applied| applied.outside),
        ..CampaignCounts::default()
    };
    let mut next = None;
    for view in shared.assets.state_filter(|view| view.is_of(namespace, &name)) {
        count(&mut counts, phase(&view));
        if let (AssetPhase::Scheduled, Some(at)) = (phase(&view), publish_at(&view)) {
            next = Some(next.map_or(at, |next: jiff::Timestamp| next.min(at)));
        }
    }
    (counts, next)
}

fn statements(campaign: &Campaign, observation: &Observation, applied: Option<&Applied>) -> Vec<Statement> {
    if campaign.spec.suspend {
        let mut said = standing(
            Standing::InOrder,
            "Suspended",
            "suspend is true: the branch is not read and nothing is sent.",
        )
        .to_vec();
        said.push(absent(SOURCE_FETCHED));
        return said;
    }
    let mut said = Vec::new();
    said.push(match &observation.unfetched {
        Some((reason, message)) => statement(SOURCE_FETCHED, false, reason, message),
        None if observation.stalled.is_some() => absent(SOURCE_FETCHED),
        None => statement(
            SOURCE_FETCHED,
            true,
            "Fetched",
            "The newest revision of the branch was read.",
        ),
    });
    if let Some(applied) = applied {
        said.extend(parsed(applied));
    }
    let (stands, reason, message) = verdict(observation, applied);
    said.extend(standing(stands, &reason, &message));
    said
}

/// Whether anybody judges what is published; nothing is said before the packs have been looked at.
fn guarded(judges: &Named) -> Option<Statement> {
    let facts = match judges {
        Named::Packs(packs) => {
            let names: Vec<&str> = packs.policies.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!(
                "PolicyPacks judge everything before it is sent: {}.",
                names.join(", ")
            );
            return Some(statement(GUARDED, true, GUARDED, &message));
        }
        Named::Nobody(facts) if facts.silenced => return Some(absent(GUARDED)),
        Named::Nobody(facts) => facts,
    };
    match &facts.pending {
        Some((reason, _)) if reason == GUARDS_NOT_RUN => None,
        Some((reason, message)) => Some(statement(GUARDED, false, reason, message)),
        None => Some(statement(GUARDED, false, UNGUARDED, NO_POLICIES)),
    }
}

/// Whether Approval objects are believed in this cluster.
fn approvals_honoured(enforcement: &Enforcement) -> Statement {
    match enforcement {
        Enforcement::Since(_) => {
            let message = "The API server makes sure that nobody approves in another's name.";
            statement(APPROVALS_HONOURED, true, "Enforced", message)
        }
        Enforcement::Missing(why) => {
            let message = format!("Approval objects count for nothing here, the branch does: {why}.");
            statement(APPROVALS_HONOURED, false, "NotEnforced", &message)
        }
    }
}

fn parsed(applied: &Applied) -> [Statement; 2] {
    let first = |fatal: bool| {
        applied
            .diagnostics
            .iter()
            .find(|found| found.fatal == fatal || !fatal)
            .map(ToString::to_string)
    };
    let parsed = if applied.parsed {
        statement(SOURCE_PARSED, true, "Parsed", "Every sheet could be read.")
    } else {
        let message = format!(
            "Nothing of this campaign is sent until this is repaired: {}",
            first(true).unwrap_or_default()
        );
        statement(SOURCE_PARSED, false, "SheetUnreadable", &message)
    };
    let healthy = if applied.error_count == 0 {
        statement(ROWS_HEALTHY, true, "Healthy", "No row or file part is invalid.")
    } else {
        let message = format!(
            "{} problems, the first: {}",
            applied.error_count,
            first(false).unwrap_or_default()
        );
        statement(ROWS_HEALTHY, false, "ProblemsFound", &message)
    };
    [parsed, healthy]
}

fn verdict(observation: &Observation, applied: Option<&Applied>) -> (Standing, String, String) {
    if let Some((reason, message)) = &observation.stalled {
        return (Standing::Stuck, reason.clone(), message.clone());
    }
    if let Some((reason, message)) = &observation.unfetched {
        let stands = if matches!(reason.as_str(), "MissingConfig" | "SecretForbidden") {
            Standing::Stuck
        } else {
            Standing::UnderWay
        };
        return (stands, reason.clone(), message.clone());
    }
    if let Some((reason, message)) = &observation.refused {
        return (Standing::UnderWay, reason.clone(), message.clone());
    }
    match applied {
        None => (
            Standing::UnderWay,
            "Reading".to_owned(),
            "The branch is being read.".to_owned(),
        ),
        Some(applied) if !applied.parsed => {
            let message = "A sheet cannot be read; what stood before is kept, and nothing is sent.";
            (Standing::Stuck, "SourceNotParsed".to_owned(), message.to_owned())
        }
        Some(applied) => {
            let short: String = applied.revision.chars().take(8).collect();
            (
                Standing::InOrder,
                "Applied".to_owned(),
                format!("Revision {short} is read and applied."),
            )
        }
    }
}

/// Events for what a person should not have to look for.
async fn notices(campaign: &Campaign, before: &CampaignStatus, next: &CampaignStatus, shared: &Shared) {
    let now = shared.clock.now();
    for condition in &next.conditions {
        let old = before.conditions.iter().find(|old| old.type_ == condition.type_);
        let changed = old.is_none_or(|old| old.status != condition.status || old.reason != condition.reason);
        let warns = condition.status == crate::api::ConditionStatus::False;
        let tells = matches!(
            condition.type_.as_str(),
            SOURCE_FETCHED | SOURCE_PARSED | ROWS_HEALTHY | GUARDED
        );
        let recovered = old.is_some_and(|old| old.status == crate::api::ConditionStatus::False);
        // That nobody judges is a choice, which a column shows.
        let chosen = condition.reason == UNGUARDED;
        if !changed || !tells || chosen || !(warns || recovered) {
            continue;
        }
        let occurrence = format!("{}/{}", condition.type_, condition.last_transition_time.0);
        let notice = Notice {
            warns,
            reason: &condition.reason,
            action: "Read",
            note: &condition.message,
            occurrence: &occurrence,
        };
        shared.reporter.emit(campaign.object_ref(&()), notice, now).await;
    }
}
