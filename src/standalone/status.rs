//! What a refused request hears: the `Status` object with its code, reason, message and details.
//!
//! The texts are those of the API machinery of Kubernetes 1.36: clients compare them.

use std::{error::Error, fmt};

use serde_json::{Map, Value, json};

use super::schema::FieldError;

/// The text of a write that was made on an older version of the object.
pub const OPTIMISTIC_LOCK: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

/// What a message is about: a resource by its plural, or a kind, in its group. Prints as `assets.example.com`, or `secrets`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The API group; empty for core.
    pub group: &'a str,
    /// The plural of the resource; the kind, where a message speaks of one object.
    pub kind: &'a str,
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.group) {
            (kind, "") => f.write_str(kind),
            (kind, group) => write!(f, "{kind}.{group}"),
        }
    }
}

/// One finding behind a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The machine word: `FieldValueInvalid`, `FieldValueRequired`, ...; empty where none fits.
    pub reason: &'static str,
    /// The finding without its field.
    pub message: String,
    /// The path of the field: `spec.items[0].name`; empty where no field is to blame.
    pub field: String,
}

/// What a refusal is about, for machines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// The name of the object, if one was named.
    pub name: String,
    /// The group of the resource.
    pub group: String,
    /// The plural of the resource; for invalid objects its kind.
    pub kind: String,
    /// The uid of the object, where a success tells which object it was.
    pub uid: String,
    /// Each finding.
    pub causes: Vec<Cause>,
    /// When a retry makes sense; 0 for no advice.
    pub retry_after_seconds: u32,
}

/// A request that was not done, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    code: u16,
    reason: &'static str,
    message: String,
    details: Option<Box<Details>>,
    /// With which token a list that lost its place can go on.
    continue_token: Option<Box<str>>,
    /// What the client is told beside it.
    warnings: Vec<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Refusal {}

