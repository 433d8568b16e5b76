//! What test binaries and the `control-plane` example share; taken in with
//! `#[cfg(test)] #[path = "../support/mod.rs"] mod support;`.

pub(crate) mod access;
pub(crate) mod binaries;
pub(crate) mod certificates;
pub(crate) mod control_plane;
pub(crate) mod engine;
pub(crate) mod processes;
