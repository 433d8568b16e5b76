//! What a person at a keyboard sees: kubectl of two versions, on the embedded server and on the real one.
//!
//! One script of command lines; standard output, standard error and the exit code are compared after ages, uids and
//! addresses are hidden.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::differential::embedded::Embedded;
use crate::support::access;
use crate::support::control_plane::{Content, ControlPlane};

/// Longest run of one command; the longest waits for a condition.
const PATIENCE: Duration = Duration::from_mins(1);

/// The manifests that the script applies.
const MANIFESTS: [(&str, &str); 5] = [
    ("definition.yaml", DEFINITION),
    ("one.yaml", ONE),
    ("two.yaml", TWO),
    ("changed.yaml", CHANGED),
    ("bad.yaml", BAD),
];

const DEFINITION: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: lamps.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: lamps, singular: lamp, kind: Lamp, shortNames: [lp], categories: [things]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    selectableFields: [{jsonPath: .spec.colour}]
    additionalPrinterColumns:
    - {name: Colour, type: string, jsonPath: .spec.colour}
    - {name: Watts, type: integer, jsonPath: .spec.watts}
    - {name: Note, type: string, jsonPath: .spec.note, priority: 1}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        description: A lamp on a desk.
        type: object
        properties:
          spec:
            description: What is wanted of the lamp.
            type: object
            required: [watts]
            properties:
              colour: {type: string, enum: [warm, cold], default: warm, description: The colour of its light.}
              watts: {type: integer, minimum: 1, maximum: 100}
              note: {type: string}
          status:
            type: object
            properties:
              conditions:
                type: array
                items:
                  type: object
                  properties: {type: {type: string}, status: {type: string}}
";

const ONE: &str = "
apiVersion: example.com/v1
kind: Lamp
metadata: {name: one, labels: {room: study}}
spec: {watts: 5, note: by the window}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: warm}
";

const TWO: &str = "
apiVersion: example.com/v1
kind: Lamp
metadata: {name: two, labels: {room: hall}}
spec: {watts: 3, colour: cold}
";

const CHANGED: &str = "
apiVersion: example.com/v1
kind: Lamp
metadata: {name: one, labels: {room: study}}
spec: {watts: 7}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: cold, more: words}
";

const BAD: &str = "
apiVersion: example.com/v1
kind: Lamp
metadata: {name: bad}
spec: {watts: 500, color: red}
";

