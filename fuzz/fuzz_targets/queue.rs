//! A task queue of any bytes.
#![no_main]

#[path = "../properties/content.rs"]
#[allow(dead_code, reason = "each target holds one of them")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::queue(bytes));
