//! Campanile: GitOps for marketing.
//!
//! Modules depend downwards only:
//! `main > cli > {controller, http} > {git, publish} > domain > api`. `ARCHITECTURE.md` has the map.

pub mod api;
pub mod domain;
pub mod egress;
pub mod git;
pub mod publish;
pub mod secret;
