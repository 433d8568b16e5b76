//! `${name}` in paths, headers and bodies.

use std::collections::BTreeMap;

use serde_json::Value;

/// What the steps of one topic know: the run, the namespace, the group, and what they kept.
pub(crate) struct Variables {
    given: BTreeMap<String, String>,
    kept: BTreeMap<String, String>,
}

impl Variables {
    /// `${run}`, `${ns}` and `${group}` of a topic, and the two paths that it uses most.
    pub(crate) fn new(topic: &str, run: &str) -> Self {
        let word = topic.replace('_', "-");
        let (namespace, group) = (format!("{word}-{run}"), format!("{word}.{run}.example.com"));
        let given = [
            ("run", run.to_owned()),
            // As the names of operations in OpenAPI have it.
            ("Run", run.replacen('r', "R", 1)),
            ("core", format!("/api/v1/namespaces/{namespace}")),
            (
                "widgets",
                format!("/apis/{group}/v1/namespaces/{namespace}/widgets"),
            ),
            ("ns", namespace),
            ("group", group),
        ];
        Self {
            given: given.map(|(name, value)| (name.to_owned(), value)).into(),
            kept: BTreeMap::new(),
        }
    }

    /// Keeps a value for later steps.
    pub(crate) fn keep(&mut self, name: &str, value: String) {
        self.kept.insert(name.to_owned(), value);
    }

    /// What differs from run to run, each text with the name that it goes by.
    pub(crate) fn of_this_run(&self) -> impl Iterator<Item = (&str, &str)> {
        let run = ["run", "Run"]
            .into_iter()
            .filter_map(|name| self.given.get_key_value(name));
        let all = self.kept.iter().chain(run);
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The text with every variable replaced; a name that nobody set ends the test.
    pub(crate) fn fill(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, behind) = after.split_once('}').expect("a variable ends with }");
            let value = self.kept.get(name).or_else(|| self.given.get(name));
            filled.push_str(before);
            filled.push_str(value.unwrap_or_else(|| panic!("no variable ${{{name}}} in {text:?}")));
            rest = behind;
        }
        filled + rest
    }

    /// The value with every variable in its texts and keys replaced.
    pub(crate) fn fill_value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(items) => items.iter().map(|item| self.fill_value(item)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(key, value)| (self.fill(key), self.fill_value(value)))
                .collect(),
            plain => plain.clone(),
        }
    }
}
