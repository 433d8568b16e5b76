//! The paths of a kind: one operation for each verb, as the API server names and describes them.

use serde_json::{Map, Value, json};

use super::{Described, kinds, parameters, parameters::Parameter, reference};

/// A verb as OpenAPI tells it.
#[derive(Clone, Copy)]
struct Verb {
    /// As in discovery.
    name: &'static str,
    /// The HTTP method.
    method: &'static str,
    /// As in `x-kubernetes-action`.
    action: &'static str,
    /// The first word of the operation's id.
    word: &'static str,
    /// What it answers when it succeeds.
    answers: &'static [(&'static str, &'static str)],
}

const OK: (&str, &str) = ("200", "OK");
const CREATED: (&str, &str) = ("201", "Created");
const ACCEPTED: (&str, &str) = ("202", "Accepted");

const fn verb(
    name: &'static str,
    (method, action, word): (&'static str, &'static str, &'static str),
    answers: &'static [(&'static str, &'static str)],
) -> Verb {
    Verb {
        name,
        method,
        action,
        word,
        answers,
    }
}

const LIST: Verb = verb("list", ("get", "list", "list"), &[OK]);
const CREATE: Verb = verb("create", ("post", "post", "create"), &[OK, CREATED, ACCEPTED]);
const DELETE_ALL: Verb = verb(
    "deletecollection",
    ("delete", "deletecollection", "delete"),
    &[OK],
);
const GET: Verb = verb("get", ("get", "get", "read"), &[OK]);
const UPDATE: Verb = verb("update", ("put", "put", "replace"), &[OK, CREATED]);
const PATCH: Verb = verb("patch", ("patch", "patch", "patch"), &[OK]);
const DELETE: Verb = verb("delete", ("delete", "delete", "delete"), &[OK, ACCEPTED]);

/// Adds the paths of a kind and of its subresources.
pub(super) fn add(kind: &Described<'_>, paths: &mut Map<String, Value>) {
    let root = match kind.group {
        "" => format!("/api/{}", kind.version),
        group => format!("/apis/{group}/{}", kind.version),
    };
    let all = format!("{root}/{}", kind.plural);
    let collection = if kind.namespaced {
        format!("{root}/namespaces/{{namespace}}/{}", kind.plural)
    } else {
        all.clone()
    };
    let object = format!("{collection}/{{name}}");
    let mut found = vec![
        Path::of(kind, collection, &[LIST, CREATE, DELETE_ALL], None),
        Path::of(kind, object.clone(), &[GET, UPDATE, PATCH, DELETE], None),
    ];
    if kind.namespaced && kind.is_listed() {
        found.push(Path::of(kind, all, &[LIST], None));
    }
    for part in kind.subresources {
        let name = format!("{object}/{part}");
        found.push(Path::of(kind, name, &[GET, UPDATE, PATCH], Some(part)));
    }
    // A path without an operation is none.
    for path in found.into_iter().filter(|path| !path.operations.is_empty()) {
        paths.insert(path.name.clone(), path.told());
    }
}

/// A path with what may be done there.
struct Path<'a> {
    kind: &'a Described<'a>,
    name: String,
    operations: Vec<Operation<'a>>,
}

impl<'a> Path<'a> {
    fn of(kind: &'a Described<'a>, name: String, verbs: &[Verb], part: Option<&'a str>) -> Self {
        let spans_namespaces = kind.namespaced && !name.contains("{namespace}");
        let known = verbs.iter().filter(|verb| kind.verbs.contains(&verb.name));
        let operations = known.map(|verb| Operation {
            kind,
            verb: *verb,
            part,
            spans_namespaces,
        });
        Self {
            kind,
            operations: operations.collect(),
            name,
        }
    }

    /// What all operations take stands once, at the path.
    fn told(&self) -> Value {
        let mut shared = self
            .operations
            .first()
            .map(Operation::parameters)
            .unwrap_or_default();
        for operation in &self.operations {
            let own = operation.parameters();
            shared.retain(|parameter| own.contains(parameter));
        }
        let mut path: Map<String, Value> = self
            .operations
            .iter()
            .map(|operation| (operation.verb.method.to_owned(), operation.told(&shared)))
            .collect();
        let parameters = self
            .in_path()
            .into_iter()
            .chain(shared.iter().copied().map(parameters::in_query));
        path.insert("parameters".to_owned(), parameters.collect());
        Value::Object(path)
    }

    fn in_path(&self) -> Vec<Value> {
        let mut found = Vec::new();
        if self.name.contains("{name}") {
            found.push(parameters::in_path(
                "name",
                &format!("name of the {}", self.kind.kind),
            ));
        }
        if self.name.contains("{namespace}") {
            let description = "object name and auth scope, such as for teams and projects";
            found.push(parameters::in_path("namespace", description));
        }
        found
    }
}

/// A verb of a kind, or of a part of it.
struct Operation<'a> {
    kind: &'a Described<'a>,
    verb: Verb,
    part: Option<&'a str>,
    spans_namespaces: bool,
}

