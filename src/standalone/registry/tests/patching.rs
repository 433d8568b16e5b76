use super::*;

#[tokio::test]
async fn a_merge_patch_with_an_old_version_is_a_conflict() {
    let scene = Scene::new().await;
    scene.made("configmaps", config_map("web")).await;
    let patch = json!({"metadata": {"resourceVersion": "1"}, "data": {"a": "c"}});
    let refusal = scene.merge("configmaps", "web", patch).await.unwrap_err();
    assert_eq!(refusal.code(), 409);
}

#[tokio::test]
async fn patches_without_a_version_all_arrive() {
    let scene = Scene::new().await;
    scene.made("configmaps", config_map("web")).await;
    let patches = (0..20).map(|number| {
        let scene = &scene;
        async move {
            scene
                .merge(
                    "configmaps",
                    "web",
                    json!({"data": {(format!("k{number}")): "v"}}),
                )
                .await
        }
    });
    for outcome in futures::future::join_all(patches).await {
        outcome.unwrap();
    }
    let map = scene.get("configmaps", "web").await.unwrap().object;
    assert_eq!(map["data"].as_object().unwrap().len(), 21);
}

#[tokio::test]
async fn a_patch_makes_nothing() {
    let scene = Scene::new().await;
    let refusal = scene.merge("configmaps", "web", json!({})).await.unwrap_err();
    assert_eq!(refusal.message(), "configmaps \"web\" not found");
}

#[tokio::test]
async fn apply_is_refused_with_a_way_out() {
    let scene = Scene::new().await;
    let request = scene.request("configmaps", "web");
    let refusal = scene
        .patch(&request, PatchKind::Apply, &json!({}))
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), 415);
    assert!(
        refusal
            .message()
            .contains("use kubectl apply without --server-side")
    );
}

#[tokio::test]
async fn custom_objects_take_no_strategic_patches() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    scene.made(WIDGETS, widget("a")).await;
    let request = scene.request(WIDGETS, "a");
    let refusal = scene
        .patch(&request, PatchKind::StrategicMerge, &json!({}))
        .await
        .unwrap_err();
    assert_eq!(refusal.code(), 415);
    assert!(
        refusal
            .message()
            .ends_with("application/merge-patch+json, application/apply-patch+yaml")
    );
}

#[tokio::test]
async fn a_json_patch_whose_test_fails_changes_nothing() {
    let scene = Scene::new().await;
    let map = scene.made("configmaps", config_map("web")).await;
    let patch = json!([
        {"op": "replace", "path": "/data/a", "value": "c"},
        {"op": "test", "path": "/data/a", "value": "d"},
    ]);
    let request = scene.request("configmaps", "web");
    let refusal = scene.patch(&request, PatchKind::Json, &patch).await.unwrap_err();
    assert_eq!(refusal.code(), 422);
    assert_eq!(scene.get("configmaps", "web").await.unwrap().object, map);
}

#[tokio::test]
async fn a_patch_does_not_rename() {
    let scene = Scene::new().await;
    scene.made("configmaps", config_map("web")).await;
    let patch = json!({"metadata": {"name": "other"}});
    let refusal = scene.merge("configmaps", "web", patch).await.unwrap_err();
    assert_eq!(
        refusal.message(),
        "the name of the object (other) does not match the name on the URL (web)"
    );
}
