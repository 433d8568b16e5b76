//! A scene: a namespace, a git repository served over HTTP, a receiver of webhooks, and the operator as a child
//! process, with what a test needs to act as a team and to look as a person.

mod exchange;
mod seen;
mod sheet;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::control_plane::stdout;
use crate::git_http::{GitServer, TestRepository};
use crate::sink::{Sink, WebhookReceiver};
use crate::support::control_plane::ControlPlane;
use crate::support::processes::{GuardedFolder, Server};

use exchange::{Answer, request};
pub(crate) use seen::{AssetSeen, Sent, condition, hmac_sha256};
pub(crate) use sheet::{Day, Row, sheet};

/// Longest wait for what has to happen; a Secret is read again every 30 seconds at the latest.
const PATIENCE: Duration = Duration::from_secs(100);
/// Pause between two looks through kubectl.
const POLL: Duration = Duration::from_millis(250);
/// Where the sheet of a scene is, unless a test says otherwise.
pub(crate) const SHEET: &str = "docs/week-1.csv";
/// The API server that a scene plays on.
#[derive(Clone, Copy)]
pub(crate) enum Cluster {
    /// The one that the tests of this binary share.
    ApiServer(&'static ControlPlane),
}

impl Cluster {
    /// The one that tests take unless they say otherwise.
    pub(crate) async fn shared() -> Self {
        Self::ApiServer(ControlPlane::shared().await)
    }

    async fn namespace(self, prefix: &str) -> String {
        match self {
            Self::ApiServer(plane) => plane.namespace(prefix).await,
        }
    }

    fn kubeconfig(self) -> PathBuf {
        match self {
            Self::ApiServer(plane) => plane.kubeconfig(),
        }
    }

    async fn kubectl(self, arguments: &[&str], input: &str) -> Output {
        match self {
            Self::ApiServer(plane) => plane.kubectl_as(&plane.kubeconfig(), arguments, input).await,
        }
    }
}

/// A running scene; the operator ends with it, and its log is printed where the test fails.
pub(crate) struct Scene {
    cluster: Cluster,
    pub(crate) namespace: String,
    pub(crate) day: Day,
    pub(crate) git: GitServer,
    pub(crate) repository: TestRepository,
    pub(crate) sink: Sink,
    pub(crate) receiver: Arc<WebhookReceiver>,
    canaries: Mutex<Vec<String>>,
    flags: Vec<String>,
    /// What the operator is started through.
    wrapper: Vec<String>,
    operator: Option<Server>,
    // After the operator, which writes to it.
    folder: GuardedFolder,
}

impl Scene {
    /// A scene with its operator running, in a namespace of its own.
    pub(crate) async fn start(prefix: &str) -> Self {
        let mut scene = Self::prepare(Cluster::shared().await, prefix).await;
        scene.start_operator(&[]).await;
        scene
    }

    /// A scene whose operator is not started yet.
    pub(crate) async fn prepare(cluster: Cluster, prefix: &str) -> Self {
        let namespace = cluster.namespace(prefix).await;
        Self::within(cluster, namespace).await
    }

    /// A scene in a namespace that stands.
    pub(crate) async fn within(cluster: Cluster, namespace: String) -> Self {
        let git = GitServer::start().await;
        let repository = git.repository("gtm");
        let receiver = WebhookReceiver::remembering();
        Self {
            cluster,
            namespace,
            day: Day::around_noon(),
            repository,
            git,
            sink: Sink::start(receiver.clone()),
            receiver,
            canaries: Mutex::default(),
            flags: Vec::new(),
            wrapper: Vec::new(),
            operator: None,
            folder: GuardedFolder::new(),
        }
    }

    /// How to reach the cluster.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.cluster.kubeconfig()
    }

    /// Starts the operator with further flags, and waits until it is ready.
    pub(crate) async fn start_operator(&mut self, flags: &[&str]) {
        self.flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        self.restart_operator().await;
    }

