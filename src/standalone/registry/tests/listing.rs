use super::*;

async fn three_maps(scene: &Scene) {
    for name in ["a", "b", "c"] {
        scene.made("configmaps", config_map(name)).await;
    }
}

fn names(items: &[Value]) -> Vec<&str> {
    items.iter().map(object::name).collect()
}

#[tokio::test]
async fn pages_show_one_moment() {
    let scene = Scene::new().await;
    three_maps(&scene).await;
    let request = scene.request("configmaps", "");
    let mut options = ListOptions {
        limit: 2,
        ..ListOptions::default()
    };
    let first = scene.registry().list(&request, &options).await.unwrap();
    assert_eq!(names(&first.items), ["a", "b"]);
    assert_eq!(first.remaining, Some(1));
    scene.delete("configmaps", "c").await.unwrap();
    scene.made("configmaps", config_map("d")).await;
    options.continue_token = first.continue_token;
    let second = scene.registry().list(&request, &options).await.unwrap();
    assert_eq!(names(&second.items), ["c"]);
    assert_eq!(second.resource_version, first.resource_version);
    assert!(second.continue_token.is_empty());
}

#[tokio::test]
async fn a_page_is_full_whatever_the_selector_leaves_out() {
    let scene = Scene::new().await;
    three_maps(&scene).await;
    let request = scene.request("configmaps", "");
    let mut options = ListOptions {
        limit: 1,
        field_selector: "metadata.name!=a".to_owned(),
        ..ListOptions::default()
    };
    let first = scene.registry().list(&request, &options).await.unwrap();
    assert_eq!(names(&first.items), ["b"]);
    assert_eq!(first.remaining, None);
    options.continue_token = first.continue_token;
    let second = scene.registry().list(&request, &options).await.unwrap();
    assert_eq!(names(&second.items), ["c"]);
    assert!(second.continue_token.is_empty());
}

#[tokio::test]
async fn a_token_that_is_too_old_comes_with_a_fresh_one() {
    let scene = Scene::with(Limits {
        history_changes: 1,
        ..Limits::default()
    })
    .await;
    three_maps(&scene).await;
    let request = scene.request("configmaps", "");
    let mut options = ListOptions {
        limit: 1,
        ..ListOptions::default()
    };
    options.continue_token = scene
        .registry()
        .list(&request, &options)
        .await
        .unwrap()
        .continue_token;
    for name in ["d", "e", "f"] {
        scene.made("configmaps", config_map(name)).await;
    }
    let refusal = scene.registry().list(&request, &options).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.reason()), (410, "Expired"));
    options.continue_token = refusal.body()["metadata"]["continue"]
        .as_str()
        .unwrap()
        .to_owned();
    options.limit = 0;
    let rest = scene.registry().list(&request, &options).await.unwrap();
    assert_eq!(names(&rest.items), ["b", "c", "d", "e", "f"]);
}

#[tokio::test]
async fn a_list_at_an_exact_version_shows_what_stood_then() {
    let scene = Scene::new().await;
    three_maps(&scene).await;
    let request = scene.request("configmaps", "");
    let then = scene
        .registry()
        .list(&request, &ListOptions::default())
        .await
        .unwrap();
    scene.delete("configmaps", "a").await.unwrap();
    let options = ListOptions {
        resource_version: then.resource_version.to_string(),
        version_match: Some(VersionMatch::Exact),
        ..ListOptions::default()
    };
    let again = scene.registry().list(&request, &options).await.unwrap();
    assert_eq!(again.items, then.items);
}

#[tokio::test]
async fn a_version_to_come_is_refused_with_the_cause_that_clients_know() {
    let scene = Scene::new().await;
    let request = scene.request("configmaps", "");
    let options = ListOptions {
        resource_version: "1000".to_owned(),
        ..ListOptions::default()
    };
    let refusal = scene.registry().list(&request, &options).await.unwrap_err();
    assert_eq!(refusal.code(), 504);
    assert_eq!(
        refusal.details().unwrap().causes[0].reason,
        "ResourceVersionTooLarge"
    );
}

#[tokio::test]
async fn custom_objects_are_selected_by_the_fields_that_their_kind_offers() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    let mut blue = widget("blue");
    blue["spec"]["color"] = "blue".into();
    scene.made(WIDGETS, blue).await;
    scene.made(WIDGETS, widget("red")).await;
    let request = scene.request(WIDGETS, "");
    let mut options = ListOptions {
        field_selector: "spec.color=blue".to_owned(),
        ..ListOptions::default()
    };
    let found = scene.registry().list(&request, &options).await.unwrap();
    assert_eq!(names(&found.items), ["blue"]);
    options.field_selector = "spec.size=1".to_owned();
    let refusal = scene.registry().list(&request, &options).await.unwrap_err();
    assert_eq!(refusal.message(), "field label not supported: spec.size");
}
