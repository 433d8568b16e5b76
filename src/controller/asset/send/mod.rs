//! Sending: prepare, write the intent, look once more, send once, write the outcome.

mod aftermath;
mod intent;
mod last_look;
mod outcome;

use kube::Api;

pub(super) use self::intent::proof;
use self::{
    aftermath::close_channel,
    outcome::{failure, not_prepared, outcome},
};
use super::{
    super::{
        channel_config::ChannelState, context::Shared, drawn, error::Error, outgoing::call,
        receipt::status_of,
    },
    observe::{self, Direct},
};
use crate::{
    api::{Receipt, ReceiptApproval, ReceiptStatus},
    domain::{
        gates::approval,
        plan::SendOrder,
        publication::{Publication, Words},
        receipt::{self as transitions, NewAttempt},
    },
    publish::{PublishError, Publisher},
};

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
    let attempt = drawn::id::<16>("id of an attempt")?;
    let mut publication = Publication::of(words(direct), order, &before, &attempt);
    if let Err(problem) = read_stored(shared, direct, &mut publication).await {
        let error = PublishError::not_sent("ContentMissing", problem);
        return not_prepared(shared, direct, order, &attempt, &error).await;
    }
    let prepared_id = match prepare(shared, publisher.as_ref(), &publication, order).await {
        Ok(id) => id,
        Err(error) => {
            let written = not_prepared(shared, direct, order, &attempt, &error).await;
            let outcome = failure(&error, shared.clock.now());
            Box::pin(close_channel(shared, direct, &channel, &outcome)).await;
            return written;
        }
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

/// What can be made ready unseen; what an earlier attempt of this epoch made is used again.
async fn prepare(
    shared: &Shared,
    publisher: &dyn Publisher,
    publication: &Publication,
    order: &SendOrder,
) -> Result<String, PublishError> {
    if let Some(id) = &order.prepared_id {
        return Ok(id.clone());
    }
    let preparing = publisher.prepare(publication);
    let prepared = call(shared.interceptor.as_ref(), "prepare", preparing).await?;
    Ok(prepared.id)
}

/// One attempt, from its intent on.
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
        let intent = transitions::begin(
            before,
            self.order,
            attempt,
            proof(self.shared, self.direct, &self.publication),
            now,
        );
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

    async fn read(&self) -> Result<Option<Receipt>, Error> {
        let api: Api<Receipt> = Api::namespaced(self.shared.client.clone(), self.direct.view.namespace());
        let name = self.publication.slot.receipt_name();
        api.get_opt(&name).await.map_err(Error::api("read a Receipt"))
    }

    /// The decisions that allow this send.
    fn allowed_by(&self) -> Vec<ReceiptApproval> {
        approval::recorded(&self.direct.observed, self.shared.clock.now())
    }
}

/// What the asset says, for the slot that it fills.
pub(super) fn words(direct: &Direct) -> Words {
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
///
/// # Errors
/// A sentence where words that are too long to stand in the Asset cannot be read.
pub(super) async fn publication_of_record(
    shared: &Shared,
    direct: &Direct,
    status: &ReceiptStatus,
) -> Result<Publication, String> {
    let mut publication = Publication::of_record(words(direct).as_sent(status), status);
    read_stored(shared, direct, &mut publication).await?;
    Ok(publication)
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
