//! What stands after the store was closed and opened again.

use std::{error::Error as _, fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use super::*;

struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    fn open(&self) -> Store {
        Store::open(&self.path(), Limits::default()).expect("open")
    }

    fn refused(&self) -> OpenError {
        Store::open(&self.path(), Limits::default()).expect_err("must not open")
    }
}

#[tokio::test]
async fn objects_and_the_revision_stand_after_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    create(&store, key("a"), "1").await;
    create(&store, key("b"), "1").await;
    update(&store, key("a"), "2").await;
    delete(&store, key("b")).await;
    store.close().await;
    let store = folder.open();
    assert_eq!(store.revision(), 5);
    let page = store.list(&town(), &ListAt::default()).expect("list");
    assert_eq!((names(&page), values(&page)), (vec!["a"], vec![&b"2"[..]]));
    assert_eq!(page.items.first().map(|stored| stored.revision), Some(4));
    assert_eq!(create(&store, key("b"), "3").await, 6);
}

#[tokio::test]
async fn the_history_after_a_restart_begins_at_the_revision_that_was_found() {
    let folder = Folder::new();
    let store = folder.open();
    create(&store, key("a"), "1").await;
    create(&store, key("b"), "1").await;
    store.close().await;
    let store = folder.open();
    let compacted = ReadError::Compacted {
        requested: 2,
        oldest: 3,
    };
    assert_eq!(store.watch(&town(), 2).expect_err("compacted"), compacted);
    assert_eq!(store.list(&town(), &at(2)).expect_err("compacted"), compacted);
    let mut watch = store.watch(&town(), 3).expect("watch");
    create(&store, key("c"), "1").await;
    assert_eq!(watch.next().await.expect("change").revision(), 4);
}

#[tokio::test]
async fn keys_are_in_one_order_before_and_after_a_restart() {
    let folder = Folder::new();
    let store = folder.open();
    for (namespace, name) in [("a", "x"), ("a-b", "x"), ("", "x"), ("a.b", "x"), ("a", "y")] {
        create(&store, Key::new("letters", namespace, name), "").await;
    }
    let everywhere = Scope::everywhere("letters");
    let before = store.list(&everywhere, &ListAt::default()).expect("list").items;
    store.close().await;
    let store = folder.open();
    let after = store.list(&everywhere, &ListAt::default()).expect("list").items;
    assert_eq!(before, after);
}

#[tokio::test]
async fn writes_that_were_sent_together_are_each_decided_on_those_before() {
    let folder = Folder::new();
    let store = folder.open();
    let writes = (0..200).map(|_| store.write(key("one"), Operation::Create(bytes("x"))));
    let answers = futures::future::join_all(writes).await;
    let made: Vec<_> = answers.iter().flatten().collect();
    assert_eq!(made, [&2]);
    let conflicts = answers
        .iter()
        .filter(|answer| matches!(answer, Err(WriteError::Conflict(Some(stands))) if stands.revision == 2));
    assert_eq!(conflicts.count(), 199);
}

#[tokio::test]
async fn writes_in_flight_are_written_or_refused_by_a_close() {
    let folder = Folder::new();
    let store = folder.open();
    let writes: Vec<_> = (0..100)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                store
                    .write(key(&number.to_string()), Operation::Create(bytes("x")))
                    .await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    let mut written = 0;
    for write in writes {
        match write.await.expect("join") {
            Ok(_) => written += 1,
            Err(WriteError::Storage(error)) => assert_eq!(error.class(), StorageClass::Unavailable),
            Err(conflict) => panic!("{conflict}"),
        }
    }
    let store = folder.open();
    let page = store.list(&town(), &ListAt::default()).expect("list");
    assert_eq!(page.items.len(), written);
}

#[tokio::test]
async fn a_closed_store_says_so_and_still_reads() {
    let folder = Folder::new();
    let store = folder.open();
    create(&store, key("a"), "1").await;
    let ended = tokio::spawn({
        let store = store.clone();
        async move { store.ended().await }
    });
    store.close().await;
    assert_eq!(ended.await.expect("join").reason(), "StoreClosed");
    let answer = store.write(key("b"), Operation::Create(bytes("1"))).await;
    assert!(
        matches!(&answer, Err(WriteError::Storage(error)) if error.reason() == "StoreClosed"),
        "{answer:?}"
    );
    assert!(store.get(&key("a")).is_some());
}

