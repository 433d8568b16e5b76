//! The rig itself: what later tests rely on holds.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, DeleteParams, ListParams, ObjectMeta, PostParams};
use kube::runtime::wait::{await_condition, conditions};

use campanile::api::custom_resource_definitions;

use crate::not_on_the_embedded;
use crate::support::control_plane::{Content, ControlPlane};
use crate::support::engine::Engine;

const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) fn stdout(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "kubectl ended with {}: {errors}",
        output.status
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn config_map(name: &str, owner: Option<OwnerReference>) -> ConfigMap {
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        owner_references: owner.map(|owner| vec![owner]),
        ..ObjectMeta::default()
    };
    let data = Some(BTreeMap::from([("key".to_owned(), "value".to_owned())]));
    ConfigMap {
        metadata,
        data,
        ..ConfigMap::default()
    }
}

fn owner(map: &ConfigMap) -> OwnerReference {
    OwnerReference {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        name: map.metadata.name.clone().unwrap(),
        uid: map.metadata.uid.clone().unwrap(),
        ..OwnerReference::default()
    }
}

#[tokio::test]
async fn every_kind_is_served() {
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace("empty").await;
    let api: Api<CustomResourceDefinition> = Api::all(plane.client().await);
    let served = api.list(&ListParams::default()).await.unwrap();
    let served: Vec<_> = served
        .items
        .iter()
        .filter_map(|crd| crd.metadata.name.clone())
        .collect();
    for definition in custom_resource_definitions() {
        let name = definition.metadata.name.unwrap();
        assert!(served.contains(&name), "{name} is not among {served:?}");
        let plural = definition.spec.names.plural;
        let answer = plane
            .kubectl(&[
                "get",
                &format!("{plural}.{}", definition.spec.group),
                "-n",
                &namespace,
            ])
            .await;
        assert!(
            String::from_utf8_lossy(&answer.stderr).contains("No resources found"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn kubectl_and_the_client_see_the_same_object() {
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace("same").await;
    let maps: Api<ConfigMap> = Api::namespaced(plane.client().await, &namespace);
    maps.create(&PostParams::default(), &config_map("seen", None))
        .await
        .unwrap();

    let name = stdout(
        &plane
            .kubectl(&["get", "configmap", "seen", "-n", &namespace, "-o", "name"])
            .await,
    );
    assert_eq!(name, "configmap/seen\n");

    let mode = fs::metadata(plane.kubeconfig()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "the kubeconfig holds a key");
}

#[tokio::test]
async fn somebody_else_may_do_only_what_is_granted() {
    if not_on_the_embedded::GRANTED.holds() {
        return;
    }
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace("granted").await;
    let stranger = plane.client_for("stranger", &["nobody", "nowhere"]).await;
    let maps: Api<ConfigMap> = Api::namespaced(stranger, &namespace);
    let refused = maps.list(&ListParams::default()).await.unwrap_err();
    assert!(
        matches!(&refused, kube::Error::Api(status) if status.is_forbidden()),
        "{refused}"
    );
}

#[tokio::test]
async fn somebody_else_is_who_the_kubeconfig_says() {
    let plane = ControlPlane::shared().await;
    let kubeconfig = plane.kubeconfig_for("stranger", &["nobody"]);
    let who = stdout(&plane.kubectl_as(&kubeconfig, &["auth", "whoami"], "").await);
    assert!(
        who.contains("stranger") && who.contains("nobody") && who.contains("system:authenticated"),
        "{who}"
    );
}

#[tokio::test]
async fn what_an_owner_leaves_behind_is_collected() {
    let plane = ControlPlane::shared().await;
    let namespace = plane.namespace("collected").await;
    let maps: Api<ConfigMap> = Api::namespaced(plane.client().await, &namespace);
    let parent = maps
        .create(&PostParams::default(), &config_map("owner", None))
        .await
        .unwrap();
    let child = maps
        .create(&PostParams::default(), &config_map("owned", Some(owner(&parent))))
        .await
        .unwrap();
    maps.delete("owner", &DeleteParams::default()).await.unwrap();

    let gone = conditions::is_deleted(child.metadata.uid.as_deref().unwrap());
    tokio::time::timeout(PATIENCE, await_condition(maps, "owned", gone))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_deleted_namespace_goes_with_its_content() {
    let plane = ControlPlane::shared().await;
    let name = plane.namespace("ends").await;
    let client = plane.client().await;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), &name);
    maps.create(&PostParams::default(), &config_map("inside", None))
        .await
        .unwrap();
    let namespaces: Api<Namespace> = Api::all(client);
    let uid = namespaces.get(&name).await.unwrap().metadata.uid.unwrap();
    namespaces.delete(&name, &DeleteParams::default()).await.unwrap();

    let gone = conditions::is_deleted(&uid);
    tokio::time::timeout(PATIENCE, await_condition(namespaces, &name, gone))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_restarted_control_plane_keeps_its_data_and_a_restored_one_travels_back() {
    let mut plane = ControlPlane::start(Content::Empty).await;
    let maps: Api<ConfigMap> = Api::namespaced(plane.client().await, "default");
    maps.create(&PostParams::default(), &config_map("before", None))
        .await
        .unwrap();
    let checkpoint = plane.checkpoint().await;
    maps.create(&PostParams::default(), &config_map("after", None))
        .await
        .unwrap();

    plane.restart_api_server().await;
    maps.get("before").await.expect("kept through the restart");
    maps.get("after").await.expect("kept through the restart");

    plane.restore(&checkpoint).await;
    maps.get("before").await.expect("in the checkpoint");
    assert!(
        maps.get_opt("after").await.unwrap().is_none(),
        "made after the checkpoint"
    );

    plane.stop_api_server();
    assert!(maps.get("before").await.is_err(), "nobody listens");
    plane.start_api_server().await;
    maps.get("before").await.expect("back again");
}

#[tokio::test]
async fn an_api_server_without_its_etcd_is_not_ready() {
    if not_on_the_embedded::WITHOUT_ETCD.holds() {
        return;
    }
    let mut plane = ControlPlane::start(Content::Empty).await;
    plane.stop_etcd();
    let not_ready = async {
        while plane
            .kubectl(&["get", "--raw", "/readyz/etcd"])
            .await
            .status
            .success()
        {}
    };
    tokio::time::timeout(PATIENCE, not_ready)
        .await
        .expect("the API server misses etcd");
}

/// The only entry of a folder that has no more than one.
fn only_entry(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).ok()?.next()?.ok().map(|entry| entry.path())
}

async fn eventually(what: &str, condition: impl Fn() -> bool) {
    let holds = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, holds)
        .await
        .unwrap_or_else(|_| panic!("{what}: not within {PATIENCE:?}"));
}

#[tokio::test]
async fn a_killed_test_leaves_neither_servers_nor_files() {
    let temporary = tempfile::tempdir().unwrap();
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "control_plane::what_an_owner_leaves_behind_is_collected",
        ])
        .env("TMPDIR", temporary.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let servers = || -> Vec<PathBuf> {
        let Some(folder) = only_entry(temporary.path()) else {
            return Vec::new();
        };
        let entries = fs::read_dir(folder.join("processes"))
            .into_iter()
            .flatten()
            .flatten();
        entries
            .map(|entry| Path::new("/proc").join(entry.file_name()))
            .collect()
    };
    // As many as keep data and serve it: kube-apiserver needs etcd beside it.
    let wanted = match Engine::chosen() {
        Engine::KubeApiServer => 2,
        Engine::Embedded => 1,
    };
    eventually("the servers run", || servers().len() >= wanted).await;
    let running = servers();
    victim.kill().unwrap();
    victim.wait().unwrap();

    eventually("the folder is removed", || only_entry(temporary.path()).is_none()).await;
    eventually("the servers have ended", || {
        running.iter().all(|process| !process.exists())
    })
    .await;
}
