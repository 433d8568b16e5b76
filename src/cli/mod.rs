//! The command line; the same binary is the kubectl plugin by its name.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line prints")]

mod approve;
mod channels;
mod check;
mod cluster;
mod comment;
mod crds;
mod done;
mod forecast;
mod halt;
mod operator;
mod plan;
mod policy;
mod printed;
mod receipts;
mod review;
mod simulate;
mod up;
mod why;

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
    /// Print every channel with what it promises when a reply is lost, as a Markdown table
    Channels,
    /// Print the CustomResourceDefinitions
    Crds(crds::Options),
    /// Run the control plane and the operator on this machine, with nothing installed
    Up(Box<up::Options>),
    /// Run the tests of PolicyPacks, and try a pack on what stands in a namespace
    Policy(policy::Options),
    /// Approve assets in your name, with the words and the time that they have now
    Approve(approve::ApproveOptions),
    /// Deny assets in your name: they do not go out with these words
    Deny(approve::DenyOptions),
    /// Look through what waits for a person, and decide at a keystroke
    Review(review::Options),
    /// Look at receipts, and settle those that need a person
    Receipts(receipts::Options),
    /// Say that you have published what you were asked to publish by hand
    Done(done::Options),
    /// Say that you have not published what you were asked to publish by hand, and will not
    NotDone(done::NotDoneOptions),
    /// Print what a folder or a branch would publish, when, through which account, and what is in the way
    Plan(plan::Options),
    /// Play what a folder or a branch says on a virtual clock, and print the calendar that comes of it
    Simulate(simulate::Options),
    /// Explain where an asset is: each gate, what it was judged by, who or what opens it, and when
    Why(why::Options),
    /// Stop what is named, at once; exits 1 where that matches nothing
    Halt(halt::Options),
    /// Lift a Halt: what was due meanwhile goes on as the Halt says
    Resume(halt::ResumeOptions),
}

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    match command_line().command {
        Command::Operator(options) => operator::run(options),
        Command::Check(options) => check::run(&options),
        Command::Channels => channels::run(),
        Command::Crds(options) => crds::run(&options),
        Command::Up(options) => up::run(*options),
        Command::Policy(options) => policy::run(&options),
        Command::Approve(options) => approve::approve(&options),
        Command::Deny(options) => approve::deny(&options),
        Command::Review(options) => review::run(&options),
        Command::Receipts(options) => receipts::run(&options),
        Command::Done(options) => done::run(&options),
        Command::NotDone(options) => done::run_not_done(&options),
        Command::Plan(options) => plan::run(&options),
        Command::Simulate(options) => simulate::run(&options),
        Command::Why(options) => why::run(&options),
        Command::Halt(options) => halt::run(&options),
        Command::Resume(options) => halt::run_resume(&options),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_can_be_parsed() {
        CommandLine::command().debug_assert();
    }
}
