//! An operator that can be killed at any request, and a guard that sees each of its requests.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use campanile::{
    config::OperatorOptions,
    controller::{Clock, Error, Interceptor, Operator, OperatorSettings, Outgoing, Surface, SystemClock},
};
use futures::future::BoxFuture;
use tokio::{runtime::Runtime, sync::watch, task::JoinHandle};

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Before the request leaves, or when it took effect and nobody has seen its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Before,
    After,
}

/// A moment in the life of a process: the side of the n-th request of a kind, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) kind: String,
    pub(crate) ordinal: usize,
    pub(crate) side: Side,
}

impl Point {
    pub(crate) fn new(kind: &str, ordinal: usize, side: Side) -> Self {
        Self {
            kind: kind.to_owned(),
            ordinal,
            side,
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} {} #{}", self.side, self.kind, self.ordinal)
    }
}

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// From here on nothing leaves this process and no answer reaches it.
    StopTheWorld,
    /// This request alone waits until it is let go.
    Hold,
}

/// Sees every request of one process; what it is for is kept as `METHOD plural/subresource` or the call of a channel.
///
/// Lists and watches are not counted: nothing is decided on them alone, and their number differs from run to run.
pub(crate) struct Guard {
    orders: BTreeMap<Point, Order>,
    disarmed: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
    released: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    left: BTreeMap<String, usize>,
    answered: BTreeMap<String, usize>,
    log: VecDeque<String>,
    in_flight: usize,
    stopped: bool,
    held: usize,
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Guard({:?})", self.orders)
    }
}

/// The handle that the operator calls.
#[derive(Debug)]
struct AtTheGate(Arc<Guard>);

impl Guard {
    /// One that lets everything pass.
    pub(crate) fn unhindering() -> Arc<Self> {
        Self::with([])
    }

    /// One that does as it is told at these points.
    pub(crate) fn with(orders: impl IntoIterator<Item = (Point, Order)>) -> Arc<Self> {
        Arc::new(Self {
            orders: orders.into_iter().collect(),
            disarmed: AtomicBool::new(false),
            state: Mutex::default(),
            changed: Condvar::new(),
            released: watch::channel(false).0,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests of each kind were answered.
    pub(crate) fn answered(&self) -> BTreeMap<String, usize> {
        self.state().answered.clone()
    }

    /// How many requests were answered whose kind a test picks.
    pub(crate) fn count(&self, picks: impl Fn(&str) -> bool) -> usize {
        let state = self.state();
        let picked = state.answered.iter().filter(|(kind, _)| picks(kind));
        picked.map(|(_, count)| count).sum()
    }

    /// The requests so far, in order, for the message of a failed test.
    pub(crate) fn log(&self) -> Vec<String> {
        self.state().log.iter().cloned().collect()
    }

    /// True for one that is still to stop the world.
    pub(crate) fn stops(&self) -> bool {
        let armed = !self.disarmed.load(Ordering::SeqCst);
        armed && self.orders.values().any(|order| *order == Order::StopTheWorld)
    }

    /// Forgets what it was told to do.
    pub(crate) fn disarm(&self) {
        self.disarmed.store(true, Ordering::SeqCst);
    }

    /// True once the world was stopped.
    pub(crate) fn has_stopped(&self) -> bool {
        self.state().stopped
    }

    /// Waits until a request is held.
    pub(crate) fn wait_until_held(&self) {
        self.wait("a request is held", |state| state.held > 0);
    }

    /// Waits until so many requests of a kind were answered.
    pub(crate) fn wait_for(&self, kind: &str, count: usize) {
        self.wait(kind, |state| {
            state
                .answered
                .get(kind)
                .is_some_and(|answered| *answered >= count)
        });
    }

    /// Waits until what had left when the world stopped has taken effect.
    fn wait_until_still(&self) {
        self.wait("nothing is on its way", |state| state.in_flight == 0);
    }

    fn wait(&self, what: &str, holds: impl Fn(&State) -> bool) {
        let (state, late) = self
            .changed
            .wait_timeout_while(self.state(), PATIENCE, |state| !holds(state))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!late.timed_out(), "{what}: did not happen; {:#?}", state.log);
    }

    /// Lets go of every request that is or will be held.
    pub(crate) fn let_go(&self) {
        self.released.send_replace(true);
    }

    /// Notes a request on one side; tells what is to be done with it.
    fn passes(&self, kind: &str, side: Side) -> Option<Order> {
        let mut state = self.state();
        if side == Side::After {
            state.in_flight = state.in_flight.saturating_sub(1);
        } else if state.stopped {
            return Some(Order::StopTheWorld);
        }
        let counts = match side {
            Side::Before => &mut state.left,
            Side::After => &mut state.answered,
        };
        let ordinal = counts.entry(kind.to_owned()).or_default();
        *ordinal += 1;
        let point = Point::new(kind, *ordinal, side);
        let armed = !self.disarmed.load(Ordering::SeqCst);
        let mut order = self.orders.get(&point).copied().filter(|_| armed);
        match order {
            Some(Order::StopTheWorld) => state.stopped = true,
            Some(Order::Hold) => state.held += 1,
            None if side == Side::Before => state.in_flight += 1,
            None => {}
        }
        if state.stopped {
            order = Some(Order::StopTheWorld);
        }
        state.log.push_back(match order {
            Some(order) => format!("{point}: {order:?}"),
            None => point.to_string(),
        });
        self.changed.notify_all();
        order
    }

    async fn obey(self: Arc<Self>, kind: String, side: Side) {
        match self.passes(&kind, side) {
            None => {}
            Some(Order::StopTheWorld) => std::future::pending().await,
            Some(Order::Hold) => {
                let mut released = self.released.subscribe();
                let _let_go = released.wait_for(|released| *released).await;
                let mut state = self.state();
                state.held -= 1;
                if side == Side::Before {
                    state.in_flight += 1;
                }
            }
        }
    }
}

impl AtTheGate {
    fn meet(&self, outgoing: &Outgoing, side: Side) -> BoxFuture<'static, ()> {
        match kind(outgoing) {
            Some(kind) => Box::pin(Arc::clone(&self.0).obey(kind, side)),
            None if self.0.has_stopped() => Box::pin(std::future::pending()),
            None => Box::pin(std::future::ready(())),
        }
    }
}

impl Interceptor for AtTheGate {
    fn before(&self, outgoing: Outgoing) -> BoxFuture<'static, ()> {
        self.meet(&outgoing, Side::Before)
    }

