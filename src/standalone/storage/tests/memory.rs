//! What the store does, where it does it in memory.

use futures::{FutureExt as _, StreamExt as _};

use super::*;

#[tokio::test]
async fn every_write_has_the_next_revision_whatever_its_kind() {
    let store = store();
    assert_eq!(store.revision(), 1);
    assert_eq!(create(&store, key("a"), "1").await, 2);
    assert_eq!(create(&store, Key::new("stamps", "", "a"), "1").await, 3);
    assert_eq!(delete(&store, key("a")).await, 4);
    assert_eq!(store.revision(), 4);
}

#[tokio::test]
async fn a_write_on_what_has_changed_is_answered_with_what_stands() {
    let store = store();
    let first = create(&store, key("a"), "1").await;
    update(&store, key("a"), "2").await;
    let stale = [
        Operation::Create(bytes("x")),
        Operation::Update {
            revision: first,
            value: bytes("x"),
        },
        Operation::Delete {
            revision: first,
            last: None,
        },
    ];
    for operation in stale {
        let Err(WriteError::Conflict(Some(stands))) = store.write(key("a"), operation).await else {
            panic!("a stale write has to conflict");
        };
        assert_eq!(stands.value, bytes("2"));
    }
    assert_eq!(store.revision(), 3);
}

#[tokio::test]
async fn an_update_of_what_is_absent_conflicts_with_nothing() {
    let store = store();
    let update = Operation::Update {
        revision: 1,
        value: bytes("x"),
    };
    let answer = store.write(key("a"), update).await;
    assert!(matches!(answer, Err(WriteError::Conflict(None))), "{answer:?}");
}

#[tokio::test]
async fn a_list_in_pages_at_one_revision_is_not_disturbed_by_writes() {
    let store = store();
    for name in ["a", "b", "c", "d", "e"] {
        create(&store, key(name), "old").await;
    }
    let limit = Some(2);
    let first = store
        .list(
            &town(),
            &ListAt {
                limit,
                ..ListAt::default()
            },
        )
        .expect("first page");
    assert_eq!((names(&first), first.remaining), (vec!["a", "b"], 3));
    update(&store, key("c"), "new").await;
    delete(&store, key("d")).await;
    create(&store, key("bb"), "new").await;
    let after = first.items.last().map(|last| Place {
        namespace: Arc::clone(&last.key.namespace),
        name: Arc::clone(&last.key.name),
    });
    let rest = ListAt {
        revision: Some(first.revision),
        after: after.clone(),
        limit,
    };
    let second = store.list(&town(), &rest).expect("second page");
    assert_eq!((names(&second), second.remaining), (vec!["c", "d"], 1));
    assert_eq!(values(&second), [b"old", b"old"]);
    let now = store
        .list(
            &town(),
            &ListAt {
                after,
                ..ListAt::default()
            },
        )
        .expect("now");
    assert_eq!(names(&now), ["bb", "c", "e"]);
}

#[tokio::test]
async fn keys_are_ordered_as_paths() {
    let store = store();
    for (namespace, name) in [("a", "x"), ("a-b", "x"), ("a.b", "x"), ("b", "x"), ("a", "y")] {
        create(&store, Key::new("letters", namespace, name), "").await;
    }
    let page = store
        .list(&Scope::everywhere("letters"), &ListAt::default())
        .expect("list");
    let paths: Vec<_> = page.items.iter().map(|stored| stored.key.to_string()).collect();
    let mut sorted = paths.clone();
    sorted.sort();
    assert_eq!(paths, sorted);
    assert_eq!(paths.first().map(String::as_str), Some("letters/a-b/x"));
}

#[tokio::test]
async fn a_list_holds_its_kind_and_its_namespace_alone() {
    let store = store();
    for (resource, namespace) in [
        ("letters", "town"),
        ("letters", "towns"),
        ("letter", "town"),
        ("letters", ""),
    ] {
        create(&store, Key::new(resource, namespace, "a"), "").await;
    }
    let page = store.list(&town(), &ListAt::default()).expect("list");
    assert_eq!(page.items.len(), 1);
    let page = store
        .list(&Scope::everywhere("letters"), &ListAt::default())
        .expect("list");
    assert_eq!(page.items.len(), 3);
}