/// The command lines, in their order. Those after `!` fail; those after `sh` are run by the shell.
const SCRIPT: &str = "
kubectl version
kubectl apply -f definition.yaml
kubectl wait --for=condition=Established crd/lamps.example.com --timeout=30s
sh until kubectl get lamps >/dev/null 2>&1; do :; done
kubectl create namespace desk
! kubectl create namespace desk
kubectl config set-context --current --namespace=desk
kubectl get lamps
kubectl get all
kubectl apply -f one.yaml -f two.yaml
kubectl apply -f one.yaml
! kubectl apply -f bad.yaml
! kubectl apply -f bad.yaml --validate=false
kubectl apply --dry-run=server -f changed.yaml
kubectl apply --dry-run=client -f changed.yaml
sh kubectl diff -f changed.yaml | sed 1,2d
kubectl apply -f changed.yaml
! kubectl create -f one.yaml
kubectl get lamps
kubectl get lp -o wide
kubectl get things
kubectl get lamp/one configmap/settings
kubectl get lamp one -o name
kubectl get lamps --show-labels
kubectl get lamps -o jsonpath={.items[*].spec.colour}
kubectl get lamps -o custom-columns=NAME:.metadata.name,W:.spec.watts
kubectl get lamps --sort-by=.spec.watts
kubectl get lamps -l room=hall
kubectl get lamps -l room!=hall
kubectl get lamps --field-selector spec.colour=cold
kubectl get lamps --field-selector metadata.name=one
! kubectl get lamps --field-selector spec.watts=3
kubectl get lamps -l room=
! kubectl get lamps -l a=b=c
kubectl get lamps -A
kubectl get lamps --chunk-size=1
kubectl get lamps --no-headers
! kubectl get lamp nobody
! kubectl get nothings
kubectl get lamp one -o yaml
kubectl get lamp two -o json
kubectl get configmap settings -o yaml
sh timeout 3 kubectl get lamps -w --request-timeout=2s
kubectl describe lamp one
kubectl describe configmap settings
! kubectl describe lamp nobody
kubectl patch lamp one --type=merge -p {\"spec\":{\"watts\":9}}
kubectl patch lamp one --type=json -p [{\"op\":\"replace\",\"path\":\"/spec/watts\",\"value\":10}]
! kubectl patch lamp one -p {\"spec\":{\"watts\":11}}
kubectl patch configmap settings -p {\"data\":{\"more\":null}}
! kubectl patch lamp one --type=merge -p {\"spec\":{\"watts\":1000}}
! kubectl patch lamp nobody --type=merge -p {}
kubectl patch lamp one --subresource=status --type=merge -p {\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}
kubectl wait --for=condition=Ready lamp/one --timeout=10s
kubectl wait --for=jsonpath={.spec.watts}=10 lamp/one --timeout=10s
! kubectl wait --for=condition=Broken lamp/one --timeout=1s
kubectl wait --for=delete lamp/nobody --timeout=5s
kubectl label lamp one shade=green
! kubectl label lamp one shade=blue
kubectl label lamp one shade=blue --overwrite
kubectl label lamp one shade-
! kubectl label lamp one bad!=x
kubectl annotate lamp one note=here
kubectl annotate lamp one note-
sh EDITOR='sed -i s/10$/12/' kubectl edit lamp one
sh EDITOR=true kubectl edit lamp one
sh EDITOR='sed -i s/12$/900/' kubectl edit lamp one 2>&1 | sed '/^A copy/d;s#/tmp/[^ ]*##'
sh EDITOR='sed -i s/cold/hot/' kubectl edit configmap settings
kubectl replace -f two.yaml
kubectl create configmap made --from-literal=a=b
kubectl create secret generic keys --from-literal=token=abc
kubectl create serviceaccount robot
kubectl get secret keys -o jsonpath={.data.token}
kubectl get serviceaccount robot
kubectl describe secret keys
kubectl describe namespace desk
kubectl explain lamp
kubectl explain lamp.spec
kubectl explain lamp.spec.colour
! kubectl explain lamp.nothing
kubectl explain lamp --recursive
kubectl explain configmap.data
kubectl api-resources --api-group=example.com
kubectl api-resources --api-group=coordination.k8s.io
sh kubectl api-versions | grep -E '^(v1|example.com|events|coordination|apiextensions)'
kubectl events
kubectl get events
kubectl auth can-i create lamps
kubectl auth can-i delete lamps --subresource=status
kubectl auth can-i fly nothings
kubectl auth whoami -o jsonpath={.status.userInfo.username}
! kubectl get --raw /apis/example.com/v1/namespaces/desk/lamps/nobody
kubectl get --raw /livez
kubectl delete lamp two --dry-run=server
kubectl delete lamp two --wait=true
! kubectl delete lamp two
kubectl delete lamp two --ignore-not-found
kubectl delete -f one.yaml --cascade=background
kubectl create configmap owner --from-literal=a=b
kubectl delete configmap owner --cascade=orphan
kubectl create configmap front --from-literal=a=b
kubectl delete configmap front --cascade=foreground --wait
kubectl delete lamps -l room=nowhere
kubectl delete lamps --all
kubectl delete secret --all
kubectl delete namespace desk --wait=true --timeout=60s
! kubectl get namespace desk
kubectl delete -f definition.yaml
";

/// Patterns of what two servers cannot have in common, and what stands there instead.
static MASKS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let masks = [
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<uid>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
        (r"(Creation Timestamp:) .*", "$1 <time>"),
        (r#"(resourceVersion"?:) ?"\d+""#, "$1 <version>"),
        (r"(Resource Version:) +\d+", "$1 <version>"),
        (r"127\.0\.0\.1:\d+", "<address>"),
        // Ages at the end of a row, and the spaces before them.
        (r"(?m) +(\d+[smh])+ *$", " <age>"),
        (r"(?m) +(\d+[smh])+ +room=", " <age> room="),
        (r"edit-\d+\.yaml", "edit.yaml"),
        (r"/tmp/(LIVE|MERGED)-\d+", "$1"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ \+0000", "<time>"),
    ];
    let compiled = masks.map(|(pattern, mask)| (Regex::new(pattern).expect("a pattern"), mask));
    compiled.into()
});

/// The versions of kubectl that stand on this machine: the one of the test control plane, and the older one.
fn versions(plane: &ControlPlane) -> Vec<PathBuf> {
    let older = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/kubectl/bin");
    let older =
        fs::read_dir(older).expect("the older kubectl is not installed: run tools/kubectl/install.sh");
    let mut folders: Vec<PathBuf> = older.flatten().map(|entry| entry.path()).collect();
    folders.push(plane.binaries().to_path_buf());
    folders
}

/// A folder with the manifests and a kubeconfig, from which the script is run.
fn desk(kubeconfig: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("make a folder");
    fs::write(folder.path().join("kubeconfig"), kubeconfig).expect("write a kubeconfig");
    for (name, text) in MANIFESTS {
        fs::write(folder.path().join(name), text).expect("write a manifest");
    }
    folder
}

/// What one command line said, masked.
async fn run(line: &str, folder: &Path, binaries: &Path) -> String {
    let mut command = if let Some(rest) = line.strip_prefix("sh ") {
        let mut shell = Command::new("sh");
        shell.args(["-c", rest]);
        shell
    } else {
        let mut kubectl = Command::new(binaries.join("kubectl"));
        kubectl.args(line.split(' ').skip(1));
        kubectl
    };
    let path = std::env::var("PATH").unwrap_or_default();
    let mut child = command
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", binaries.display()))
        .env("KUBECONFIG", folder.join("kubeconfig"))
        .env("KUBECACHEDIR", folder.join("cache"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("start kubectl");
    let mut stdin = child.stdin.take().expect("a standard input");
    let _closed_early = stdin.shutdown().await;
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let output = output
        .unwrap_or_else(|_| panic!("{line}: did not end"))
        .expect("wait");
    let said = format!(
        "{}{}exit {:?}\n",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        output.status.code()
    );
    masked(&said)
}

fn masked(said: &str) -> String {
    let mut text = said.to_owned();
    for (pattern, mask) in MASKS.iter() {
        text = pattern.replace_all(&text, *mask).into_owned();
    }
    text
}

async fn play(kubeconfig: &str, binaries: &Path) -> Vec<(String, String)> {
    let folder = desk(kubeconfig);
    let mut said = Vec::new();
    for line in SCRIPT.lines().filter(|line| !line.is_empty()) {
        let command = line.strip_prefix("! ").unwrap_or(line);
        said.push((line.to_owned(), run(command, folder.path(), binaries).await));
    }
    said
}

/// Whether the real server let the command line succeed or fail as the script says.
fn is_understood(line: &str, said: &str) -> bool {
    said.ends_with("exit Some(0)\n") != line.starts_with("! ")
}

/// Command lines whose answers differ because they are meant to.
const MEANT: [(&str, &str); 3] = [
    (
        "kubectl version",
        "the embedded server says in its version that it is none of Kubernetes' own",
    ),
    (
        "kubectl get all",
        "no kind that the embedded server has from the start is of the category `all`",
    ),
    (
        "kubectl describe namespace desk",
        "kubectl speaks of quotas only where a server has that kind",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_says_the_same_on_both_servers() {
    let plane = ControlPlane::start(Content::Empty).await;
    let real = fs::read_to_string(plane.kubeconfig()).expect("read a kubeconfig");
    let mut report = String::new();
    for binaries in versions(&plane) {
        // The script leaves nothing behind on the real server; the embedded one is a fresh one each time.
        let embedded = Embedded::start().await;
        let identity = embedded.identity("campanile-test-admin");
        let ours = access::kubeconfig(&embedded.url(), embedded.authority(), &identity, "");
        let (theirs, ours) = tokio::join!(play(&real, &binaries), play(&ours, &binaries));
        for ((line, theirs), (_, ours)) in theirs.iter().zip(&ours) {
            if !is_understood(line, theirs) {
                write!(report, "the script is wrong: {line}\n{theirs}").expect("write to memory");
            }
            if theirs != ours && !MEANT.iter().any(|(meant, _)| meant == line) {
                let version = binaries.file_name().unwrap_or_default().display();
                writeln!(
                    report,
                    "{version}: {line}\n--- real\n{theirs}+++ embedded\n{ours}"
                )
                .expect("write to memory");
            }
        }
    }
    assert!(report.is_empty(), "{report}");
}
