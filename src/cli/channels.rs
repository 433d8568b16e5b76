//! `campanile channels`: every channel, and what it promises when a reply is lost.

use std::process::ExitCode;

use crate::domain::channels::table;

pub(super) fn run() -> ExitCode {
    print!("{}", table());
    ExitCode::SUCCESS
}
