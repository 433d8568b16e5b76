//! What a list of a kind does not name any more was deleted while nobody watched.

use std::{
    collections::HashSet,
    hash::{BuildHasher, RandomState},
};

use futures::{Stream, StreamExt, stream};
use kube::{
    Resource,
    runtime::{
        reflector::Store,
        watcher::{Event, Result},
    },
};

/// Says of each object of the store that a new list does not name that it was deleted: the store itself only forgets it,
/// and whoever depends on it is not woken.
pub(super) fn telling_deletions<K, S>(
    watched: S,
    store: Store<K>,
) -> impl Stream<Item = Result<Event<K>>> + Send + use<K, S>
where
    K: Resource<DynamicType = ()> + Clone + Send + Sync + 'static,
    S: Stream<Item = Result<Event<K>>> + Send,
{
    // Hashes alone: at ten thousand objects their names would be felt.
    let hasher = RandomState::new();
    let key = move |object: &K| hasher.hash_one((&object.meta().namespace, &object.meta().name));
    let mut listed: Option<HashSet<u64>> = None;
    watched.flat_map(move |event| {
        let mut told = Vec::new();
        match &event {
            // At the first list there is nothing to compare with.
            Ok(Event::Init) => listed = (!store.is_empty()).then(HashSet::new),
            Ok(Event::InitApply(object)) => {
                if let Some(listed) = &mut listed {
                    listed.insert(key(object));
                }
            }
            Ok(Event::InitDone) => {
                if let Some(listed) = listed.take() {
                    let gone = store.state_filter(|object| !listed.contains(&key(object)));
                    told.extend(gone.iter().map(|object| Ok(Event::Delete(K::clone(object)))));
                }
            }
            _ => {}
        }
        told.push(event);
        stream::iter(told)
    })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::{
        ResourceExt,
        runtime::{WatchStreamExt, reflector},
    };

    use super::*;

    fn map(name: &str) -> ConfigMap {
        let mut map = ConfigMap::default();
        map.metadata.name = Some(name.to_owned());
        map
    }

    #[tokio::test]
    async fn what_was_deleted_while_nobody_watched_is_touched_when_it_is_listed_again() {
        let (store, writer) = reflector::store();
        let list = |names: &[&str]| {
            let mut events = vec![Event::Init];
            events.extend(names.iter().map(|name| Event::InitApply(map(name))));
            events.push(Event::InitDone);
            events
        };
        let events = [list(&["a", "b"]), list(&["b", "c"]), list(&["b", "c"])].concat();
        let watched = stream::iter(events.into_iter().map(Ok));
        let touched = telling_deletions(watched, writer.as_reader())
            .reflect(writer)
            .touched_objects();
        let touched: Vec<String> = touched.map(|object| object.unwrap().name_any()).collect().await;
        assert_eq!(touched, ["a", "b", "b", "c", "a", "b", "c"]);
        assert!(store.get(&reflector::ObjectRef::from_obj(&map("a"))).is_none());
        assert_eq!(store.len(), 2);
    }
}
