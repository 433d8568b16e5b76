//! What each verb reads from a request, and how its answer goes out.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::{
    Wire,
    answer::{self, Body},
    body,
    form::{Former, Wanted},
    frames::{self, Served},
    negotiate::{self, Accepted},
    path::Address,
    route::{self, Astray, Route, Verb},
    service::Asked,
};
use crate::standalone::{
    registry::{
        Answer, DeleteOptions, ListOptions, PatchBody, PatchKind, Registry, Request, Sources, Subresource,
        WriteOptions, unreadable_scale,
    },
    status::Refusal,
};

/// The shortest watch that nobody gave a length, in seconds; it is up to twice as long, as in kube-apiserver.
const SHORTEST_WATCH: u64 = 1800;

/// A request that leads somewhere, with what is asked.
struct Turn<'a> {
    registry: &'a Registry,
    sources: &'a Sources,
    route: Route,
    asked: &'a Asked,
    body: Bytes,
    accepted: Accepted,
}

impl Wire {
    /// Answers a request for a resource.
    pub(super) async fn at(
        &self,
        address: Address,
        asked: &Asked,
        body: Bytes,
    ) -> Result<Response<Body>, Refusal> {
        let watch = asked.parameter("watch").is_some_and(is_on);
        let registry = &self.shared.registry;
        let route = match route::route(registry, address, &asked.parts.method, watch) {
            Ok(route) => route,
            Err(Astray::PageNotFound) => return Ok(answer::page_not_found()),
            Err(Astray::Refused(refusal)) => return Err(refusal),
        };
        let warnings = deprecation(&route);
        let turn = Turn {
            registry,
            sources: &self.shared.sources,
            accepted: accepted(&route, asked)?,
            route,
            asked,
            body,
        };
        let answered = match turn.route.verb {
            Verb::Watch => self.watch(turn).await,
            Verb::List => turn.list().await,
            Verb::DeleteCollection => turn.delete_collection().await,
            _ => turn.one().await,
        };
        let mut response = answered.unwrap_or_else(|refusal| answer::refusal(&refusal, asked.wishes));
        // That the version is old is told first.
        let all = response.headers().get_all(header::WARNING);
        let later: Vec<HeaderValue> = all.into_iter().cloned().collect();
        response.headers_mut().remove(header::WARNING);
        answer::warn(&mut response, &warnings);
        for warning in later {
            response.headers_mut().append(header::WARNING, warning);
        }
        Ok(response)
    }

    async fn watch(&self, turn: Turn<'_>) -> Result<Response<Body>, Refusal> {
        if !negotiate::takes_a_stream(turn.asked.header(header::ACCEPT)) {
            return Err(Refusal::not_acceptable(&["application/json;stream=watch"]));
        }
        let options = turn.list_options()?;
        let former = turn.former()?;
        let watches = &self.shared.watches;
        let permit = watches
            .clone()
            .try_acquire_owned()
            .map_err(|_| Refusal::too_many_requests("Too many watches, please try again later.", 1))?;
        let answered = turn
            .registry
            .watch(&turn.request(WriteOptions::default()), &options)
            .await?;
        let served = Served {
            frames: answered.frames,
            former,
            ends_after: self.length(options.timeout_seconds),
            ending: self.shared.ending(),
            permit,
        };
        let mut response = frames::answer(served);
        answer::warn(&mut response, &answered.warnings);
        Ok(response)
    }

    /// How long a watch lasts; without a wish somewhere between a half and a whole hour, so that not all end at once.
    fn length(&self, wish: Option<u64>) -> Duration {
        if let Some(seconds) = wish.filter(|seconds| *seconds > 0) {
            return Duration::from_secs(seconds);
        }
        let drawn = (self.shared.sources.draw)();
        let spread = drawn
            .iter()
            .fold(0_u64, |sum, byte| (sum * 31 + u64::from(*byte)) % SHORTEST_WATCH);
        Duration::from_secs(SHORTEST_WATCH + spread)
    }
}

fn is_on(word: &str) -> bool {
    !(word == "0" || word.eq_ignore_ascii_case("false"))
}

fn deprecation(route: &Route) -> Vec<String> {
    let version = route.resource.version(&route.version);
    version
        .and_then(|version| version.deprecation.clone())
        .into_iter()
        .collect()
}

/// What the client accepts. Built-in kinds name every form, as their routes do.
fn accepted(route: &Route, asked: &Asked) -> Result<Accepted, Refusal> {
    let header = asked.header(header::ACCEPT);
    negotiate::accepted(header).map_err(|refusal| {
        if route.is_built_in() && !negotiate::names_a_served_type(header) {
            Refusal::of(406, "NotAcceptable", 
                "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/json;stream=watch",
            )
            .with_causes(Vec::new())
        } else {
            refusal
        }
    })
}

