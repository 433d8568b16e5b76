//! One objection to one field of an object, in the words that Kubernetes clients know.

use std::fmt;

use serde_json::Value;

use super::go_text;

/// What is wrong with a field: the machine-readable reason of a Status cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The field has to be set.
    Required,
    /// The value occurs twice where it may occur once.
    Duplicate,
    /// The value does not satisfy a rule.
    Invalid,
    /// The value has another JSON type than the schema says.
    TypeInvalid,
    /// The value is none of a closed set.
    NotSupported,
    /// The field must not be set here.
    Forbidden,
    /// A string has more bytes than it may have.
    TooLong,
    /// A list or map has more members than it may have.
    TooMany,
    /// The server could not judge the value.
    Internal,
}

impl ErrorKind {
    /// The `reason` of a cause in a Status.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::Internal => "InternalError",
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Internal => "Internal error",
        }
    }

    fn shows_value(self) -> bool {
        !matches!(
            self,
            Self::Required | Self::Forbidden | Self::TooLong | Self::Internal
        )
    }
}

/// One objection: which field, which value, and what is wrong with it.
///
/// Prints as `spec.x: Invalid value: "y": must be lower case`.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    /// What is wrong.
    pub kind: ErrorKind,
    /// The path of the field, `<nil>` for the whole object.
    pub field: String,
    /// The value in question; `None` where it is left out of the message.
    pub value: Option<Value>,
    /// What to do about it; may be empty.
    pub detail: String,
}

impl FieldError {
    /// An objection to a value.
    pub fn new(kind: ErrorKind, path: &Path<'_>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self {
            kind,
            field: path.to_string(),
            value: Some(value.into()),
            detail: detail.into(),
        }
    }

    /// The value does not satisfy a rule.
    pub fn invalid(path: &Path<'_>, value: impl Into<Value>, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, path, value, detail)
    }

    /// A value that the message shows as `written` does not satisfy a rule.
    pub fn invalid_as_written(path: &Path<'_>, written: &str, detail: &str) -> Self {
        Self {
            kind: ErrorKind::Invalid,
            field: path.to_string(),
            value: None,
            detail: format!("{written}: {detail}"),
        }
    }

    /// The field has to be set.
    pub fn required(path: &Path<'_>, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Required, path, "", detail)
    }

    /// The field must not be set.
    pub fn forbidden(path: &Path<'_>, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, path, "", detail)
    }

    /// The value occurs twice.
    pub fn duplicate(path: &Path<'_>, value: impl Into<Value>) -> Self {
        Self::new(ErrorKind::Duplicate, path, value, "")
    }

    /// The value is none of those that are supported.
    pub fn not_supported(path: &Path<'_>, value: impl Into<Value>, supported: &[&str]) -> Self {
        let quoted: Vec<String> = supported.iter().map(|text| go_text::quote(text)).collect();
        let detail = if quoted.is_empty() {
            String::new()
        } else {
            format!("supported values: {}", quoted.join(", "))
        };
        Self::new(ErrorKind::NotSupported, path, value, detail)
    }

    /// A string of more than `limit` bytes.
    pub fn too_long(path: &Path<'_>, limit: i64) -> Self {
        let unit = if limit == 1 { "byte" } else { "bytes" };
        Self::new(
            ErrorKind::TooLong,
            path,
            "<value omitted>",
            format!("may not be more than {limit} {unit}"),
        )
    }

    /// A list or map of `count` members where `limit` are allowed.
    pub fn too_many(path: &Path<'_>, count: usize, limit: i64) -> Self {
        let unit = if limit == 1 { "item" } else { "items" };
        Self::new(
            ErrorKind::TooMany,
            path,
            count,
            format!("must have at most {limit} {unit}"),
        )
    }

    /// The message without the field: the `message` of a cause in a Status.
    pub fn body(&self) -> String {
        let mut text = self.kind.heading().to_owned();
        if let Some(value) = self.value.as_ref().filter(|_| self.kind.shows_value()) {
            text.push_str(": ");
            text.push_str(&go_text::shown(value));
        }
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.body())
    }
}

impl std::error::Error for FieldError {}

/// Where in an object we are; costs nothing until it is printed.
#[derive(Debug, Clone, Copy)]
pub enum Path<'a> {
    /// The object itself; prints as `<nil>`.
    Root,
    /// A named field.
    Child(&'a Path<'a>, &'a str),
    /// An entry of a map.
    Key(&'a Path<'a>, &'a str),
    /// An item of a list.
    Index(&'a Path<'a>, usize),
}

impl<'a> Path<'a> {
    /// The path of a named field below this one.
    #[must_use]
    pub fn child(&'a self, name: &'a str) -> Self {
        Path::Child(self, name)
    }

    /// The path of a map's entry below this one.
    #[must_use]
    pub fn key(&'a self, key: &'a str) -> Self {
        Path::Key(self, key)
    }

    /// The path of a list's item below this one.
    #[must_use]
    pub fn index(&'a self, index: usize) -> Self {
        Path::Index(self, index)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Child(Path::Root, name) => f.write_str(name),
            Path::Child(parent, name) => {
                parent.write(f)?;
                write!(f, ".{name}")
            }
            Path::Key(parent, key) => {
                parent.write(f)?;
                write!(f, "[{key}]")
            }
            Path::Index(parent, index) => {
                parent.write(f)?;
                write!(f, "[{index}]")
            }
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => f.write_str("<nil>"),
            _ => self.write(f),
        }
    }
}
