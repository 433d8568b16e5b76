//! What a receipt leaves: when its slot may have been seen by readers, and when its platform was asked.

use jiff::{SignedDuration, Timestamp};

use super::super::decide::LONGEST_DELAY;
use crate::api::{Attempt, AttemptClass, ReceiptPhase, ReceiptSlot, ReceiptStatus};

/// One target of one post, whatever its items: what counts once a day.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Group(ReceiptSlot);

impl Group {
    /// The target that a slot in its compared form belongs to.
    pub fn of(slot: &ReceiptSlot) -> Self {
        Self(ReceiptSlot {
            item: String::new(),
            ..slot.clone()
        })
    }
}

/// A moment at which a slot asked its platform for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// When, in whole seconds: not before it, and less than a second after it.
    pub at: Timestamp,
    /// What may have come of it.
    pub kind: EffectKind,
}

impl Effect {
    /// The last instant at which it may have happened: nobody knows when an attempt without an outcome reached its platform.
    pub fn over(self) -> Timestamp {
        let longest = match self.kind {
            EffectKind::Open => LONGEST_DELAY,
            EffectKind::Visible | EffectKind::Asked => SignedDuration::from_secs(1),
        };
        self.at.checked_add(longest).unwrap_or(self.at)
    }
}

/// What may have come of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectKind {
    /// Nobody has written down what: it may be under way.
    Open,
    /// Readers see it, or may see it.
    Visible,
    /// The platform was asked, and readers see nothing of it.
    Asked,
}

/// What a receipt leaves.
///
/// An outcome that nobody knows counts as seen. What certainly never left, or was given up, leaves nothing.
pub fn effects(status: &ReceiptStatus) -> Vec<Effect> {
    let mut left: Vec<Effect> = status.attempts.iter().filter_map(of_attempt).collect();
    let seen = left.iter().any(|effect| effect.kind != EffectKind::Asked);
    if !seen {
        left.extend(without_attempt(status));
    }
    left
}

fn of_attempt(attempt: &Attempt) -> Option<Effect> {
    let kind = match attempt.class {
        None => EffectKind::Open,
        Some(AttemptClass::Published | AttemptClass::Unknown) => EffectKind::Visible,
        Some(
            AttemptClass::RateLimited | AttemptClass::Refused | AttemptClass::Rejected | AttemptClass::Absent,
        ) => EffectKind::Asked,
        Some(AttemptClass::NotSent | AttemptClass::Abandoned) => return None,
    };
    let ended = attempt.ended_at.as_ref().unwrap_or(&attempt.started_at);
    Some(Effect { at: ended.0, kind })
}

/// What a person published or found, and what is held after a restore, has no attempt.
fn without_attempt(status: &ReceiptStatus) -> Option<Effect> {
    let at = match status.phase {
        ReceiptPhase::Published => status.published_at.as_ref(),
        ReceiptPhase::Unknown => status.held_for_restore_at.as_ref(),
        // Whoever was asked to publish it by hand is taken to do so at once.
        ReceiptPhase::Claimed => status
            .asked
            .as_ref()
            .filter(|asked| asked.withdrawn_at.is_none())
            .map(|asked| &asked.at),
        _ => None,
    };
    Some(Effect {
        at: at?.0,
        kind: EffectKind::Visible,
    })
}