impl Operation<'_> {
    fn parameters(&self) -> Vec<Parameter> {
        parameters::of(self.verb.name, self.kind.is_custom())
    }

    fn told(&self, shared: &[Parameter]) -> Value {
        let (kind, verb) = (self.kind, self.verb);
        let own: Vec<Value> = self
            .parameters()
            .into_iter()
            .filter(|parameter| !shared.contains(parameter))
            .map(parameters::in_query)
            .collect();
        let mut told = json!({
            "tags": [format!("{}_{}", uncapitalised(&camel(kind.tag())), kind.version)],
            "description": self.description(),
            "operationId": self.id(),
        });
        let Value::Object(fields) = &mut told else {
            return told;
        };
        if !own.is_empty() {
            fields.insert("parameters".to_owned(), Value::Array(own));
        }
        if let Some(body) = self.body() {
            fields.insert("requestBody".to_owned(), body);
        }
        fields.insert("responses".to_owned(), self.responses());
        fields.insert("x-kubernetes-action".to_owned(), json!(verb.action));
        fields.insert(
            "x-kubernetes-group-version-kind".to_owned(),
            kind.group_version_kind(),
        );
        told
    }

    fn id(&self) -> String {
        let Described {
            kind,
            version,
            namespaced,
            ..
        } = self.kind;
        let collection = if self.verb.name == "deletecollection" {
            "Collection"
        } else {
            ""
        };
        let (scope, end) = match (namespaced, self.spans_namespaces) {
            (_, true) => ("", "ForAllNamespaces"),
            (true, false) => ("Namespaced", ""),
            (false, false) => ("", ""),
        };
        let (group, version) = (camel(self.kind.tag()), camel(version));
        let part = self.part.map(camel).unwrap_or_default();
        format!(
            "{}{group}{version}{collection}{scope}{kind}{part}{end}",
            self.verb.word
        )
    }

    fn description(&self) -> String {
        let kind = self.kind.kind;
        let part = self.part.map(|part| format!("{part} of ")).unwrap_or_default();
        match self.verb.name {
            "list" if self.kind.is_custom() => format!("list objects of kind {kind}"),
            "list" => format!("list or watch objects of kind {kind}"),
            "create" | "delete" => format!("{} {}{kind}", self.verb.word, article(kind)),
            "deletecollection" => format!("delete collection of {kind}"),
            "patch" => format!("partially update {part}the specified {kind}"),
            _ => format!("{} {part}the specified {kind}", self.verb.word),
        }
    }

    /// The kind that is sent and answered.
    fn model(&self) -> String {
        match (self.part, self.verb.name) {
            (Some("scale"), _) => kinds::SCALE.to_owned(),
            (_, "list") => self.kind.definition_name(self.kind.list_kind),
            (_, "delete" | "deletecollection") => kinds::STATUS.to_owned(),
            _ => self.kind.definition_name(self.kind.kind),
        }
    }

    fn body(&self) -> Option<Value> {
        let custom: &[&str] = &["application/json", "application/yaml"];
        let types = if self.kind.is_custom() { custom } else { &["*/*"] };
        match self.verb.name {
            "create" | "update" => Some(json!({"content": content(types, &self.model()), "required": true})),
            "patch" => {
                let types = [
                    "application/json-patch+json",
                    "application/merge-patch+json",
                    "application/strategic-merge-patch+json",
                ];
                let served = if self.kind.is_custom() {
                    &types[..2]
                } else {
                    &types
                };
                Some(json!({"content": content(served, kinds::PATCH), "required": true}))
            }
            "deletecollection" if self.kind.is_custom() => None,
            "delete" | "deletecollection" => Some(json!({"content": content(types, kinds::DELETE_OPTIONS)})),
            _ => None,
        }
    }

    fn responses(&self) -> Value {
        let mut types = vec!["application/json"];
        if self.verb.name == "list" && !self.kind.is_custom() {
            types.push("application/json;stream=watch");
        }
        types.push("application/yaml");
        let answered = content(&types, &self.model());
        // A patch of a built-in kind may make the object.
        let made = self.verb.name == "patch" && !self.kind.is_custom();
        let answers = self.verb.answers.iter().chain(made.then_some(&CREATED));
        let mut responses: Map<String, Value> = answers
            .map(|(code, description)| {
                let response = json!({"description": description, "content": answered});
                ((*code).to_owned(), response)
            })
            .collect();
        responses.insert("401".to_owned(), json!({"description": "Unauthorized"}));
        Value::Object(responses)
    }
}

fn content(types: &[&str], model: &str) -> Value {
    let content = types
        .iter()
        .map(|kind| ((*kind).to_owned(), json!({"schema": reference(model)})));
    Value::Object(content.collect())
}

/// The article with a space after it; none for a plural.
fn article(noun: &str) -> &'static str {
    if noun.ends_with('s') && !noun.ends_with("ss") {
        return "";
    }
    let is_vowel = noun.starts_with(|first: char| "aeiou".contains(first.to_ascii_lowercase()));
    if is_vowel { "an " } else { "a " }
}

fn camel(text: &str) -> String {
    text.split(['.', '-'])
        .map(|word| with_first(word, |first| first.to_ascii_uppercase()))
        .collect()
}

fn uncapitalised(text: &str) -> String {
    with_first(text, |first| first.to_ascii_lowercase())
}

fn with_first(word: &str, change: impl Fn(char) -> char) -> String {
    let mut letters = word.chars();
    letters.next().map(change).into_iter().chain(letters).collect()
}