impl Refusal {
    fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            continue_token: None,
            warnings: Vec::new(),
        }
    }

    /// A refusal that some part of the server has words for already; the reason may be empty.
    pub fn of(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self::new(code, reason, message)
    }

    fn about(mut self, subject: Subject<'_>, name: &str) -> Self {
        self.details = Some(Box::new(Details {
            name: name.to_owned(),
            group: subject.group.to_owned(),
            kind: subject.kind.to_owned(),
            ..Details::default()
        }));
        self
    }

    fn after(mut self, seconds: u32) -> Self {
        self.details.get_or_insert_default().retry_after_seconds = seconds;
        self
    }

    /// 404: the resource has no object of this name.
    pub fn not_found(resource: Subject<'_>, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{resource} {name:?} not found")).about(resource, name)
    }

    /// 404 without an object: the path names no resource that is served.
    pub fn no_such_resource() -> Self {
        let mut refusal = Self::new(
            404,
            "NotFound",
            "the server could not find the requested resource",
        );
        refusal.details = Some(Box::default());
        refusal
    }

    /// 409: the name is taken.
    pub fn already_exists(resource: Subject<'_>, name: &str) -> Self {
        let message = format!("{resource} {name:?} already exists");
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    /// 409: each name that was drawn for `generateName` is taken.
    pub fn no_name_was_free(resource: Subject<'_>, name: &str) -> Self {
        let message = format!(
            "{resource} {name:?} already exists, the server was not able to generate a unique name for the object"
        );
        Self::new(409, "AlreadyExists", message)
            .about(resource, name)
            .after(1)
    }

    /// 409: the write does not fit the object as it stands; `why` is often [`OPTIMISTIC_LOCK`].
    pub fn conflict(resource: Subject<'_>, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {resource} {name:?}: {why}");
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// 422: the object breaks rules of its kind; each cause names a field.
    pub fn invalid(kind: Subject<'_>, name: &str, causes: Vec<Cause>) -> Self {
        let mut message = format!("{kind} {name:?} is invalid");
        if let Some(findings) = aggregate(&causes) {
            message = format!("{message}: {findings}");
        }
        let mut refusal = Self::new(422, "Invalid", message).about(kind, name);
        refusal.details.get_or_insert_default().causes = causes;
        refusal
    }

    /// 403: not allowed; the name is empty where the request names none.
    pub fn forbidden(resource: Subject<'_>, name: &str, why: &str) -> Self {
        let message = match (resource.kind, name) {
            ("", _) => format!("forbidden: {why}"),
            (_, "") => format!("{resource} is forbidden: {why}"),
            _ => format!("{resource} {name:?} is forbidden: {why}"),
        };
        Self::new(403, "Forbidden", message).about(resource, name)
    }

    /// 401: nobody knows who asks.
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 405: the resource does not know this verb; as the generic handlers say it.
    pub fn method_not_allowed(resource: Subject<'_>, verb: &str) -> Self {
        let message = format!("{verb} is not supported on resources of kind \"{resource}\"");
        Self::new(405, "MethodNotAllowed", message).about(resource, "")
    }

    /// 405: the path is known, this method is not.
    pub fn no_such_method() -> Self {
        let mut refusal = Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        );
        refusal.details = Some(Box::default());
        refusal
    }

    /// 406: none of the forms that the client accepts can be made.
    pub fn not_acceptable(served: &[&str]) -> Self {
        let message = format!(
            "only the following media types are accepted: {}",
            served.join(", ")
        );
        Self::new(406, "NotAcceptable", message)
    }

    /// 415: the body comes in a form that is not read here.
    pub fn unsupported_media_type(read: &[&str]) -> Self {
        let message = format!(
            "the body of the request was in an unknown format - accepted media types include: {}",
            read.join(", ")
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 415 with a sentence of our own.
    pub fn unsupported(sentence: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", sentence)
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 410: the version or the continue token is no longer held.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// 410 in a watch that asked for a version before the oldest held one.
    pub fn too_old(asked: u64, oldest: u64) -> Self {
        Self::expired(format!("too old resource version: {asked} ({oldest})"))
    }

    /// 410 without the advice to list again.
    pub fn gone(message: impl Into<String>) -> Self {
        Self::new(410, "Gone", message)
    }

    /// 413: the body or the object is larger than is kept.
    pub fn too_large(message: &str) -> Self {
        Self::new(
            413,
            "RequestEntityTooLarge",
            format!("Request entity too large: {message}"),
        )
    }

    /// 429: come again later.
    pub fn too_many_requests(message: impl Into<String>, retry_after_seconds: u32) -> Self {
        Self::new(429, "TooManyRequests", message).after(retry_after_seconds)
    }

    /// 500: a fault of ours; the message is the whole chain.
    pub fn internal(why: &str) -> Self {
        let message = format!("Internal error occurred: {why}");
        let mut refusal = Self::new(500, "InternalError", message);
        refusal.details = Some(Box::new(Details {
            causes: vec![Cause {
                reason: "",
                message: why.to_owned(),
                field: String::new(),
            }],
            ..Details::default()
        }));
        refusal
    }

    /// 503: not now, for instance while the control plane ends.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(503, "ServiceUnavailable", message)
    }

    /// 504: what was waited for did not come in time.
    pub fn timeout(message: &str, retry_after_seconds: u32) -> Self {
        Self::new(504, "Timeout", format!("Timeout: {message}")).after(retry_after_seconds)
    }

    /// 504: the asked-for resource version is in the future. Clients know the cause `ResourceVersionTooLarge`.
    pub fn version_in_the_future(asked: u64, current: u64) -> Self {
        let message = format!("Too large resource version: {asked}, current: {current}");
        let mut refusal = Self::timeout(&message, 1);
        refusal.details.get_or_insert_default().causes = vec![Cause {
            reason: "ResourceVersionTooLarge",
            message: "Too large resource version".to_owned(),
            field: String::new(),
        }];
        refusal
    }

    /// The same refusal with other words before its message.
    #[must_use]
    pub fn preceded_by(mut self, words: &str) -> Self {
        self.message = format!("{words}{}", self.message);
        self
    }

    /// The same refusal under another code, reason and with its causes kept: what a policy's `reason` asks for.
    #[must_use]
    pub fn with_reason(mut self, code: u16, reason: &'static str) -> Self {
        self.code = code;
        self.reason = reason;
        self
    }

    /// The same refusal with these findings behind it.
    #[must_use]
    pub fn with_causes(mut self, causes: Vec<Cause>) -> Self {
        self.details.get_or_insert_default().causes = causes;
        self
    }

    /// The same refusal with a token for the rest of the list.
    #[must_use]
    pub fn with_continue_token(mut self, token: String) -> Self {
        self.continue_token = Some(token.into());
        self
    }

    /// The same refusal with these sentences before those that are told beside it.
    #[must_use]
    pub fn with_warnings(mut self, mut warnings: Vec<String>) -> Self {
        warnings.append(&mut self.warnings);
        self.warnings = warnings;
        self
    }

    /// What the client is told beside it.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The HTTP status.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The machine word: `NotFound`, `Conflict`, ...
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// What people read.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the refusal is about, if it says so.
    pub fn details(&self) -> Option<&Details> {
        self.details.as_deref()
    }

    /// The `Status` object.
    pub fn body(&self) -> Value {
        let metadata = match &self.continue_token {
            Some(token) => json!({"continue": token}),
            None => json!({}),
        };
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure", "message": self.message,
        });
        if let Some(fields) = body.as_object_mut() {
            if !self.reason.is_empty() {
                fields.insert("reason".to_owned(), self.reason.into());
            }
            if let Some(details) = &self.details {
                fields.insert("details".to_owned(), details.body());
            }
            fields.insert("code".to_owned(), self.code.into());
        }
        body
    }
}

/// Constructors with the texts of the API machinery's field errors.
impl Cause {
    fn new(reason: &'static str, field: &str, message: String) -> Self {
        Self {
            reason,
            message,
            field: field.to_owned(),
        }
    }

