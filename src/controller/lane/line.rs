//! Keeping the lines: whenever something changes that they depend on, and waking whose turn comes sooner.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures::StreamExt as _;
use kube::{Resource, runtime::reflector::ObjectRef};

use super::{
    super::{
        asset::{observed_alone, observed_from_memory},
        channel_config,
        context::Shared,
        view::{AssetView, publish_at},
    },
    facts::record,
};
use crate::domain::{
    decide::decide,
    gates::candidate,
    limits::{AccountKey, Candidate, LONGEST_LINE, Line, Taken, turns},
};

/// For how long changes are gathered before a line is looked at again.
const GATHERING: Duration = Duration::from_millis(500);

/// Keeps the lines of all namespaces.
pub(in super::super) async fn keep(shared: &Arc<Shared>) {
    let mut stirred = Box::pin(shared.lanes.stirred.stream().ready_chunks(1024));
    while let Some(namespaces) = stirred.next().await {
        tokio::time::sleep(GATHERING).await;
        let namespaces: BTreeSet<String> = namespaces.into_iter().collect();
        for namespace in namespaces {
            if shared.leads().is_some() {
                renew(shared, &namespace).await;
            }
        }
    }
}

/// Looks at the line of a namespace, and wakes those for whom it says something else.
async fn renew(shared: &Arc<Shared>, namespace: &str) {
    let limited = Limited::of(shared, namespace);
    let line = if limited.is_nothing() {
        Line::new()
    } else {
        line(shared, namespace, &limited).await
    };
    let before = shared.lanes.replace(namespace, line.clone());
    for (asset, turn) in &line {
        if turn.is_news_after(before.get(asset)) {
            shared.asset_wakes.wake(ObjectRef::new(asset).within(namespace));
        }
    }
    for asset in before.keys().filter(|asset| !line.contains_key(*asset)) {
        shared.asset_wakes.wake(ObjectRef::new(asset).within(namespace));
    }
}

/// What is limited in a namespace.
struct Limited {
    accounts: BTreeSet<AccountKey>,
    campaigns: BTreeSet<String>,
    /// The bucket of each account that has one.
    buckets: BTreeMap<AccountKey, String>,
}

impl Limited {
    fn of(shared: &Shared, namespace: &str) -> Self {
        let mut limited = Self {
            accounts: BTreeSet::new(),
            campaigns: BTreeSet::new(),
            buckets: BTreeMap::new(),
        };
        for guarded in shared.channel_configs.state() {
            let Ok(config) = &guarded.0 else { continue };
            let on_record = channel_config::limits_on_record(config);
            if config.metadata.namespace.as_deref() != Some(namespace) || !on_record.need_a_lane {
                continue;
            }
            let account = AccountKey::of(&config.spec.platform, &config.spec.account);
            if let Some(bucket) = on_record.bucket {
                limited.buckets.insert(account.clone(), bucket.name);
            }
            limited.accounts.insert(account);
        }
        for guarded in shared.campaigns.state() {
            let Ok(campaign) = &guarded.0 else { continue };
            let spec = &campaign.spec;
            let capped = spec.max_publishes_per_day.or(spec.other_max_publishes_per_day);
            if campaign.meta().namespace.as_deref() == Some(namespace) && capped.is_some() {
                limited.campaigns.extend(campaign.meta().name.clone());
            }
        }
        limited
    }

    fn is_nothing(&self) -> bool {
        self.accounts.is_empty() && self.campaigns.is_empty()
    }

    fn holds(&self, view: &AssetView) -> bool {
        let of_campaign = view.campaign().is_some_and(|name| self.campaigns.contains(name));
        of_campaign
            || view
                .target()
                .is_some_and(|(platform, account)| self.accounts.contains(&AccountKey::of(platform, account)))
    }
}

async fn line(shared: &Arc<Shared>, namespace: &str, limited: &Limited) -> Line {
    let now = shared.clock.now();
    let mut views = shared
        .assets
        .state_filter(|view| view.namespace() == namespace && limited.holds(view));
    views.sort_by_cached_key(|view| (publish_at(view), view.name().to_owned()));
    let mut candidates = Vec::new();
    for (number, view) in views.iter().enumerate() {
        if candidates.len() >= LONGEST_LINE {
            break;
        }
        candidates.extend(candidate_of(shared, view));
        // Others have work too.
        if number % 100 == 99 {
            tokio::task::yield_now().await;
        }
    }
    if candidates.is_empty() {
        return Line::new();
    }
    let mut taken = Taken::default();
    shared.receipts.each(namespace, |view| {
        if let Some(record) = record(view).filter(|record| !record.effects.is_empty()) {
            let bucket = limited.buckets.get(&AccountKey::of_slot(record.slot));
            taken.record(&record, bucket.map(String::as_str), now);
        }
    });
    turns(candidates, taken, now)
}

/// The place of an asset in the line, if it has one.
fn candidate_of(shared: &Shared, view: &AssetView) -> Option<Candidate> {
    let is_part = view.item().is_some_and(|item| item != "main");
    let observed = if is_part {
        // Only the receipts of its account say whether its thread has begun.
        observed_from_memory(shared, view)
    } else {
        observed_alone(shared, view)
    }?;
    let now = shared.clock.now();
    candidate(&observed, &decide(&observed, now), now)
}
