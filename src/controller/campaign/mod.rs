//! The Campaign controller: reads the branch, and makes the Assets what the branch says.

mod authors;
mod execute;
mod memory;
mod observe;
mod sources;
mod summarise;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::SignedDuration;
use kube::{
    Resource, ResourceExt,
    runtime::{controller::Action, reflector::ObjectRef},
};

use super::{
    context::{Guarded, Shared},
    error::{Error, chain},
    guards,
    receipts::Receipts,
    report,
    view::{AssetView, phase},
};
use crate::{
    api::{Campaign, ConditionStatus, Environment, Target, condition_type},
    domain::{
        materialise::{Situation, Standing, changes, remembering},
        observed::{CampaignFacts, campaign_id},
        receipt::shortened,
        staleness::stale_at,
    },
};
pub(super) use memory::{name_of as memory_name, remembered};
pub(crate) use observe::channel_type;
pub(super) use observe::{channels_of, place_text};
pub(crate) use sources::{Key, Look, SourceState, Sources, environment};

/// How soon a campaign is looked at again when the cache has not caught up with what was written; it doubles each time,
/// for each look computes the whole branch.
const CATCHING_UP: Duration = Duration::from_millis(100);
/// How often it doubles.
const DOUBLINGS: u32 = 6;
/// The shortest time between two looks at the counts of a campaign.
const BETWEEN_SUMMARIES: Duration = Duration::from_secs(1);

/// Why nothing is sent before the first look at the branch.
pub(crate) const SOURCE_NOT_READ_YET: &str = "SourceNotReadYet";
/// Why nothing is sent while a look at the branch is late.
pub(crate) const SOURCE_NOT_READ_IN_TIME: &str = "SourceNotReadInTime";

/// What decisions need of a Campaign.
pub(crate) fn facts(campaign: &Campaign, shared: &Shared) -> CampaignFacts {
    let namespace = campaign.namespace().unwrap_or_default();
    let now = shared.clock.steady();
    let look = shared.sources.look(&namespace, &campaign.name_any(), now);
    facts_on_record(campaign, look)
}

/// The same from the object alone, given what the last look at the branch counts for.
pub(crate) fn facts_on_record(campaign: &Campaign, look: Look) -> CampaignFacts {
    let mut facts = CampaignFacts::of_spec(&campaign.name_any(), &campaign.spec);
    facts.deleting = campaign.metadata.deletion_timestamp.is_some();
    facts.source_closed = source_closed(campaign, look);
    let status = campaign.status.as_ref();
    let conditions = status
        .map(|status| status.conditions.as_slice())
        .unwrap_or_default();
    let unfetched = conditions.iter().find(|condition| {
        condition.type_ == condition_type::SOURCE_FETCHED && condition.status == ConditionStatus::False
    });
    let recorded = status.and_then(|status| status.last_fetched_at.as_ref());
    facts.stale_at = unfetched.and_then(|condition| {
        let failed_at = condition.last_transition_time.0;
        stale_at(recorded.map(|time| time.0), failed_at, trust(campaign))
    });
    facts
}

/// For how long a branch is trusted whose host does not answer.
fn trust(campaign: &Campaign) -> SignedDuration {
    SignedDuration::try_from(campaign.spec.source.max_staleness.0).unwrap_or(SignedDuration::MAX)
}

/// Why nothing may be sent from what is known of the branch.
fn source_closed(campaign: &Campaign, look: Look) -> Option<(String, String)> {
    if campaign.spec.suspend {
        return None;
    }
    let conditions = campaign
        .status
        .as_ref()
        .map(|status| status.conditions.as_slice())
        .unwrap_or_default();
    let held = conditions
        .iter()
        .find(|condition| match condition.type_.as_str() {
            condition_type::STALLED => condition.status == ConditionStatus::True,
            condition_type::SOURCE_PARSED => condition.status == ConditionStatus::False,
            _ => false,
        });
    if let Some(condition) = held {
        let reason = if condition.type_ == condition_type::SOURCE_PARSED {
            "SourceNotParsed"
        } else {
            &condition.reason
        };
        return Some((reason.to_owned(), condition.message.clone()));
    }
    let parsed = conditions
        .iter()
        .any(|condition| condition.type_ == condition_type::SOURCE_PARSED);
    // A campaign that was suspended has none until its branch was read again, whichever process does.
    let trusted = campaign
        .status
        .as_ref()
        .is_some_and(|status| status.last_fetched_at.is_some());
    if parsed && trusted && look == Look::Holds {
        return None;
    }
    if parsed && trusted && look == Look::Late {
        return Some((
            SOURCE_NOT_READ_IN_TIME.to_owned(),
            "The branch was to be read again by now, and that has not ended: nothing is sent before it has. The operator's \
             log says what is in its way."
                .to_owned(),
        ));
    }
    Some((
        SOURCE_NOT_READ_YET.to_owned(),
        "The branch has not been read since the operator started, or since the campaign was resumed."
            .to_owned(),
    ))
}