    fn after(&self, outgoing: Outgoing) -> BoxFuture<'static, ()> {
        self.meet(&outgoing, Side::After)
    }
}

/// What a request is for; none for lists and watches.
fn kind(outgoing: &Outgoing) -> Option<String> {
    let (method, path) = match outgoing {
        Outgoing::Channel { call } => return Some((*call).to_owned()),
        Outgoing::Api { method, path } => (method, path),
    };
    kind_of_api(method, path)
}

/// What a request to the API server is for, `METHOD plural/subresource`; none for lists and watches.
pub(crate) fn kind_of_api(method: &http::Method, path: &str) -> Option<String> {
    let mut segments = path.split('/').skip_while(|segment| *segment != "namespaces");
    let (plural, name) = (segments.nth(2)?, segments.next());
    if *method == http::Method::GET && name.is_none() {
        return None;
    }
    Some(match segments.next() {
        Some(subresource) => format!("{method} {plural}/{subresource}"),
        None => format!("{method} {plural}"),
    })
}

/// An operator in this process, on threads of its own, so that all that it spawned dies with it.
pub(crate) struct Process {
    pub(crate) guard: Arc<Guard>,
    pub(crate) surface: Surface,
    runtime: Runtime,
    running: JoinHandle<Result<(), Error>>,
}

impl Process {
    pub(crate) fn start(options: &OperatorOptions, guard: Arc<Guard>) -> Self {
        Self::start_with_clock(options, guard, Arc::new(SystemClock))
    }

    pub(crate) fn start_with_clock(
        options: &OperatorOptions,
        guard: Arc<Guard>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("make threads for an operator");
        let settings = OperatorSettings {
            clock,
            interceptor: Arc::new(AtTheGate(Arc::clone(&guard))),
            ..OperatorSettings::new(options.clone())
        };
        let operator = runtime
            .block_on(Operator::new(settings))
            .expect("prepare an operator");
        let surface = operator.surface();
        let running = runtime.spawn(operator.run(std::future::pending()));
        Self {
            guard,
            surface,
            runtime,
            running,
        }
    }

    /// True once the operator has ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.running.is_finished()
    }

    /// Dies here: what has left takes effect, and nothing else happens any more.
    pub(crate) fn kill(self) {
        if self.guard.has_stopped() {
            self.guard.wait_until_still();
        }
        // Threads that are busy with git or files end as well, as they would with a process.
        self.runtime.shutdown_timeout(PATIENCE);
    }

    /// How often a controller has looked at an object without an error.
    pub(crate) fn reconciled(&self, controller: &str) -> usize {
        let wanted =
            format!("controller_runtime_reconcile_total{{controller=\"{controller}\",result=\"success\"}} ");
        let metrics = self.surface.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix(&wanted));
        line.map_or(0, |count| count.parse().expect("a count"))
    }
}
