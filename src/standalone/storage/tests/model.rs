//! The store against the simplest thing that could be right: every state, kept whole.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What stood at a revision: key and value by path.
type Snapshot = BTreeMap<String, (u64, Bytes)>;

/// One random step.
#[derive(Debug, Clone)]
struct Step {
    key: Key,
    deed: Deed,
    text: Bytes,
}

#[derive(Debug, Clone, Copy)]
enum Deed {
    Create,
    Update,
    Delete,
    /// An update on a revision that is not the one that stands.
    Stale,
}

fn keys() -> impl Strategy<Value = Key> {
    let resources = prop::sample::select(vec!["letters", "stamps"]);
    let namespaces = prop::sample::select(vec!["", "a", "a-b", "b"]);
    let names = prop::sample::select(vec!["x", "x-1", "y", "z"]);
    (resources, namespaces, names).prop_map(|(resource, namespace, name)| Key::new(resource, namespace, name))
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let deeds = prop::sample::select(vec![
        Deed::Create,
        Deed::Create,
        Deed::Update,
        Deed::Delete,
        Deed::Stale,
    ]);
    let texts = prop::collection::vec(any::<u8>(), 0..8).prop_map(Bytes::from);
    let step = (keys(), deeds, texts).prop_map(|(key, deed, text)| Step { key, deed, text });
    prop::collection::vec(step, 1..60)
}

fn scopes() -> Vec<Scope> {
    let mut scopes = Vec::new();
    for resource in ["letters", "stamps"] {
        scopes.push(Scope::everywhere(resource));
        scopes.extend(["a", "a-b", "b"].map(|namespace| Scope::namespace(resource, namespace)));
    }
    scopes
}

/// All states since the beginning; the state at a revision is the one at that place.
#[derive(Debug)]
struct Model {
    /// The states at revision 1 and on.
    states: Vec<Snapshot>,
}

impl Model {
    fn new() -> Self {
        Self {
            states: vec![Snapshot::new()],
        }
    }

    fn revision(&self) -> u64 {
        self.states.len() as u64
    }

    fn at(&self, revision: u64) -> &Snapshot {
        &self.states[usize::try_from(revision).expect("small") - 1]
    }

    /// What the store should answer: the new revision, or a conflict.
    fn step(&mut self, step: &Step) -> Option<u64> {
        let mut next = self.at(self.revision()).clone();
        let path = step.key.to_string();
        let revision = self.revision() + 1;
        match (step.deed, next.contains_key(&path)) {
            (Deed::Create, false) | (Deed::Update, true) => {
                next.insert(path, (revision, step.text.clone()));
            }
            (Deed::Delete, true) => {
                next.remove(&path);
            }
            (Deed::Create, true) | (Deed::Update | Deed::Delete, false) | (Deed::Stale, _) => return None,
        }
        self.states.push(next);
        Some(revision)
    }

    fn operation(&self, step: &Step) -> Operation {
        let stands = self.at(self.revision()).get(&step.key.to_string());
        let revision = stands.map_or(1, |(revision, _)| *revision);
        let value = step.text.clone();
        match step.deed {
            Deed::Create => Operation::Create(value),
            Deed::Update => Operation::Update { revision, value },
            Deed::Delete => Operation::Delete { revision, last: None },
            Deed::Stale => Operation::Update {
                revision: revision + 1,
                value,
            },
        }
    }
}

fn in_scope(scope: &Scope, snapshot: &Snapshot) -> Vec<(String, u64, Bytes)> {
    let start = format!("{}/", scope.resource);
    let start = scope
        .namespace
        .as_ref()
        .map_or(start.clone(), |namespace| format!("{start}{namespace}/"));
    let rows = snapshot.iter().filter(|(path, _)| path.starts_with(&start));
    rows.map(|(path, (revision, value))| (path.clone(), *revision, value.clone()))
        .collect()
}

/// The list in pages of one size, all at one revision.
fn pages(store: &Store, scope: &Scope, revision: u64, limit: usize) -> Vec<(String, u64, Bytes)> {
    let mut at = ListAt {
        limit: Some(limit),
        ..at(revision)
    };
    let mut rows = Vec::new();
    loop {
        let page = store.list(scope, &at).expect("page");
        let row = |stored: &Arc<Stored>| (stored.key.to_string(), stored.revision, stored.value.clone());
        rows.extend(page.items.iter().map(row));
        let Some(last) = page.items.last().filter(|_| page.remaining > 0) else {
            return rows;
        };
        assert_eq!(page.items.len(), limit);
        let Key { namespace, name, .. } = last.key.clone();
        at.after = Some(Place { namespace, name });
    }
}

