//! `campanile up`: the control plane and the operator on this machine, nothing else needed.

mod error;
mod example;
mod folder;
mod install;
mod user;
mod view;

use std::{
    io::IsTerminal as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Subcommand};
use futures::TryFutureExt as _;
use ipnet::IpNet;
use kube::Client;
use tokio::{net::TcpListener, sync::watch};

use self::{error::UpError, folder::DataFolder};
use super::operator::{OperatorSurface, end_the_process_on_panic, wait_for_signal};
use crate::{
    config::{ClusterOptions, LogFormat, OperatorOptions},
    controller::{Operator, OperatorSettings, connect},
    http,
    standalone::{
        ControlPlane, Options as PlaneOptions,
        listen::{Authority, Kubeconfig, Listener, ListenerOptions, Tokens},
        wire::{Wire, WireOptions},
    },
    telemetry,
};

/// The name of the cluster in our kubeconfigs.
const CLUSTER: &str = "campanile";
/// Who owns the control plane.
const OWNER: &str = "campanile-admin";
/// As whom the operator asks: the service account of `manifests/base`.
const OPERATOR: &str = "system:serviceaccount:campanile-system:campanile";

/// What `campanile up` takes.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    start: Start,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a kubeconfig for another user of a control plane, so that approvals by different people can be tried
    User(user::Options),
}

#[derive(Debug, Args)]
struct Start {
    #[command(flatten)]
    data: Data,
    /// Where the control plane listens, always with TLS
    #[arg(long, default_value = "127.0.0.1:6443", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Another name or address that clients use; may be repeated
    #[arg(long = "host", value_name = "HOST")]
    hosts: Vec<String>,
    /// Where the kubeconfig is written [default: kubeconfig in the data folder]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// Where /livez, /readyz, /metrics and the git webhook of the operator are served, without TLS
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    operator_listen: SocketAddr,
    /// The control plane alone
    #[arg(long, conflicts_with = "example")]
    no_operator: bool,
    /// Make a git repository with an example campaign, and publish it into a folder
    #[arg(long)]
    example: bool,
    /// Addresses that outgoing requests may go to although they are loopback, private or link-local
    #[arg(long, value_delimiter = ',', value_name = "CIDR")]
    allow_egress_to: Vec<IpNet>,
    /// Allow file:// in objectStore.url and as git repository; the example needs and allows it
    #[arg(long)]
    allow_local_paths: bool,
}

/// Where everything is kept.
#[derive(Debug, Args)]
struct Data {
    /// Where everything is kept [default: campanile-data in the home folder]
    #[arg(long, env = "CAMPANILE_DATA", value_name = "FOLDER")]
    data: Option<PathBuf>,
}

impl Data {
    fn path(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| {
            std::env::home_dir()
                .unwrap_or_else(std::env::temp_dir)
                .join("campanile-data")
        })
    }
}

/// Starts the control plane and the operator, or does what the subcommand says.
pub(super) fn run(options: Options) -> ExitCode {
    match options.command {
        Some(Command::User(options)) => user::run(&options),
        None => start(options.start),
    }
}

fn start(options: Start) -> ExitCode {
    // On a terminal the view tells what logs would, and is drawn where they would stand.
    let filter = if std::io::stdout().is_terminal() {
        "error"
    } else {
        "warn"
    };
    telemetry::start_with(LogFormat::Human, filter);
    end_the_process_on_panic();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return super::failed(&error),
    };
    let result = runtime.block_on(serve(options));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => super::failed(&error),
    }
}

async fn serve(options: Start) -> Result<(), UpError> {
    let (stop, stopped) = watch::channel(false);
    let folder = DataFolder::at(&options.data.path())?;
    if options.example {
        example::can_publish_into(&folder)?;
    }
    let opened = ControlPlane::open(folder.path(), PlaneOptions::default()).await;
    let mut plane = opened.map_err(|source| UpError::Start {
        folder: folder.path().to_owned(),
        source: Box::new(source),
    })?;
    let authority = Authority::open(&folder.join("authority"))?;
    let listener = Listener::bind(ListenerOptions {
        address: options.listen,
        hosts: &options.hosts,
        authority: &authority,
        tokens: Tokens::read(&folder.join("tokens.csv"))?,
    })
    .await?;
    let address = listener.address()?;
    let house = House::furnish(options, folder, &authority, address)?;
    let wire = Wire::new(
        plane.registry().clone(),
        WireOptions {
            address: address.to_string(),
            ..WireOptions::default()
        },
    );
    let mut served = tokio::spawn(listener.serve(wire, told(stopped)));
    let result = tokio::select! {
        error = plane.failed() => Err(UpError::Failed(error)),
        _ended = &mut served => return Err(UpError::Ended("the listener")),
        result = house.live() => result,
    };
    // The operator has ended by now, with everything that it still had to write: then the door is closed.
    stop.send_replace(true);
    let ended = served.await;
    plane.stop().await;
    ended.map_err(|_| UpError::Ended("the listener"))?;
    result
}

async fn told(mut stopped: watch::Receiver<bool>) {
    // Whoever would tell is gone: that tells as well.
    drop(stopped.wait_for(|stop| *stop).await);
}

/// A control plane that serves, with its kubeconfigs in place.
struct House {
    options: Start,
    folder: DataFolder,
    kubeconfig: PathBuf,
    operator_kubeconfig: PathBuf,
    has_example: bool,
}

