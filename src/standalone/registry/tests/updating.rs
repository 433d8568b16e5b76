use super::*;
use crate::standalone::status::OPTIMISTIC_LOCK;

#[tokio::test]
async fn a_change_of_an_old_version_is_a_conflict() {
    let scene = Scene::new().await;
    let mut map = scene.made("configmaps", config_map("web")).await;
    let stale = map.clone();
    map["data"]["a"] = "c".into();
    scene.update("configmaps", map).await.unwrap();
    let refusal = scene.update("configmaps", stale).await.unwrap_err();
    assert_eq!(refusal.code(), 409);
    assert!(refusal.message().ends_with(OPTIMISTIC_LOCK));
}

#[tokio::test]
async fn a_change_that_changes_nothing_writes_nothing() {
    let scene = Scene::new().await;
    let map = scene.made("configmaps", config_map("web")).await;
    let again = scene.update("configmaps", map.clone()).await.unwrap().object;
    assert_eq!(again, map);
    let merged = scene
        .merge("configmaps", "web", json!({"data": {"a": "b"}}))
        .await
        .unwrap();
    assert_eq!(merged.object, map);
}

#[tokio::test]
async fn custom_objects_want_their_version_and_built_in_ones_often_do_not() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    scene.made("configmaps", config_map("web")).await;
    scene.made(WIDGETS, widget("a")).await;
    scene.update("configmaps", config_map("web")).await.unwrap();
    let refusal = scene.update(WIDGETS, widget("a")).await.unwrap_err();
    assert_eq!(
        refusal.message(),
        "widgets.example.com \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update"
    );
}

#[tokio::test]
async fn another_uid_is_another_object() {
    let scene = Scene::new().await;
    let mut map = scene.made("configmaps", config_map("web")).await;
    object::set(&mut map, "uid", "other");
    let refusal = scene.update("configmaps", map).await.unwrap_err();
    assert_eq!(refusal.code(), 409);
    assert!(
        refusal
            .message()
            .contains("Precondition failed: UID in precondition: other")
    );
}

#[tokio::test]
async fn a_replace_makes_a_lease_and_no_config_map() {
    let scene = Scene::new().await;
    let lease = json!({"metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}});
    let answer = scene.update("leases.coordination.k8s.io", lease).await.unwrap();
    assert_eq!(answer.code, 201);
    let refusal = scene.update("configmaps", config_map("web")).await.unwrap_err();
    assert_eq!(refusal.code(), 404);
}

#[tokio::test]
async fn the_generation_counts_changes_of_the_spec_alone() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    let mut widget = scene.made(WIDGETS, widget("a")).await;
    object::set(&mut widget, "labels", json!({"a": "b"}));
    let mut widget = scene.update(WIDGETS, widget).await.unwrap().object;
    assert_eq!(widget["metadata"]["generation"], 1);
    widget["spec"]["size"] = 2.into();
    widget["status"] = json!({"size": 3});
    let widget = scene.update(WIDGETS, widget).await.unwrap().object;
    assert_eq!(widget["metadata"]["generation"], 2);
    assert!(widget.get("status").is_none());
}

#[tokio::test]
async fn the_status_path_writes_the_status_and_nothing_else() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    let mut widget = scene.made(WIDGETS, widget("a")).await;
    widget["spec"]["size"] = 7.into();
    widget["status"] = json!({"size": 3});
    object::set(&mut widget, "labels", json!({"a": "b"}));
    let mut request = scene.request(WIDGETS, "a");
    request.subresource = Some(Subresource::Status);
    let widget = scene
        .registry()
        .update(&request, body(widget))
        .await
        .unwrap()
        .object;
    assert_eq!(widget["status"]["size"], 3);
    assert_eq!(widget["spec"]["size"], 1);
    assert_eq!(widget["metadata"]["generation"], 1);
    assert!(widget["metadata"].get("labels").is_none());
}

#[tokio::test]
async fn an_immutable_map_keeps_its_data() {
    let scene = Scene::new().await;
    let mut map = config_map("web");
    map["immutable"] = true.into();
    let mut map = scene.made("configmaps", map).await;
    map["data"]["a"] = "c".into();
    let refusal = scene.update("configmaps", map).await.unwrap_err();
    assert_eq!(
        refusal.message(),
        "ConfigMap \"web\" is invalid: data: Forbidden: field is immutable when `immutable` is set"
    );
}

#[tokio::test]
async fn a_scale_reads_and_writes_the_numbers_of_its_object() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    scene.made(WIDGETS, widget("a")).await;
    let mut request = scene.request(WIDGETS, "a");
    request.subresource = Some(Subresource::Scale);
    let scale = scene
        .registry()
        .get(&request, &ListOptions::default())
        .await
        .unwrap()
        .object;
    assert_eq!(scale["spec"]["replicas"], 1);
    let scale = scene
        .patch(&request, PatchKind::Merge, &json!({"spec": {"replicas": 4}}))
        .await
        .unwrap()
        .object;
    assert_eq!(scale["spec"]["replicas"], 4);
    let widget = scene.get(WIDGETS, "a").await.unwrap().object;
    assert_eq!(widget["spec"]["size"], 4);
    assert_eq!(widget["metadata"]["generation"], 2);
}

#[tokio::test]
async fn a_scale_is_read_as_strictly_as_an_object() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    scene.made(WIDGETS, widget("a")).await;
    let mut request = scene.request(WIDGETS, "a");
    request.subresource = Some(Subresource::Scale);
    request.options.field_validation = FieldValidation::Strict;
    for (patch, why) in [
        (
            json!({"spec": {"speed": 1}}),
            "strict decoding error: unknown field \"spec.speed\"",
        ),
        (json!({"spec": {"replicas": 3_000_000_000_u32}}), "of type int32"),
        (
            json!({"kind": "Size"}),
            "no kind \"Size\" is registered for version \"autoscaling/v1\"",
        ),
    ] {
        let refusal = scene.patch(&request, PatchKind::Merge, &patch).await.unwrap_err();
        assert_eq!(refusal.code(), 422);
        assert!(refusal.message().contains(why), "{}", refusal.message());
    }
}

#[tokio::test]
async fn an_event_is_one_object_in_two_groups() {
    let scene = Scene::new().await;
    let event = json!({
        "metadata": {"name": "e"}, "involvedObject": {"kind": "ConfigMap", "name": "web", "namespace": "default"},
        "message": "hello", "reason": "Hello", "type": "Normal",
    });
    scene.made("events", event).await;
    let resource = scene
        .registry()
        .resource("events.k8s.io", "v1", "events")
        .unwrap();
    let request = Request {
        resource,
        ..scene.request("events", "e")
    };
    let event = scene
        .registry()
        .get(&request, &ListOptions::default())
        .await
        .unwrap()
        .object;
    assert_eq!(event["note"], "hello");
    assert_eq!(event["apiVersion"], "events.k8s.io/v1");
    assert_eq!(event["regarding"]["name"], "web");
}
