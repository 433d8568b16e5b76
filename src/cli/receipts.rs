//! `campanile receipts`: look at receipts, and settle those that need a person.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use kube::{
    Api, ResourceExt,
    api::{ListParams, PostParams},
};
use thiserror::Error;

use super::{
    cluster::{Unreached, patiently, reach},
    printed::shown as printed,
};
use crate::{
    api::{Attempt, Receipt, ReceiptStatus},
    config::ClusterOptions,
    domain::receipt::{NotAllowed, Person, adopt, request_release, retry},
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    cluster: ClusterOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List receipts
    List {
        /// Only those in this phase
        #[arg(long, value_name = "PHASE")]
        phase: Option<String>,
    },
    /// Show one receipt with its attempts
    Show {
        /// Name of the Receipt
        name: String,
    },
    /// Record what was found on the platform, for Unknown and Failed
    Adopt {
        /// Name of the Receipt
        name: String,
        /// The platform's id of what was found
        #[arg(long, value_name = "ID")]
        remote_id: String,
        /// Where a reader finds it
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        #[command(flatten)]
        change: Change,
    },
    /// Open the slot again for a new publication, once no earlier sender can be alive
    Release {
        /// Name of the Receipt
        name: String,
        /// Approve what the source says now; an approval serves one release
        #[arg(long)]
        approve: bool,
        #[command(flatten)]
        change: Change,
    },
    /// Try a failed one again, as the same publication
    Retry {
        /// Name of the Receipt
        name: String,
        #[command(flatten)]
        change: Change,
    },
}

#[derive(Debug, Args)]
struct Change {
    /// Why; it is kept on the receipt
    #[arg(long, value_name = "WHY")]
    reason: String,
    /// The resourceVersion that you were shown; refused where the receipt has changed since
    #[arg(long, value_name = "VERSION")]
    resource_version: Option<String>,
}

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Unreached(#[from] Unreached),
    #[error("failed to read receipts")]
    Read(#[source] kube::Error),
    #[error("failed to write the receipt: it has changed since it was read, look at it again")]
    Changed,
    #[error("failed to write the receipt")]
    Write(#[source] kube::Error),
    #[error("the receipt cannot be changed so")]
    NotAllowed(#[from] NotAllowed),
    #[error("the receipt has resourceVersion {now} now, and not {shown}: look at it again")]
    Stale { now: String, shown: String },
}

pub(super) fn run(options: &Options) -> ExitCode {
    match patiently(work(options)) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => super::failed(&error),
    }
}

async fn work(options: &Options) -> Result<String, Failure> {
    let (client, namespace) = reach(&options.cluster).await?;
    let api: Api<Receipt> = Api::namespaced(client, &namespace);
    match &options.command {
        Command::List { phase } => list(&api, phase.as_deref()).await,
        Command::Show { name } => Ok(shown(&api.get(name).await.map_err(Failure::Read)?)),
        Command::Adopt {
            name,
            remote_id,
            url,
            change,
        } => {
            let url = url.as_deref();
            settle(&api, name, change, |status, person, now| {
                adopt(status, remote_id, url, person, now)
            })
            .await
        }
        Command::Release {
            name,
            approve,
            change,
        } => {
            settle(&api, name, change, |status, person, now| {
                request_release(status, *approve, person, now)
            })
            .await
        }
        Command::Retry { name, change } => settle(&api, name, change, retry).await,
    }
}

async fn list(api: &Api<Receipt>, phase: Option<&str>) -> Result<String, Failure> {
    let mut parameters = ListParams::default().limit(500);
    if let Some(phase) = phase {
        parameters = parameters.fields(&format!("status.phase={phase}"));
    }
    let mut rows = vec![
        ["NAME", "POST", "PLATFORM", "ACCOUNT", "PHASE", "REASON", "URL"]
            .map(str::to_owned)
            .to_vec(),
    ];
    loop {
        let page = api.list(&parameters).await.map_err(Failure::Read)?;
        rows.extend(page.items.iter().map(row));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters.continue_token = Some(token),
            None => return Ok(table(&rows)),
        }
    }
}

fn row(receipt: &Receipt) -> Vec<String> {
    let (slot, status) = (&receipt.spec.slot, receipt.status.clone().unwrap_or_default());
    vec![
        receipt.name_any(),
        slot.post_id.clone(),
        slot.platform.clone(),
        slot.account.clone(),
        format!("{:?}", status.phase),
        status.reason.unwrap_or_default(),
        status.url.unwrap_or_default(),
    ]
}

/// Columns padded to the widest cell.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|n| {
            rows.iter()
                .filter_map(|row| row.get(n))
                .map(|c| c.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{:<width$}", printed(cell)))
            .collect();
        text.push_str(cells.join("   ").trim_end());
        text.push('\n');
    }
    text
}

