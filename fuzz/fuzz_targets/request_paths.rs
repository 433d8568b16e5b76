//! A request of any bytes to the embedded control plane.
#![no_main]

#[path = "../properties/requests.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::request_paths(bytes));
