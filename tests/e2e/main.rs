//! Everything that needs an API server: the real one, built once with `tools/control-plane/build.sh`, or with
//! `CAMPANILE_E2E_CONTROL_PLANE=embedded` the embedded one.
//!
//! One binary, so that its tests share one control plane: each takes a namespace of its own.

#[cfg(test)]
mod api_faults;
#[cfg(test)]
mod api_proxy;
#[cfg(test)]
mod approvals;
#[cfg(test)]
mod argocd;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
#[path = "../support/brand.rs"]
mod brand;
#[cfg(test)]
mod configuration;
#[cfg(test)]
mod control_plane;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod crash_process;
#[cfg(test)]
mod crash_scene;
#[cfg(test)]
mod crash_two;
#[cfg(test)]
mod disk_full;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod faults;
#[cfg(test)]
#[path = "../support/git_http.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod git_http;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod halts;
#[cfg(test)]
mod halts_in_flight;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod lookups;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod manual;
#[cfg(test)]
mod neighbours;
#[cfg(test)]
mod newsletters;
#[cfg(test)]
mod not_on_the_embedded;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod orphans;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod preparation;
#[cfg(test)]
mod read_by_people;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod released;
#[cfg(test)]
mod restored;
#[cfg(test)]
mod review;
#[cfg(test)]
#[path = "../support/s3_server.rs"]
mod s3_server;
#[cfg(test)]
mod scene;
#[cfg(test)]
#[path = "../support/sink.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod sink;
#[cfg(test)]
mod sink_down;
#[cfg(test)]
#[path = "../support/smtp_sink.rs"]
mod smtp_sink;
#[cfg(test)]
mod source;
#[cfg(test)]
mod story;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod threads;
#[cfg(test)]
mod turned_clock;
#[cfg(test)]
mod watch_faults;
#[cfg(test)]
mod week_one;
#[cfg(test)]
mod why;
