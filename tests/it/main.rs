//! The tests that need a server, a disk or a process.
#[path = "../support/git_http.rs"]
mod git_http;
#[path = "../support/ssh_server.rs"]
mod ssh_server;

mod content_files;
mod git;
mod git_ssh;
