//! Turns what a client sent into an object of the kind that the path names.

use serde_json::Value;

use super::{
    Body, BuiltIn, FieldValidation, Origin, Request, Resource, Version, object, rules,
    typed::{self, Reader},
};
use crate::standalone::status::Refusal;

/// An object of the right kind, without fields that the kind does not know, with its defaults.
pub(super) struct Incoming {
    pub(super) object: Value,
    pub(super) warnings: Vec<String>,
}

/// Why an object cannot be read.
pub(super) enum Unreadable {
    /// It is no object of this kind at all.
    Malformed(String),
    /// It has fields that the kind does not know, or keys that stand twice, and the client wants to be told.
    Strict(Vec<String>),
}

impl Unreadable {
    pub(super) fn message(&self) -> String {
        match self {
            Self::Malformed(message) => message.clone(),
            Self::Strict(complaints) => format!("strict decoding error: {}", complaints.join(", ")),
        }
    }
}

/// Reads the body of a create or an update.
///
/// # Errors
///
/// 400 in the words of the API server.
pub(super) fn body(request: &Request, body: Body) -> Result<Incoming, Refusal> {
    let resource = &*request.resource;
    let version = served(request)?;
    let Body {
        mut value,
        complaints,
    } = body;
    if !value.is_object() {
        return Err(unrecognised(resource, &value));
    }
    if let Err(refusal) = type_of(resource, version, &mut value) {
        let strange = of_another_version(resource, &value, request.options.field_validation);
        return Err(refusal.with_warnings(strange));
    }
    let (kind, name) = (resource.kind.as_str(), version.name.as_str());
    let manner = Manner {
        reader: Reader::Json,
        validation: request.options.field_validation,
    };
    accept(resource, version, value, complaints, manner).map_err(|error| {
        Refusal::bad_request(format!(
            "{kind} in version {name:?} cannot be handled as a {kind}: {}",
            error.message()
        ))
    })
}

/// The version of the request.
pub(super) fn served(request: &Request) -> Result<&Version, Refusal> {
    let version = request.resource.version(&request.version);
    version.ok_or_else(Refusal::no_such_resource)
}

/// How an object is read: by whom, and what becomes of fields that nobody knows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) reader: Reader,
    pub(super) validation: FieldValidation,
}

/// Drops what is unknown, sets what has a default, and tells or refuses what was dropped.
pub(super) fn accept(
    resource: &Resource,
    version: &Version,
    mut value: Value,
    mut complaints: Vec<String>,
    manner: Manner,
) -> Result<Incoming, Unreadable> {
    let unknown = match resource.origin {
        Origin::BuiltIn(kind) => read_built_in(kind, resource, &mut value, manner.reader)?,
        Origin::Custom => read_custom(version, &mut value)?,
    };
    complaints.extend(unknown);
    let warnings = told(complaints, manner.validation)?;
    let metadata = object::metadata(&mut value);
    // Nothing here remembers who set which field.
    metadata.shift_remove("managedFields");
    metadata.shift_remove("selfLink");
    Ok(Incoming {
        object: value,
        warnings,
    })
}

/// The complaints that the client hears as warnings.
///
/// # Errors
///
/// All of them, where the client wants none to pass.
pub(super) fn told(complaints: Vec<String>, validation: FieldValidation) -> Result<Vec<String>, Unreadable> {
    match validation {
        FieldValidation::Ignore => Ok(Vec::new()),
        FieldValidation::Warn => Ok(complaints),
        FieldValidation::Strict if complaints.is_empty() => Ok(complaints),
        FieldValidation::Strict => Err(Unreadable::Strict(complaints)),
    }
}

fn read_built_in(
    kind: BuiltIn,
    resource: &Resource,
    value: &mut Value,
    reader: Reader,
) -> Result<Vec<String>, Unreadable> {
    let schema = rules::schema_name(kind, &resource.group);
    let reading = typed::read(value, schema, reader).map_err(Unreadable::Malformed)?;
    rules::default(kind, &resource.group, value);
    Ok(sentences(&reading.unknown))
}

pub(super) fn sentences(unknown: &[String]) -> Vec<String> {
    unknown
        .iter()
        .map(|path| format!("unknown field {path:?}"))
        .collect()
}

fn read_custom(version: &Version, value: &mut Value) -> Result<Vec<String>, Unreadable> {
    let mut unknown = Vec::new();
    if let Some(metadata) = object::fields(value).get_mut("metadata") {
        if metadata.is_null() {
            *metadata = Value::Object(serde_json::Map::new());
        }
        let reading = typed::read_metadata(metadata).map_err(Unreadable::Malformed)?;
        unknown.extend(sentences(&reading.unknown));
    }
    if let Some(structural) = &version.structural {
        unknown.extend(structural.prune(value));
        structural.default(value);
    }
    Ok(unknown)
}

