//! The whole operator against the embedded API server, in one thread, on time that passes only while everybody waits:
//! thousands of crashes and faults drawn from seeds, and invariants that are looked at on every step.
//!
//! Real: the operator with all its controllers, kube's client and caches, the API server's rules and storage in memory,
//! the git mirrors. Simulated: time, the line to the API server, and the platforms, which keep the promise of their class
//! and nothing else; what a real platform answers is shown by the conformance suite.
//!
//! A seed fixes the script and every fault's dice. It does not fix the order in which things of one instant happen: kube's
//! scheduler and stores hash with keys that are drawn anew in each process, attempts have random ids, and git is read on
//! threads of its own. A seed that failed is therefore played several times by `tools/simulate one SEED`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a simulation ends where it goes wrong, and prints what it did"
)]

/// A fifth of a run was spent in the allocator of the C library.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

mod api_server;
mod branch;
mod clock;
mod faults;
mod limits;
mod people;
mod permission;
mod permitted;
mod platforms;
mod process;
mod receipts;
mod record;
mod runs;
mod scene;
mod script;
mod seeded_bugs;
