//! The branch that the team pushes to, and what it said at every moment.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use gix::{
    ObjectId,
    actor::Signature,
    date::Time,
    objs::{Commit, Tree, tree},
    refs::transaction::PreviousValue,
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::{clock::TrueTime, platforms::Kind};

/// How long what the branch said may still count while it can be read: the campaign's interval, how late a look may be,
/// and a little more.
const MEMORY: SignedDuration = SignedDuration::from_mins(30 + 10 + 5);
/// How far a machine's clock may be wrong before it closes its gate, and a little more.
const SKEW: SignedDuration = SignedDuration::from_secs(130);
/// The sheet.
const SHEET: &str = "sheet.csv";

/// One row of the sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) post: String,
    pub(crate) accounts: Vec<Kind>,
    pub(crate) at: Timestamp,
    pub(crate) text: String,
    pub(crate) approved: bool,
}

impl Row {
    fn line(&self) -> String {
        let accounts: Vec<&str> = self.accounts.iter().map(|kind| kind.account()).collect();
        format!(
            "{},{},{},en,linkedin,{},{},{},{}",
            self.post,
            self.at.strftime("%F"),
            self.at.strftime("%H:%M"),
            accounts.join("+"),
            self.text,
            "https://www.example.com/?utm_source=linkedin&utm_medium=social&utm_campaign=week1",
            if self.approved { "approved" } else { "pending" },
        )
    }
}

/// What the branch said, since when.
#[derive(Clone, Debug, Default)]
pub(crate) struct RowHistory(Arc<Mutex<Said>>);

#[derive(Debug, Default)]
struct Said {
    states: States,
    /// For how long the branch could not be read, in all.
    unread: SignedDuration,
    /// Since when it cannot be read.
    down_since: Option<Timestamp>,
}

/// States of the sheet, each with the moment from which it stood.
type States = Vec<(Timestamp, Vec<Row>)>;

impl RowHistory {
    fn lock(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_down(&self, down: bool, now: Timestamp) {
        let mut said = self.lock();
        if down {
            said.down_since = Some(now);
        } else if let Some(since) = said.down_since.take() {
            said.unread += now.duration_since(since);
        }
    }

    /// Whether a row was pending and turned to approved with these words.
    pub(crate) fn turned(&self, post: &str, text: &str) -> bool {
        let said = self.lock();
        let states = said.states.iter();
        let rows: Vec<&Row> = states
            .filter_map(|(_, rows)| rows.iter().find(|row| row.post == post))
            .collect();
        rows.windows(2)
            .any(|pair| !pair[0].approved && pair[1].approved && text.starts_with(&pair[1].text))
    }

    /// Why nothing that the branch said lately permits to send these words now, which a person may have approved although
    /// the branch did not; none where something does.
    pub(crate) fn forbids(
        &self,
        post: &str,
        (text, by_a_person): (&str, bool),
        now: Timestamp,
    ) -> Option<String> {
        let said = self.lock();
        let down = said
            .down_since
            .map_or(SignedDuration::ZERO, |since| now.duration_since(since));
        let memory = MEMORY + said.unread + down;
        let history = &said.states;
        let mut why = "although the branch did not have that row".to_owned();
        let until = history.iter().skip(1).map(|(from, _)| *from).chain([now]);
        for ((_, rows), until) in history.iter().zip(until) {
            if until < now - memory {
                continue;
            }
            for row in rows.iter().filter(|row| row.post == post) {
                match objection(row, (text, by_a_person), now) {
                    None => return None,
                    Some(objection) => why = objection,
                }
            }
        }
        Some(why)
    }
}

fn objection(row: &Row, (text, by_a_person): (&str, bool), now: Timestamp) -> Option<String> {
    if !row.approved && !by_a_person {
        Some("although it was not approved".to_owned())
    } else if !text.starts_with(&row.text) {
        Some(format!("with words that nobody approved: {text:?}"))
    } else if row.at > now + SKEW {
        Some(format!("before it was due at {}", row.at))
    } else {
        None
    }
}

/// Where files are kept in memory, where there is such a place: a third of a run was spent on the disk.
fn memory() -> PathBuf {
    let shared = Path::new("/dev/shm");
    if shared.is_dir() {
        shared.to_owned()
    } else {
        env::temp_dir()
    }
}

/// A bare repository in a folder of its own.
pub(crate) struct Branch {
    folder: TempDir,
    time: TrueTime,
    head: Option<ObjectId>,
    rows: Vec<Row>,
    pub(crate) history: RowHistory,
}

impl Branch {
    /// An empty repository.
    pub(crate) fn new(time: TrueTime) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("simulation-")
            .tempdir_in(memory())
            .expect("make a folder");
        gix::init_bare(folder.path().join("gtm.git")).expect("make a repository");
        Self {
            folder,
            time,
            head: None,
            rows: Vec::new(),
            history: RowHistory::default(),
        }
    }

    /// What Campaigns name.
    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    /// A folder that operators may keep their mirrors in.
    pub(crate) fn cache(&self, process: usize) -> PathBuf {
        self.folder.path().join(format!("cache-{process}"))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("gtm.git")
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Pushes another state of the sheet; without a past where the history is rewritten.
    pub(crate) fn push(&mut self, rows: Vec<Row>, rewrite: bool) {
        let heading =
            "post_id,publish_date,publish_time,locale,platform,account_target,post_copy,utm_url,status";
        let lines: Vec<String> = rows.iter().map(Row::line).collect();
        let sheet = format!("{heading}\n{}\n", lines.join("\n"));
        let parent = self.head.filter(|_| !rewrite);
        self.head = Some(self.commit(&sheet, parent));
        self.rows.clone_from(&rows);
        self.history.lock().states.push((self.time.now(), rows));
    }

    fn commit(&self, sheet: &str, parent: Option<ObjectId>) -> ObjectId {
        let repository = gix::open(self.place()).expect("open the repository");
        let blob = repository.write_blob(sheet).expect("write a blob").detach();
        let entry = tree::Entry {
            mode: tree::EntryKind::Blob.into(),
            filename: SHEET.into(),
            oid: blob,
        };
        let tree = Tree { entries: vec![entry] };
        let tree = repository.write_object(&tree).expect("write a tree").detach();
        let author = Signature {
            name: "Week One".into(),
            email: "week-one@example.com".into(),
            time: Time::new(self.time.now().as_second(), 0),
        };
        let commit = Commit {
            tree,
            parents: parent.into_iter().collect(),
            author: author.clone(),
            committer: author,
            encoding: None,
            message: "a state of the sheet".into(),
            extra_headers: Vec::new(),
        };
        let commit = repository.write_object(&commit).expect("write a commit").detach();
        repository
            .reference("refs/heads/main", commit, PreviousValue::Any, "push")
            .expect("move the branch");
        commit
    }

    /// Where the repository is now.
    fn place(&self) -> PathBuf {
        let hidden = self.hidden();
        if hidden.exists() { hidden } else { self.path() }
    }

    fn hidden(&self) -> PathBuf {
        self.folder.path().join("away.git")
    }

    /// Takes the repository away, or brings it back.
    pub(crate) fn set_down(&self, down: bool) {
        let (from, to) = if down {
            (self.path(), self.hidden())
        } else {
            (self.hidden(), self.path())
        };
        if Path::new(&from).exists() {
            fs::rename(from, to).expect("move the repository");
            self.history.note_down(down, self.time.now());
        }
    }
}