/// Looks at one campaign.
pub(crate) async fn reconcile(guarded: Arc<Guarded<Campaign>>, shared: Arc<Shared>) -> Result<Action, Error> {
    let Ok(campaign) = &guarded.0 else {
        return Ok(Action::await_change());
    };
    if shared.leads().is_none() {
        return Ok(Action::await_change());
    }
    let namespace = campaign.namespace().unwrap_or_default();
    let key = (namespace.clone(), campaign.name_any());
    let state = shared.sources.state(&key);
    let mut state = state.lock().await;
    if campaign.spec.suspend {
        state.answered_at = None;
    }
    let mut observation = observe::observe(campaign, &namespace, &mut state, &shared).await?;
    let is_behind = || observation.wanted.is_some() && is_behind(campaign, &namespace, &shared);
    if observation.waits_for_elder || is_behind() {
        state.waited = state.waited.saturating_add(1);
        let pause = CATCHING_UP * 2_u32.pow((state.waited - 1).min(DOUBLINGS));
        // Whoever has read the branch, and found what stands already, knows it, whatever else it waits for.
        if state.says_what_is_applied() && shared.sources.looked_at(&key, true, due(pause, &shared)) {
            wake_assets(&namespace, &campaign.name_any(), &shared);
        }
        return Ok(Action::requeue(pause));
    }
    state.waited = 0;
    if let Some(applicable) = &mut observation.wanted {
        learn(&namespace, &key, applicable, &shared);
    }
    if let Some(applicable) = &observation.wanted {
        observation.refused = apply(campaign, &namespace, applicable, &mut state, &shared).await?;
    }
    let judged_by = Some(guards::in_memory(&shared, &namespace, &campaign.spec).digest());
    if std::mem::replace(&mut state.judged_by, judged_by.clone()) != judged_by {
        wake_assets(&namespace, &campaign.name_any(), &shared);
    }
    let again = summarise::summarise(campaign, &namespace, &observation, &mut state, &shared).await?;
    let was_read = state.failure.is_none();
    drop(state);
    if campaign.spec.suspend {
        shared.sources.fell_asleep(&key);
    } else if shared.sources.looked_at(&key, was_read, due(again, &shared)) {
        // Whoever was held because the branch had not been read may go on now.
        wake_assets(&namespace, &campaign.name_any(), &shared);
    }
    Ok(Action::requeue(again.max(Duration::from_millis(50))))
}

/// Now, and when the next look is due that follows after a pause.
fn due(pause: Duration, shared: &Shared) -> (Duration, Duration) {
    let now = shared.clock.steady();
    (now, now.saturating_add(pause))
}

/// Takes up what the guards say of a revision before its Assets are written, and wakes those of which they say something
/// else than before.
fn learn(namespace: &str, key: &Key, applicable: &mut observe::Applicable, shared: &Shared) {
    let Some(learned) = applicable.learned.take().filter(|_| applicable.wanted.parsed) else {
        return;
    };
    let stands = |name: &str| {
        let asset = ObjectRef::<AssetView>::new(name).within(namespace);
        shared.assets.get(&asset).is_some()
    };
    for name in shared.verdicts.learn(key, learned, stands) {
        shared.asset_wakes.wake(ObjectRef::new(&name).within(namespace));
    }
}

async fn apply(
    campaign: &Campaign,
    namespace: &str,
    applicable: &observe::Applicable,
    state: &mut SourceState,
    shared: &Shared,
) -> Result<Option<(String, String)>, Error> {
    let kept = memory::read(campaign, namespace, &applicable.wanted, shared).await?;
    let standing = standing(campaign, namespace, shared);
    let situation = Situation {
        standing: &standing,
        repository: &observe::place_text(&campaign.spec),
        revision: &applicable.revision,
        authors: &applicable.authors,
        changed_by: &applicable.changed_by,
        approved_by_trailer: &applicable.approved_by_trailer,
        remembered: &kept.memory,
        now: shared.clock.now(),
    };
    let changes = changes(&applicable.wanted, &situation);
    let next = remembering(&applicable.wanted, &changes, &situation);
    if applicable.wanted.parsed {
        // First: an Asset may be deleted at any time, and what was approved must not go with it.
        memory::remember(campaign, kept, &next, shared).await?;
    }
    let refused = execute::run(campaign, namespace, applicable, changes, shared).await?;
    state.applied(applicable);
    Ok(refused.map(|error| {
        let message = format!(
            "An Asset could not be written, the others were: {}.",
            chain(&error)
        );
        ("AssetRefused".to_owned(), shortened(&message, 900))
    }))
}

