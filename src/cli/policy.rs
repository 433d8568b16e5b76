//! `campanile policy`: run a pack's own tests, and try a pack on what stands in a namespace.

mod replay;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};

use super::check::{self, CheckError, CheckedPack};
use crate::domain::policy::{self, TestOutcome};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the tests of PolicyPacks, offline; exit 1 where one fails
    Test {
        /// Manifests, or folders of them
        #[arg(required = true, value_name = "FILE|DIR")]
        paths: Vec<PathBuf>,
    },
    /// Try a pack on all assets and receipts of a namespace, and list what would change
    Replay(Box<replay::Options>),
}

pub(super) fn run(options: &Options) -> ExitCode {
    match &options.command {
        Command::Test { paths } => match test(paths) {
            Ok(report) => {
                print!("{}", report.text);
                if report.passed {
                    ExitCode::SUCCESS
                } else {
                    ExitCode::FAILURE
                }
            }
            Err(error) => super::failed(&error),
        },
        Command::Replay(options) => replay::run(options),
    }
}

/// What the tests came to.
#[derive(Debug, Default, PartialEq)]
struct Report {
    text: String,
    passed: bool,
}

fn test(paths: &[PathBuf]) -> Result<Report, CheckError> {
    let (packs, problems) = check::packs(paths)?;
    let mut report = Report {
        text: String::new(),
        passed: problems.is_empty() && !packs.is_empty(),
    };
    for problem in problems {
        report.line(&problem.to_string());
    }
    for pack in &packs {
        report.pack(pack);
    }
    if packs.is_empty() {
        report
            .text
            .push_str("There is no PolicyPack in what was given.\n");
    }
    Ok(report)
}

impl Report {
    fn pack(&mut self, pack: &CheckedPack) {
        let compiled = match policy::compile(&pack.name, &pack.spec) {
            Ok(compiled) => compiled,
            Err(problems) => {
                self.passed = false;
                self.line(&format!("FAIL  {}: its rules cannot be applied", pack.name));
                for problem in problems {
                    self.line(&format!("      {problem}"));
                }
                return;
            }
        };
        let outcomes = policy::run_tests(&compiled);
        let failing: Vec<&TestOutcome> = outcomes.iter().filter(|outcome| !outcome.passed).collect();
        self.passed &= failing.is_empty();
        let word = if failing.is_empty() { "ok  " } else { "FAIL" };
        let passed = outcomes.len() - failing.len();
        let (name, (path, line)) = (&pack.name, &pack.place);
        self.line(&format!(
            "{word}  {name}: {passed} of {} tests pass  {path}:{line}",
            outcomes.len()
        ));
        for outcome in failing {
            self.line(&format!("      {}: {}", outcome.name, outcome.message));
        }
    }

    /// Foreign text steers no terminal.
    fn line(&mut self, text: &str) {
        self.text.extend(text.chars().filter(|one| !one.is_control()));
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: &str = "\
apiVersion: campanile.dev/v1alpha1
kind: PolicyPack
metadata: {name: brand, namespace: resumely}
spec:
  rules:
    - {name: no-hype, message: We promise nothing., bannedPhrases: {phrases: [guaranteed]}}
  tests:
    - {name: hype is refused, asset: {text: Guaranteed interviews, locale: en}, expect: {rule: no-hype, result: RESULT}}
";

    fn tested(result: &str) -> Report {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("pack.yaml");
        std::fs::write(&path, PACK.replace("RESULT", result)).unwrap();
        test(&[path]).unwrap()
    }

    #[test]
    fn a_pack_whose_tests_come_out_passes() {
        let report = tested("Fail");
        assert!(report.passed, "{}", report.text);
        assert!(
            report.text.starts_with("ok    brand: 1 of 1 tests pass"),
            "{}",
            report.text
        );
    }

    #[test]
    fn a_test_that_fails_is_named_and_fails_the_command() {
        let report = tested("Pass");
        assert!(!report.passed);
        assert!(
            report.text.contains("FAIL  brand: 0 of 1 tests pass"),
            "{}",
            report.text
        );
        assert!(report.text.contains("hype is refused: "), "{}", report.text);
    }

    #[test]
    fn a_manifest_that_cannot_be_read_fails_the_command_and_says_where() {
        let report = tested("Maybe");
        assert!(!report.passed);
        assert!(
            report.text.contains("pack.yaml:") && report.text.contains("BadManifest"),
            "{}",
            report.text
        );
    }

    #[test]
    fn nothing_to_test_is_no_success() {
        let folder = tempfile::TempDir::new().unwrap();
        let report = test(&[folder.path().to_owned()]).unwrap();
        assert!(!report.passed && report.text.contains("no PolicyPack"));
    }
}
