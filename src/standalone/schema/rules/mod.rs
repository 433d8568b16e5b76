//! The rules in CEL that a schema carries (`x-kubernetes-validations`).

mod field_path;
mod texts;

pub(super) use texts::check_texts;
