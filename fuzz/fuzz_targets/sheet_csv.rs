//! A CSV sheet of any bytes, up to the Assets that are made of it.
#![no_main]

#[path = "../properties/sheets.rs"]
#[allow(dead_code, reason = "each target holds one of them")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::sheet_csv(bytes));
