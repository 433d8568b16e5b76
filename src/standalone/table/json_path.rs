//! The JSON paths of printer columns and of the scale subresource.
//!
//! `.a.b`, `.a['b.c']`, `.a\.b`, `.a[0]`, `.a[-1]`, `.a[-1:]`, `.a[0:4:2]`, `.a[*]`, `.a[?(@.type=="Ready")].status`.
//! Unions and `..` are not read; a column that uses them is empty.

use std::cmp::Ordering;

use serde_json::Value;

/// How many steps a path may have.
const MAX_STEPS: usize = 64;

/// A path that was read once and is looked up in many objects.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonPath {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Member(String),
    Index(i64),
    Slice(Slice),
    All,
    Filter(Filter),
}

/// The items from `start` until before `end`, each `step`th; below zero counts from the last.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Slice {
    start: Option<i64>,
    end: Option<i64>,
    step: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct Filter {
    left: Vec<Step>,
    /// `None`: the left side only has to exist.
    comparison: Option<(Comparison, Value)>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl JsonPath {
    /// Reads a path; `None` if it is not of the shapes above.
    pub fn parse(path: &str) -> Option<Self> {
        let mut reader = Reader { rest: path.trim() };
        let mut steps = Vec::new();
        while !reader.rest.is_empty() {
            if steps.len() == MAX_STEPS {
                return None;
            }
            reader.step(&mut steps)?;
        }
        Some(Self { steps })
    }

    /// The first value that the path leads to; `None` if there is none, or an index is out of bounds.
    pub fn first<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        found(&self.steps, object)?.into_iter().next()
    }
}

fn found<'a>(steps: &[Step], object: &'a Value) -> Option<Vec<&'a Value>> {
    let mut values = vec![object];
    for step in steps {
        let mut next = Vec::new();
        for value in values {
            step.follow(value, &mut next)?;
        }
        values = next;
    }
    Some(values)
}

impl Step {
    /// Adds what a value has at this step; `None` where the server's evaluation fails.
    fn follow<'a>(&self, value: &'a Value, next: &mut Vec<&'a Value>) -> Option<()> {
        match (self, value) {
            (Self::Member(name), _) => next.extend(value.get(name)),
            (_, Value::Null) => {}
            (Self::Index(index), Value::Array(items)) => next.push(items.get(place(*index, items.len())?)?),
            (Self::Slice(slice), Value::Array(items)) => next.extend(slice.of(items)?),
            (Self::Filter(filter), Value::Array(items)) => {
                next.extend(items.iter().filter(|item| filter.admits(item)));
            }
            (Self::All, Value::Array(items)) => next.extend(items),
            (Self::All, Value::Object(members)) => next.extend(members.values()),
            (Self::Index(_) | Self::Slice(_) | Self::Filter(_), _) => return None,
            (Self::All, _) => {}
        }
        Some(())
    }
}

fn place(index: i64, length: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index),
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

impl Slice {
    /// Reads `START:END` or `START:END:STEP`, each of which may be left out.
    fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        let (start, end, step) = match parts.as_slice() {
            [start, end] => (start, end, &""),
            [start, end, step] => (start, end, step),
            _ => return None,
        };
        let number = |text: &str| match text {
            "" => Some(None),
            text => text.parse::<i64>().ok().map(Some),
        };
        let step = usize::try_from(number(step)?.unwrap_or(1)).ok()?;
        Some(Self {
            start: number(start)?,
            end: number(end)?,
            step: Some(step).filter(|step| *step > 0)?,
        })
    }

    fn of<'a>(&self, items: &'a [Value]) -> Option<impl Iterator<Item = &'a Value>> {
        let length = i64::try_from(items.len()).ok()?;
        let from_start = |place: i64| if place < 0 { place + length } else { place };
        let start = from_start(self.start.unwrap_or(0));
        let end = from_start(self.end.unwrap_or(length));
        // Nothing may be asked for anywhere.
        let (start, end) = if start == end { (0, 0) } else { (start, end) };
        let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
        Some(items.get(range)?.iter().step_by(self.step))
    }
}

impl Filter {
    fn admits(&self, item: &Value) -> bool {
        let found = found(&self.left, item).unwrap_or_default();
        let Some(left) = found.first() else { return false };
        let Some((comparison, right)) = &self.comparison else {
            return true;
        };
        let order = compared(left, right);
        match comparison {
            Comparison::Equal => order == Some(Ordering::Equal),
            Comparison::Different => order.is_some_and(Ordering::is_ne),
            Comparison::Less => order.is_some_and(Ordering::is_lt),
            Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
            Comparison::Greater => order.is_some_and(Ordering::is_gt),
            Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        }
    }
}

