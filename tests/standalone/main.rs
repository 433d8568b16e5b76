//! The embedded control plane from outside: its processes, its files and its wire.

#[cfg(test)]
mod storage;
