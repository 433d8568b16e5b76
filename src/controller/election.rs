//! Leader election through a Lease, judged by local observation and never by comparing clocks.
//!
//! The lease keeps work from being done twice; the resource version of each Receipt is what makes two senders safe.

use std::time::Duration;

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{Api, api::PostParams, core::ObjectMeta};
use tokio::sync::watch;

use super::{clock::Clock, error::Error, store_age::StoreAge, view::version_of};

/// How long others wait for a sign of life before they take over.
pub(crate) const LEASE_DURATION: Duration = Duration::from_secs(20);
/// How often the leader gives a sign of life.
const RENEW_EVERY: Duration = Duration::from_secs(10);
/// After that long without a written sign of life the leader stops.
const RENEW_DEADLINE: Duration = Duration::from_secs(15);
/// How soon the leader tries again where it could not give one, and how long one try may take.
const RETRY_EVERY: Duration = Duration::from_secs(1);
const LONGEST_TRY: Duration = Duration::from_secs(3);
/// How often the others look.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The name of the Lease.
pub(crate) const LEASE_NAME: &str = "campanile-operator";

/// Proof of leading: who holds the lease, in which term, and until when on this process' steady clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leadership {
    /// The identity that holds the lease.
    pub(crate) holder: String,
    /// Counts the changes of holder; none without a lease.
    pub(crate) transitions: Option<i32>,
    /// On the steady clock: from then on this process must not send.
    pub(crate) valid_until: Duration,
}

impl Leadership {
    /// The leadership of a single replica that holds no lease.
    pub(crate) fn alone(holder: &str) -> Self {
        Self {
            holder: holder.to_owned(),
            transitions: None,
            valid_until: Duration::MAX,
        }
    }
}

/// Takes part in the election until the lease is lost.
pub(crate) struct Election<'a> {
    /// The Leases of the operator's namespace.
    pub(crate) leases: Api<Lease>,
    /// This process.
    pub(crate) identity: String,
    /// Its clock.
    pub(crate) clock: &'a dyn Clock,
    /// Told whenever this process leads.
    pub(crate) leadership: watch::Sender<Option<Leadership>>,
    /// Told where the Lease shows that the API server's store went back in time.
    pub(crate) store_age: &'a StoreAge,
}

/// What was last seen of the lease, and when.
#[derive(Debug, Default)]
struct Observation {
    resource_version: Option<String>,
    at: Duration,
    /// The highest version of the lease that a write of this process was given.
    written: u64,
}

