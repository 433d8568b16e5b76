//! Numbers in digits and in words, with their magnitudes and ranges.

use super::{DASHES, Sentence};
use crate::{
    api::ClaimRole as Role,
    domain::policy::claims::{quantity::Amount, tokens::Kind, words::Meaning},
};

/// A number before its form is known.
pub(super) struct Number {
    pub(super) end: usize,
    pub(super) low: Amount,
    pub(super) high: Amount,
    pub(super) large: bool,
    pub(super) plus: bool,
}

impl Sentence<'_, '_> {
    /// A number, or a range of two.
    pub(super) fn number(&self, at: usize) -> Option<Number> {
        let (end, low, large) = self.single(at)?;
        let dash = self.is_mark(end, &DASHES);
        let to = self.does(end, Role::To);
        let second = (dash || to).then(|| self.single(end + 1)).flatten();
        let (end, low, high, large) = match second {
            Some((end, high, also)) if dash || low < high => {
                (end, low.min(high), low.max(high), large || also)
            }
            _ => (end, low, low, large),
        };
        let plus = self.is_mark(end, &['+']) && self.is_glued(end);
        Some(Number {
            end: end + usize::from(plus),
            low,
            high,
            large,
            plus,
        })
    }

    /// One number with its magnitude, and whether its form is that of a large one.
    pub(super) fn single(&self, at: usize) -> Option<(usize, Amount, bool)> {
        if let Some((end, number)) = self.spelled(at) {
            let large = Amount::whole(1000).is_some_and(|thousand| number >= thousand);
            return Some((end, number, large));
        }
        if let Some((end, one)) = self.one(at) {
            return Some((end + 1, one.times(self.magnitude(end)?)?, true));
        }
        let Kind::Number { amount, grouped, .. } = self.token(at)?.kind else {
            return None;
        };
        match self.magnitude(at + 1) {
            Some(magnitude) => Some((at + 2, amount.times(magnitude)?, true)),
            None => Some((at + 1, amount, grouped)),
        }
    }

    /// The magnitude that a word is; a single letter must stand right behind its number, and as a capital unless a k.
    fn magnitude(&self, at: usize) -> Option<Amount> {
        let token = self.token(at)?;
        let magnitude = token.meaning?.magnitude?;
        let shown = self.text.get(token.range.clone()).unwrap_or_default();
        let letter = token.key.len() == 1;
        let capital = shown.starts_with(|first: char| first.is_ascii_uppercase()) || token.key == "k";
        (!letter || (token.glued && capital)).then_some(magnitude)
    }

    /// The article that means one.
    pub(super) fn one(&self, at: usize) -> Option<(usize, Amount)> {
        let next = self.token(at + 1)?.meaning?;
        let one = self.does(at, Role::One) && (next.magnitude.is_some() || next.fraction.is_some());
        Some((at + 1, Amount::whole(1)?)).filter(|_| one)
    }

    /// A number in words: seventy-five, three hundred.
    pub(super) fn spelled(&self, at: usize) -> Option<(usize, Amount)> {
        let mut current = self.token(at)?.meaning?.number?;
        let (mut total, mut scaled) = (Amount::default(), false);
        let mut end = at + 1;
        loop {
            let joint = end + usize::from(self.joins(end, scaled));
            let Some(meaning) = self.token(joint).and_then(|token| token.meaning) else {
                break;
            };
            let next = meaning.number.filter(|next| adds(current, *next, scaled));
            if let Some(magnitude) = meaning.magnitude.filter(|_| self.magnitude(joint).is_some()) {
                current = current.times(magnitude)?;
                scaled = true;
                if Amount::whole(1000).is_some_and(|thousand| magnitude >= thousand) {
                    total = total.plus(current)?;
                    current = Amount::default();
                }
            } else if let Some(next) = next {
                current = current.plus(next)?;
                scaled = false;
            } else {
                break;
            }
            end = joint + 1;
        }
        Some((end, total.plus(current)?))
    }

    /// True for the hyphen of seventy-five, and the and of a hundred and five.
    fn joins(&self, at: usize, scaled: bool) -> bool {
        let hyphen = self.is_mark(at, &DASHES) && self.is_glued(at) && self.is_glued(at + 1);
        let number = |place| {
            self.token(place)
                .and_then(|token| token.meaning)
                .is_some_and(|meaning: &Meaning| meaning.number.is_some())
        };
        (hyphen || (scaled && self.does(at, Role::And))) && number(at + 1)
    }
}

/// True where a number word goes on: seventy five, three hundred five, שלושה עשר.
fn adds(current: Amount, next: Amount, scaled: bool) -> bool {
    let whole = |number| Amount::whole(number).unwrap_or_default();
    let tens =
        (whole(20)..=whole(90)).contains(&current) && current.over(whole(10)).is_some_and(Amount::is_whole);
    let under_twenty = current < whole(10) && next == whole(10);
    let hundreds = current >= whole(100) && next < whole(100) && next > whole(0);
    (scaled && next < whole(100)) || hundreds || (tens && next < whole(10) && next > whole(0)) || under_twenty
}
