//! `campanile why`: each gate of an asset, what it was judged by, who or what opens it, and when it is judged again.

mod screen;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use thiserror::Error;

use super::{
    cluster::{Unreached, patiently, reach},
    printed::Output,
};
use crate::{
    api::{Asset, AssetPhase},
    config::ClusterOptions,
    controller::{Asked, Recorded, origin},
    domain::why::{Explanation, explain},
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    cluster: ClusterOptions,
    /// An Asset, as NAME or asset/NAME; or a Campaign and the id of a post, for all of its accounts and locales
    #[arg(required = true, num_args = 1..=2, value_names = ["NAME|CAMPAIGN", "POST"])]
    what: Vec<String>,
    /// How it is printed; several answers are a list under `items` in json
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
}

#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Unreached(#[from] Unreached),
    #[error("failed to read what stands")]
    Read(#[from] crate::controller::Error),
    #[error(
        "there is no {what} in namespace {namespace}: kubectl get assets --namespace {namespace} lists them"
    )]
    NotFound { what: String, namespace: String },
    #[error("{0:?} is no Asset: write asset/NAME, or a Campaign and the id of a post")]
    OtherKind(String),
    #[error("failed to write the answer as JSON")]
    Json(#[from] serde_json::Error),
}

/// An explanation, and what the operator has written on the Asset.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    namespace: String,
    #[serde(flatten)]
    explanation: Explanation,
    operator: OperatorSays,
    /// The words, while a person is asked to publish them by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
}

/// What the operator has written on the Asset: the same, unless something changed since, or only it can know.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct OperatorSays {
    phase: Option<AssetPhase>,
    reason: Option<String>,
    message: Option<String>,
    /// True where it says what is said here.
    agrees: bool,
}

pub(super) fn run(options: &Options) -> ExitCode {
    match patiently(work(options)) {
        Ok(text) => {
            anstream::print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => super::failed(&error),
    }
}

async fn work(options: &Options) -> Result<String, Failure> {
    let asked = asked(&options.what)?;
    let (client, namespace) = reach(&options.cluster).await?;
    let recorded = Recorded::read(&client, &namespace, asked).await?;
    let answers = answers(&recorded, &namespace, Timestamp::now());
    if answers.is_empty() {
        return Err(Failure::NotFound {
            what: named(asked),
            namespace,
        });
    }
    printed(&answers, options.output, matches!(asked, Asked::Named(_)))
}

fn asked(what: &[String]) -> Result<Asked<'_>, Failure> {
    match what {
        [campaign, post] => Ok(Asked::Post {
            campaign: of_kind(campaign, "campaign").unwrap_or(campaign),
            post,
        }),
        [name] => of_kind(name, "asset")
            .filter(|name| !name.is_empty())
            .map(Asked::Named)
            .ok_or_else(|| Failure::OtherKind(name.clone())),
        _ => Err(Failure::OtherKind(what.join(" "))),
    }
}

/// The name in `KIND/NAME`, with the kind as kubectl takes it; a name alone is of any kind.
fn of_kind<'a>(text: &'a str, kind: &str) -> Option<&'a str> {
    let Some((written, name)) = text.split_once('/') else {
        return Some(text);
    };
    let written = written.split('.').next().unwrap_or_default();
    let short = if kind == "asset" { "ast" } else { "camp" };
    let plural = format!("{kind}s");
    [kind, short, plural.as_str()].contains(&written).then_some(name)
}

fn named(asked: Asked<'_>) -> String {
    match asked {
        Asked::Named(name) => format!("Asset {name}"),
        Asked::Post { campaign, post } => format!("Asset of Campaign {campaign} for the post {post}"),
        Asked::All => "Asset".to_owned(),
    }
}

fn answers(recorded: &Recorded, namespace: &str, now: Timestamp) -> Vec<Answer> {
    let answers = recorded.observed(now).into_iter().map(|(asset, observed)| {
        let explanation = explain(&observed, &origin(asset), now);
        Answer {
            namespace: namespace.to_owned(),
            operator: operator_says(asset, &explanation),
            words: (explanation.phase == AssetPhase::AwaitingPerson).then(|| asset.spec.content.text.clone()),
            explanation,
        }
    });
    let mut answers: Vec<Answer> = answers.collect();
    answers.sort_by(|one, other| one.explanation.asset.cmp(&other.explanation.asset));
    answers
}

fn operator_says(asset: &Asset, explanation: &Explanation) -> OperatorSays {
    let status = asset.status.clone().unwrap_or_default();
    let current = asset.metadata.generation == Some(status.observed_generation);
    OperatorSays {
        agrees: current
            && status.phase == Some(explanation.phase)
            && status.reason.as_deref() == Some(&explanation.reason),
        phase: status.phase,
        reason: status.reason,
        message: status.message,
    }
}

fn printed(answers: &[Answer], output: Output, of_one: bool) -> Result<String, Failure> {
    let json = match (output, answers) {
        (Output::Text, [answer]) => return Ok(screen::whole(answer)),
        (Output::Text, several) => return Ok(screen::several(several)),
        (Output::Json, [answer]) if of_one => serde_json::to_string_pretty(answer)?,
        (Output::Json, several) => serde_json::to_string_pretty(&serde_json::json!({"items": several}))?,
    };
    Ok(format!("{json}\n"))
}
