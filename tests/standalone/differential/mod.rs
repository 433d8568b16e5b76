//! One scripted corpus of requests, played on several API servers, whose answers are compared
//! field by field.
//!
//! `tests/standalone/corpus` holds the requests as data, one file a topic. A run plays every file in
//! a namespace and an API group that bear the run's tag, so that one server can be compared with
//! itself.

mod allowed;
mod answer;
mod compare;
mod corpus;
pub(crate) mod embedded;
mod endpoint;
mod mask;
mod play;
mod tests;
mod variables;
mod watch;
