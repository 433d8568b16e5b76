//! Sending: prepare, write the intent, look once more, send once, write the outcome.

use jiff::Timestamp;
use kube::{
    Api, Resource, ResourceExt,
    api::{Patch, PatchParams},
};
use serde_json::json;

use super::{
    super::{
        channel_config::ChannelState,
        context::Shared,
        election::LEASE_NAME,
        error::Error,
        outgoing::call,
        receipt::{replace, status_of},
        report::Notice,
    },
    execute::retry_policy,
    observe::{self, Direct, Known},
};
use crate::{
    api::{AssetSource, ChannelConfig, Receipt, ReceiptApproval, ReceiptPhase, ReceiptStatus},
    domain::{
        decide::decide,
        gates::approval,
        guarding,
        observed::Observed,
        plan::{Action, SendOrder},
        publication::{Publication, Words},
        receipt::{self as transitions, NewAttempt, Outcome, Proof, SENT_BYTES, shortened},
    },
    publish::{self, PublishError, Publisher},
};

/// How often an answer in hand is tried to be written before it is given up to the next look.
const OUTCOME_TRIES: u32 = 60;
/// The longest pause between two of these tries.
const LONGEST_PAUSE: std::time::Duration = std::time::Duration::from_secs(10);

fn state(shared: &Shared, direct: &Direct) -> Option<ChannelState> {
    let [channel] = direct.observed.channels.as_slice() else {
        return None;
    };
    shared.channels.get(direct.view.namespace(), &channel.name)
}

/// Sends once, as ordered; answers the receipt as it then stands, where that is known.
pub(super) async fn send(
    shared: &Shared,
    direct: &Direct,
    order: &SendOrder,
) -> Result<Option<Receipt>, Error> {
    let (Some(channel), Some(receipt)) = (state(shared, direct), &direct.receipt) else {
        return Ok(direct.receipt.clone());
    };
    let Ok(publisher) = channel.publisher.clone() else {
        return Ok(direct.receipt.clone());
    };
    let before = status_of(receipt);
    let attempt = attempt_id();
    let mut publication = Publication::of(words(direct), order, &before, &attempt);
    if let Err(problem) = read_stored(shared, direct, &mut publication).await {
        let error = PublishError::not_sent("ContentMissing", problem);
        return not_prepared(shared, direct, order, &attempt, &error).await;
    }
    let prepared_id = match &order.prepared_id {
        Some(id) => id.clone(),
        None => match call(
            shared.interceptor.as_ref(),
            "prepare",
            publisher.prepare(&publication),
        )
        .await
        {
            Ok(prepared) => prepared.id,
            Err(error) => {
                let written = not_prepared(shared, direct, order, &attempt, &error).await;
                let outcome = failure(&error, shared.clock.now());
                Box::pin(close_channel(shared, direct, &channel, &outcome)).await;
                return written;
            }
        },
    };
    publication.prepared_id = Some(prepared_id.clone());
    let sending = Sending {
        shared,
        direct,
        order,
        attempt,
        publication,
        channel,
        publisher: publisher.as_ref(),
        prepared_id,
    };
    Box::pin(sending.run(receipt, &before)).await
}

/// 128 random bits in hex: no two attempts ever share an id.
fn attempt_id() -> String {
    let mut bytes = [0_u8; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // The operating system has no randomness: time and address make ids differ all the same.
        bytes = Timestamp::now().as_nanosecond().to_be_bytes();
    }
    data_encoding::HEXLOWER.encode(&bytes)
}

struct Sending<'a> {
    shared: &'a Shared,
    direct: &'a Direct,
    order: &'a SendOrder,
    attempt: String,
    publication: Publication,
    /// The channel as it was when the attempt began.
    channel: ChannelState,
    publisher: &'a dyn Publisher,
    prepared_id: String,
}

