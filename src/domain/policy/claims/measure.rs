//! Numbers of a sentence with what they measure: forms alone, before anybody asks what they claim.

mod name;
mod number;

use std::ops::Range;

use super::{
    quantity::{Amount, Quantity, Unit},
    tokens::{Kind, Token, is_currency},
};
use crate::api::ClaimRole as Role;
use number::Number;

const DASHES: [char; 6] = ['-', '–', '—', '−', '־', '‑'];
const PERCENT: [char; 3] = ['%', '٪', '％'];

/// The tokens of a sentence, and the text that they stand in.
#[derive(Clone, Copy)]
pub(super) struct Sentence<'s, 'w> {
    pub(super) tokens: &'s [Token<'w>],
    pub(super) text: &'s str,
}

/// A number, or a range of two, and its form.
#[derive(Clone, Debug)]
pub(super) struct Measure {
    /// Which tokens of the sentence.
    pub(super) tokens: Range<usize>,
    pub(super) low: Amount,
    pub(super) high: Amount,
    pub(super) form: Form,
    /// Thousands set apart, or a magnitude: nobody numbers things so.
    pub(super) large: bool,
    /// A plus sign after it: 500+.
    pub(super) plus: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A step, a date, a version.
    Name,
    /// A number, and nothing that says of what.
    Bare,
    /// Thousands of.
    Vague,
    Percent,
    Points,
    Money(String),
    Multiple,
    /// A part of a whole, in words or as two numbers; in percent.
    Share,
    /// An amount of time, in its unit.
    Time(Unit),
}

