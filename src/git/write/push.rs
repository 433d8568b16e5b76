//! One conversation with `git-receive-pack`: where the branch stands, the commit, and what the other side made of it.

use std::{io::Write as _, sync::Arc};

use gix::ObjectId;
use gix_transport::{
    Protocol, Service,
    client::{
        MessageKind, WriteMode,
        blocking_io::{ReadlineBufRead, Transport, http::connect_http},
    },
};

use super::{FileWritten, WriteFailure, commit::NewCommit};
use crate::git::{
    error::{GitError, GitReason},
    fetch::Endpoint,
    http::GuardedHttp,
    wire::Wire,
};

/// More references than this are not looked through for the branch.
const MAX_REFERENCES: usize = 100_000;
/// Longest sentence of the other side that is told on.
const MAX_WORDS: usize = 300;
/// What the other side says where somebody else moved the branch first; anything else after `ng` is a rule of its own.
const OVERTAKEN: [&str; 6] = [
    "fetch first",
    "non-fast-forward",
    "stale info",
    "failed to update ref",
    "incorrect old value",
    "cannot lock ref",
];

/// Pushes a commit onto a branch that must still stand at its parent.
pub(super) fn push(
    endpoint: &Endpoint,
    reference: &str,
    commit: &NewCommit,
    wire: &Arc<Wire>,
) -> Result<FileWritten, WriteFailure> {
    let conversation = Conversation { wire };
    match endpoint {
        Endpoint::Http { .. } => conversation.push(conversation.http(endpoint)?, reference, commit),
        Endpoint::Ssh { context, .. } => {
            let transport = context
                .connect(wire, Service::ReceivePack)
                .map_err(WriteFailure::before)?;
            conversation.push(transport, reference, commit)
        }
    }
}

/// Begins a conversation and says nothing: who may not write is told at its beginning.
pub(super) fn greet(endpoint: &Endpoint, wire: &Arc<Wire>) -> Result<(), GitError> {
    let conversation = Conversation { wire };
    let standing = match endpoint {
        Endpoint::Http { .. } => conversation
            .http(endpoint)
            .and_then(|mut transport| conversation.standing(&mut transport, "")),
        Endpoint::Ssh { context, .. } => context
            .connect(wire, Service::ReceivePack)
            .map_err(WriteFailure::before)
            .and_then(|mut transport| conversation.standing(&mut transport, "")),
    };
    standing.map(drop).map_err(|failure| failure.error)
}

struct Conversation<'a> {
    wire: &'a Arc<Wire>,
}

impl Conversation<'_> {
    fn http(&self, endpoint: &Endpoint) -> Result<impl Transport + use<>, WriteFailure> {
        let Endpoint::Http { url, context } = endpoint else {
            return Err(self.before("failed to reach the git host"));
        };
        let parsed =
            gix::url::parse(url.as_str()).map_err(|_| self.before("failed to read the repository URL"))?;
        let http = GuardedHttp::new(context.clone(), Arc::clone(self.wire));
        // Receiving a push knows no protocol 2.
        Ok(connect_http(http, parsed, Protocol::V1, false))
    }

    fn push<T: Transport>(
        &self,
        mut transport: T,
        reference: &str,
        commit: &NewCommit,
    ) -> Result<FileWritten, WriteFailure> {
        let pack = commit
            .pack()
            .map_err(|_| self.before("failed to write the pack"))?;
        if self.standing(&mut transport, reference)? != Some(commit.parent) {
            return Ok(FileWritten::Moved);
        }
        let unsent = |_| self.before("failed to send the commit");
        let mut request = transport
            .request(WriteMode::Binary, MessageKind::Flush, false)
            .map_err(|_| self.before("failed to send the commit"))?;
        let command = format!(
            "{} {} {reference}\0 report-status agent=campanile",
            commit.parent, commit.id
        );
        request.write_all(command.as_bytes()).map_err(unsent)?;
        request.write_message(MessageKind::Flush).map_err(unsent)?;
        let (mut writer, mut reader) = request.into_parts();
        // A pack without its end is no pack: until it is written whole nothing can come of it.
        writer.write_all(&pack).map_err(unsent)?;
        let flushed = writer.flush();
        drop(writer);
        flushed.map_err(|_| self.after())?;
        self.answer(&mut reader, reference)
    }

    /// Where the branch stands; an error where the other side does not say what becomes of a push.
    fn standing<T: Transport>(
        &self,
        transport: &mut T,
        reference: &str,
    ) -> Result<Option<ObjectId>, WriteFailure> {
        let response = transport
            .handshake(Service::ReceivePack, &[])
            .map_err(|_| self.before("failed to ask whether we may write"))?;
        if !response.capabilities.contains("report-status") {
            return Err(self.before("the git host does not say what becomes of a push"));
        }
        let Some(mut references) = response.refs else {
            return Ok(None);
        };
        let mut standing = None;
        for _ in 0..MAX_REFERENCES {
            let Some(line) = self.line(&mut references).map_err(WriteFailure::before)? else {
                return Ok(standing);
            };
            if let Some((id, name)) = line.split_once(' ')
                && name == reference
            {
                standing = ObjectId::from_hex(id.as_bytes()).ok();
            }
        }
        Err(self.before("the repository has too many references"))
    }

    fn answer(
        &self,
        reader: &mut impl ReadlineBufRead,
        reference: &str,
    ) -> Result<FileWritten, WriteFailure> {
        let next = |reader: &mut _| self.line(reader).map_err(|_| self.after());
        let unpacked = next(reader)?.ok_or_else(|| self.after())?;
        if unpacked != "unpack ok" {
            return Ok(FileWritten::Declined(words(&unpacked)));
        }
        let told = next(reader)?.ok_or_else(|| self.after())?;
        if told == format!("ok {reference}") {
            return Ok(FileWritten::Stored);
        }
        match told.strip_prefix(&format!("ng {reference} ")) {
            Some(why) if OVERTAKEN.iter().any(|known| why.contains(known)) => Ok(FileWritten::Moved),
            Some(why) => Ok(FileWritten::Declined(words(why))),
            None => Err(self.after()),
        }
    }

    /// One line without its end; none at the end of the section.
    fn line(&self, reader: &mut (impl ReadlineBufRead + ?Sized)) -> Result<Option<String>, GitError> {
        let mut line = String::new();
        let read = reader
            .readline_str(&mut line)
            .map_err(|_| self.fault("failed to read the answer of the git host"))?;
        Ok((read > 0).then(|| line.trim_end_matches('\n').to_owned()))
    }

    fn fault(&self, doing: &str) -> GitError {
        self.wire
            .fault()
            .unwrap_or_else(|| GitError::new(GitReason::HostUnreachable, doing))
    }

    fn before(&self, doing: &str) -> WriteFailure {
        WriteFailure::before(self.fault(doing))
    }

    /// Once all is written only an answer that comes before anything is done tells that nothing was.
    fn after(&self) -> WriteFailure {
        let error = self.fault("failed to learn what became of the push");
        match error.git_reason() {
            GitReason::AuthenticationFailed
            | GitReason::RepositoryNotFound
            | GitReason::EgressRefused
            | GitReason::UrlRefused => WriteFailure::before(error),
            _ => WriteFailure::after(error),
        }
    }
}

fn words(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(MAX_WORDS).collect()
}
