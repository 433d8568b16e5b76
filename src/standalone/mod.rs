//! The embedded control plane: a Kubernetes API server for one machine and for tests.
//!
//! Its own house, top to bottom: `listen` and `wire` speak HTTP, `registry` holds the rules of kinds, `storage` keeps
//! bytes and revisions; `schema`, `body`, `patch`, `selector`, `table` and `protobuf` are pure. Nothing in it knows Campanile's kinds,
//! and nothing in it uses the crate outside this folder.

pub mod body;
mod control_plane;
pub mod listen;
pub mod patch;
pub mod protobuf;
pub mod registry;
pub mod schema;
pub mod selector;
pub mod status;
pub mod storage;
pub mod table;
pub mod wire;

pub use control_plane::{ControlPlane, Failure, Options, StartError};
pub use registry::TaskError;
