//! `campanile operator`: runs the operator, and the HTTP server beside it.

use std::{process::ExitCode, sync::Arc};

use futures::future::BoxFuture;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::{
    config::OperatorOptions,
    controller::{self, Error, Operator, OperatorSettings, chain},
    http::{self, Signature, Surface, Woken, push},
    telemetry,
};

/// Runs the operator until SIGTERM or SIGINT; a part that fails ends the process.
pub(crate) fn run(options: OperatorOptions) -> ExitCode {
    telemetry::start(options.log_format);
    end_the_process_on_panic();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("failed to start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(serve(options));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    match result {
        Ok(()) => {
            tracing::info!("stopped");
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(reason = error.reason(), "{}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// A panic in one task must not leave the others running on half a program.
pub(super) fn end_the_process_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::abort();
    }));
}

async fn serve(options: OperatorOptions) -> Result<(), Error> {
    let listen = options.listen;
    let (stop, stopped) = watch::channel(false);
    let wait = |mut stopped: watch::Receiver<bool>| async move {
        drop(stopped.wait_for(|stop| *stop).await);
    };
    let operator = Operator::new(OperatorSettings::new(options)).await?;
    let surface = Arc::new(OperatorSurface(operator.surface()));
    let server = async {
        let served = http::serve(listen, surface, wait(stopped.clone())).await;
        served.map_err(|source| Error::Listen {
            address: listen,
            source,
        })
    };
    let signals = async {
        wait_for_signal().await;
        tracing::info!("stopping");
        stop.send_replace(true);
        Ok(())
    };
    futures::future::try_join3(operator.run(wait(stopped.clone())), server, signals)
        .await
        .map(drop)
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn wait_for_signal() {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Shows the operator to the HTTP server.
pub(crate) struct OperatorSurface(pub(crate) controller::Surface);

impl Surface for OperatorSurface {
    fn ready(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(self.0.ready())
    }

    fn metrics(&self) -> String {
        self.0.metrics()
    }

    fn pushed<'a>(&'a self, signature: Option<Signature>, body: &'a [u8]) -> BoxFuture<'a, Woken> {
        Box::pin(self.wake(signature, body))
    }
}

impl OperatorSurface {
    async fn wake(&self, signature: Option<Signature>, body: &[u8]) -> Woken {
        let Some(signature) = signature else {
            return Woken::NotSigned;
        };
        let signed: Vec<_> = self.0.webhook_targets().await;
        let signed: Vec<_> = signed
            .into_iter()
            .filter(|target| signature.is_by(&target.secret, body))
            .collect();
        if signed.is_empty() {
            return Woken::NotSigned;
        }
        let push = push(body);
        let named: Vec<String> = push
            .repositories
            .iter()
            .map(|url| crate::domain::repository::repository_identity(url))
            .collect();
        let mut woken = 0;
        for target in signed {
            let same_branch = push.branch.as_ref().is_none_or(|branch| *branch == target.branch);
            if !same_branch || !(named.is_empty() || named.contains(&target.repository)) {
                continue;
            }
            if let Err(error) = self.0.wake(&target.campaign).await {
                tracing::warn!(reason = error.reason(), "{}", chain(&error));
                return Woken::Failed;
            }
            woken += 1;
        }
        Woken::Campaigns(woken)
    }
}
