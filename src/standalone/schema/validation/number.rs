//! Bounds of numbers. Integers and floats are compared as what they are, as the real server does.

use serde_json::{Number, Value};

use super::outcome::{Outcome, Subject};
use crate::standalone::schema::field_error::ErrorKind;
use crate::standalone::schema::go_text;
use crate::standalone::schema::node::{JsonType, Node};

/// A number of an object: integers up to 64 bits stay integers.
#[derive(Debug, Clone, Copy)]
enum Numeric {
    Integer(i64),
    Float(f64),
}

pub(super) fn check(here: &Subject<'_>, node: &Node, number: &Number, outcome: &mut Outcome) {
    let value = match (number.as_i64(), number.as_f64()) {
        (Some(integer), _) => Numeric::Integer(integer),
        (None, Some(float)) => Numeric::Float(float),
        (None, None) => return,
    };
    let judge = NumberJudge { here, node, value };
    if let Some(sentence) = judge.out_of_range(value, "Checked") {
        outcome.add(here.about_the_whole(sentence));
    }
    judge.multiple(outcome);
    judge.bound("Minimum boundary", node.minimum, node.exclusive_minimum, outcome);
    judge.bound("Maximum boundary", node.maximum, node.exclusive_maximum, outcome);
    outcome.matched();
}

/// Whether a float is a whole number that JSON carries exactly.
pub(super) fn is_json_integer(float: f64) -> bool {
    const LARGEST: f64 = 9_007_199_254_740_991.0; // 2^53 - 1
    // A relative error of 1e-9 is forgiven, for multiples of fractions.
    let rounded = float.round();
    let difference = (float - rounded).abs();
    float.abs() <= LARGEST
        && (difference == 0.0
            || (rounded != 0.0
                && float > 0.0
                && float.fract() < 0.5
                && difference / (float.abs() + rounded.abs()) < 1e-9))
}

struct NumberJudge<'a> {
    here: &'a Subject<'a>,
    node: &'a Node,
    value: Numeric,
}

impl NumberJudge<'_> {
    fn json(&self) -> Value {
        match self.value {
            Numeric::Integer(integer) => Value::from(integer),
            Numeric::Float(float) => Value::from(float),
        }
    }

    fn add(&self, what: &str, outcome: &mut Outcome) {
        outcome.add(self.here.finding(ErrorKind::Invalid, self.json(), what));
    }

    // A sentence where the number does not fit the type and format of the node.
    fn out_of_range(&self, number: Numeric, role: &str) -> Option<String> {
        let format = self.node.format.as_ref().map(|format| format.name.as_str());
        let fits = match self.node.types() {
            [JsonType::Integer] => match (whole(number), format) {
                (Some(integer), Some("int32")) => i32::try_from(integer).is_ok(),
                (Some(_), _) => true,
                (None, _) => false,
            },
            [JsonType::Number] if format == Some("float") => fits_float32(as_float(number)),
            _ => true,
        };
        if fits {
            return None;
        }
        let kind = self.node.types().first().map_or("number", |kind| kind.name());
        let how = match format {
            Some(format) => format!("{kind} with format {format}"),
            None => format!("{kind} (default format)"),
        };
        Some(format!(
            "{role} value must be of type {how} in {}",
            self.here.trail
        ))
    }

    // The limit as an integer, where both it and the value are ones; a note where it does not fit the type.
    fn limit(&self, limit: f64, role: &str, outcome: &mut Outcome) -> Numeric {
        let note = self.out_of_range(Numeric::Float(limit), role);
        let fits = note.is_none();
        if let Some(note) = note {
            outcome.add(self.here.about_the_whole(note));
        }
        match self.value {
            Numeric::Integer(_) if fits => Numeric::Integer(truncated(limit)),
            _ => Numeric::Float(limit),
        }
    }

    fn bound(&self, role: &str, limit: Option<f64>, exclusive: bool, outcome: &mut Outcome) {
        let Some(limit) = limit else {
            return;
        };
        let is_maximum = role.starts_with("Max");
        let limit = self.limit(limit, role, outcome);
        let order = match (self.value, limit) {
            (Numeric::Integer(value), Numeric::Integer(limit)) => Some(value.cmp(&limit)),
            (value, limit) => as_float(value).partial_cmp(&as_float(limit)),
        };
        let Some(order) = order else {
            return;
        };
        let beyond = if is_maximum { order.is_gt() } else { order.is_lt() };
        if beyond || (exclusive && order.is_eq()) {
            let side = if is_maximum { "less than" } else { "greater than" };
            let or_equal = if exclusive { "" } else { " or equal to" };
            self.add(&format!("should be {side}{or_equal} {}", text(limit)), outcome);
        }
    }

    fn multiple(&self, outcome: &mut Outcome) {
        let Some(factor) = self.node.multiple_of else {
            return;
        };
        let factor = self.limit(factor, "MultipleOf", outcome);
        let is_multiple = match (self.value, factor) {
            (Numeric::Integer(value), Numeric::Integer(factor)) if factor > 0 => value % factor == 0,
            (value, Numeric::Float(factor)) if factor > 0.0 => {
                let value = as_float(value);
                let times = if factor < 1.0 {
                    1.0 / factor * value
                } else {
                    value / factor
                };
                is_json_integer(times)
            }
            _ => {
                let sentence = format!(
                    "factor MultipleOf declared for {} must be positive: {}",
                    self.here.trail,
                    text(factor)
                );
                outcome.add(self.here.about_the_factor(json_of(factor), sentence));
                return;
            }
        };
        if !is_multiple {
            self.add(&format!("should be a multiple of {}", text(factor)), outcome);
        }
    }
}

fn json_of(number: Numeric) -> Value {
    match number {
        Numeric::Integer(integer) => integer.into(),
        Numeric::Float(float) => float.into(),
    }
}

fn text(number: Numeric) -> String {
    match number {
        Numeric::Integer(integer) => integer.to_string(),
        Numeric::Float(float) => go_text::float_text(float),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the real server compares so too")]
fn as_float(number: Numeric) -> f64 {
    match number {
        Numeric::Integer(integer) => integer as f64,
        Numeric::Float(float) => float,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "limits of integers are cut off, as on the real server"
)]
fn truncated(float: f64) -> i64 {
    float as i64
}

fn whole(number: Numeric) -> Option<i64> {
    // 2^63: the first float beyond the integers.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    match number {
        Numeric::Integer(integer) => Some(integer),
        Numeric::Float(float) if float.fract() == 0.0 && (-BEYOND..BEYOND).contains(&float) => {
            Some(truncated(float))
        }
        Numeric::Float(_) => None,
    }
}

fn fits_float32(float: f64) -> bool {
    float.abs() <= f64::from(f32::MAX)
}
