use futures::FutureExt as _;

use super::*;

mod durable;
mod faults;
mod memory;
mod model;

fn key(name: &str) -> Key {
    Key::new("letters", "town", name)
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

async fn create(store: &Store, key: Key, text: &str) -> u64 {
    store
        .write(key, Operation::Create(bytes(text)))
        .await
        .expect("create")
}

async fn update(store: &Store, key: Key, text: &str) -> u64 {
    let revision = store.get(&key).expect("stands").revision;
    let value = bytes(text);
    let update = Operation::Update { revision, value };
    store.write(key, update).await.expect("update")
}

async fn delete(store: &Store, key: Key) -> u64 {
    let revision = store.get(&key).expect("stands").revision;
    let last = None;
    let delete = Operation::Delete { revision, last };
    store.write(key, delete).await.expect("delete")
}

fn store() -> Store {
    Store::in_memory(Limits::default())
}

fn names(page: &Page) -> Vec<&str> {
    page.items.iter().map(|stored| &*stored.key.name).collect()
}

fn values(page: &Page) -> Vec<&[u8]> {
    page.items.iter().map(|stored| &*stored.value).collect()
}

fn town() -> Scope {
    Scope::namespace("letters", "town")
}

fn at(revision: u64) -> ListAt {
    ListAt {
        revision: Some(revision),
        ..ListAt::default()
    }
}

fn next_now(watch: &mut Watch) -> Option<Result<Arc<Change>, WatchError>> {
    watch.next().now_or_never()
}
