//! A platform's published OpenAPI document, and whether a request is one that it describes.

use std::path::Path;

use serde_json::Value;

use super::chat::Asked;

/// What a platform has published of its API.
pub(super) struct Description(Value);

impl Description {
    /// The document beside the repository; none where the folder is not there.
    ///
    /// # Panics
    /// In continuous integration it has to be there.
    pub(super) fn beside_the_repository(name: &str) -> Option<Self> {
        // The folder that the tests run in is the package's.
        let path = Path::new("../shared/specs").join(name);
        assert!(
            path.exists() || std::env::var_os("CI").is_none(),
            "{} is missing, and continuous integration validates against it",
            path.display()
        );
        let text = path.exists().then(|| std::fs::read(&path).unwrap())?;
        Some(Self(serde_json::from_slice(&text).unwrap()))
    }

    /// What of a request the document does not describe, in words.
    pub(super) fn faults(&self, asked: &Asked) -> Vec<String> {
        let Some(operation) = self.operation(asked) else {
            return vec![format!("no operation {} {}", asked.method, asked.path)];
        };
        let mut faults = self.query_faults(operation, asked);
        let body = operation.pointer("/requestBody/content/application~1json/schema");
        match body {
            Some(schema) => self.check(schema, &asked.body, "body", &mut faults),
            None if asked.body.is_null() => {}
            None => faults.push("a body, and none is described".into()),
        }
        faults
    }

    fn operation(&self, asked: &Asked) -> Option<&Value> {
        let paths = self.0["paths"].as_object().unwrap();
        let method = asked.method.to_lowercase();
        let fits = |path: &&String| {
            let (wanted, given) = (path.split('/'), asked.path.split('/'));
            wanted.clone().count() == given.clone().count()
                && wanted
                    .zip(given)
                    .all(|(wanted, given)| wanted == given || wanted.starts_with('{'))
        };
        // A path without a gap goes before one with.
        let found = paths
            .get(&asked.path)
            .or_else(|| paths.keys().find(fits).map(|path| &paths[path]));
        found?.get(method)
    }

    fn query_faults(&self, operation: &Value, asked: &Asked) -> Vec<String> {
        let mut faults = Vec::new();
        let parameters = operation["parameters"].as_array();
        let parameters: Vec<&Value> = parameters
            .into_iter()
            .flatten()
            .map(|value| self.followed(value))
            .collect();
        for (name, value) in &asked.query {
            let described = parameters
                .iter()
                .find(|known| known["in"] == "query" && known["name"] == name.as_str());
            let Some(described) = described else {
                faults.push(format!("the parameter {name} is not described"));
                continue;
            };
            let schema = self.followed(&described["schema"]);
            let value = match schema["type"].as_str() {
                Some("array") => value.split(',').map(Value::from).collect(),
                Some("integer") => value
                    .parse::<i64>()
                    .map_or(Value::from(value.as_str()), Value::from),
                _ => Value::from(value.as_str()),
            };
            self.check(schema, &value, name, &mut faults);
        }
        for missing in parameters
            .iter()
            .filter(|known| known["in"] == "query" && known["required"] == true)
        {
            if !asked
                .query
                .iter()
                .any(|(name, _)| missing["name"] == name.as_str())
            {
                faults.push(format!("the parameter {} is missing", missing["name"]));
            }
        }
        faults
    }

    fn followed<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.followed(self.0.pointer(reference.trim_start_matches('#')).unwrap()),
            None => value,
        }
    }

    /// The keywords that the requests of our channels meet; one that it does not know is a fault, so that none is passed over.
    fn check(&self, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
        let schema = self.followed(schema).as_object().unwrap();
        let mut fault = |what: String| faults.push(format!("{place}: {what}"));
        for (keyword, wanted) in schema {
            let holds = match keyword.as_str() {
                "type" => is_of(value, wanted.as_str().unwrap()),
                "enum" => wanted.as_array().unwrap().contains(value),
                "pattern" => value.as_str().is_none_or(|text| {
                    regex::Regex::new(wanted.as_str().unwrap())
                        .unwrap()
                        .is_match(text)
                }),
                "minLength" => value
                    .as_str()
                    .is_none_or(|text| text.chars().count() as u64 >= wanted.as_u64().unwrap()),
                "minimum" => value
                    .as_i64()
                    .is_none_or(|number| number >= wanted.as_i64().unwrap()),
                "maximum" => value
                    .as_i64()
                    .is_none_or(|number| number <= wanted.as_i64().unwrap()),
                "minItems" => value
                    .as_array()
                    .is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap()),
                "uniqueItems" => value
                    .as_array()
                    .is_none_or(|items| (1..items.len()).all(|at| !items[..at].contains(&items[at]))),
                "required" => wanted.as_array().unwrap().iter().all(|name| {
                    value
                        .as_object()
                        .is_none_or(|fields| fields.contains_key(name.as_str().unwrap()))
                }),
                "format" => {
                    wanted != "date-time"
                        || value
                            .as_str()
                            .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok())
                }
                "additionalProperties" if *wanted == false => value
                    .as_object()
                    .is_none_or(|fields| fields.keys().all(|name| schema["properties"].get(name).is_some())),
                "properties" | "items" | "description" | "default" | "example" => true,
                _ => false,
            };
            if !holds {
                fault(format!("{keyword} {wanted} does not hold for {value}"));
            }
        }
        for (name, field) in value.as_object().into_iter().flatten() {
            if let Some(described) = schema.get("properties").and_then(|known| known.get(name)) {
                self.check(described, field, &format!("{place}.{name}"), faults);
            }
        }
        for item in value.as_array().into_iter().flatten() {
            if let Some(described) = schema.get("items") {
                self.check(described, item, place, faults);
            }
        }
    }
}

fn is_of(value: &Value, type_: &str) -> bool {
    match type_ {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => false,
    }
}
