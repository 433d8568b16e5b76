//! A campaign on a branch, its channels, and what their platforms got.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use campanile::{
    api::{
        ANNOTATION_REQUESTED_AT, Asset, AssetPhase, AssetType, Campaign, ChannelConfig, Receipt, ReceiptPhase,
    },
    config::{ClusterOptions, LogFormat, OperatorOptions},
};
use jiff::{Timestamp, ToSpan as _};
use kube::{
    Api, Client, ResourceExt as _,
    api::{ListParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    crash_process::{PATIENCE, Process},
    sink::{Sink, WebhookReceiver},
    support::control_plane::ControlPlane,
};

/// What tests themselves ask the API server with; operators have threads of their own.
pub(crate) static DRIVER: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("make threads for the tests")
});

/// Pause between two looks at a condition.
const POLL: Duration = Duration::from_millis(150);

/// What a lost reply means, and so what the platform can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A folder: one path for each slot.
    NaturalKey,
    /// A webhook whose receiver remembers keys.
    IdempotencyKey,
    /// A webhook whose receiver acts on every request.
    Neither,
}

/// What is on the branch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) class: Class,
    pub(crate) rows: usize,
    /// A page that is edited once everything was published.
    pub(crate) page: bool,
}

impl Script {
    fn assets(self) -> usize {
        self.rows + usize::from(self.page)
    }
}

/// Which API server, and how to reach it.
#[derive(Clone)]
pub(crate) struct Cluster {
    pub(crate) kubeconfig: PathBuf,
    pub(crate) client: Client,
}

impl Cluster {
    pub(crate) async fn of(plane: &ControlPlane) -> Self {
        Self {
            kubeconfig: plane.kubeconfig(),
            client: plane.client().await,
        }
    }
}

/// One campaign in a namespace of its own.
pub(crate) struct Scene {
    pub(crate) script: Script,
    pub(crate) namespace: String,
    pub(crate) receiver: Arc<WebhookReceiver>,
    pub(crate) sink: Sink,
    pub(crate) cluster: Cluster,
    folder: TempDir,
}

/// What stands on a receipt, in short.
pub(crate) type Standing = (String, ReceiptPhase);

impl Scene {
    /// Makes everything but the operator, on the control plane that all tests share.
    pub(crate) fn set(script: Script) -> Self {
        let (cluster, namespace) = DRIVER.block_on(async {
            let plane = ControlPlane::shared().await;
            (Cluster::of(plane).await, plane.namespace("crash").await)
        });
        Self::set_in(cluster, namespace, script)
    }

    pub(crate) fn set_in(cluster: Cluster, namespace: String, script: Script) -> Self {
        let receiver = match script.class {
            Class::Neither => WebhookReceiver::forgetful(),
            _ => WebhookReceiver::remembering(),
        };
        let sink = Sink::start(Arc::clone(&receiver) as Arc<_>);
        let scene = Self {
            script,
            namespace,
            receiver,
            sink,
            cluster,
            folder: tempfile::Builder::new()
                .prefix("crash-")
                .tempdir()
                .expect("make a folder"),
        };
        for account in ["company", "site"] {
            fs::create_dir_all(scene.published_folder().join(account)).expect("make a folder");
        }
        scene.write_branch();
        scene.apply();
        scene
    }

    /// The same scene, whose operators reach the API server in another way.
    pub(crate) fn with_cluster(self, cluster: Cluster) -> Self {
        Self { cluster, ..self }
    }

    /// From now on nobody listens at the address of the channel, until the sink is opened.
    pub(crate) fn close_the_sink(&mut self) {
        self.sink = Sink::closed(Arc::clone(&self.receiver) as Arc<_>);
        let url = format!("{}/company", self.sink.url());
        let patch = Patch::Merge(json!({"spec": {"webhook": {"url": url}}}));
        let (channels, parameters) = (self.api::<ChannelConfig>(), PatchParams::default());
        DRIVER
            .block_on(channels.patch("company", &parameters, &patch))
            .expect("change the channel");
    }

    /// The flags of an operator for this scene; each process has a cache of its own.
    pub(crate) fn options(&self) -> OperatorOptions {
        OperatorOptions {
            cluster: ClusterOptions {
                kubeconfig: Some(self.cluster.kubeconfig.clone()),
                context: None,
                namespace: Some(self.namespace.clone()),
            },
            listen: ([127, 0, 0, 1], 0).into(),
            allow_egress_to: vec!["127.0.0.0/8".parse().expect("a network")],
            allow_local_paths: true,
            cache: Some(self.folder.path().join("cache")),
            leader_elect: false,
            lease_namespace: Some(self.namespace.clone()),
            pod_name: Some("operator".to_owned()),
            restored_at: None,
            log_format: LogFormat::Human,
            concurrency: 8,
        }
    }

