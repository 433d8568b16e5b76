//! Executing plans: one action after the other until there is nothing left to do for now.

use std::sync::Arc;

use kube::{Api, ResourceExt, api::PostParams, core::ObjectMeta};

use super::{
    super::{
        context::Shared,
        error::Error,
        lane::Pass,
        receipt::{UnsettledReceipt, noted, replace, settle, status_of},
        view::AssetView,
    },
    ask,
    observe::{self, Direct, Known},
    send,
};
use crate::{
    api::{
        AssetSpec, LABEL_CAMPAIGN, LABEL_LOCALE, LABEL_PLATFORM, Receipt, ReceiptSpec, ReceiptStatus,
        RetryPolicy,
    },
    domain::{
        decide::decide,
        gates::needs_a_lane,
        observed::Observed,
        plan::{Action, Plan},
        receipt as transitions,
    },
};

/// How many actions one reconciliation takes at most; the rest follows in the next.
const ACTIONS: usize = 6;

/// What stands when nothing is left to do for now.
pub(super) type Settled = (Arc<AssetView>, Observed, Plan);

/// Reads directly, decides, and acts, until the plan is to wait.
///
/// Where memory knows of no receipt it is not looked for before the claim: its unique name decides. What a claim or a send
/// answered is taken up without reading the asset again: a send has its own last look, and after one there is only its
/// outcome to tell. Without a pass nothing is claimed or sent that has to go through a lane.
pub(super) async fn run(
    shared: &Shared,
    view: &AssetView,
    presumed_absent: bool,
    pass: Option<&Pass>,
) -> Result<Option<Settled>, Error> {
    let mut next = None;
    let mut last = None;
    if presumed_absent {
        let Some(direct) = observe::directly(shared, view, Known::PresumedAbsent).await? else {
            return Ok(None);
        };
        if decide(&direct.observed, shared.clock.now()).action == Action::Claim {
            let claimed = claim(shared, &direct).await?;
            next = claimed.map(|receipt| direct.holding(shared, receipt));
        }
    }
    for _ in 0..ACTIONS {
        if shared.leads().is_none() {
            return Ok(None);
        }
        let direct = match next.take() {
            Some(direct) => direct,
            None => match observe::directly(shared, view, Known::Nothing).await? {
                Some(direct) => direct,
                None => return Ok(None),
            },
        };
        let plan = decide(&direct.observed, shared.clock.now());
        if plan.action == Action::Wait {
            return Ok(Some((direct.view, direct.observed, plan)));
        }
        if plan.action.publishes() && pass.is_none() && needs_a_lane(&direct.observed) {
            // What led here has settled a doubt, or the limits are new: it waits for its turn like everybody.
            shared.lanes.stir(view.namespace());
            return Ok(None);
        }
        let receipt = act(shared, &direct, &plan).await?;
        last = Some((Arc::clone(&direct.view), direct.observed.clone(), plan.clone()));
        next = Box::pin(follow(shared, view, direct, &plan, receipt)).await?;
    }
    Ok(last)
}

/// What is known after an action; none where it has to be read again.
async fn follow(
    shared: &Shared,
    view: &AssetView,
    direct: Direct,
    plan: &Plan,
    receipt: Option<Receipt>,
) -> Result<Option<Direct>, Error> {
    let Some(receipt) = receipt else { return Ok(None) };
    let before = direct
        .receipt
        .as_ref()
        .and_then(|receipt| receipt.metadata.resource_version.as_ref());
    match plan.action {
        Action::Claim => Ok(Some(direct.holding(shared, receipt))),
        Action::Send(_) if before != receipt.metadata.resource_version.as_ref() => {
            let sent = direct.holding(shared, receipt);
            let rests = decide(&sent.observed, shared.clock.now()).action == Action::Wait;
            Ok(rests.then_some(sent))
        }
        _ => Box::pin(observe::directly(shared, view, Known::Holds(&receipt))).await,
    }
}

