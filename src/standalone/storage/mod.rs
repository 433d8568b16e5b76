//! Objects as bytes under keys, with one revision for every write, on one file: durable before it answers.
