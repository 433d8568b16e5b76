//! An e-mail file of any bytes, rendered, and the same bytes as finished HTML.
#![no_main]

#[path = "../properties/content.rs"]
#[allow(dead_code, reason = "each target holds one of them")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::email(bytes));