fn compared(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        _ => None,
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// Reads one step; the dot alone is the object itself and no step.
    fn step(&mut self, steps: &mut Vec<Step>) -> Option<()> {
        if let Some(rest) = self.rest.strip_prefix('[') {
            steps.push(self.bracket(rest)?);
            return Some(());
        }
        self.rest = self.rest.strip_prefix('.').unwrap_or(self.rest);
        if let Some(rest) = self.rest.strip_prefix('*') {
            self.rest = rest;
            steps.push(Step::All);
        } else if !self.rest.is_empty() && !self.rest.starts_with('[') {
            steps.push(Step::Member(self.member()?));
        }
        Some(())
    }

    fn member(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut characters = self.rest.char_indices();
        let end = loop {
            match characters.next() {
                Some((_, '\\')) => name.push(characters.next()?.1),
                Some((place, '.' | '[' | ']' | ' ')) => break place,
                Some((_, character)) => name.push(character),
                None => break self.rest.len(),
            }
        };
        self.rest = self.rest.get(end..)?;
        (!name.is_empty()).then_some(name)
    }

    fn bracket(&mut self, rest: &str) -> Option<Step> {
        let end = closing(rest)?;
        let inner = rest.get(..end)?.trim();
        self.rest = self.rest.get(end + 2..)?;
        if let Some(filter) = inner.strip_prefix("?(").and_then(|inner| inner.strip_suffix(')')) {
            return self::filter(filter).map(Step::Filter);
        }
        match unquoted(inner) {
            Some(name) => Some(Step::Member(name)),
            None if inner == "*" => Some(Step::All),
            None if inner.contains(':') => Slice::parse(inner).map(Step::Slice),
            None => inner.parse().ok().map(Step::Index),
        }
    }
}

/// The place of the bracket that closes, outside of quotes.
fn closing(text: &str) -> Option<usize> {
    let (mut quote, mut open) = (None, 0_usize);
    for (place, character) in text.char_indices() {
        match (quote, character) {
            (Some(quoted), _) if quoted == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => open += 1,
            (None, ']') if open == 0 => return Some(place),
            (None, ']') => open -= 1,
            _ => {}
        }
    }
    None
}

fn unquoted(text: &str) -> Option<String> {
    ['\'', '"'].into_iter().find_map(|quote| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then(|| inner.replace('\\', ""))
    })
}

fn filter(text: &str) -> Option<Filter> {
    let operators = [
        ("==", Comparison::Equal),
        ("!=", Comparison::Different),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let split = operators.iter().find_map(|(operator, comparison)| {
        let (left, right) = text.split_once(operator)?;
        Some((left, Some((*comparison, right))))
    });
    let (left, comparison) = split.unwrap_or((text, None));
    let left = JsonPath::parse(left.trim().strip_prefix('@')?)?.steps;
    let comparison = match comparison {
        Some((comparison, right)) => Some((comparison, literal(right.trim())?)),
        None => None,
    };
    // A filter within a filter could make the work of one path grow without a bound.
    (!left.iter().any(|step| matches!(step, Step::Filter(_)))).then_some(Filter { left, comparison })
}

fn literal(text: &str) -> Option<Value> {
    unquoted(text)
        .map(Value::String)
        .or_else(|| serde_json::from_str(text).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn first(path: &str) -> Option<Value> {
        let object = json!({
            "a": {"b": [1, 2, 3], "c.d": "dotted", "n": null},
            "status": {"conditions": [
                {"type": "Synced", "status": "False", "weight": 1},
                {"type": "Ready", "status": "True", "weight": 5},
            ]},
        });
        JsonPath::parse(path)
            .unwrap_or_else(|| panic!("{path}"))
            .first(&object)
            .cloned()
    }

    #[test]
    fn a_path_leads_to_its_first_value() {
        for (path, value) in [
            (".a.b[0]", json!(1)),
            (".a.b[-1]", json!(3)),
            (".a.b[*]", json!(1)),
            (".a.b[-1:]", json!(3)),
            (".a.b[1:2]", json!(2)),
            (".a.b[:]", json!(1)),
            (".a.b[1::2]", json!(2)),
            (".a['c.d']", json!("dotted")),
            (".a.c\\.d", json!("dotted")),
            (".a.n", json!(null)),
            (".status.conditions[?(@.type==\"Ready\")].status", json!("True")),
            (".status.conditions[?(@.type == 'Ready')].status", json!("True")),
            (".status.conditions[?(@.type!='Ready')].status", json!("False")),
            (".status.conditions[?(@.weight>=2)].type", json!("Ready")),
            (".status.conditions[?(@.weight)].type", json!("Synced")),
        ] {
            assert_eq!(first(path), Some(value), "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        for path in [
            ".x",
            ".x.y[0]",
            ".a.b[3]",
            ".a.b[-4]",
            ".a.b[1:1]",
            ".a.b[2:5]",
            ".a.b[-4:]",
            ".a[0]",
            ".a.n.x",
            ".status.conditions[?(@.type=='X')].status",
        ] {
            assert_eq!(first(path), None, "{path}");
        }
    }

    #[test]
    fn other_shapes_are_not_read() {
        for path in [
            "..a",
            ".a[0:x]",
            ".a[0:2:0]",
            ".a[0:1:2:3]",
            ".a[0,1]",
            ".a[",
            ".a[?(1==1)]",
            ".a[?(@.b==c)]",
            &".a".repeat(65),
        ] {
            assert_eq!(JsonPath::parse(path), None, "{path}");
        }
    }
}
