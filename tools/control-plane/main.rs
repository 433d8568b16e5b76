//! Starts the test control plane for a person, or for the time that a command runs.

use std::process::{Command, ExitCode};

#[expect(
    dead_code,
    clippy::expect_used,
    clippy::panic,
    reason = "written for tests; this uses a part of it"
)]
#[path = "../../tests/support/mod.rs"]
mod support;

use support::control_plane::{Content, ControlPlane};

#[expect(clippy::print_stdout, reason = "the lines are for a person's shell")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<ExitCode> {
    let plane = ControlPlane::start(Content::Definitions).await;
    let mut search = vec![plane.binaries().to_path_buf()];
    search.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let search = std::env::join_paths(search).map_err(std::io::Error::other)?;

    let mut arguments = std::env::args_os().skip(1);
    if let Some(program) = arguments.next() {
        let mut command = Command::new(program);
        let command = command
            .args(arguments)
            .env("KUBECONFIG", plane.kubeconfig())
            .env("PATH", search);
        let status = command.status()?;
        return Ok(u8::try_from(status.code().unwrap_or(1)).map_or(ExitCode::FAILURE, ExitCode::from));
    }
    println!("export KUBECONFIG={}", plane.kubeconfig().display());
    println!("export PATH={}:$PATH", plane.binaries().display());
    println!(
        "# {} is ready; paste the lines above into another shell. Ctrl-C ends it.",
        plane.url()
    );
    tokio::signal::ctrl_c().await?;
    Ok(ExitCode::SUCCESS)
}