    /// Starts the operator as it was started before, and waits until it is ready.
    pub(crate) async fn restart_operator(&mut self) {
        let before = self.log().len();
        // Everything that we ever write to the log, so that the canaries are looked for in all of it.
        let mut arguments = vec!["RUST_LOG=info,kube=warn,campanile=trace".to_owned()];
        arguments.extend(self.wrapper.iter().cloned());
        arguments.extend([
            env!("CARGO_BIN_EXE_campanile").to_owned(),
            "operator".to_owned(),
            format!("--kubeconfig={}", self.cluster.kubeconfig().display()),
            format!("--namespace={}", self.namespace),
            "--listen=127.0.0.1:0".to_owned(),
            "--allow-egress-to=127.0.0.0/8".to_owned(),
            "--allow-local-paths".to_owned(),
            format!("--cache={}", self.folder.file("cache")),
        ]);
        if !self.flags.iter().any(|flag| flag.starts_with("--leader-elect")) {
            arguments.push("--leader-elect=false".to_owned());
        }
        arguments.extend(self.flags.iter().cloned());
        self.operator = Some(Server::start(self.folder.path(), Path::new("env"), &arguments));
        self.until("the operator is ready", async || {
            let address = self.address_since(before)?;
            match request(&address, "GET", "/readyz", &[], b"").await?.status {
                200 => Ok(()),
                status => Err(format!("/readyz answers {status}")),
            }
        })
        .await;
    }

    /// Starts the operator with its cache on a disk of that size, which only it sees; needs the right to mount one, or a
    /// kernel that gives it to everybody in a namespace of their own.
    pub(crate) async fn start_operator_on_a_small_disk(&mut self, size: &str) {
        let mount = r#"mount -t tmpfs -o "size=$1" small "$2" && shift 2 && exec "$@""#;
        let cache = self.folder("cache").display().to_string();
        let through = [
            "unshare",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            mount,
            "sh",
            size,
            &cache,
        ];
        self.wrapper = through.map(str::to_owned).to_vec();
        self.start_operator(&[]).await;
    }

    /// The small disk, as the operator sees it.
    pub(crate) fn small_disk(&self) -> PathBuf {
        let operator = self.operator.as_ref().expect("the operator runs");
        let root = format!("/proc/{}/root", operator.id());
        PathBuf::from(root + &self.folder.file("cache"))
    }

    /// Sends SIGTERM to the operator, and takes it out of the scene.
    pub(crate) fn signal_operator(&mut self) -> Server {
        let operator = self.operator.take().expect("the operator runs");
        let id = nix::unistd::Pid::from_raw(i32::try_from(operator.id()).unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGTERM).expect("signal the operator");
        operator
    }

    /// Waits until an operator that was told to end has ended.
    pub(crate) async fn ended_operator(&self, mut operator: Server) -> ExitStatus {
        self.until("the operator ends", async || {
            operator.ended().ok_or_else(|| "it runs".to_owned())
        })
        .await
    }

    /// Tells the operator to end, and waits until it has.
    pub(crate) async fn terminate_operator(&mut self) -> ExitStatus {
        let operator = self.signal_operator();
        self.ended_operator(operator).await
    }

    /// Kills the operator without warning.
    pub(crate) fn kill_operator(&mut self) {
        self.operator = None;
    }

