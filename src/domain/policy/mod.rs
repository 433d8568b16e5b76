//! Guards: what a team demands of its words before they go out, as data.
//!
//! A pack is compiled once ([`compile()`]) and judges subjects ([`evaluate()`]); what the world is like it is told
//! ([`Evidence`]). Three-valued: fail beats inconclusive, and inconclusive never passes by itself.

pub mod claims;
mod compile;
mod evaluate;
mod evidence;
#[cfg(test)]
mod fixtures;
mod folded;
mod markup;
mod phrases;
mod places;
mod reading;
mod rules;
mod subject;
mod trial;
mod verdict;
mod words;

pub use compile::{CompiledPack, PackProblem, compile};
pub use evaluate::{MAX_FINDINGS, evaluate};
pub use evidence::{Evidence, LinkFinding, Registries, Sibling};
pub use places::{Places, Spot};
pub(in crate::domain) use rules::weighted;
pub use subject::{Picture, Subject, Words};
pub use trial::{TestOutcome, run_tests};
pub use verdict::{GuardFinding, GuardHalt, HaltScope, Verdict, VerdictResult};

#[cfg(test)]
mod tests;
