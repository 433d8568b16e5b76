//! How objects look in the columns of a Table, and as their metadata alone. Pure: `now` is an argument.

mod age;
mod built_in;
mod custom;
mod json_path;
mod text;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub use age::age;
pub use json_path::JsonPath;

use crate::standalone::selector::names::quoted;

/// What a row holds of its object: the query parameter `includeObject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IncludeObject {
    /// Nothing.
    None,
    /// Its metadata, the default.
    #[default]
    Metadata,
    /// All of it.
    Object,
}

/// A value of `includeObject` that does not exist; the text is the message of a 400 `BadRequest`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "Unable to convert to Table as requested: includeObject: Invalid value: {}: must be 'Metadata', 'Object', 'None', \
     or empty",
    quoted(.0)
)]
pub struct UnknownIncludeObject(String);

impl IncludeObject {
    /// Reads the query parameter; an absent or empty one is the default.
    pub fn parse(parameter: Option<&str>) -> Result<Self, UnknownIncludeObject> {
        match parameter.unwrap_or_default() {
            "None" => Ok(Self::None),
            "" | "Metadata" => Ok(Self::Metadata),
            "Object" => Ok(Self::Object),
            other => Err(UnknownIncludeObject(other.to_owned())),
        }
    }

    fn of(self, object: &Value) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Metadata => metadata_only(object),
            Self::Object => object.clone(),
        }
    }
}

/// How a Table is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct TableOptions {
    /// What each row holds of its object.
    pub include_object: IncludeObject,
    /// Leaves the column definitions out, as every event of a watch but the first does.
    pub no_headers: bool,
}

/// The columns of a kind in one version.
#[derive(Debug, Clone)]
pub struct Columns(Kind);

#[derive(Debug, Clone)]
enum Kind {
    BuiltIn(&'static built_in::BuiltIn),
    Custom(Vec<custom::Column>),
}

impl Columns {
    /// The columns of a built-in kind in the version v1 of its group; `Name` and `Created At` where it has none.
    pub fn built_in(group: &str, kind: &str) -> Self {
        Self(Kind::BuiltIn(built_in::of(group, kind)))
    }

    /// The columns of a custom kind: its name and its `additionalPrinterColumns`; its age where it has none.
    ///
    /// A column whose path cannot be read is shown empty: a served CustomResourceDefinition always answers.
    pub fn custom(additional: &[Value]) -> Self {
        Self(Kind::Custom(custom::columns(additional)))
    }

    /// Shows a list: `metadata` is the list's (`resourceVersion`, `continue`, `remainingItemCount`).
    pub fn of_list<'a>(
        &self,
        metadata: &Value,
        items: impl IntoIterator<Item = &'a Value>,
        options: TableOptions,
        now: Timestamp,
    ) -> Value {
        let rows: Vec<Value> = items
            .into_iter()
            .map(|item| self.row(item, options, now))
            .collect();
        let rows = if rows.is_empty() && self.is_default() {
            Value::Null
        } else {
            Value::Array(rows)
        };
        self.table(
            &members_of(metadata, &["resourceVersion", "continue", "remainingItemCount"]),
            &rows,
            options,
        )
    }

    /// Shows one object, also that of a watch event.
    pub fn of_object(&self, object: &Value, options: TableOptions, now: Timestamp) -> Value {
        let metadata = object.get("metadata").unwrap_or(&Value::Null);
        let rows = Value::Array(vec![self.row(object, options, now)]);
        self.table(&members_of(metadata, &["resourceVersion"]), &rows, options)
    }

    /// The server's default columns make no list of rows for an empty list.
    fn is_default(&self) -> bool {
        matches!(self.0, Kind::BuiltIn(kind) if kind.is_default())
    }

    fn table(&self, metadata: &Map<String, Value>, rows: &Value, options: TableOptions) -> Value {
        let definitions = if options.no_headers {
            Value::Null
        } else {
            Value::Array(self.definitions())
        };
        json!({
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "columnDefinitions": definitions,
            "rows": rows,
        })
    }

    fn definitions(&self) -> Vec<Value> {
        match &self.0 {
            Kind::BuiltIn(kind) => kind.definitions(),
            Kind::Custom(columns) => custom::definitions(columns),
        }
    }

    fn row(&self, object: &Value, options: TableOptions, now: Timestamp) -> Value {
        let cells = match &self.0 {
            Kind::BuiltIn(kind) => kind.cells(object, now),
            Kind::Custom(columns) => custom::cells(columns, object, now),
        };
        json!({"cells": cells, "object": options.include_object.of(object)})
    }
}

/// An object's metadata alone: `PartialObjectMetadata`.
pub fn metadata_only(object: &Value) -> Value {
    let metadata = object.get("metadata").cloned().unwrap_or_else(|| json!({}));
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
}

/// A list of objects' metadata alone: `PartialObjectMetadataList`.
pub fn metadata_only_list<'a>(metadata: &Value, items: impl IntoIterator<Item = &'a Value>) -> Value {
    json!({
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": members_of(metadata, &["resourceVersion", "continue", "remainingItemCount"]),
        "items": items.into_iter().map(metadata_only).collect::<Vec<_>>(),
    })
}

/// Those of these members that say something.
fn members_of(value: &Value, names: &[&str]) -> Map<String, Value> {
    let member = |name: &&str| {
        let member = value.get(name).filter(|member| *member != "")?;
        Some(((*name).to_owned(), member.clone()))
    };
    names.iter().filter_map(member).collect()
}

#[cfg(test)]
mod tests;
