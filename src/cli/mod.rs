//! The command line; the same binary is the kubectl plugin by its name.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

mod check;
mod crds;
mod operator;
mod receipts;
mod up;

use std::{path::Path, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::OperatorOptions;

/// GitOps for marketing: publishes what a git branch says, each slot at most once
#[derive(Debug, Parser)]
#[command(name = "campanile", version, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the operator
    Operator(OperatorOptions),
    /// Read sheets, e-mails, queues and Campaigns as the operator would, and print every problem with its place
    Check(check::Options),
    /// Print the CustomResourceDefinitions
    Crds(crds::Options),
    /// Run the control plane and the operator on this machine, with nothing installed
    Up(Box<up::Options>),
    /// Look at receipts, and settle those that need a person
    Receipts(receipts::Options),
}

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    match command_line().command {
        Command::Operator(options) => operator::run(options),
        Command::Check(options) => check::run(&options),
        Command::Crds(options) => crds::run(&options),
        Command::Up(options) => up::run(*options),
        Command::Receipts(options) => receipts::run(&options),
    }
}

/// Called as `kubectl-campanile`, kubectl's way to find plugins, it names itself as people call it.
fn command_line() -> CommandLine {
    let name = std::env::args_os().next().unwrap_or_default();
    let is_plugin = Path::new(&name)
        .file_name()
        .is_some_and(|name| name == "kubectl-campanile");
    let command = CommandLine::command();
    let command = if is_plugin {
        command.bin_name("kubectl campanile")
    } else {
        command
    };
    CommandLine::from_arg_matches(&command.get_matches()).unwrap_or_else(|error| error.exit())
}

/// Prints an error with its causes, and what a script can tell from it.
fn failed(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("error: {}", crate::controller::chain(error));
    ExitCode::FAILURE
}
