//! Where time and chance come from: a simulator hands in its own.

use std::{fmt, sync::Arc};

use jiff::Timestamp;

/// The clock and the dice of a control plane.
#[derive(Clone)]
pub struct Sources {
    /// What time it is.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Sixteen bytes that nobody guesses, for uids and generated names.
    pub draw: Arc<dyn Fn() -> [u8; 16] + Send + Sync>,
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}

impl Default for Sources {
    /// The clock and the entropy of the machine. Without entropy the bytes come from the clock and a counter: names stay apart.
    fn default() -> Self {
        Self {
            now: Arc::new(Timestamp::now),
            draw: Arc::new(|| {
                let mut bytes = [0; 16];
                if getrandom::fill(&mut bytes).is_err() {
                    bytes = without_entropy();
                }
                bytes
            }),
        }
    }
}

fn without_entropy() -> [u8; 16] {
    use std::sync::atomic::{AtomicU64, Ordering};
    static DRAWN: AtomicU64 = AtomicU64::new(0);
    let count = u128::from(DRAWN.fetch_add(1, Ordering::Relaxed));
    let nanoseconds = Timestamp::now().as_nanosecond().unsigned_abs();
    (nanoseconds << 32 ^ count).to_be_bytes()
}
