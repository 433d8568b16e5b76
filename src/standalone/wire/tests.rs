//! The service as clients meet it, in process, over a control plane in memory.

use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tower::Service as _;

use super::*;
use crate::standalone::{
    ControlPlane, Options,
    registry::{Caller, Sources},
};

struct Scene {
    wire: Wire,
    _plane: ControlPlane,
}

impl Scene {
    async fn new() -> Self {
        Self::bounded(Limits::default()).await
    }

    async fn bounded(limits: Limits) -> Self {
        let plane = ControlPlane::in_memory(Options::default())
            .await
            .expect("a control plane");
        let options = WireOptions {
            limits,
            sources: Sources::default(),
            address: "127.0.0.1:6443".to_owned(),
        };
        let admin = Caller {
            username: "admin".to_owned(),
            groups: vec!["system:authenticated".to_owned()],
            ..Caller::default()
        };
        Self {
            wire: Wire::new(plane.registry().clone(), options).acting_as(admin),
            _plane: plane,
        }
    }

    async fn with_widgets() -> Self {
        let scene = Self::new().await;
        let made = scene
            .send(
                "POST",
                "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                &widgets(),
            )
            .await;
        assert_eq!(made.0, StatusCode::CREATED, "{}", made.1);
        let path = "/api/v1/namespaces/default";
        assert_eq!(scene.send("GET", path, &Value::Null).await.0, StatusCode::OK);
        let wait = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?watch=true";
        let mut frames = scene.frames(wait).await;
        loop {
            let frame = frames.next().await.expect("a frame");
            let conditions = frame["object"]["status"]["conditions"].to_string();
            if conditions.contains("Established\",\"status\":\"True") || established(&frame) {
                return scene;
            }
        }
    }

    async fn answer(&self, request: Request<Full<bytes::Bytes>>) -> Response<Body> {
        let mut wire = self.wire.clone();
        wire.call(request).await.expect("infallible")
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
        let bytes = match body {
            Value::Null => Vec::new(),
            body => serde_json::to_vec(body).expect("JSON"),
        };
        let request = request(method, path).body(Full::from(bytes)).expect("a request");
        let response = self.answer(request).await;
        let code = response.status();
        (code, read(response).await)
    }

    async fn get(&self, path: &str, accept: &str) -> Response<Body> {
        let request = request("GET", path).header(header::ACCEPT, accept);
        self.answer(request.body(Full::default()).expect("a request"))
            .await
    }

    async fn frames(&self, path: &str) -> Lines {
        let response = self.get(path, "application/json").await;
        assert_eq!(response.status(), StatusCode::OK);
        Lines(response.into_body())
    }
}

/// Frames of a watch, one by one.
struct Lines(Body);

impl Lines {
    async fn next(&mut self) -> Option<Value> {
        let frame = self.0.frame().await?.expect("infallible");
        let line = frame.into_data().expect("data");
        Some(serde_json::from_slice(&line).expect("one JSON object a frame"))
    }
}

fn established(frame: &Value) -> bool {
    let conditions = frame["object"]["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}

fn request(method: &str, path: &str) -> http::request::Builder {
    let builder = Request::builder().method(method).uri(path);
    match method {
        "PATCH" => builder.header(header::CONTENT_TYPE, "application/merge-patch+json"),
        _ => builder.header(header::CONTENT_TYPE, "application/json"),
    }
}

async fn read(response: Response<Body>) -> Value {
    let bytes = response
        .into_body()
        .collect()
        .await
        .expect("infallible")
        .to_bytes();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)))
}

fn widgets() -> Value {
    json!({
        "kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {
                    "type": "object", "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}},
                }},
                "additionalPrinterColumns": [{"name": "SIZE", "type": "integer", "jsonPath": ".spec.size"}],
            }],
        },
    })
}

fn widget(name: &str) -> Value {
    json!({"kind": "Widget", "apiVersion": "example.com/v1", "metadata": {"name": name}, "spec": {"size": 3}})
}

const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

