//! What a request says, once its path and its body are read.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::{Resource, WriteOptions};
use crate::standalone::status::Refusal;

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The user's name.
    pub username: String,
    /// The user's uid; empty where certificates carry none.
    pub uid: String,
    /// The groups of the user, `system:authenticated` among them.
    pub groups: Vec<String>,
    /// What else is known of the user.
    pub extra: Vec<(String, Vec<String>)>,
}

/// A part of an object under its own path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subresource {
    /// `/status`: only the status is written.
    Status,
    /// `/scale`: the object as an `autoscaling/v1` Scale.
    Scale,
    /// `/finalize` of a Namespace: only `spec.finalizers` is written.
    Finalize,
}

impl Subresource {
    /// The segment of the path.
    pub fn path(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Scale => "scale",
            Self::Finalize => "finalize",
        }
    }

    /// The subresource behind a segment of the path.
    pub fn of(path: &str) -> Option<Self> {
        [Self::Status, Self::Scale, Self::Finalize]
            .into_iter()
            .find(|subresource| subresource.path() == path)
    }
}

/// What is asked for, and by whom.
#[derive(Debug, Clone)]
pub struct Request {
    /// The resource of the path, from `Registry::resource`.
    pub resource: Arc<Resource>,
    /// The version of the path.
    pub version: String,
    /// The namespace of the path; empty for cluster-wide paths.
    pub namespace: String,
    /// The name of the path; empty for paths of a collection.
    pub name: String,
    /// The part of the object.
    pub subresource: Option<Subresource>,
    /// Who asks.
    pub caller: Caller,
    /// What writes may say in the query; reads ignore it.
    pub options: WriteOptions,
}

/// An object that a client sent, as read from JSON, YAML or protobuf.
#[derive(Debug, Clone)]
pub struct Body {
    /// The object. Anything but an object is refused by the registry.
    pub value: Value,
    /// What the reader itself saw: keys that stand twice, as `duplicate field "spec.x"`. Strict refuses them, Warn warns.
    pub complaints: Vec<String>,
}

/// The form of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatchKind {
    /// `application/json-patch+json`.
    Json,
    /// `application/merge-patch+json`.
    Merge,
    /// `application/strategic-merge-patch+json`: built-in kinds only.
    StrategicMerge,
    /// `application/apply-patch+yaml`: refused with 415.
    Apply,
}

impl PatchKind {
    /// The kind behind a media type without its parameters.
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/json-patch+json" => Some(Self::Json),
            "application/merge-patch+json" => Some(Self::Merge),
            "application/strategic-merge-patch+json" => Some(Self::StrategicMerge),
            "application/apply-patch+yaml" => Some(Self::Apply),
            _ => None,
        }
    }
}

/// A change that a client sent.
#[derive(Debug, Clone)]
pub struct PatchBody {
    /// Its form.
    pub kind: PatchKind,
    /// Its bytes, not read yet.
    pub bytes: Bytes,
}

/// What a request that touched one object hears.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status: 200, 201, or 202 for a deletion that waits.
    pub code: u16,
    /// The object, in the version of the request; a `Status` for most deletions.
    pub object: Value,
    /// Sentences for `Warning` headers.
    pub warnings: Vec<String>,
}

/// What a refused request hears, its warnings included: a policy may warn and another refuse.
pub type Outcome = Result<Answer, Refusal>;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListAnswer {
    /// Whether a definition declares the kind.
    pub is_custom: bool,
    /// `v1`, `example.com/v1`.
    pub api_version: String,
    /// `SecretList`.
    pub kind: String,
    /// The objects, each with its `apiVersion` and `kind`.
    pub items: Vec<Value>,
    /// The revision that the page shows.
    pub resource_version: u64,
    /// The token of the next page; empty on the last.
    pub continue_token: String,
    /// How many objects follow; absent on the last page and under selectors.
    pub remaining: Option<u64>,
    /// Sentences for `Warning` headers.
    pub warnings: Vec<String>,
}

impl ListAnswer {
    /// The list as one object.
    pub fn into_object(self) -> Value {
        let mut metadata = serde_json::Map::new();
        metadata.insert(
            "resourceVersion".to_owned(),
            self.resource_version.to_string().into(),
        );
        // Lists of custom objects always have the field.
        if self.is_custom || !self.continue_token.is_empty() {
            metadata.insert("continue".to_owned(), self.continue_token.into());
        }
        if let Some(remaining) = self.remaining {
            metadata.insert("remainingItemCount".to_owned(), remaining.into());
        }
        serde_json::json!({
            "kind": self.kind, "apiVersion": self.api_version, "metadata": metadata, "items": self.items,
        })
    }
}

/// One frame of a watch.
#[derive(Debug, Clone, PartialEq)]
pub enum WatchEvent {
    /// An object came, or came into the selection.
    Added(Value),
    /// An object changed.
    Modified(Value),
    /// An object went, or left the selection; as it was last, with the revision of its going.
    Deleted(Value),
    /// Nothing up to this revision is missing: an object with only `metadata.resourceVersion`, its kind and annotations.
    Bookmark(Value),
    /// The watch ends: the client lists again.
    Error(Refusal),
}

impl WatchEvent {
    /// The word of the frame.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Added(_) => "ADDED",
            Self::Modified(_) => "MODIFIED",
            Self::Deleted(_) => "DELETED",
            Self::Bookmark(_) => "BOOKMARK",
            Self::Error(_) => "ERROR",
        }
    }

    /// The object of the frame; the `Status` of an error.
    pub fn into_object(self) -> Value {
        match self {
            Self::Added(object) | Self::Modified(object) | Self::Deleted(object) | Self::Bookmark(object) => {
                object
            }
            Self::Error(refusal) => refusal.body(),
        }
    }
}

/// The frames of a watch, in the order of their revisions. Ends after an `Error`, never by itself otherwise:
/// who serves it ends it at `timeoutSeconds`.
pub type Frames = std::pin::Pin<Box<dyn futures::Stream<Item = WatchEvent> + Send>>;

/// A watch that has begun.
pub struct WatchAnswer {
    /// The frames.
    pub frames: Frames,
    /// Sentences for `Warning` headers.
    pub warnings: Vec<String>,
}

impl std::fmt::Debug for WatchAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WatchAnswer")
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}
