//! How the routes of campaigns fare: when a failing one is tried again, and what the status says of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
    time::Duration,
};

use super::{
    super::{error::chain, lock::lock},
    Key,
};
use crate::{
    api::{Notify, condition_type::NOTIFICATIONS_HEALTHY},
    domain::{
        receipt::shortened,
        status::{Statement, absent, statement},
    },
    notify::NotifyError,
};

/// A route that fails is tried again after this, then after twice as long, and so on.
const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_mins(5);

/// Why a route fails.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trouble {
    failures: u32,
    again_at: Duration,
    reason: &'static str,
    message: String,
}

/// How the routes of every campaign fare.
#[derive(Debug, Default)]
pub(crate) struct Health {
    troubles: Mutex<BTreeMap<Key, BTreeMap<String, Trouble>>>,
    /// What the status was last told.
    told: Mutex<BTreeMap<Key, Vec<(String, &'static str)>>>,
}

impl Health {
    pub(super) fn rests(&self, key: &Key, route: &str, now: Duration) -> bool {
        let troubles = lock(&self.troubles);
        let trouble = troubles.get(key).and_then(|routes| routes.get(route));
        trouble.is_some_and(|trouble| now < trouble.again_at)
    }

    pub(super) fn well(&self, key: &Key, route: &str) {
        if let Some(routes) = lock(&self.troubles).get_mut(key) {
            routes.remove(route);
        }
    }

    pub(super) fn failed(&self, key: &Key, route: &str, error: &NotifyError, now: Duration) {
        let mut troubles = lock(&self.troubles);
        let routes = troubles.entry(key.clone()).or_default();
        let failures = routes.get(route).map_or(0, |before| before.failures);
        let rest = FIRST_REST
            .saturating_mul(2_u32.saturating_pow(failures))
            .min(LONGEST_REST);
        let trouble = Trouble {
            failures: failures.saturating_add(1),
            again_at: now.saturating_add(rest),
            reason: error.reason(),
            message: shortened(&format!("{}.", chain(error)), 300),
        };
        routes.insert(route.to_owned(), trouble);
    }

    pub(super) fn forget_all(&self) {
        lock(&self.troubles).clear();
        lock(&self.told).clear();
    }

    pub(super) fn retain(&self, standing: &BTreeSet<Key>) {
        lock(&self.troubles).retain(|key, _| standing.contains(key));
        lock(&self.told).retain(|key, _| standing.contains(key));
    }

    /// Whether the status has something new to say; routes that are gone have no trouble.
    pub(super) fn take_change(&self, key: &Key, notify: &Notify) -> bool {
        if let Some(routes) = lock(&self.troubles).get_mut(key) {
            routes.retain(|name, _| notify.routes.iter().any(|route| route.name == *name));
        }
        let troubles = lock(&self.troubles);
        let routes = troubles.get(key).into_iter().flatten();
        let now: Vec<_> = routes
            .map(|(name, trouble)| (name.clone(), trouble.reason))
            .collect();
        drop(troubles);
        lock(&self.told)
            .insert(key.clone(), now.clone())
            .unwrap_or_default()
            != now
    }

    /// The condition of a campaign.
    pub(crate) fn statement(&self, namespace: &str, name: &str, notify: Option<&Notify>) -> Statement {
        let Some(notify) = notify else {
            return absent(NOTIFICATIONS_HEALTHY);
        };
        let lost = notify.routes.iter().find_map(|route| {
            let to = &route.escalation.as_ref()?.to;
            let known = notify.routes.iter().any(|other| other.name == *to);
            (!known).then(|| {
                format!(
                    "Route {} escalates to {to}, which is no route: correct escalation.to.",
                    route.name
                )
            })
        });
        if let Some(message) = lost {
            return statement(NOTIFICATIONS_HEALTHY, false, "SinkNotConfigured", &message);
        }
        let troubles = lock(&self.troubles);
        let routes = troubles.get(&(namespace.to_owned(), name.to_owned()));
        match routes.into_iter().flatten().next() {
            Some((route, trouble)) => {
                let message = format!(
                    "Route {route}: {} Publishing goes on; it is tried again.",
                    trouble.message
                );
                statement(NOTIFICATIONS_HEALTHY, false, trouble.reason, &message)
            }
            None => statement(NOTIFICATIONS_HEALTHY, true, "Healthy", "No route fails."),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notify() -> Notify {
        let route = json!({"name": "team", "secretRef": {"name": "hook"}, "slack": {}});
        serde_json::from_value(json!({"routes": [route]})).unwrap()
    }

    fn key() -> Key {
        ("team".to_owned(), "week1".to_owned())
    }

    #[test]
    fn a_route_that_fails_rests_longer_each_time_up_to_a_bound() {
        let health = Health::default();
        let error = NotifyError::Refused("500".to_owned());
        let mut now = Duration::ZERO;
        let mut rests = Vec::new();
        for _ in 0..9 {
            health.failed(&key(), "team", &error, now);
            let rest =
                (1..1000).find(|seconds| !health.rests(&key(), "team", now + Duration::from_secs(*seconds)));
            rests.push(rest.unwrap());
            now += Duration::from_secs(rest.unwrap());
        }
        assert_eq!(rests, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
        health.well(&key(), "team");
        assert!(!health.rests(&key(), "team", now));
    }

    #[test]
    fn the_status_is_told_once_of_a_trouble_and_once_of_its_end() {
        let health = Health::default();
        let status = || health.statement("team", "week1", Some(&notify()));
        assert!(!health.take_change(&key(), &notify()));
        let error = NotifyError::Refused("500".to_owned());
        health.failed(&key(), "team", &error, Duration::ZERO);
        assert!(health.take_change(&key(), &notify()));
        assert_eq!(status().reason, "SinkRefused");
        let said = status();
        health.failed(&key(), "team", &error, Duration::ZERO);
        assert!(!health.take_change(&key(), &notify()));
        assert_eq!(status(), said, "nothing changes in a status because time passes");
        health.well(&key(), "team");
        assert!(health.take_change(&key(), &notify()));
        assert_eq!(status().reason, "Healthy");
        assert_eq!(health.statement("team", "week1", None).status, None);
    }

    #[test]
    fn an_escalation_to_nobody_is_said() {
        let mut notify = notify();
        notify.routes[0].escalation = serde_json::from_value(json!({"after": "2h", "to": "owner"})).unwrap();
        let said = Health::default().statement("team", "week1", Some(&notify));
        assert_eq!(said.reason, "SinkNotConfigured");
        assert!(said.message.contains("owner"));
    }
}
