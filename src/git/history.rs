//! Who changed a branch between two revisions.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use gix::ObjectId;

use super::error::GitError;
use super::fetch::failure;

/// How far back the ancestors of the older revision are followed, to leave them out of the answer.
const MAX_KNOWN_ANCESTORS: usize = 4096;
/// More trailers of one commit than this are not read.
const MAX_APPROVALS: usize = 1000;
/// A message longer than this is not looked at for trailers.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;
const MAX_NAME_CHARACTERS: usize = 256;
const APPROVE_TRAILER: &str = "campanile-approve";

/// One commit, as far as we need it. Authors are what the commit says, not proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// 40 hexadecimal digits.
    pub id: String,
    /// The parents, first parent first.
    pub parents: Vec<String>,
    /// The name of the author, at most 256 characters.
    pub author_name: String,
    /// The address of the author, at most 256 characters.
    pub author_email: String,
    /// When it was committed, in seconds since 1970 in UTC.
    pub committed_at: i64,
    /// The post ids of its `Campanile-Approve: POST_ID` trailers.
    pub approved_post_ids: Vec<String>,
}

/// The commits between two revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Every commit that the newer revision has and the older one has not, each after its parents.
    pub commits: Vec<CommitInfo>,
    /// Whether the newer revision descends from the older one. `false` after a rewritten history, and while that is
    /// not known.
    pub descends: bool,
    /// Whether these are all of them. If not (more than the limit, or further back than is fetched), an author that
    /// follows from them is inconclusive.
    pub complete: bool,
}

/// The shape of the history between two commits.
pub(crate) struct Walk {
    /// Each after its parents.
    pub(crate) ids: Vec<ObjectId>,
    pub(crate) descends: bool,
    pub(crate) complete: bool,
}

/// Collects what `new` reaches and `old` does not, over the commits that are here. Where a parent is not here (the
/// mirror is shallow) or the limit is reached, the walk is not complete.
pub(crate) fn walk(
    repository: &gix::Repository,
    old: Option<ObjectId>,
    new: ObjectId,
    limit: usize,
) -> Result<Walk, GitError> {
    let known = old
        .map(|old| ancestors(repository, old))
        .transpose()?
        .unwrap_or_default();
    let mut walker = Walker {
        repository,
        known,
        seen: BTreeSet::new(),
        complete: true,
    };
    let ids = walker.parents_first(new, limit)?;
    let descends = old.is_some_and(|old| old == new || walker.seen.contains(&old));
    Ok(Walk {
        ids,
        descends,
        complete: walker.complete,
    })
}

fn ancestors(repository: &gix::Repository, from: ObjectId) -> Result<BTreeSet<ObjectId>, GitError> {
    let mut found = BTreeSet::from([from]);
    let mut queue = VecDeque::from([from]);
    while let Some(id) = queue.pop_front() {
        if found.len() >= MAX_KNOWN_ANCESTORS {
            break;
        }
        for parent in parents(repository, id)?.unwrap_or_default() {
            if found.insert(parent) {
                queue.push_back(parent);
            }
        }
    }
    Ok(found)
}

/// The parents of a commit, or `None` if the commit is not here.
fn parents(repository: &gix::Repository, id: ObjectId) -> Result<Option<Vec<ObjectId>>, GitError> {
    let unreadable = |error| failure("failed to read a commit", error);
    let Some(object) = repository.try_find_object(id).map_err(unreadable)? else {
        return Ok(None);
    };
    let commit = object.try_into_commit().map_err(unreadable)?;
    Ok(Some(commit.parent_ids().map(gix::Id::detach).collect()))
}

struct Walker<'a> {
    repository: &'a gix::Repository,
    known: BTreeSet<ObjectId>,
    /// Everything that was met, the boundary included.
    seen: BTreeSet<ObjectId>,
    complete: bool,
}

enum Step {
    Enter(ObjectId),
    Leave(ObjectId),
}

