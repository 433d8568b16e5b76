//! Direct reads for the last look: each began after it was asked for, and one read serves all who wait for it.

use std::{
    any::Any,
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex, PoisonError},
};

use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex as AsyncMutex;

use super::error::Error;

type Value = Option<Arc<dyn Any + Send + Sync>>;

/// One object that many want to read.
#[derive(Debug, Default)]
struct Line {
    /// Counts the reads that have begun.
    begun: u64,
    /// The newest read that has ended: its number and what it found.
    newest: Option<(u64, Value)>,
}

#[derive(Debug, Default)]
struct Desk {
    line: Mutex<Line>,
    /// Held by whoever reads now.
    reading: AsyncMutex<()>,
}

/// Shares direct reads.
///
/// # Guarantees
/// What [`FreshReads::read`] answers was asked of the API server after the call began.
#[derive(Debug, Default)]
pub(crate) struct FreshReads(Mutex<BTreeMap<String, Arc<Desk>>>);

/// How many objects are remembered.
const DESKS: usize = 4096;

impl FreshReads {
    /// Reads an object directly; `None` where there is none.
    pub(crate) async fn read<K>(
        &self,
        api: &Api<K>,
        name: &str,
        doing: &'static str,
    ) -> Result<Option<Arc<K>>, Error>
    where
        K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let desk = self.desk(&format!("{}/{name}", api.resource_url()));
        let wanted = lock(&desk.line).begun + 1;
        let _turn = desk.reading.lock().await;
        if let Some((number, value)) = &lock(&desk.line).newest
            && *number >= wanted
        {
            return Ok(value.clone().and_then(|value| value.downcast::<K>().ok()));
        }
        let number = {
            let mut line = lock(&desk.line);
            line.begun += 1;
            line.begun
        };
        let object = api.get_opt(name).await.map_err(Error::api(doing))?.map(Arc::new);
        let value = object.clone().map(|object| object as Arc<dyn Any + Send + Sync>);
        lock(&desk.line).newest = Some((number, value));
        Ok(object)
    }

    fn desk(&self, key: &str) -> Arc<Desk> {
        let mut desks = lock(&self.0);
        if desks.len() >= DESKS {
            desks.retain(|_, desk| Arc::strong_count(desk) > 1);
        }
        Arc::clone(desks.entry(key.to_owned()).or_default())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
