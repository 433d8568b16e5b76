//! The limits of one conversation with a git host: time, bytes, and being called off.

use std::future::Future;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::error::{GitError, GitReason};

/// Watches over one conversation, and remembers what ended it: the library between us and the wire wraps errors,
/// so the transport leaves the exact one here.
#[derive(Debug)]
pub(crate) struct Wire {
    handle: Handle,
    deadline: Instant,
    idle_timeout: Duration,
    max_bytes: u64,
    received: AtomicU64,
    interrupted: AtomicBool,
    wake: Notify,
    fault: Mutex<Option<GitError>>,
}

impl Wire {
    /// Begins to count. Must be called inside the runtime.
    pub(crate) fn new(total_timeout: Duration, idle_timeout: Duration, max_bytes: u64) -> Self {
        Self {
            handle: Handle::current(),
            deadline: Instant::now() + total_timeout,
            idle_timeout,
            max_bytes,
            received: AtomicU64::new(0),
            interrupted: AtomicBool::new(false),
            wake: Notify::new(),
            fault: Mutex::new(None),
        }
    }

    /// Ends the conversation at the next byte or unit of work.
    pub(crate) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// The flag that long computations look at.
    pub(crate) fn interrupt_flag(&self) -> &AtomicBool {
        &self.interrupted
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Waits from a blocking thread, at most until the idle limit, the deadline or the interruption.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = Result<T, GitError>>) -> io::Result<T> {
        let until = self.deadline.min(Instant::now() + self.idle_timeout);
        let outcome = self.handle.block_on(async {
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(self.called_off());
            }
            tokio::select! {
                outcome = future => outcome,
                () = self.wake.notified() => Err(self.called_off()),
                () = tokio::time::sleep_until(until) => {
                    Err(GitError::new(GitReason::TimedOut, "the git host did not answer in time"))
                }
            }
        });
        outcome.map_err(|error| self.fail(error))
    }

    /// Counts received bytes.
    pub(crate) fn count(&self, bytes: usize) -> io::Result<()> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let received = self
            .received
            .fetch_add(bytes, Ordering::Relaxed)
            .saturating_add(bytes);
        if received <= self.max_bytes {
            return Ok(());
        }
        let message = format!("the git host sent more than {} bytes", self.max_bytes);
        Err(self.fail(GitError::new(GitReason::LimitExceeded, message)))
    }

    /// Remembers the first fault and gives the error that the library may wrap.
    pub(crate) fn fail(&self, error: GitError) -> io::Error {
        let wrapped = io::Error::other(error.clone());
        if let Ok(mut fault) = self.fault.lock() {
            fault.get_or_insert(error);
        }
        wrapped
    }

    /// What ended the conversation, if it was on the wire.
    pub(crate) fn fault(&self) -> Option<GitError> {
        let recorded = self.fault.lock().ok().and_then(|fault| fault.clone());
        recorded.or_else(|| {
            self.interrupted
                .load(Ordering::Relaxed)
                .then(|| self.called_off())
        })
    }

    fn called_off(&self) -> GitError {
        if Instant::now() >= self.deadline {
            return GitError::new(GitReason::TimedOut, "reading from the git host took too long");
        }
        GitError::new(GitReason::TimedOut, "reading from the git host was called off")
    }
}
