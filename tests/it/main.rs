//! The tests that need a server, a disk or a process.
#[cfg(test)]
#[path = "../support/brand.rs"]
mod brand;
#[cfg(test)]
#[path = "../support/certificates.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod certificates;
#[cfg(test)]
#[path = "../support/git_http.rs"]
mod git_http;
#[cfg(test)]
#[path = "../support/pds.rs"]
mod pds;
#[cfg(test)]
#[path = "../support/proxy.rs"]
mod proxy;
#[cfg(test)]
#[path = "../support/s3_server.rs"]
mod s3_server;
#[cfg(test)]
#[path = "../support/sink.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod sink;
#[cfg(test)]
#[path = "../support/smtp_sink.rs"]
mod smtp_sink;
#[cfg(test)]
#[path = "../support/smtp_stand_in.rs"]
mod smtp_stand_in;
#[path = "../support/ssh_server.rs"]
mod ssh_server;

#[cfg(test)]
mod channels;
#[cfg(test)]
mod conformance;
mod content_files;
mod git;
mod git_ssh;
mod guarded_week;
mod layering;
mod plan;
mod policy_examples;
mod sheet_files;
mod week_one;
#[cfg(test)]
#[path = "../support/wordpress.rs"]
mod wordpress;