impl Election<'_> {
    /// Never returns unless the lease was held and is lost.
    ///
    /// # Errors
    /// `LeaseLost` once the lease could not be renewed in time or another process holds it: the process must stop.
    pub(crate) async fn run(&self) -> Result<(), Error> {
        let mut observation = Observation::default();
        loop {
            let leads = self.leadership.borrow().is_some();
            let began = self.clock.steady();
            let tried = tokio::time::timeout(LONGEST_TRY, self.step(&mut observation)).await;
            match tried {
                Ok(Ok(())) => {}
                Ok(Err(error)) if !leads => {
                    tracing::warn!(reason = error.reason(), "failed to take part in the election");
                }
                Ok(Err(error)) => tracing::warn!(reason = error.reason(), "failed to renew the lease"),
                Err(_) => tracing::warn!("the API server did not answer in time for the lease"),
            }
            self.stop_if_lost(leads)?;
            let pause = match self.leadership.borrow().as_ref() {
                Some(leadership) if leadership.valid_until >= began + RENEW_DEADLINE => RENEW_EVERY,
                Some(_) => RETRY_EVERY,
                None => LOOK_EVERY,
            };
            tokio::time::sleep(pause.min(self.until_deadline())).await;
            self.stop_if_lost(leads)?;
        }
    }

    fn until_deadline(&self) -> Duration {
        let valid_until = self
            .leadership
            .borrow()
            .as_ref()
            .map(|leadership| leadership.valid_until);
        valid_until.map_or(RENEW_EVERY, |until| {
            until
                .saturating_sub(self.clock.steady())
                .max(Duration::from_millis(50))
        })
    }

    fn stop_if_lost(&self, led: bool) -> Result<(), Error> {
        let over = match self.leadership.borrow().as_ref() {
            Some(leadership) => self.clock.steady() >= leadership.valid_until,
            None => led,
        };
        if over { Err(Error::LeaseLost) } else { Ok(()) }
    }

    async fn step(&self, observation: &mut Observation) -> Result<(), Error> {
        let began = self.clock.steady();
        let lease = self
            .leases
            .get_opt(LEASE_NAME)
            .await
            .map_err(Error::api("read the lease"))?;
        let written = match lease {
            None => self.create().await?,
            Some(lease) => match self.succeed(lease, observation) {
                Some(next) => self.replace(next).await?,
                None => return Ok(()),
            },
        };
        if let Some(lease) = written {
            self.lead(&lease, began);
            self.note_age(version_of(&lease.metadata), observation);
        }
        Ok(())
    }

    /// A lease is written every few seconds: a store that went back is noticed although nothing else is written. Only with
    /// itself is it compared, as leases may be kept in a store of their own.
    fn note_age(&self, version: u64, observation: &mut Observation) {
        self.store_age.compare(version, observation.written);
        observation.written = observation.written.max(version);
    }

    fn lead(&self, lease: &Lease, began: Duration) {
        let transitions = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.lease_transitions)
            .unwrap_or(0);
        let next = Leadership {
            holder: self.identity.clone(),
            transitions: Some(transitions),
            valid_until: began + RENEW_DEADLINE,
        };
        self.leadership.send_replace(Some(next));
    }

    /// The lease that this process would write over that one, if it may.
    fn succeed(&self, mut lease: Lease, observation: &mut Observation) -> Option<Lease> {
        let now = self.clock.steady();
        if observation.resource_version != lease.metadata.resource_version {
            observation
                .resource_version
                .clone_from(&lease.metadata.resource_version);
            observation.at = now;
        }
        let spec = lease.spec.get_or_insert_default();
        let holder = spec.holder_identity.clone().unwrap_or_default();
        if holder == self.identity {
            spec.renew_time = Some(MicroTime(self.clock.now()));
            return Some(lease);
        }
        if self.leadership.borrow().is_some() {
            self.leadership.send_replace(None);
            return None;
        }
        let duration = spec
            .lease_duration_seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .unwrap_or(20);
        let expired = now.saturating_sub(observation.at) >= Duration::from_secs(duration);
        if !holder.is_empty() && !expired {
            return None;
        }
        let transitions = spec.lease_transitions.unwrap_or(0) + 1;
        lease.spec = Some(self.spec(transitions));
        Some(lease)
    }

    fn spec(&self, transitions: i32) -> LeaseSpec {
        let now = MicroTime(self.clock.now());
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(LEASE_DURATION.as_secs()).ok(),
            acquire_time: Some(now.clone()),
            renew_time: Some(now),
            lease_transitions: Some(transitions),
            ..LeaseSpec::default()
        }
    }

    async fn create(&self) -> Result<Option<Lease>, Error> {
        let metadata = ObjectMeta {
            name: Some(LEASE_NAME.to_owned()),
            ..ObjectMeta::default()
        };
        let lease = Lease {
            metadata,
            spec: Some(self.spec(0)),
        };
        unless_conflict(
            self.leases.create(&PostParams::default(), &lease).await,
            "create the lease",
        )
    }

    async fn replace(&self, lease: Lease) -> Result<Option<Lease>, Error> {
        unless_conflict(
            self.leases
                .replace(LEASE_NAME, &PostParams::default(), &lease)
                .await,
            "write the lease",
        )
    }

    /// Gives the lease back, so that another process need not wait for it to expire.
    pub(crate) async fn release(&self) {
        if self.leadership.send_replace(None).is_none() {
            return;
        }
        let Ok(Some(mut lease)) = self.leases.get_opt(LEASE_NAME).await else {
            return;
        };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(&self.identity) {
            spec.holder_identity = Some(String::new());
            if let Err(error) = self.replace(lease).await {
                tracing::info!(
                    reason = error.reason(),
                    "the lease was not given back; it expires by itself"
                );
            }
        }
    }
}

fn unless_conflict(result: kube::Result<Lease>, doing: &'static str) -> Result<Option<Lease>, Error> {
    match result {
        Ok(lease) => Ok(Some(lease)),
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(None),
        Err(source) => Err(Error::api(doing)(source)),
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use kube::{Client, client::Body};
    use serde_json::json;
    use tower_test::mock::{self, Handle};

    use super::*;
    use crate::controller::SystemClock;

    async fn answers(handle: &mut Handle<Request<Body>, Response<Body>>, method: &str, version: &str) {
        let (request, respond) = handle.next_request().await.unwrap();
        assert_eq!(request.method(), method);
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": LEASE_NAME, "namespace": "n", "resourceVersion": version},
            "spec": {"holderIdentity": "us", "leaseTransitions": 0},
        });
        respond.send_response(Response::new(Body::from(lease.to_string().into_bytes())));
    }

    #[tokio::test]
    async fn a_lease_that_is_given_a_lower_version_than_before_shows_that_the_store_went_back() {
        let (service, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
        let store_age = StoreAge::default();
        let election = Election {
            leases: Api::namespaced(Client::new(service, "n"), "n"),
            identity: "us".to_owned(),
            clock: &SystemClock,
            leadership: watch::channel(None).0,
            store_age: &store_age,
        };
        let mut observation = Observation::default();
        for (read, written, went_back) in [("99", "100", false), ("100", "105", false), ("60", "61", true)] {
            let server = async {
                answers(&mut handle, "GET", read).await;
                answers(&mut handle, "PUT", written).await;
            };
            let (stepped, ()) = tokio::join!(election.step(&mut observation), server);
            stepped.unwrap();
            assert_eq!(store_age.went_back(), went_back, "{written} after {read}");
        }
    }
}
