//! A commit with one file more, or another one in its place, and the objects that it needs, as a pack.

use std::io::{self, Write as _};

use flate2::{Compression, write::ZlibEncoder};
use gix::{
    ObjectId,
    actor::Signature,
    date::Time,
    hash,
    objs::{
        Commit, Kind, Tree, WriteTo, compute_hash,
        tree::{Entry, EntryKind},
    },
    odb::pack::data::{Version, entry::Header, header},
};

use super::{FileCondition, FileWrite};
use crate::git::{
    error::{GitError, GitReason},
    fetch::failure,
    tree::confined,
};

/// An object that the other side does not have.
#[derive(Debug)]
struct NewObject {
    kind: Kind,
    data: Vec<u8>,
}

/// A commit that stands nowhere yet.
#[derive(Debug)]
pub(super) struct NewCommit {
    /// Its id.
    pub(super) id: ObjectId,
    /// The commit that it follows.
    pub(super) parent: ObjectId,
    objects: Vec<NewObject>,
}

impl NewCommit {
    /// Makes the commit that writes a file over what a commit has; none where the condition does not hold.
    pub(super) fn over(
        repository: &gix::Repository,
        parent: ObjectId,
        write: &FileWrite,
    ) -> Result<Option<Self>, GitError> {
        let segments =
            confined(&write.path).map_err(|error| GitError::new(GitReason::UrlRefused, error.to_string()))?;
        let root = repository
            .find_commit(parent)
            .and_then(|commit| commit.tree_id())
            .map_err(|error| failure("failed to read the newest commit", error))?;
        let mut graft = Graft {
            repository,
            write,
            objects: Vec::new(),
        };
        let Some(tree) = graft.onto(Some(root.detach()), &segments)? else {
            return Ok(None);
        };
        let id = graft.add(&commit(tree, parent, write))?;
        Ok(Some(Self {
            id,
            parent,
            objects: graft.objects,
        }))
    }

    /// The objects as git sends them: whole and compressed, with the digest of it all at the end.
    pub(super) fn pack(&self) -> io::Result<Vec<u8>> {
        let count = u32::try_from(self.objects.len()).map_err(io::Error::other)?;
        let mut pack = header::encode(Version::V2, count).to_vec();
        for object in &self.objects {
            entry_header(object.kind).write_to(object.data.len() as u64, &mut pack)?;
            let mut encoder = ZlibEncoder::new(&mut pack, Compression::default());
            encoder.write_all(&object.data)?;
            encoder.finish()?;
        }
        let mut hasher = hash::hasher(hash::Kind::Sha1);
        hasher.update(&pack);
        let digest = hasher.try_finalize().map_err(io::Error::other)?;
        pack.extend_from_slice(digest.as_slice());
        Ok(pack)
    }
}

fn commit(tree: ObjectId, parent: ObjectId, write: &FileWrite) -> Commit {
    let author = Signature {
        name: write.author.name.as_str().into(),
        email: write.author.email.as_str().into(),
        time: Time::new(write.at.as_second(), 0),
    };
    Commit {
        tree,
        parents: [parent].into_iter().collect(),
        author: author.clone(),
        committer: author,
        encoding: None,
        message: write.message.as_str().into(),
        extra_headers: Vec::new(),
    }
}

const fn entry_header(kind: Kind) -> Header {
    match kind {
        Kind::Blob => Header::Blob,
        Kind::Tree => Header::Tree,
        Kind::Commit => Header::Commit,
        Kind::Tag => Header::Tag,
    }
}

/// Puts one file into a tree: every folder on its way is written anew.
struct Graft<'a> {
    repository: &'a gix::Repository,
    write: &'a FileWrite,
    objects: Vec<NewObject>,
}

impl Graft<'_> {
    /// The tree with the file in it; none where the condition does not hold.
    fn onto(&mut self, tree: Option<ObjectId>, path: &[&str]) -> Result<Option<ObjectId>, GitError> {
        let Some((name, below)) = path.split_first() else {
            return Ok(None);
        };
        let mut entries = tree.map_or(Ok(Vec::new()), |id| self.entries(id))?;
        let place = entries.iter().position(|entry| entry.filename == *name);
        let standing = place.map(|place| entries.remove(place));
        let Some(entry) = self.entry(name, standing.as_ref(), below)? else {
            return Ok(None);
        };
        entries.push(entry);
        entries.sort();
        self.add(&Tree { entries }).map(Some)
    }

    /// What the file, or the folder on the way to it, becomes.
    fn entry(
        &mut self,
        name: &str,
        standing: Option<&Entry>,
        below: &[&str],
    ) -> Result<Option<Entry>, GitError> {
        let kind = standing.map(|entry| entry.mode.kind());
        let (mode, oid) = if below.is_empty() {
            if kind.is_some_and(|kind| kind != EntryKind::Blob) || !self.holds(standing) {
                return Ok(None);
            }
            let blob = self.add_bytes(Kind::Blob, self.write.bytes.clone())?;
            (EntryKind::Blob, Some(blob))
        } else {
            if kind.is_some_and(|kind| kind != EntryKind::Tree) {
                return Ok(None);
            }
            (
                EntryKind::Tree,
                self.onto(standing.map(|entry| entry.oid), below)?,
            )
        };
        Ok(oid.map(|oid| Entry {
            mode: mode.into(),
            filename: name.into(),
            oid,
        }))
    }

    fn holds(&self, standing: Option<&Entry>) -> bool {
        match (&self.write.condition, standing) {
            (FileCondition::Absent, None) => true,
            (FileCondition::Unchanged(id), Some(entry)) => {
                ObjectId::from_hex(id.as_bytes()).is_ok_and(|id| entry.oid == id)
            }
            _ => false,
        }
    }

    fn entries(&self, tree: ObjectId) -> Result<Vec<Entry>, GitError> {
        let unreadable = |error| failure("failed to read a folder of the branch", error);
        let tree = self.repository.find_tree(tree).map_err(unreadable)?;
        let mut entries = Vec::new();
        for entry in tree.iter() {
            let entry = entry.map_err(unreadable)?;
            entries.push(Entry {
                mode: entry.mode(),
                filename: entry.filename().to_owned(),
                oid: entry.object_id(),
            });
        }
        Ok(entries)
    }

    fn add(&mut self, object: &impl WriteTo) -> Result<ObjectId, GitError> {
        let mut data = Vec::new();
        object.write_to(&mut data).map_err(|error| {
            GitError::new(GitReason::StorageFailed, "failed to write a git object").caused_by(error)
        })?;
        self.add_bytes(object.kind(), data)
    }

    fn add_bytes(&mut self, kind: Kind, data: Vec<u8>) -> Result<ObjectId, GitError> {
        let id = compute_hash(hash::Kind::Sha1, kind, &data)
            .map_err(|error| failure("failed to name a git object", error))?;
        self.objects.push(NewObject { kind, data });
        Ok(id)
    }
}
