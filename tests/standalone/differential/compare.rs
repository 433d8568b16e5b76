//! Two answers, field by field.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// Longest text that a report quotes of a value.
const QUOTED: usize = 400;

/// One field that two servers answered differently.
pub(crate) struct Difference {
    /// `topic: the sentence of the step`.
    pub(crate) step: String,
    /// JSON pointer into `{status, headers, body}`.
    pub(crate) path: String,
    pub(crate) left: Option<Value>,
    pub(crate) right: Option<Value>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "  {}", self.path)?;
        writeln!(formatter, "    - {}", quoted(self.left.as_ref()))?;
        write!(formatter, "    + {}", quoted(self.right.as_ref()))
    }
}

fn quoted(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "(absent)".to_owned(), Value::to_string);
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

/// Every field in which `right` is not `left`, deepest fields first named.
pub(crate) fn differences(step: &str, left: &Value, right: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(&mut found, step, "", (Some(left), Some(right)));
    found
}

fn compare(found: &mut Vec<Difference>, step: &str, path: &str, pair: (Option<&Value>, Option<&Value>)) {
    match pair {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for key in keys {
                let path = format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"));
                compare(found, step, &path, (left.get(key), right.get(key)));
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for index in 0..left.len().max(right.len()) {
                let path = format!("{path}/{index}");
                compare(found, step, &path, (left.get(index), right.get(index)));
            }
        }
        (left, right) if left != right => found.push(Difference {
            step: step.to_owned(),
            path: path.to_owned(),
            left: left.cloned(),
            right: right.cloned(),
        }),
        _ => {}
    }
}
