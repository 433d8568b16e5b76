//! A disk that fails below the store: at its every call in turn, in four ways, with and without a loss of power after it.

use std::{
    collections::BTreeMap,
    io,
    sync::{Mutex, MutexGuard},
};

use futures::{FutureExt as _, future};

use super::*;

/// How the disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// One write stops in the middle.
    ShortWrite,
    /// One sync fails, and the system forgets what it did not write, as Linux does.
    FailedSync,
    /// From one write on, nothing more fits.
    FullDisk,
    /// One read fails.
    FailedRead,
}

/// What comes between the failure and the next start.
#[derive(Debug, Clone, Copy)]
enum Restart {
    /// The process ended: what it wrote is there.
    Process,
    /// The power went: of what was not synced, any part may be there.
    Power,
}

/// A disk with the system's cache before it.
#[derive(Debug, Default)]
struct Medium {
    cached: Vec<u8>,
    synced: Vec<u8>,
    dirty: Vec<(usize, Vec<u8>)>,
    failure: Option<(Failure, u32)>,
    full: bool,
    failed: bool,
    seed: u64,
}

#[derive(Debug, Clone)]
struct Disk(Arc<Mutex<Medium>>);

fn failed(what: &str) -> io::Error {
    io::Error::other(format!("the disk failed a {what}"))
}

fn full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

fn apply(bytes: &mut [u8], offset: usize, data: &[u8]) {
    bytes[offset..offset + data.len()].copy_from_slice(data);
}

impl Medium {
    /// Whether this call, of a kind that the failure concerns, is the one that fails.
    fn fails(&mut self, now: Failure) -> bool {
        let Some((failure, calls)) = &mut self.failure else {
            return false;
        };
        if *failure != now || *calls == 0 {
            return false;
        }
        *calls -= 1;
        self.failed |= *calls == 0;
        *calls == 0
    }

    /// Heads or tails, from the seed.
    fn toss(&mut self) -> bool {
        self.seed = self
            .seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.seed >> 63 == 1
    }

    /// Any part of what was not synced reaches the disk, in pieces of a sector.
    fn lose_power(&mut self) {
        for (offset, data) in std::mem::take(&mut self.dirty) {
            for (number, sector) in data.chunks(512).enumerate() {
                if self.toss() {
                    apply(&mut self.synced, offset + number * 512, sector);
                }
            }
        }
        self.cached.clone_from(&self.synced);
    }

    fn resize(&mut self, length: usize) {
        self.cached.resize(length, 0);
        self.synced.resize(length, 0);
        self.dirty.retain(|(offset, data)| offset + data.len() <= length);
    }
}

impl Disk {
    fn new(seed: u32) -> Self {
        let medium = Medium {
            seed: u64::from(seed),
            ..Medium::default()
        };
        Self(Arc::new(Mutex::new(medium)))
    }

    fn medium(&self) -> MutexGuard<'_, Medium> {
        self.0.lock().expect("medium")
    }

    fn restart(&self, restart: Restart) {
        let mut medium = self.medium();
        (medium.failure, medium.full) = (None, false);
        if let Restart::Power = restart {
            medium.lose_power();
        }
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).expect("small")
}

