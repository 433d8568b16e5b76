//! An upper bound of the work of an expression on given values, found without doing the work.
//!
//! Loops multiply, and a value may grow by a factor in each turn: `s + s` in a chain of forty `map`s is a terabyte.
//! So sizes are followed through the expression as well as steps. The bound is generous, never too low.

use kube_cel::cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators,
};
use kube_cel::cel::objects::Value;

/// Bytes that cost one step where they are read, as the real server counts them.
const BYTES_A_STEP: f64 = 10.0;

/// The longest list that a function makes of nothing.
const MADE_LENGTH: f64 = 100_000.0;

/// How much a value is, at most.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    /// Its members, if it is a list or a map.
    length: f64,
    /// The members of the largest list or map in it.
    inner: f64,
    /// The bytes of its largest member.
    widest: f64,
    /// All of it.
    bytes: f64,
}

impl Size {
    fn plus(self, other: Self) -> Self {
        Self {
            length: self.length + other.length,
            inner: self.inner.max(other.inner),
            widest: self.widest.max(other.widest),
            bytes: self.bytes + other.bytes,
        }
    }

    fn times(self, times: f64) -> Self {
        Self {
            length: self.length * times,
            inner: self.inner,
            widest: self.widest,
            bytes: self.bytes * times,
        }
    }

    fn scalar(bytes: f64) -> Self {
        Self {
            bytes: bytes + 8.0,
            ..Self::default()
        }
    }

    // A member, of which nothing is known but what it is in.
    fn member(self) -> Self {
        Self {
            length: self.inner,
            bytes: self.widest,
            ..self
        }
    }

    // What holds `length` members that are all together no more than this.
    fn holding(mut self, length: f64, member: Self) -> Self {
        self.length = length;
        self.inner = self.inner.max(member.length).max(member.inner);
        self.widest = self.widest.max(member.bytes);
        self.bytes += member.bytes;
        self
    }
}

/// The steps that `expression` takes at most on these values.
pub(super) fn of(expression: &IdedExpr, variables: &[(&str, Value)]) -> f64 {
    let sizes = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), size_of(value)));
    let mut bound = Bound {
        sizes: sizes.collect(),
        steps: 0.0,
        looks: 0,
    };
    bound.visit(expression);
    if bound.looks > LOOKS_LIMIT {
        f64::INFINITY
    } else {
        bound.steps
    }
}