impl Turn<'_> {
    fn request(&self, options: WriteOptions) -> Request {
        let route = &self.route;
        Request {
            resource: route.resource.clone(),
            version: route.version.clone(),
            namespace: route.namespace.clone(),
            name: route.name.clone(),
            subresource: route.subresource,
            caller: self.asked.caller.clone(),
            options,
        }
    }

    fn former(&self) -> Result<Former, Refusal> {
        Former::new(Wanted {
            resource: &self.route.resource,
            version: &self.route.version,
            subresource: self.route.subresource,
            accepted: &self.accepted,
            include_object: self.asked.parameter("includeObject"),
            sources: self.sources,
        })
    }

    /// The options of a list or a watch; an object in the path is one in the selector.
    fn list_options(&self) -> Result<ListOptions, Refusal> {
        let mut options = ListOptions::of(&self.asked.query)?;
        if !self.route.name.is_empty() {
            let name = format!("metadata.name={}", self.route.name);
            if !options.field_selector.is_empty() && options.field_selector != name {
                return Err(Refusal::bad_request(
                    "fieldSelector metadata.name doesn't match requested name",
                ));
            }
            options.field_selector = name;
        }
        Ok(options)
    }

    async fn list(self) -> Result<Response<Body>, Refusal> {
        let options = self.list_options()?;
        let former = self.former()?;
        let list = self
            .registry
            .list(&self.request(WriteOptions::default()), &options)
            .await?;
        let warnings = list.warnings.clone();
        let object = former.list(list)?;
        let mut response = answer::object(StatusCode::OK, &object, self.asked.wishes);
        answer::warn(&mut response, &warnings);
        Ok(response)
    }

    async fn delete_collection(self) -> Result<Response<Body>, Refusal> {
        let list = ListOptions::of(&self.asked.query)?;
        let options = self.delete_options()?;
        let request = self.request(WriteOptions::default());
        let former = self.former()?;
        let deleted = self.registry.delete_collection(&request, &list, &options).await?;
        let warnings = deleted.warnings.clone();
        let object = former.list(deleted)?;
        let mut response = answer::object(StatusCode::OK, &object, self.asked.wishes);
        answer::warn(&mut response, &warnings);
        Ok(response)
    }

    fn delete_options(&self) -> Result<DeleteOptions, Refusal> {
        let body = body::options(&self.asked.parts.headers, &self.body)?;
        DeleteOptions::of(&self.asked.query, body.as_ref())
    }

    async fn one(self) -> Result<Response<Body>, Refusal> {
        let mut former = self.former()?;
        let answered = self.done().await?;
        let code = StatusCode::from_u16(answered.code).unwrap_or(StatusCode::OK);
        let object = former.one(answered.object)?;
        let mut response = answer::object(code, &object, self.asked.wishes);
        answer::warn(&mut response, &answered.warnings);
        Ok(response)
    }

    async fn done(&self) -> Result<Answer, Refusal> {
        let query = self.asked.query.as_slice();
        match self.route.verb {
            Verb::Get => {
                let options = ListOptions {
                    resource_version: self
                        .asked
                        .parameter("resourceVersion")
                        .unwrap_or_default()
                        .to_owned(),
                    ..ListOptions::default()
                };
                self.registry
                    .get(&self.request(WriteOptions::default()), &options)
                    .await
            }
            Verb::Create => {
                let body = self.encoded()?;
                let options = WriteOptions::of(query, "CreateOptions")?;
                let mut request = self.request(options);
                // The name is the object's own; one in the path means nothing.
                request.name = String::new();
                self.registry.create(&request, self.object(body)?).await
            }
            Verb::Update => {
                self.must_be_named()?;
                let body = self.encoded()?;
                let options = WriteOptions::of(query, "UpdateOptions")?;
                self.registry
                    .update(&self.request(options), self.object(body)?)
                    .await
            }
            Verb::Patch => self.patch(query).await,
            _ => {
                let options = self.delete_options()?;
                let request = self.request(WriteOptions::default());
                self.registry.delete(&request, &options).await
            }
        }
    }

    async fn patch(&self, query: &[(String, String)]) -> Result<Answer, Refusal> {
        let kind = self.patch_kind()?;
        self.must_be_named()?;
        let options = WriteOptions::of_patch(query, kind == PatchKind::Apply)?;
        let patch = PatchBody {
            kind,
            bytes: self.body.clone(),
        };
        self.registry.patch(&self.request(options), patch).await
    }

    fn patch_kind(&self) -> Result<PatchKind, Refusal> {
        let built_in = self.route.is_built_in();
        let kind = PatchKind::of(body::media_type(&self.asked.parts.headers));
        let known = kind.filter(|kind| built_in || *kind != PatchKind::StrategicMerge);
        known.ok_or_else(|| {
            if built_in {
                Refusal::unsupported("415: Unsupported Media Type").with_causes(Vec::new())
            } else {
                Refusal::unsupported_media_type(&[
                    "application/json-patch+json",
                    "application/merge-patch+json",
                    "application/apply-patch+yaml",
                ])
            }
        })
    }

    fn must_be_named(&self) -> Result<(), Refusal> {
        if self.route.name.is_empty() {
            return Err(Refusal::bad_request("name must be provided"));
        }
        Ok(())
    }

    fn encoded(&self) -> Result<body::Encoded, Refusal> {
        body::encoded(&self.asked.parts.headers)
    }

    fn object(&self, encoded: body::Encoded) -> Result<crate::standalone::registry::Body, Refusal> {
        let read = body::object(encoded, &self.body, &self.route.resource.kind);
        if self.route.subresource == Some(Subresource::Scale) {
            return read.map_err(|_| unreadable_scale());
        }
        read
    }
}
