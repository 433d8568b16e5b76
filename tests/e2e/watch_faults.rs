//! The watches of the operator end, break, fall silent, or ask for what the store has forgotten.

use std::collections::BTreeSet;

use campanile::api::{Asset, AssetPhase, Campaign};
use kube::{
    ResourceExt as _,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::json;

use super::{
    api_proxy::{ApiProxy, Watches},
    crash_process::{Guard, Order, Point, Process, Side},
    crash_scene::{Class, Cluster, DRIVER, Scene, Script, eventually},
    support::control_plane::{Content, ControlPlane},
};

/// Approvals, Assets, Campaigns, ChannelConfigs, Halts, PolicyPacks, Receipts.
const WATCHES: usize = 7;

const ONE_ROW: Script = Script {
    class: Class::Neither,
    rows: 1,
    page: false,
};

fn behind_a_proxy(scene: Scene) -> (Scene, ApiProxy) {
    let proxy = ApiProxy::before(&scene.cluster);
    let scene = scene.with_cluster(proxy.cluster());
    (scene, proxy)
}

/// A scene that has published its row and rests.
fn published(scene: Scene) -> (Scene, ApiProxy, Process) {
    let (scene, proxy) = behind_a_proxy(scene);
    let process = Process::start(&scene.options(), Guard::unhindering());
    eventually("it is published", || scene.rests(0));
    eventually("everything is watched", || proxy.open_watches() == WATCHES);
    (scene, proxy, process)
}

fn only_asset(scene: &Scene) -> Asset {
    let asset = scene.assets().into_iter().next();
    asset.expect("there is an Asset")
}

fn delete_the_asset(scene: &Scene) -> String {
    let (assets, asset) = (scene.api::<Asset>(), only_asset(scene));
    let parameters = DeleteParams::default();
    DRIVER
        .block_on(assets.delete(&asset.name_any(), &parameters))
        .expect("delete an Asset");
    asset.uid().expect("it has a uid")
}

/// Changes the words of the Asset by hand.
fn edit_the_asset(scene: &Scene) {
    let (assets, name) = (scene.api::<Asset>(), only_asset(scene).name_any());
    let patch = Patch::Merge(json!({"spec": {"content": {"text": "Words of a hand."}}}));
    let parameters = PatchParams::default();
    DRIVER
        .block_on(assets.patch(&name, &parameters, &patch))
        .expect("edit an Asset");
}

fn says_what_the_branch_says(scene: &Scene) -> bool {
    let text = only_asset(scene).spec.content.text;
    text.starts_with("Words of post 1.")
}

fn set_publish_enabled(scene: &Scene, enabled: bool) {
    let patch = Patch::Merge(json!({"spec": {"publishEnabled": enabled}}));
    let campaigns = scene.api::<Campaign>();
    let parameters = PatchParams::default();
    DRIVER
        .block_on(campaigns.patch("week1", &parameters, &patch))
        .expect("turn a switch");
}

fn goes_on(scene: &Scene, proxy: &ApiProxy, process: Process) {
    eventually("everything is watched again", || proxy.open_watches() == WATCHES);
    eventually("it rests", || scene.rests(0));
    scene.assert_that_nothing_is_planned(&process);
    scene.assert_each_slot_once(&BTreeSet::new());
    process.kill();
}

#[test]
fn a_watch_that_ends_goes_on_where_it_was_and_sees_what_happened_meanwhile() {
    let (scene, proxy, process) = published(Scene::set(ONE_ROW));
    proxy.watches(Watches::Ended);
    eventually("the watches have ended", || {
        proxy.open_watches() == 0 && proxy.waiting_watches() == WATCHES
    });
    let uid = delete_the_asset(&scene);
    proxy.watches(Watches::Pass);
    eventually("the Asset is made again", || {
        scene
            .assets()
            .first()
            .is_some_and(|asset| asset.uid().as_ref() != Some(&uid))
    });
    assert_eq!(proxy.gone(), 0, "nothing was listed again");
    goes_on(&scene, &proxy, process);
}

#[test]
fn a_watch_that_breaks_off_within_an_event_loses_nothing() {
    let (scene, proxy, process) = published(Scene::set(ONE_ROW));
    proxy.watches(Watches::Broken);
    edit_the_asset(&scene);
    eventually("a watch has broken off", || proxy.waiting_watches() > 0);
    proxy.watches(Watches::Pass);
    eventually("the words are restored", || says_what_the_branch_says(&scene));
    goes_on(&scene, &proxy, process);
}

#[test]
fn a_switch_is_seen_by_the_last_look_although_the_watches_are_silent() {
    let (scene, proxy) = behind_a_proxy(Scene::set(ONE_ROW));
    let locked = Point::new("PUT receipts/status", 1, Side::After);
    let process = Process::start(&scene.options(), Guard::with([(locked, Order::Hold)]));
    process.guard.wait_until_held();
    proxy.watches(Watches::Silent);
    set_publish_enabled(&scene, false);
    process.guard.let_go();
    eventually("the Asset says why it waits", || {
        let status = only_asset(&scene).status.unwrap_or_default();
        status.phase == Some(AssetPhase::Halted) && status.reason.as_deref() == Some("CampaignDisabled")
    });
    assert_eq!(process.guard.count(|kind| kind == "commit"), 0);
    assert!(scene.effects().is_empty(), "{:?}", scene.effects());

    proxy.watches(Watches::Ended);
    eventually("the silent watches are closed", || proxy.open_watches() == 0);
    proxy.watches(Watches::Pass);
    set_publish_enabled(&scene, true);
    goes_on(&scene, &proxy, process);
}

#[test]
fn what_the_store_has_forgotten_is_listed_again() {
    let (mut plane, scene) = DRIVER.block_on(async {
        // Without its own memory of events the API server asks etcd, which has compacted them.
        let plane = ControlPlane::start_with(Content::Definitions, &["--watch-cache=false"]).await;
        let cluster = Cluster::of(&plane).await;
        let namespace = plane.namespace("gone").await;
        (plane, (cluster, namespace))
    });
    let scene = Scene::set_in(scene.0, scene.1, ONE_ROW);
    let (scene, proxy, process) = published(scene);
    proxy.watches(Watches::Ended);
    eventually("the watches have ended", || proxy.waiting_watches() == WATCHES);
    edit_the_asset(&scene);
    DRIVER.block_on(plane.compact());
    proxy.watches(Watches::Pass);
    eventually("the words are restored", || says_what_the_branch_says(&scene));
    eventually("each watch was told to list again", || proxy.gone() >= WATCHES);
    goes_on(&scene, &proxy, process);
}