fn size_of(value: &Value) -> Size {
    let all = Size::scalar(0.0);
    match value {
        Value::List(items) => {
            let length = float(items.len());
            items
                .iter()
                .fold(all, |all, item| all.holding(length, size_of(item)))
        }
        Value::Map(map) => {
            let length = float(map.map.len());
            map.map
                .values()
                .fold(all, |all, value| all.holding(length, size_of(value)))
        }
        Value::String(text) => Size::scalar(float(text.len())),
        Value::Bytes(bytes) => Size::scalar(float(bytes.len())),
        _ => all,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a bound need not be exact")]
fn float(count: usize) -> f64 {
    count as f64
}

/// Loops in loops are looked at several times each; an expression that needs more looks than this is not bounded.
const LOOKS_LIMIT: u32 = 100_000;

struct Bound {
    sizes: Vec<(String, Size)>,
    steps: f64,
    looks: u32,
}

impl Bound {
    fn visit(&mut self, expression: &IdedExpr) -> Size {
        self.steps += 1.0;
        self.looks += 1;
        if self.looks > LOOKS_LIMIT {
            return Size::default();
        }
        match &expression.expr {
            Expr::Unspecified => Size::default(),
            Expr::Ident(name) => self.size_of_variable(name),
            Expr::Literal(literal) => size_of_literal(literal),
            Expr::Select(select) => self.visit(&select.operand).member(),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.members(list.elements.iter()),
            Expr::Map(map) => {
                let entries = map.entries.iter().flat_map(|entry| parts(&entry.expr));
                self.members(entries.collect::<Vec<_>>().into_iter())
            }
            Expr::Struct(fields) => {
                let entries = fields.entries.iter().flat_map(|entry| parts(&entry.expr));
                self.members(entries.collect::<Vec<_>>().into_iter())
            }
            Expr::Comprehension(fold) => self.fold(fold),
        }
    }

    fn size_of_variable(&self, name: &str) -> Size {
        let found = self.sizes.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, size)| *size).unwrap_or_default()
    }

    fn members<'e>(&mut self, members: impl ExactSizeIterator<Item = &'e IdedExpr>) -> Size {
        let length = float(members.len());
        let mut all = Size::scalar(0.0);
        for member in members {
            all = all.holding(length, self.visit(member));
        }
        all
    }

    fn call(&mut self, call: &CallExpr) -> Size {
        let operands = call.target.as_deref().into_iter().chain(&call.args);
        let sizes: Vec<Size> = operands.map(|operand| self.visit(operand)).collect();
        let all = sizes.iter().fold(Size::default(), |all, size| all.plus(*size));
        // Joining copies, which takes less than looking at every byte.
        let share = if call.func_name == operators::ADD {
            0.1
        } else {
            1.0
        };
        self.steps += share * all.bytes / BYTES_A_STEP;
        match call.func_name.as_str() {
            // What only looks gives no more than a bit.
            operators::LOGICAL_AND
            | operators::LOGICAL_OR
            | operators::LOGICAL_NOT
            | operators::EQUALS
            | operators::NOT_EQUALS
            | operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS
            | operators::IN
            | operators::NOT_STRICTLY_FALSE
            | "size"
            | "startsWith"
            | "endsWith"
            | "contains"
            | "matches" => Size::scalar(0.0),
            operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT => all.member(),
            operators::CONDITIONAL | operators::ADD => all,
            "range" => Size {
                length: MADE_LENGTH,
                inner: 0.0,
                widest: 8.0,
                bytes: MADE_LENGTH * 8.0,
            },
            // Each of these puts one operand into another as often as it fits.
            "replace" | "join" | "format" => all.times(all.bytes.max(1.0)),
            // A text may become a list of its letters.
            "split" | "findAll" | "chars" => Size {
                length: all.bytes,
                inner: 0.0,
                widest: all.bytes,
                bytes: all.bytes * 8.0,
            },
            // The members of a list may become one list.
            "flatten" => Size {
                length: all.length * all.inner.max(1.0),
                ..all
            },
            _ => all.times(2.0),
        }
    }

    fn set_last(&mut self, size: Size) {
        if let Some((_, last)) = self.sizes.last_mut() {
            *last = size;
        }
    }

    fn fold(&mut self, fold: &ComprehensionExpr) -> Size {
        let range = self.visit(&fold.iter_range);
        let start = self.visit(&fold.accu_init);
        let turns = range.length;
        let before = self.sizes.len();
        self.sizes.push((fold.iter_var.clone(), range.member()));
        self.sizes
            .extend(fold.iter_var2.clone().map(|name| (name, range.member())));
        let steps_before = self.steps;
        self.sizes.push((fold.accu_var.clone(), start));
        let once = self.visit(&fold.loop_step);
        let grown = if once.bytes <= start.bytes && once.length <= start.length {
            start
        } else {
            // What one turn adds: its result with nothing accumulated so far.
            self.set_last(Size::default());
            let added = self.visit(&fold.loop_step);
            start.plus(added.times(turns))
        };
        // A turn is paid for with all that can have been accumulated when it begins, bits included.
        self.steps = steps_before;
        self.set_last(grown);
        self.visit(&fold.loop_cond);
        self.visit(&fold.loop_step);
        self.steps = steps_before + (self.steps - steps_before) * turns;
        let result = self.visit(&fold.result);
        self.sizes.truncate(before);
        result
    }
}

fn parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

fn size_of_literal(literal: &LiteralValue) -> Size {
    Size::scalar(match literal {
        LiteralValue::String(text) => float(text.inner().len()),
        LiteralValue::Bytes(bytes) => float(bytes.inner().len()),
        _ => 0.0,
    })
}
