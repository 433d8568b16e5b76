//! The last look: whether the same send would be decided on what stands now.

use super::{
    super::{
        super::{election::LEASE_NAME, error::Error},
        observe::{self, Direct, Known},
    },
    Sending, state,
};
use crate::{
    api::{Receipt, ReceiptStatus},
    domain::{decide::decide, observed::Observed, plan::Action},
};

impl Sending<'_> {
    /// Decides once more on what is read directly; anything but the same send says why not.
    pub(super) async fn last_look(
        &self,
        locked: &Receipt,
        before: &ReceiptStatus,
    ) -> Result<Option<String>, Error> {
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
}
