//! Which numbers claim something: `docs/claims.md` has the boundary in words.

use std::ops::Range;

use super::{
    Claim, MAX_CLAIMS,
    measure::{Form, Measure, Sentence, is_year},
    quantity::{Amount, Quantity, Unit},
    tokens::{Kind, Token},
};
use crate::api::ClaimRole as Role;

/// Fewer people or results than this are an illustration: two candidates, three companies.
const FEWEST_COUNTED: i64 = 5;
/// From here on a rounded number of whatever counts something: over 60 templates.
const FEWEST_ABOUT: i64 = 10;
/// From here on pieces are no longer those of the text: 200+ templates.
const FEWEST_PIECES: i64 = 100;

/// The claims of a text.
pub(super) fn claims(tokens: &[Token<'_>], text: &str) -> Vec<Claim> {
    let passages: Vec<Passage<'_, '_>> = tokens
        .split(|token| matches!(token.kind, Kind::Stop | Kind::Line))
        .map(|tokens| Passage::of(Sentence { tokens, text }))
        .collect();
    let contrasted = [Side::Before, Side::After]
        .into_iter()
        .all(|side| passages.iter().any(|passage| passage.side == Some(side)));
    let examples = examples(tokens);
    passages
        .iter()
        .flat_map(|passage| passage.claims(contrasted))
        .filter(|claim| !examples.iter().any(|example| example.contains(&claim.span.start)))
        .take(MAX_CLAIMS)
        .collect()
}

/// Words in quotes that stand as an example of what to write.
fn examples(tokens: &[Token<'_>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<(usize, bool)> = None;
    let mut leads = false;
    for token in tokens {
        match token.kind {
            Kind::Line => (open, leads) = (None, false),
            Kind::Word => leads = token.does(Role::Example),
            Kind::Mark('"' | '“' | '”' | '„' | '«' | '»') => match open.take() {
                Some((start, true)) => found.push(start..token.range.start),
                Some(_) => {}
                None => open = Some((token.range.end, leads)),
            },
            _ => {}
        }
    }
    found
}

/// Which side of a contrast a labelled line tells: `Without it: ...`, `With it: ...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// What follows a number that nothing measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noun {
    Counted,
    Piece,
    Size,
    /// A word that no language knows.
    Other,
    None,
}

struct Passage<'s, 'w> {
    sentence: Sentence<'s, 'w>,
    measures: Vec<Measure>,
    /// Only for a line that tells an amount of time.
    side: Option<Side>,
}

impl<'s, 'w> Passage<'s, 'w> {
    fn of(sentence: Sentence<'s, 'w>) -> Self {
        let measures = sentence.measures();
        let timed = measures
            .iter()
            .any(|measure| matches!(measure.form, Form::Time(_)));
        Self {
            side: timed.then(|| side(sentence.tokens)).flatten(),
            sentence,
            measures,
        }
    }

    fn claims(&self, contrasted: bool) -> Vec<Claim> {
        let compared = self.compared();
        let claims = self.measures.iter().enumerate().filter_map(|(index, measure)| {
            let quantity = match compared.iter().find(|(known, _)| *known == index) {
                Some((_, quantity)) => quantity.clone(),
                None if self.says(measure, contrasted) => measure.quantity()?,
                None => return None,
            };
            let span = self.span(&measure.tokens)?;
            Some(Claim { span, quantity })
        });
        claims.collect()
    }

    /// From the first token to the last, the sign of a currency or percent before the number included.
    fn span(&self, tokens: &Range<usize>) -> Option<Range<usize>> {
        let last = self.sentence.token(tokens.end.checked_sub(1)?)?;
        let first = self.sentence.token(tokens.start)?;
        let sign = self
            .sentence
            .before(tokens.start, 1)
            .filter(|sign| sign.is_mark(&['$', '€', '£', '₪', '¥', '₹', '%']) && first.glued);
        Some(sign.unwrap_or(first).range.start..last.range.end)
    }

    fn says(&self, measure: &Measure, contrasted: bool) -> bool {
        match &measure.form {
            Form::Name => false,
            Form::Percent | Form::Points | Form::Share | Form::Multiple | Form::Money(_) => true,
            Form::Vague => !matches!(self.noun(measure.tokens.end), Noun::Piece | Noun::Size),
            Form::Time(unit) => {
                (contrasted && self.side.is_some())
                    || self.is_told(measure)
                    || self.is_experience(measure, unit)
            }
            Form::Bare => self.counts(measure),
        }
    }

    /// True where one amount of time says something by itself: saved, averaged, faster, the time to a result.
    fn is_told(&self, measure: &Measure) -> bool {
        let (start, end) = (measure.tokens.start, measure.tokens.end);
        let faster = (0..2).any(|ahead| self.sentence.does(end + ahead, Role::Faster));
        let averaged = (0..3).any(|ahead| self.sentence.does(end + ahead, Role::Measured));
        let within = self.near(start, 2, Role::In)
            || self
                .sentence
                .token(start)
                .is_some_and(|token| token.leads(Role::In));
        let promised = within && self.any_before(start, Role::Outcome);
        faster
            || averaged
            || promised
            || self.near(start, 5, Role::Saves)
            || self.near(start, 5, Role::Measured)
    }

    /// Over 20 years of experience; your 10 years of it are the reader's.
    fn is_experience(&self, measure: &Measure, unit: &Unit) -> bool {
        let start = measure.tokens.start;
        *unit == Unit::Months
            && (measure.plus || self.is_about(start))
            && self.sentence.does(measure.tokens.end, Role::Of)
            && !self.near(start, 4, Role::Planned)
            && !self.any_before(start, Role::Supposed)
    }

    /// Amounts that the sentence sets against each other, each with what it says.
    fn compared(&self) -> Vec<(usize, Quantity)> {
        let is_time = |measure: &Measure| matches!(measure.form, Form::Time(_));
        let times: Vec<usize> = (0..self.measures.len())
            .filter(|index| self.measures.get(*index).is_some_and(is_time))
            .collect();
        let mut found = self.changed();
        let (Some(first), Some(second)) = (times.first(), times.get(1)) else {
            return found;
        };
        let (Some(one), Some(other)) = (self.measures.get(*first), self.measures.get(*second)) else {
            return found;
        };
        if self.contrasts(one, other) {
            found.extend(times.iter().filter_map(|index| {
                let quantity = self.measures.get(*index)?.quantity()?;
                Some((*index, quantity))
            }));
        }
        found
    }

    /// Instead of, 10 minutes → 5 minutes, used to take a day and now takes an hour.
    fn contrasts(&self, one: &Measure, other: &Measure) -> bool {
        let tokens = self.sentence.tokens;
        let between = tokens.get(one.tokens.end..other.tokens.start).unwrap_or_default();
        let before = tokens.get(..one.tokens.start).unwrap_or_default();
        let arrow = between.iter().any(|token| token.is_mark(&['→', '⇒', '➜', '>']));
        let denied = between.last().is_some_and(|token| token.does(Role::Not));
        let instead = [before, between]
            .iter()
            .any(|part| part.iter().any(|token| token.does(Role::Instead)));
        let formerly = |part: &[Token<'_>]| part.iter().any(|token| token.does(Role::Formerly));
        let now = |part: &[Token<'_>]| part.iter().any(|token| token.does(Role::Now));
        let turned = (formerly(before) && now(between)) || (now(before) && formerly(between));
        arrow || denied || instead || turned
    }

    /// From 45 minutes to 10, from 2 interviews to 9: the number without a unit has that of the other.
    fn changed(&self) -> Vec<(usize, Quantity)> {
        let pairs = self.measures.windows(2).enumerate();
        let changed = pairs.filter_map(|(index, pair)| {
            let [one, other] = pair else { return None };
            let from = self.near(one.tokens.start, 2, Role::From) || self.leads(one, Role::From);
            let to = self.near(other.tokens.start, 1, Role::To) || self.leads(other, Role::To);
            if !(from && to) {
                return None;
            }
            let (one, other) = self.of_one_unit(one, other)?;
            Some([(index, one), (index + 1, other)])
        });
        changed.flatten().collect()
    }

    fn of_one_unit(&self, one: &Measure, other: &Measure) -> Option<(Quantity, Quantity)> {
        match (&one.form, &other.form) {
            (Form::Time(_), Form::Time(_)) => Some((one.quantity()?, other.quantity()?)),
            (Form::Time(_), Form::Bare) => Some((one.quantity()?, self.in_unit_of(other, one)?)),
            (Form::Bare, Form::Time(_)) => Some((self.in_unit_of(one, other)?, other.quantity()?)),
            (Form::Bare, Form::Bare) => {
                let counted = [one, other]
                    .iter()
                    .any(|measure| self.noun(measure.tokens.end) == Noun::Counted);
                let told = !self.is_told_to_do(one) && counted;
                Some((one.quantity()?, other.quantity()?)).filter(|_| told)
            }
            _ => None,
        }
    }

    fn in_unit_of(&self, number: &Measure, time: &Measure) -> Option<Quantity> {
        let unit = self.sentence.token(time.tokens.end.checked_sub(1)?)?;
        let (length, unit) = unit.meaning?.time.clone()?;
        Some(Quantity {
            low: number.low.times(length)?,
            high: number.high.times(length)?,
            unit,
        })
    }

    /// True for a number of people, of results, or one too large to be a number of things at hand.
    fn counts(&self, measure: &Measure) -> bool {
        let (start, end) = (measure.tokens.start, measure.tokens.end);
        if self.near(start, 3, Role::Measured) {
            return true;
        }
        let at_least = |number| Amount::whole(number).is_some_and(|least| measure.high >= least);
        let year = is_year(measure.high) && !measure.large;
        let large = (measure.large || at_least(1000)) && !year;
        let about = measure.plus || self.is_about(start);
        let noun = self.noun(end);
        if large && !matches!(noun, Noun::Size | Noun::None) {
            return true;
        }
        if self.is_told_to_do(measure) || (year && !about) {
            return false;
        }
        match noun {
            Noun::Counted => about || at_least(FEWEST_COUNTED),
            Noun::Piece => about && at_least(FEWEST_PIECES),
            Noun::Other => about && at_least(FEWEST_ABOUT),
            // A large number at the end: we are 12,000 now.
            Noun::None => measure.large,
            Noun::Size => false,
        }
    }

    /// True where the reader is told to do so many, or is to suppose them.
    fn is_told_to_do(&self, measure: &Measure) -> bool {
        let start = measure.tokens.start;
        let words = self.sentence.tokens.iter().take(start);
        let first = words.clone().find(|token| token.kind == Kind::Word);
        let label = words.clone().rposition(|token| token.is_mark(&[':']));
        let labelled = label.and_then(|label| self.sentence.token(label + 1));
        let instructed = [first, labelled]
            .into_iter()
            .flatten()
            .any(|token| token.does(Role::Instruction));
        instructed
            || (1..=3).any(|back| start.checked_sub(back).is_some_and(|at| self.instructs(at)))
            || self.near(start, 2, Role::Planned)
            || self.sentence.does(measure.tokens.end, Role::Planned)
            || self.any_before(start, Role::Supposed)
    }

    /// Ask five recruiters, and email five more; but we email 300 a week.
    fn instructs(&self, at: usize) -> bool {
        let alone = self.sentence.before(at, 1).is_none_or(|before| {
            matches!(before.kind, Kind::Mark(_)) || before.does(Role::And) || before.does(Role::To)
        });
        alone && self.sentence.does(at, Role::Instruction)
    }

    /// Over, nearly; but no more than.
    fn is_about(&self, start: usize) -> bool {
        let leads = self
            .sentence
            .token(start)
            .is_some_and(|token| token.leads(Role::About));
        let about = (1..=2).find(|back| {
            let token = self.sentence.before(start, *back);
            token.is_some_and(|token| token.does(Role::About))
        });
        let denied = about.is_some_and(|back| {
            let token = self.sentence.before(start, back + 1);
            token.is_some_and(|token| token.does(Role::Not) || token.does(Role::Name))
        });
        leads || (about.is_some() && !denied)
    }

    /// What is counted: one of the next three words.
    fn noun(&self, end: usize) -> Noun {
        let next =
            (end..end + 3).map_while(|at| self.sentence.token(at).filter(|token| token.kind == Kind::Word));
        let mut noun = Noun::None;
        for token in next {
            if token.does(Role::Size) {
                return Noun::Size;
            }
            if token.does(Role::Piece) {
                return Noun::Piece;
            }
            if token.does(Role::Counted) {
                return Noun::Counted;
            }
            let joins = [
                Role::Of,
                Role::In,
                Role::To,
                Role::From,
                Role::And,
                Role::Per,
                Role::Determiner,
            ];
            if joins.into_iter().any(|role| token.does(role)) {
                break;
            }
            noun = Noun::Other;
        }
        noun
    }

    /// True where one of so many tokens before does so.
    fn near(&self, start: usize, reach: usize, role: Role) -> bool {
        (1..=reach).any(|back| {
            self.sentence
                .before(start, back)
                .is_some_and(|token| token.does(role))
        })
    }

    fn leads(&self, measure: &Measure, role: Role) -> bool {
        let token = self.sentence.token(measure.tokens.start);
        token.is_some_and(|token| token.leads(role))
    }

    fn any_before(&self, start: usize, role: Role) -> bool {
        let before = self.sentence.tokens.get(..start).unwrap_or_default();
        before.iter().any(|token| token.does(role))
    }
}

/// The side that a line tells: its first word, and a colon soon after.
fn side(tokens: &[Token<'_>]) -> Option<Side> {
    let first = tokens.iter().position(|token| token.kind == Kind::Word)?;
    let label = tokens.get(first..)?.iter().take(6);
    if !label.clone().any(|token| token.is_mark(&[':'])) {
        return None;
    }
    let token = tokens.get(first)?;
    if token.does(Role::Before) {
        Some(Side::Before)
    } else if token.does(Role::After) {
        Some(Side::After)
    } else {
        None
    }
}
