use std::sync::Arc;

use futures::{Stream, stream};
use tokio::sync::Notify;

use super::{Change, ReadError, Scope, WatchError, shared::Shared};

/// The changes of a scope, in the order of their revisions, each once and none left out.
///
/// Holds a place in the history and no changes. Whoever reads more slowly than the history moves gets
/// [`WatchError::Slow`].
#[derive(Debug)]
pub struct Watch {
    shared: Arc<Shared>,
    scope: Scope,
    bell: Arc<Notify>,
    /// Every change of the scope up to this revision was handed out.
    reached: u64,
}

impl Watch {
    pub(super) fn begin(shared: Arc<Shared>, scope: Scope, after_revision: u64) -> Result<Self, ReadError> {
        shared.read().history().reaches(&scope.resource, after_revision)?;
        let bell = shared.bell(&scope.resource);
        Ok(Self {
            shared,
            scope,
            bell,
            reached: after_revision,
        })
    }

    /// The next change. Nothing is lost when the call is dropped before it returns.
    ///
    /// # Errors
    /// [`WatchError::Slow`] where changes of the kind that were not handed out are no longer held; each further call says
    /// the same.
    pub async fn next(&mut self) -> Result<Arc<Change>, WatchError> {
        let bell = Arc::clone(&self.bell);
        loop {
            // Made before the look: what becomes visible in between still wakes it.
            let rung = bell.notified();
            if let Some(change) = self.pending()? {
                self.reached = change.revision();
                return Ok(change);
            }
            rung.await;
        }
    }

    /// The revision up to which every change of the scope was handed out, as of now: for bookmarks.
    ///
    /// # Errors
    /// As [`Watch::next`].
    pub fn progress(&mut self) -> Result<u64, WatchError> {
        self.pending()?;
        Ok(self.reached)
    }

    /// The same as a stream, which ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Arc<Change>, WatchError>> + Send {
        stream::unfold(Some(self), |watch| async move {
            let mut watch = watch?;
            match watch.next().await {
                Ok(change) => Some((Ok(change), Some(watch))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    /// The next change without handing it out; moves on to just before it.
    fn pending(&mut self) -> Result<Option<Arc<Change>>, WatchError> {
        let state = self.shared.read();
        let oldest = state.history().oldest(&self.scope.resource);
        if self.reached < oldest {
            let reached = self.reached;
            return Err(WatchError::Slow { reached, oldest });
        }
        let mut changes = state.history().since(self.reached);
        let next = changes
            .find(|change| self.scope.contains(&change.stored.key))
            .cloned();
        let passed = next
            .as_ref()
            .map_or(state.revision(), |change| change.revision() - 1);
        self.reached = self.reached.max(passed);
        Ok(next)
    }
}
