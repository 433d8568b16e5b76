//! The outcome: what an answer means, and writing it until it is stored.

use std::time::Duration;

use jiff::Timestamp;

use super::{
    super::{
        super::{
            context::Shared,
            error::Error,
            receipt::{replace, status_of},
        },
        execute::retry_policy,
        observe::Direct,
    },
    Sending,
};
use crate::{
    api::{Receipt, ReceiptStatus},
    domain::{
        plan::SendOrder,
        receipt::{self as transitions, NewAttempt, Outcome, Proof, shortened},
    },
    publish::{self, PublishError},
};

/// How often an answer in hand is tried to be written before it is given up to the next look.
const OUTCOME_TRIES: u32 = 60;
/// The longest pause between two of these tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl Sending<'_> {
    /// Gives the attempt up: nothing was sent, and that is written whatever the phase has become.
    pub(super) async fn abandon(
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
    pub(super) async fn write_outcome(
        &self,
        locked: Receipt,
        outcome: &Outcome,
    ) -> Result<Option<Receipt>, Error> {
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
        let mut pause = Duration::from_millis(50);
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
}

/// What a call of a channel means for the receipt.
pub(super) fn outcome(result: &Result<publish::Published, PublishError>, now: Timestamp) -> Outcome {
    match result {
        Ok(published) => Outcome::Published {
            remote_id: published.remote_id.clone(),
            url: published.url.clone(),
        },
        Err(error) => failure(error, now),
    }
}

pub(super) fn failure(error: &PublishError, now: Timestamp) -> Outcome {
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
fn whole_second_after(now: Timestamp, after: Duration) -> Timestamp {
    let until = now.checked_add(after).unwrap_or(now);
    let begun = i64::from(until.subsec_nanosecond() > 0);
    Timestamp::from_second(until.as_second() + begun).unwrap_or(until)
}

/// What could not even be prepared counts as an attempt that certainly did not leave, or was refused.
pub(super) async fn not_prepared(
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
