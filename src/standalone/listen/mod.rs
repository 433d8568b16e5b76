//! The TLS listener: our own authority, who is behind a connection, and kubeconfigs for them.

mod authority;
mod error;
mod identity;
mod kubeconfig;
mod private_file;
mod server;

pub use authority::{Authority, Identity};
pub use error::ListenError;
pub use identity::Tokens;
pub use kubeconfig::Kubeconfig;
pub use server::{Listener, ListenerOptions};