#[tokio::test]
async fn who_is_nobody_hears_401() {
    let scene = Scene::new().await;
    let plane = ControlPlane::in_memory(Options::default())
        .await
        .expect("a control plane");
    let mut nobody = Wire::new(plane.registry().clone(), WireOptions::default());
    for path in ["/api", "/nope", "/livez", "/api/v1/namespaces"] {
        let request = request("GET", path)
            .body(Full::<bytes::Bytes>::default())
            .expect("a request");
        let response = nobody.call(request).await.expect("infallible");
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(read(response).await["reason"], "Unauthorized", "{path}");
    }
    assert_eq!(scene.send("GET", "/livez", &Value::Null).await.1, "ok");
}

#[tokio::test]
async fn unknown_paths_are_a_page_not_found_or_a_status_as_on_the_real_server() {
    let scene = Scene::with_widgets().await;
    for path in [
        "/nope",
        "/apis/nope",
        "/apis/nope/v1",
        "/apis/nope/v1/foo",
        "/apis/example.com/v1/foo",
        "/apis/example.com/v2/widgets",
        "/apis/example.com/v1/widgets/w",
        "/livez/nope",
    ] {
        let response = scene.get(path, "").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(read(response).await, "404 page not found\n", "{path}");
    }
    for path in [
        "/api/v2",
        "/api/v1/foo",
        "/api/v1/namespaces/default/foo",
        "/api/v1/secrets/x",
        "/api/v1//namespaces",
        "/api/v1/namespaces/default/secrets/x/status",
        "/api/v1/namespaces/default/secrets/x/y/z",
    ] {
        let (code, body) = scene.send("GET", path, &Value::Null).await;
        assert_eq!(
            (code, &body["message"]),
            (
                StatusCode::NOT_FOUND,
                &json!("the server could not find the requested resource")
            ),
            "{path}"
        );
    }
}

