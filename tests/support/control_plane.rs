//! A control plane for tests, each server on a free port of the loopback: the real one (etcd, kube-apiserver and the
//! controllers that collect garbage, end namespaces and aggregate roles), or the embedded one, where the end-to-end
//! suite is told so ([`Engine::chosen`]).
//!
//! Tests that only need a namespace share one per test binary ([`ControlPlane::shared`]); tests
//! that stop servers start their own ([`ControlPlane::start`]).

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicyBinding;
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::wait::{await_condition, conditions};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::OnceCell;

use super::certificates::{Identity, new_key};
use super::engine::{Engine, Signer, etcd_durability};
use super::processes::{GuardedFolder, Server};
use super::{access, binaries};

/// Longest wait for a server; a start takes 3 to 4 seconds on two idle cores.
const PATIENCE: Duration = Duration::from_mins(2);

/// Pause between two looks at a condition.
const POLL: Duration = Duration::from_millis(50);

/// The controllers of kube-controller-manager that a cluster without nodes needs.
const CONTROLLERS: &str = "garbage-collector-controller,namespace-controller,serviceaccount-controller,\
                           clusterrole-aggregation-controller";

/// The folder of what is stored.
const DATA: &str = "data";

/// Not given to an example, which is never played on the embedded control plane.
const OUR_BINARY: Option<&str> = option_env!("CARGO_BIN_EXE_campanile");

static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
static NAMESPACES: AtomicU32 = AtomicU32::new(0);

/// What to start.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing but what Kubernetes itself makes.
    Empty,
    /// Our kinds, made before the garbage collector starts: it learns of kinds
    /// that come later only every 30 seconds.
    Definitions,
}

/// A copy of everything that the API server had stored at one moment.
pub(crate) struct Checkpoint(PathBuf);

/// A running control plane; it ends when the value is dropped or the process ends, however.
pub(crate) struct ControlPlane {
    engine: Engine,
    binaries: PathBuf,
    signer: Signer,
    api_server_port: u16,
    etcd_port: u16,
    checkpoints: u32,
    /// Further flags of the API server.
    flags: Vec<String>,
    controller_manager: Option<Server>,
    api_server: Option<Server>,
    etcd: Option<Server>,
    // Last: the folder goes when the servers that write to it have gone.
    folder: GuardedFolder,
}

