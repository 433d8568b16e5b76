//! Guards: the words pass the policies of the campaign.

use super::{
    super::{
        observed::{GUARDS_NOT_RUN, LINKS_UNCHECKED, Observed},
        plan::GateState,
    },
    closed,
};
use crate::api::AssetPhase;

pub(super) fn guards(observed: &Observed) -> GateState {
    let Some((reason, message)) = &observed.guards.pending else {
        return GateState::Open;
    };
    let phase = if matches!(reason.as_str(), GUARDS_NOT_RUN | LINKS_UNCHECKED) {
        AssetPhase::Pending
    } else {
        AssetPhase::Blocked
    };
    closed(phase, reason, message.clone())
}

#[cfg(test)]
mod tests {
    use crate::domain::fixtures::{minutes, post, said};

    #[test]
    fn a_pack_that_is_missing_closes_the_gate_as_soon_as_it_is_planned() {
        let missing = post().with(|observed| {
            let pending = ("PolicyMissing", "There is no PolicyPack brand.");
            observed.guards.pending = Some((pending.0.to_owned(), pending.1.to_owned()));
        });
        let text = "Blocked PolicyMissing: There is no PolicyPack brand.";
        assert_eq!(said(&missing, minutes(-10_000)), text);
    }
}
