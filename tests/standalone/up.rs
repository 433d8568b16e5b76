//! `campanile up` as people run it: the process and the real kubectl.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::binaries;

/// Longest wait for anything; a start takes less than a second on an idle machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// A running `campanile up`; killed when the value is dropped.
struct Up {
    process: Child,
    lines: Receiver<String>,
    data: PathBuf,
    /// Where the operator tells its metrics, where there is one.
    operator: Option<String>,
}

impl Up {
    /// Starts it and waits for the banner.
    fn start(data: &Path, options: &[&str]) -> Self {
        let mut process = command(data)
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .stdout(Stdio::piped())
            .spawn()
            .expect("start campanile up");
        let (told, lines) = channel();
        let out = BufReader::new(process.stdout.take().expect("piped"));
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if told.send(line).is_err() {
                    return;
                }
            }
        });
        let mut up = Self {
            process,
            lines,
            data: data.to_owned(),
            operator: None,
        };
        let mut line = up.wait_for("");
        while !line.contains("export KUBECONFIG=") {
            if let Some(door) = line.split_whitespace().find(|word| word.ends_with("/metrics;")) {
                up.operator = Some(door.trim_end_matches(';').to_owned());
            }
            line = up.wait_for("");
        }
        up
    }

    /// What the operator counts, from where the banner says.
    fn metrics(&self) -> String {
        let url = self.operator.clone().expect("an address in the banner");
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let answered = runtime.block_on(async { reqwest::get(url).await?.error_for_status()?.text().await });
        answered.expect("metrics")
    }

    /// The next line with these words.
    fn wait_for(&self, words: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no line says {words:?}"));
            if line.contains(words) {
                return line;
            }
        }
    }

    fn kubectl(&self, arguments: &[&str]) -> Output {
        kubectl(&self.data.join("kubeconfig"), &self.data, arguments)
    }

    /// Runs kubectl and demands that it succeeds.
    fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.kubectl(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "kubectl {arguments:?}: {error}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Ends it as a service manager does.
    fn end(mut self) {
        let id = i32::try_from(self.process.id()).expect("a process id");
        kill(Pid::from_raw(id), Signal::SIGTERM).expect("signalled");
        let status = self.process.wait().expect("ended");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// A folder whose name an object store takes.
fn folder() -> TempDir {
    let folder = tempfile::Builder::new().prefix("campanile-up-").tempdir();
    folder.expect("a folder")
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_campanile"));
    command.arg("up").arg("--data").arg(data);
    command
}

fn kubectl(kubeconfig: &Path, data: &Path, arguments: &[&str]) -> Output {
    Command::new(binaries::folder().join("kubectl"))
        .args(arguments)
        .env("KUBECONFIG", kubeconfig)
        .env("KUBECACHEDIR", data.join("kubectl-cache"))
        .output()
        .expect("run kubectl")
}

#[test]
fn the_real_kubectl_works_on_the_control_plane_alone() {
    let data = folder();
    let up = Up::start(data.path(), &["--no-operator"]);
    let resources = up.succeeds(&["api-resources", "--api-group=campanile.dev", "-o", "name"]);
    assert!(resources.contains("assets.campanile.dev"), "{resources}");
    up.succeeds(&["create", "namespace", "team"]);
    up.succeeds(&["create", "configmap", "c", "-n", "team", "--from-literal=a=b"]);
    assert!(up.succeeds(&["get", "configmaps", "-n", "team"]).contains("DATA"));
    up.succeeds(&["label", "configmap/c", "-n", "team", "x=y"]);
    up.succeeds(&[
        "patch",
        "configmap/c",
        "-n",
        "team",
        "-p",
        "{\"data\":{\"a\":\"c\"}}",
    ]);
    let wait = "--for=jsonpath={.data.a}=c";
    up.succeeds(&["wait", wait, "configmap/c", "-n", "team", "--timeout=60s"]);
    assert!(up.succeeds(&["explain", "asset.spec.target"]).contains("account"));
    assert!(up.succeeds(&["auth", "whoami"]).contains("system:masters"));
    assert_eq!(up.succeeds(&["auth", "can-i", "delete", "secrets"]).trim(), "yes");
    up.succeeds(&["delete", "namespace", "team", "--timeout=60s"]);
    let gone = up.kubectl(&["get", "configmap", "c", "-n", "team"]);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("not found"));
    up.end();
}

#[test]
fn what_was_written_stands_after_the_next_start_and_nobody_else_starts_meanwhile() {
    let data = folder();
    let up = Up::start(data.path(), &["--no-operator"]);
    up.succeeds(&["create", "configmap", "kept"]);
    let second = command(data.path())
        .args(["--listen", "127.0.0.1:0"])
        .output()
        .expect("run");
    let error = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success());
    assert!(error.contains(&up.process.id().to_string()), "{error}");
    up.end();
    let up = Up::start(data.path(), &["--no-operator"]);
    up.succeeds(&["get", "configmap", "kept"]);
}

