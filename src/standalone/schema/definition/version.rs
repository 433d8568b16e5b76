//! One version of a definition.

use serde_json::Value;

use super::Version;
use super::read::Shared;
use super::texts::text;
use crate::standalone::schema::field_error::{FieldError, Path};
use crate::standalone::schema::node::Node;
use crate::standalone::schema::rules::field_path::{self, Brackets};
use crate::standalone::schema::structural::Structural;

/// A column of the tables that people see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The heading.
    pub name: String,
    /// `integer`, `number`, `string`, `boolean` or `date`.
    pub kind: String,
    /// A format of OpenAPI; may be empty.
    pub format: String,
    /// For people who wonder; may be empty.
    pub description: String,
    /// Columns above 0 are shown in wide tables only.
    pub priority: i64,
    /// Where the value stands, `.spec.x`.
    pub json_path: String,
}

/// Where the numbers of the scale subresource stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// `.spec.replicas`
    pub spec_replicas_path: String,
    /// `.status.replicas`
    pub status_replicas_path: String,
    /// `.status.selector`
    pub label_selector_path: Option<String>,
}

/// Where a version stands, and what of it stands at the top of the spec.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) spec: &'a Path<'a>,
    pub(super) own: &'a Path<'a>,
    pub(super) shared: Shared,
    pub(super) is_first: bool,
}

impl<'a> Place<'a> {
    // Where to speak of a part; of a shared one the first version speaks for all.
    fn of(self, is_shared: bool) -> Option<&'a Path<'a>> {
        match (is_shared, self.is_first) {
            (true, true) => Some(self.spec),
            (true, false) => None,
            (false, _) => Some(self.own),
        }
    }
}

/// Reads a version; none where it has no usable schema, of which the errors speak.
pub(super) fn read(source: &Value, place: Place<'_>, errors: &mut Vec<FieldError>) -> Option<Version> {
    let deprecated = source.get("deprecated") == Some(&Value::Bool(true));
    let warning = source.get("deprecationWarning").and_then(Value::as_str);
    deprecation_errors(
        deprecated,
        warning,
        &place.own.child("deprecationWarning"),
        errors,
    );
    let subresources = source.get("subresources").unwrap_or(&Value::Null);
    let status = subresources.get("status").is_some_and(Value::is_object);
    let schema = schema(source, status, place, errors);
    let scale = scale(subresources, place, errors);
    let columns = columns(source, place, errors);
    let selectable_fields = selectable_fields(source, schema.as_ref(), place, errors);
    Some(Version {
        name: text(source, "name").to_owned(),
        served: source.get("served") == Some(&Value::Bool(true)),
        storage: source.get("storage") == Some(&Value::Bool(true)),
        deprecation: deprecated.then(|| warning.unwrap_or_default().to_owned()),
        schema: schema?,
        source: source
            .pointer("/schema/openAPIV3Schema")
            .cloned()
            .unwrap_or_default(),
        status,
        scale,
        columns,
        selectable_fields,
    })
}

fn deprecation_errors(
    deprecated: bool,
    warning: Option<&str>,
    path: &Path<'_>,
    errors: &mut Vec<FieldError>,
) {
    let Some(warning) = warning else {
        return;
    };
    let mut object = |detail: &str| errors.push(FieldError::invalid(path, warning, detail));
    if !deprecated {
        object("can only be set for deprecated versions");
        return;
    }
    if warning.len() > 256 {
        object("must be <= 256 characters long");
    }
    if warning.is_empty() {
        object("must not be an empty string");
    }
    if let Some((index, _)) = warning.char_indices().find(|(_, letter)| letter.is_control()) {
        object(&format!(
            "must only contain printable UTF-8 characters; non-printable character found at index {index}"
        ));
    }
}

fn schema(
    source: &Value,
    status: bool,
    place: Place<'_>,
    errors: &mut Vec<FieldError>,
) -> Option<Structural> {
    let Some(schema) = source
        .pointer("/schema/openAPIV3Schema")
        .filter(|schema| !schema.is_null())
    else {
        let path = place.own.child("schema");
        errors.push(FieldError::required(&path.child("openAPIV3Schema"), ""));
        return None;
    };
    let (here, key) = if place.shared.schema {
        (place.spec, "validation")
    } else {
        (place.own, "schema")
    };
    let path = here.child(key);
    match Structural::parse_at(schema, &path.child("openAPIV3Schema"), status) {
        Ok(schema) => Some(schema),
        Err(found) => {
            if place.of(place.shared.schema).is_some() {
                errors.extend(found);
            }
            None
        }
    }
}

fn scale(subresources: &Value, place: Place<'_>, errors: &mut Vec<FieldError>) -> Option<Scale> {
    let scale = subresources.get("scale").filter(|scale| scale.is_object())?;
    let label_selector_path = Some(text(scale, "labelSelectorPath")).filter(|path| !path.is_empty());
    if let Some(here) = place.of(place.shared.subresources) {
        let path = here.child("subresources");
        scale_path(scale, ("specReplicasPath", ".spec"), &path, errors);
        scale_path(scale, ("statusReplicasPath", ".status"), &path, errors);
        if let Some(selector) = label_selector_path {
            selector_path(selector, &path.child("scale.labelSelectorPath"), errors);
        }
    }
    Some(Scale {
        spec_replicas_path: text(scale, "specReplicasPath").to_owned(),
        status_replicas_path: text(scale, "statusReplicasPath").to_owned(),
        label_selector_path: label_selector_path.map(str::to_owned),
    })
}

