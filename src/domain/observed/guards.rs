//! What the guards of a campaign say of one asset.

use crate::domain::policy::Verdict;

/// Why an asset waits whose words no guard has judged yet: a look at them is under way.
pub const GUARDS_NOT_RUN: &str = "GuardsNotRun";
/// Why an asset waits whose links nobody has looked at yet: a look at them is under way.
pub const LINKS_UNCHECKED: &str = "LinksUnchecked";

/// What the guards say of one asset. By default nobody is to judge it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GuardFacts {
    /// True where the campaign names policies.
    pub guarded: bool,
    /// True where the campaign says `policies: []`: nobody is to judge, and that is meant.
    pub silenced: bool,
    /// Why nobody can judge yet, as reason and sentence: a pack that is missing or not Ready, links not looked at.
    pub pending: Option<(String, String)>,
    /// What the guards say of exactly these words.
    pub verdict: Option<Verdict>,
    /// The packs that said it, as name and digest, in the order in which the campaign names them.
    pub policies: Vec<(String, String)>,
}
