//! Label and field selectors. Pure.
//!
//! A selector is parsed once for a request and matched against many objects. What is refused is refused with the text
//! that kube-apiserver answers in a 400 `BadRequest`.

mod expression;
mod field;
mod label;
mod labels_of_kind;
pub mod names;

pub use field::{FieldSelector, FieldTerm};
pub use label::{LabelSelector, Operator, Requirement};
pub use labels_of_kind::SelectableFields;

/// A selector that cannot be understood; the text is the message of the 400 `BadRequest`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(String);
