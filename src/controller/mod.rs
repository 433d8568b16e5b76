//! The operator: controllers that observe, decide, execute and summarise, one folder or file per kind.

mod asset;
mod breaker;
mod campaign;
mod channel_config;
mod clock;
mod context;
mod election;
mod error;
mod fresh;
mod guards;
mod halt;
mod lane;
mod links;
mod live;
mod lock;
mod notify;
mod operator;
mod outgoing;
mod policy_pack;
mod receipt;
mod receipts;
mod recorded;
mod relist;
mod report;
mod secrets;
mod store_age;
mod view;
mod wakes;
mod written;

pub use clock::{Clock, SystemClock};
pub use error::{Error, ErrorClass, chain};
pub use halt::{Matched, matched_by};
pub use operator::{ApiBody, ApiService, Operator, OperatorSettings, Surface, WebhookTarget, connect};
pub use outgoing::{Interceptor, Outgoing, Unhindered};
pub use recorded::{Asked, Recorded, origin, repository_of};
