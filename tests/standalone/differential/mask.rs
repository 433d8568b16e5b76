//! Hides what two honest servers cannot have in common: uids, times, versions, drawn names.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::corpus::{Only, Step};
use super::variables::Variables;

/// Patterns in any text, and what stands there instead.
static PATTERNS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let patterns = [
        (
            r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "<uid>",
        ),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        (
            r"resource version: \d+ \(\d+\)",
            "resource version: <version> (<version>)",
        ),
        (
            r"resource version: \d+, current: \d+",
            "resource version: <version>, current: <version>",
        ),
        (
            r"ResourceVersion in record \(\d+\)",
            "ResourceVersion in record (<version>)",
        ),
        (r#"resourceVersion([\\": ]+)\d+"#, "resourceVersion${1}<version>"),
        (r#"\\*"managedFields\\*":\[\{.*?\}\],?"#, ""),
        (r"X509SHA256=[0-9a-f]{64}", "X509SHA256=<digest>"),
        (r"hash=[0-9A-F]{128}", "hash=<digest>"),
    ];
    let compiled = patterns.map(|(pattern, mask)| (Regex::new(pattern).expect("a pattern"), mask));
    compiled.into()
});

/// How long ago something was, as tables say it.
static AGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(\d+[smhdy])+$").expect("a pattern"));

/// An object that a message quotes, as Go quotes texts.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""\{(?:[^"\\]|\\.)*\}""#).expect("a pattern"));

/// An object that a message shows as it is, between apostrophes.
static SHOWN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"'\{.*\}'").expect("a pattern"));

/// The answer as one value that two servers can be expected to agree on.
pub(crate) fn masked(answer: Answer, step: &Step, variables: &Variables) -> Value {
    let mut value = answer.into_value();
    for only in &step.only {
        keep_only(&mut value["body"], only, variables);
    }
    mask(&mut value, variables);
    sort_causes(&mut value["body"]);
    value
}

/// Puts the causes of a refusal in the order of their fields: the real server takes many of them from
/// maps, whose order is another each time. The message lists the same causes again.
fn sort_causes(status: &mut Value) {
    let Some(causes) = status
        .pointer_mut("/details/causes")
        .and_then(Value::as_array_mut)
    else {
        return;
    };
    let sentence = |cause: &Value| {
        let [field, message] = ["field", "message"].map(|key| cause[key].as_str().unwrap_or_default());
        format!("{field}: {message}")
    };
    causes.sort_by_key(sentence);
    let sentences: Vec<String> = causes.iter().map(sentence).collect();
    let sorted = status["message"].as_str().and_then(|message| {
        let start = message.find("is invalid: [")? + "is invalid: ".len();
        let (head, list) = message.split_at(start);
        let listed = sentences.join(", ");
        let same = list.len() == listed.len() + 2 && sentences.iter().all(|sentence| list.contains(sentence));
        same.then(|| format!("{head}[{listed}]"))
    });
    if let Some(sorted) = sorted {
        status["message"] = json!(sorted);
    }
}

/// Leaves of a list or a map what the step compares.
fn keep_only(body: &mut Value, only: &Only, variables: &Variables) {
    let wanted: Vec<String> = only.is.iter().map(|is| variables.fill(is)).collect();
    let matches = |text: &str| {
        wanted.iter().any(|wanted| match wanted.strip_suffix('*') {
            Some(start) => text.starts_with(start),
            None => text == wanted,
        })
    };
    match body.pointer_mut(&only.at) {
        Some(Value::Array(entries)) => {
            entries.retain(|entry| {
                entry
                    .pointer(&only.field)
                    .and_then(Value::as_str)
                    .is_some_and(matches)
            });
        }
        Some(Value::Object(entries)) => entries.retain(|key, _| matches(key)),
        _ => {}
    }
}

fn mask(value: &mut Value, variables: &Variables) {
    match value {
        Value::String(text) => *text = mask_text(text, variables),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, variables)),
        Value::Object(fields) => mask_fields(fields, variables),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn mask_fields(fields: &mut Map<String, Value>, variables: &Variables) {
    mask_ages(fields);
    if let Some(cells) = fields.get_mut("cells").and_then(Value::as_array_mut) {
        // Later rows of a watch come without the columns that tell which cell is an age.
        let ages = cells
            .iter_mut()
            .filter(|cell| cell.as_str().is_some_and(|text| AGE.is_match(text)));
        ages.for_each(|cell| *cell = json!("<age>"));
    }
    fields.remove("managedFields");
    let masked = std::mem::take(fields).into_iter().map(|(key, mut value)| {
        if !mask_by_name(&key, &mut value) {
            mask(&mut value, variables);
        }
        (mask_text(&key, variables), value)
    });
    fields.extend(masked);
}

/// Whether the field's name alone says that its value is the server's own.
fn mask_by_name(key: &str, value: &mut Value) -> bool {
    let Some(text) = value.as_str() else {
        return false;
    };
    let own = match key {
        // An empty version and "0" mean something of their own.
        "resourceVersion" => !matches!(text, "" | "0"),
        "continue" => !text.is_empty(),
        _ => false,
    };
    if own {
        *value = json!(format!("<{key}>"));
    }
    own
}

/// The cells of a Table that tell how long ago something was.
fn mask_ages(fields: &mut Map<String, Value>) {
    let columns = fields.get("columnDefinitions").and_then(Value::as_array);
    let ages: Vec<usize> = columns
        .into_iter()
        .flatten()
        .enumerate()
        .filter(|(_, column)| column["type"] == "date" || tells_an_age(&column["name"]))
        .map(|(index, _)| index)
        .collect();
    for row in fields
        .get_mut("rows")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        for index in &ages {
            if let Some(cell) = row
                .pointer_mut(&format!("/cells/{index}"))
                .filter(|cell| cell.is_string())
            {
                *cell = json!("<age>");
            }
        }
    }
}

fn tells_an_age(column: &Value) -> bool {
    ["Age", "Last Seen", "First Seen", "Created At"]
        .iter()
        .any(|name| column == name)
}

/// The object in the order of its keys, without what only one of two servers keeps in it.
fn sorted_object(text: &str) -> Option<String> {
    let mut object: Value = serde_json::from_str(text).ok()?;
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object.sort_all_objects();
    Some(object.to_string())
}

fn mask_text(text: &str, variables: &Variables) -> String {
    let mut masked = text.to_owned();
    for (name, value) in variables.of_this_run() {
        // Short values stand in other words too.
        if value.len() > 3 {
            masked = masked.replace(value, &format!("<{name}>"));
        }
    }
    let quoted = |found: &regex::Captures<'_>| {
        let text: Option<String> = serde_json::from_str(&found[0]).ok();
        let sorted = text
            .and_then(|text| sorted_object(&text))
            .map(|text| json!(text).to_string());
        sorted.unwrap_or_else(|| found[0].to_owned())
    };
    masked = QUOTED.replace_all(&masked, quoted).into_owned();
    let shown = |found: &regex::Captures<'_>| {
        let sorted = sorted_object(found[0].trim_matches('\''));
        sorted.map_or_else(|| found[0].to_owned(), |text| format!("'{text}'"))
    };
    masked = SHOWN.replace_all(&masked, shown).into_owned();
    for (pattern, mask) in PATTERNS.iter() {
        if pattern.is_match(&masked) {
            masked = pattern.replace_all(&masked, *mask).into_owned();
        }
    }
    masked
}
