//! The client of the cluster that an operator or a command works on.

use std::time::Duration;

use kube::{Client, client::ClientBuilder};

use super::super::{error::Error, outgoing::OutgoingLayer};
use crate::config::ClusterOptions;

/// How long the API server may be silent within an answer: the API server ends a watch after 290 seconds, and its watcher
/// waits 5 more.
const LONGEST_SILENCE: Duration = Duration::from_mins(6);

/// A client of the cluster that the options name, every request of which passes a layer.
///
/// # Errors
/// `Configuration` where there is no cluster to be found.
pub async fn connect(options: &ClusterOptions, layer: Option<OutgoingLayer>) -> Result<Client, Error> {
    let boxed = |error: Box<dyn std::error::Error + Send + Sync>| Error::Configuration(error);
    let mut config = configuration(options).await.map_err(boxed)?;
    // A create that is sent twice by a client's own retry would be ours to explain.
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(10));
    // A watch that is silent for longer than that is given up by its watcher first.
    config.read_timeout = Some(LONGEST_SILENCE);
    config.reset_reader_on_write = true;
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        drop(rustls::crypto::ring::default_provider().install_default());
    }
    let builder = ClientBuilder::try_from(config).map_err(|error| boxed(Box::new(error)))?;
    Ok(match layer {
        Some(layer) => builder.with_layer(&layer).build(),
        None => builder.build(),
    })
}

async fn configuration(
    options: &ClusterOptions,
) -> Result<kube::Config, Box<dyn std::error::Error + Send + Sync>> {
    let wanted = kube::config::KubeConfigOptions {
        context: options.context.clone(),
        ..Default::default()
    };
    Ok(match &options.kubeconfig {
        Some(path) => {
            let file = kube::config::Kubeconfig::read_from(path)?;
            kube::Config::from_custom_kubeconfig(file, &wanted).await?
        }
        None if options.context.is_some() => kube::Config::from_kubeconfig(&wanted).await?,
        None => kube::Config::infer().await?,
    })
}
