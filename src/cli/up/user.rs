//! `campanile up user`: a kubeconfig for another person.

use std::{fs, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;

use super::{CLUSTER, Data, UpError, example, folder::DataFolder};
use crate::standalone::listen::{Authority, Kubeconfig};

/// The longest common name of a certificate, in characters; from RFC 5280.
const LONGEST_NAME: usize = 64;
/// The file that says where the control plane was last served.
const SERVER: &str = "server";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The user's name, as policies and approvals see it
    #[arg(value_parser = user_name)]
    name: String,
    /// A group of the user; may be repeated
    #[arg(long = "group", value_name = "GROUP", value_parser = user_name)]
    groups: Vec<String>,
    #[command(flatten)]
    data: Data,
    /// Where the kubeconfig is written [default: NAME.kubeconfig in the data folder]
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

fn user_name(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if length == 0 || length > LONGEST_NAME || text.chars().any(char::is_control) {
        return Err(format!("give 1 to {LONGEST_NAME} characters that can be printed"));
    }
    Ok(text.to_owned())
}

pub(super) fn run(options: &Options) -> ExitCode {
    match issue(options) {
        Ok(path) => {
            println!("export KUBECONFIG={}", super::quoted(&path));
            ExitCode::SUCCESS
        }
        Err(error) => super::super::failed(&error),
    }
}

fn issue(options: &Options) -> Result<PathBuf, UpError> {
    let folder = DataFolder::at(&options.data.path())?;
    let place = folder.join(SERVER);
    let server = fs::read_to_string(&place).map_err(|source| UpError::File {
        doing: "find a control plane (start one with `campanile up`) by",
        path: place,
        source,
    })?;
    let authority = Authority::open(&folder.join("authority"))?;
    let identity = authority.user(&options.name, &options.groups)?;
    let has_example = folder.join("example.git").exists();
    let kubeconfig = Kubeconfig {
        name: CLUSTER,
        server: server.trim(),
        user: &options.name,
        namespace: if has_example {
            example::NAMESPACE
        } else {
            "default"
        },
    };
    let path = options
        .kubeconfig
        .clone()
        .unwrap_or_else(|| folder.join(&file_name(&options.name)));
    kubeconfig.write(&path, &authority, &identity)?;
    Ok(path)
}

/// A name for a file in the data folder that cannot be one of its own.
fn file_name(user: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    format!("user-{}.kubeconfig", user.chars().map(plain).collect::<String>())
}

/// The URL of a control plane; one that listens everywhere is reached on this machine by its loopback address.
pub(super) fn server(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("https://{address}")
}

/// Keeps where the control plane is served, for kubeconfigs that are made later.
pub(super) fn remember(folder: &DataFolder, server: &str) -> Result<(), UpError> {
    let path = folder.join(SERVER);
    fs::write(&path, format!("{server}\n")).map_err(|source| UpError::File {
        doing: "write",
        path,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_everywhere_is_reached_by_the_loopback() {
        assert_eq!(server(([0, 0, 0, 0], 6443).into()), "https://127.0.0.1:6443");
        assert_eq!(server(([10, 0, 0, 1], 1).into()), "https://10.0.0.1:1");
    }

    #[test]
    fn a_user_cannot_name_a_file_outside_of_the_folder() {
        assert_eq!(file_name("../Ann B"), "user----Ann-B.kubeconfig");
    }
}
