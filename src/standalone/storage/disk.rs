use std::{path::Path, sync::Arc};

use bytes::Bytes;
use redb::{
    Database, ReadableTable as _, StorageBackend, Table, TableDefinition, WriteTransaction,
    backends::FileBackend,
};

use super::{Change, ChangeKind, Key, OpenFault, StorageError, Stored, error::Fault, file};

/// Resource, namespace and name; the revision and the value.
const OBJECTS: TableDefinition<(&str, &str, &str), (u64, &[u8])> = TableDefinition::new("objects");
const NUMBERS: TableDefinition<&str, u64> = TableDefinition::new("numbers");
const REVISION: &str = "revision";
const FORMAT: &str = "format";
/// The layout of these tables. Another number is another layout, which this version does not read.
const OUR_FORMAT: u64 = 1;
/// Pages that redb keeps. Values are read once, at the start: what is left are the branches of its tree and the pages
/// of the commit under way.
const CACHE_BYTES: usize = 2 << 20;

/// The file of a store.
#[derive(Debug)]
pub(super) struct Disk {
    database: Database,
}

/// What a file held when it was opened, in the order of the file.
pub(super) struct Restored {
    pub(super) revision: u64,
    pub(super) objects: Vec<Arc<Stored>>,
}

/// The file as redb wants it.
///
/// A new one is made under another name and gets its own when it is whole: redb would refuse one that was left half made.
pub(super) fn file(path: &Path) -> Result<FileBackend, OpenFault> {
    let there = path
        .try_exists()
        .map_err(|source| OpenFault::File("find", source))?;
    if !there {
        make(path)?;
    }
    open(path)
}

fn make(path: &Path) -> Result<(), OpenFault> {
    let unnamed = file::beside(path, ".new");
    file::absent(&unnamed).map_err(|source| OpenFault::File("make", source))?;
    let (disk, _) = Disk::open(open(&unnamed)?)?;
    disk.database.close()?;
    file::name(&unnamed, path).map_err(|source| OpenFault::File("name", source))
}

fn open(path: &Path) -> Result<FileBackend, OpenFault> {
    let opened = file::private().open(path);
    let file = opened.map_err(|source| OpenFault::File("open", source))?;
    Ok(FileBackend::new(file)?)
}

impl Disk {
    /// Opens and reads all of it: every checksum is verified, so that a damaged file is found here and not later.
    pub(super) fn open(backend: impl StorageBackend) -> Result<(Self, Restored), OpenFault> {
        let database = Database::builder()
            .set_cache_size(CACHE_BYTES)
            .set_check_integrity_on_open(true)
            .create_with_backend(backend)?;
        let disk = Self { database };
        let restored = disk.restore()?;
        Ok((disk, restored))
    }

    fn restore(&self) -> Result<Restored, OpenFault> {
        let transaction = self.database.begin_write()?;
        let revision = begin(&transaction)?;
        let objects = objects(&transaction)?;
        transaction.commit()?;
        if objects.iter().any(|stored| stored.revision > revision) {
            return Err(OpenFault::Contradiction { revision });
        }
        Ok(Restored { revision, objects })
    }

    /// Makes the changes durable, all or none.
    pub(super) fn commit(&self, changes: &[Arc<Change>]) -> Result<(), StorageError> {
        let filled = self
            .fill(changes)
            .map_err(|error| StorageError::Failed(fault(error)))?;
        filled
            .commit()
            .map_err(|error| StorageError::InDoubt(fault(error.into())))
    }

    fn fill(&self, changes: &[Arc<Change>]) -> Result<WriteTransaction, redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut objects = transaction.open_table(OBJECTS)?;
            for change in changes {
                put(&mut objects, change)?;
            }
            if let Some(last) = changes.last() {
                let mut numbers = transaction.open_table(NUMBERS)?;
                numbers.insert(REVISION, last.revision())?;
            }
        }
        Ok(transaction)
    }
}

fn fault(error: redb::Error) -> Fault {
    Arc::new(error)
}

/// The revision of the last write; a new file gets its format and the first revision.
fn begin(transaction: &WriteTransaction) -> Result<u64, OpenFault> {
    let mut numbers = transaction.open_table(NUMBERS)?;
    let mut number = |name, first| -> Result<u64, redb::Error> {
        if let Some(number) = numbers.get(name)?.map(|number| number.value()) {
            return Ok(number);
        }
        numbers.insert(name, first)?;
        Ok(first)
    };
    let format = number(FORMAT, OUR_FORMAT)?;
    if format != OUR_FORMAT {
        return Err(OpenFault::Format {
            found: format,
            known: OUR_FORMAT,
        });
    }
    Ok(number(REVISION, 1)?)
}

fn objects(transaction: &WriteTransaction) -> Result<Vec<Arc<Stored>>, redb::Error> {
    let table = transaction.open_table(OBJECTS)?;
    let mut objects: Vec<Arc<Stored>> = Vec::new();
    for row in table.iter()? {
        let (key, row) = row?;
        let (revision, value) = row.value();
        let key = key_like(objects.last().map(|last| &last.key), key.value());
        let value = Bytes::copy_from_slice(value);
        objects.push(Arc::new(Stored { key, value, revision }));
    }
    Ok(objects)
}

/// A key that shares the texts that the one before it has too.
fn key_like(before: Option<&Key>, (resource, namespace, name): (&str, &str, &str)) -> Key {
    let same = |text: &str, before: Option<&Arc<str>>| match before {
        Some(before) if **before == *text => Arc::clone(before),
        Some(_) | None => text.into(),
    };
    Key {
        resource: same(resource, before.map(|key| &key.resource)),
        namespace: same(namespace, before.map(|key| &key.namespace)),
        name: name.into(),
    }
}

fn put(
    objects: &mut Table<'_, (&str, &str, &str), (u64, &[u8])>,
    change: &Change,
) -> Result<(), redb::StorageError> {
    let stored = &change.stored;
    let Key {
        resource,
        namespace,
        name,
    } = &stored.key;
    let key = (&**resource, &**namespace, &**name);
    match change.kind {
        ChangeKind::Added | ChangeKind::Modified => {
            drop(objects.insert(key, (stored.revision, &*stored.value))?);
        }
        ChangeKind::Deleted => drop(objects.remove(key)?),
    }
    Ok(())
}
