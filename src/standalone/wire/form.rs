//! Objects in the form that was asked for: whole, as metadata, or as rows.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::negotiate::{Accepted, Form};
use crate::standalone::{
    registry::{ListAnswer, Origin, Resource, Sources, Subresource},
    status::Refusal,
    table::{Columns, IncludeObject, TableOptions, metadata_only, metadata_only_list},
};

/// Turns the objects of one answer into the form that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Former {
    resource: Arc<Resource>,
    accepted: Accepted,
    columns: Option<Columns>,
    options: TableOptions,
    sources: Sources,
}

/// What a [`Former`] is made for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub resource: &'a Arc<Resource>,
    pub version: &'a str,
    pub subresource: Option<Subresource>,
    pub accepted: &'a Accepted,
    pub include_object: Option<&'a str>,
    pub sources: &'a Sources,
}

impl Former {
    /// For the answers of a resource in one of its versions.
    ///
    /// # Errors
    /// 400 where the table's options cannot be read.
    pub(super) fn new(wanted: Wanted<'_>) -> Result<Self, Refusal> {
        let is_table = wanted.accepted.form == Form::Table;
        let include_object = IncludeObject::parse(wanted.include_object.filter(|_| is_table))
            .map_err(|unknown| Refusal::bad_request(unknown.to_string()))?;
        Ok(Self {
            resource: Arc::clone(wanted.resource),
            accepted: wanted.accepted.clone(),
            columns: is_table.then(|| columns(wanted)),
            options: TableOptions {
                include_object,
                no_headers: false,
            },
            sources: wanted.sources.clone(),
        })
    }

    /// One object, or a `Status` as it is.
    ///
    /// # Errors
    /// 406 for a list of metadata where there is one object.
    pub(super) fn one(&mut self, object: Value) -> Result<Value, Refusal> {
        match self.accepted.form {
            _ if is_status(&object) => Ok(object),
            // A review has no columns.
            Form::Table if !self.resource.knows("get") => Ok(object),
            Form::MetadataList => Err(Refusal::of(
                406,
                "NotAcceptable",
                format!(
                    "you requested PartialObjectMetadataList, but the requested object is not a list ({})",
                    self.resource.kind
                ),
            )),
            _ => Ok(self.event(object)),
        }
    }

    /// A list.
    ///
    /// # Errors
    /// 406 for the metadata of one object where there is a list.
    pub(super) fn list(&self, list: ListAnswer) -> Result<Value, Refusal> {
        let list = list.into_object();
        let metadata = list.get("metadata").unwrap_or(&Value::Null);
        let items = list.get("items").and_then(Value::as_array);
        let items = items.map(Vec::as_slice).unwrap_or_default();
        match (self.accepted.form, &self.columns) {
            (Form::Metadata, _) => Err(Refusal::of(
                406,
                "NotAcceptable",
                format!(
                    "you requested PartialObjectMetadata, but the requested object is a list ({})",
                    self.resource.list_kind
                ),
            )),
            (Form::MetadataList, _) => Ok(self.versioned(metadata_only_list(metadata, items))),
            (Form::Table, Some(columns)) => {
                Ok(self.versioned(columns.of_list(metadata, items, self.options, self.now())))
            }
            _ => Ok(list),
        }
    }

    /// The object of a frame; of tables, the first has the heads of the columns and the others have none.
    pub(super) fn event(&mut self, object: Value) -> Value {
        match (self.accepted.form, &self.columns) {
            (Form::Metadata | Form::MetadataList, _) => self.versioned(metadata_only(&object)),
            (Form::Table, Some(columns)) => {
                let table = columns.of_object(&object, self.options, self.now());
                self.options.no_headers = true;
                self.versioned(table)
            }
            _ => object,
        }
    }

    fn now(&self) -> Timestamp {
        (self.sources.now)()
    }

    /// The same in the version of `meta.k8s.io` that was asked for.
    fn versioned(&self, mut formed: Value) -> Value {
        let version = self.accepted.form_version;
        if let Some(own) = formed.get_mut("apiVersion") {
            *own = json!(version);
        }
        let rows = formed.get_mut("rows").and_then(Value::as_array_mut);
        for object in rows.into_iter().flatten().filter_map(|row| row.get_mut("object")) {
            if object
                .get("kind")
                .is_some_and(|kind| kind == "PartialObjectMetadata")
            {
                object["apiVersion"] = json!(version);
            }
        }
        formed
    }
}

fn columns(wanted: Wanted<'_>) -> Columns {
    let resource = wanted.resource;
    match resource.origin {
        _ if wanted.subresource == Some(Subresource::Scale) => Columns::built_in("autoscaling", "Scale"),
        Origin::BuiltIn(_) => Columns::built_in(&resource.group, &resource.kind),
        Origin::Custom => {
            let columns = resource
                .version(wanted.version)
                .map(|version| version.columns.as_slice());
            Columns::custom(columns.unwrap_or_default())
        }
    }
}

fn is_status(object: &Value) -> bool {
    let text = |key| object.get(key).and_then(Value::as_str);
    text("kind") == Some("Status") && text("apiVersion") == Some("v1")
}