fn scale_path(scale: &Value, (key, under): (&str, &str), path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let json_path = text(scale, key);
    let key = format!("scale.{key}");
    let path = path.child(&key);
    if json_path.is_empty() {
        errors.push(FieldError::required(&path, ""));
    } else if let Some(error) = json_path_error(json_path, &path) {
        errors.push(error);
    } else if !json_path.starts_with(&format!("{under}.")) {
        errors.push(FieldError::invalid(
            &path,
            json_path,
            format!("should be a json path under {under}"),
        ));
    }
}

fn selector_path(json_path: &str, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    if let Some(error) = json_path_error(json_path, path) {
        errors.push(error);
    } else if !json_path.starts_with(".spec.") && !json_path.starts_with(".status.") {
        let detail = "should be a json path under either .spec or .status";
        errors.push(FieldError::invalid(path, json_path, detail));
    }
}

fn json_path_error(json_path: &str, path: &Path<'_>) -> Option<FieldError> {
    let detail = "must be a simple json path starting with .";
    (!json_path.starts_with('.')).then(|| FieldError::invalid(path, json_path, detail))
}

fn columns(source: &Value, place: Place<'_>, errors: &mut Vec<FieldError>) -> Vec<Column> {
    let key = "additionalPrinterColumns";
    let sources = source
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let columns: Vec<Column> = sources.iter().map(column).collect();
    if let Some(here) = place.of(place.shared.columns) {
        let path = here.child(key);
        for (index, column) in columns.iter().enumerate() {
            column_errors(column, &path.index(index), errors);
        }
    }
    columns
}

fn column(source: &Value) -> Column {
    Column {
        name: text(source, "name").to_owned(),
        kind: text(source, "type").to_owned(),
        format: text(source, "format").to_owned(),
        description: text(source, "description").to_owned(),
        priority: source.get("priority").and_then(Value::as_i64).unwrap_or_default(),
        json_path: text(source, "jsonPath").to_owned(),
    }
}

const COLUMN_KINDS: &[&str] = &["boolean", "date", "integer", "number", "string"];

const COLUMN_FORMATS: &[&str] = &[
    "byte",
    "date",
    "date-time",
    "double",
    "float",
    "int32",
    "int64",
    "password",
];

fn column_errors(column: &Column, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    if column.name.is_empty() {
        errors.push(FieldError::required(&path.child("name"), ""));
    }
    let one_of = |known: &[&str]| format!("must be one of {}", known.join(","));
    if column.kind.is_empty() {
        errors.push(FieldError::required(&path.child("type"), one_of(COLUMN_KINDS)));
    } else if !COLUMN_KINDS.contains(&column.kind.as_str()) {
        let kind = column.kind.as_str();
        errors.push(FieldError::invalid(
            &path.child("type"),
            kind,
            one_of(COLUMN_KINDS),
        ));
    }
    if !column.format.is_empty() && !COLUMN_FORMATS.contains(&column.format.as_str()) {
        let format = column.format.as_str();
        errors.push(FieldError::invalid(
            &path.child("format"),
            format,
            one_of(COLUMN_FORMATS),
        ));
    }
    let path = path.child("JSONPath");
    if column.json_path.is_empty() {
        errors.push(FieldError::required(&path, ""));
    } else {
        errors.extend(json_path_error(&column.json_path, &path));
    }
}

/// The most fields that selectors may name: the real server's limit.
const SELECTABLE_LIMIT: i64 = 8;

fn selectable_fields(
    source: &Value,
    schema: Option<&Structural>,
    place: Place<'_>,
    errors: &mut Vec<FieldError>,
) -> Vec<String> {
    let key = "selectableFields";
    let sources = source
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let paths: Vec<String> = sources
        .iter()
        .map(|field| text(field, "jsonPath").to_owned())
        .collect();
    let (Some(schema), Some(here)) = (schema, place.of(place.shared.selectable_fields)) else {
        return paths;
    };
    let here = here.child(key);
    // What all versions share is judged by a schema that all share.
    if place.shared.selectable_fields && !place.shared.schema {
        if !paths.is_empty() {
            let detail = "may only be set when validations.schema is included";
            errors.push(FieldError::invalid(&here, "", detail));
        }
        return paths;
    }
    let mut seen: Vec<String> = Vec::new();
    for (index, json_path) in paths.iter().enumerate() {
        let field = here.index(index);
        errors.extend(selectable_error(
            json_path,
            schema.root(),
            &mut seen,
            &field.child("jsonPath"),
        ));
    }
    if i64::try_from(seen.len()).is_ok_and(|count| count > SELECTABLE_LIMIT) {
        errors.push(FieldError::too_many(&here, seen.len(), SELECTABLE_LIMIT));
    }
    paths
}

fn selectable_error(
    json_path: &str,
    root: &Node,
    seen: &mut Vec<String>,
    path: &Path<'_>,
) -> Option<FieldError> {
    let invalid = |detail: String| Some(FieldError::invalid(path, json_path, detail));
    if json_path.is_empty() {
        return Some(FieldError::required(path, ""));
    }
    let (field, node) = match field_path::follow(json_path, root, Brackets::Refused) {
        Ok(found) => found,
        Err(error) => return invalid(format!("is an invalid path: {error}")),
    };
    if field == "metadata" || field.starts_with("metadata.") {
        return invalid("must not point to fields in metadata".to_owned());
    }
    if !matches!(node.type_name.as_str(), "string" | "boolean" | "integer") {
        return invalid("must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.".to_owned());
    }
    if seen.contains(&field) {
        return Some(FieldError::duplicate(path, json_path));
    }
    seen.push(field);
    None
}