#[tokio::test]
async fn a_page_never_begins_outside_of_its_scope() {
    let store = store();
    create(&store, Key::new("letters", "city", "a"), "").await;
    create(&store, key("b"), "").await;
    for (namespace, expected) in [("aaa", 1), ("zzz", 0)] {
        let after = Some(Place {
            namespace: namespace.into(),
            name: "x".into(),
        });
        let page = store
            .list(
                &town(),
                &ListAt {
                    after,
                    ..ListAt::default()
                },
            )
            .expect("list");
        assert_eq!(page.items.len(), expected, "after a place in {namespace}");
    }
}

#[tokio::test]
async fn a_revision_that_is_not_written_yet_is_said_so() {
    let store = store();
    let error = store.list(&town(), &at(2)).expect_err("future");
    assert_eq!(
        error,
        ReadError::Future {
            requested: 2,
            current: 1
        }
    );
}

#[tokio::test]
async fn a_watch_hands_out_the_past_and_then_the_present() {
    let store = store();
    let first = create(&store, key("a"), "1").await;
    update(&store, key("a"), "2").await;
    let mut watch = store.watch(&town(), first).expect("watch");
    delete(&store, key("a")).await;
    let modified = watch.next().await.expect("change");
    assert_eq!(modified.kind, ChangeKind::Modified);
    assert_eq!(
        modified.previous.as_ref().map(|stored| stored.revision),
        Some(first)
    );
    let deleted = watch.next().await.expect("change");
    assert_eq!((deleted.kind, deleted.revision()), (ChangeKind::Deleted, 4));
    assert_eq!(deleted.stored.value, bytes("2"));
    assert!(next_now(&mut watch).is_none());
}

#[tokio::test]
async fn a_deletion_may_carry_a_last_value() {
    let store = store();
    let revision = create(&store, key("a"), "1").await;
    let mut watch = store.watch(&town(), revision).expect("watch");
    let last = Some(bytes("last"));
    store
        .write(key("a"), Operation::Delete { revision, last })
        .await
        .expect("delete");
    let deleted = watch.next().await.expect("change");
    assert_eq!(deleted.stored.value, bytes("last"));
    assert_eq!(
        deleted.previous.as_ref().map(|stored| stored.value.clone()),
        Some(bytes("1"))
    );
}

#[tokio::test]
async fn a_watch_that_waits_is_woken_by_its_kind() {
    let store = store();
    let mut stream = Box::pin(store.watch(&town(), 1).expect("watch").into_stream());
    assert!(stream.next().now_or_never().is_none());
    create(&store, Key::new("stamps", "town", "a"), "").await;
    create(&store, Key::new("letters", "city", "a"), "").await;
    assert!(stream.next().now_or_never().is_none());
    create(&store, key("a"), "").await;
    let change = stream
        .next()
        .now_or_never()
        .flatten()
        .expect("woken")
        .expect("change");
    assert_eq!(change.stored.key, key("a"));
}

#[tokio::test]
async fn the_progress_of_a_watch_never_passes_what_it_has_not_handed_out() {
    let store = store();
    let mut watch = store.watch(&town(), 1).expect("watch");
    create(&store, Key::new("stamps", "", "a"), "").await;
    assert_eq!(watch.progress(), Ok(2));
    create(&store, key("a"), "").await;
    create(&store, Key::new("stamps", "", "b"), "").await;
    assert_eq!(watch.progress(), Ok(2));
    watch.next().await.expect("change");
    assert_eq!(watch.progress(), Ok(4));
}

#[tokio::test]
async fn a_watch_from_a_revision_to_come_begins_there() {
    let store = store();
    let mut watch = store.watch(&town(), 3).expect("watch");
    for name in ["a", "b", "c"] {
        create(&store, key(name), "").await;
    }
    assert_eq!(watch.next().await.expect("change").revision(), 4);
}

