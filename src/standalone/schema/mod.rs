//! What a kind says of its objects: structural schemas, their defaults, pruning, validation and CEL rules. Pure.

pub mod admission;
mod cel;
mod checks;
mod correlation;
mod defaults;
pub mod definition;
mod embedded;
mod field_error;
mod format;
pub(super) mod go_text;
mod metadata;
mod node;
pub mod openapi;
mod pattern;
mod prune;
mod rules;
mod structural;
mod validation;

pub use field_error::{ErrorKind, FieldError, Path};
pub use structural::{Structural, Verdict};

#[cfg(test)]
#[expect(
    clippy::needless_pass_by_value,
    clippy::semicolon_if_nothing_returned,
    clippy::too_many_lines,
    reason = "tables of literal schemas and objects"
)]
mod tests;
