//! The store and the death of its process.

use std::{
    collections::BTreeMap,
    env,
    io::{self, BufRead as _, BufReader, Lines, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use bytes::Bytes;
use campanile::standalone::storage::{
    Key, Limits, ListAt, OpenClass, OpenFault, Operation, Scope, Store, Stored,
};

/// Names the file to the process that is killed: this binary again, with the test that started it.
const FILE: &str = "CAMPANILE_TEST_STORE";
/// Tells it how often it was started before.
const ROUND: &str = "CAMPANILE_TEST_ROUND";
const KILLS: u64 = 100;
const WRITERS: usize = 16;

fn key(name: &str) -> Key {
    Key::new("letters", "town", name)
}

fn open(path: &Path) -> Store {
    Store::open(path, Limits::default()).expect("open")
}

/// A process that writes until it is killed, and the lines that it prints.
struct Victim {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Victim {
    fn start(test: &str, file: &Path, round: u64) -> Self {
        let mut process = Command::new(env::current_exe().expect("this binary"))
            .args(["--exact", test, "--nocapture"])
            .env(FILE, file)
            .env(ROUND, round.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("start");
        let lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        Self { process, lines }
    }

    /// What the next whole line acknowledges; none where the process has ended.
    fn acknowledged(&mut self) -> Option<Acknowledged> {
        let mut lines = self.lines.by_ref().map_while(Result::ok);
        lines.find_map(|line| Acknowledged::read(&line))
    }

    /// Kills it, and returns what it had printed until then.
    fn kill(mut self) -> Vec<Acknowledged> {
        self.process.kill().expect("kill");
        let rest = std::iter::from_fn(|| self.acknowledged()).collect();
        self.process.wait().expect("wait");
        rest
    }
}

/// One acknowledged write: `ack NAME TURN REVISION end`.
#[derive(Debug, Clone)]
struct Acknowledged {
    name: String,
    turn: u64,
    revision: u64,
}

impl Acknowledged {
    /// None for what the test harness prints, and for a line that the kill cut off.
    fn read(line: &str) -> Option<Self> {
        let (_, line) = line.split_once("ack ")?;
        let words: Vec<_> = line.split(' ').collect();
        let [name, turn, revision, "end"] = words[..] else {
            return None;
        };
        Some(Self {
            name: name.to_owned(),
            turn: turn.parse().ok()?,
            revision: revision.parse().ok()?,
        })
    }

    fn print(&self) {
        let Self { name, turn, revision } = self;
        let line = format!("ack {name} {turn} {revision} end\n");
        io::stdout().write_all(line.as_bytes()).expect("the parent reads");
    }
}

/// What a turn leaves under its key: every fourth deletes.
fn value(name: &str, round: u64, turn: u64) -> Option<Bytes> {
    let length = usize::try_from(turn * 977 % 6000).expect("small");
    let text = format!("{name} {round} {turn} {}", "x".repeat(length));
    (turn % 4 != 3).then(|| text.into())
}

/// The child: each writer has a key of its own and says what was acknowledged, until the process is killed.
fn write_until_killed(file: &Path) {
    let round = env::var(ROUND).expect("round").parse().expect("number");
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let store = open(file);
    let writers =
        (0..WRITERS).map(|writer| runtime.spawn(write_turns(store.clone(), writer.to_string(), round)));
    let writers: Vec<_> = writers.collect();
    runtime
        .block_on(futures::future::try_join_all(writers))
        .expect("writers");
}

async fn write_turns(store: Store, name: String, round: u64) {
    for turn in 0.. {
        let stands = store.get(&key(&name)).map(|stored| stored.revision);
        let operation = match (value(&name, round, turn), stands) {
            (Some(value), None) => Operation::Create(value),
            (Some(value), Some(revision)) => Operation::Update { revision, value },
            (None, Some(revision)) => Operation::Delete { revision, last: None },
            (None, None) => unreachable!("the turn before a deletion writes"),
        };
        let revision = store.write(key(&name), operation).await.expect("write");
        let name = name.clone();
        Acknowledged { name, turn, revision }.print();
    }
}

/// What is known of one key.
#[derive(Debug, Clone, Default)]
struct Known {
    value: Option<Bytes>,
    revision: u64,
}

/// What was acknowledged by all the processes, and what was found.
#[derive(Debug, Default)]
struct Record {
    keys: BTreeMap<String, Known>,
    revision: u64,
}

impl Record {
    /// After a kill, each key is as its last acknowledged turn of the round left it, or as the turn after that would.
    fn check(&mut self, store: &Store, round: u64, acknowledged: &[Acknowledged]) {
        for write in acknowledged {
            assert!(
                write.revision > self.revision,
                "round {round}: {write:?} is not after {}",
                self.revision
            );
        }
        let last = acknowledged.iter().map(|write| write.revision).max();
        let found = store.revision();
        assert!(
            found >= last.unwrap_or(self.revision),
            "round {round}: back to {found} from {last:?}"
        );
        for name in (0..WRITERS).map(|writer| writer.to_string()) {
            let turns = acknowledged.iter().filter(|write| write.name == name);
            let turn = turns.max_by_key(|write| write.turn);
            let known = self.keys.entry(name.clone()).or_default();
            if let Some(Acknowledged { turn, revision, .. }) = turn {
                let (value, revision) = (value(&name, round, *turn), *revision);
                *known = Known { value, revision };
            }
            let in_flight = value(&name, round, turn.map_or(0, |write| write.turn + 1));
            *known = known.after_a_kill(store.get(&key(&name)).as_deref(), in_flight.as_ref());
        }
        self.revision = found;
    }
}

impl Known {
    fn after_a_kill(&self, found: Option<&Stored>, in_flight: Option<&Bytes>) -> Self {
        let revision = found.map_or(self.revision, |stored| stored.revision);
        let value = found.map(|stored| stored.value.clone());
        let as_acknowledged = value == self.value && (value.is_none() || revision == self.revision);
        let one_further = value.as_ref() == in_flight && (value.is_none() || revision > self.revision);
        assert!(as_acknowledged || one_further, "{self:?} became {found:?}");
        Self { value, revision }
    }
}

#[test]
fn a_kill_during_a_write_storm_loses_nothing_acknowledged() {
    if let Some(file) = env::var_os(FILE) {
        return write_until_killed(&PathBuf::from(file));
    }
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("objects");
    let mut record = Record {
        revision: 1,
        ..Record::default()
    };
    let mut writes = 0;
    for round in 0..KILLS {
        let mut victim = Victim::start(
            "storage::a_kill_during_a_write_storm_loses_nothing_acknowledged",
            &file,
            round,
        );
        // Also before its first write, which is while it opens the file.
        let until = round * 7919 % 301;
        let mut acknowledged: Vec<_> = (0..until).map_while(|_| victim.acknowledged()).collect();
        assert_eq!(
            acknowledged.len() as u64,
            until,
            "round {round}: it ended by itself"
        );
        acknowledged.extend(victim.kill());
        writes += acknowledged.len();
        let store = open(&file);
        record.check(&store, round, &acknowledged);
        close(&store);
    }
    assert!(writes > 10_000, "a storm of only {writes} writes");
}

fn close(store: &Store) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("runtime").block_on(store.close());
}

#[test]
fn the_revision_stands_where_the_last_writes_before_a_kill_were_deletions() {
    if let Some(file) = env::var_os(FILE) {
        return delete_and_wait(&PathBuf::from(file));
    }
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("objects");
    let test = "storage::the_revision_stands_where_the_last_writes_before_a_kill_were_deletions";
    let mut victim = Victim::start(test, &file, 0);
    let deleted = victim.acknowledged().expect("acknowledged");
    assert_eq!(deleted.revision, 3);
    victim.kill();
    let store = open(&file);
    let page = store
        .list(&Scope::everywhere("letters"), &ListAt::default())
        .expect("list");
    assert_eq!((page.revision, page.items.len()), (3, 0));
    close(&store);
}

fn delete_and_wait(file: &Path) {
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let store = open(file);
    let revision = runtime.block_on(async {
        let create = Operation::Create(Bytes::from_static(b"x"));
        let revision = store.write(key("a"), create).await?;
        store
            .write(key("a"), Operation::Delete { revision, last: None })
            .await
    });
    let revision = revision.expect("writes");
    let (name, turn) = ("a".to_owned(), 0);
    Acknowledged { name, turn, revision }.print();
    wait_for_the_kill();
}

/// Until the parent closes the pipe, at the latest.
fn wait_for_the_kill() {
    io::stdin().lines().for_each(drop);
}

#[test]
fn a_second_process_is_told_who_has_the_file_until_that_one_dies() {
    if let Some(file) = env::var_os(FILE) {
        return write_until_killed(&PathBuf::from(file));
    }
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("objects");
    let test = "storage::a_second_process_is_told_who_has_the_file_until_that_one_dies";
    let mut victim = Victim::start(test, &file, 0);
    victim.acknowledged().expect("acknowledged");
    let refused = Store::open(&file, Limits::default()).expect_err("in use");
    assert_eq!(refused.class(), OpenClass::InUse);
    let OpenFault::InUse { pid } = refused.fault else {
        panic!("{refused:?}");
    };
    assert_eq!(pid, Some(victim.process.id()));
    victim.kill();
    close(&open(&file));
}
