//! Clocks that a test turns.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use campanile::controller::{Clock, SystemClock};
use jiff::{SignedDuration, Timestamp};

/// The machine's clocks, the wall set to another moment; a test turns both on, as time does that passes while nobody looks.
#[derive(Debug)]
pub(crate) struct TurnedClock {
    set_by: SignedDuration,
    turned: AtomicI64,
}

impl TurnedClock {
    /// A wall clock that shows this moment now.
    pub(crate) fn showing(moment: Timestamp) -> Arc<Self> {
        Arc::new(Self {
            set_by: moment.duration_since(SystemClock.now()),
            turned: AtomicI64::new(0),
        })
    }

    /// Turns both clocks on until the wall shows this moment, if it is not over.
    pub(crate) fn turn_to(&self, moment: Timestamp) {
        let missing = moment.duration_since(self.now()).as_secs() + 1;
        self.turned.fetch_add(missing.max(0), Ordering::SeqCst);
    }

    /// By how much the wall clock is ahead of the machine's.
    pub(crate) fn ahead(&self) -> SignedDuration {
        self.set_by + SignedDuration::from_secs(self.turned.load(Ordering::SeqCst))
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.ahead()
    }

    fn steady(&self) -> Duration {
        let turned = self.turned.load(Ordering::SeqCst);
        SystemClock.steady() + Duration::from_secs(turned.unsigned_abs())
    }
}