#[tokio::test]
async fn the_history_is_bounded_by_count_for_each_kind() {
    let store = Store::in_memory(Limits {
        history_changes: 3,
        ..Limits::default()
    });
    create(&store, Key::new("stamps", "", "quiet"), "").await;
    let mut quiet = store.watch(&Scope::everywhere("stamps"), 2).expect("watch");
    let mut slow = store.watch(&town(), 1).expect("watch");
    for name in ["a", "b", "c", "d", "e"] {
        create(&store, key(name), "").await;
    }
    let error = store.list(&town(), &at(3)).expect_err("compacted");
    assert_eq!(
        error,
        ReadError::Compacted {
            requested: 3,
            oldest: 4
        }
    );
    assert_eq!(store.list(&town(), &at(4)).expect("list").items.len(), 2);
    assert_eq!(store.watch(&town(), 3).expect_err("compacted"), error);
    let slow = slow.next().await.expect_err("slow");
    assert_eq!(
        slow,
        WatchError::Slow {
            reached: 1,
            oldest: 4
        }
    );
    assert_eq!(quiet.progress(), Ok(7));
}

#[tokio::test]
async fn the_history_is_bounded_by_the_bytes_that_nothing_else_holds() {
    let limits = Limits {
        history_bytes: 10,
        ..Limits::default()
    };
    let store = Store::in_memory(limits);
    let first = create(&store, key("a"), "eight by").await;
    assert!(store.watch(&town(), 1).is_ok());
    let second = update(&store, key("a"), "eight by").await;
    assert!(store.list(&town(), &at(first)).is_ok());
    update(&store, key("a"), "eight by").await;
    assert!(store.list(&town(), &at(first)).is_err());
    assert!(store.list(&town(), &at(second)).is_ok());
}

#[tokio::test]
async fn a_stream_ends_after_its_watch_was_too_slow() {
    let store = Store::in_memory(Limits {
        history_changes: 1,
        ..Limits::default()
    });
    let watch = store.watch(&town(), 1).expect("watch");
    create(&store, key("a"), "").await;
    create(&store, key("b"), "").await;
    let answers: Vec<_> = watch.into_stream().collect().await;
    assert_eq!(
        answers,
        [Err(WatchError::Slow {
            reached: 1,
            oldest: 2
        })]
    );
}

#[tokio::test]
async fn a_value_over_its_bound_is_refused() {
    let store = Store::in_memory(Limits {
        value_bytes: 3,
        ..Limits::default()
    });
    let answer = store.write(key("a"), Operation::Create(bytes("four"))).await;
    let Err(WriteError::Storage(error)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(
        (error.class(), error.reason()),
        (StorageClass::Refused, "ValueTooLarge")
    );
    assert_eq!(store.revision(), 1);
}

#[tokio::test]
async fn a_full_store_takes_deletions_and_what_makes_it_smaller() {
    let store = Store::in_memory(Limits {
        live_bytes: 40,
        ..Limits::default()
    });
    create(&store, key("a"), "0123456789").await;
    let answer = store
        .write(key("b"), Operation::Create(bytes("0123456789")))
        .await;
    let Err(WriteError::Storage(error)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(error.reason(), "QuotaExceeded");
    update(&store, key("a"), "1").await;
    create(&store, key("b"), "1").await;
    delete(&store, key("a")).await;
    assert_eq!(store.revision(), 5);
}

#[tokio::test]
async fn a_value_is_held_without_the_request_it_came_in() {
    let store = store();
    let request = Bytes::from(vec![b'x'; 1000]);
    store
        .write(key("a"), Operation::Create(request.slice(..10)))
        .await
        .expect("create");
    assert!(request.is_unique());
}

#[tokio::test]
async fn neighbours_share_the_texts_of_their_keys() {
    let store = store();
    create(&store, key("a"), "").await;
    create(&store, key("b"), "").await;
    let [a, b] = ["a", "b"].map(|name| store.get(&key(name)).expect("stands"));
    assert!(Arc::ptr_eq(&a.key.resource, &b.key.resource));
    assert!(Arc::ptr_eq(&a.key.namespace, &b.key.namespace));
}

#[tokio::test]
async fn who_waits_for_a_revision_is_woken_when_it_is_visible() {
    let store = store();
    let mut waits = Box::pin(store.wait_for(3));
    create(&store, key("a"), "").await;
    assert!(waits.as_mut().now_or_never().is_none());
    create(&store, key("b"), "").await;
    assert!(waits.now_or_never().is_some());
}

#[tokio::test]
async fn what_is_stored_is_never_printed() {
    let store = store();
    create(&store, key("a"), "hunter2").await;
    let printed = format!("{:?} {store:?}", store.get(&key("a")));
    assert!(!printed.contains("hunter2"), "{printed}");
}
