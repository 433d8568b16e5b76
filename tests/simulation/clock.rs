//! Time that passes only while everybody waits: the runtime's paused clock, shown as a wall clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use campanile::controller::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Monday of the first week, six in the morning: every run begins here.
const BEGINNING: &str = "2026-02-16T06:00:00Z";

/// The true time of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrueTime {
    began: Instant,
}

impl TrueTime {
    /// Begins now, inside a runtime whose clock is paused.
    pub(crate) fn begin() -> Self {
        Self {
            began: Instant::now(),
        }
    }

    /// What a right wall clock shows.
    pub(crate) fn now(self) -> Timestamp {
        let beginning: Timestamp = BEGINNING.parse().expect("an instant");
        beginning + SignedDuration::try_from(self.elapsed()).expect("a run of less than an age")
    }

    /// Time since the run began.
    pub(crate) fn elapsed(self) -> Duration {
        self.began.elapsed()
    }
}

/// The clocks of one machine: its wall clock may be set wrong.
#[derive(Clone, Debug)]
pub(crate) struct MachineClock {
    time: TrueTime,
    ahead_seconds: Arc<AtomicI64>,
}

impl MachineClock {
    /// A machine whose clock is right.
    pub(crate) fn right(time: TrueTime) -> Self {
        Self {
            time,
            ahead_seconds: Arc::default(),
        }
    }

    /// Sets the wall clock so far ahead of the true time.
    pub(crate) fn set_ahead(&self, seconds: i64) {
        self.ahead_seconds.store(seconds, Ordering::SeqCst);
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        self.time.now() + SignedDuration::from_secs(self.ahead_seconds.load(Ordering::SeqCst))
    }

    fn steady(&self) -> Duration {
        // Not from zero: nothing may take the first moment for "never".
        Duration::from_hours(1) + self.time.elapsed()
    }
}
