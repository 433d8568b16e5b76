//! The kinds of `campanile.dev/v1alpha1`: what people write and what `kubectl get` shows.
//!
//! Types only, no behaviour. The CRDs under `crds/` are made from these types by [`custom_resource_definitions`].

mod approval;
mod asset;
mod blog;
mod breaker;
mod campaign;
mod channel;
mod channel_config;
mod chat;
mod claim_language;
mod condition;
mod definitions;
mod duration;
mod halt;
mod limits;
mod networks;
mod notify;
mod policy_pack;
mod policy_rule;
mod policy_test;
mod receipt;
mod reference;
mod social;

pub use approval::*;
pub use asset::*;
pub use blog::*;
pub use breaker::*;
pub use campaign::*;
pub use channel::{CHANNEL_MEMBERS, Channel, NotOneChannel};
pub use channel_config::*;
pub use chat::*;
pub use claim_language::*;
pub use condition::*;
pub use definitions::custom_resource_definitions;
pub use duration::{GoDuration, InvalidDuration, TimeOfDay};
pub use halt::*;
pub use limits::*;
pub use networks::*;
pub use notify::*;
pub use policy_pack::*;
pub use policy_rule::*;
pub use policy_test::*;
pub use receipt::*;
pub use reference::*;
pub use social::*;

/// The API group of every kind.
pub const GROUP: &str = "campanile.dev";
/// The API version of every kind.
pub const VERSION: &str = "v1alpha1";
/// The name under which our writes appear in `managedFields`.
pub const FIELD_MANAGER: &str = "campanile";

/// Label on Assets and Receipts: the name of the Campaign.
pub const LABEL_CAMPAIGN: &str = "campanile.dev/campaign";
/// Label on Assets and Receipts: the platform.
pub const LABEL_PLATFORM: &str = "campanile.dev/platform";
/// Label on Assets and Receipts: the locale.
pub const LABEL_LOCALE: &str = "campanile.dev/locale";
/// Annotation that asks for a reconcile now; its value is answered in `status.lastHandledRequestedAt`.
pub const ANNOTATION_REQUESTED_AT: &str = "campanile.dev/requestedAt";
