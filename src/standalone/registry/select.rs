//! Which objects a list or a watch shows.

use serde_json::Value;

use super::{ListOptions, Request, Version, read};
use crate::standalone::{
    selector::{FieldSelector, LabelSelector, SelectableFields},
    status::Refusal,
    storage::Scope,
};

/// The selectors of a request, read.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selection {
    /// The selectors of the query; a name in the path is one more.
    ///
    /// # Errors
    ///
    /// 400 for selectors that cannot be read and for fields that the kind does not offer.
    pub(super) fn of(request: &Request, options: &ListOptions) -> Result<Self, Refusal> {
        let version = read::served(request)?;
        let bad = |error: &dyn std::error::Error| Refusal::bad_request(error.to_string());
        let labels = LabelSelector::parse(&options.label_selector).map_err(|error| bad(&error))?;
        let offered = offered(request, version);
        let fields = FieldSelector::parse(&options.field_selector, &offered).map_err(|error| bad(&error))?;
        let name = request.name.as_str();
        if name.is_empty() {
            return Ok(Self { labels, fields });
        }
        if !fields.is_everything() && fields.exact("metadata.name") != Some(name) {
            let message = "fieldSelector metadata.name doesn't match requested name";
            return Err(Refusal::bad_request(message));
        }
        let fields = if fields.is_everything() {
            FieldSelector::of_name(name)
        } else {
            fields
        };
        Ok(Self { labels, fields })
    }

    /// Whether everything is shown.
    pub(super) fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }

    /// The only name that can be shown, if the selectors leave one.
    pub(super) fn name(&self) -> Option<&str> {
        self.fields.exact("metadata.name")
    }

    /// Whether the presented object is shown.
    pub(super) fn shows(&self, object: &Value) -> bool {
        self.labels.matches_object(object)
            && self
                .fields
                .matches(|field| SelectableFields::value(object, field))
    }

    /// What the store is asked for: one namespace where the path or the selector names one.
    pub(super) fn scope(&self, request: &Request) -> Scope {
        let resource = &*request.resource;
        let named = match request.namespace.as_str() {
            "" => self.fields.exact("metadata.namespace"),
            namespace => Some(namespace),
        };
        match named.filter(|_| resource.namespaced) {
            Some(namespace) => Scope::namespace(resource.storage.clone(), namespace),
            None => Scope::everywhere(resource.storage.clone()),
        }
    }
}

fn offered(request: &Request, version: &Version) -> SelectableFields {
    let resource = &*request.resource;
    if resource.built_in().is_some() {
        return SelectableFields::built_in(&resource.group, &resource.kind);
    }
    let paths = version.selectable_fields.iter().map(String::as_str);
    SelectableFields::custom(resource.namespaced, paths)
}