/// The only number that a cell says, with its unit.
pub(super) fn only(tokens: &[Token<'_>], text: &str) -> Option<Quantity> {
    let measures = Sentence { tokens, text }.measures();
    let mut said = measures
        .into_iter()
        .filter(|measure| measure.form != Form::Name)
        .filter_map(|measure| measure.quantity());
    let first = said.next()?;
    said.next().is_none().then_some(first)
}

impl Measure {
    /// The number with its unit; `None` for a name.
    pub(super) fn quantity(&self) -> Option<Quantity> {
        let unit = match &self.form {
            Form::Name => return None,
            Form::Bare | Form::Vague => Unit::Count,
            Form::Percent | Form::Share => Unit::Percent,
            Form::Points => Unit::Points,
            Form::Money(code) => Unit::Money(code.clone()),
            Form::Multiple => Unit::Multiple,
            Form::Time(unit) => unit.clone(),
        };
        Some(Quantity {
            low: self.low,
            high: self.high,
            unit,
        })
    }
}

impl<'s, 'w> Sentence<'s, 'w> {
    pub(super) fn token(&self, at: usize) -> Option<&'s Token<'w>> {
        self.tokens.get(at)
    }

    /// The token so many before `at`.
    pub(super) fn before(&self, at: usize, back: usize) -> Option<&'s Token<'w>> {
        self.tokens.get(at.checked_sub(back)?)
    }

    pub(super) fn does(&self, at: usize, role: Role) -> bool {
        self.token(at).is_some_and(|token| token.does(role))
    }

    pub(super) fn is_mark(&self, at: usize, marks: &[char]) -> bool {
        self.token(at).is_some_and(|token| token.is_mark(marks))
    }

    fn is_glued(&self, at: usize) -> bool {
        self.token(at).is_some_and(|token| token.glued)
    }

    /// Every number of the sentence, in order.
    pub(super) fn measures(&self) -> Vec<Measure> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let measure = self
                .fraction(at)
                .or_else(|| self.numbered(at))
                .or_else(|| self.worded(at));
            at = measure
                .as_ref()
                .map_or(at + 1, |measure| measure.tokens.end.max(at + 1));
            found.extend(measure);
        }
        found
    }

    /// Half of, two thirds of; half an hour is a time, and the third of March is neither.
    fn fraction(&self, at: usize) -> Option<Measure> {
        let numerator = self.spelled(at).or_else(|| self.one(at));
        let (numerator, place) = match numerator {
            Some((end, number)) => {
                let hyphen = self.is_mark(end, &DASHES) && self.is_glued(end);
                (Some(number), end + usize::from(hyphen))
            }
            None => (None, at),
        };
        let (part, whole) = self.token(place)?.meaning?.fraction?;
        let part = match numerator {
            Some(number) => number.times(part)?,
            None => part,
        };
        let after = place + 1;
        if let Some((length, unit, end)) = self.time_after_a_fraction(after) {
            let amount = length.times(part)?.over(whole)?;
            return Some(Self::measure(at..end, (amount, amount), Form::Time(unit)));
        }
        let of = self.does(after, Role::Of) || self.token(after).is_some_and(|token| token.leads(Role::Of));
        let year = self.is_year(after + 1);
        let ordinal = numerator.is_none() && self.does(place, Role::Ordinal);
        if of && !year && !ordinal {
            let share = part.percent_of(whole)?;
            return Some(Self::measure(at..after, (share, share), Form::Share));
        }
        // In half, half the time, half as many.
        let less = self.does(after, Role::Determiner) || self.does(after, Role::Comparative);
        let halved = place
            .checked_sub(1)
            .is_some_and(|before| self.does(before, Role::In));
        let factor = part.over(whole)?;
        ((less && numerator.is_none()) || (halved && !self.is_time(after)))
            .then(|| Self::measure(at..after, (factor, factor), Form::Multiple))
    }

    /// An hour after half: how long it is, and where its words end.
    fn time_after_a_fraction(&self, after: usize) -> Option<(Amount, Unit, usize)> {
        let of = usize::from(self.does(after, Role::Of));
        let one = usize::from(self.does(after + of, Role::One));
        let at = after + of + one;
        let (length, unit) = self.token(at)?.meaning?.time.clone()?;
        Some((length, unit, at + 1))
    }

    fn is_time(&self, at: usize) -> bool {
        self.token(at)
            .and_then(|token| token.meaning)
            .is_some_and(|meaning| meaning.time.is_some())
    }

    fn is_year(&self, at: usize) -> bool {
        let kind = self.token(at).map(|token| token.kind);
        matches!(kind, Some(Kind::Number { amount, digits: 4, grouped: false }) if is_year(amount))
    }

    /// A number in digits or words, and what its surroundings make of it.
    fn numbered(&self, at: usize) -> Option<Measure> {
        if self.token(at)?.kind == Kind::Name {
            let end = self.chained(at + 1).unwrap_or(at + 1);
            return Some(Self::measure(at..end, Default::default(), Form::Name));
        }
        let number = self.number(at)?;
        if let Some(end) = self.named(at, number.end) {
            return Some(Self::measure(at..end, Default::default(), Form::Name));
        }
        let (mut form, end) = self.form(at, &number);
        let (mut low, mut high) = (number.low, number.high);
        // The unit is the last word; where a number and its unit are one word, that one.
        let time = self
            .token(end.checked_sub(1)?)
            .and_then(|token| token.meaning?.time.clone());
        if let (Form::Time(_) | Form::Bare, Some((length, unit))) = (&form, time) {
            (low, high) = (low.times(length)?, high.times(length)?);
            form = Form::Time(unit);
        }
        if let (Form::Bare, Some((share, end))) = (&form, self.share(at, &number)) {
            return Some(Self::measure(at..end, (share, share), Form::Share));
        }
        Some(Measure {
            large: number.large,
            plus: number.plus,
            ..Self::measure(at..end, (low, high), form)
        })
    }

    fn measure(tokens: Range<usize>, (low, high): (Amount, Amount), form: Form) -> Measure {
        Measure {
            tokens,
            low,
            high,
            form,
            large: false,
            plus: false,
        }
    }

    /// Words that measure without a number: twice as many, doubles your, thousands of; an hour, where it is compared.
    fn worded(&self, at: usize) -> Option<Measure> {
        let meaning = self.token(at)?.meaning?;
        if let Some(least) = meaning.vague {
            return Some(Self::measure(at..at + 1, (least, least), Form::Vague));
        }
        let compared = |place| self.does(place, Role::Comparative);
        if let Some(factor) = meaning.multiple.filter(|_| compared(at + 1) || compared(at + 2)) {
            return Some(Self::measure(at..at + 1, (factor, factor), Form::Multiple));
        }
        let multiplied = self.does(at + 1, Role::Determiner) || compared(at + 1);
        if let Some(factor) = meaning.multiplies.filter(|_| multiplied) {
            return Some(Self::measure(at..at + 1, (factor, factor), Form::Multiple));
        }
        // Instead of an hour; but five of them a week.
        let back = 1 + usize::from(self.before(at, 1).is_some_and(|before| before.does(Role::One)));
        let set_against = [Role::Instead, Role::Not, Role::From, Role::To]
            .into_iter()
            .any(|role| {
                let before = self.before(at, back).is_some_and(|before| before.does(role));
                before || self.token(at).is_some_and(|token| token.leads(role))
            });
        let (length, unit) = meaning.time.clone().filter(|_| set_against)?;
        Some(Self::measure(at..at + 1, (length, length), Form::Time(unit)))
    }

    /// What the words around a number make of it, and where they end.
    fn form(&self, at: usize, number: &Number) -> (Form, usize) {
        let end = number.end;
        if self.is_mark(end, &PERCENT) || self.does(end, Role::Percent) {
            return (Form::Percent, end + 1);
        }
        if self.before(at, 1).is_some_and(|token| token.is_mark(&PERCENT)) && self.is_glued(at) {
            return (Form::Percent, end);
        }
        if self.does(end, Role::Points) {
            return (Form::Points, end + 1);
        }
        if let Some(money) = self.money(at, end) {
            return money;
        }
        if let Some(multiple) = self.multiple(at, end) {
            return multiple;
        }
        // The 15-minute checklist.
        let hyphen = usize::from(self.is_mark(end, &DASHES));
        if let Some((_, unit)) = self
            .token(end + hyphen)
            .and_then(|token| token.meaning?.time.clone())
        {
            return (Form::Time(unit), end + hyphen + 1);
        }
        (Form::Bare, end)
    }

    fn money(&self, at: usize, end: usize) -> Option<(Form, usize)> {
        let currency = |place: Option<&Token<'_>>| match place?.kind {
            Kind::Mark(mark) if is_currency(mark) => Some(code(mark).to_owned()),
            _ => place?.meaning?.currency.clone(),
        };
        if let Some(code) = currency(self.before(at, 1)) {
            return Some((Form::Money(code), end));
        }
        let code = currency(self.token(end))?;
        Some((Form::Money(code), end + 1))
    }

    /// 3x, 3 times more, פי 3; three times a week is none.
    fn multiple(&self, at: usize, end: usize) -> Option<(Form, usize)> {
        if self
            .before(at, 1)
            .is_some_and(|token| token.does(Role::MultipliedBy))
        {
            return Some((Form::Multiple, end));
        }
        let hyphen = usize::from(self.is_mark(end, &DASHES) && self.does(end + 1, Role::Fold));
        let place = end + hyphen;
        let near = self.is_glued(place) || self.token(place)?.key != "x";
        let fold = (self.does(place, Role::Fold) && near) || self.is_mark(place, &['×']);
        let compared = self.does(place + 1, Role::Comparative) || self.does(place + 2, Role::Comparative);
        let frequency = self.does(place + 1, Role::Per);
        let times = self.does(place, Role::Times) && compared;
        ((fold || times) && !frequency).then_some((Form::Multiple, place + 1))
    }

    /// 7 out of 10, 1 in 4 people, 4.8/5: in percent, and where it ends.
    fn share(&self, at: usize, number: &Number) -> Option<(Amount, usize)> {
        let end = number.end;
        let slash = self.is_mark(end, &['/']) && self.is_glued(end) && self.is_glued(end + 1);
        let place = (end..=end + 1).find(|place| self.does(*place, Role::OutOf));
        let inside = self.does(end, Role::In) || self.token(end)?.leads(Role::OutOf);
        let place = place.or_else(|| (slash || inside).then_some(end))?;
        let (whole_end, whole, _) = self.single(place + 1)?;
        let counted = |from: usize| (from..from + 3).any(|place| self.does(place, Role::Counted));
        let said = if slash {
            let rated = (1..=3).any(|back| {
                self.before(at, back)
                    .is_some_and(|token| token.does(Role::Measured))
            });
            !number.low.is_whole() || self.does(whole_end, Role::Of) || counted(whole_end) || rated
        } else {
            // 2 in 10 minutes is no share.
            !self.is_time(whole_end) && !self.is_mark(whole_end, &PERCENT) && !self.is_year(place + 1)
        };
        let part = number.low <= whole && number.low == number.high && whole > Amount::default();
        if !said || !part {
            return None;
        }
        Some((number.low.percent_of(whole)?, whole_end))
    }
}

/// A number of four digits that may be a year.
pub(super) fn is_year(amount: Amount) -> bool {
    let year = |number| Amount::whole(number).unwrap_or_default();
    amount.is_whole() && (year(1900)..=year(2100)).contains(&amount)
}

fn code(symbol: char) -> &'static str {
    match symbol {
        '€' => "EUR",
        '£' => "GBP",
        '₪' => "ILS",
        '¥' => "JPY",
        '₹' => "INR",
        _ => "USD",
    }
}
