//! A schema and an object of any bytes: the schema is refused, or judges the object.
#![no_main]

#[path = "../properties/schemas.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::crd_schema(bytes));