    /// A value that breaks a rule; `detail` says which.
    pub fn invalid(field: &str, value: &Value, detail: &str) -> Self {
        let message = with_detail(&format!("Invalid value: {value}"), detail);
        Self::new("FieldValueInvalid", field, message)
    }

    /// A field that must be there; an empty detail is left out.
    pub fn required(field: &str, detail: &str) -> Self {
        Self::new("FieldValueRequired", field, with_detail("Required value", detail))
    }

    /// A field that must not be there, or not now.
    pub fn forbidden(field: &str, detail: &str) -> Self {
        Self::new("FieldValueForbidden", field, with_detail("Forbidden", detail))
    }

    /// A value outside an enumeration.
    pub fn not_supported(field: &str, value: &Value, supported: &[&str]) -> Self {
        let quoted: Vec<String> = supported.iter().map(|word| format!("{word:?}")).collect();
        let detail = match quoted.as_slice() {
            [] => String::new(),
            words => format!("supported values: {}", words.join(", ")),
        };
        let message = with_detail(&format!("Unsupported value: {value}"), &detail);
        Self::new("FieldValueNotSupported", field, message)
    }

    /// A value that stands twice.
    pub fn duplicate(field: &str, value: &Value) -> Self {
        Self::new("FieldValueDuplicate", field, format!("Duplicate value: {value}"))
    }

    /// A value that is longer than `limit` bytes.
    pub fn too_long(field: &str, limit: usize) -> Self {
        let message = format!("Too long: may not be more than {limit} bytes");
        Self::new("FieldValueTooLong", field, message)
    }

    /// A reference to nothing.
    pub fn not_found(field: &str, value: &Value) -> Self {
        Self::new("FieldValueNotFound", field, format!("Not found: {value}"))
    }
}

impl From<&FieldError> for Cause {
    fn from(error: &FieldError) -> Self {
        Self::new(error.kind.reason(), &error.field, error.body())
    }
}

fn with_detail(message: &str, detail: &str) -> String {
    match detail {
        "" => message.to_owned(),
        _ => format!("{message}: {detail}"),
    }
}

impl Details {
    fn body(&self) -> Value {
        let mut body = Map::new();
        for (key, text) in [
            ("name", &self.name),
            ("group", &self.group),
            ("kind", &self.kind),
            ("uid", &self.uid),
        ] {
            if !text.is_empty() {
                body.insert(key.to_owned(), text.as_str().into());
            }
        }
        if !self.causes.is_empty() {
            let causes: Vec<Value> = self.causes.iter().map(Cause::body).collect();
            body.insert("causes".to_owned(), causes.into());
        }
        if self.retry_after_seconds > 0 {
            body.insert("retryAfterSeconds".to_owned(), self.retry_after_seconds.into());
        }
        Value::Object(body)
    }
}

impl Cause {
    fn body(&self) -> Value {
        let mut body = Map::new();
        for (key, text) in [
            ("reason", self.reason),
            ("message", self.message.as_str()),
            ("field", self.field.as_str()),
        ] {
            if !text.is_empty() {
                body.insert(key.to_owned(), text.into());
            }
        }
        Value::Object(body)
    }
}

/// A `Status` of a success: what a deletion answers.
pub fn success(details: &Details) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details.body(),
    })
}

/// The findings as one text: each once, in brackets when there are several.
fn aggregate(causes: &[Cause]) -> Option<String> {
    let mut texts: Vec<String> = Vec::new();
    for cause in causes {
        let text = match cause.field.as_str() {
            "" => format!("<nil>: {}", cause.message),
            field => format!("{field}: {}", cause.message),
        };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    match texts.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        _ => Some(format!("[{}]", texts.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSETS: Subject<'_> = Subject {
        group: "campanile.dev",
        kind: "assets",
    };

    #[test]
    fn a_missing_object_is_named_with_its_resource_and_group() {
        assert_eq!(
            Refusal::not_found(ASSETS, "a").body(),
            json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "assets.campanile.dev \"a\" not found", "reason": "NotFound",
                "details": {"name": "a", "group": "campanile.dev", "kind": "assets"}, "code": 404,
            })
        );
    }

    #[test]
    fn several_findings_stand_in_brackets_and_equal_ones_once() {
        let cause = |message: &str| Cause {
            reason: "FieldValueInvalid",
            message: message.to_owned(),
            field: "spec.x".to_owned(),
        };
        let kind = Subject {
            group: "",
            kind: "ConfigMap",
        };
        let refusal = Refusal::invalid(kind, "c", vec![cause("one"), cause("two"), cause("one")]);
        assert_eq!(
            refusal.message(),
            "ConfigMap \"c\" is invalid: [spec.x: one, spec.x: two]"
        );
        assert_eq!(refusal.details().map(|details| details.causes.len()), Some(3));
    }

    #[test]
    fn a_version_from_the_future_says_so_to_machines() {
        let refusal = Refusal::version_in_the_future(9, 3);
        assert_eq!(refusal.code(), 504);
        assert_eq!(
            refusal.body()["details"]["causes"][0]["reason"],
            "ResourceVersionTooLarge"
        );
    }
}