/// Takes one action; answers the receipt as it now stands, where that is known.
async fn act(shared: &Shared, direct: &Direct, plan: &Plan) -> Result<Option<Receipt>, Error> {
    let now = shared.clock.now();
    match &plan.action {
        Action::Wait => Ok(direct.receipt.clone()),
        Action::Claim => claim(shared, direct).await,
        Action::RecordByHand => {
            let digest = direct.observed.asset.content_digest.clone();
            record_new(shared, direct, |before| {
                transitions::by_hand(before, &digest, now)
            })
            .await
        }
        Action::HoldAsUnknown if direct.receipt.is_some() => settled(shared, direct, &plan.action).await,
        Action::HoldAsUnknown => {
            let restored_at = shared.restored_at.unwrap_or(now);
            record_new(shared, direct, |before| {
                transitions::hold_after_restore(before, restored_at)
            })
            .await
        }
        Action::Send(order) => send::send(shared, direct, order).await,
        Action::Ask(order) => ask::ask(shared, direct, order).await,
        Action::Withdraw { reason } => ask::withdraw(shared, direct, reason).await,
        Action::MarkUnknown { .. } | Action::LookUp | Action::SettleAbsent | Action::Release => {
            settled(shared, direct, &plan.action).await
        }
    }
}

pub(super) fn retry_policy(direct: &Direct) -> RetryPolicy {
    direct
        .campaign
        .as_ref()
        .map(|campaign| campaign.spec.retry.clone())
        .unwrap_or_default()
}

/// Creates the receipt: its unique name is the claim. Already there: it is read again.
async fn claim(shared: &Shared, direct: &Direct) -> Result<Option<Receipt>, Error> {
    let campaign = direct.observed.campaign.as_ref();
    let slot = observe::slot(&direct.observed.asset, campaign, &direct.observed.channels);
    let receipt = Receipt {
        metadata: ObjectMeta {
            name: Some(slot.receipt_name()),
            namespace: direct.asset.namespace(),
            labels: Some(labels(&direct.asset.spec)),
            ..ObjectMeta::default()
        },
        spec: ReceiptSpec {
            slot: slot.fields().clone(),
        },
        status: None,
    };
    let seen = shared.store_age.highest();
    match api(shared, direct).create(&PostParams::default(), &receipt).await {
        Ok(created) => Ok(Some(noted(shared, created, (0, seen)))),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
        Err(source) => Err(Error::api("create a Receipt")(source)),
    }
}

/// Labels of our own alone, as far as their values can be label values: those that GitOps tools track a Campaign by are
/// never copied.
pub(crate) fn labels(spec: &AssetSpec) -> std::collections::BTreeMap<String, String> {
    [
        (LABEL_CAMPAIGN, &spec.campaign),
        (LABEL_PLATFORM, &spec.target.platform),
        (LABEL_LOCALE, &spec.locale),
    ]
    .into_iter()
    .filter(|(_, value)| is_label_value(value))
    .map(|(key, value)| (key.to_owned(), value.clone()))
    .collect()
}

/// Whether Kubernetes takes a text as the value of a label.
fn is_label_value(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= 63
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        && edge(text.chars().next())
        && edge(text.chars().next_back())
}

fn api(shared: &Shared, direct: &Direct) -> Api<Receipt> {
    Api::namespaced(shared.client.clone(), direct.view.namespace())
}

/// Creates the receipt where there is none, then writes its first status.
async fn record_new(
    shared: &Shared,
    direct: &Direct,
    next: impl Fn(&ReceiptStatus) -> ReceiptStatus,
) -> Result<Option<Receipt>, Error> {
    let receipt = match &direct.receipt {
        Some(receipt) => Some(receipt.clone()),
        None => claim(shared, direct).await?,
    };
    match receipt {
        Some(receipt) => replace(shared, &receipt, next(&status_of(&receipt))).await,
        None => Ok(None),
    }
}

/// Settles the receipt, as for one without an Asset.
pub(super) async fn settled(
    shared: &Shared,
    direct: &Direct,
    action: &Action,
) -> Result<Option<Receipt>, Error> {
    let Some(receipt) = &direct.receipt else {
        return Ok(None);
    };
    let unsettled = UnsettledReceipt {
        receipt,
        observed: &direct.observed,
        retry: &retry_policy(direct),
    };
    let status = status_of(receipt);
    let publication = async {
        send::publication_of_record(shared, direct, &status)
            .await
            .map(Some)
    };
    settle(shared, &unsettled, action, publication).await
}
