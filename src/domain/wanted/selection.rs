//! Which publications become Assets now: those that are due around now, the nearest first, and every page and template.

use jiff::{SignedDuration, Timestamp};

use super::{Inputs, Wanted, WantedAsset, asset, candidate::Candidate, places};

const DAYS_BACK: i64 = 7;
const MAX_ASSETS: usize = 10_000;

/// Makes the Assets, in their order, and counts the rest.
pub(super) fn assets(inputs: &Inputs<'_>, candidates: Vec<Candidate<'_>>, wanted: &mut Wanted) {
    let horizon = Horizon::of(inputs);
    let all = candidates.len();
    let mut chosen: Vec<(Order, Candidate<'_>)> = candidates
        .into_iter()
        .filter(|candidate| candidate.is_state() || horizon.holds(candidate))
        .map(|candidate| (Order::of(&candidate), candidate))
        .collect();
    // States first, so that the limit falls on the posts that are farthest away.
    chosen.sort_by(|(one, left), (other, right)| (!left.is_state(), one).cmp(&(!right.is_state(), other)));
    chosen.truncate(MAX_ASSETS);
    chosen.sort_by(|(one, _), (other, _)| one.cmp(other));
    wanted.outside = u32::try_from(all.saturating_sub(chosen.len())).unwrap_or(u32::MAX);
    wanted.assets = chosen
        .into_iter()
        .map(|(order, candidate)| {
            let (spec, large) = asset::spec(inputs, &candidate);
            if let Some(content) = large {
                wanted.large.insert(order.name.clone(), content);
            }
            let text = wanted
                .large
                .get(&order.name)
                .map_or(&spec.content.text, |content| &content.text);
            let places = places::of(&candidate, text);
            WantedAsset {
                name: order.name,
                slot: candidate.slot,
                spec,
                path: candidate.path.to_owned(),
                line: candidate.span.position.line,
                places,
            }
        })
        .collect();
}

/// By instant, pages first at equal instants, then by name; what has no instant comes last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Order {
    instant: Timestamp,
    after_pages: bool,
    name: String,
}

impl Order {
    fn of(candidate: &Candidate<'_>) -> Self {
        Self {
            instant: candidate.instant.unwrap_or(Timestamp::MAX),
            after_pages: !candidate.is_page(),
            name: candidate.slot.asset_name(),
        }
    }
}

struct Horizon {
    from: Timestamp,
    to: Timestamp,
}

impl Horizon {
    fn of(inputs: &Inputs<'_>) -> Self {
        let back = SignedDuration::from_hours(DAYS_BACK * 24);
        let ahead = SignedDuration::try_from(inputs.campaign.horizon.0).unwrap_or(SignedDuration::MAX);
        Self {
            from: inputs.now.checked_sub(back).unwrap_or(Timestamp::MIN),
            to: inputs.now.checked_add(ahead).unwrap_or(Timestamp::MAX),
        }
    }

    /// What has no instant is held, so that people see why.
    fn holds(&self, candidate: &Candidate<'_>) -> bool {
        candidate
            .instant
            .is_none_or(|instant| self.from <= instant && instant <= self.to)
    }
}
