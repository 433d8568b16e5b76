//! Direct reads for the last look: each began after it was asked for, and one read serves all who wait for it.

use std::{
    any::Any,
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex},
};

use kube::{Api, Resource, api::ListParams};
use serde::de::DeserializeOwned;
use tokio::sync::Mutex as AsyncMutex;

use super::{error::Error, lock::lock};

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
        let read = async { Ok(api.get_opt(name).await.map_err(Error::api(doing))?.map(Arc::new)) };
        self.share(&format!("{}/{name}", api.resource_url()), read).await
    }

    /// Lists every object of a namespace directly.
    pub(crate) async fn list<K>(&self, api: &Api<K>, doing: &'static str) -> Result<Arc<Vec<K>>, Error>
    where
        K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        self.list_selected(api, "", doing).await
    }

    /// Lists the objects of a namespace that a field selector selects; all of them where it is empty.
    pub(crate) async fn list_selected<K>(
        &self,
        api: &Api<K>,
        fields: &str,
        doing: &'static str,
    ) -> Result<Arc<Vec<K>>, Error>
    where
        K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    {
        let list = async {
            let mut parameters = ListParams::default();
            if !fields.is_empty() {
                parameters = parameters.fields(fields);
            }
            let list = api.list(&parameters).await;
            Ok(Some(Arc::new(list.map_err(Error::api(doing))?.items)))
        };
        // No object has a question mark in its name.
        let key = format!("{}?{fields}", api.resource_url());
        let found = self.share(&key, list).await?;
        Ok(found.unwrap_or_default())
    }

    /// Answers with a read that began after this was called: somebody else's, or this one.
    async fn share<T>(
        &self,
        key: &str,
        read: impl Future<Output = Result<Option<Arc<T>>, Error>> + Send,
    ) -> Result<Option<Arc<T>>, Error>
    where
        T: Send + Sync + 'static,
    {
        let desk = self.desk(key);
        let wanted = lock(&desk.line).begun + 1;
        let _turn = desk.reading.lock().await;
        if let Some((number, value)) = &lock(&desk.line).newest
            && *number >= wanted
        {
            return Ok(value.clone().and_then(|value| value.downcast::<T>().ok()));
        }
        let number = {
            let mut line = lock(&desk.line);
            line.begun += 1;
            line.begun
        };
        let object = read.await?;
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

/// A field selector in which all of these hold; what would end a value is escaped.
pub(crate) fn selector(fields: &[(&str, &str)]) -> String {
    let terms: Vec<String> = fields
        .iter()
        .map(|(field, value)| {
            let escaped = value
                .replace('\\', "\\\\")
                .replace(',', "\\,")
                .replace('=', "\\=");
            format!("{field}={escaped}")
        })
        .collect();
    terms.join(",")
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::{FutureExt, poll};
    use http::{Request, Response};
    use k8s_openapi::api::coordination::v1::Lease;
    use kube::{Client, client::Body};
    use serde_json::json;
    use tower_test::mock::{self, Handle, SendResponse};

    use super::*;

    fn leases() -> (Api<Lease>, Handle<Request<Body>, Response<Body>>) {
        let (service, handle) = mock::pair::<Request<Body>, Response<Body>>();
        (Api::namespaced(Client::new(service, "n"), "n"), handle)
    }

    fn answer(request: SendResponse<Response<Body>>, version: &str) {
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": "l", "namespace": "n", "resourceVersion": version},
        });
        request.send_response(Response::new(Body::from(lease.to_string().into_bytes())));
    }

    fn version(lease: Option<&Arc<Lease>>) -> &str {
        lease.unwrap().metadata.resource_version.as_deref().unwrap()
    }

    #[tokio::test]
    async fn a_read_that_had_begun_before_serves_nobody_who_asks_later() {
        let (api, mut handle) = leases();
        let fresh = FreshReads::default();
        let mut first = pin!(fresh.read(&api, "l", "read the Lease"));
        assert!(poll!(&mut first).is_pending());
        let (_, early) = handle.next_request().await.unwrap();
        let mut second = pin!(fresh.read(&api, "l", "read the Lease"));
        let mut third = pin!(fresh.read(&api, "l", "read the Lease"));
        assert!(poll!(&mut second).is_pending() && poll!(&mut third).is_pending());
        answer(early, "1");
        assert_eq!(version(first.await.unwrap().as_ref()), "1");
        assert!(poll!(&mut second).is_pending());
        let (_, late) = handle.next_request().await.unwrap();
        answer(late, "2");
        assert_eq!(version(second.await.unwrap().as_ref()), "2");
        // The third asked before that read began: it is served by it.
        assert_eq!(version(third.await.unwrap().as_ref()), "2");
        assert!(handle.next_request().now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_list_is_read_from_its_own_address_and_skips_what_cannot_be_read() {
        let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
        let api: Api<kube::core::DeserializeGuard<Lease>> = Api::namespaced(Client::new(service, "n"), "n");
        let fresh = FreshReads::default();
        let mut list = pin!(fresh.list(&api, "list the Leases"));
        assert!(poll!(&mut list).is_pending());
        let (request, respond) = handle.next_request().await.unwrap();
        assert_eq!(
            request.uri().path(),
            "/apis/coordination.k8s.io/v1/namespaces/n/leases"
        );
        let leases = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "LeaseList", "metadata": {},
            "items": [
                {"metadata": {"name": "good"}, "spec": {}},
                {"metadata": {"name": "bad"}, "spec": {"leaseTransitions": "many"}},
            ],
        });
        respond.send_response(Response::new(Body::from(leases.to_string().into_bytes())));
        let list = list.await.unwrap();
        assert_eq!(list.iter().filter(|guarded| guarded.0.is_ok()).count(), 1);
        assert_eq!(list.len(), 2);
    }

    #[test]
    fn a_selector_says_what_is_meant_whatever_an_account_is_called() {
        let account = r"a\b,c=d".to_owned();
        assert_eq!(
            selector(&[("spec.slot.platform", "x"), ("spec.slot.account", &account)]),
            r"spec.slot.platform=x,spec.slot.account=a\\b\,c\=d"
        );
    }
}
