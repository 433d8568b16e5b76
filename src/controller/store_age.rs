//! An API server whose store went back in time, and what else keeps everything from being sent.

use std::{sync::Mutex, time::Duration};

use super::lock::lock;

/// Notices an API server whose store went back in time: what is written last must have the highest version of all.
#[derive(Debug, Default)]
pub(crate) struct StoreAge(Mutex<(u64, bool)>);

impl StoreAge {
    /// Notes the version that a write of ours over another version was given; one that is not the highest closes the gate
    /// for good. What changed nothing was not written, and keeps its version.
    pub(crate) fn wrote(&self, version: u64, over: u64, seen_before: u64) {
        if version == over {
            return;
        }
        self.compare(version, seen_before);
        let mut age = lock(&self.0);
        age.0 = age.0.max(version);
    }

    /// Compares the version that a write was given with one that was seen before it; a lower one closes the gate for good.
    pub(crate) fn compare(&self, version: u64, seen_before: u64) {
        if version != 0 && version < seen_before {
            self.goes_back();
        }
    }

    /// The store shows less than it has answered before: the gate closes for good.
    pub(crate) fn goes_back(&self) {
        if !std::mem::replace(&mut lock(&self.0).1, true) {
            tracing::error!("the API server's store went back in time; nothing is sent");
        }
    }

    /// The highest version seen so far; to be asked before a write.
    pub(crate) fn highest(&self) -> u64 {
        lock(&self.0).0
    }

    /// True once the store went back.
    pub(crate) fn went_back(&self) -> bool {
        lock(&self.0).1
    }
}

/// Why nothing may be sent by this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closed {
    /// The API server's store went back in time.
    StoreWentBack,
    /// Our clock and the API server's disagree.
    ClockSkew,
}

impl Closed {
    /// As reason and sentence.
    pub(crate) fn said(self) -> (String, String) {
        let (reason, message) = match self {
            Self::StoreWentBack => (
                "StoreWentBack",
                "The API server's store went back in time. Start the operator with --restored-at and the moment that \
                 it was restored to.",
            ),
            Self::ClockSkew => (
                "ClockSkew",
                "The clocks of the operator and of the API server disagree by minutes.",
            ),
        };
        (reason.to_owned(), message.to_owned())
    }
}

/// How far the API server's clock may be from ours before nothing is sent.
pub(super) const LARGEST_CLOCK_OFFSET: Duration = Duration::from_mins(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_went_back_is_noticed_by_what_is_written_next() {
        let age = StoreAge::default();
        age.wrote(100, 0, age.highest());
        // Answered out of order: it was sent when less was known.
        let seen = age.highest();
        age.wrote(120, 100, seen);
        age.wrote(110, 90, seen);
        assert!(!age.went_back());
        // What changes nothing is not written, and keeps its version.
        age.wrote(90, 90, age.highest());
        assert!(!age.went_back());
        age.wrote(91, 90, age.highest());
        assert!(age.went_back());
    }
}
