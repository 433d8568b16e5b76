//! Assets that stand and wait: memory, cold start, writes and polls at rest.

use std::time::Duration;

use campanile::api::ChannelConfig;

use crate::{
    Options,
    counters::{between, is_write},
    process::{Process, children_resident},
    rig::{INTERVAL, Rig},
    sheet::{When, rows},
    table::Table,
};

/// Until an allocator has given back what it does not need.
const SETTLED: Duration = Duration::from_secs(8);

pub(crate) async fn measure(options: &Options, table: &mut Table) {
    let largest = options.standing.iter().copied().max().unwrap_or_default();
    for size in &options.standing {
        let mut rig = with_standing(options, *size).await;
        weigh(&mut rig, *size, table).await;
        if *size == largest && largest > 0 {
            cold_start(&rig, options, table).await;
            rest(&rig, options, table).await;
        }
    }
}

/// A rig with so many Assets that are due in two days, and a due one for each cold start, held by its channel.
async fn with_standing(options: &Options, size: usize) -> Rig {
    let mut all = rows("later", size.saturating_sub(options.runs), When::Later, "company");
    if size > 0 {
        for run in 0..options.runs {
            all += &rows(&format!("held-{run}"), 1, When::Now, &format!("held-{run}"));
        }
    }
    let rig = Rig::start(options, Duration::ZERO, &all).await;
    for run in 0..options.runs {
        rig.channel(&format!("held-{run}"), false).await;
    }
    rig.campaign(true).await;
    let operator = rig.operator();
    rig.wait_for_counts(None, size).await;
    operator.wait_until_quiet().await;
    operator.stop();
    rig
}

async fn settled(operator: &Process) {
    operator.wait_until_quiet().await;
    tokio::time::sleep(SETTLED).await;
}

async fn weigh(rig: &mut Rig, size: usize, table: &mut Table) {
    let operator = rig.operator();
    settled(&operator).await;
    let start = operator.weight();
    operator.forget_peak();
    // The store has forgotten what the operator has seen, and the new server's memory begins later: it answers 410, and all
    // is listed again.
    let _written = rig.plane.namespace("newer").await;
    rig.plane.compact().await;
    rig.plane.restart_api_server().await;
    tokio::time::sleep(SETTLED).await;
    settled(&operator).await;
    let after = operator.weight();
    let lists = rig.requests().await;
    let lists = lists.get("LIST assets").copied().unwrap_or_default();
    let aim = match size {
        0 => "12 MiB",
        1000 => "16 MiB",
        10_000 => "35 MiB",
        _ => "",
    };
    let label = |what: &str| format!("{size} standing assets: {what}");
    table.add(label("resident"), aim, "MiB", vec![start.resident]);
    table.add(
        label("resident, without the pages of the binary"),
        "",
        "MiB",
        vec![start.anonymous],
    );
    table.add(
        label("resident, control plane and operator"),
        "",
        "MiB",
        vec![children_resident()],
    );
    table.add(label("highest during the start"), "", "MiB", vec![start.peak]);
    // The garbage collector lists Assets too, once: only more pages than one are sure to be the operator's.
    let what = if lists > 1.0 {
        "a relist"
    } else {
        "a restart of the API server without a relist"
    };
    table.add(
        label(&format!("highest during {what}")),
        "",
        "MiB",
        vec![after.peak],
    );
    table.add(
        label(&format!("highest during {what}, of resident")),
        "1.3",
        "times",
        vec![after.peak / start.resident],
    );
    table.add(label("resident after a relist"), "", "MiB", vec![after.resident]);
    table.add(label("pages of Assets listed, by whomever"), "", "", vec![lists]);
    operator.stop();
}

async fn cold_start(rig: &Rig, options: &Options, table: &mut Table) {
    let mut samples = Vec::new();
    for run in 0..options.runs {
        rig.enable::<ChannelConfig>(&format!("held-{run}")).await;
        let operator = rig.operator();
        let sent = tokio::time::timeout(Duration::from_mins(2), rig.sink.answered(run + 1)).await;
        let sent = sent.expect("a due asset is published");
        samples.push(sent.duration_since(operator.started).as_secs_f64());
        operator.wait_until_quiet().await;
        operator.stop();
    }
    table.add("cold start to the first publication", "1.5 s", "s", samples);
}

async fn rest(rig: &Rig, options: &Options, table: &mut Table) {
    let operator = rig.operator();
    settled(&operator).await;
    let (before, requests, bytes) = (rig.requests().await, rig.git.requests(), rig.git.bytes());
    let processor = operator.processor_seconds();
    let span = Duration::from_secs(options.rest.max(INTERVAL));
    tokio::time::sleep(span).await;
    let counted = between(&before, &rig.requests().await);
    let (requests, bytes) = (rig.git.requests() - requests, rig.git.bytes() - bytes);
    let processor = operator.processor_seconds() - processor;
    let writes = counted.iter().filter(|(name, _)| is_write(name));
    let writes: f64 = writes
        .inspect(|(name, count)| eprintln!("at rest: {name} {count}"))
        .map(|(_, count)| count)
        .fold(0.0, |sum, count| sum + count);
    let polls = (span.as_secs() / INTERVAL) as f64;
    table.add(
        format!("writes in {} s at rest, without the Lease", span.as_secs()),
        "0",
        "",
        vec![writes],
    );
    table.add("requests of an idle poll", "2", "", vec![requests as f64 / polls]);
    table.add(
        "bytes of an idle poll, both ways",
        "2048",
        "bytes",
        vec![bytes as f64 / polls],
    );
    table.add(
        "processor time a minute at rest",
        "",
        "ms",
        vec![processor * 60_000.0 / span.as_secs_f64()],
    );
    operator.stop();
}
