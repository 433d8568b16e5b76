//! The file of a newsletter issue of any bytes, its names put in, and rendered.
#![no_main]

#[path = "../properties/content.rs"]
#[allow(dead_code, reason = "each target holds one of them")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::newsletter(bytes));