    fn repository(&self) -> PathBuf {
        self.folder.path().join("gtm")
    }

    fn published_folder(&self) -> PathBuf {
        self.folder.path().join("published")
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .current_dir(self.repository())
            .args([
                "-c",
                "user.name=Week One",
                "-c",
                "user.email=week-one@example.com",
            ])
            .args(arguments)
            .output()
            .expect("run git");
        assert!(output.status.success(), "git {arguments:?}: {output:?}");
    }

    /// Writes a sheet of so many rows; the next commit has it.
    fn write_sheet(&self, rows: usize) {
        let yesterday = yesterday();
        let utm = "utm_source=linkedin&utm_medium=social&utm_campaign=week1";
        let heading =
            "post_id,publish_date,publish_time,locale,platform,account_target,post_copy,utm_url,status";
        let row = |number: usize| {
            format!(
                "post-{number},{yesterday},09:00,en,linkedin,company,Words of post {number}.,https://www.example.com/?{utm},approved"
            )
        };
        let rows = (1..=rows).map(row);
        let sheet: Vec<String> = std::iter::once(heading.to_owned()).chain(rows).collect();
        fs::write(self.repository().join("sheet.csv"), sheet.join("\n")).expect("write the sheet");
    }

    fn write_branch(&self) {
        let yesterday = yesterday();
        let page = json!({"id": "page", "type": "content_publish", "locale": "en", "asset": "page.md", "due_date": yesterday, "status": "approved"});
        let tasks: Vec<Value> = self.script.page.then_some(page).into_iter().collect();
        let queue = json!({"week_id": "week1", "tasks": tasks});
        fs::create_dir_all(self.repository()).expect("make a folder");
        self.git(&["init", "--quiet", "--initial-branch=main"]);
        self.write_sheet(self.script.rows);
        fs::write(self.repository().join("queue.json"), queue.to_string()).expect("write the queue");
        self.write_page("The first version.");
    }

    /// Commits a version of the page.
    pub(crate) fn write_page(&self, words: &str) {
        let page = format!("---\ntitle: A page\nexcerpt: About it\n---\n\n{words}\n");
        fs::write(self.repository().join("page.md"), page).expect("write the page");
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", words]);
    }

