//! Following objects: what stands first, if asked for, then each change.

use std::{sync::Arc, time::Duration, vec};

use futures::stream;
use serde_json::{Value, json};
use tokio::{sync::watch, time};

use super::{
    ListOptions, Registry, Request, Version, WatchAnswer, WatchEvent,
    list::{self, shown},
    object, read,
    select::Selection,
};
use crate::standalone::{
    status::Refusal,
    storage::{Change, ChangeKind, ListAt, ReadError, Stored, Watch, WatchError},
};

/// How often a watch that asks for bookmarks gets one; from the API server.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);

/// How long a watch waits for a revision that is still to come; from the API server.
const PATIENCE: Duration = Duration::from_secs(3);

const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

impl Registry {
    pub(super) async fn watch_objects(
        &self,
        request: &Request,
        options: &ListOptions,
    ) -> Result<WatchAnswer, Refusal> {
        let version = read::served(request)?.clone();
        let selection = Selection::of(request, options)?;
        let asked = asked_revision(options)?;
        let frames = match self.begin(request, options, &selection, asked).await {
            Ok(beginning) => follow(Follower {
                resources: self.inner.changed.subscribe(),
                registry: self.clone(),
                request: request.clone(),
                version,
                selection,
                bookmark_at: time::Instant::now() + BOOKMARK_EVERY,
                bookmarks: options.bookmarks,
                beginning,
            }),
            // Whoever watches hears of a lost place in the watch itself.
            Err(refusal) => Box::pin(stream::iter([WatchEvent::Error(refusal)])),
        };
        Ok(WatchAnswer {
            frames,
            warnings: Vec::new(),
        })
    }

    async fn begin(
        &self,
        request: &Request,
        options: &ListOptions,
        selection: &Selection,
        asked: u64,
    ) -> Result<Beginning, Refusal> {
        let store = &self.inner.store;
        let scope = selection.scope(request);
        let wants_state = options.send_initial_events.unwrap_or(asked == 0);
        let after = if wants_state {
            self.await_revision(asked).await?;
            None
        } else if asked == 0 {
            Some(store.revision())
        } else {
            Some(asked)
        };
        if let Some(after) = after {
            let watch = store.watch(&scope, after).map_err(|error| lost(&error))?;
            return Ok(Beginning {
                state: Vec::new().into_iter(),
                watch,
                closing: None,
            });
        }
        let page = store
            .list(&scope, &ListAt::default())
            .map_err(|error| lost(&error))?;
        let watch = store.watch(&scope, page.revision).map_err(|error| lost(&error))?;
        let closed = options.bookmarks && options.send_initial_events == Some(true);
        Ok(Beginning {
            state: page.items.into_iter(),
            watch,
            closing: closed.then_some(page.revision),
        })
    }

    async fn await_revision(&self, wanted: u64) -> Result<(), Refusal> {
        let reached = time::timeout(PATIENCE, self.inner.store.wait_for(wanted)).await;
        reached.map_err(|_| Refusal::version_in_the_future(wanted, self.inner.store.revision()))
    }
}

fn asked_revision(options: &ListOptions) -> Result<u64, Refusal> {
    list::revision_of(&options.resource_version).map_err(|_| list::no_number(&options.resource_version))
}

fn lost(error: &ReadError) -> Refusal {
    match error {
        ReadError::Compacted { requested, oldest } => Refusal::too_old(*requested, *oldest),
        ReadError::Future { requested, current } => Refusal::version_in_the_future(*requested, *current),
    }
}

/// Where a watch begins.
struct Beginning {
    /// The objects that stand, still to be told.
    state: vec::IntoIter<Arc<Stored>>,
    watch: Watch,
    /// The revision of the bookmark that closes the state.
    closing: Option<u64>,
}

struct Follower {
    registry: Registry,
    request: Request,
    version: Version,
    selection: Selection,
    /// Rings when the resources change: a watch of a kind that is gone ends.
    resources: watch::Receiver<u64>,
    bookmarks: bool,
    bookmark_at: time::Instant,
    beginning: Beginning,
}

