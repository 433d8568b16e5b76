//! A page of any bytes, rendered to a document.
#![no_main]

#[path = "../properties/content.rs"]
#[allow(dead_code, reason = "each target holds one of them")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::page(bytes));
