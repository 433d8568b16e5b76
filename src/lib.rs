//! Campanile: GitOps for marketing.
//!
//! Modules depend downwards only:
//! `main > cli > {controller, http} > {git, publish, notify} > domain > api`. `ARCHITECTURE.md` has the map.

pub mod api;
pub mod cli;
pub mod config;
pub mod controller;
pub mod domain;
pub mod egress;
pub mod git;
pub mod http;
pub mod notify;
pub mod publish;
pub mod secret;
pub mod standalone;
pub mod telemetry;
