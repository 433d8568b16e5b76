//! Reading objects: one, or page after page as they all stood at one moment.

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{
    Answer, ListAnswer, ListOptions, Outcome, Registry, Request, Resource, Version, VersionMatch,
    kept::{self, Kept},
    object, read,
    select::Selection,
};
use crate::standalone::{
    status::Refusal,
    storage::{ListAt, Place, ReadError, Stored},
};

const TOO_OLD: &str = "The resourceVersion for the provided list is too old.";
const TOKEN_TOO_OLD: &str = "The provided continue parameter is too old to display a consistent list result. You can start a \
                             new list without the continue parameter, or use the continue token in this response to retrieve \
                             the remainder of the results. Continuing with the provided token results in an inconsistent \
                             list - objects that were created, modified, or deleted between the time the first chunk was \
                             returned and now may show up in the list.";

impl Registry {
    pub(super) fn get_object(&self, request: &Request, options: &ListOptions) -> Outcome {
        let resource = &*request.resource;
        let version = read::served(request)?;
        let wanted =
            revision_of(&options.resource_version).map_err(|_| no_number(&options.resource_version))?;
        let current = self.inner.store.revision();
        if wanted > current {
            return Err(Refusal::version_in_the_future(wanted, current));
        }
        match self.look(resource, &request.namespace, &request.name)? {
            Some(kept) => Ok(Answer {
                code: 200,
                object: kept::presented(resource, version, kept.object),
                warnings: Vec::new(),
            }),
            None => Err(Refusal::not_found(resource.subject(), &request.name)),
        }
    }

    pub(super) fn list_objects(
        &self,
        request: &Request,
        options: &ListOptions,
    ) -> Result<ListAnswer, Refusal> {
        let resource = &*request.resource;
        let version = read::served(request)?;
        let selection = Selection::of(request, options)?;
        let start = self.start(options)?;
        let limit = limit(options);
        let pages = Pages {
            registry: self,
            request,
            version,
            selection: &selection,
            limit,
        };
        let page = pages.collect(&start)?;
        let mut items = page.items;
        if resource.built_in().is_some() {
            items.iter_mut().for_each(without_type);
        }
        let token = page.next.as_ref().map(|place| token(page.revision, place));
        Ok(ListAnswer {
            is_custom: resource.built_in().is_none(),
            api_version: resource.api_version(&version.name),
            kind: resource.list_kind.clone(),
            items,
            resource_version: page.revision,
            continue_token: token.unwrap_or_default(),
            remaining: page.remaining,
            warnings: Vec::new(),
        })
    }

    /// Where a list begins, and at which revision.
    fn start(&self, options: &ListOptions) -> Result<Start, Refusal> {
        let version = options.resource_version.as_str();
        if !options.continue_token.is_empty() {
            let start = Start::of_token(&options.continue_token)?;
            if !matches!(version, "" | "0") {
                let message = "specifying resource version is not allowed when using continue";
                return Err(Refusal::bad_request(message));
            }
            return Ok(start);
        }
        let wanted = revision_of(version)?;
        let current = self.inner.store.revision();
        if wanted > current {
            return Err(Refusal::version_in_the_future(wanted, current));
        }
        let exact = match options.version_match {
            Some(VersionMatch::Exact) => true,
            Some(VersionMatch::NotOlderThan) => false,
            None => options.limit > 0 && wanted > 0,
        };
        Ok(Start {
            revision: exact.then_some(wanted),
            after: None,
            is_continued: false,
        })
    }
}

/// The items of a list of a built-in kind do not say again what they are.
pub(super) fn without_type(item: &mut Value) {
    let fields = object::fields(item);
    fields.shift_remove("kind");
    fields.shift_remove("apiVersion");
}

/// A list of what the cache of an API server would hold ignores the limit.
fn limit(options: &ListOptions) -> Option<usize> {
    let ignored = options.resource_version == "0" && options.continue_token.is_empty();
    let limit = usize::try_from(options.limit).unwrap_or(usize::MAX);
    (limit > 0 && !ignored).then_some(limit)
}

/// The number in a `resourceVersion`; 0 for none.
pub(super) fn revision_of(text: &str) -> Result<u64, Refusal> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
        Refusal::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: {text:?}: {why}"
        ))
    })
}

/// What a get or a watch answers to a version that is none: an error of the server, as in the API server.
pub(super) fn no_number(text: &str) -> Refusal {
    let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
    Refusal::of(
        500,
        "",
        format!("resourceVersion: Invalid value: {text:?}: {why}"),
    )
}

#[derive(Debug, Default)]
struct Start {
    revision: Option<u64>,
    after: Option<Place>,
    is_continued: bool,
}

fn token(revision: u64, after: &Place) -> String {
    encode(i64::try_from(revision).unwrap_or(i64::MAX), after)
}

fn encode(revision: i64, after: &Place) -> String {
    let start = match &*after.namespace {
        "" => format!("{}\0", after.name),
        namespace => format!("{namespace}/{}\0", after.name),
    };
    let token = json!({"v": "meta.k8s.io/v1", "rv": revision, "start": start});
    BASE64URL_NOPAD.encode(token.to_string().as_bytes())
}

