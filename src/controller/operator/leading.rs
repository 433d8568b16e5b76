//! Leading: the election, and what is woken by winning it.

use std::time::Duration;

use futures::StreamExt;
use kube::{Resource, runtime::reflector::ObjectRef};

use super::{
    super::{
        breaker,
        election::{Election, Leadership},
        error::Error,
    },
    Operator,
};

/// How long giving the Lease back may take.
const LONGEST_RELEASE: Duration = Duration::from_secs(3);

impl Operator {
    /// Fires each time this process becomes the leader.
    pub(super) fn became_leader(&self) -> impl futures::Stream<Item = ()> + Send + 'static {
        let leads = self.leadership.subscribe();
        futures::stream::unfold((leads, false), |(mut leads, mut led)| async move {
            loop {
                let now = leads.borrow_and_update().is_some();
                let elected = now && !led;
                led = now;
                if elected {
                    return Some(((), (leads, led)));
                }
                leads.changed().await.ok()?;
            }
        })
    }

    /// Wakes everything when this process becomes the leader.
    pub(super) async fn leading(&self) {
        let shared = &self.shared;
        let mut elected = Box::pin(self.became_leader());
        while elected.next().await.is_some() {
            tracing::info!(identity = self.identity, "this process leads");
            shared.metrics.leads(true);
            shared.wake_assets(|_| true);
            breaker::wake_all(shared);
            for campaign in shared.campaigns.state() {
                shared
                    .lanes
                    .stir(campaign.meta().namespace.as_deref().unwrap_or_default());
                shared.campaign_wakes.wake(ObjectRef::from_obj(campaign.as_ref()));
            }
        }
        std::future::pending::<()>().await;
    }

    /// Takes part in the election, once everything has been seen.
    ///
    /// # Errors
    /// Where this process may not lead any longer.
    pub(super) async fn election(&self) -> Result<(), Error> {
        // Whoever leads has seen everything once: what is missing from memory would be told as missing.
        self.shared.listed().await;
        if let Some(candidacy) = self.candidacy() {
            return candidacy.run().await;
        }
        self.leadership
            .send_replace(Some(Leadership::alone(&self.identity)));
        std::future::pending().await
    }

    /// Gives the Lease back, so that another replica need not wait for its end.
    pub(super) async fn release(&self) {
        if let Some(candidacy) = self.candidacy() {
            drop(tokio::time::timeout(LONGEST_RELEASE, candidacy.release()).await);
        }
    }

    /// None where a single replica holds no Lease.
    fn candidacy(&self) -> Option<Election<'_>> {
        Some(Election {
            leases: self.shared.leases.clone()?,
            identity: self.identity.clone(),
            clock: self.shared.clock.as_ref(),
            store_age: &self.shared.store_age,
            leadership: self.leadership.clone(),
        })
    }
}
