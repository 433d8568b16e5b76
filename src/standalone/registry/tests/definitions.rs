use super::*;

#[tokio::test]
async fn a_definition_is_established_and_serves_its_kind() {
    let scene = Scene::new().await;
    let before = scene.registry().generation();
    scene.define(widgets()).await;
    assert!(scene.registry().generation() > before);
    let definition = scene.get(DEFINITIONS, WIDGETS).await.unwrap().object;
    assert_eq!(definition["status"]["acceptedNames"]["listKind"], "WidgetList");
    assert_eq!(definition["status"]["storedVersions"], json!(["v1"]));
    let conditions = definition["status"]["conditions"].as_array().unwrap();
    let kinds: Vec<&Value> = conditions.iter().map(|condition| &condition["type"]).collect();
    assert_eq!(kinds, ["NamesAccepted", "Established"]);
}

#[tokio::test]
async fn a_definition_that_goes_takes_its_objects_along() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    scene.made(WIDGETS, widget("a")).await;
    let going = scene.delete(DEFINITIONS, WIDGETS).await.unwrap().object;
    assert_eq!(
        going["metadata"]["finalizers"],
        json!(["customresourcecleanup.apiextensions.k8s.io"])
    );
    scene.until_gone(DEFINITIONS, WIDGETS).await;
    assert!(
        scene
            .registry()
            .resource("example.com", "v1", "widgets")
            .is_none()
    );
    scene.define(widgets()).await;
    assert_eq!(scene.get(WIDGETS, "a").await.unwrap_err().code(), 404);
}

#[tokio::test]
async fn a_definition_is_named_after_its_plural_and_group() {
    let scene = Scene::new().await;
    let mut definition = widgets();
    object::set(&mut definition, "name", "gadgets.example.com");
    let refusal = scene.create(DEFINITIONS, definition).await.unwrap_err();
    assert_eq!(
        refusal.message(),
        "CustomResourceDefinition.apiextensions.k8s.io \"gadgets.example.com\" is invalid: metadata.name: Invalid value: \
         \"gadgets.example.com\": must be spec.names.plural+\".\"+spec.group"
    );
}

#[tokio::test]
async fn a_change_of_the_definition_is_served_at_once() {
    let scene = Scene::new().await;
    scene.define(widgets()).await;
    scene.made(WIDGETS, widget("a")).await;
    let mut definition = scene.get(DEFINITIONS, WIDGETS).await.unwrap().object;
    let mut second = definition["spec"]["versions"][0].clone();
    second["name"] = "v2".into();
    second["storage"] = false.into();
    definition["spec"]["versions"]
        .as_array_mut()
        .unwrap()
        .push(second);
    scene.update(DEFINITIONS, definition).await.unwrap();
    let request = Request {
        version: "v2".to_owned(),
        ..scene.request(WIDGETS, "a")
    };
    let widget = scene
        .registry()
        .get(&request, &ListOptions::default())
        .await
        .unwrap()
        .object;
    assert_eq!(widget["apiVersion"], "example.com/v2");
}
