//! What Campanile knows about publishing, as plain values and functions.
//!
//! Pure: no async, I/O, clock, environment or randomness, and no collection without a stable order. The lints
//! below and `tests/it/layering.rs` hold that.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod approval_status;
pub mod breakers;
pub mod channels;
pub mod content;
pub mod decide;
pub mod digest;
#[cfg(test)]
mod fixtures;
pub mod gates;
pub mod guarding;
pub mod halts;
pub mod items;
pub mod lanes;
pub mod language;
pub mod limits;
pub mod materialise;
pub mod notify;
pub mod observed;
pub mod plan;
pub mod policy;
pub mod publication;
pub mod receipt;
pub mod repository;
pub mod schedule;
pub mod simulation;
pub mod slot;
pub mod staleness;
pub mod status;
pub mod wanted;
pub mod why;

#[cfg(test)]
mod walk;
