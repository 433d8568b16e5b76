//! The intent: the write that locks, and what it puts on record.

use super::{
    super::{
        super::{
            context::Shared,
            error::Error,
            receipt::{replace, status_of},
        },
        observe::Direct,
    },
    Sending,
};
use crate::{
    api::{AssetSource, Receipt, ReceiptPhase, ReceiptStatus},
    domain::{
        gates::approval,
        guarding,
        publication::Publication,
        receipt::{Proof, SENT_BYTES},
    },
};

impl Sending<'_> {
    /// Writes the intent; where the answer was lost, our own attempt found on record means that we hold the lock.
    pub(super) async fn write_intent(
        &self,
        receipt: &Receipt,
        intent: ReceiptStatus,
    ) -> Result<Option<Receipt>, Error> {
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
}

/// What is to be proven for ever of what is sent, or asked of a person.
pub(in super::super) fn proof(shared: &Shared, direct: &Direct, publication: &Publication) -> Proof {
    let sent = serde_json::to_string(&publication.content).unwrap_or_default();
    let sent = if sent.len() <= SENT_BYTES {
        sent
    } else {
        format!("{} ({} bytes)", publication.content_digest, sent.len())
    };
    let status = direct.asset.status.as_ref();
    let approvals = approval::recorded(&direct.observed, shared.clock.now());
    Proof {
        type_: Some(publication.type_),
        scheduled_for: Some(publication.scheduled_for),
        source: status
            .and_then(|status| status.source.clone())
            .map(|source| AssetSource {
                places: None,
                ..source
            }),
        sent: Some(sent),
        approval: approval::told(&approvals),
        approvals,
        guard: guarding::of_receipt(&direct.observed.guards),
    }
}
