//! Guards: what a team demands of its words before they go out.

pub mod claims;
