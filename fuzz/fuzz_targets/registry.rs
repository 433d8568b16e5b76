//! A registry of metrics of any bytes, and the same bytes as a text that claims something.
#![no_main]

#[path = "../properties/content.rs"]
#[allow(dead_code, reason = "each target holds one of them")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::registry(bytes));
