//! Reading the evidence: Assets and Receipts as memory has them, and the Halts that were made.

use std::fmt::Debug;

use kube::{Api, Resource, ResourceExt, runtime::reflector::ObjectRef};
use serde::de::DeserializeOwned;

use super::super::{
    channel_config::is_for,
    context::{Guarded, Shared},
    error::Error,
    view::{AssetView, ReceiptView, Standing, phase, publish_at},
};
use crate::{
    api::{
        AssetPhase, AttemptClass, BreakerState, Breakers, Campaign, ChannelConfig, Halt, ReceiptPhase,
        ReceiptSlot,
    },
    domain::{
        breakers::{EndedSend, Evidence, Happened, effective},
        halts::{HaltFacts, Scope},
        observed::campaign_id,
        receipt::undecided,
        slot::compared,
    },
};

/// What has breakers.
pub(crate) trait Watched:
    Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
{
    /// What its breakers watch over.
    fn scope(&self) -> Scope;
    /// Their settings.
    fn breakers(&self) -> Breakers;
    /// How they stood.
    fn states(&self) -> &[BreakerState];
    /// Whether an asset counts for it.
    fn counts_asset(&self, view: &AssetView) -> bool;
    /// Whether a slot counts for it.
    fn counts_slot(&self, slot: &ReceiptSlot) -> bool;

    /// What happened to what counts for it.
    fn evidence(&self, namespace: &str, shared: &Shared) -> Evidence {
        let ours = |view: &AssetView| view.namespace() == namespace && self.counts_asset(view);
        let mut evidence = Evidence {
            guard_failures: failures(&shared.assets.state_filter(ours)),
            ..Evidence::default()
        };
        for receipt in shared
            .receipts
            .of_namespace(namespace, |slot| self.counts_slot(slot))
        {
            count(&receipt, &mut evidence);
        }
        evidence
    }
}

impl Watched for Campaign {
    fn scope(&self) -> Scope {
        Scope::Campaign(self.name_any())
    }

    fn breakers(&self) -> Breakers {
        let spec = &self.spec;
        effective(
            &spec.breakers,
            spec.other_max_guard_failures_before_halt,
            spec.other_halt_until.as_ref(),
        )
    }

    fn states(&self) -> &[BreakerState] {
        self.status
            .as_ref()
            .map(|status| status.breakers.as_slice())
            .unwrap_or_default()
    }

    fn counts_asset(&self, view: &AssetView) -> bool {
        view.campaign() == self.metadata.name.as_deref()
    }

    fn counts_slot(&self, slot: &ReceiptSlot) -> bool {
        slot.campaign == compared(campaign_id(&self.name_any(), &self.spec))
    }
}

impl Watched for ChannelConfig {
    fn scope(&self) -> Scope {
        Scope::Channel(self.name_any())
    }

    fn breakers(&self) -> Breakers {
        let spec = &self.spec;
        effective(
            &spec.breakers,
            spec.other_max_guard_failures_before_halt,
            spec.other_halt_until.as_ref(),
        )
    }

    fn states(&self) -> &[BreakerState] {
        self.status
            .as_ref()
            .map(|status| status.breakers.as_slice())
            .unwrap_or_default()
    }

    fn counts_asset(&self, view: &AssetView) -> bool {
        view.target()
            .is_some_and(|(platform, account)| is_for(self, platform, account))
    }

    fn counts_slot(&self, slot: &ReceiptSlot) -> bool {
        slot.environment == self.spec.environment && is_for(self, &slot.platform, &slot.account)
    }
}

/// The ChannelConfig of that name, as memory has it.
pub(super) fn channel(namespace: &str, name: &str, shared: &Shared) -> Option<ChannelConfig> {
    let guarded = shared
        .channel_configs
        .get(&ObjectRef::new(name).within(namespace))?;
    guarded.0.as_ref().ok().cloned()
}

/// The assets that a guard stops or whose row is Invalid, each at its due instant.
fn failures(views: &[std::sync::Arc<AssetView>]) -> Vec<Happened> {
    let stopped =
        |view: &AssetView| phase(view) == AssetPhase::Invalid || view.standing() == Standing::GuardFailed;
    let views = views.iter().filter(|view| stopped(view));
    views
        .filter_map(|view| {
            Some(Happened {
                at: publish_at(view)?,
                what: view.name().to_owned(),
            })
        })
        .collect()
}

fn count(receipt: &ReceiptView, evidence: &mut Evidence) {
    let Ok(spec) = &receipt.spec else { return };
    let status = &receipt.status;
    let what = format!(
        "{} to {}/{}",
        spec.slot.post_id, spec.slot.platform, spec.slot.account
    );
    if status.phase == ReceiptPhase::Published
        && let Some(at) = &status.published_at
    {
        evidence.sends.push(EndedSend {
            at: at.0,
            published: true,
            what: what.clone(),
        });
    }
    if status.phase == ReceiptPhase::Unknown
        && let Some(attempt) = undecided(status).last()
    {
        let at = attempt.ended_at.as_ref().unwrap_or(&attempt.started_at).0;
        evidence.unknown.push(Happened {
            at,
            what: what.clone(),
        });
    }
    for attempt in &status.attempts {
        let Some(at) = attempt.ended_at.as_ref().map(|time| time.0) else {
            continue;
        };
        let failed = matches!(
            attempt.class,
            Some(AttemptClass::NotSent | AttemptClass::Rejected | AttemptClass::Refused)
        );
        if failed {
            evidence.sends.push(EndedSend {
                at,
                published: false,
                what: what.clone(),
            });
        }
        if attempt.class == Some(AttemptClass::Refused) {
            evidence.refused.push(Happened {
                at,
                what: what.clone(),
            });
        }
    }
}

/// The Halts that its breakers have made, read directly: one that memory does not show yet was not lifted.
pub(super) async fn halts<K: Watched>(
    object: &K,
    namespace: &str,
    shared: &Shared,
) -> Result<Vec<HaltFacts>, Error> {
    let api: Api<Guarded<Halt>> = Api::namespaced(shared.client.clone(), namespace);
    let mut halts = Vec::new();
    for name in object.states().iter().filter_map(|state| state.halt.as_ref()) {
        let read = api.get_opt(name).await.map_err(Error::api("read a Halt"))?;
        halts.extend(read.map(|guarded| whatever_it_matches(&guarded)));
    }
    Ok(halts)
}

fn whatever_it_matches(guarded: &Guarded<Halt>) -> HaltFacts {
    let meta = guarded.meta();
    let created = meta.creation_timestamp.as_ref();
    let since = created.map_or(jiff::Timestamp::UNIX_EPOCH, |time| time.0);
    let name = meta.name.as_deref().unwrap_or_default();
    match &guarded.0 {
        Ok(halt) => HaltFacts::of(name, halt, since),
        Err(invalid) => HaltFacts::unreadable(name, &invalid.error, since),
    }
}
