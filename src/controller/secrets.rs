//! Secrets, read by name when they are needed and again after 30 seconds; never listed, never watched.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{Api, Client};

use super::{clock::Clock, error::Error, lock::lock};

/// How old what was read may be.
const FRESH_FOR: Duration = Duration::from_secs(30);
/// How many Secrets are remembered.
const REMEMBERED: usize = 1024;

/// The data of a Secret; its Debug form shows the keys alone.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct SecretData(pub BTreeMap<String, Vec<u8>>);

impl std::fmt::Debug for SecretData {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

#[derive(Debug, Clone)]
struct Remembered {
    at: Duration,
    data: Option<Arc<SecretData>>,
}

/// Reads Secrets by name.
pub(crate) struct SecretReader {
    client: Client,
    clock: Arc<dyn Clock>,
    remembered: Mutex<BTreeMap<(String, String), Remembered>>,
}

impl SecretReader {
    /// Reads through a client.
    pub(crate) fn new(client: Client, clock: Arc<dyn Clock>) -> Self {
        Self {
            client,
            clock,
            remembered: Mutex::default(),
        }
    }

    /// The data of a Secret, at most 30 seconds old; `None` where there is no such Secret.
    pub(crate) async fn read(&self, namespace: &str, name: &str) -> Result<Option<Arc<SecretData>>, Error> {
        let key = (namespace.to_owned(), name.to_owned());
        let now = self.clock.steady();
        if let Some(known) = lock(&self.remembered)
            .get(&key)
            .filter(|known| now.saturating_sub(known.at) < FRESH_FOR)
        {
            return Ok(known.data.clone());
        }
        let api: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        let secret = api.get_opt(name).await.map_err(Error::api("read a Secret"))?;
        let data = secret.map(|secret| {
            let data = secret.data.unwrap_or_default();
            Arc::new(SecretData(
                data.into_iter()
                    .map(|(key, ByteString(value))| (key, value))
                    .collect(),
            ))
        });
        let mut remembered = lock(&self.remembered);
        if remembered.len() >= REMEMBERED {
            remembered.clear();
        }
        remembered.insert(
            key,
            Remembered {
                at: now,
                data: data.clone(),
            },
        );
        Ok(data)
    }
}
