//! The comparison of clocks.

use std::time::Duration;

use super::{super::store_age::Closed, Operator};

/// How often wall and steady clock are compared.
const CLOCK_LOOK: Duration = Duration::from_secs(10);
/// How far they may part before every asset is looked at again.
const CLOCK_JUMP: Duration = Duration::from_secs(2);

impl Operator {
    /// Looks whether the wall clock was set, and how far it is from the API server's.
    pub(super) async fn clocks(&self) {
        let shared = &self.shared;
        // Timers stand still while the machine sleeps, and know nothing of a wall clock that is set.
        let timers = tokio::time::Instant::now();
        let ahead = || {
            let wall = shared.clock.now().as_duration().as_millis();
            wall - i128::try_from(timers.elapsed().as_millis()).unwrap_or(0)
        };
        let mut before = ahead();
        let mut closed = shared.closed();
        loop {
            tokio::time::sleep(CLOCK_LOOK).await;
            let after = ahead();
            let jumped = (after - before).unsigned_abs() > CLOCK_JUMP.as_millis();
            if jumped {
                tracing::warn!(milliseconds = %(after - before), "the wall clock was set, or the machine slept");
            }
            let still = shared.closed();
            if still != closed && still == Some(Closed::StoreWentBack) {
                shared.written.forget_versions();
            }
            if jumped || still != closed {
                shared.wake_assets(|_| true);
            }
            (before, closed) = (after, still);
            if let Some(offset) = shared.server_clock.offset_seconds() {
                shared.metrics.clock_offset(offset);
            }
        }
    }
}