/// Checks the kind and the version that the body itself names, and fills them in for built-in kinds.
fn type_of(resource: &Resource, version: &Version, value: &mut Value) -> Result<(), Refusal> {
    let kind = resource.kind.as_str();
    let cannot = |named: &str, at: &str, why: String| {
        Refusal::bad_request(format!(
            "{named} in version {at:?} cannot be handled as a {kind}: {why}"
        ))
    };
    let expected = resource.api_version(&version.name);
    let named_kind = object::text(value, "/kind").to_owned();
    let named_version = object::text(value, "/apiVersion").to_owned();
    let custom = resource.built_in().is_none();
    if custom && named_kind.is_empty() {
        return Err(kindless(kind, value));
    }
    let differs = (custom || !named_version.is_empty()) && named_version != expected;
    if differs {
        let known = resource.built_in().is_none() || resource.version(&named_version).is_some();
        let message = format!(
            "the API version in the data ({named_version}) does not match the expected API version ({expected})"
        );
        if known {
            return Err(Refusal::bad_request(message));
        }
        let at = named_version.rsplit('/').next().unwrap_or_default();
        let named = if named_kind.is_empty() {
            kind
        } else {
            named_kind.as_str()
        };
        let why =
            format!("no kind {named:?} is registered for version {named_version:?} in scheme \"{SCHEME}\"");
        return Err(cannot(named, at, why));
    }
    if resource.built_in().is_some() {
        if !named_kind.is_empty() && named_kind != kind {
            let why = unlike(&named_kind, resource, &version.name);
            return Err(cannot(&named_kind, &version.name, why));
        }
        let fields = object::fields(value);
        fields.insert("kind".to_owned(), kind.into());
        fields.insert("apiVersion".to_owned(), expected.into());
    }
    Ok(())
}

/// What the version that a custom object itself names does not know of it: that is told before the version is refused.
fn of_another_version(resource: &Resource, value: &Value, validation: FieldValidation) -> Vec<String> {
    let custom = resource.origin == Origin::Custom && object::text(value, "/kind") == resource.kind;
    let named = object::text(value, "/apiVersion").strip_prefix(&resource.group);
    let Some(named) = named.and_then(|named| named.strip_prefix('/')) else {
        return Vec::new();
    };
    if !custom || validation != FieldValidation::Warn {
        return Vec::new();
    }
    let structural = resource
        .version(named)
        .and_then(|version| version.structural.as_ref());
    if let Some(structural) = structural {
        return structural.prune(&mut value.clone());
    }
    let known = ["apiVersion", "kind", "metadata"];
    let fields = value.as_object().into_iter().flat_map(serde_json::Map::keys);
    let mut unknown: Vec<String> = fields
        .filter(|field| !known.contains(&field.as_str()))
        .cloned()
        .collect();
    unknown.sort();
    sentences(&unknown)
}

fn kindless(kind: &str, value: &Value) -> Refusal {
    let text = value.to_string();
    let start: String = text.chars().take(30).collect();
    let more = if start.len() < text.len() { " ..." } else { "" };
    Refusal::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): Object 'Kind' is missing in '{text}' ({start}{more})"
    ))
}

/// Where Go's API server keeps its kinds; its refusals say so.
pub(super) const SCHEME: &str = "pkg/runtime/scheme.go:111";

/// Why an object of another built-in kind, or of none, is not one of the resource.
fn unlike(kind: &str, resource: &Resource, version: &str) -> String {
    const CORE: [&str; 5] = ["Namespace", "Secret", "ConfigMap", "Event", "ServiceAccount"];
    if resource.group.is_empty() && CORE.contains(&kind) {
        return format!(
            "converting (v1.{kind}) to (core.{}): unknown conversion",
            resource.kind
        );
    }
    let at = resource.api_version(version);
    format!("no kind {kind:?} is registered for version {at:?} in scheme \"{SCHEME}\"")
}

/// What is no object at all.
fn unrecognised(resource: &Resource, value: &Value) -> Refusal {
    let found = match value {
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Null | Value::Object(_) => "null",
    };
    let bytes = value.to_string().into_bytes();
    let shown = bytes.get(..30).unwrap_or(&bytes);
    let more = if bytes.len() > 30 { " ..." } else { "" };
    Refusal::bad_request(format!(
        "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: json: \
         cannot unmarshal {found} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; \
         Kind string \"json:\\\"kind,omitempty\\\"\" }} ({}{more})",
        resource.kind,
        data_encoding::HEXLOWER.encode(shown),
    ))
}
