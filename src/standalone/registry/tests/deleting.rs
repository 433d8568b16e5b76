use super::*;

fn owned_by(owner: &Value, name: &str, blocks: bool) -> Value {
    let mut map = config_map(name);
    let reference = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "name": object::name(owner), "uid": object::uid(owner),
        "blockOwnerDeletion": blocks,
    });
    object::set(&mut map, "ownerReferences", json!([reference]));
    map
}

fn propagated(propagation: Propagation) -> DeleteOptions {
    DeleteOptions {
        propagation: Some(propagation),
        ..DeleteOptions::default()
    }
}

#[tokio::test]
async fn a_deletion_answers_with_what_is_gone() {
    let scene = Scene::new().await;
    let map = scene.made("configmaps", config_map("web")).await;
    let answer = scene.delete("configmaps", "web").await.unwrap();
    assert_eq!(answer.object["status"], "Success");
    assert_eq!(answer.object["details"]["uid"], map["metadata"]["uid"]);
    assert_eq!(scene.get("configmaps", "web").await.unwrap_err().code(), 404);
}

#[tokio::test]
async fn an_object_with_a_finalizer_stands_until_the_finalizer_goes() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    let mut widget = widget("a");
    object::set(&mut widget, "finalizers", json!(["example.com/hold"]));
    scene.made(WIDGETS, widget).await;
    let marked = scene.delete(WIDGETS, "a").await.unwrap().object;
    assert_eq!(marked["metadata"]["deletionTimestamp"], "1970-01-01T00:00:00Z");
    assert_eq!(marked["metadata"]["generation"], 2);
    let again = scene.delete(WIDGETS, "a").await.unwrap().object;
    assert_eq!(again, marked);
    let patch = json!({"metadata": {"finalizers": null}});
    scene.merge(WIDGETS, "a", patch).await.unwrap();
    assert_eq!(scene.get(WIDGETS, "a").await.unwrap_err().code(), 404);
}

#[tokio::test]
async fn a_deletion_of_another_uid_is_refused() {
    let scene = Scene::new().await;
    scene.made("configmaps", config_map("web")).await;
    let options = DeleteOptions {
        uid: Some("other".to_owned()),
        ..DeleteOptions::default()
    };
    let refusal = scene
        .delete_with("configmaps", "web", &options)
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), 409);
    assert!(
        refusal
            .message()
            .contains("the UID in the precondition (other) does not match")
    );
}

