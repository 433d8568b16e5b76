//! `campanile done` and `campanile not-done`: what a person says who was asked to publish by hand.

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use kube::{Api, ResourceExt, api::PostParams};
use thiserror::Error;
use url::Url;

use super::{
    cluster::{Unreached, patiently, reach},
    printed::shown,
};
use crate::{
    api::{Asset, Receipt, ReceiptStatus},
    config::ClusterOptions,
    domain::receipt::{NotAllowed, Person, done, not_done},
};

/// Longest address that a Receipt keeps, in bytes.
const MAX_URL: usize = 2000;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    asked: Asked,
    /// Where a reader finds it
    #[arg(long, value_name = "URL", value_parser = readers_address)]
    url: Option<Url>,
}

#[derive(Debug, Args)]
pub(super) struct NotDoneOptions {
    #[command(flatten)]
    asked: Asked,
    /// Why; it is kept on the receipt
    #[arg(long, value_name = "WHY")]
    reason: String,
}

#[derive(Debug, Args)]
struct Asked {
    #[command(flatten)]
    cluster: ClusterOptions,
    /// The Asset, as NAME or asset/NAME
    #[arg(value_name = "ASSET")]
    asset: String,
    /// Who did or did not; you, if left out
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Unreached(#[from] Unreached),
    #[error("failed to read the {0}")]
    Read(&'static str, #[source] Box<kube::Error>),
    #[error("there is no Asset {0} in this namespace: kubectl get assets lists them")]
    NoAsset(String),
    #[error("{0:?} is no Asset: write asset/NAME")]
    OtherKind(String),
    #[error(
        "nobody was asked to publish {0} by hand: it has no Receipt yet. Of what was published all the same, set the status \
         column of its row to posted"
    )]
    NotAskedYet(String),
    #[error("it cannot be said of this asset")]
    NotAllowed(#[from] NotAllowed),
    #[error("failed to write the receipt: it has changed since it was read. Try it again")]
    Changed,
    #[error("failed to write the receipt")]
    Write(#[source] Box<kube::Error>),
}

/// What readers can open: a wrong address on a receipt would be worse than none.
fn readers_address(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|error| format!("it is no address: {error}"))?;
    let plain = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !plain || url.as_str().len() > MAX_URL {
        return Err(format!(
            "write an http or https address without a password, in at most {MAX_URL} bytes"
        ));
    }
    Ok(url)
}

pub(super) fn run(options: &Options) -> ExitCode {
    let url = options.url.as_ref().map(Url::as_str);
    finish(patiently(settle(
        &options.asked,
        "It is published.",
        |status, person, now| done(status, url, person, now),
    )))
}

pub(super) fn run_not_done(options: &NotDoneOptions) -> ExitCode {
    finish(patiently(settle(&options.asked, &options.reason, not_done)))
}

fn finish(answer: Result<String, Failure>) -> ExitCode {
    match answer {
        Ok(text) => {
            println!("{}", shown(&text));
            ExitCode::SUCCESS
        }
        Err(error) => super::failed(&error),
    }
}

/// Writes what the person says, conditional on the receipt that was read.
async fn settle(
    asked: &Asked,
    reason: &str,
    next: impl Fn(&ReceiptStatus, &Person, Timestamp) -> Result<ReceiptStatus, NotAllowed>,
) -> Result<String, Failure> {
    let name = asset_name(&asked.asset)?;
    let (client, namespace) = reach(&asked.cluster).await?;
    let assets: Api<Asset> = Api::namespaced(client.clone(), &namespace);
    let asset = assets.get_opt(name).await.map_err(read("Asset"))?;
    let asset = asset.ok_or_else(|| Failure::NoAsset(name.to_owned()))?;
    let receipt_name = asset.status.and_then(|status| status.receipt);
    let receipt_name = receipt_name.ok_or_else(|| Failure::NotAskedYet(name.to_owned()))?;
    let receipts: Api<Receipt> = Api::namespaced(client, &namespace);
    let mut receipt = receipts.get(&receipt_name).await.map_err(read("Receipt"))?;
    let person = Person {
        by: asked.by.clone().unwrap_or_else(super::receipts::user),
        reason: reason.to_owned(),
    };
    let status = next(&receipt.status.unwrap_or_default(), &person, Timestamp::now())?;
    let said = format!("asset/{name}: {}", status.message.as_deref().unwrap_or_default());
    receipt.status = Some(status);
    receipt.metadata.managed_fields = None;
    match receipts
        .replace_status(&receipt.name_any(), &PostParams::default(), &receipt)
        .await
    {
        Ok(_) => Ok(said),
        Err(kube::Error::Api(answer)) if answer.code == 409 => Err(Failure::Changed),
        Err(error) => Err(Failure::Write(error.into())),
    }
}

fn read(what: &'static str) -> impl Fn(kube::Error) -> Failure {
    move |error| Failure::Read(what, error.into())
}

/// The name in `asset/NAME`, with the kind as kubectl takes it, or a name alone.
fn asset_name(text: &str) -> Result<&str, Failure> {
    let name = match text.split_once('/') {
        None => Some(text),
        Some(("asset" | "assets" | "ast", name)) => Some(name),
        Some(_) => None,
    };
    name.filter(|name| !name.is_empty())
        .ok_or_else(|| Failure::OtherKind(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_reader_can_open_is_kept_as_an_address() {
        assert!(readers_address("https://example.com/groups/1").is_ok());
        for text in [
            "javascript:alert(1)",
            "https://user:word@example.com/",
            "example.com/1",
            &format!("https://example.com/{}", "a".repeat(MAX_URL)),
        ] {
            assert!(readers_address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_asset_is_named_as_kubectl_names_it() {
        assert_eq!(asset_name("launch").unwrap(), "launch");
        assert_eq!(asset_name("asset/launch").unwrap(), "launch");
        assert_eq!(asset_name("ast/launch").unwrap(), "launch");
        for text in ["receipt/launch", "asset/", ""] {
            assert!(asset_name(text).is_err(), "{text}");
        }
    }
}
