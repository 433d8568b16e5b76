//! What the stand-ins of Slack, Discord and Telegram share: a chat that remembers what was said in it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use campanile::domain::publication::Publication;
use serde_json::Value;

use crate::sink::{Received, answer};

/// What a chat has been told, in order.
#[derive(Default)]
pub(super) struct Chat(Mutex<Vec<Value>>);

impl Chat {
    pub(super) fn messages(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says something; gives its number, from 1.
    pub(super) fn say(&self, message: Value) -> usize {
        let mut messages = self.messages();
        messages.push(message);
        messages.len()
    }

    /// How often the words of a publication stand in it: each has the parameter of its slot.
    pub(super) fn holds(&self, publication: &Publication, field: &str) -> usize {
        let parameter = publication.slot.parameter();
        self.messages()
            .iter()
            .filter(|message| message[field].as_str().unwrap().contains(&parameter))
            .count()
    }
}

/// A request, taken apart: a platform reads it so.
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Value,
}

impl Asked {
    /// # Errors
    /// The answer to what is no request of an API: no JSON in a POST, or a body in a GET.
    pub(super) fn of(request: &Received) -> Result<Self, Vec<u8>> {
        Self::with(request, "application/json; charset=utf-8", |body| {
            serde_json::from_slice(body).map_err(|_| answer(400, &[], "bad JSON"))
        })
    }

    /// The same of an API that takes forms: their fields are texts, each once.
    pub(super) fn of_form(request: &Received) -> Result<Self, Vec<u8>> {
        Self::with(request, "application/x-www-form-urlencoded", |body| {
            let mut fields = serde_json::Map::new();
            for (name, value) in url::form_urlencoded::parse(body) {
                if fields.insert(name.into(), Value::String(value.into())).is_some() {
                    return Err(answer(400, &[], "a field twice"));
                }
            }
            Ok(Value::Object(fields))
        })
    }

    fn with(
        request: &Received,
        wanted: &str,
        read: impl Fn(&[u8]) -> Result<Value, Vec<u8>>,
    ) -> Result<Self, Vec<u8>> {
        let mut words = request.line.split(' ');
        let method = words.next().unwrap_or_default().to_owned();
        let target = words.next().unwrap_or_default();
        let url =
            url::Url::parse(&format!("http://platform{target}")).map_err(|_| answer(400, &[], "bad url"))?;
        let kind = request.headers.get("content-type").map_or("", String::as_str);
        let body = if method == "POST" {
            if kind != wanted {
                return Err(answer(415, &[], "another type"));
            }
            read(&request.body)?
        } else if request.body.is_empty() {
            Value::Null
        } else {
            return Err(answer(400, &[], "a body"));
        };
        Ok(Self {
            method,
            path: url.path().to_owned(),
            query: url.query_pairs().into_owned().collect(),
            body,
        })
    }

    pub(super) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A field of the body that the platform does not know.
    pub(super) fn unknown_field(&self, known: &[&str]) -> Option<String> {
        let fields = self.body.as_object()?;
        fields
            .keys()
            .find(|name| !known.contains(&name.as_str()))
            .cloned()
    }
}

pub(super) fn says(status: u16, body: &Value) -> Vec<u8> {
    let kind = [("content-type", "application/json")];
    answer(status, &kind, &body.to_string())
}