impl House {
    fn furnish(
        options: Start,
        folder: DataFolder,
        authority: &Authority,
        address: SocketAddr,
    ) -> Result<Self, UpError> {
        let server = user::server(address);
        user::remember(&folder, &server)?;
        let has_example = options.example || folder.join("example.git").exists();
        let house = Self {
            kubeconfig: options
                .kubeconfig
                .clone()
                .unwrap_or_else(|| folder.join("kubeconfig")),
            operator_kubeconfig: folder.join("operator.kubeconfig"),
            has_example,
            options,
            folder,
        };
        let namespace = if has_example {
            example::NAMESPACE
        } else {
            "default"
        };
        let people = ["system:masters".to_owned()];
        let accounts = [
            "system:serviceaccounts",
            "system:serviceaccounts:campanile-system",
        ]
        .map(str::to_owned);
        for (path, user, groups) in [
            (&house.kubeconfig, OWNER, people.as_slice()),
            (&house.operator_kubeconfig, OPERATOR, accounts.as_slice()),
        ] {
            let kubeconfig = Kubeconfig {
                name: CLUSTER,
                server: &server,
                user,
                namespace,
            };
            kubeconfig.write(path, authority, &authority.user(user, groups)?)?;
        }
        Ok(house)
    }

    /// Lives until a signal comes or a part of it fails.
    async fn live(self) -> Result<(), UpError> {
        let (stop, stopped) = watch::channel(false);
        let signals = async {
            wait_for_signal().await;
            stop.send_replace(true);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            result = self.work(stopped) => result,
            () = signals => Ok(()),
        }
    }

    async fn work(self, stopped: watch::Receiver<bool>) -> Result<(), UpError> {
        let ready = tokio::select! {
            ready = self.prepare() => ready?,
            () = told(stopped.clone()) => return Ok(()),
        };
        let Some(client) = ready else {
            self.banner(None);
            told(stopped).await;
            return Ok(());
        };
        let (surface, address) = self.listen_for_the_operator().await?;
        self.banner(Some(address));
        let failed = |error| UpError::Operator(Box::new(error));
        let operator = Operator::new(OperatorSettings::new(self.operator_options()))
            .await
            .map_err(failed)?;
        let shown = Arc::new(OperatorSurface(operator.surface()));
        let served = http::serve_on(surface, shown, told(stopped.clone()));
        let failed_to_serve = |source| UpError::Surface { address, source };
        let work = async {
            let served = served.map_err(failed_to_serve);
            futures::future::try_join(operator.run(told(stopped)).map_err(failed), served).await
        };
        tokio::select! {
            ended = work => ended.map(drop),
            () = view::show(client) => Err(UpError::Ended("the view")),
        }
    }

    /// The operator's own door: metrics, health and the webhook.
    async fn listen_for_the_operator(&self) -> Result<(TcpListener, SocketAddr), UpError> {
        let address = self.options.operator_listen;
        let listener = TcpListener::bind(address).await;
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        bound
            .map(|(address, listener)| (listener, address))
            .map_err(|source| UpError::Surface { address, source })
    }

    /// Installs what is missing; a client for the view, where there is something to see.
    async fn prepare(&self) -> Result<Option<Client>, UpError> {
        let client = connect(&cluster(&self.kubeconfig), None)
            .await
            .map_err(|error| UpError::Connect(Box::new(error)))?;
        install::definitions(&client).await?;
        install::policies(&client).await?;
        if self.options.example {
            example::repository(&self.folder)?;
            example::apply(&client, &self.folder).await?;
        }
        Ok((!self.options.no_operator).then_some(client))
    }

    fn operator_options(&self) -> OperatorOptions {
        OperatorOptions {
            cluster: cluster(&self.operator_kubeconfig),
            listen: self.options.operator_listen,
            allow_egress_to: self.options.allow_egress_to.clone(),
            allow_local_paths: self.options.allow_local_paths || self.has_example,
            cache: Some(self.folder.join("mirrors")),
            // The lock on the data folder is the lease.
            leader_elect: false,
            lease_namespace: None,
            pod_name: None,
            restored_at: None,
            log_format: LogFormat::Human,
            concurrency: 64,
        }
    }

    /// What to copy next; with where the operator is reached, if there is one.
    fn banner(&self, operator: Option<SocketAddr>) {
        println!(
            "Campanile is up. Its data lies in {}; Ctrl-C ends it.\n",
            self.folder.path().display()
        );
        if let Some(address) = operator {
            println!(
                "The operator's metrics: http://{address}/metrics; its git webhook: http://{address}/api/webhook/git\n"
            );
        }
        println!("  export KUBECONFIG={}", quoted(&self.kubeconfig));
        if self.has_example {
            println!("  kubectl get assets");
            println!("  git clone {}", quoted(&self.folder.join("example.git")));
            println!("  find {} -type f", quoted(&self.folder.join("published")));
        } else {
            println!("  kubectl get campaigns,assets --all-namespaces");
        }
        println!();
    }
}

fn cluster(kubeconfig: &Path) -> ClusterOptions {
    ClusterOptions {
        kubeconfig: Some(kubeconfig.to_owned()),
        ..ClusterOptions::default()
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+@%,:=".contains(letter);
    if path.chars().all(plain) {
        return path.into_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_quoted_where_a_shell_would_read_more_into_it() {
        assert_eq!(quoted(Path::new("/tmp/a-b.c")), "/tmp/a-b.c");
        assert_eq!(quoted(Path::new("/tmp/a b'c")), r"'/tmp/a b'\''c'");
    }
}
