//! The tests that need a server, a disk or a process.
#[path = "../support/git_http.rs"]
mod git_http;

mod git;
