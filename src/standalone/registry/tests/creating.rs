use super::*;

#[tokio::test]
async fn a_new_object_gets_a_uid_a_time_and_a_version() {
    let scene = Scene::new().await;
    let answer = scene.create("configmaps", config_map("web")).await.unwrap();
    assert_eq!(answer.code, 201);
    let metadata = &answer.object["metadata"];
    assert_eq!(metadata["namespace"], "default");
    assert_eq!(metadata["creationTimestamp"], "1970-01-01T00:00:00Z");
    assert!(!object::uid(&answer.object).is_empty());
    assert_eq!(
        scene.get("configmaps", "web").await.unwrap().object,
        answer.object
    );
}

#[tokio::test]
async fn a_name_that_is_taken_is_refused_even_in_a_dry_run() {
    let scene = Scene::new().await;
    scene.made("configmaps", config_map("web")).await;
    for dry_run in [false, true] {
        let mut request = scene.request("configmaps", "");
        request.options.dry_run = dry_run;
        let refusal = scene
            .registry()
            .create(&request, body(config_map("web")))
            .await
            .unwrap_err();
        assert_eq!(refusal.code(), 409);
        assert_eq!(refusal.message(), "configmaps \"web\" already exists");
    }
}

#[tokio::test]
async fn a_dry_run_leaves_nothing_behind() {
    let scene = Scene::new().await;
    let mut request = scene.request("configmaps", "");
    request.options.dry_run = true;
    let answer = scene
        .registry()
        .create(&request, body(config_map("web")))
        .await
        .unwrap();
    assert_eq!(answer.code, 201);
    assert_eq!(scene.get("configmaps", "web").await.unwrap_err().code(), 404);
}

#[tokio::test]
async fn a_prefix_becomes_a_name() {
    let scene = Scene::new().await;
    let map = json!({"metadata": {"generateName": "web-"}});
    let (one, other) = (
        scene.made("configmaps", map.clone()).await,
        scene.made("configmaps", map).await,
    );
    assert!(object::name(&one).starts_with("web-"));
    assert_ne!(object::name(&one), object::name(&other));
}

#[tokio::test]
async fn nothing_is_made_in_a_namespace_that_is_not_there() {
    let scene = Scene::new().await;
    let mut request = scene.request("configmaps", "");
    request.namespace = "nowhere".to_owned();
    let refusal = scene
        .registry()
        .create(&request, body(config_map("web")))
        .await
        .unwrap_err();
    assert_eq!(refusal.message(), "namespaces \"nowhere\" not found");
}

#[tokio::test]
async fn a_version_that_is_set_on_a_new_object_is_refused() {
    let scene = Scene::new().await;
    let mut map = config_map("web");
    object::set(&mut map, "resourceVersion", "7");
    let refusal = scene.create("configmaps", map).await.unwrap_err();
    assert_eq!(
        refusal.message(),
        "resourceVersion should not be set on objects to be created"
    );
    assert_eq!(refusal.code(), 500);
}

#[tokio::test]
async fn unknown_fields_are_refused_warned_of_or_dropped() {
    let scene = Scene::new().await;
    let mut map = config_map("web");
    map["colour"] = "red".into();
    let mut request = scene.request("configmaps", "");
    request.options.dry_run = true;
    request.options.field_validation = FieldValidation::Strict;
    let refusal = scene
        .registry()
        .create(&request, body(map.clone()))
        .await
        .unwrap_err();
    assert_eq!(
        refusal.message(),
        "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"colour\""
    );
    request.options.field_validation = FieldValidation::Warn;
    let answer = scene
        .registry()
        .create(&request, body(map.clone()))
        .await
        .unwrap();
    assert_eq!(answer.warnings, ["unknown field \"colour\""]);
    assert!(answer.object.get("colour").is_none());
    request.options.field_validation = FieldValidation::Ignore;
    let answer = scene.registry().create(&request, body(map)).await.unwrap();
    assert!(answer.warnings.is_empty());
}

#[tokio::test]
async fn texts_of_a_secret_become_data() {
    let scene = Scene::new().await;
    let secret = json!({"metadata": {"name": "s"}, "stringData": {"a": "b"}});
    let secret = scene.made("secrets", secret).await;
    assert_eq!(secret["data"], json!({"a": "Yg=="}));
    assert_eq!(secret["type"], "Opaque");
    assert!(secret.get("stringData").is_none());
}

#[tokio::test]
async fn an_object_of_more_than_a_mebibyte_and_a_half_is_not_kept() {
    let scene = Scene::new().await;
    let long = "x".repeat(1 << 20);
    let mut secret = json!({"metadata": {"name": "s"}, "data": {}});
    secret["metadata"]["annotations"] = json!({"a": "y".repeat(200 << 10)});
    secret["stringData"] = json!({"a": long});
    let refusal = scene.create("secrets", secret).await.unwrap_err();
    assert_eq!(refusal.code(), 413);
}

#[tokio::test]
async fn a_new_custom_object_begins_at_generation_one_without_a_status() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    let mut widget = widget("a");
    widget["status"] = json!({"size": 9});
    let widget = scene.made(WIDGETS, widget).await;
    assert_eq!(widget["metadata"]["generation"], 1);
    assert!(widget.get("status").is_none());
}

#[tokio::test]
async fn who_asks_hears_that_everything_is_allowed_and_why() {
    let scene = Scene::new().await;
    let request = Request {
        resource: scene
            .registry()
            .resource("authorization.k8s.io", "v1", "selfsubjectaccessreviews")
            .unwrap(),
        ..scene.request("configmaps", "")
    };
    let review = json!({"spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}}});
    let answer = scene.registry().create(&request, body(review)).await.unwrap();
    assert_eq!(answer.object["status"]["allowed"], true);
    assert!(
        answer.object["status"]["reason"]
            .as_str()
            .unwrap()
            .contains("no RBAC")
    );
}
