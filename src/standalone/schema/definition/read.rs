//! A definition's spec, read and judged at once.

use serde_json::Value;

use super::texts::{label_errors, strings, subdomain_errors, text};
use super::version::{self, Place};
use super::{Definition, Names, Version};
use crate::standalone::schema::field_error::{FieldError, Path};

/// Reads the spec; none where a version has no usable schema, of which the errors speak.
pub(super) fn definition(spec: &Value, path: &Path<'_>, errors: &mut Vec<FieldError>) -> Option<Definition> {
    group_errors(text(spec, "group"), &path.child("group"), errors);
    let scope = text(spec, "scope");
    match scope {
        "Cluster" | "Namespaced" => {}
        "" => errors.push(FieldError::required(&path.child("scope"), "")),
        other => {
            let known = ["Cluster", "Namespaced"];
            errors.push(FieldError::not_supported(&path.child("scope"), other, &known));
        }
    }
    let sources = spec
        .get("versions")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let versions = versions(sources, path, errors);
    top_version_error(sources, &path.child("version"), errors);
    let names = names(
        spec.get("names").unwrap_or(&Value::Null),
        &path.child("names"),
        errors,
    );
    conversion_errors(spec, &path.child("conversion"), errors);
    Some(Definition {
        group: text(spec, "group").to_owned(),
        namespaced: scope == "Namespaced",
        names,
        versions: versions?,
    })
}

fn group_errors(group: &str, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let objections = subdomain_errors(group);
    if group.is_empty() {
        errors.push(FieldError::required(path, ""));
    } else if !objections.is_empty() {
        errors.push(FieldError::invalid(path, group, objections.join(",")));
    } else if !group.contains('.') {
        errors.push(FieldError::invalid(
            path,
            group,
            "should be a domain with at least one dot",
        ));
    }
}

fn versions(sources: &[Value], spec: &Path<'_>, errors: &mut Vec<FieldError>) -> Option<Vec<Version>> {
    let path = spec.child("versions");
    let shared = Shared::among(sources);
    let mut versions = Vec::with_capacity(sources.len());
    for (index, source) in sources.iter().enumerate() {
        let own = path.index(index);
        let name = text(source, "name");
        let objections = label_errors(name);
        if !objections.is_empty() {
            errors.push(FieldError::invalid(
                &own.child("name"),
                name,
                objections.join(","),
            ));
        }
        let place = Place {
            spec,
            own: &own,
            shared,
            is_first: index == 0,
        };
        versions.push(version::read(source, place, errors));
    }
    set_errors(sources, &path, errors);
    let versions: Option<Vec<Version>> = versions.into_iter().collect();
    versions.filter(|versions| !versions.is_empty())
}

// The real server keeps the name of the first version at the top of the spec too.
fn top_version_error(sources: &[Value], path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let name = sources
        .first()
        .map(|version| text(version, "name"))
        .unwrap_or_default();
    let objections = label_errors(name);
    if !name.is_empty() && !objections.is_empty() {
        errors.push(FieldError::invalid(path, name, objections.join(",")));
    }
}

/// What is equal in all versions: the real server keeps it, and speaks of it, at the top of the spec.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one for each part that may be shared"
)]
pub(super) struct Shared {
    pub(super) schema: bool,
    pub(super) subresources: bool,
    pub(super) columns: bool,
    pub(super) selectable_fields: bool,
}

impl Shared {
    fn among(versions: &[Value]) -> Self {
        let first = versions.first();
        let same = |key: &str| {
            let of_first = first.and_then(|version| version.get(key));
            versions.iter().all(|version| version.get(key) == of_first)
        };
        Self {
            schema: same("schema"),
            subresources: same("subresources"),
            columns: same("additionalPrinterColumns"),
            selectable_fields: same("selectableFields"),
        }
    }
}

fn set_errors(sources: &[Value], path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let shown = || Value::Array(sources.to_vec());
    let mut names: Vec<&str> = sources.iter().map(|version| text(version, "name")).collect();
    names.sort_unstable();
    names.dedup();
    if names.len() != sources.len() {
        errors.push(FieldError::invalid(
            path,
            shown(),
            "must contain unique version names",
        ));
    }
    let stored = sources
        .iter()
        .filter(|version| version.get("storage") == Some(&Value::Bool(true)));
    if stored.count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid(path, shown(), detail));
    }
}

fn names(source: &Value, path: &Path<'_>, errors: &mut Vec<FieldError>) -> Names {
    for key in ["plural", "singular", "kind", "listKind"] {
        if text(source, key).is_empty() {
            errors.push(FieldError::required(&path.child(key), ""));
        }
    }
    for key in ["plural", "singular", "kind", "listKind"] {
        name_error(text(source, key), key, path, errors);
    }
    let names = Names {
        plural: text(source, "plural").to_owned(),
        singular: text(source, "singular").to_owned(),
        kind: text(source, "kind").to_owned(),
        list_kind: text(source, "listKind").to_owned(),
        short_names: strings(source, "shortNames"),
        categories: strings(source, "categories"),
    };
    labels(&names.short_names, &path.child("shortNames"), errors);
    if !names.kind.is_empty() && names.kind == names.list_kind {
        let path = path.child("listKind");
        errors.push(FieldError::invalid(
            &path,
            names.list_kind.as_str(),
            "kind and listKind may not be the same",
        ));
    }
    labels(&names.categories, &path.child("categories"), errors);
    names
}

fn name_error(name: &str, key: &str, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let is_kind = key.to_lowercase().ends_with("kind");
    let objections = if is_kind {
        label_errors(&name.to_lowercase())
    } else {
        label_errors(name)
    };
    if name.is_empty() || objections.is_empty() {
        return;
    }
    let mixed = if is_kind {
        "may have mixed case, but should otherwise match: "
    } else {
        ""
    };
    let detail = format!("{mixed}{}", objections.join(","));
    errors.push(FieldError::invalid(&path.child(key), name, detail));
}

fn labels(names: &[String], path: &Path<'_>, errors: &mut Vec<FieldError>) {
    for (index, name) in names.iter().enumerate() {
        let objections = label_errors(name);
        if !objections.is_empty() {
            errors.push(FieldError::invalid(
                &path.index(index),
                name.as_str(),
                objections.join(","),
            ));
        }
    }
}

fn conversion_errors(spec: &Value, path: &Path<'_>, errors: &mut Vec<FieldError>) {
    let Some(conversion) = spec.get("conversion") else {
        return;
    };
    let strategy = text(conversion, "strategy");
    let path_of_strategy = path.child("strategy");
    match strategy {
        "None" => {
            for key in ["webhook", "webhookClientConfig"] {
                if conversion.get(key).is_some_and(|value| !value.is_null()) {
                    let path = path.child("webhookClientConfig");
                    let detail = "should not be set when strategy is not set to Webhook";
                    errors.push(FieldError::forbidden(&path, detail));
                }
            }
        }
        "" => errors.push(FieldError::required(&path_of_strategy, "")),
        // The real server calls webhooks; this one has none and says so instead of promising it.
        other => errors.push(FieldError::not_supported(&path_of_strategy, other, &["None"])),
    }
}
