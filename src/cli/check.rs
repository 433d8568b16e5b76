//! `campanile check`: the diagnostics of the operator, offline, for a terminal or for continuous integration.

pub(super) mod local_files;
pub(super) mod manifest;
mod neutral;
mod output;
mod policies;

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use thiserror::Error;

use crate::{
    api::Severity,
    domain::{
        content::diagnostic::Diagnostic,
        wanted::{Inputs, Rows, wanted_rows},
    },
};
use local_files::LocalFiles;
pub(super) use manifest::CheckedPack;
use manifest::Manifests;
use policies::Packs;

/// What is checked, and how it is printed.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// Folders and files: sheets, e-mails, queues, newsletter issues. With a Campaign manifest among them, what that Campaign reads.
    #[arg(required = true, value_name = "DIR|FILE")]
    paths: Vec<PathBuf>,
    /// How the problems are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// How problems are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people, with the line that is meant.
    Text,
    /// A JSON array.
    Json,
    /// Annotations of GitHub Actions.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// Why nothing could be checked.
#[derive(Debug, Error)]
pub(super) enum CheckError {
    /// A path that was given is not there, or cannot be read.
    #[error("failed to read {}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// More files than are looked at.
    #[error("{} holds more than {limit} files", path.display())]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// The bound.
        limit: usize,
    },
    /// There was nothing to check.
    #[error("found no sheet, e-mail file, newsletter issue, task queue or Campaign in what was given")]
    NothingToCheck,
    /// The report has no such form.
    #[error("failed to write the report as JSON")]
    Json(#[from] serde_json::Error),
}

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Checked {
    /// Every problem, in the order of files and places; paths as a person at the command line would write them.
    diagnostics: Vec<Diagnostic>,
    /// How many files were read.
    files: usize,
}

/// Runs the command: 0 without errors, 1 with any.
pub(super) fn run(options: &Options) -> ExitCode {
    let printed = check(&options.paths, Timestamp::now()).and_then(|checked| {
        print(&checked, options.format)?;
        Ok(checked)
    });
    match printed {
        Ok(checked) if checked.has_errors() => ExitCode::FAILURE,
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => super::failed(&error),
    }
}

/// Checks folders and files.
pub(super) fn check(paths: &[PathBuf], now: Timestamp) -> Result<Checked, CheckError> {
    let mut checked = Checked::default();
    for workspace in local_files::workspaces(paths)? {
        let of_workspace = check_workspace(&workspace, now);
        checked.files += of_workspace.files;
        checked.diagnostics.extend(of_workspace.diagnostics);
    }
    if checked.files == 0 && checked.diagnostics.is_empty() {
        return Err(CheckError::NothingToCheck);
    }
    checked.diagnostics.sort();
    checked.diagnostics.dedup();
    Ok(checked)
}

/// The PolicyPacks among folders and files, and what cannot be read of the manifests.
pub(super) fn packs(paths: &[PathBuf]) -> Result<(Vec<CheckedPack>, Vec<Diagnostic>), CheckError> {
    let (mut packs, mut diagnostics) = (Vec::new(), Vec::new());
    for workspace in local_files::workspaces(paths)? {
        let manifests = Manifests::read(&workspace.names, &workspace);
        let shown = |path: &str| workspace.shown(path);
        packs.extend(manifests.packs.into_iter().map(|pack| CheckedPack {
            place: (shown(&pack.place.0), pack.place.1),
            ..pack
        }));
        diagnostics.extend(manifests.diagnostics.into_iter().map(|diagnostic| Diagnostic {
            path: shown(&diagnostic.path),
            ..diagnostic
        }));
    }
    Ok((packs, diagnostics))
}

fn check_workspace(workspace: &LocalFiles, now: Timestamp) -> Checked {
    let manifests = Manifests::read(&workspace.names, workspace);
    let packs = Packs::of(&manifests);
    let (campaigns, rows) = if manifests.campaigns.is_empty() {
        (neutral::campaigns(workspace), Rows::All)
    } else {
        (manifests.campaigns, Rows::OfCampaign)
    };
    let mut diagnostics = manifests.diagnostics;
    diagnostics.extend(packs.diagnostics.iter().cloned());
    let mut files: Vec<String> = manifests.files;
    for campaign in &campaigns {
        let channels = manifests
            .channels
            .iter()
            .filter(|(namespace, _)| *namespace == campaign.namespace)
            .map(|(_, channel)| channel.clone())
            .collect::<Vec<_>>();
        let inputs = Inputs {
            campaign: &campaign.spec,
            campaign_name: &campaign.name,
            files: workspace,
            revision: "",
            channels: &channels,
            now,
        };
        let wanted = wanted_rows(&inputs, rows);
        diagnostics.extend(packs.judge(campaign, &inputs, &wanted, workspace));
        diagnostics.extend(wanted.diagnostics);
        files.extend(wanted.files.into_iter().map(|file| file.path));
    }
    if rows == Rows::All {
        for (name, found) in neutral::issues(workspace) {
            if !files.contains(&name) {
                diagnostics.extend(found);
                files.push(name);
            }
        }
    }
    files.sort();
    files.dedup();
    for diagnostic in &mut diagnostics {
        diagnostic.path = workspace.shown(&diagnostic.path);
    }
    Checked {
        diagnostics,
        files: files.len(),
    }
}

impl Checked {
    /// True where anything is wrong that stops something.
    fn has_errors(&self) -> bool {
        self.count(Severity::Error) > 0
    }

    fn count(&self, severity: Severity) -> usize {
        self.diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == severity)
            .count()
    }

    /// The report in a format; `coloured` only matters to text.
    fn report(&self, format: Format, coloured: bool) -> Result<String, CheckError> {
        Ok(match format {
            Format::Text => output::text(&self.diagnostics, coloured),
            Format::Json => output::json(&self.diagnostics)?,
            Format::Github => output::github(&self.diagnostics),
            Format::Sarif => output::sarif(&self.diagnostics)?,
        })
    }
}

fn print(checked: &Checked, format: Format) -> Result<(), CheckError> {
    // Colours are left out by the stream itself where nobody sees them.
    anstream::print!("{}", checked.report(format, true)?);
    if format == Format::Text {
        let (errors, warnings) = (checked.count(Severity::Error), checked.count(Severity::Warning));
        anstream::eprintln!(
            "{}, {} in {}",
            counted(errors, "error"),
            counted(warnings, "warning"),
            counted(checked.files, "file")
        );
    }
    Ok(())
}

fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

fn unreadable(path: &Path, source: io::Error) -> CheckError {
    CheckError::Unreadable {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
