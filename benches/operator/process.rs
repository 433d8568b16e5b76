//! The operator as a child process.

use std::{
    fs::File,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{Options, counters};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(10);

/// What a process weighs, in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight {
    /// Now.
    pub(crate) resident: f64,
    /// Of it, what is no page of the binary itself.
    pub(crate) anonymous: f64,
    /// At most, since the peak was forgotten.
    pub(crate) peak: f64,
}

/// What the servers of the control plane weigh together, in MiB: the children of this process, shells and git left out.
pub(crate) fn children_resident() -> f64 {
    let ours = format!("PPid:\t{}", std::process::id());
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let statuses = processes.filter_map(|entry| std::fs::read_to_string(entry.path().join("status")).ok());
    let servers = statuses.filter(|status| {
        let names = ["etcd", "kube-apiserver", "kube-controller", "campanile"];
        let is_server = names
            .iter()
            .any(|name| status.starts_with(&format!("Name:\t{name}")));
        is_server && status.lines().any(|line| line == ours)
    });
    servers.map(|status| mebibytes(&status, "VmRSS:")).sum()
}

fn mebibytes(status: &str, field: &str) -> f64 {
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or(f64::NAN) / 1024.0
}

/// A running operator; it is killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    address: String,
    http: reqwest::Client,
    /// When it was started.
    pub(crate) started: Instant,
}

impl Process {
    /// Starts the release binary.
    pub(crate) fn start(options: &Options, kubeconfig: &Path, cache: &Path) -> Self {
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        let address = port.to_string();
        let log = || {
            if options.logs {
                Stdio::inherit()
            } else {
                let path = cache.join("operator.log");
                let file = File::options().create(true).append(true).open(path);
                file.expect("the log").into()
            }
        };
        let started = Instant::now();
        let child = Command::new(&options.binary)
            .arg("operator")
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(["--listen", &address, "--allow-egress-to", "127.0.0.0/8"])
            .args(["--lease-namespace", "default", "--cache"])
            .arg(cache)
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log())
            .spawn()
            .expect("the operator starts");
        Self {
            child,
            address,
            http: reqwest::Client::new(),
            started,
        }
    }

    /// The address of its HTTP server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its metrics; empty while it does not answer yet.
    pub(crate) async fn metrics(&self) -> String {
        match self.http.get(self.url("/metrics")).send().await {
            Ok(response) => response.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// How many sends ended well.
    pub(crate) async fn published(&self) -> f64 {
        counters::sum(
            &self.metrics().await,
            "campanile_publish_total",
            "result",
            "Published",
        )
    }

    /// Waits until so many sends ended well and were recorded.
    pub(crate) async fn wait_until_published(&self, count: f64) -> Instant {
        let began = Instant::now();
        while self.published().await < count {
            assert!(began.elapsed() < PATIENCE, "{count} publications did not happen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Instant::now()
    }

    /// Waits until nothing but the Lease has been asked of the API server for a while; when that began.
    pub(crate) async fn wait_until_quiet(&self) -> Instant {
        let began = Instant::now();
        let (mut last, mut since) = (0.0, Instant::now());
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = counters::total(&self.metrics().await, "controller_runtime_reconcile_total");
            if (now - last).abs() > 0.5 {
                (last, since) = (now, Instant::now());
            } else if last > 0.0 && since.elapsed() > Duration::from_millis(2500) {
                return since;
            }
            assert!(began.elapsed() < PATIENCE, "the operator does not come to rest");
        }
    }

    /// Its memory.
    pub(crate) fn weight(&self) -> Weight {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        Weight {
            resident: mebibytes(&status, "VmRSS:"),
            anonymous: mebibytes(&status, "RssAnon:"),
            peak: mebibytes(&status, "VmHWM:"),
        }
    }

    /// Forgets the highest memory so far.
    pub(crate) fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("forget the peak");
    }

    /// Processor time that it has used, in seconds.
    pub(crate) fn processor_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        // utime and stime, in hundredths of a second.
        let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok());
        (ticks(11).unwrap_or(f64::NAN) + ticks(12).unwrap_or(f64::NAN)) / 100.0
    }

    /// Ends it as a rollout would: it gives its Lease back.
    pub(crate) fn stop(mut self) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"));
        kill(pid, Signal::SIGTERM).expect("the operator still runs");
        let _ended = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
