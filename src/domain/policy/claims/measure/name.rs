//! Numbers that are names: dates, times, steps, marks of a list.

use super::Sentence;
use crate::{api::ClaimRole as Role, domain::policy::claims::tokens::Kind};

impl Sentence<'_, '_> {
    /// Where the name ends that a number is a part of: a date, a time, a step, a mark of a list.
    pub(super) fn named(&self, at: usize, end: usize) -> Option<usize> {
        if let Some(end) = self.chained(end) {
            return Some(end);
        }
        let after = self.token(end).filter(|token| token.glued);
        let ordinal = after.is_some_and(|token| matches!(token.key.as_str(), "st" | "nd" | "rd" | "th"));
        let marks_a_list = self.begins_the_line(at)
            && after.is_some_and(|token| token.is_mark(&[')', '/', '.', ':']))
            && !self.is_glued(end + 1);
        (ordinal || marks_a_list || self.is_numbered_thing(at)).then_some(end)
    }

    /// Numbers with one mark between them: 2026-02-16, 16/02/2026, 10:30, 1080x1080.
    pub(super) fn chained(&self, mut end: usize) -> Option<usize> {
        let mut links = 0;
        let mut crossed = false;
        while self.is_glued(end) && self.is_glued(end + 1) {
            let mark = self.is_mark(end, &['/', ':', '-', '.', '×']) || self.token(end)?.key == "x";
            let number = matches!(
                self.token(end + 1).map(|token| token.kind),
                Some(Kind::Number { .. } | Kind::Name)
            );
            if !mark || !number {
                break;
            }
            crossed |= self.is_mark(end, &[':', '×', '-']) || self.token(end)?.key == "x";
            links += 1;
            end += 2;
        }
        // One slash may be a share: 9/10.
        (crossed || links > 1).then_some(end)
    }

    fn begins_the_line(&self, at: usize) -> bool {
        let before = self.tokens.get(..at).unwrap_or_default();
        before.iter().all(|token| matches!(token.kind, Kind::Mark(_)))
    }

    /// Step 3, day 7, version 2; but this week 500 people.
    fn is_numbered_thing(&self, at: usize) -> bool {
        let Some(before) = self.before(at, 1).filter(|token| token.does(Role::Name)) else {
            return false;
        };
        let plain = !matches!(
            self.token(at).map(|token| token.kind),
            Some(Kind::Number { grouped: true, .. })
        );
        let time = before.meaning.is_some_and(|meaning| meaning.time.is_some());
        let counted = self.before(at, 2).is_some_and(|token| {
            [Role::Planned, Role::Per, Role::Determiner, Role::One]
                .into_iter()
                .any(|role| token.does(role))
        });
        plain && !(time && counted)
    }
}
