//! How long a source is trusted whose host does not answer.

use jiff::{SignedDuration, Timestamp};

/// The shortest time after which a new answer of the host is written down although nothing else changed.
const SHORTEST_STEP: SignedDuration = SignedDuration::from_mins(1);
/// A new answer is written down after this part of the trust: what an outage of the operator can cost of it.
const STEPS: i32 = 8;

/// When the host last answered, as far as it is written down: to the second while it does not answer, and else as seldom
/// as can be, so that an operator that starts after an outage knows it well enough. Never later than it was.
pub fn recorded(
    before: Option<Timestamp>,
    answered: Option<Timestamp>,
    answers: bool,
    trust: SignedDuration,
) -> Option<Timestamp> {
    let answered = answered.and_then(|at| Timestamp::from_second(at.as_second()).ok());
    let (Some(written), Some(new)) = (before, answered) else {
        return answered.or(before);
    };
    let step = (trust / STEPS).max(SHORTEST_STEP);
    let moves = if answers {
        new.duration_since(written) >= step
    } else {
        new > written
    };
    Some(if moves { new } else { written })
}

/// The instant from which a source is too old whose host does not answer since `failed_at`.
pub fn stale_at(
    recorded: Option<Timestamp>,
    failed_at: Timestamp,
    trust: SignedDuration,
) -> Option<Timestamp> {
    let since = recorded.map_or(failed_at, |recorded| recorded.min(failed_at));
    since.checked_add(trust).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUST: SignedDuration = SignedDuration::from_hours(8);

    fn at(minutes: i64) -> Option<Timestamp> {
        Timestamp::from_second(1_771_232_400 + minutes * 60).ok()
    }

    #[test]
    fn while_the_host_answers_that_is_written_down_seldom() {
        assert_eq!(recorded(None, at(0), true, TRUST), at(0));
        assert_eq!(recorded(at(0), at(59), true, TRUST), at(0));
        assert_eq!(recorded(at(0), at(60), true, TRUST), at(60));
        assert_eq!(recorded(at(0), at(1), true, SignedDuration::from_secs(10)), at(1));
    }

    #[test]
    fn a_host_that_does_not_answer_is_trusted_from_its_last_answer() {
        assert_eq!(recorded(at(0), at(59), false, TRUST), at(59));
        assert_eq!(stale_at(at(59), at(60).unwrap(), TRUST), at(59 + 480));
    }

    #[test]
    fn a_process_that_never_had_an_answer_goes_by_what_an_earlier_one_wrote_down() {
        assert_eq!(recorded(at(0), None, false, TRUST), at(0));
        let starts = at(400).unwrap();
        assert_eq!(stale_at(at(0), starts, TRUST), at(480));
        assert_eq!(stale_at(None, starts, TRUST), at(880));
    }
}