fn shown(receipt: &Receipt) -> String {
    let slot = &receipt.spec.slot;
    let status = receipt.status.clone().unwrap_or_default();
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            for part in [&format!("{name:<18}"), printed(value).as_str(), "\n"] {
                text.push_str(part);
            }
        }
    };
    line("Receipt:", &receipt.name_any());
    line(
        "ResourceVersion:",
        &receipt.resource_version().unwrap_or_default(),
    );
    line("Environment:", &format!("{:?}", slot.environment));
    line("Campaign:", &slot.campaign);
    line("Post:", &slot.post_id);
    line("Target:", &format!("{} / {}", slot.platform, slot.account));
    line("Locale:", &slot.locale);
    line("Item:", &format!("{} {}", slot.item, slot.occurrence));
    line(
        "Phase:",
        &format!("{:?} {}", status.phase, status.reason.clone().unwrap_or_default()),
    );
    line("Message:", status.message.as_deref().unwrap_or_default());
    line(
        "Epoch, revision:",
        &format!("{}, {}", status.epoch, status.revision),
    );
    line("Remote id:", status.remote_id.as_deref().unwrap_or_default());
    line("URL:", status.url.as_deref().unwrap_or_default());
    line(
        "Published:",
        &status
            .published_at
            .as_ref()
            .map(|time| time.0.to_string())
            .unwrap_or_default(),
    );
    line("Approved:", status.approval.as_deref().unwrap_or_default());
    for attempt in &status.attempts {
        line(&format!("Attempt {}:", attempt.number), &attempt_line(attempt));
    }
    for resolution in &status.resolutions {
        let what = format!(
            "{:?} by {} at {}: {}",
            resolution.action, resolution.by, resolution.at.0, resolution.reason
        );
        line("Settled:", &what);
    }
    text
}

fn attempt_line(attempt: &Attempt) -> String {
    let class = attempt
        .class
        .map_or_else(|| "outcome not known".to_owned(), |class| format!("{class:?}"));
    let said = attempt.message.as_deref().unwrap_or_default();
    format!(
        "{} {class} by {} {said}",
        attempt.started_at.0, attempt.sender.pod
    )
}

async fn settle(
    api: &Api<Receipt>,
    name: &str,
    change: &Change,
    next: impl Fn(&ReceiptStatus, &Person, Timestamp) -> Result<ReceiptStatus, NotAllowed>,
) -> Result<String, Failure> {
    let mut receipt = api.get(name).await.map_err(Failure::Read)?;
    let now = receipt.resource_version().unwrap_or_default();
    if let Some(shown) = change.resource_version.clone().filter(|shown| *shown != now) {
        return Err(Failure::Stale { now, shown });
    }
    let person = Person {
        by: user(),
        reason: change.reason.clone(),
    };
    let status = next(
        &receipt.status.clone().unwrap_or_default(),
        &person,
        Timestamp::now(),
    )?;
    receipt.status = Some(status);
    receipt.metadata.managed_fields = None;
    match api.replace_status(name, &PostParams::default(), &receipt).await {
        Ok(written) => Ok(shown(&written)),
        Err(kube::Error::Api(answer)) if answer.code == 409 => Err(Failure::Changed),
        Err(error) => Err(Failure::Write(error)),
    }
}

/// Who asks, as far as the machine knows.
pub(super) fn user() -> String {
    std::env::var("USER")
        .or_else(|_| std::env::var("LOGNAME"))
        .unwrap_or_else(|_| "unknown".to_owned())
}