impl Start {
    fn of_token(token: &str) -> Result<Self, Refusal> {
        let bad = |why: &str| {
            Refusal::bad_request(format!("invalid continue token: continue key is not valid{why}"))
        };
        let bytes = BASE64URL_NOPAD
            .decode(token.as_bytes())
            .map_err(|error| bad(&format!(": illegal base64 data at input byte {}", error.position)))?;
        let token: Value = serde_json::from_slice(&bytes).map_err(|_| bad(": invalid character in JSON"))?;
        let text = |field: &str| token.get(field).and_then(Value::as_str).unwrap_or_default();
        if text("v") != "meta.k8s.io/v1" {
            return Err(bad(&format!(
                ": server does not recognize this encoded version {}",
                text("v")
            )));
        }
        let revision = token.get("rv").and_then(Value::as_i64).unwrap_or_default();
        if revision == 0 {
            let why = ": incorrect encoded start resourceVersion (version meta.k8s.io/v1)";
            return Err(bad(why));
        }
        let start = text("start").trim_end_matches('\0');
        if start.is_empty() {
            return Err(bad(": encoded start key empty (version meta.k8s.io/v1)"));
        }
        if start.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(bad(&format!(": {}", text("start"))));
        }
        let (namespace, name) = start.rsplit_once('/').unwrap_or(("", start));
        Ok(Self {
            // Below zero: the rest as it is now, for who knows that the list is not of one moment.
            revision: u64::try_from(revision).ok(),
            after: Some(Place {
                namespace: namespace.into(),
                name: name.into(),
            }),
            is_continued: true,
        })
    }
}

/// What a list walks through.
struct Pages<'a> {
    registry: &'a Registry,
    request: &'a Request,
    version: &'a Version,
    selection: &'a Selection,
    limit: Option<usize>,
}

struct Collected {
    items: Vec<Value>,
    revision: u64,
    next: Option<Place>,
    remaining: Option<u64>,
}

/// How many objects are looked at in one step, when a selector has to be asked for each.
const STEP: usize = 500;

impl Pages<'_> {
    /// Looks at page after page of the store until enough objects are selected.
    fn collect(&self, start: &Start) -> Result<Collected, Refusal> {
        let scope = self.selection.scope(self.request);
        let mut at = ListAt {
            revision: start.revision,
            after: start.after.clone(),
            limit: None,
        };
        let mut items = Vec::new();
        loop {
            at.limit = self.limit.map(|limit| self.step(limit - items.len()));
            let page = self
                .registry
                .inner
                .store
                .list(&scope, &at)
                .map_err(|error| refusal(&error, start))?;
            at.revision = Some(page.revision);
            for stored in &page.items {
                items.extend(self.selected(stored)?);
                at.after = Some(place(stored));
                if self.limit == Some(items.len()) {
                    break;
                }
            }
            let looked_at_all =
                page.items.last().map(|last| place(last)) == at.after || page.items.is_empty();
            let more = page.remaining > 0 || !looked_at_all;
            let full = self.limit == Some(items.len());
            if !more || full {
                let next = if more { at.after } else { None };
                let remaining = (next.is_some() && self.selection.is_everything())
                    .then(|| u64::try_from(page.remaining).unwrap_or(u64::MAX));
                return Ok(Collected {
                    items,
                    revision: page.revision,
                    next,
                    remaining,
                });
            }
        }
    }

    fn step(&self, wanted: usize) -> usize {
        if self.selection.is_everything() {
            wanted
        } else {
            wanted.max(STEP)
        }
    }

    fn selected(&self, stored: &Arc<Stored>) -> Result<Option<Value>, Refusal> {
        if self
            .selection
            .name()
            .is_some_and(|name| name != &*stored.key.name)
        {
            return Ok(None);
        }
        let object = shown(&self.request.resource, self.version, stored)?;
        Ok(self.selection.shows(&object).then_some(object))
    }
}

/// A stored object as clients of this version see it.
pub(super) fn shown(resource: &Resource, version: &Version, stored: &Stored) -> Result<Value, Refusal> {
    let kept = Kept::of(stored)?;
    Ok(kept::presented(resource, version, kept.object))
}

fn place(stored: &Stored) -> Place {
    Place {
        namespace: Arc::clone(&stored.key.namespace),
        name: Arc::clone(&stored.key.name),
    }
}

fn refusal(error: &ReadError, start: &Start) -> Refusal {
    match (error, &start.after) {
        (ReadError::Compacted { .. }, Some(after)) if start.is_continued => {
            Refusal::expired(TOKEN_TOO_OLD).with_continue_token(encode(-1, after))
        }
        (ReadError::Compacted { .. }, _) => Refusal::expired(TOO_OLD),
        (ReadError::Future { requested, current }, _) => Refusal::version_in_the_future(*requested, *current),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_its_place_and_its_revision() {
        let place = Place {
            namespace: "default".into(),
            name: "web".into(),
        };
        let start = Start::of_token(&token(7, &place)).unwrap();
        assert_eq!(start.revision, Some(7));
        assert_eq!(start.after, Some(place));
    }

    #[test]
    fn tokens_that_are_none_are_refused_with_the_reason() {
        let message = |token: &str| Start::of_token(token).unwrap_err().message().to_owned();
        assert!(message("?").contains("illegal base64 data at input byte 0"));
        let climbing = BASE64URL_NOPAD.encode(br#"{"v":"meta.k8s.io/v1","rv":3,"start":"../x\u0000"}"#);
        assert!(message(&climbing).starts_with("invalid continue token: continue key is not valid"));
    }
}
