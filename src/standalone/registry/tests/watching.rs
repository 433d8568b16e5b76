use futures::StreamExt;

use super::*;

async fn watched(scene: &Scene, options: &ListOptions) -> Frames {
    let request = scene.request("configmaps", "");
    scene.registry().watch(&request, options).await.unwrap().frames
}

async fn next(frames: &mut Frames) -> (&'static str, Value) {
    let event = tokio::time::timeout(Duration::from_secs(20), frames.next()).await;
    let event = event.expect("nothing came").expect("the watch ended");
    (event.word(), event.into_object())
}

fn options(query: &[(&str, &str)]) -> ListOptions {
    let mut pairs = vec![("watch".to_owned(), "1".to_owned())];
    pairs.extend(
        query
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
    );
    ListOptions::of(&pairs).unwrap()
}

#[tokio::test]
async fn a_watch_without_a_version_begins_with_what_stands() {
    let scene = Scene::new().await;
    scene.made("configmaps", config_map("web")).await;
    let mut frames = watched(&scene, &options(&[])).await;
    let (word, object) = next(&mut frames).await;
    assert_eq!((word, object::name(&object)), ("ADDED", "web"));
    scene.delete("configmaps", "web").await.unwrap();
    assert_eq!(next(&mut frames).await.0, "DELETED");
}

#[tokio::test]
async fn a_watch_list_closes_what_stands_with_a_bookmark() {
    let scene = Scene::new().await;
    scene.made("configmaps", config_map("web")).await;
    let query = [
        ("allowWatchBookmarks", "true"),
        ("sendInitialEvents", "true"),
        ("resourceVersionMatch", "NotOlderThan"),
    ];
    let mut frames = watched(&scene, &options(&query)).await;
    assert_eq!(next(&mut frames).await.0, "ADDED");
    let (word, object) = next(&mut frames).await;
    assert_eq!(word, "BOOKMARK");
    assert_eq!(
        object["metadata"]["annotations"]["k8s.io/initial-events-end"],
        "true"
    );
}

#[tokio::test]
async fn a_watch_from_a_version_tells_what_came_after_it() {
    let scene = Scene::new().await;
    let map = scene.made("configmaps", config_map("web")).await;
    scene
        .merge("configmaps", "web", json!({"data": {"a": "c"}}))
        .await
        .unwrap();
    let query = [("resourceVersion", object::resource_version(&map))];
    let mut frames = watched(&scene, &options(&query)).await;
    let (word, object) = next(&mut frames).await;
    assert_eq!((word, &object["data"]["a"]), ("MODIFIED", &json!("c")));
}

#[tokio::test]
async fn what_enters_a_selection_is_added_and_what_leaves_it_deleted() {
    let scene = Scene::new().await;
    scene.made("configmaps", config_map("web")).await;
    let mut frames = watched(&scene, &options(&[("labelSelector", "on=yes")])).await;
    let label = |value: Value| json!({"metadata": {"labels": {"on": value}}});
    scene
        .merge("configmaps", "web", label("yes".into()))
        .await
        .unwrap();
    assert_eq!(next(&mut frames).await.0, "ADDED");
    let gone = scene
        .merge("configmaps", "web", label(Value::Null))
        .await
        .unwrap()
        .object;
    let (word, object) = next(&mut frames).await;
    assert_eq!(word, "DELETED");
    assert_eq!(object::resource_version(&object), object::resource_version(&gone));
    assert_eq!(object["metadata"]["labels"]["on"], "yes");
}

#[tokio::test]
async fn a_watch_from_a_version_that_is_forgotten_hears_so_and_ends() {
    let scene = Scene::with(Limits {
        history_changes: 1,
        ..Limits::default()
    })
    .await;
    for name in ["a", "b", "c"] {
        scene.made("configmaps", config_map(name)).await;
    }
    let mut frames = watched(&scene, &options(&[("resourceVersion", "1")])).await;
    let (word, object) = next(&mut frames).await;
    assert_eq!((word, &object["reason"]), ("ERROR", &json!("Expired")));
    assert!(
        object["message"]
            .as_str()
            .unwrap()
            .starts_with("too old resource version: 1 (")
    );
    assert!(frames.next().await.is_none());
}

#[tokio::test]
async fn a_watch_of_a_kind_that_goes_ends() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    let request = scene.request(WIDGETS, "");
    let mut frames = scene
        .registry()
        .watch(&request, &options(&[]))
        .await
        .unwrap()
        .frames;
    scene.delete(DEFINITIONS, WIDGETS).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(20), frames.next())
        .await
        .unwrap();
    assert_eq!(ended, None);
}