impl ControlPlane {
    /// The control plane that all tests of this binary share; use a [`Self::namespace`] of your own.
    pub(crate) async fn shared() -> &'static Self {
        SHARED.get_or_init(|| Self::start(Content::Definitions)).await
    }

    /// Starts a private control plane and waits until it is ready.
    pub(crate) async fn start(content: Content) -> Self {
        Self::start_with(content, &[]).await
    }

    /// Starts a private control plane; kube-apiserver is given further flags.
    pub(crate) async fn start_with(content: Content, flags: &[&str]) -> Self {
        let mut plane = Self::prepare(Engine::chosen());
        plane.flags = flags.iter().map(|&flag| flag.to_owned()).collect();
        plane.start_store();
        plane.start_api_server().await;
        let definitions = campanile::api::custom_resource_definitions();
        match (plane.engine, content) {
            // It installs them by itself, the policies last.
            (Engine::Embedded, _) => {
                plane.wait_until_served(&definitions).await;
                plane
                    .wait_until_bound(&["campanile-approvals", "campanile-halts"])
                    .await;
            }
            (Engine::KubeApiServer, Content::Definitions) => {
                plane.apply_crds(&definitions).await;
                plane.apply_policies().await;
            }
            (Engine::KubeApiServer, Content::Empty) => {}
        }
        plane.start_controller_manager();
        plane
    }

    fn prepare(engine: Engine) -> Self {
        let folder = GuardedFolder::new();
        let signer = Signer::of(engine, &folder.path().join(DATA));
        let plane = Self {
            engine,
            binaries: binaries::folder(),
            signer,
            api_server_port: free_port(),
            etcd_port: free_port(),
            checkpoints: 0,
            flags: Vec::new(),
            controller_manager: None,
            api_server: None,
            etcd: None,
            folder,
        };
        if let Some(serving) = plane.signer.serving() {
            let service_accounts = new_key();
            plane.write("authority.crt", &plane.authority());
            plane.write("serving.crt", &serving.certificate);
            plane.write("serving.key", &serving.key);
            plane.write("service-accounts.key", &service_accounts.serialize_pem());
            plane.write("service-accounts.pub", &service_accounts.public_key_pem());
        }
        plane.write("admin.kubeconfig", &plane.kubeconfig_as(""));
        plane
    }

    /// The address of the API server.
    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.api_server_port)
    }

    /// The certificate, as PEM, that signs the server's own and every client's.
    pub(crate) fn authority(&self) -> String {
        self.signer.pem()
    }

    /// A fresh certificate of a user and one group.
    pub(crate) fn identity(&self, user: &str, group: &str) -> Identity {
        self.signer.client(user, group)
    }

    /// The folder of the binaries, kubectl among them.
    pub(crate) fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// The kubeconfig of a member of `system:masters`, readable by its owner only.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("admin.kubeconfig")
    }

    /// Writes a kubeconfig that acts as somebody else and gives its path. A service account is the
    /// user `system:serviceaccount:NAMESPACE:NAME`; its groups are added by the API server.
    pub(crate) fn kubeconfig_for(&self, user: &str, groups: &[&str]) -> PathBuf {
        let name = user.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-") + ".kubeconfig";
        self.write(&name, &self.kubeconfig_as(&access::impersonation(user, groups)));
        self.folder.path().join(name)
    }

    /// Lets a user approve in a namespace; on the embedded control plane everybody may do everything.
    pub(crate) async fn may_approve(&self, namespace: &str, user: &str) {
        if self.engine == Engine::Embedded {
            return;
        }
        let roles = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/base/roles-people.yaml");
        let roles = roles.display().to_string();
        let user_flag = format!("--user={user}");
        let bind = [
            "create",
            "rolebinding",
            user,
            "--clusterrole=campanile-approver",
            &user_flag,
            "-n",
            namespace,
        ];
        for arguments in [&["apply", "-f", &roles][..], &bind] {
            let output = self.kubectl(arguments).await;
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                output.status.success() || error.contains("already exists"),
                "{error}"
            );
        }
    }

    /// Writes a kubeconfig with a certificate of a person's own, who is in one group, and gives its path.
    pub(crate) fn kubeconfig_of(&self, user: &str, group: &str) -> PathBuf {
        let name = format!("person-{user}-{group}.kubeconfig");
        let identity = self.identity(user, group);
        self.write(
            &name,
            &access::kubeconfig(&self.url(), &self.authority(), &identity, ""),
        );
        self.folder.path().join(name)
    }

    fn kubeconfig_as(&self, impersonation: &str) -> String {
        let admin = self.identity("campanile-test-admin", "system:masters");
        access::kubeconfig(&self.url(), &self.authority(), &admin, impersonation)
    }

    /// A client of a member of `system:masters`, for the runtime that calls; it never retries.
    pub(crate) async fn client(&self) -> kube::Client {
        access::client_from(&self.kubeconfig()).await
    }

    /// A client that acts as somebody else, as in [`Self::kubeconfig_for`].
    pub(crate) async fn client_for(&self, user: &str, groups: &[&str]) -> kube::Client {
        access::client_from(&self.kubeconfig_for(user, groups)).await
    }

    /// Makes a fresh namespace `<prefix>-<number>` and gives its name.
    pub(crate) async fn namespace(&self, prefix: &str) -> String {
        let name = format!("{prefix}-{}", NAMESPACES.fetch_add(1, Ordering::Relaxed));
        let metadata = ObjectMeta {
            name: Some(name.clone()),
            ..ObjectMeta::default()
        };
        let namespace = Namespace {
            metadata,
            ..Namespace::default()
        };
        let api: Api<Namespace> = Api::all(self.client().await);
        api.create(&PostParams::default(), &namespace)
            .await
            .expect("create a namespace");
        name
    }

    /// Applies definitions and waits until the API server serves each of them.
    pub(crate) async fn apply_crds(&self, definitions: &[CustomResourceDefinition]) {
        let api: Api<CustomResourceDefinition> = Api::all(self.client().await);
        let apply = PatchParams::apply("campanile-test").force();
        for definition in definitions {
            let name = definition
                .metadata
                .name
                .as_deref()
                .expect("a definition has a name");
            let applied = api.patch(name, &apply, &Patch::Apply(definition)).await;
            applied.unwrap_or_else(|error| panic!("apply {name}: {error}"));
        }
        self.wait_until_served(definitions).await;
    }

    /// Applies the admission policies as they are shipped.
    pub(crate) async fn apply_policies(&self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/base/admission-approvals.yaml");
        let path = path.display().to_string();
        let output = self.kubectl(&["apply", "-f", &path]).await;
        assert!(
            output.status.success(),
            "apply the policies: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    async fn wait_until_served(&self, definitions: &[CustomResourceDefinition]) {
        let api: Api<CustomResourceDefinition> = Api::all(self.client().await);
        for definition in definitions {
            let name = definition
                .metadata
                .name
                .as_deref()
                .expect("a definition has a name");
            let established = await_condition(api.clone(), name, conditions::is_crd_established());
            tokio::time::timeout(PATIENCE, established)
                .await
                .unwrap_or_else(|_| panic!("{name} was not established within {PATIENCE:?}"))
                .expect("watch a definition");
        }
    }

    async fn wait_until_bound(&self, policies: &[&str]) {
        let api: Api<ValidatingAdmissionPolicyBinding> = Api::all(self.client().await);
        let stands = |binding: Option<&ValidatingAdmissionPolicyBinding>| binding.is_some();
        for policy in policies {
            let bound = tokio::time::timeout(PATIENCE, await_condition(api.clone(), policy, stands)).await;
            bound
                .unwrap_or_else(|_| panic!("{policy} was not bound within {PATIENCE:?}"))
                .expect("watch a binding");
        }
    }

    /// Runs kubectl as the administrator; standard input is empty.
    pub(crate) async fn kubectl(&self, arguments: &[&str]) -> Output {
        self.kubectl_as(&self.kubeconfig(), arguments, "").await
    }

    /// Runs kubectl with a kubeconfig and a text on its standard input (`-f -`).
    pub(crate) async fn kubectl_as(&self, kubeconfig: &Path, arguments: &[&str], input: &str) -> Output {
        let mut child = tokio::process::Command::new(self.binaries().join("kubectl"))
            .args(arguments)
            .env("KUBECONFIG", kubeconfig)
            .env("KUBECACHEDIR", self.folder.path().join("kubectl-cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("start kubectl");
        let mut stdin = child.stdin.take().expect("kubectl has a standard input");
        let feed = async move {
            // A kubectl that read enough closes the pipe; its own answer says what went wrong.
            let _closed_early = stdin.write_all(input.as_bytes()).await;
        };
        let run = async { tokio::join!(feed, child.wait_with_output()).1 };
        let output = tokio::time::timeout(PATIENCE, run).await;
        output
            .unwrap_or_else(|_| panic!("kubectl {arguments:?} did not end"))
            .expect("wait for kubectl")
    }

    /// Kills the API server and starts it again on the same port and data.
    pub(crate) async fn restart_api_server(&mut self) {
        self.stop_api_server();
        self.start_api_server().await;
    }

    /// Kills the API server; connections are refused until [`Self::start_api_server`].
    pub(crate) fn stop_api_server(&mut self) {
        self.api_server = None;
    }

    /// Kills etcd; the API server stays and answers with errors until [`Self::start_etcd`].
    pub(crate) fn stop_etcd(&mut self) {
        self.etcd = None;
    }

    /// Starts etcd on the data that stands.
    ///
    /// # Panics
    /// On the embedded control plane, whose store is in the same process: a test of etcd is one of
    /// those that are not played on it.
    pub(crate) fn start_etcd(&mut self) {
        assert!(self.engine == Engine::KubeApiServer, "there is no etcd");
        let url = format!("http://127.0.0.1:{}", self.etcd_port);
        let arguments = [
            format!("--data-dir={}", self.folder.file(DATA)),
            format!("--listen-client-urls={url}"),
            format!("--advertise-client-urls={url}"),
            "--listen-peer-urls=http://127.0.0.1:0".to_owned(),
            "--log-level=warn".to_owned(),
        ];
        let arguments: Vec<String> = arguments.into_iter().chain(etcd_durability()).collect();
        self.etcd = Some(self.server("etcd", &arguments));
    }

    fn start_store(&mut self) {
        if self.engine == Engine::KubeApiServer {
            self.start_etcd();
        }
    }

    /// Kills what holds the data open.
    fn stop_store(&mut self) {
        match self.engine {
            Engine::KubeApiServer => self.stop_etcd(),
            Engine::Embedded => self.stop_api_server(),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join(DATA)
    }

    /// Copies what is stored now. The store is down while its data is copied.
    pub(crate) async fn checkpoint(&mut self) -> Checkpoint {
        self.checkpoints += 1;
        let copy = self
            .folder
            .path()
            .join(format!("checkpoint-{}", self.checkpoints));
        self.stop_store();
        copy_folder(&self.data(), &copy);
        match self.engine {
            Engine::KubeApiServer => {
                self.start_etcd();
                self.wait_until_ready().await;
            }
            Engine::Embedded => self.start_api_server().await,
        }
        Checkpoint(copy)
    }

    /// Makes the store forget every version of everything but the newest.
    pub(crate) async fn compact(&mut self) {
        if self.engine == Engine::Embedded {
            // Its history begins where it was started.
            return self.restart_api_server().await;
        }
        let newest = self.etcd("kv/range", json!({"key": "AA=="})).await;
        let revision = newest
            .pointer("/header/revision")
            .expect("etcd tells its revision");
        self.etcd("kv/compaction", json!({"revision": revision, "physical": true}))
            .await;
    }

    /// Asks etcd something through its gateway for JSON.
    async fn etcd(&self, call: &str, body: Value) -> Value {
        let url = format!("http://127.0.0.1:{}/v3/{call}", self.etcd_port);
        let answer = reqwest::Client::new()
            .post(url)
            .body(body.to_string())
            .send()
            .await;
        let answer = answer
            .and_then(reqwest::Response::error_for_status)
            .expect("ask etcd");
        serde_json::from_slice(&answer.bytes().await.expect("hear etcd")).expect("etcd answers JSON")
    }

    /// Travels back to a checkpoint, as after a restored backup: every server is restarted, and
    /// resource versions that clients have seen are handed out a second time.
    pub(crate) async fn restore(&mut self, checkpoint: &Checkpoint) {
        self.controller_manager = None;
        self.stop_api_server();
        self.stop_store();
        let data = self.data();
        fs::remove_dir_all(&data).expect("remove the data of the store");
        copy_folder(&checkpoint.0, &data);
        self.start_store();
        self.start_api_server().await;
        self.start_controller_manager();
    }

    /// Starts the API server and waits until it is ready.
    pub(crate) async fn start_api_server(&mut self) {
        let server = match self.engine {
            Engine::KubeApiServer => self.server("kube-apiserver", &self.of_kube_apiserver()),
            Engine::Embedded => {
                let binary = OUR_BINARY.expect("a test knows our binary");
                Server::start(self.folder.path(), Path::new(binary), &self.of_the_embedded())
            }
        };
        self.api_server = Some(server);
        self.wait_until_ready().await;
    }

    /// The control plane alone. Its own kubeconfig stays in its folder: ours names other users.
    fn of_the_embedded(&self) -> [String; 6] {
        [
            "up".to_owned(),
            "--no-operator".to_owned(),
            "--data".to_owned(),
            self.folder.file(DATA),
            "--listen".to_owned(),
            format!("127.0.0.1:{}", self.api_server_port),
        ]
    }

    fn of_kube_apiserver(&self) -> Vec<String> {
        let file = |name| self.folder.file(name);
        let mut arguments = vec![
            format!("--etcd-servers=http://127.0.0.1:{}", self.etcd_port),
            "--bind-address=127.0.0.1".to_owned(),
            "--advertise-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", self.api_server_port),
            format!("--tls-cert-file={}", file("serving.crt")),
            format!("--tls-private-key-file={}", file("serving.key")),
            format!("--cert-dir={}", file("certificates")),
            format!("--client-ca-file={}", file("authority.crt")),
            format!("--service-account-issuer={}", self.url()),
            format!("--service-account-key-file={}", file("service-accounts.pub")),
            format!(
                "--service-account-signing-key-file={}",
                file("service-accounts.key")
            ),
            "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
            "--authorization-mode=RBAC".to_owned(),
            "--anonymous-auth=false".to_owned(),
            "--endpoint-reconciler-type=none".to_owned(),
            "--allow-privileged=true".to_owned(),
        ];
        arguments.extend(self.flags.iter().cloned());
        arguments
    }

    /// The embedded control plane collects garbage and ends namespaces by itself.
    fn start_controller_manager(&mut self) {
        if self.engine == Engine::Embedded {
            return;
        }
        let arguments = [
            format!("--kubeconfig={}", self.kubeconfig().display()),
            format!("--controllers={CONTROLLERS}"),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
        ];
        self.controller_manager = Some(self.server("kube-controller-manager", &arguments));
    }

    /// Waits until `/readyz` says so; a server that ended by itself fails the test with its log.
    async fn wait_until_ready(&mut self) {
        let started = Instant::now();
        let client = self.client().await;
        loop {
            for server in [&mut self.etcd, &mut self.api_server].into_iter().flatten() {
                if let Some(status) = server.ended() {
                    panic!("ended with {status}; {}", server.last_words());
                }
            }
            let request = http::Request::get("/readyz")
                .body(Vec::new())
                .expect("a request for /readyz");
            let answer = tokio::time::timeout(PATIENCE, client.request_text(request)).await;
            if matches!(answer, Ok(Ok(_))) {
                return;
            }
            if started.elapsed() > PATIENCE {
                let words = self
                    .api_server
                    .as_ref()
                    .map(Server::last_words)
                    .unwrap_or_default();
                panic!("the API server was not ready within {PATIENCE:?}; {words}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn server(&self, binary: &str, arguments: &[String]) -> Server {
        Server::start(self.folder.path(), &self.binaries.join(binary), arguments)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        let file = fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .expect("write a file of the control plane");
    }
}

/// A port that nobody listens on, below those that the kernel gives to outgoing connections, so
/// that none of those takes it between this look and the server's start.
fn free_port() -> u16 {
    let mut random = [0_u8; 2];
    loop {
        getrandom::fill(&mut random).expect("draw a port");
        let port = 20_000 + u16::from_ne_bytes(random) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("make a folder");
    for entry in fs::read_dir(from).expect("read a folder") {
        let entry = entry.expect("read a folder");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("tell a file from a folder").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copy a file");
        }
    }
}
