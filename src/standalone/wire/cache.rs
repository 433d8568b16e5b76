//! Documents that are made once and hold until what is served changes.

use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Response, StatusCode, header};
use sha2::{Digest as _, Sha512};

use super::{
    answer::{self, Body},
    discovery::{self, GroupVersion},
    openapi,
    service::Asked,
};
use crate::standalone::registry::{Registry, Resource};

/// The media type of the aggregated discovery, with the parameters that clients compare.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/// The documents of the newest generation that was asked for.
#[derive(Debug, Default)]
pub(super) struct Documents(Mutex<Option<Arc<Generation>>>);

/// Everything that is told about one state of what is served.
#[derive(Debug)]
pub(super) struct Generation {
    number: u64,
    resources: Vec<Arc<Resource>>,
    /// `/api`, aggregated.
    pub core: Tagged,
    /// `/apis`, aggregated.
    pub groups: Tagged,
    /// OpenAPI v3: each with its path. Made when first asked for: most clients never do.
    openapi: std::sync::OnceLock<Vec<(String, Tagged)>>,
}

/// Bytes with their hash.
#[derive(Debug)]
pub(super) struct Tagged {
    bytes: Vec<u8>,
    /// SHA-512 in upper case hexadecimal digits.
    pub hash: String,
    media_type: &'static str,
}

impl Tagged {
    fn new(value: &serde_json::Value, media_type: &'static str) -> Self {
        let bytes = answer::json(value, false);
        let hash = data_encoding::HEXUPPER.encode(&Sha512::digest(&bytes));
        Self {
            bytes,
            hash,
            media_type,
        }
    }

    /// The bytes, or 304 for who has them.
    pub(super) fn answer(&self, asked: &Asked) -> Response<Body> {
        let tag = format!("\"{}\"", self.hash);
        let known = asked.header(header::IF_NONE_MATCH).split(',');
        let mut response = if known.into_iter().any(|known| known.trim() == tag) {
            answer::bytes(StatusCode::NOT_MODIFIED, self.media_type, bytes::Bytes::new())
        } else {
            answer::packed(
                StatusCode::OK,
                self.media_type,
                self.bytes.clone(),
                asked.wishes.gzip,
            )
        };
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::try_from(tag) {
            headers.insert(header::ETAG, tag);
        }
        headers.append(header::VARY, HeaderValue::from_static("Accept"));
        if self.media_type == AGGREGATED {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
        }
        response
    }
}

impl Documents {
    /// The documents of what the registry serves now.
    pub(super) fn at(&self, registry: &Registry) -> Arc<Generation> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = registry.generation();
        if let Some(held) = held.as_ref().filter(|held| held.number == number) {
            return Arc::clone(held);
        }
        let resources = registry.resources();
        let versions = discovery::group_versions(&resources);
        let tagged = |core| Tagged::new(&discovery::aggregated(&versions, core), AGGREGATED);
        let made = Arc::new(Generation {
            number,
            core: tagged(true),
            groups: tagged(false),
            openapi: std::sync::OnceLock::new(),
            resources,
        });
        *held = Some(Arc::clone(&made));
        made
    }
}

impl Generation {
    /// What is served, by group and version.
    pub(super) fn group_versions(&self) -> Vec<GroupVersion<'_>> {
        discovery::group_versions(&self.resources)
    }

    /// The OpenAPI documents: each with the path of its group version.
    pub(super) fn openapi(&self) -> &[(String, Tagged)] {
        self.openapi.get_or_init(|| {
            let versions = self.group_versions();
            let documents = versions.iter().map(|version| {
                let document = openapi::document(version);
                (version.path(), Tagged::new(&document, "application/json"))
            });
            documents.collect()
        })
    }
}
