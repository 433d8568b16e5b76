//! Many rows that become due at once: time to the last receipt beside the ceiling, and what each row writes.

use std::time::{Duration, Instant};

use campanile::api::Campaign;

use crate::{
    Options,
    ceiling::Pattern,
    counters::{Counts, between, is_write},
    rig::{CAMPAIGN, Rig},
    sheet::{When, rows},
    table::Table,
};

/// What one run measured.
struct Run {
    made: f64,
    receipts: f64,
    settled: f64,
    ceiling: f64,
    processor: f64,
    writes: Counts,
    reads: f64,
    weight: crate::process::Weight,
}

pub(crate) async fn measure(options: &Options, table: &mut Table) {
    let mut sizes = options.due.clone();
    sizes.dedup();
    for size in sizes {
        let count = options.due.iter().filter(|due| **due == size).count();
        let mut measured = Vec::new();
        for _ in 0..count {
            measured.push(run(options, size).await);
        }
        report(size, &measured, table);
    }
}

fn report(size: usize, runs: &[Run], table: &mut Table) {
    let each = |number: fn(&Run) -> f64| runs.iter().map(number).collect::<Vec<f64>>();
    let label = |what: &str| format!("{size} due rows: {what}");
    table.add(label("from the sheet to Assets"), "", "s", each(|run| run.made));
    table.add(label("to the last receipt"), "", "s", each(|run| run.receipts));
    table.add(
        label("to the last Asset status and Event"),
        "",
        "s",
        each(|run| run.settled),
    );
    table.add(
        label("the same writes by a plain client"),
        "",
        "s",
        each(|run| run.ceiling),
    );
    table.add(
        label("share of the ceiling, to the last receipt"),
        "75 %",
        "%",
        each(|run| 100.0 * run.ceiling / run.receipts),
    );
    table.add(
        label("share of the ceiling, to the last write"),
        "",
        "%",
        each(|run| 100.0 * run.ceiling / run.settled),
    );
    table.add(
        label("processor time of the operator"),
        "",
        "s",
        each(|run| run.processor),
    );
    table.add(
        label("resident afterwards"),
        "",
        "MiB",
        each(|run| run.weight.resident),
    );
    table.add(label("highest resident"), "", "MiB", each(|run| run.weight.peak));
    table.add(
        label("posts a second, each with its receipt"),
        "",
        "",
        runs.iter().map(|run| size as f64 / run.receipts).collect(),
    );
    requests(size, runs, table);
}

/// What each row asked of the API server; nothing where nobody counted.
fn requests(size: usize, runs: &[Run], table: &mut Table) {
    let Some(last) = runs.last().filter(|run| !run.writes.is_empty()) else {
        return;
    };
    let label = |what: &str| format!("{size} due rows: {what}");
    table.add(
        label("direct reads for each"),
        "",
        "",
        runs.iter().map(|run| run.reads / size as f64).collect(),
    );
    for name in last.writes.keys() {
        let samples = runs
            .iter()
            .map(|run| run.writes.get(name).unwrap_or(&0.0) / size as f64)
            .collect();
        let aim = match name.as_str() {
            "PUT receipts/status" => "2",
            "POST receipts" | "PATCH assets/status" | "POST events" => "1",
            _ => "",
        };
        table.add(label(&format!("{name} for each")), aim, "", samples);
    }
}

async fn run(options: &Options, size: usize) -> Run {
    let due = rows("due", size, When::Now, "company");
    let rig = Rig::start(options, Duration::from_millis(50), &due).await;
    rig.campaign(false).await;
    let operator = rig.operator();
    rig.wait_for_counts(None, size).await;
    let made = operator
        .wait_until_quiet()
        .await
        .duration_since(operator.started)
        .as_secs_f64();
    let (before, processor) = (rig.requests().await, operator.processor_seconds());
    let began = Instant::now();
    rig.enable::<Campaign>(CAMPAIGN).await;
    let receipts = operator.wait_until_published(size as f64).await;
    let settled = operator.wait_until_quiet().await;
    let weight = operator.weight();
    let processor = operator.processor_seconds() - processor;
    let counted = between(&before, &rig.requests().await);
    assert_eq!(rig.sink.count(), size, "each row is sent once");
    operator.stop();
    let pattern = Pattern::of(&rig).await;
    let ceiling = pattern.write(&rig).await;
    let reads = counted
        .iter()
        .filter(|(name, _)| name.starts_with("GET "))
        .map(|(_, count)| count);
    Run {
        made,
        receipts: receipts.duration_since(began).as_secs_f64(),
        settled: settled.duration_since(began).as_secs_f64(),
        ceiling: ceiling.as_secs_f64(),
        processor,
        reads: reads.sum(),
        writes: counted.into_iter().filter(|(name, _)| is_write(name)).collect(),
        weight,
    }
}
