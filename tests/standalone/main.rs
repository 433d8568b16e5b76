//! The embedded control plane from outside: its processes, its files and its wire, beside a real control plane.
//! Build that once with `tools/control-plane/build.sh`.

#[cfg(test)]
mod differential;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod kubectl;
#[cfg(test)]
mod storage;
#[cfg(test)]
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod support;
#[cfg(test)]
mod up;