#[test]
fn a_uid_and_a_version_in_the_query_are_preconditions() {
    let query = |uid: &str, version: &str| {
        let pairs = [("uid", uid), ("resourceVersion", version)];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let options = DeleteOptions::of(&query("a", "7"), None).unwrap();
    assert_eq!(options.uid.as_deref(), Some("a"));
    assert_eq!(options.resource_version.as_deref(), Some("7"));
    let options = DeleteOptions::of(&query("", ""), None).unwrap();
    assert_eq!((options.uid, options.resource_version), (None, None));
}

#[tokio::test]
async fn dependants_follow_their_owner() {
    let scene = Scene::new().await;
    let owner = scene.made("configmaps", config_map("owner")).await;
    scene
        .made("configmaps", owned_by(&owner, "dependant", false))
        .await;
    scene.delete("configmaps", "owner").await.unwrap();
    scene.until_gone("configmaps", "dependant").await;
}

#[tokio::test]
async fn an_orphan_stays_and_forgets_its_owner() {
    let scene = Scene::new().await;
    let owner = scene.made("configmaps", config_map("owner")).await;
    scene
        .made("configmaps", owned_by(&owner, "dependant", true))
        .await;
    let options = propagated(Propagation::Orphan);
    let marked = scene
        .delete_with("configmaps", "owner", &options)
        .await
        .unwrap()
        .object;
    assert_eq!(marked["metadata"]["finalizers"], json!(["orphan"]));
    scene.until_gone("configmaps", "owner").await;
    let dependant = scene.get("configmaps", "dependant").await.unwrap().object;
    assert!(dependant["metadata"].get("ownerReferences").is_none());
}

#[tokio::test]
async fn in_the_foreground_an_owner_waits_for_those_that_block_it() {
    let scene = Scene::new().await;
    let owner = scene.made("configmaps", config_map("owner")).await;
    let mut held = owned_by(&owner, "held", true);
    object::set(&mut held, "finalizers", json!(["example.com/hold"]));
    scene.made("configmaps", held).await;
    scene.made("configmaps", owned_by(&owner, "free", false)).await;
    let options = propagated(Propagation::Foreground);
    scene.delete_with("configmaps", "owner", &options).await.unwrap();
    scene
        .until(|| async { object::is_being_deleted(&scene.get("configmaps", "held").await.unwrap().object) })
        .await;
    assert!(scene.get("configmaps", "owner").await.is_ok());
    let patch = json!({"metadata": {"finalizers": null}});
    scene.merge("configmaps", "held", patch).await.unwrap();
    scene.until_gone("configmaps", "owner").await;
    scene.until_gone("configmaps", "free").await;
}

#[tokio::test]
async fn an_object_stays_as_long_as_one_of_its_owners_stands() {
    let scene = Scene::new().await;
    let one = scene.made("configmaps", config_map("one")).await;
    let two = scene.made("configmaps", config_map("two")).await;
    let mut map = owned_by(&one, "dependant", false);
    let second = owned_by(&two, "x", false)["metadata"]["ownerReferences"][0].clone();
    map["metadata"]["ownerReferences"]
        .as_array_mut()
        .unwrap()
        .push(second);
    scene.made("configmaps", map).await;
    scene.delete("configmaps", "one").await.unwrap();
    scene
        .until(|| async {
            let map = scene.get("configmaps", "dependant").await.unwrap().object;
            object::list(&map, "/metadata/ownerReferences").len() == 1
        })
        .await;
    scene.delete("configmaps", "two").await.unwrap();
    scene.until_gone("configmaps", "dependant").await;
}

#[tokio::test]
async fn a_namespace_is_emptied_before_it_goes() {
    let scene = Scene::new().await;
    let namespace = scene
        .made("namespaces", json!({"metadata": {"name": "team"}}))
        .await;
    assert_eq!(namespace["status"]["phase"], "Active");
    assert_eq!(
        namespace["metadata"]["labels"]["kubernetes.io/metadata.name"],
        "team"
    );
    let mut request = scene.request("configmaps", "");
    request.namespace = "team".to_owned();
    let mut map = config_map("web");
    object::set(&mut map, "finalizers", json!(["example.com/hold"]));
    scene.registry().create(&request, body(map)).await.unwrap();
    let going = scene.delete("namespaces", "team").await.unwrap().object;
    assert_eq!(going["status"]["phase"], "Terminating");
    let refusal = scene
        .registry()
        .create(&request, body(config_map("more")))
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), 403);
    assert!(
        refusal
            .message()
            .ends_with("in namespace team because it is being terminated")
    );
    request.name = "web".to_owned();
    scene
        .until(|| async {
            let map = scene
                .registry()
                .get(&request, &ListOptions::default())
                .await
                .unwrap()
                .object;
            object::is_being_deleted(&map)
        })
        .await;
    let patch = json!({"metadata": {"finalizers": null}});
    scene.patch(&request, PatchKind::Merge, &patch).await.unwrap();
    scene.until_gone("namespaces", "team").await;
}

#[tokio::test]
async fn the_default_namespace_stays() {
    let scene = Scene::new().await;
    let refusal = scene.delete("namespaces", "default").await.unwrap_err();
    assert_eq!(
        refusal.message(),
        "namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
}

#[tokio::test]
async fn a_collection_is_deleted_by_its_labels() {
    let scene = Scene::new().await;
    for (name, color) in [("a", "red"), ("b", "blue"), ("c", "red")] {
        let mut map = config_map(name);
        object::set(&mut map, "labels", json!({"color": color}));
        scene.made("configmaps", map).await;
    }
    let list = ListOptions {
        label_selector: "color=red".to_owned(),
        ..ListOptions::default()
    };
    let request = scene.request("configmaps", "");
    let options = DeleteOptions::default();
    let gone = scene
        .registry()
        .delete_collection(&request, &list, &options)
        .await
        .unwrap();
    assert_eq!(gone.items.len(), 2);
    let left = scene
        .registry()
        .list(&request, &ListOptions::default())
        .await
        .unwrap();
    assert_eq!(left.items.len(), 1);
}
