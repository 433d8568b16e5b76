//! What the operator costs and how fast it is, measured on a control plane with the real binary: on etcd (which syncs) and
//! kube-apiserver, or with `CAMPANILE_E2E_CONTROL_PLANE=embedded` on the embedded one.
//!
//! `cargo bench --bench operator -- [SECTION...] [--short]` prints a table; `docs/benchmarks.md` says what its lines mean.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    reason = "a benchmark prints, and ends where it goes wrong"
)]

mod ceiling;
mod counters;
mod due;
mod plane;
mod process;
mod push;
mod rig;
mod sheet;
mod sink;
mod standing;
mod table;

#[expect(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "written for tests; this uses a part of it"
)]
#[path = "../../tests/support/mod.rs"]
mod support;

#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "written for tests; this uses a part of it"
)]
#[path = "../../tests/support/git_http.rs"]
mod git_http;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use table::Table;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// From a push to its publication.
    Push,
    /// Many rows that become due at once, and the writes that each costs.
    Due,
    /// Memory, cold start, rest and polls with many standing assets.
    Standing,
    /// The offline check of a long sheet.
    Check,
    /// The control plane alone, without the operator.
    Plane,
}

/// Measures the operator.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// What is measured; everything if left out
    sections: Vec<Section>,
    /// How many pushes are timed
    #[arg(long, default_value_t = 40)]
    pushes: usize,
    /// How many rows become due at once, for each run
    #[arg(long, value_delimiter = ',', default_value = "1000,1000,1000,10000")]
    due: Vec<usize>,
    /// With how many standing assets the process is weighed
    #[arg(long, value_delimiter = ',', default_value = "0,1000,10000")]
    standing: Vec<usize>,
    /// How often a cold start and an offline check are repeated
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// How long writes and polls at rest are counted, in seconds
    #[arg(long, default_value_t = 600)]
    rest: u64,
    /// How many rows the sheet has that is checked offline
    #[arg(long, default_value_t = 100_000)]
    rows: usize,
    /// Small sizes: about two minutes
    #[arg(long)]
    short: bool,
    /// Print what the operator logs
    #[arg(long)]
    logs: bool,
    /// Measure another build of the binary, to compare
    #[arg(long, default_value = env!("CARGO_BIN_EXE_campanile"))]
    binary: PathBuf,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    fn read() -> Self {
        let mut options = Self::parse();
        if options.short {
            options.pushes = 10;
            options.due = vec![500];
            options.standing = vec![0, 1000];
            options.runs = 2;
            options.rest = 30;
            options.rows = 20_000;
        }
        options
    }

    fn wants(&self, section: Section) -> bool {
        self.sections.is_empty() || self.sections.contains(&section)
    }
}

#[tokio::main]
async fn main() {
    let options = Options::read();
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut table = Table::default();
    if options.wants(Section::Check) {
        sheet::check(&options, &mut table);
    }
    if options.wants(Section::Plane) {
        plane::measure(&mut table).await;
    }
    if options.wants(Section::Push) {
        push::measure(&options, &mut table).await;
    }
    if options.wants(Section::Due) {
        due::measure(&options, &mut table).await;
    }
    if options.wants(Section::Standing) {
        standing::measure(&options, &mut table).await;
    }
    println!("{table}");
}
