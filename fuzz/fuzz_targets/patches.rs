//! An object and patches of any kind.
#![no_main]

#[path = "../properties/control_plane.rs"]
#[allow(dead_code, reason = "each target holds one of them")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::patches(bytes));
