//! How fast the store of the embedded control plane is, on this machine's disk.
//!
//! `cargo bench --bench standalone [-- FOLDER]`; the folder says which disk, the default is that of temporary files.
//! Every write is durable before it is counted.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and ends where it goes wrong"
)]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use campanile::standalone::storage::{Key, Limits, ListAt, Operation, Place, Scope, Store};
use futures::future;

const VALUE_BYTES: usize = 2048;
const OBJECTS: usize = 10_000;
const WATCHERS: usize = 100;
const FOR: Duration = Duration::from_secs(5);

fn main() {
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let folder = folder
        .map_or_else(tempfile::tempdir, tempfile::tempdir_in)
        .expect("a folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(all(&folder.path().join("objects")));
}

async fn all(path: &Path) {
    println!(
        "values of {VALUE_BYTES} bytes, {FOR:?} each, in {}",
        path.display()
    );
    raw_sync(path);
    let before = resident_kib();
    let store = open(path);
    fill(&store).await;
    println!(
        "memory of {OBJECTS} objects     {:>8} KiB",
        resident_kib() - before
    );
    for writers in [1, 8, 64, 256] {
        writes(&store, writers).await;
    }
    lone_write(&store).await;
    lists(&store);
    fan_out(&store).await;
    store.close().await;
    drop(store);
    reopen(path);
}

fn open(path: &Path) -> Store {
    Store::open(path, Limits::default()).expect("open")
}

fn key(number: usize) -> Key {
    Key::new("assets.example.org", "bench", format!("asset-{number:06}"))
}

fn value() -> Bytes {
    Bytes::from(vec![b'x'; VALUE_BYTES])
}

/// What the disk can do at best: the same bytes appended and synced, one after another.
fn raw_sync(path: &Path) {
    use std::io::Write as _;
    let mut file = std::fs::File::create(path.with_extension("raw")).expect("create");
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        file.write_all(&value()).expect("write");
        file.sync_data().expect("sync");
        times.push(began.elapsed());
    }
    print_times("append and sync, no store", times);
}

async fn fill(store: &Store) {
    let began = Instant::now();
    for chunk in (0..OBJECTS).collect::<Vec<_>>().chunks(500) {
        let writes = chunk
            .iter()
            .map(|number| store.write(key(*number), Operation::Create(value())));
        future::try_join_all(writes).await.expect("create");
    }
    println!(
        "create {OBJECTS}, 500 at once  {:>8.0} writes/s",
        OBJECTS as f64 / began.elapsed().as_secs_f64()
    );
}

/// Each writer updates objects of its own.
async fn writes(store: &Store, writers: usize) {
    let done = Arc::new(AtomicU64::new(0));
    let until = Instant::now() + FOR;
    let tasks = (0..writers).map(|writer| {
        let (store, done) = (store.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            for turn in 0_usize.. {
                if Instant::now() > until {
                    return;
                }
                update(&store, key((writer + turn * writers) % OBJECTS)).await;
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    future::join_all(tasks).await;
    let rate = done.load(Ordering::Relaxed) as f64 / FOR.as_secs_f64();
    println!("update by {writers:>3} writers        {rate:>8.0} writes/s");
}

async fn update(store: &Store, key: Key) {
    let revision = store.get(&key).expect("stands").revision;
    let value = value();
    store
        .write(key, Operation::Update { revision, value })
        .await
        .expect("update");
}

async fn lone_write(store: &Store) {
    let mut times = Vec::new();
    for number in 0..500 {
        let began = Instant::now();
        update(store, key(number)).await;
        times.push(began.elapsed());
    }
    print_times("a lone update", times);
}

fn lists(store: &Store) {
    let scope = Scope::everywhere("assets.example.org");
    let times = (0..50)
        .map(|_| timed(|| store.list(&scope, &ListAt::default()).expect("list")))
        .collect();
    print_times("list all", times);
    let limit = Some(500);
    let times = (0..50).map(|_| {
        timed(|| {
            store
                .list(
                    &scope,
                    &ListAt {
                        limit,
                        ..ListAt::default()
                    },
                )
                .expect("list")
        })
    });
    print_times("list the first 500", times.collect());
    let last = key(OBJECTS - 501);
    let after = Some(Place {
        namespace: last.namespace,
        name: last.name,
    });
    let revision = Some(store.revision() - 5000);
    let at = ListAt {
        revision,
        after,
        limit,
    };
    let times = (0..50)
        .map(|_| timed(|| store.list(&scope, &at).expect("list")))
        .collect();
    print_times("the last 500, 5000 revisions ago", times);
}

fn timed<T>(run: impl FnOnce() -> T) -> Duration {
    let began = Instant::now();
    std::hint::black_box(run());
    began.elapsed()
}

/// From the call of a write until the last watcher has the change, and the part of it after the write's own answer.
async fn fan_out(store: &Store) {
    let scope = Scope::everywhere("assets.example.org");
    let (sent, mut received) = tokio::sync::mpsc::channel(WATCHERS);
    for _ in 0..WATCHERS {
        let mut watch = store.watch(&scope, store.revision()).expect("watch");
        let sent = sent.clone();
        tokio::spawn(async move {
            while watch.next().await.is_ok() && sent.send(Instant::now()).await.is_ok() {}
        });
    }
    let (mut whole, mut after) = (Vec::new(), Vec::new());
    for number in 0..200 {
        let began = Instant::now();
        update(store, key(number)).await;
        let answered = Instant::now();
        let mut last = answered;
        for _ in 0..WATCHERS {
            last = last.max(received.recv().await.expect("watcher"));
        }
        whole.push(last - began);
        after.push(last - answered);
    }
    print_times("write until 100 watchers have it", whole);
    print_times("  of it after the answer", after);
}

fn reopen(path: &Path) {
    let began = Instant::now();
    let store = open(path);
    println!(
        "open {OBJECTS} objects again   {:>10.1?}, file {} KiB",
        began.elapsed(),
        size_kib(path)
    );
    drop(store);
}

fn size_kib(path: &Path) -> u64 {
    std::fs::metadata(path).expect("file").len() / 1024
}

fn print_times(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent: usize| {
        times
            .get((times.len() - 1) * percent / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{what:<34} p50 {:>9.1?}  p99 {:>9.1?}  most {:>9.1?}",
        at(50),
        at(99),
        at(100)
    );
}

/// Resident memory of this process.
fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok())
        .unwrap_or(0)
}
