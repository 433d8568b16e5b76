//! Schemas that are made of others: `allOf`, `anyOf`, `oneOf` and `not`.

use serde_json::Value;

use super::outcome::Outcome;
use super::trail::Trail;
use super::{Judge, Place};
use crate::standalone::schema::go_text;
use crate::standalone::schema::node::Node;

impl Judge<'_> {
    pub(super) fn branches(&self, node: &Node, value: &Value, place: Place<'_>, outcome: &mut Outcome) {
        let trail = place.trail;
        let branch = |branch: &Node| self.value(branch, value, place);
        let name = || go_text::quote(&trail.to_string());
        if let Some(failed) = any_of(node.any_of.iter().map(branch), outcome) {
            let sentence = format!("{} must validate at least one schema (anyOf)", name());
            outcome.add(self.at(trail).about_the_whole(sentence));
            outcome.merge(failed);
        }
        self.one_of(node.one_of.iter().map(branch), trail, outcome);
        self.all_of(node.all_of.iter().map(branch), trail, outcome);
        if node.not.as_deref().is_some_and(|not| branch(not).is_valid()) {
            let sentence = format!("{} must not validate the schema (not)", name());
            outcome.add(self.at(trail).about_the_whole(sentence));
        }
        outcome.matched();
    }

    fn one_of(&self, branches: impl Iterator<Item = Outcome>, trail: &Trail<'_>, outcome: &mut Outcome) {
        let (mut first_valid, mut best_failure, mut valid, mut count) = (None, None, 0_usize, 0);
        for branch in branches {
            count += 1;
            if branch.is_valid() {
                valid += 1;
                best_failure = None;
                first_valid.get_or_insert(branch);
            } else if valid == 0 {
                best_failure = Some(better(best_failure, branch));
            }
        }
        match (count, valid) {
            (0, _) => {}
            (_, 1) => first_valid.map_or((), |branch| outcome.merge(branch)),
            _ => {
                let found = match valid {
                    0 => "Found none valid".to_owned(),
                    several => format!("Found {several} valid alternatives"),
                };
                let name = go_text::quote(&trail.to_string());
                let sentence = format!("{name} must validate one and only one schema (oneOf). {found}");
                outcome.add(self.at(trail).about_the_whole(sentence));
                if let Some(branch) = best_failure {
                    outcome.merge(branch);
                }
            }
        }
    }

    fn all_of(&self, branches: impl Iterator<Item = Outcome>, trail: &Trail<'_>, outcome: &mut Outcome) {
        let (mut valid, mut count) = (0_usize, 0_usize);
        for branch in branches {
            count += 1;
            valid += usize::from(branch.is_valid());
            outcome.merge(branch);
        }
        if valid != count {
            let none = if valid == 0 { ". None validated" } else { "" };
            let name = go_text::quote(&trail.to_string());
            let sentence = format!("{name} must validate all the schemas (allOf){none}");
            outcome.add(self.at(trail).about_the_whole(sentence));
        }
    }
}

// The best failure where no branch is valid; a valid branch is counted.
fn any_of(branches: impl Iterator<Item = Outcome>, outcome: &mut Outcome) -> Option<Outcome> {
    let mut best_failure = None;
    for branch in branches {
        if branch.is_valid() {
            outcome.merge(branch);
            return None;
        }
        best_failure = Some(better(best_failure, branch));
    }
    best_failure
}

fn better(best: Option<Outcome>, other: Outcome) -> Outcome {
    match best {
        Some(best) if best.matches() >= other.matches() => best,
        _ => other,
    }
}
