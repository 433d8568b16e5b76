//! OpenAPI v3: which documents there are, and each of them.

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use super::{
    Wire,
    answer::{self, Body},
    discovery::GroupVersion,
    service::Asked,
};
use crate::standalone::{
    registry::Origin,
    schema::openapi::{self, Described},
};

impl Wire {
    /// `/openapi/v3`.
    pub(super) fn openapi_index(&self, asked: &Asked) -> Response<Body> {
        let documents = self.shared.documents.at(&self.shared.registry);
        let paths: Map<String, Value> = documents
            .openapi()
            .iter()
            .map(|(path, document)| {
                let url = format!("/openapi/v3/{path}?hash={}", document.hash);
                (path.clone(), json!({"serverRelativeURL": url}))
            })
            .collect();
        let written = answer::json(&json!({"paths": paths}), false);
        answer::packed(
            StatusCode::OK,
            "text/plain; charset=utf-8",
            written,
            asked.wishes.gzip,
        )
    }

    /// One document. Its hash in the query lets clients keep it for ever; an old hash leads to the new one.
    pub(super) fn openapi(&self, path: &str, asked: &Asked) -> Response<Body> {
        let documents = self.shared.documents.at(&self.shared.registry);
        let found = documents.openapi().iter().find(|(known, _)| known == path);
        let Some((_, document)) = found else {
            return answer::nothing(StatusCode::NOT_FOUND);
        };
        let asked_hash = asked.parameter("hash").unwrap_or_default();
        if asked_hash.is_empty() || asked_hash == document.hash {
            let mut response = document.answer(asked);
            if !asked_hash.is_empty() {
                let kept = HeaderValue::from_static("public, immutable");
                response.headers_mut().insert(header::CACHE_CONTROL, kept);
            }
            return response;
        }
        let mut response = answer::bytes(
            StatusCode::MOVED_PERMANENTLY,
            "application/json",
            bytes::Bytes::new(),
        );
        let url = format!("/openapi/v3/{path}?hash={}", document.hash);
        if let Ok(url) = HeaderValue::try_from(url) {
            response.headers_mut().insert(header::LOCATION, url);
        }
        response
    }
}

/// The document of a group version: its kinds, and what may be done with them.
pub(super) fn document(served: &GroupVersion<'_>) -> Value {
    let parts: Vec<Vec<&str>> = served
        .resources
        .iter()
        .map(|(_, version)| version.subresources.iter().map(|part| part.path()).collect())
        .collect();
    let described: Vec<Described<'_>> = served
        .resources
        .iter()
        .zip(&parts)
        .map(|((resource, version), parts)| Described {
            group: served.group,
            version: served.version,
            kind: &resource.kind,
            list_kind: &resource.list_kind,
            plural: &resource.plural,
            namespaced: resource.namespaced,
            verbs: resource.verbs,
            subresources: parts,
            schema: (resource.origin == Origin::Custom).then_some(&version.schema),
            selectable_fields: &version.selectable_fields,
        })
        .collect();
    openapi::document(&described)
}