/// What a watch from the first to the second state has to hand out.
fn difference(scope: &Scope, before: &Snapshot, after: &Snapshot) -> Option<(ChangeKind, String, Bytes)> {
    let (before, after) = (in_scope(scope, before), in_scope(scope, after));
    let come = after.iter().find(|row| !before.contains(row));
    let gone = before.iter().find(|row| !after.contains(row));
    let (kind, row) = match (gone, come) {
        (None, None) => return None,
        (None, Some(row)) => (ChangeKind::Added, row),
        (Some(_), Some(row)) => (ChangeKind::Modified, row),
        (Some(row), None) => (ChangeKind::Deleted, row),
    };
    Some((kind, row.0.clone(), row.2.clone()))
}

fn watched(store: &Store, scope: &Scope, revision: u64) -> Vec<(ChangeKind, String, Bytes)> {
    let mut watch = store.watch(scope, revision).expect("watch");
    let mut changes = Vec::new();
    while let Some(change) = next_now(&mut watch) {
        let change = change.expect("change");
        changes.push((
            change.kind,
            change.stored.key.to_string(),
            change.stored.value.clone(),
        ));
    }
    assert_eq!(watch.progress(), Ok(store.revision()));
    changes
}

/// Every revision that the history reaches is listed and watched as the model has it.
fn check(store: &Store, model: &Model, oldest: u64, limit: usize) {
    assert_eq!(store.revision(), model.revision());
    for scope in scopes() {
        for revision in oldest..=model.revision() {
            assert_eq!(
                pages(store, &scope, revision, limit),
                in_scope(&scope, model.at(revision))
            );
            let later = oldest.max(revision)..model.revision();
            let expected: Vec<_> = later
                .filter_map(|then| difference(&scope, model.at(then), model.at(then + 1)))
                .collect();
            assert_eq!(watched(store, &scope, revision), expected);
        }
    }
}

async fn run(store: &Store, model: &mut Model, steps: &[Step]) {
    for step in steps {
        let operation = model.operation(step);
        let answer = store.write(step.key.clone(), operation).await;
        match (model.step(step), answer) {
            (Some(expected), Ok(revision)) => assert_eq!(revision, expected),
            (None, Err(WriteError::Conflict(_))) => {}
            (expected, answer) => panic!("{step:?}: expected {expected:?}, got {answer:?}"),
        }
    }
}

fn now(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("runtime");
    runtime.block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_revision_is_listed_and_watched_as_it_was(steps in steps(), limit in 1..6_usize) {
        let store = Store::in_memory(Limits::default());
        let mut model = Model::new();
        now(run(&store, &mut model, &steps));
        check(&store, &model, 1, limit);
    }

    #[test]
    fn a_short_history_answers_what_it_holds_and_refuses_the_rest(steps in steps(), held in 0..20_usize) {
        let store = Store::in_memory(Limits { history_changes: held, ..Limits::default() });
        let mut model = Model::new();
        now(run(&store, &mut model, &steps));
        let oldest = model.revision().saturating_sub(held as u64).max(1);
        check(&store, &model, oldest, 3);
        for scope in scopes() {
            let before = oldest - 1;
            let changed = (before > 0).then(|| difference(&Scope::everywhere(Arc::clone(&scope.resource)), model.at(before), model.at(oldest)));
            if changed.flatten().is_some() {
                let refused = ReadError::Compacted { requested: before, oldest };
                prop_assert_eq!(store.watch(&scope, before).expect_err("compacted"), refused.clone());
                prop_assert_eq!(store.list(&scope, &at(before)).expect_err("compacted"), refused);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn a_file_holds_what_the_model_holds_through_restarts(runs in prop::collection::vec(steps(), 1..4)) {
        let folder = tempfile::tempdir().expect("folder");
        let mut model = Model::new();
        now(async {
            for steps in &runs {
                let store = Store::open(&folder.path().join("objects"), Limits::default()).expect("open");
                let oldest = model.revision();
                check(&store, &model, oldest, 4);
                run(&store, &mut model, steps).await;
                check(&store, &model, oldest, 4);
                store.close().await;
            }
        });
    }
}