impl Sending<'_> {
    async fn run(&self, receipt: &Receipt, before: &ReceiptStatus) -> Result<Option<Receipt>, Error> {
        let now = self.shared.clock.now();
        let attempt = NewAttempt {
            id: self.attempt.clone(),
            sender: self.shared.sender.clone(),
            prepared_id: Some(self.prepared_id.clone()),
        };
        let intent = transitions::begin(before, self.order, attempt, self.proof(), now);
        let live = self.shared.live.enter(&self.attempt);
        // Whoever stops waits for the live ones alone: nothing begins that it did not see.
        if self.shared.leads().is_none() {
            return Ok(None);
        }
        // This write is the lock: whoever gets a conflict does not send.
        let Some(locked) = self.write_intent(receipt, intent).await? else {
            return Ok(None);
        };
        match self.last_look(&locked, before).await {
            Ok(None) => {}
            Ok(Some(why)) => return self.abandon(&locked, before, &why).await,
            // Whoever cannot look does not send, and tries again later.
            Err(error) => {
                self.abandon(&locked, before, error.reason()).await?;
                return Err(error);
            }
        }
        let result = call(
            self.shared.interceptor.as_ref(),
            "commit",
            self.publisher.commit(&self.publication, &self.prepared_id),
        )
        .await;
        let outcome = outcome(&result, self.shared.clock.now());
        let written = self.write_outcome(locked, &outcome).await;
        drop(live);
        self.aftermath(&result, &outcome).await;
        written
    }

    /// Writes the intent; where the answer was lost, our own attempt found on record means that we hold the lock.
    async fn write_intent(&self, receipt: &Receipt, intent: ReceiptStatus) -> Result<Option<Receipt>, Error> {
        match replace(self.shared, receipt, intent).await {
            Ok(Some(locked)) => Ok(Some(locked)),
            Ok(None) => Ok(None),
            Err(error) => {
                let found = self.read().await?;
                let ours = found.filter(|found| {
                    let status = status_of(found);
                    status.phase == ReceiptPhase::Sending
                        && status
                            .attempts
                            .last()
                            .is_some_and(|attempt| attempt.id == self.attempt)
                });
                ours.map(Some).ok_or(error)
            }
        }
    }

    async fn read(&self) -> Result<Option<Receipt>, Error> {
        let api: Api<Receipt> = Api::namespaced(self.shared.client.clone(), self.direct.view.namespace());
        let name = self.publication.slot.receipt_name();
        api.get_opt(&name).await.map_err(Error::api("read a Receipt"))
    }

    /// The decisions that allow this send.
    fn allowed_by(&self) -> Vec<ReceiptApproval> {
        approval::recorded(&self.direct.observed, self.shared.clock.now())
    }

    fn proof(&self) -> Proof {
        let asset = &self.direct.asset;
        let sent = serde_json::to_string(&self.publication.content).unwrap_or_default();
        let sent = if sent.len() <= SENT_BYTES {
            sent
        } else {
            format!("{} ({} bytes)", self.order.content_digest, sent.len())
        };
        let status = asset.status.as_ref();
        let approvals = self.allowed_by();
        Proof {
            type_: Some(self.publication.type_),
            scheduled_for: Some(self.publication.scheduled_for),
            source: status
                .and_then(|status| status.source.clone())
                .map(|source| AssetSource {
                    places: None,
                    ..source
                }),
            sent: Some(sent),
            approval: approval::told(&approvals),
            approvals,
            guard: guarding::of_receipt(&self.direct.observed.guards),
        }
    }

    /// Decides once more on what is read directly; anything but the same send says why not.
    async fn last_look(&self, locked: &Receipt, before: &ReceiptStatus) -> Result<Option<String>, Error> {
        let shared = self.shared;
        let (lease, receipt, fresh) = futures::future::join3(
            self.still_leads(),
            self.read(),
            observe::directly(shared, &self.direct.view, Known::Holds(locked)),
        )
        .await;
        if !lease? {
            return Ok(Some("LeaseLost".to_owned()));
        }
        let same = receipt?.is_some_and(|receipt| {
            receipt.metadata.uid == locked.metadata.uid
                && receipt.metadata.resource_version == locked.metadata.resource_version
        });
        if !same {
            return Ok(Some("ReceiptChanged".to_owned()));
        }
        let Some(fresh) = fresh? else {
            return Ok(Some("AssetGone".to_owned()));
        };
        Ok(self.objection(&fresh, before))
    }

    fn objection(&self, fresh: &Direct, before: &ReceiptStatus) -> Option<String> {
        let mut observed: Observed = fresh.observed.clone();
        if let Some(receipt) = &mut observed.receipt {
            receipt.status = before.clone();
        }
        let same_channel = state(self.shared, fresh).is_some_and(|state| state.uid == self.channel.uid);
        let plan = decide(&observed, self.shared.clock.now());
        match plan.action {
            Action::Send(order) if order == *self.order && same_channel => None,
            Action::Send(_) => Some("PlanChanged".to_owned()),
            _ => Some(plan.reason),
        }
    }

    /// Reads the Lease directly: still ours, in the same term, and not past its time on a clock that counts suspension.
    async fn still_leads(&self) -> Result<bool, Error> {
        let Some(leadership) = self.shared.leads() else {
            return Ok(false);
        };
        let (Some(leases), Some(transitions)) = (&self.shared.leases, leadership.transitions) else {
            return Ok(true);
        };
        let lease = self
            .shared
            .fresh
            .read(leases, LEASE_NAME, "read the Lease")
            .await?;
        let spec = lease.and_then(|lease| lease.spec.clone()).unwrap_or_default();
        let ours = spec.holder_identity.as_deref() == Some(&leadership.holder)
            && spec.lease_transitions.unwrap_or(0) == transitions;
        if !ours {
            // Nothing more is begun until the election has noticed too and ends the process.
            self.shared.lose(leadership);
        }
        Ok(ours && self.shared.leads().is_some())
    }

    /// Gives the attempt up: nothing was sent, and that is written whatever the phase has become.
    async fn abandon(
        &self,
        locked: &Receipt,
        before: &ReceiptStatus,
        why: &str,
    ) -> Result<Option<Receipt>, Error> {
        tracing::info!(
            asset = self.direct.view.name(),
            reason = why,
            "an attempt was given up before it was sent"
        );
        self.write_until_stored(locked.clone(), |status, now| {
            transitions::abandon(before, status, &self.attempt, why, now)
        })
        .await
    }

    /// An answer in hand is written until it is stored, whatever the phase has become.
    async fn write_outcome(&self, locked: Receipt, outcome: &Outcome) -> Result<Option<Receipt>, Error> {
        let retry = retry_policy(self.direct);
        self.write_until_stored(locked, |status, now| {
            transitions::record(status, &self.attempt, outcome, &retry, now)
        })
        .await
    }

    /// Writes what follows from the newest status, reading it again where somebody else wrote first.
    async fn write_until_stored(
        &self,
        locked: Receipt,
        next: impl Fn(&ReceiptStatus, Timestamp) -> ReceiptStatus + Send,
    ) -> Result<Option<Receipt>, Error> {
        let mut standing = Some(locked);
        let mut pause = std::time::Duration::from_millis(50);
        let mut last = None;
        for _ in 0..OUTCOME_TRIES {
            if standing.is_none() {
                standing = self.read().await.unwrap_or_default();
            }
            if let Some(receipt) = standing.take() {
                let status = next(&status_of(&receipt), self.shared.clock.now());
                match replace(self.shared, &receipt, status).await {
                    Ok(Some(written)) => return Ok(Some(written)),
                    Ok(None) => continue,
                    Err(error) => last = Some(error),
                }
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        last.map_or(Ok(None), Err)
    }

    /// What the campaign asks of approvers was set aside: somebody should hear of that without looking for it.
    async fn tell_of_an_emergency(&self) {
        let allowed_by = self.allowed_by();
        let Some(glass) = allowed_by.iter().find(|approval| approval.break_glass.is_some()) else {
            return;
        };
        let note = format!(
            "It was published in an emergency, by {}.",
            approval::told(std::slice::from_ref(glass)).unwrap_or_default()
        );
        let notice = Notice {
            warns: true,
            reason: "BreakGlass",
            action: "Publish",
            note: &note,
            occurrence: &self.attempt,
        };
        let regarding = self.direct.view.object_ref(&());
        self.shared
            .reporter
            .emit(regarding, notice, self.shared.clock.now())
            .await;
    }

    /// What follows a send and may never repeat it: counts, the channel's own state.
    async fn aftermath(&self, result: &Result<publish::Published, PublishError>, outcome: &Outcome) {
        let channel = self.publisher.channel_type();
        self.shared.metrics.published(
            channel,
            result.as_ref().map_or_else(PublishError::reason, |_| "Published"),
        );
        if let (Ok(_), Some(due)) = (result, self.direct.observed.asset.publish_at) {
            let delay = self.shared.clock.now().duration_since(due);
            self.shared.metrics.publish_delay(delay.as_secs_f64());
        }
        if result.is_ok() {
            self.tell_of_an_emergency().await;
        }
        close_channel(self.shared, self.direct, &self.channel, outcome).await;
    }
}

/// What a platform said about the account, or about how often it may be asked, holds for the whole channel; whatever was
/// called when it said so.
async fn close_channel(shared: &Shared, direct: &Direct, channel: &ChannelState, outcome: &Outcome) {
    let patch = match outcome {
        Outcome::Refused(said) => {
            // What was refused is what was sent with: a Secret that was mended meanwhile was not.
            let refused = json!({"message": said, "configurationDigest": channel.configuration_digest});
            json!({"status": {"refused": refused}})
        }
        Outcome::RateLimited(_, until) => json!({"status": {"rateLimitedUntil": until.to_string()}}),
        _ => return,
    };
    let (namespace, target) = (direct.view.namespace(), &direct.asset.spec.target);
    let [facts] = direct.observed.channels.as_slice() else {
        return;
    };
    let api: Api<ChannelConfig> = Api::namespaced(shared.client.clone(), namespace);
    let written = api
        .patch_status(&facts.name, &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    let Ok(config) = written else { return };
    shared.wake_assets(|view| {
        view.namespace() == namespace
            && view.target() == Some((target.platform.as_str(), target.account.as_str()))
    });
    if let Outcome::Refused(_) = outcome {
        let note = format!(
            "The platform refused ChannelConfig {}; its assets wait.",
            config.name_any()
        );
        let notice = Notice {
            warns: true,
            reason: "ChannelRefused",
            action: "Publish",
            note: &note,
            occurrence: &channel.configuration_digest,
        };
        let regarding = config.object_ref(&());
        shared.reporter.emit(regarding, notice, shared.clock.now()).await;
    }
}

/// What a call of a channel means for the receipt.
fn outcome(result: &Result<publish::Published, PublishError>, now: Timestamp) -> Outcome {
    match result {
        Ok(published) => Outcome::Published {
            remote_id: published.remote_id.clone(),
            url: published.url.clone(),
        },
        Err(error) => failure(error, now),
    }
}

fn failure(error: &PublishError, now: Timestamp) -> Outcome {
    let said = shortened(&format!("{}: {error}", error.reason()), 500);
    match error.class() {
        publish::Outcome::NotSent {
            retry_after: Some(after),
        }
        | publish::Outcome::RateLimited { retry_after: after } => {
            Outcome::RateLimited(said, whole_second_after(now, after))
        }
        publish::Outcome::NotSent { retry_after: None } => Outcome::NotSent(said),
        publish::Outcome::Refused => Outcome::Refused(said),
        publish::Outcome::Rejected => Outcome::Rejected(said),
        publish::Outcome::Drifted => Outcome::Drifted(said),
        publish::Outcome::Unknown => Outcome::Unknown(said),
    }
}

/// So long from now, and not before: a receipt keeps whole seconds.
fn whole_second_after(now: Timestamp, after: std::time::Duration) -> Timestamp {
    let until = now.checked_add(after).unwrap_or(now);
    let begun = i64::from(until.subsec_nanosecond() > 0);
    Timestamp::from_second(until.as_second() + begun).unwrap_or(until)
}

/// What could not even be prepared counts as an attempt that certainly did not leave, or was refused.
async fn not_prepared(
    shared: &Shared,
    direct: &Direct,
    order: &SendOrder,
    attempt: &str,
    error: &PublishError,
) -> Result<Option<Receipt>, Error> {
    let Some(receipt) = &direct.receipt else {
        return Ok(None);
    };
    let now = shared.clock.now();
    let new = NewAttempt {
        id: attempt.to_owned(),
        sender: shared.sender.clone(),
        prepared_id: None,
    };
    let intent = transitions::begin(&status_of(receipt), order, new, Proof::default(), now);
    // Nothing of a preparation can be seen by a reader: whatever became of it, nothing was published.
    let outcome = match failure(error, now) {
        Outcome::Unknown(said) => Outcome::NotSent(said),
        outcome => outcome,
    };
    let status = transitions::record(&intent, attempt, &outcome, &retry_policy(direct), now);
    replace(shared, receipt, status).await
}

/// What the asset says, for the slot that it fills.
fn words(direct: &Direct) -> Words {
    Words {
        slot: observe::slot(
            &direct.observed.asset,
            direct.observed.campaign.as_ref(),
            &direct.observed.channels,
        ),
        type_: direct.asset.spec.type_,
        content: direct.asset.spec.content.clone(),
        due: direct.observed.asset.publish_at,
    }
}

/// The publication that an undecided attempt on record tried, for looking it up.
pub(super) fn publication_of_record(direct: &Direct, status: &ReceiptStatus) -> Publication {
    Publication::of_record(words(direct), status)
}

/// Brings in text and HTML that are too long to stand in the Asset.
async fn read_stored(shared: &Shared, direct: &Direct, publication: &mut Publication) -> Result<(), String> {
    let Some(stored) = publication.content.stored.clone() else {
        return Ok(());
    };
    let content = shared
        .sources
        .stored(shared, direct.campaign.as_deref(), &direct.asset, &stored)
        .await?;
    publication.content.text = content.text;
    publication.content.html = content.html;
    Ok(())
}