/// Whether the cache shows less of a campaign's Assets than this process wrote: what is approved must not be judged by it.
fn is_behind(campaign: &Campaign, namespace: &str, shared: &Shared) -> bool {
    let name = campaign.name_any();
    let ours = |view: &AssetView| view.is_of(namespace, &name);
    let views = shared.assets.state_filter(ours);
    views.iter().any(|view| shared.written.is_ahead_of(view))
}

/// The Assets of a campaign that stand, by name.
fn standing(campaign: &Campaign, namespace: &str, shared: &Shared) -> BTreeMap<String, Standing> {
    let name = campaign.name_any();
    let id = campaign_id(&name, &campaign.spec);
    let views = shared.assets.state_filter(|view| view.is_of(namespace, &name));
    let environment = |target: &Target| sources::environment(shared, namespace, target);
    views
        .iter()
        .filter_map(|view| stands(view, id, &shared.receipts, environment))
        .map(|stands| (stands.name.clone(), stands))
        .collect()
}

/// An Asset as changes depend on it; `environment` tells that of a target's channel.
pub(crate) fn stands(
    view: &AssetView,
    id: &str,
    receipts: &Receipts,
    environment: impl Fn(&Target) -> Environment,
) -> Option<Standing> {
    let facts = view.facts()?;
    // While it is sent for the first time, the asset does not name its receipt yet.
    let of_its_slot = || facts.slot(id, environment(&facts.target)).receipt_name();
    let receipt_name = facts.remembered_receipt.clone().unwrap_or_else(of_its_slot);
    let receipt = receipts.get(view.namespace(), &receipt_name);
    let environment = receipt
        .as_ref()
        .and_then(|receipt| receipt.spec.as_ref().ok())
        .map_or_else(|| environment(&facts.target), |spec| spec.slot.environment);
    Some(Standing {
        name: view.name().to_owned(),
        slot: facts.slot(id, environment),
        type_: facts.type_,
        intent: facts.intent,
        sound: facts.stopped_by.is_none(),
        spec_digest: facts.spec_digest.clone(),
        content_digest: facts.content_digest.clone(),
        phase: phase(view),
        made: facts.made.clone(),
        approval: facts.approval.clone(),
        asks_since: facts
            .hold
            .as_ref()
            .and_then(|hold| hold.ended_at.as_ref())
            .map(|time| time.0),
        source: view.source(),
        receipt: receipt.map(|receipt| receipt.status.phase),
    })
}

/// Wakes every asset of a campaign.
pub(crate) fn wake_assets(namespace: &str, campaign: &str, shared: &Shared) {
    shared.wake_assets(|view| view.is_of(namespace, campaign));
}

#[expect(clippy::needless_pass_by_value, reason = "the controller of kube calls it so")]
/// After how long a campaign that could not be looked at is looked at again.
pub(crate) fn error_policy(guarded: Arc<Guarded<Campaign>>, error: &Error, shared: Arc<Shared>) -> Action {
    let name = guarded.meta().name.clone().unwrap_or_default();
    report::reconciled("campaign", &name, Err(error), &shared.metrics);
    Action::requeue(error.retry_after())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn campaign(suspend: bool, fetched: Option<&str>) -> Campaign {
        let parsed = json!({
            "type": "SourceParsed", "status": "True", "reason": "Parsed", "message": "",
            "lastTransitionTime": "2026-02-16T07:00:00Z", "observedGeneration": 1,
        });
        let campaign = json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "Campaign",
            "metadata": {"name": "week1", "namespace": "team"},
            "spec": {
                "source": {"git": {"url": "https://git.example.com/gtm.git", "branch": "main"}},
                "timeZone": "UTC", "suspend": suspend,
            },
            "status": {"conditions": [parsed], "lastFetchedAt": fetched},
        });
        serde_json::from_value(campaign).expect("a Campaign")
    }

    fn closed(campaign: &Campaign) -> Option<String> {
        facts_on_record(campaign, Look::Holds)
            .source_closed
            .map(|(reason, _)| reason)
    }

    #[test]
    fn whoever_starts_after_a_suspension_needs_the_branch_and_not_what_it_said_before() {
        assert_eq!(closed(&campaign(false, Some("2026-02-16T07:00:00Z"))), None);
        let resumed = campaign(false, None);
        assert_eq!(closed(&resumed).as_deref(), Some(SOURCE_NOT_READ_YET));
        // The switch says it by itself.
        assert_eq!(closed(&campaign(true, None)), None);
    }
}
