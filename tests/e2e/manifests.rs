//! `manifests/` as a person applies it.