impl Walker<'_> {
    fn parents_first(&mut self, new: ObjectId, limit: usize) -> Result<Vec<ObjectId>, GitError> {
        let mut ids = Vec::new();
        let mut entered = 0_usize;
        let mut steps = vec![Step::Enter(new)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Leave(id) => ids.push(id),
                Step::Enter(id) if !self.seen.insert(id) || self.known.contains(&id) => {}
                Step::Enter(_) if entered >= limit => self.complete = false,
                Step::Enter(id) => match parents(self.repository, id)? {
                    None => self.complete = false,
                    Some(parents) => {
                        entered += 1;
                        steps.push(Step::Leave(id));
                        steps.extend(parents.into_iter().rev().map(Step::Enter));
                    }
                },
            }
        }
        Ok(ids)
    }
}

/// Reads the commits of a walk.
pub(crate) fn describe(repository: &gix::Repository, walk: &Walk) -> Result<History, GitError> {
    let commits = walk
        .ids
        .iter()
        .map(|id| commit_info(repository, *id))
        .collect::<Result<_, _>>()?;
    Ok(History {
        commits,
        descends: walk.descends,
        complete: walk.complete,
    })
}

fn commit_info(repository: &gix::Repository, id: ObjectId) -> Result<CommitInfo, GitError> {
    let unreadable = |error| failure("failed to read a commit", error);
    let commit = repository.find_commit(id).map_err(unreadable)?;
    let author = commit.author().map_err(&unreadable)?;
    let committer = commit.committer().map_err(&unreadable)?;
    let message = commit.message_raw().map_err(unreadable)?;
    Ok(CommitInfo {
        id: id.to_string(),
        parents: commit.parent_ids().map(|parent| parent.to_string()).collect(),
        author_name: bounded(author.name),
        author_email: bounded(author.email),
        committed_at: committer.seconds(),
        approved_post_ids: approvals(message),
    })
}

fn bounded(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.trim()
        .chars()
        .filter(|character| !character.is_control())
        .take(MAX_NAME_CHARACTERS)
        .collect()
}

/// The values of the approval trailers: lines `Campanile-Approve: POST_ID` in the last paragraph of a message.
fn approvals(message: &[u8]) -> Vec<String> {
    if message.len() > MAX_MESSAGE_BYTES {
        return Vec::new();
    }
    let message = String::from_utf8_lossy(message).replace('\r', "");
    let last = message.trim_end().rsplit("\n\n").next().unwrap_or_default();
    let mut found = BTreeMap::new();
    for line in last.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        if key.trim().eq_ignore_ascii_case(APPROVE_TRAILER)
            && !value.is_empty()
            && found.len() < MAX_APPROVALS
        {
            let position = found.len();
            found.entry(value.to_owned()).or_insert(position);
        }
    }
    let mut ordered: Vec<(String, usize)> = found.into_iter().collect();
    ordered.sort_by_key(|(_, position)| *position);
    ordered.into_iter().map(|(value, _)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn approvals_are_trailers_of_the_last_paragraph() {
        let message = b"Approve two\n\nCampanile-Approve: not_here\n\nSigned-off-by: Ada <a@example.com>\r\n\
            campanile-approve:  en_x_short_01 \nCampanile-Approve: he_li_01\nCampanile-Approve: en_x_short_01\n\
            Campanile-Approve:\n";
        assert_eq!(approvals(message), ["en_x_short_01", "he_li_01"]);
    }

    #[test]
    fn a_subject_alone_can_be_a_trailer_and_prose_is_none() {
        assert_eq!(approvals(b"Campanile-Approve: a"), ["a"]);
        assert!(approvals(b"We use Campanile-Approve for this").is_empty());
        assert!(approvals(b"").is_empty());
    }

    #[test]
    fn names_are_bounded_and_free_of_control_characters() {
        assert_eq!(bounded(b" Ada\x1b[31m\n "), "Ada[31m");
        assert_eq!(
            bounded("é".repeat(1000).as_bytes()).chars().count(),
            MAX_NAME_CHARACTERS
        );
    }
}
