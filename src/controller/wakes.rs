//! Wake-ups from everywhere to the controllers.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt as _;

use super::lock::lock;

/// For how long wake-ups are gathered.
const GATHERING: Duration = Duration::from_millis(500);
/// How many are handed on together.
const AT_ONCE: usize = 1024;

/// Wake-ups that wait: each at most once, so their number is bounded by the number of objects.
#[derive(Clone, Debug)]
pub(crate) struct WakeUps<T>(Arc<WakeUpsInner<T>>);

#[derive(Debug)]
struct WakeUpsInner<T> {
    waiting: Mutex<Vec<T>>,
    known: Mutex<HashSet<T>>,
    rings: tokio::sync::Notify,
}

impl<T> Default for WakeUps<T> {
    fn default() -> Self {
        Self(Arc::new(WakeUpsInner {
            waiting: Mutex::default(),
            known: Mutex::default(),
            rings: tokio::sync::Notify::new(),
        }))
    }
}

impl<T: Clone + Eq + std::hash::Hash + Send + 'static> WakeUps<T> {
    /// Wakes for one object.
    pub(crate) fn wake(&self, object: T) {
        if lock(&self.0.known).insert(object.clone()) {
            lock(&self.0.waiting).push(object);
            self.0.rings.notify_one();
        }
    }

    /// The objects to wake for, in the order in which they were asked for.
    pub(crate) fn stream(&self) -> impl futures::Stream<Item = T> + Send + 'static {
        let inner = Arc::clone(&self.0);
        futures::stream::unfold(inner, |inner| async move {
            loop {
                let batch = std::mem::take(&mut *lock(&inner.waiting));
                if !batch.is_empty() {
                    let mut known = lock(&inner.known);
                    for object in &batch {
                        known.remove(object);
                    }
                    drop(known);
                    return Some((futures::stream::iter(batch), inner));
                }
                inner.rings.notified().await;
            }
        })
        .flatten()
    }

    /// Hands what is woken here on to others, gathered: where each look is costly, many changes are one wake-up.
    pub(crate) async fn gather(&self, onto: &Self) {
        let mut woken = Box::pin(self.stream().ready_chunks(AT_ONCE));
        while let Some(objects) = woken.next().await {
            tokio::time::sleep(GATHERING).await;
            for object in objects {
                onto.wake(object);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_object_is_woken_once_and_again_after_it_was_taken() {
        let wakes = WakeUps::default();
        let mut stream = Box::pin(wakes.stream());
        wakes.wake(1);
        wakes.wake(2);
        wakes.wake(1);
        assert_eq!(stream.next().await, Some(1));
        wakes.wake(1);
        assert_eq!(stream.next().await, Some(2));
        assert_eq!(stream.next().await, Some(1));
    }
}
