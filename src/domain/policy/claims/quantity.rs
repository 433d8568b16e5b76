//! Exact numbers with a unit.

/// Millionths in one.
const SCALE: i128 = 1_000_000;
/// Numbers with more digits than this are no quantities but names: an order, a telephone.
const MAX_DIGITS: usize = 15;
const MAX_DECIMALS: usize = 6;

/// An exact number: a whole multiple of one millionth, at most 10^15.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(i128);

/// What a number counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// Parts of a hundred: 70%, 7 out of 10, half of.
    Percent,
    /// Percentage points.
    Points,
    /// An ISO 4217 code, or the symbol where it is not known.
    Money(String),
    /// How many times as much.
    Multiple,
    /// People and things.
    Count,
    /// Seconds: minutes, hours, days and weeks are so many of them.
    Seconds,
    /// Months: a year is twelve.
    Months,
}

/// A number or a range with its unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The number, or the lower end of a range.
    pub low: Amount,
    /// The number, or the upper end of a range.
    pub high: Amount,
    /// What it counts.
    pub unit: Unit,
}

impl Amount {
    /// A whole number; `None` where it is out of bounds.
    pub fn whole(number: i64) -> Option<Self> {
        bounded(i128::from(number).checked_mul(SCALE)?)
    }

    /// ASCII digits with at most one point; `None` where there are too many of them.
    pub fn parse(digits: &str) -> Option<Self> {
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() > MAX_DIGITS || decimals.len() > MAX_DECIMALS || whole.is_empty() {
            return None;
        }
        let whole: i128 = whole.parse().ok()?;
        let decimals: i128 = format!("{decimals:0<MAX_DECIMALS$}").parse().ok()?;
        bounded(whole.checked_mul(SCALE)?.checked_add(decimals)?)
    }

    /// `3` or `1/3`.
    pub fn fraction(text: &str) -> Option<Self> {
        match text.split_once('/') {
            Some((part, whole)) => Self::parse(part)?.over(Self::parse(whole)?),
            None => Self::parse(text),
        }
    }

    /// The product, cut to millionths.
    pub fn times(self, other: Self) -> Option<Self> {
        bounded(self.0.checked_mul(other.0)? / SCALE)
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Option<Self> {
        bounded(self.0.checked_add(other.0)?)
    }

    /// The quotient, cut to millionths; `None` by zero.
    pub fn over(self, other: Self) -> Option<Self> {
        bounded(self.0.checked_mul(SCALE)?.checked_div(other.0)?)
    }

    /// This part of a whole as parts of a hundred.
    ///
    /// Multiplied before it is divided, so that 1 in 3 and a third of are one number.
    pub fn percent_of(self, whole: Self) -> Option<Self> {
        let parts = self.0.checked_mul(100)?.checked_mul(SCALE)?;
        bounded(parts.checked_div(whole.0)?)
    }

    /// True where it has no decimals.
    pub fn is_whole(self) -> bool {
        self.0 % SCALE == 0
    }
}

fn bounded(millionths: i128) -> Option<Amount> {
    let limit = 10_i128.pow(15) * SCALE;
    (0..=limit).contains(&millionths).then_some(Amount(millionths))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact_and_bounded() {
        assert_eq!(Amount::parse("3.20"), Amount::parse("3.2"));
        assert_ne!(Amount::parse("3.2"), Amount::parse("3.200001"));
        assert_eq!(Amount::parse("1234567890123456"), None);
        assert_eq!(Amount::parse("3.1234567"), None);
        assert_eq!(Amount::parse(".5"), None);
        assert_eq!(Amount::whole(-1), None);
        assert_eq!(Amount::whole(3).unwrap().over(Amount::default()), None);
    }

    #[test]
    fn a_share_is_the_same_however_it_is_written() {
        let whole = |number| Amount::whole(number).unwrap();
        assert_eq!(whole(7).percent_of(whole(10)), Some(whole(70)));
        assert_eq!(whole(2).percent_of(whole(6)), whole(1).percent_of(whole(3)));
        assert_eq!(
            Amount::fraction("1/2").unwrap().times(whole(100)),
            Some(whole(50))
        );
    }
}
