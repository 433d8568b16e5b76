//! An operator as a process: it starts, is killed at any request, and never acts again.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use campanile::{
    config::{ClusterOptions, LogFormat, OperatorOptions},
    controller::{Interceptor, Operator, OperatorSettings, Outgoing},
};
use futures::future::BoxFuture;
use http::Method;
use tokio::{sync::Notify, task::JoinHandle};

use crate::{
    clock::MachineClock,
    faults::Line,
    platforms::{Platforms, Reached},
    record::Record,
    scene::NAMESPACE,
};

/// At which request a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Death {
    /// Counted from 1, without lists and watches.
    pub(crate) request: u64,
    /// Whether the request has taken effect by then.
    pub(crate) after: bool,
}

/// Sees every request of a process, and lets none pass once it is dead.
pub(crate) struct Life {
    record: Record,
    process: usize,
    death: Option<Death>,
    requests: AtomicU64,
    dead: AtomicBool,
    died: Notify,
}

impl fmt::Debug for Life {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Life({})", self.process)
    }
}

#[derive(Debug)]
struct Gate(Arc<Life>);

impl Life {
    /// How many requests were made; lists and watches are not counted.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    fn passes(&self, outgoing: &Outgoing, after: bool) -> bool {
        if self.dead.load(Ordering::SeqCst) {
            return false;
        }
        if is_a_look(outgoing) {
            return true;
        }
        let count = if after {
            self.requests()
        } else {
            self.requests.fetch_add(1, Ordering::SeqCst) + 1
        };
        if self.death
            == Some(Death {
                request: count,
                after,
            })
        {
            self.record.fault(
                "crash",
                &format!(
                    "#{} at request {count}: {outgoing:?}, after: {after}",
                    self.process
                ),
            );
            self.kill();
            return false;
        }
        true
    }

    fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
        self.died.notify_one();
    }
}

/// A list or a watch: to die there is to die between two of the other requests, and a run of days has thousands of them.
fn is_a_look(outgoing: &Outgoing) -> bool {
    let Outgoing::Api { method, path } = outgoing else {
        return false;
    };
    let in_namespace = path.split_once("/namespaces/").map(|(_, rest)| rest);
    *method == Method::GET && in_namespace.is_none_or(|rest| rest.split('/').count() == 2)
}

impl Interceptor for Gate {
    fn before(&self, outgoing: Outgoing) -> BoxFuture<'static, ()> {
        self.pass(outgoing, false)
    }

    fn after(&self, outgoing: Outgoing) -> BoxFuture<'static, ()> {
        self.pass(outgoing, true)
    }
}

impl Gate {
    fn pass(&self, outgoing: Outgoing, after: bool) -> BoxFuture<'static, ()> {
        let life = Arc::clone(&self.0);
        Box::pin(async move {
            if !life.passes(&outgoing, after) {
                std::future::pending::<()>().await;
            }
        })
    }
}

/// What a process is started with.
pub(crate) struct Start {
    pub(crate) number: usize,
    pub(crate) leader_elect: bool,
    pub(crate) death: Option<Death>,
    pub(crate) cache: std::path::PathBuf,
    pub(crate) clock: MachineClock,
    pub(crate) line: Arc<Line>,
    pub(crate) platforms: Arc<Platforms>,
    pub(crate) record: Record,
}

/// A running operator.
pub(crate) struct Process {
    pub(crate) clock: MachineClock,
    pub(crate) line: Arc<Line>,
    pub(crate) life: Arc<Life>,
    running: JoinHandle<()>,
}

impl Process {
    pub(crate) async fn start(start: Start) -> Self {
        let Start {
            number,
            leader_elect,
            death,
            cache,
            clock,
            line,
            platforms,
            record,
        } = start;
        record.note(format!("#{number} starts, to die at {death:?}"));
        let life = Arc::new(Life {
            record: record.clone(),
            process: number,
            death,
            requests: AtomicU64::new(0),
            dead: AtomicBool::new(false),
            died: Notify::new(),
        });
        let settings = OperatorSettings {
            clock: Arc::new(clock.clone()),
            interceptor: Arc::new(Gate(Arc::clone(&life))),
            api: Some(line.service()),
            publishers: Some(Arc::new(Reached {
                platforms,
                process: number,
                holds_a_lease: leader_elect,
            })),
            ..OperatorSettings::new(options(number, leader_elect, cache))
        };
        let operator = Operator::new(settings).await.expect("prepare an operator");
        let ends = Arc::clone(&life);
        let running = tokio::spawn(async move {
            tokio::select! {
                ended = operator.run(std::future::pending()) => {
                    let why = ended.err().map(|error| error.to_string()).unwrap_or_default();
                    record.note(format!("#{number} ended by itself: {why}"));
                }
                () = ends.died.notified() => {}
            }
            ends.dead.store(true, Ordering::SeqCst);
        });
        Self {
            clock,
            line,
            life,
            running,
        }
    }

    /// True once it was killed or ended.
    pub(crate) fn is_dead(&self) -> bool {
        self.running.is_finished()
    }

    /// Kills it: whatever it was doing is never continued.
    pub(crate) async fn kill(self) {
        self.life.kill();
        self.running.abort();
        drop(self.running.await);
    }
}

fn options(number: usize, leader_elect: bool, cache: std::path::PathBuf) -> OperatorOptions {
    OperatorOptions {
        cluster: ClusterOptions {
            kubeconfig: None,
            context: None,
            namespace: Some(NAMESPACE.to_owned()),
        },
        listen: ([127, 0, 0, 1], 0).into(),
        allow_egress_to: Vec::new(),
        allow_local_paths: true,
        cache: Some(cache),
        leader_elect,
        lease_namespace: Some(NAMESPACE.to_owned()),
        pod_name: Some(format!("operator-{number}")),
        restored_at: None,
        log_format: LogFormat::Human,
        concurrency: 8,
    }
}
