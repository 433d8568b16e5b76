//! The control plane alone, by a plain client: writes, lists, and changes that many watch.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use futures::{StreamExt as _, TryStreamExt as _, future, stream};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::{
    Api,
    api::{ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
};
use serde_json::json;
use tokio::sync::mpsc;

use crate::{
    process::children_resident,
    support::control_plane::{Content, ControlPlane},
    table::{Table, quantile},
};

/// How many objects are listed.
const OBJECTS: usize = 10_000;
/// How many clients write at once.
const WRITERS: usize = 64;
/// How many watch the same objects.
const WATCHERS: usize = 100;
/// What an object holds, in bytes: about an Asset.
const VALUE_BYTES: usize = 2048;

pub(crate) async fn measure(table: &mut Table) {
    let began = Instant::now();
    let plane = ControlPlane::start(Content::Definitions).await;
    table.add(
        "start until it serves our kinds",
        "",
        "s",
        vec![began.elapsed().as_secs_f64()],
    );
    tokio::time::sleep(Duration::from_secs(5)).await;
    table.add("resident, idle", "", "MiB", vec![children_resident()]);
    let namespace = plane.namespace("plane").await;
    let api: Api<ConfigMap> = Api::namespaced(plane.client().await, &namespace);
    table.add(
        format!("creates of {VALUE_BYTES} bytes by {WRITERS} writers, a second"),
        "5000",
        "",
        creates(&api).await,
    );
    let lone = lone_writes(&api).await;
    table.add("a lone write, p99", "20 ms", "ms", vec![quantile(&lone, 0.99)]);
    table.add("a lone write, p50", "", "ms", lone);
    table.add(format!("list of {OBJECTS}"), "", "ms", lists(&api).await);
    let fanned = fan_out(&api).await;
    table.add(
        format!("a change until {WATCHERS} watchers have it, after its answer, p99"),
        "10 ms",
        "ms",
        vec![quantile(&fanned, 0.99)],
    );
    table.add(
        format!("a change until {WATCHERS} watchers have it, after its answer, p50"),
        "",
        "ms",
        fanned,
    );
    // What was built for lists and watchers is given back within seconds.
    tokio::time::sleep(Duration::from_secs(10)).await;
    table.add(
        format!("resident with {OBJECTS} objects"),
        "",
        "MiB",
        vec![children_resident()],
    );
}

fn object(number: usize) -> ConfigMap {
    serde_json::from_value(json!({
        "metadata": {"name": format!("object-{number:06}")},
        "data": {"value": "x".repeat(VALUE_BYTES)},
    }))
    .expect("a ConfigMap")
}

/// Creates them all, in five parts; how many a second in each.
async fn creates(api: &Api<ConfigMap>) -> Vec<f64> {
    let mut rates = Vec::new();
    for part in 0..5 {
        let numbers = part * OBJECTS / 5..(part + 1) * OBJECTS / 5;
        let count = numbers.len() as f64;
        let began = Instant::now();
        stream::iter(numbers)
            .for_each_concurrent(WRITERS, async |number| {
                let created = api.create(&PostParams::default(), &object(number)).await;
                created.expect("create a ConfigMap");
            })
            .await;
        rates.push(count / began.elapsed().as_secs_f64());
    }
    rates
}

async fn write(api: &Api<ConfigMap>, number: usize) {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed).to_string();
    let patch = json!({"data": {"turn": turn}});
    api.patch(
        &format!("object-{number:06}"),
        &PatchParams::default(),
        &Patch::Merge(&patch),
    )
    .await
    .expect("write a ConfigMap");
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

async fn lone_writes(api: &Api<ConfigMap>) -> Vec<f64> {
    let mut times = Vec::new();
    for number in 0..300 {
        let began = Instant::now();
        write(api, number).await;
        times.push(milliseconds(began.elapsed()));
    }
    times
}

async fn lists(api: &Api<ConfigMap>) -> Vec<f64> {
    let mut times = Vec::new();
    for _ in 0..10 {
        let began = Instant::now();
        let all = api
            .list_metadata(&ListParams::default())
            .await
            .expect("list the ConfigMaps");
        // The namespace's own holds the authority where a controller manager runs.
        assert!(all.items.len() >= OBJECTS, "{} objects", all.items.len());
        times.push(milliseconds(began.elapsed()));
    }
    times
}

/// How long after the answer to a write its last watcher has it.
async fn fan_out(api: &Api<ConfigMap>) -> Vec<f64> {
    let (seen, mut arrivals) = mpsc::channel(WATCHERS);
    let from = api
        .list_metadata(&ListParams::default().limit(1))
        .await
        .expect("list");
    let from = from.metadata.resource_version.expect("a version");
    let watchers = (0..WATCHERS).map(|_| tokio::spawn(watch(api.clone(), from.clone(), seen.clone())));
    let watchers: Vec<_> = watchers.collect();
    let mut times = Vec::new();
    for number in 0..60 {
        write(api, number).await;
        let answered = Instant::now();
        let mut last = answered;
        for _ in 0..WATCHERS {
            let arrived = tokio::time::timeout(Duration::from_secs(20), arrivals.recv()).await;
            last = last.max(arrived.expect("every watcher is told").expect("watchers live"));
        }
        // The first ones open the watches.
        if number >= 10 {
            times.push(milliseconds(last - answered));
        }
    }
    for watcher in &watchers {
        watcher.abort();
    }
    let _ended = future::join_all(watchers).await;
    times
}

async fn watch(api: Api<ConfigMap>, from: String, seen: mpsc::Sender<Instant>) {
    let events = api
        .watch_metadata(&WatchParams::default().timeout(290), &from)
        .await;
    let mut events = std::pin::pin!(events.expect("watch the ConfigMaps"));
    while let Some(event) = events.try_next().await.expect("an event") {
        if matches!(event, WatchEvent::Modified(_)) && seen.send(Instant::now()).await.is_err() {
            return;
        }
    }
}