    fn apply(&self) {
        let mut source = json!({
            "git": {"url": format!("file://{}", self.repository().display()), "branch": "main", "interval": "1h"},
            "sheets": [{"path": "sheet.csv"}],
        });
        if self.script.page {
            source["queues"] =
                json!([{"path": "queue.json", "pages": {"platform": "web", "account": "site"}}]);
        }
        self.create::<Campaign>(json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "Campaign", "metadata": {"name": "week1"},
            "spec": {
                "weekId": "week1", "source": source, "timeZone": "UTC", "missed": {"policy": "Publish"},
                "retry": {"limit": 1, "after": "1s"}, "approval": {"branch": "PerRevision"},
            },
        }));
        self.create::<ChannelConfig>(self.channel("company", "linkedin", "company"));
        if self.script.page {
            self.create::<ChannelConfig>(self.channel("site", "web", "site"));
        }
    }

    fn channel(&self, name: &str, platform: &str, account: &str) -> Value {
        let mut spec = json!({"platform": platform, "account": account});
        let url = format!("{}/{account}", self.sink.url());
        match self.script.class {
            Class::NaturalKey => {
                let folder = self.published_folder().join(account);
                spec["objectStore"] = json!({"url": format!("file://{}/{{locale}}", folder.display())});
            }
            Class::IdempotencyKey => {
                spec["webhook"] = json!({"url": url, "idempotency": {"window": "24h"}});
            }
            Class::Neither => spec["webhook"] = json!({"url": url}),
        }
        json!({
            "apiVersion": "campanile.dev/v1alpha1", "kind": "ChannelConfig", "metadata": {"name": name}, "spec": spec,
        })
    }

    fn create<K>(&self, object: Value)
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::Serialize
            + serde::de::DeserializeOwned,
    {
        let object: K = serde_json::from_value(object).expect("an object of its kind");
        let created = DRIVER.block_on(self.api::<K>().create(&PostParams::default(), &object));
        created.expect("create an object");
    }

    pub(crate) fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.cluster.client.clone(), &self.namespace)
    }

    fn list<K>(&self) -> Vec<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned,
    {
        let listed = DRIVER.block_on(self.api::<K>().list(&ListParams::default()));
        listed.map(|list| list.items).unwrap_or_default()
    }

    pub(crate) fn receipts(&self) -> Vec<Receipt> {
        self.list()
    }

    pub(crate) fn assets(&self) -> Vec<Asset> {
        self.list()
    }

    /// The phase of each receipt.
    pub(crate) fn standing(&self) -> Vec<Standing> {
        let receipts = self.receipts();
        let standing = receipts
            .iter()
            .map(|receipt| (receipt.name_any(), phase(receipt)));
        standing.collect()
    }

    fn campaign(&self) -> Campaign {
        let api = self.api::<Campaign>();
        DRIVER.block_on(api.get("week1")).expect("read the campaign")
    }

    /// Asks for the branch to be read.
    pub(crate) fn ask(&self, when: &str) {
        let patch = Patch::Merge(json!({"metadata": {"annotations": {ANNOTATION_REQUESTED_AT: when}}}));
        let asked = DRIVER.block_on(
            self.api::<Campaign>()
                .patch("week1", &PatchParams::default(), &patch),
        );
        asked.expect("ask for the branch to be read");
    }

    /// True once the branch was read since that was asked for.
    pub(crate) fn was_read(&self, when: &str) -> bool {
        let status = self.campaign().status.unwrap_or_default();
        status.last_handled_requested_at.as_deref() == Some(when)
    }

    /// Runs `campanile` as a person would; it has to succeed, and its output is given.
    pub(crate) fn campanile(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_campanile"))
            .args(arguments)
            .args(["--namespace", &self.namespace, "--kubeconfig"])
            .arg(&self.cluster.kubeconfig)
            .env("USER", "dana")
            .output()
            .expect("run campanile");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "campanile {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// True where every asset and its receipt say that nothing more will happen by itself.
    pub(crate) fn rests(&self, page_revision: u32) -> bool {
        let (assets, receipts) = (self.assets(), self.receipts());
        let settled = |asset: &Asset| {
            let status = asset.status.clone().unwrap_or_default();
            let name = status.receipt.clone().unwrap_or_default();
            let Some(receipt) = receipts.iter().find(|receipt| receipt.name_any() == name) else {
                return false;
            };
            let receipt = receipt.status.clone().unwrap_or_default();
            let is_page = asset.spec.type_ == AssetType::Page;
            let posted = status.phase == Some(AssetPhase::Posted)
                && receipt.phase == ReceiptPhase::Published
                && receipt.content_digest == status.content_digest
                && (!is_page || receipt.revision >= page_revision);
            let unknown = status.phase == Some(AssetPhase::Unknown) && receipt.phase == ReceiptPhase::Unknown;
            posted || (unknown && self.script.class == Class::Neither)
        };
        assets.len() == self.script.assets() && assets.iter().all(settled)
    }

    /// What stands in the way of rest, for the message of a failed test.
    pub(crate) fn described(&self) -> String {
        let assets = self.assets();
        let assets = assets.iter().map(|asset| {
            let status = asset.status.clone().unwrap_or_default();
            format!(
                "{}: {:?} {:?} {:?}",
                asset.name_any(),
                status.phase,
                status.reason,
                status.message
            )
        });
        let receipts = self.receipts();
        let receipts = receipts.iter().map(|receipt| {
            let status = receipt.status.clone().unwrap_or_default();
            format!(
                "{}: {:?} {:?} {:#?}",
                receipt.name_any(),
                status.phase,
                status.reason,
                status.attempts
            )
        });
        assets.chain(receipts).collect::<Vec<_>>().join("\n")
    }

    /// Changes every asset in a way that means nothing, so that it is looked at.
    pub(crate) fn touch_assets(&self) {
        for asset in self.assets() {
            let now = Timestamp::now().to_string();
            let patch = Patch::Merge(json!({"metadata": {"annotations": {"example.com/touched": now}}}));
            let (assets, name, parameters) = (self.api::<Asset>(), asset.name_any(), PatchParams::default());
            let touched = DRIVER.block_on(assets.patch(&name, &parameters, &patch));
            touched.expect("touch an asset");
        }
    }

    /// A look that starts now finds nothing to do: nothing is called and no receipt is written.
    pub(crate) fn assert_that_nothing_is_planned(&self, process: &Process) {
        let acts =
            |kind: &str| !kind.starts_with("GET") && (kind.contains("receipts") || !kind.contains(' '));
        let (before, looks) = (process.guard.count(acts), process.reconciled("asset"));
        let look = Timestamp::now().to_string();
        self.ask(&look);
        self.touch_assets();
        let looked = || process.reconciled("asset") >= looks + self.script.assets();
        assert!(
            within(PATIENCE, || self.was_read(&look) && looked()),
            "the branch was read: {}; the assets were looked at: {}; {:#?}",
            self.was_read(&look),
            looked(),
            process.guard.log()
        );
        assert_eq!(process.guard.count(acts), before, "{:#?}", process.guard.log());
    }

    /// What the platform shows is what the receipts say, and no more; `interrupted` were being sent when a process died.
    pub(crate) fn assert_each_slot_once(&self, interrupted: &BTreeSet<String>) {
        let receipts = self.receipts();
        assert_eq!(receipts.len(), self.script.assets(), "{}", self.described());
        for receipt in &receipts {
            let may_be_unknown =
                self.script.class == Class::Neither && interrupted.contains(&receipt.name_any());
            let expected = if may_be_unknown {
                ReceiptPhase::Unknown
            } else {
                ReceiptPhase::Published
            };
            assert_eq!(phase(receipt), expected, "{}", self.described());
            let effects = self.effects_of(receipt);
            let status = receipt.status.clone().unwrap_or_default();
            let revisions = effects.len();
            match (self.script.class, expected) {
                (Class::NaturalKey, _) => assert_eq!(revisions, 1, "{effects:?}"),
                (_, ReceiptPhase::Published) => {
                    assert_eq!(
                        revisions,
                        status.revision.max(1) as usize,
                        "{effects:?} {}",
                        self.described()
                    );
                }
                // The version before the one in doubt was published.
                _ => {
                    let known = status.revision as usize;
                    assert!(
                        (known..=known + 1).contains(&revisions),
                        "{effects:?} {}",
                        self.described()
                    );
                }
            }
            if self.script.class == Class::NaturalKey {
                let recorded = effects
                    .iter()
                    .all(|bytes| status.attempts.iter().any(|attempt| bytes.contains(&attempt.id)));
                assert!(
                    recorded,
                    "{effects:?} is by no attempt on record: {}",
                    self.described()
                );
            }
        }
        let effects: usize = receipts
            .iter()
            .map(|receipt| self.effects_of(receipt).len())
            .sum();
        assert_eq!(
            effects,
            self.effects().len(),
            "something was published that no slot stands for"
        );
    }

    fn effects_of(&self, receipt: &Receipt) -> Vec<String> {
        let post = &receipt.spec.slot.post_id;
        let of_slot = |text: &String| match self.script.class {
            Class::NaturalKey => text.contains(&receipt.name_any()),
            _ => text.contains(&format!("\"postId\":\"{post}\"")),
        };
        self.effects().into_iter().filter(of_slot).collect()
    }

    /// The bytes of everything that the platform shows.
    pub(crate) fn effects(&self) -> Vec<String> {
        if self.script.class == Class::NaturalKey {
            let mut files = Vec::new();
            collect(&self.published_folder(), &mut files);
            return files;
        }
        let published = self.receiver.published();
        let bodies = published
            .iter()
            .map(|(_, body)| String::from_utf8_lossy(body).into_owned());
        bodies.collect()
    }
}

/// The day on which everything is due.
fn yesterday() -> String {
    (Timestamp::now() - 24.hours()).strftime("%F").to_string()
}

fn collect(folder: &Path, files: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("read a folder") {
        let path = entry.expect("read a folder").path();
        if path.is_file() {
            files.push(fs::read_to_string(path).expect("read what was published"));
        } else if !path.ends_with(".campanile") {
            collect(&path, files);
        }
    }
}

pub(crate) fn phase(receipt: &Receipt) -> ReceiptPhase {
    receipt
        .status
        .as_ref()
        .map(|status| status.phase)
        .unwrap_or_default()
}

/// Waits until something holds.
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(POLL);
    }
}

/// Waits until something holds or the time is over; tells which.
pub(crate) fn within(time: Duration, holds: impl Fn() -> bool) -> bool {
    let started = Instant::now();
    while !holds() {
        if started.elapsed() >= time {
            return false;
        }
        std::thread::sleep(POLL);
    }
    true
}