fn follow(follower: Follower) -> super::Frames {
    Box::pin(stream::unfold(Some(follower), |follower| async move {
        let mut follower = follower?;
        let event = follower.next().await?;
        let goes_on = !matches!(event, WatchEvent::Error(_));
        Some((event, goes_on.then_some(follower)))
    }))
}

/// What a watch waits for.
enum Heard {
    Change(Result<Arc<Change>, WatchError>),
    Resources,
    BookmarkDue,
}

impl Follower {
    /// The next frame; none when the kind is gone.
    async fn next(&mut self) -> Option<WatchEvent> {
        if let Some(event) = self.next_of_state() {
            return Some(event);
        }
        loop {
            match self.hear().await {
                Heard::Change(Ok(change)) => match self.event(&change) {
                    Ok(None) => {}
                    Ok(Some(event)) => return Some(event),
                    Err(refusal) => return Some(WatchEvent::Error(refusal)),
                },
                Heard::Change(Err(WatchError::Slow { reached, oldest })) => {
                    return Some(WatchEvent::Error(Refusal::too_old(reached, oldest)));
                }
                Heard::Resources if !self.still_served() => return None,
                Heard::Resources => {}
                Heard::BookmarkDue => {
                    self.bookmark_at = time::Instant::now() + BOOKMARK_EVERY;
                    if let Ok(revision) = self.beginning.watch.progress() {
                        return Some(WatchEvent::Bookmark(self.bookmark(revision, false)));
                    }
                }
            }
        }
    }

    fn next_of_state(&mut self) -> Option<WatchEvent> {
        for stored in self.beginning.state.by_ref() {
            match shown(&self.request.resource, &self.version, &stored) {
                Ok(object) if self.selection.shows(&object) => return Some(WatchEvent::Added(object)),
                Ok(_) => {}
                Err(refusal) => return Some(WatchEvent::Error(refusal)),
            }
        }
        let revision = self.beginning.closing.take()?;
        Some(WatchEvent::Bookmark(self.bookmark(revision, true)))
    }

    async fn hear(&mut self) -> Heard {
        let bookmarks = self.bookmarks;
        let at = self.bookmark_at;
        tokio::select! {
            biased;
            change = self.beginning.watch.next() => Heard::Change(change),
            Ok(()) = self.resources.changed() => Heard::Resources,
            () = time::sleep_until(at), if bookmarks => Heard::BookmarkDue,
        }
    }

    fn still_served(&self) -> bool {
        let resource = &*self.request.resource;
        let found = self
            .registry
            .resource(&resource.group, &self.version.name, &resource.plural);
        found.is_some()
    }

    /// The change as this watch sees it: what enters the selection is added, what leaves it is deleted.
    fn event(&self, change: &Change) -> Result<Option<WatchEvent>, Refusal> {
        let resource = &self.request.resource;
        let selected = |stored: &Stored| -> Result<Option<Value>, Refusal> {
            let object = shown(resource, &self.version, stored)?;
            Ok(self.selection.shows(&object).then_some(object))
        };
        let before = match &change.previous {
            Some(previous) => selected(previous)?,
            None => None,
        };
        if change.kind == ChangeKind::Deleted {
            return match before {
                Some(_) => Ok(Some(WatchEvent::Deleted(shown(
                    resource,
                    &self.version,
                    &change.stored,
                )?))),
                None => Ok(None),
            };
        }
        Ok(match (before, selected(&change.stored)?) {
            (None, Some(object)) => Some(WatchEvent::Added(object)),
            (Some(_), Some(object)) => Some(WatchEvent::Modified(object)),
            (Some(mut object), None) => {
                object::set(&mut object, "resourceVersion", change.revision().to_string());
                Some(WatchEvent::Deleted(object))
            }
            (None, None) => None,
        })
    }

    fn bookmark(&self, revision: u64, closes_state: bool) -> Value {
        let resource = &*self.request.resource;
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if closes_state && let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("annotations".to_owned(), json!({INITIAL_EVENTS_END: "true"}));
        }
        json!({
            "kind": resource.kind, "apiVersion": resource.api_version(&self.version.name), "metadata": metadata,
        })
    }
}
