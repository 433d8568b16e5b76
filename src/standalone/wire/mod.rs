//! HTTP: one service, the same in process and behind the listener.
//!
//! Paths, negotiation, discovery, frames of watches, bounds. What a request means is the registry's to say.

mod answer;
mod body;
mod cache;
mod caller;
mod discovery;
mod form;
mod frames;
mod go_duration;
mod health;
mod negotiate;
mod openapi;
mod path;
mod route;
mod service;
mod verbs;

pub use answer::Body;
pub use service::{Limits, Wire, WireOptions};

#[cfg(test)]
mod tests;