#[tokio::test]
async fn methods_that_a_path_does_not_know_are_refused_in_two_ways() {
    let scene = Scene::with_widgets().await;
    let path = format!("{WIDGETS}/w/status");
    let (code, body) = scene.send("POST", &path, &json!({})).await;
    assert_eq!(code, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(
        body["message"],
        "create is not supported on resources of kind \"widgets.example.com\""
    );
    for (method, path) in [
        ("PUT", "/api/v1/namespaces"),
        ("DELETE", "/api/v1/namespaces"),
        ("POST", "/api/v1/secrets"),
        ("POST", "/version"),
    ] {
        let (code, body) = scene.send(method, path, &Value::Null).await;
        assert_eq!(code, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert_eq!(body["details"], json!({}), "{method} {path}");
    }
    let (code, body) = scene.send("PUT", WIDGETS, &widget("w")).await;
    assert_eq!(
        (code, &body["message"]),
        (StatusCode::BAD_REQUEST, &json!("name must be provided"))
    );
}

#[tokio::test]
async fn an_object_goes_in_and_comes_out_in_each_form() {
    let scene = Scene::with_widgets().await;
    assert_eq!(
        scene.send("POST", WIDGETS, &widget("w")).await.0,
        StatusCode::CREATED
    );
    let table = read(scene.get(WIDGETS, TABLE).await).await;
    assert_eq!(table["rows"][0]["cells"], json!(["w", 3]));
    assert_eq!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let none = read(scene.get(&format!("{WIDGETS}?includeObject=None"), TABLE).await).await;
    assert_eq!(none["rows"][0]["object"], Value::Null);
    let metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    let list = read(scene.get(WIDGETS, metadata).await).await;
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!(list["items"][0]["metadata"]["name"], "w");
    let yaml = scene.get(&format!("{WIDGETS}/w"), "application/yaml").await;
    assert_eq!(yaml.headers()[header::CONTENT_TYPE], "application/yaml");
    let one = scene
        .get(
            WIDGETS,
            "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        )
        .await;
    assert_eq!(one.status(), StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn a_watch_tells_heads_once_and_ends_with_its_time() {
    let scene = Scene::with_widgets().await;
    for name in ["a", "b"] {
        assert_eq!(
            scene.send("POST", WIDGETS, &widget(name)).await.0,
            StatusCode::CREATED
        );
    }
    let path = format!(
        "{WIDGETS}?watch=true&timeoutSeconds=1&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
    );
    let response = scene.get(&path, TABLE).await;
    let mut lines = Lines(response.into_body());
    let first = lines.next().await.expect("an object");
    assert_eq!(first["object"]["columnDefinitions"][1]["name"], "SIZE");
    let second = lines.next().await.expect("another");
    assert_eq!(second["object"]["columnDefinitions"], Value::Null);
    let bookmark = lines.next().await.expect("a bookmark");
    assert_eq!(bookmark["type"], "BOOKMARK");
    let annotations = &bookmark["object"]["rows"][0]["object"]["metadata"]["annotations"];
    assert_eq!(annotations["k8s.io/initial-events-end"], "true");
    assert_eq!(lines.next().await, None);
}

#[tokio::test]
async fn the_old_watch_path_of_an_object_is_a_watch_of_it() {
    let scene = Scene::with_widgets().await;
    for name in ["a", "b"] {
        assert_eq!(
            scene.send("POST", WIDGETS, &widget(name)).await.0,
            StatusCode::CREATED
        );
    }
    let path = "/apis/example.com/v1/watch/namespaces/default/widgets/b?timeoutSeconds=1";
    let mut frames = scene.frames(path).await;
    assert_eq!(frames.next().await.expect("b")["object"]["metadata"]["name"], "b");
    assert_eq!(frames.next().await, None);
}

#[tokio::test]
async fn every_watch_ends_with_the_control_plane_and_there_is_a_bound() {
    let scene = Scene::bounded(Limits {
        requests: 10,
        watches: 1,
    })
    .await;
    let path = "/api/v1/configmaps?watch=true&resourceVersion=1";
    let mut frames = scene.frames(path).await;
    let refused = scene.get(path, "").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
    scene.wire.end();
    assert_eq!(frames.next().await, None);
    drop(frames);
    let (code, _) = scene.send("GET", "/readyz", &Value::Null).await;
    assert_eq!(code, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_definition_is_told_by_discovery_and_by_its_document() {
    let scene = Scene::with_widgets().await;
    let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let response = scene.get("/apis", aggregated).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], aggregated);
    let tag = response.headers()[header::ETAG].clone();
    assert!(
        read(response)
            .await
            .to_string()
            .contains("\"singularResource\":\"widget\"")
    );
    let again = request("GET", "/apis")
        .header(header::ACCEPT, aggregated)
        .header(header::IF_NONE_MATCH, tag);
    let again = scene
        .answer(again.body(Full::default()).expect("a request"))
        .await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    let legacy = read(scene.get("/apis/example.com/v1", "").await).await;
    assert_eq!(legacy["resources"][1]["name"], "widgets/status");
    let index = read(scene.get("/openapi/v3", "").await).await;
    let url = index["paths"]["apis/example.com/v1"]["serverRelativeURL"]
        .as_str()
        .expect("a document");
    let document = read(scene.get(url, "").await).await;
    let schema = &document["components"]["schemas"]["com.example.v1.Widget"];
    assert_eq!(schema["x-kubernetes-group-version-kind"][0]["kind"], "Widget");
    assert_eq!(
        schema["properties"]["spec"]["properties"]["size"]["type"],
        "integer"
    );
    let outdated = scene.get("/openapi/v3/apis/example.com/v1?hash=old", "").await;
    assert_eq!(outdated.status(), StatusCode::MOVED_PERMANENTLY);
}

#[tokio::test]
async fn bodies_are_bounded_and_in_a_form_that_is_read() {
    let scene = Scene::with_widgets().await;
    let large = request("POST", WIDGETS).body(Full::from(vec![b' '; 3 * 1024 * 1024 + 1]));
    let response = scene.answer(large.expect("a request")).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        read(response).await["message"],
        "Request entity too large: limit is 3145728"
    );
    let text = Request::post(WIDGETS)
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Full::from("x"));
    let response = scene.answer(text.expect("a request")).await;
    assert_eq!(response.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let strategic = Request::patch(format!("{WIDGETS}/w"))
        .header(header::CONTENT_TYPE, "application/strategic-merge-patch+json")
        .body(Full::from("{}"));
    let response = scene.answer(strategic.expect("a request")).await;
    assert_eq!(
        read(response).await["message"],
        "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    );
}

#[tokio::test]
async fn a_time_that_is_none_is_refused() {
    let scene = Scene::new().await;
    let (code, body) = scene
        .send("GET", "/api/v1/namespaces?timeout=x", &Value::Null)
        .await;
    assert_eq!(code, StatusCode::BAD_REQUEST);
    assert_eq!(
        body["message"],
        "invalid timeout specified in the request URL - time: invalid duration \"x\""
    );
}
