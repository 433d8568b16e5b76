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
impl Sources {
    /// The time in the form of `creationTimestamp`: whole seconds, UTC.
    pub(super) fn stamp(&self) -> String {
        (self.now)().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// A random uid, version 4.
    pub(super) fn uid(&self) -> String {
        let mut bytes = (self.draw)();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = data_encoding::HEXLOWER.encode(&bytes);
        let part = |from, to| hex.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }

    /// The five letters behind a `generateName`: no vowels, so that no words arise.
    pub(super) fn suffix(&self) -> String {
        const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
        let drawn = (self.draw)();
        let letters = drawn.iter().take(5).filter_map(|byte| {
            let place = usize::from(*byte) % LETTERS.len();
            LETTERS.get(place).copied().map(char::from)
        });
        letters.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixed() -> Sources {
        Sources {
            now: Arc::new(|| Timestamp::UNIX_EPOCH),
            draw: Arc::new(|| [0xff; 16]),
        }
    }

    #[test]
    fn a_uid_is_a_random_uuid() {
        assert_eq!(fixed().uid(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }

    #[test]
    fn a_suffix_has_five_letters_and_a_stamp_no_fractions() {
        assert_eq!(fixed().suffix().len(), 5);
        assert_eq!(fixed().stamp(), "1970-01-01T00:00:00Z");
    }
}
