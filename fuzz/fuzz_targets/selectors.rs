//! A label or field selector of any text.
#![no_main]

#[path = "../properties/control_plane.rs"]
#[allow(dead_code, reason = "each target holds one of them")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::selectors(bytes));