impl redb::StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.medium().cached.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut medium = self.medium();
        if medium.fails(Failure::FailedRead) {
            return Err(failed("read"));
        }
        let bytes = medium
            .cached
            .get(place(offset)..)
            .and_then(|rest| rest.get(..out.len()));
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut medium = self.medium();
        medium.full |= medium.fails(Failure::FullDisk);
        if medium.full && place(len) > medium.cached.len() {
            return Err(full());
        }
        medium.resize(place(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut medium = self.medium();
        if medium.fails(Failure::FailedSync) {
            let cached = medium.cached.clone();
            medium.lose_power();
            medium.cached = cached;
            return Err(failed("sync"));
        }
        for (offset, data) in std::mem::take(&mut medium.dirty) {
            apply(&mut medium.synced, offset, &data);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut medium = self.medium();
        medium.full |= medium.fails(Failure::FullDisk);
        if medium.full {
            return Err(full());
        }
        let short = medium.fails(Failure::ShortWrite);
        let data = if short { &data[..data.len() / 2] } else { data };
        apply(&mut medium.cached, place(offset), data);
        medium.dirty.push((place(offset), data.to_vec()));
        if short { Err(failed("write")) } else { Ok(()) }
    }
}

type Objects = BTreeMap<String, (u64, Bytes)>;

/// What has to be found after a restart: one of these two.
#[derive(Debug, Default, Clone)]
struct Expected {
    revision: u64,
    acknowledged: Objects,
    /// What would stand if the commit in doubt had succeeded.
    in_doubt: Option<(u64, Objects)>,
}

impl Expected {
    fn take(&mut self, key: &Key, operation: &Operation, answer: &Result<u64, WriteError>) {
        let (revision, objects) = match answer {
            Ok(revision) => {
                assert_eq!(*revision, self.revision + 1);
                self.revision = *revision;
                (self.revision, &mut self.acknowledged)
            }
            Err(WriteError::Storage(error)) if error.class() == StorageClass::Unknown => {
                let doubt = self
                    .in_doubt
                    .get_or_insert((self.revision, self.acknowledged.clone()));
                doubt.0 += 1;
                (doubt.0, &mut doubt.1)
            }
            Err(WriteError::Storage(error)) => return assert_eq!(error.class(), StorageClass::Unavailable),
            Err(conflict) => panic!("{conflict}"),
        };
        match operation {
            Operation::Create(value) | Operation::Update { value, .. } => {
                objects.insert(key.to_string(), (revision, value.clone()));
            }
            Operation::Delete { .. } => drop(objects.remove(&key.to_string())),
        }
    }

    fn check(&self, store: &Store, what: &str) {
        let page = store
            .list(&Scope::everywhere("letters"), &ListAt::default())
            .expect("list");
        let row = |stored: &Arc<Stored>| (stored.key.to_string(), (stored.revision, stored.value.clone()));
        let found: (u64, Objects) = (page.revision, page.items.iter().map(row).collect());
        let acknowledged = (self.revision, self.acknowledged.clone());
        assert!(
            found == acknowledged || Some(&found) == self.in_doubt.as_ref(),
            "{what}: found revision {} with {} objects, acknowledged {} with {}, in doubt {:?}",
            found.0,
            found.1.len(),
            self.revision,
            self.acknowledged.len(),
            self.in_doubt.as_ref().map(|doubt| doubt.0)
        );
    }
}

/// Writes of each kind and of several sizes, some of them at once.
async fn write_storm(store: &Store, expected: &mut Expected) {
    for round in 0..4_u8 {
        for name in ["a", "b", "c"] {
            let value = Bytes::from(vec![round; 3000 * usize::from(round) + 10]);
            let operation = match store.get(&key(name)) {
                None => Operation::Create(value),
                Some(stored) if round == 2 => Operation::Delete {
                    revision: stored.revision,
                    last: None,
                },
                Some(stored) => Operation::Update {
                    revision: stored.revision,
                    value,
                },
            };
            let answer = store.write(key(name), operation.clone()).await;
            expected.take(&key(name), &operation, &answer);
        }
        let at_once: Vec<_> = (0..4)
            .map(|number| {
                (
                    key(&format!("{round}-{number}")),
                    Operation::Create(Bytes::from(vec![number; 500])),
                )
            })
            .collect();
        let writes = at_once
            .iter()
            .map(|(key, operation)| store.write(key.clone(), operation.clone()));
        let answers = future::join_all(writes).await;
        let mut answered: Vec<_> = at_once.iter().zip(&answers).collect();
        answered.sort_by_key(|(_, answer)| answer.as_ref().map_or(u64::MAX, |revision| *revision));
        for ((key, operation), answer) in answered {
            expected.take(key, operation, answer);
        }
    }
}

fn opened(disk: &Disk, folder: &tempfile::TempDir) -> Result<Store, OpenFault> {
    let lock = Lock::take(&folder.path().join("objects"))?;
    Store::open_on(lock, disk.clone(), Limits::default())
}

/// One life with a failure, and the next without; false where the failure came too late to be met.
async fn survives(failure: Failure, call: u32, restart: Restart) -> bool {
    let what = format!("{failure:?} at call {call}, then {restart:?}");
    let folder = tempfile::tempdir().expect("folder");
    let disk = Disk::new(call);
    opened(&disk, &folder).expect("make").close().await;
    disk.medium().failure = Some((failure, call));
    let mut expected = Expected {
        revision: 1,
        ..Expected::default()
    };
    if let Ok(store) = opened(&disk, &folder) {
        write_storm(&store, &mut expected).await;
        let before_the_end = Expected {
            in_doubt: None,
            ..expected.clone()
        };
        before_the_end.check(&store, &what);
        store.close().await;
    }
    disk.restart(restart);
    let met = disk.medium().failed;
    let store = opened(&disk, &folder).unwrap_or_else(|fault| panic!("{what}: {fault:?}"));
    expected.check(&store, &what);
    assert!(store.revision() >= expected.revision, "{what}");
    let revision = store.revision();
    assert_eq!(create(&store, key("after"), "1").await, revision + 1, "{what}");
    store.close().await;
    let store = opened(&disk, &folder).unwrap_or_else(|fault| panic!("{what}: {fault:?}"));
    assert_eq!(store.revision(), revision + 1, "{what}");
    store.close().await;
    met
}

async fn survives_each(failure: Failure) {
    for restart in [Restart::Process, Restart::Power] {
        let mut call = 1;
        while survives(failure, call, restart).await {
            call += 1;
        }
        assert!(call > 1, "{failure:?} was never met");
        println!("{failure:?}, then {restart:?}: at {} calls", call - 1);
    }
}

#[tokio::test]
async fn a_write_that_stops_in_the_middle_loses_nothing_acknowledged() {
    survives_each(Failure::ShortWrite).await;
}

#[tokio::test]
async fn a_sync_that_fails_loses_nothing_acknowledged() {
    survives_each(Failure::FailedSync).await;
}

#[tokio::test]
async fn a_full_disk_loses_nothing_acknowledged() {
    survives_each(Failure::FullDisk).await;
}

#[tokio::test]
async fn a_read_that_fails_loses_nothing_acknowledged() {
    survives_each(Failure::FailedRead).await;
}

#[tokio::test]
async fn after_a_failure_writes_are_refused_with_its_cause_and_reads_go_on() {
    let folder = tempfile::tempdir().expect("folder");
    let disk = Disk::new(1);
    let store = opened(&disk, &folder).expect("open");
    create(&store, key("a"), "1").await;
    let mut watch = store.watch(&town(), 1).expect("watch");
    disk.medium().full = true;
    let first = store.write(key("b"), Operation::Create(bytes("1"))).await;
    let Err(WriteError::Storage(first)) = first else {
        panic!("{first:?}");
    };
    assert!(
        matches!(first.reason(), "WriteFailed" | "CommitInDoubt"),
        "{first:?}"
    );
    assert_eq!(
        store.ended().now_or_never().map(|why| why.reason()),
        Some(first.reason())
    );
    let second = store.write(key("c"), Operation::Create(bytes("1"))).await;
    let Err(WriteError::Storage(second)) = second else {
        panic!("{second:?}");
    };
    assert_eq!(
        (second.class(), second.reason()),
        (StorageClass::Unavailable, "StoreClosed")
    );
    let cause = std::error::Error::source(&second).expect("cause").to_string();
    assert!(cause.contains("no storage space"), "{cause}");
    assert_eq!(store.revision(), 2);
    assert!(store.get(&key("a")).is_some());
    assert!(next_now(&mut watch).is_some());
    assert!(next_now(&mut watch).is_none());
}
