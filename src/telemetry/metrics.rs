//! Metrics, in Prometheus' text format, with bounded labels.

use std::sync::{Arc, Mutex, PoisonError, atomic::AtomicU64};

use http::Method;
use prometheus_client::{
    encoding::{EncodeLabelSet, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

/// Labels of a reconciliation.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ReconcileLabels {
    controller: &'static str,
    result: &'static str,
}

/// Labels of a request to the API server.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    code: u32,
}

/// Labels of a send.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PublishLabels {
    channel: &'static str,
    result: &'static str,
}

/// Labels of a breaker.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BreakerLabels {
    breaker: String,
}

/// Labels of a notification.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct NotificationLabels {
    sink: &'static str,
    result: &'static str,
}

/// Labels of what is built.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

/// Every metric of the process; clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    reconciles: Family<ReconcileLabels, Counter>,
    requests: Family<RequestLabels, Counter>,
    publishes: Family<PublishLabels, Counter>,
    publish_delay: Histogram,
    breakers: Family<BreakerLabels, Counter>,
    notifications: Family<NotificationLabels, Counter>,
    leader: Gauge<i64>,
    clock_offset: Gauge<i64>,
    source_lag: Gauge<f64, AtomicU64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let metrics = Self {
            registry: Arc::default(),
            reconciles: Family::default(),
            requests: Family::default(),
            publishes: Family::default(),
            publish_delay: Histogram::new(exponential_buckets(0.05, 2.0, 14)),
            breakers: Family::default(),
            notifications: Family::default(),
            leader: Gauge::default(),
            clock_offset: Gauge::default(),
            source_lag: Gauge::default(),
        };
        metrics.register(&mut registry);
        *metrics.registry.lock().unwrap_or_else(PoisonError::into_inner) = registry;
        metrics
    }
}

impl Metrics {
    fn register(&self, registry: &mut Registry) {
        let build = Family::<BuildLabels, Gauge>::default();
        build
            .get_or_create(&BuildLabels {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);
        registry.register("campanile_build_info", "The version that runs", build);
        registry.register(
            "controller_runtime_reconcile",
            "Reconciliations by controller and result",
            self.reconciles.clone(),
        );
        registry.register(
            "rest_client_requests",
            "Requests to the API server by method and code",
            self.requests.clone(),
        );
        registry.register(
            "campanile_publish",
            "Sends by channel type and result",
            self.publishes.clone(),
        );
        registry.register(
            "campanile_notification",
            "Notifications by kind of sink and result",
            self.notifications.clone(),
        );
        registry.register_with_unit(
            "campanile_publish_delay",
            "From the instant of publication to the receipt",
            Unit::Seconds,
            self.publish_delay.clone(),
        );
        registry.register(
            "campanile_breaker_opened",
            "Halts made by breakers",
            self.breakers.clone(),
        );
        registry.register(
            "campanile_leader",
            "1 while this process may send",
            self.leader.clone(),
        );
        registry.register_with_unit(
            "campanile_clock_offset",
            "How far the API server's clock is ahead",
            Unit::Seconds,
            self.clock_offset.clone(),
        );
        registry.register_with_unit(
            "campanile_source_lag",
            "From a push being seen to it being applied",
            Unit::Seconds,
            self.source_lag.clone(),
        );
    }

    /// Counts a reconciliation.
    pub fn reconciled(&self, controller: &'static str, result: &'static str) {
        self.reconciles
            .get_or_create(&ReconcileLabels { controller, result })
            .inc();
    }

    /// Counts a request to the API server; code 0 for none.
    pub fn api_request(&self, method: &Method, code: u16) {
        self.requests
            .get_or_create(&RequestLabels {
                method: method.to_string(),
                code: code.into(),
            })
            .inc();
    }

    /// Counts a Halt that a breaker made, by its owner.
    pub fn breaker_opened(&self, breaker: &str) {
        let breaker = breaker.to_owned();
        self.breakers.get_or_create(&BreakerLabels { breaker }).inc();
    }

    /// Counts a send.
    pub fn published(&self, channel: &'static str, result: &'static str) {
        self.publishes
            .get_or_create(&PublishLabels { channel, result })
            .inc();
    }

    /// Counts a notification.
    pub fn notified(&self, sink: &'static str, result: &'static str) {
        self.notifications
            .get_or_create(&NotificationLabels { sink, result })
            .inc();
    }

    /// Notes how long after its instant something was published.
    pub fn publish_delay(&self, seconds: f64) {
        self.publish_delay.observe(seconds.max(0.0));
    }

    /// Notes whether this process leads.
    pub fn leads(&self, leads: bool) {
        self.leader.set(i64::from(leads));
    }

    /// Notes how far the API server's clock is ahead.
    pub fn clock_offset(&self, seconds: i64) {
        self.clock_offset.set(seconds);
    }

    /// Notes how long a revision took from being seen to being applied.
    pub fn source_lag(&self, seconds: f64) {
        self.source_lag.set(seconds);
    }

    /// Everything in Prometheus' text format.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        match text::encode(&mut text, &registry) {
            Ok(()) => text,
            Err(_) => String::new(),
        }
    }
}