    /// Everything that operators of this scene wrote.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("env.log")).unwrap_or_default()
    }

    /// A folder of the scene's own, made where it is not there yet.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Where the running operator listens.
    fn address_since(&self, start: usize) -> Result<String, String> {
        let log = self.log();
        let said = log.get(start..).unwrap_or_default();
        let port = said.split("address=").nth(1).and_then(|rest| {
            let plain: String = rest
                .chars()
                .take_while(|letter| letter.is_ascii_digit() || ".:".contains(*letter))
                .collect();
            plain.contains(':').then_some(plain)
        });
        port.ok_or_else(|| "it has not said where it listens".to_owned())
    }

    /// Sends one HTTP request to the operator.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let log = self.log();
        let last = log.rfind("listening").expect("the operator listens");
        let address = self.address_since(last).unwrap();
        request(&address, method, path, headers, body).await.unwrap()
    }

    /// Looks until something holds; ends the test with the last thing seen where it never does.
    pub(crate) async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
        let started = Instant::now();
        loop {
            let seen = match look().await {
                Ok(found) => return found,
                Err(seen) => seen,
            };
            assert!(
                started.elapsed() < PATIENCE,
                "{what}: did not happen within {PATIENCE:?}; last seen:\n{seen}"
            );
            tokio::time::sleep(POLL).await;
        }
    }

    /// Runs kubectl in the namespace; it has to succeed.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> String {
        stdout(&self.try_kubectl(arguments, "").await)
    }

    async fn try_kubectl(&self, arguments: &[&str], input: &str) -> Output {
        let arguments = [&["--namespace", &self.namespace], arguments].concat();
        self.cluster.kubectl(&arguments, input).await
    }

    /// Applies manifests.
    pub(crate) async fn apply(&self, manifests: &str) -> String {
        stdout(&self.try_kubectl(&["apply", "-f", "-"], manifests).await)
    }

    /// Applies manifests that the API server has to refuse, and gives what it says.
    pub(crate) async fn refused(&self, manifests: &str) -> String {
        let output = self.try_kubectl(&["apply", "-f", "-"], manifests).await;
        assert!(!output.status.success(), "it was taken:\n{manifests}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// What the API server would say to manifests that it refuses; none where it would take them.
    pub(crate) async fn refusal_of(&self, manifests: &str) -> Option<String> {
        let arguments = ["apply", "--dry-run=server", "-f", "-"];
        let output = self.try_kubectl(&arguments, manifests).await;
        (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Runs a merge patch that has to be refused, and gives what the API server says.
    pub(crate) async fn patch_refused(&self, object: &str, patch: &str) -> String {
        let output = self
            .try_kubectl(&["patch", object, "--type=merge", "-p", patch], "")
            .await;
        assert!(!output.status.success(), "{object} took {patch}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Runs a merge patch.
    pub(crate) async fn patch(&self, object: &str, patch: &str) {
        self.kubectl(&["patch", object, "--type=merge", "-p", patch])
            .await;
    }

    /// Reads objects as JSON.
    pub(crate) async fn json(&self, what: &[&str]) -> Value {
        let arguments = [&["get"], what, &["-o", "json"]].concat();
        serde_json::from_str(&self.kubectl(&arguments).await).unwrap()
    }

    /// Runs `campanile` with the scene's cluster and namespace.
    pub(crate) async fn campanile(&self, command: &str, arguments: &[&str]) -> Output {
        let mut process = tokio::process::Command::new(env!("CARGO_BIN_EXE_campanile"));
        process
            .arg(command)
            .args(["--namespace", &self.namespace, "--kubeconfig"])
            .arg(self.cluster.kubeconfig())
            .args(arguments)
            .env("USER", "dana")
            .kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, process.output()).await;
        output.expect("campanile ends").expect("campanile starts")
    }

    /// Runs kubectl in the namespace as somebody else.
    pub(crate) async fn kubectl_as(&self, kubeconfig: &Path, arguments: &[&str], input: &str) -> Output {
        let arguments = [&["--namespace", &self.namespace], arguments].concat();
        let Cluster::ApiServer(plane) = self.cluster;
        plane.kubectl_as(kubeconfig, &arguments, input).await
    }

    /// Runs `campanile` in the namespace as somebody else.
    pub(crate) async fn campanile_as(&self, kubeconfig: &Path, arguments: &[&str]) -> Output {
        let mut process = tokio::process::Command::new(env!("CARGO_BIN_EXE_campanile"));
        process
            .args(arguments)
            .args(["--namespace", &self.namespace, "--kubeconfig"])
            .arg(kubeconfig)
            .kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, process.output()).await;
        output.expect("campanile ends").expect("campanile starts")
    }

    /// Waits until the Approvals of the campaign `week1` are believed: none of the policy's first seconds is.
    pub(crate) async fn approvals_are_believed(&self) {
        self.until_condition("campaign/week1", "ApprovalsHonoured", "True Enforced")
            .await;
        self.until("the policy is older than ten seconds", async || {
            let binding = ["validatingadmissionpolicybinding/campanile-approvals"];
            let binding = self.json(&binding).await;
            let made = binding["metadata"]["creationTimestamp"].as_str().unwrap();
            let made: jiff::Timestamp = made.parse().unwrap();
            let age = jiff::Timestamp::now().duration_since(made);
            if age > jiff::SignedDuration::from_secs(10) {
                Ok(())
            } else {
                Err(age.to_string())
            }
        })
        .await;
    }

    /// A kubeconfig with a certificate of a person's own, who may approve in the namespace.
    pub(crate) async fn approver(&self, user: &str, group: &str) -> PathBuf {
        let Cluster::ApiServer(plane) = self.cluster;
        plane.may_approve(&self.namespace, user).await;
        plane.kubeconfig_of(user, group)
    }

    /// Commits and pushes one file, and gives the revision.
    pub(crate) fn push(&self, path: &str, content: impl AsRef<[u8]>, message: &str) -> String {
        self.repository.write(path, content);
        let revision = self.repository.commit(message);
        self.repository.push();
        revision
    }

    /// Commits and pushes the sheet.
    pub(crate) fn push_sheet(&self, rows: &[Row], message: &str) -> String {
        self.push(SHEET, sheet(rows), message)
    }

    /// A row that is approved and due.
    pub(crate) fn row(&self, post: &str, copy: &str) -> Row {
        Row {
            post: post.to_owned(),
            date: self.day.today.clone(),
            time: "12:00".to_owned(),
            locale: "en".to_owned(),
            platform: "linkedin".to_owned(),
            account: "company".to_owned(),
            copy: copy.to_owned(),
            status: "approved".to_owned(),
        }
    }

    /// Makes a Secret with a canary for each key, and gives the canaries in the same order.
    pub(crate) async fn secret(&self, name: &str, keys: &[&str]) -> Vec<String> {
        let canaries: Vec<String> = keys.iter().map(|key| self.canary(name, key)).collect();
        let pairs = keys.iter().copied().zip(canaries.iter().map(String::as_str));
        self.secret_with(name, &pairs.collect::<Vec<_>>()).await;
        canaries
    }

    /// Makes or changes a Secret; its values are not canaries.
    pub(crate) async fn secret_with(&self, name: &str, pairs: &[(&str, &str)]) {
        let data: BTreeMap<_, _> = pairs.iter().copied().collect();
        let secret = serde_json::json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data,
        });
        // `replace` alone would keep no trace; `apply` would copy the values into an annotation.
        let text = secret.to_string();
        let made = self.try_kubectl(&["create", "-f", "-"], &text).await;
        if !made.status.success() {
            stdout(&self.try_kubectl(&["replace", "-f", "-"], &text).await);
        }
    }

    /// From now on the git server wants the user name and the password of the Secret `git-credentials`.
    pub(crate) async fn git_credentials(&self) {
        let password = self.canary("git-credentials", "password");
        let pairs = [("username", "team"), ("password", password.as_str())];
        self.secret_with("git-credentials", &pairs).await;
        let basic = STANDARD.encode(format!("team:{password}"));
        self.guard(&basic);
        self.git.require_authorization(&format!("Basic {basic}"));
    }

    fn canary(&self, name: &str, key: &str) -> String {
        let mut random = [0_u8; 9];
        getrandom::fill(&mut random).unwrap();
        let random = data_encoding::BASE32_NOPAD.encode(&random).to_lowercase();
        let canary = format!("canary{random}{}", key.len() + name.len());
        self.guard(&canary);
        canary
    }

    /// From now on this text must be nowhere.
    pub(crate) fn guard(&self, secret: &str) {
        let mut canaries = self.canaries.lock().unwrap();
        canaries.push(secret.to_owned());
        // Base64 of a text inside a longer one has three shapes; its middle is in each of them.
        for shift in 0..3 {
            let shifted = format!("{}{secret}", "x".repeat(shift));
            let encoded = STANDARD.encode(shifted.trim_end());
            let inner = encoded.get(4..encoded.len() - 4).unwrap_or_default();
            canaries.push(inner.to_owned());
        }
    }

    /// A Campaign on the scene's repository, which reads [`SHEET`]; `more` are further lines of its spec.
    pub(crate) fn campaign(&self, name: &str, more: &str) -> String {
        let source = format!("    sheets: [{{path: {SHEET}}}]\n");
        self.campaign_of(name, "", &source, more)
    }

    /// A Campaign: `git` is more of `source.git`, `source` are lines of `source`, `more` lines of the spec.
    pub(crate) fn campaign_of(&self, name: &str, git: &str, source: &str, more: &str) -> String {
        let interval = if git.contains("interval") {
            ""
        } else {
            ", interval: 1s"
        };
        format!(
            "---\napiVersion: campanile.dev/v1alpha1\nkind: Campaign\nmetadata: {{name: {name}}}\nspec:\n  source:\n    \
             git: {{url: \"{}\", branch: main{interval}{git}}}\n{source}  timeZone: {}\n{more}",
            self.git.url("gtm"),
            self.day.zone,
        )
    }

    /// A webhook channel to the sink that answers a repeated webhook-id without acting again.
    pub(crate) fn webhook(&self, name: &str, platform: &str, account: &str, more: &str) -> String {
        format!(
            "---\napiVersion: campanile.dev/v1alpha1\nkind: ChannelConfig\nmetadata: {{name: {name}}}\nspec:\n  platform: \
             {platform}\n  account: {account}\n  webhook: {{url: \"{}/{name}\", idempotency: {{window: 24h}}{more}}}\n",
            self.sink.url(),
        )
    }

    /// A channel that stores what it publishes in a folder of the scene.
    pub(crate) fn store(&self, name: &str, platform: &str, account: &str) -> String {
        format!(
            "---\napiVersion: campanile.dev/v1alpha1\nkind: ChannelConfig\nmetadata: {{name: {name}}}\nspec:\n  platform: \
             {platform}\n  account: {account}\n  objectStore: {{url: \"file://{}/{{locale}}\", publicUrl: \
             \"https://www.example.com/{{locale}}\"}}\n",
            self.folder(name).display(),
        )
    }

    /// The Assets of the namespace.
    pub(crate) async fn assets(&self) -> Vec<AssetSeen> {
        let list = self.json(&["assets"]).await;
        let items = list["items"].as_array().unwrap();
        items.iter().map(AssetSeen::of).collect()
    }

    /// The Asset of that key, as in [`Self::standings`].
    pub(crate) async fn asset(&self, key: &str) -> AssetSeen {
        let found = self.assets().await.into_iter().find(|asset| asset.key == key);
        found.unwrap_or_else(|| panic!("no Asset {key}"))
    }

    /// Where each Asset is: `post platform/account` to `Phase Reason`.
    pub(crate) async fn standings(&self) -> BTreeMap<String, String> {
        let assets = self.assets().await;
        assets
            .into_iter()
            .map(|asset| (asset.key.clone(), asset.standing()))
            .collect()
    }

    /// Waits until the Assets are these, no more and no fewer.
    pub(crate) async fn until_assets_are(&self, wanted: &[(&str, &str)]) {
        let wanted: BTreeMap<String, String> = wanted
            .iter()
            .map(|&(key, standing)| (key.to_owned(), standing.to_owned()))
            .collect();
        self.until(&format!("the Assets are {wanted:#?}"), async || {
            let seen = self.standings().await;
            if seen == wanted {
                Ok(())
            } else {
                Err(format!("{seen:#?}"))
            }
        })
        .await;
    }

    /// Waits until one Asset is where it should be, and gives it.
    pub(crate) async fn until_asset(&self, key: &str, standing: &str) -> AssetSeen {
        self.until_seen(key, standing, AssetSeen::standing).await
    }

    /// Waits until one Asset has a phase, for whatever reason, and gives it.
    pub(crate) async fn until_phase(&self, key: &str, phase: &str) -> AssetSeen {
        self.until_seen(key, phase, |asset| asset.phase.clone()).await
    }

    async fn until_seen(&self, key: &str, wanted: &str, look: impl Fn(&AssetSeen) -> String) -> AssetSeen {
        self.until(&format!("{key} is {wanted}"), async || {
            let assets = self.assets().await;
            let found = assets.into_iter().find(|asset| asset.key == key);
            match found {
                Some(asset) if look(&asset) == wanted => Ok(asset),
                Some(asset) => Err(format!("{} ({})", asset.standing(), asset.message)),
                None => Err("it is not there".to_owned()),
            }
        })
        .await
    }

    /// Waits until a condition of an object has a status and a reason, and gives its message.
    pub(crate) async fn until_condition(&self, object: &str, type_: &str, wanted: &str) -> String {
        self.until(&format!("{object} has {type_}={wanted}"), async || {
            let read = self.json(&[object]).await;
            let condition = condition(&read, type_);
            let Some(condition) = condition else {
                return Err(format!("no condition {type_}: {}", read["status"]));
            };
            let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
            let seen = format!("{} {}", text("status"), text("reason"));
            if seen == wanted {
                Ok(text("message"))
            } else {
                Err(format!("{seen}: {}", text("message")))
            }
        })
        .await
    }

    /// Waits until a Campaign has applied a revision.
    pub(crate) async fn until_applied(&self, campaign: &str, revision: &str) {
        let wanted = format!("@sha1:{revision}");
        self.until(&format!("{campaign} applied {revision}"), async || {
            let read = self.json(&["campaign", campaign]).await;
            let seen = &read["status"]["appliedRevision"];
            if seen.as_str().is_some_and(|seen| seen.ends_with(&wanted)) {
                Ok(())
            } else {
                Err(read["status"].to_string())
            }
        })
        .await;
    }

    /// The events of an object as `type reason`, each as often as there is an Event.
    pub(crate) async fn events_of(&self, object: &str) -> Vec<String> {
        let selector = format!("involvedObject.name={object}");
        let list = self.json(&["events", "--field-selector", &selector]).await;
        let items = list["items"].as_array().unwrap();
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        items
            .iter()
            .map(|event| format!("{} {}", text(event, "type"), text(event, "reason")))
            .collect()
    }

    /// What the sink acted on, in order.
    pub(crate) fn sent(&self) -> Vec<Sent> {
        let whole = self.sink.requests().into_iter().filter(|request| request.whole);
        whole.map(Sent::of).collect()
    }

    /// What the sink acted on, as `post channel`, sorted.
    pub(crate) fn sent_posts(&self) -> Vec<String> {
        let mut posts: Vec<String> = self
            .sent()
            .iter()
            .map(|sent| format!("{} {}", sent.post(), sent.channel()))
            .collect();
        posts.sort();
        posts
    }

    /// Ends the scene: nothing that anybody can read has a secret in it, and nothing was published twice.
    pub(crate) async fn end(self) {
        self.no_canary_sings().await;
        let mut keys: Vec<String> = self.sent().iter().map(|sent| sent.header("webhook-id")).collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(
            keys.len(),
            all,
            "a webhook-id was sent twice: {:?}",
            self.sent_posts()
        );
    }

    /// No Secret's value is in any status, event, log line, receipt or metric.
    pub(crate) async fn no_canary_sings(&self) {
        let kinds = "campaigns,channelconfigs,assets,receipts,approvals,halts,events,configmaps";
        let mut readable = self.kubectl(&["get", kinds, "-o", "yaml"]).await;
        readable += &self
            .kubectl(&["describe", "campaigns,channelconfigs,assets,receipts,halts"])
            .await;
        readable += &self.log();
        if self.operator.is_some() {
            readable += &String::from_utf8_lossy(&self.ask("GET", "/metrics", &[], b"").await.body);
        }
        for canary in &*self.canaries.lock().unwrap() {
            if let Some(at) = readable.find(canary.as_str()) {
                let start = (0..=at.saturating_sub(200))
                    .rev()
                    .find(|&i| readable.is_char_boundary(i));
                panic!("a secret can be read: {}", &readable[start.unwrap()..at]);
            }
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines.get(lines.len().saturating_sub(120)..).unwrap_or_default();
            eprintln!("the operator in {} wrote:\n{}", self.namespace, tail.join("\n"));
        }
    }
}