#[test]
fn the_next_start_writes_no_definition_again_and_leaves_what_others_noted_on_it() {
    let data = folder();
    let definition = "crd/receipts.campanile.dev";
    let up = Up::start(data.path(), &["--no-operator"]);
    up.succeeds(&["annotate", definition, "meta.helm.sh/release-name=campanile"]);
    let metadata = ["get", definition, "-o", "jsonpath={.metadata}"];
    let before = up.succeeds(&metadata);
    up.end();
    let up = Up::start(data.path(), &["--no-operator"]);
    assert_eq!(up.succeeds(&metadata), before);
}

#[test]
fn another_user_is_who_the_kubeconfig_says_and_nobody_comes_without_one() {
    let data = folder();
    let up = Up::start(data.path(), &["--no-operator"]);
    let issued = Command::new(env!("CARGO_BIN_EXE_campanile"))
        .args(["up", "user", "ann", "--group", "approvers", "--data"])
        .arg(data.path())
        .output()
        .expect("run");
    assert!(
        issued.status.success(),
        "{}",
        String::from_utf8_lossy(&issued.stderr)
    );
    let kubeconfig = data.path().join("user-ann.kubeconfig");
    let output = kubectl(&kubeconfig, data.path(), &["auth", "whoami", "-o", "json"]);
    let review: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let user = &review["status"]["userInfo"];
    assert_eq!(user["username"], "ann");
    assert_eq!(
        user["groups"],
        serde_json::json!(["approvers", "system:authenticated"])
    );
    let server = std::fs::read_to_string(data.path().join("server")).expect("an address");
    let arguments = [
        "get",
        "namespaces",
        "--insecure-skip-tls-verify",
        "--token=wrong",
        "--server",
        server.trim(),
    ];
    let nobody = kubectl(Path::new("/dev/null"), data.path(), &arguments);
    let error = String::from_utf8_lossy(&nobody.stderr).into_owned();
    assert!(error.contains("must be logged in"), "{error}");
    drop(up);
}

#[test]
fn the_example_publishes_and_tells_what_waits_and_what_is_stopped() {
    let data = folder();
    let up = Up::start(data.path(), &["--example"]);
    let metrics = up.metrics();
    assert!(metrics.contains("# EOF"), "{metrics}");
    up.wait_for("published  hello");
    let published = data.path().join("published/linkedin-company");
    assert!(published.exists());
    let wait = "--for=jsonpath={.status.phase}=Posted";
    let asset = up.succeeds(&["get", "assets", "-o", "name"]);
    let hello = asset
        .lines()
        .find(|name| name.contains("/hello-"))
        .expect("a post");
    up.succeeds(&["wait", wait, hello, "--timeout=60s"]);
    let phases = up.succeeds(&["get", "assets", "-o", "jsonpath={.items[*].status.phase}"]);
    for phase in ["Scheduled", "AwaitingApproval", "Invalid"] {
        assert!(phases.contains(phase), "{phases}");
    }
    up.end();
}