#[tokio::test]
async fn a_second_opener_is_told_who_has_the_file() {
    let folder = Folder::new();
    let store = folder.open();
    let error = folder.refused();
    assert_eq!((error.class(), error.reason()), (OpenClass::InUse, "StoreInUse"));
    let why = error.source().expect("why").to_string();
    assert_eq!(
        why,
        format!(
            "process {} has it open; end it first, or use another file",
            std::process::id()
        )
    );
    store.close().await;
    folder.open();
}

#[test]
fn the_files_are_for_their_owner_alone() {
    let folder = Folder::new();
    let _store = folder.open();
    for path in [folder.path(), folder.path().with_extension("lock")] {
        let mode = fs::metadata(&path).expect("file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[tokio::test]
async fn a_store_that_was_left_half_made_is_made_anew() {
    let folder = Folder::new();
    fs::write(folder.path().with_extension("new"), vec![1; 100_000]).expect("write");
    let store = folder.open();
    create(&store, key("a"), "1").await;
    store.close().await;
    assert_eq!(folder.open().revision(), 2);
    assert!(!folder.path().with_extension("new").exists());
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_as_it_is() {
    let folder = Folder::new();
    let text = "no store\n".repeat(1000);
    fs::write(folder.path(), &text).expect("write");
    assert_eq!(folder.refused().class(), OpenClass::Unreadable);
    assert_eq!(fs::read_to_string(folder.path()).expect("read"), text);
}

#[tokio::test]
async fn a_byte_that_changed_on_the_disk_is_found_or_was_never_read() {
    let folder = Folder::new();
    let store = folder.open();
    for number in 0..30 {
        create(&store, key(&number.to_string()), &"text ".repeat(100)).await;
    }
    let before = store.list(&town(), &ListAt::default()).expect("list").items;
    store.close().await;
    let whole = fs::read(folder.path()).expect("read");
    let mut found = 0;
    for page in 0..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096 + page * 97 % 4096] ^= 0x40;
        fs::write(folder.path(), &damaged).expect("write");
        match Store::open(&folder.path(), Limits::default()) {
            Ok(store) => {
                let after = store.list(&town(), &ListAt::default()).expect("list").items;
                assert_eq!(after, before, "page {page}");
                store.close().await;
            }
            Err(error) => {
                assert_eq!(error.class(), OpenClass::Unreadable, "page {page}: {error:?}");
                found += 1;
            }
        }
    }
    assert!(found > 0);
}

#[tokio::test]
async fn a_store_of_another_format_is_refused() {
    let folder = Folder::new();
    folder.open().close().await;
    let numbers = redb::TableDefinition::<&str, u64>::new("numbers");
    let database = redb::Database::open(folder.path()).expect("open");
    let transaction = database.begin_write().expect("begin");
    transaction
        .open_table(numbers)
        .expect("table")
        .insert("format", 2)
        .expect("insert");
    transaction.commit().expect("commit");
    drop(database);
    let error = folder.refused();
    assert_eq!(
        (error.class(), error.reason()),
        (OpenClass::Unreadable, "StoreFormatUnknown")
    );
}

#[tokio::test]
async fn a_store_whose_revision_is_older_than_its_objects_is_refused() {
    let folder = Folder::new();
    let store = folder.open();
    create(&store, key("a"), "1").await;
    store.close().await;
    let numbers = redb::TableDefinition::<&str, u64>::new("numbers");
    let database = redb::Database::open(folder.path()).expect("open");
    let transaction = database.begin_write().expect("begin");
    transaction
        .open_table(numbers)
        .expect("table")
        .insert("revision", 1)
        .expect("insert");
    transaction.commit().expect("commit");
    drop(database);
    assert_eq!(folder.refused().reason(), "StoreDamaged");
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = Folder::new();
    let path = folder.path().join("deeper");
    let error = Store::open(&path, Limits::default()).expect_err("must not open");
    assert_eq!(
        (error.class(), error.reason()),
        (OpenClass::Disk, "StoreFileFailed")
    );
    assert!(error.to_string().contains("deeper"), "{error}");
}
