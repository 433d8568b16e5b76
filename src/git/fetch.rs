//! One conversation with a git host: list the branch, and receive what is new.

use std::num::NonZeroU32;
use std::sync::Arc;

use gix::ObjectId;
use gix::progress::Discard;
use gix::remote::fetch::{Shallow, Tags};
use gix::remote::{Direction, ref_map};
use gix_transport::client::blocking_io::Transport;
use gix_transport::client::blocking_io::http::connect_http;
use gix_transport::{Protocol, Service};

use super::error::{GitError, GitReason};
use super::http::{GuardedHttp, HttpContext};
use super::ssh::SshContext;
use super::wire::Wire;

/// The other side of a mirror.
#[derive(Debug, Clone)]
pub(crate) enum Endpoint {
    Http { url: String, context: HttpContext },
    Ssh { url: String, context: SshContext },
}

impl Endpoint {
    fn url(&self) -> &str {
        match self {
            Self::Http { url, .. } | Self::Ssh { url, .. } => url,
        }
    }
}

/// What is asked of the other side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FetchRequest<'a> {
    /// The full name, `refs/heads/...`.
    pub(crate) reference: &'a str,
    /// If the branch still points here nothing is received.
    pub(crate) unless: Option<ObjectId>,
    /// How many commits from the tip are received, those that are here already left out.
    pub(crate) depth: NonZeroU32,
}

/// Lists the branch, and receives it if it moved. Gives the commit that the branch points to.
///
/// Without a change this is two requests over HTTP: the capabilities and the one reference.
pub(crate) fn fetch(
    repository: &gix::Repository,
    endpoint: &Endpoint,
    request: FetchRequest<'_>,
    wire: &Arc<Wire>,
) -> Result<ObjectId, GitError> {
    let conversation = Conversation {
        repository,
        url: endpoint.url(),
        request,
        wire,
    };
    match endpoint {
        Endpoint::Http { url, context } => {
            let parsed = gix::url::parse(url.as_str())
                .map_err(|error| conversation.failed("failed to read the repository URL", error))?;
            let http = GuardedHttp::new(context.clone(), Arc::clone(wire));
            conversation.run(connect_http(http, parsed, Protocol::V2, false))
        }
        Endpoint::Ssh { context, .. } => conversation.run(context.connect(wire, Service::UploadPack)?),
    }
}

struct Conversation<'a> {
    repository: &'a gix::Repository,
    url: &'a str,
    request: FetchRequest<'a>,
    wire: &'a Wire,
}

impl Conversation<'_> {
    fn run<T: Transport>(&self, transport: T) -> Result<ObjectId, GitError> {
        let reference = self.request.reference;
        let remote = self
            .repository
            .remote_at_without_url_rewrite(self.url)
            .and_then(|remote| {
                remote.with_refspecs([format!("+{reference}:{reference}").as_str()], Direction::Fetch)
            })
            .map_err(|error| self.failed("failed to prepare the fetch", error))?
            .with_fetch_tags(Tags::None);
        let prepared = remote
            .to_connection_with_transport(transport)
            .with_credentials(|_| Ok(None))
            .with_transport_options(Box::new(()))
            .prepare_fetch(Discard, ref_map::Options::default())
            .map_err(|error| self.failed("failed to list the branch", error))?;
        let tip = advertised(prepared.ref_map(), reference)?;
        if self.request.unless == Some(tip) {
            return Ok(tip);
        }
        prepared
            .with_shallow(Shallow::DepthAtRemote(self.request.depth))
            .receive(Discard, self.wire.interrupt_flag())
            .map_err(|error| self.failed("failed to receive the branch", error))?;
        Ok(tip)
    }

    /// The exact fault if the wire has one; else the disk or the data is to blame.
    fn failed(&self, doing: &str, error: gix::Error) -> GitError {
        self.wire.fault().unwrap_or_else(|| failure(doing, error))
    }
}

/// Turns an error of the git library that did not come from the wire into one of ours.
pub(crate) fn failure(doing: &str, error: gix::Error) -> GitError {
    use std::io::ErrorKind::{InvalidData, InvalidInput, NotFound, Other, OutOfMemory, UnexpectedEof};
    let kind = error
        .downcast_any_ref::<std::io::Error>()
        .map(std::io::Error::kind);
    let reason = match kind {
        None if error.is_resource_exhausted() => GitReason::LimitExceeded,
        Some(OutOfMemory) => GitReason::LimitExceeded,
        None | Some(UnexpectedEof | InvalidData | InvalidInput | NotFound | Other) => GitReason::CorruptPack,
        Some(_) => GitReason::StorageFailed,
    };
    GitError::new(reason, doing).caused_by(error)
}

fn advertised(listed: &gix::remote::fetch::RefMap, reference: &str) -> Result<ObjectId, GitError> {
    listed
        .remote_refs
        .iter()
        .map(gix::protocol::handshake::Ref::unpack)
        .find_map(|(name, target, _)| (*name == *reference.as_bytes()).then_some(target).flatten())
        .map(ToOwned::to_owned)
        .ok_or_else(|| {
            let branch = reference.strip_prefix("refs/heads/").unwrap_or(reference);
            GitError::new(
                GitReason::BranchNotFound,
                format!("the repository has no branch {branch:?}"),
            )
        })
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn a_full_disk_is_told_from_damaged_data() {
        for (kind, reason) in [
            (ErrorKind::StorageFull, "StorageFailed"),
            (ErrorKind::QuotaExceeded, "StorageFailed"),
            (ErrorKind::ReadOnlyFilesystem, "StorageFailed"),
            (ErrorKind::PermissionDenied, "StorageFailed"),
            (ErrorKind::UnexpectedEof, "CorruptPack"),
            (ErrorKind::InvalidData, "CorruptPack"),
        ] {
            let error = failure(
                "failed to receive the branch",
                gix::Error::from_error(Error::from(kind)),
            );
            assert_eq!(error.reason(), reason, "{kind}");
        }
    }
}
