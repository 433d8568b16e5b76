//! The rules in CEL that a schema carries (`x-kubernetes-validations`).

mod compile;
mod evaluate;
pub(super) mod field_path;
mod texts;

pub(super) use compile::{Program, compile};
pub(super) use evaluate::evaluate;
pub(super) use texts::check_texts;
