//! One node of a schema, read from its JSON once, so that objects are judged without looking at JSON again.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::field_error::{FieldError, Path};
use super::format::Format;
use super::pattern::Pattern;
use super::rules::Program;

/// How deep schemas may nest: what the JSON reader allows for a body.
const DEPTH_LIMIT: usize = 128;

/// A type of JSON as schemas name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonType {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

impl JsonType {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [
            Self::Object,
            Self::Array,
            Self::String,
            Self::Integer,
            Self::Number,
            Self::Boolean,
        ];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// What may stand under the keys that no property names.
#[derive(Debug, Clone)]
pub(super) enum Additional {
    Any,
    Nothing,
    Like(Box<Node>),
}

impl Additional {
    pub(super) fn node(&self) -> Option<&Node> {
        match self {
            Self::Like(node) => Some(node),
            Self::Any | Self::Nothing => None,
        }
    }
}

/// A rule in CEL, as it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) expression: String,
    pub(super) message: String,
    pub(super) message_expression: String,
    pub(super) reason: Option<String>,
    pub(super) field_path: String,
    pub(super) optional_old_self: Option<bool>,
}

/// One node of a schema.
///
/// The same type holds the nodes that give structure and the branches of `allOf`, `anyOf`, `oneOf` and `not`;
/// `checks` sees to it that a branch only restricts.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the flags are the schema language's own"
)]
pub(super) struct Node {
    pub(super) type_name: String,
    pub(super) format_name: String,
    pub(super) format: Option<Format>,
    pub(super) has_title: bool,
    pub(super) has_description: bool,
    pub(super) nullable: bool,
    pub(super) default: Option<Arc<Value>>,
    pub(super) maximum: Option<f64>,
    pub(super) exclusive_maximum: bool,
    pub(super) minimum: Option<f64>,
    pub(super) exclusive_minimum: bool,
    pub(super) multiple_of: Option<f64>,
    pub(super) max_length: Option<i64>,
    pub(super) min_length: Option<i64>,
    pub(super) max_items: Option<i64>,
    pub(super) min_items: Option<i64>,
    pub(super) max_properties: Option<i64>,
    pub(super) min_properties: Option<i64>,
    pub(super) unique_items: bool,
    pub(super) pattern: Option<Result<Pattern, (String, String)>>,
    pub(super) values: Vec<Value>,
    pub(super) required: Vec<String>,
    pub(super) properties: BTreeMap<String, Node>,
    pub(super) additional: Option<Additional>,
    pub(super) items: Option<Box<Node>>,
    pub(super) items_is_list: bool,
    pub(super) all_of: Vec<Node>,
    pub(super) any_of: Vec<Node>,
    pub(super) one_of: Vec<Node>,
    pub(super) not: Option<Box<Node>>,
    pub(super) preserve_unknown_fields: Option<bool>,
    pub(super) embedded_resource: bool,
    pub(super) int_or_string: bool,
    pub(super) list_map_keys: Vec<String>,
    pub(super) list_type: Option<String>,
    pub(super) map_type: Option<String>,
    pub(super) rules: Vec<Rule>,
    /// The rules compiled, in their order; empty until they are.
    pub(super) programs: Vec<Arc<Program>>,
    /// Whether this node or one below it has rules.
    pub(super) has_rules: bool,
    /// The JSON keys that are set to something else than nothing.
    pub(super) set: Vec<String>,
}

impl Node {
    /// Reads a node and what is below it.
    pub(super) fn read(source: &Value, path: &Path<'_>) -> Result<Self, Vec<FieldError>> {
        let mut reader = Reader::default();
        let node = reader.node(source, path, 0);
        if reader.errors.is_empty() {
            Ok(node)
        } else {
            Err(reader.errors)
        }
    }

    pub(super) fn preserves_unknown_fields(&self) -> bool {
        self.preserve_unknown_fields == Some(true)
    }

    /// The types that a value may have; empty where any may stand.
    pub(super) fn types(&self) -> &[JsonType] {
        const INTEGER_OR_STRING: &[JsonType] = &[JsonType::Integer, JsonType::String];
        if self.int_or_string {
            return INTEGER_OR_STRING;
        }
        match JsonType::named(&self.type_name) {
            Some(JsonType::Object) => &[JsonType::Object],
            Some(JsonType::Array) => &[JsonType::Array],
            Some(JsonType::String) => &[JsonType::String],
            Some(JsonType::Integer) => &[JsonType::Integer],
            Some(JsonType::Number) => &[JsonType::Number],
            Some(JsonType::Boolean) => &[JsonType::Boolean],
            None => &[],
        }
    }

    /// The node of an entry of an object: that of the property, else that of every other key.
    pub(super) fn field(&self, name: &str) -> Option<&Node> {
        let other = || self.additional.as_ref().and_then(Additional::node);
        self.properties.get(name).or_else(other)
    }

    pub(super) fn is_set(&self, key: &str) -> bool {
        self.set.iter().any(|name| name == key)
    }
}

#[derive(Default)]
struct Reader {
    errors: Vec<FieldError>,
}

impl Reader {
    fn node(&mut self, source: &Value, path: &Path<'_>, depth: usize) -> Node {
        let Value::Object(fields) = source else {
            self.wrong_type(path, source, "an object");
            return Node::default();
        };
        if depth > DEPTH_LIMIT {
            let detail = format!("must not nest more than {DEPTH_LIMIT} levels deep");
            self.errors.push(FieldError::forbidden(path, detail));
            return Node::default();
        }
        let mut node = Node {
            set: names_that_are_set(fields),
            ..Node::default()
        };
        self.words(&mut node, fields, path);
        self.limits(&mut node, fields, path);
        self.extensions(&mut node, fields, path);
        self.structure(&mut node, fields, path, depth + 1);
        node.format = Format::of(&node);
        node
    }

    fn words(&mut self, node: &mut Node, fields: &Map<String, Value>, path: &Path<'_>) {
        node.type_name = self.text(fields, "type", path);
        node.format_name = self.text(fields, "format", path);
        node.has_title = !self.text(fields, "title", path).is_empty();
        node.has_description = !self.text(fields, "description", path).is_empty();
        node.nullable = self.flag(fields, "nullable", path);
        node.default = present(fields, "default").cloned().map(Arc::new);
        node.required = self.texts(fields, "required", path);
        node.values = self.list(fields, "enum", path).to_vec();
        let pattern = self.text(fields, "pattern", path);
        if !pattern.is_empty() {
            node.pattern = Some(Pattern::compile(&pattern).map_err(|error| (pattern, error)));
        }
    }

    fn limits(&mut self, node: &mut Node, fields: &Map<String, Value>, path: &Path<'_>) {
        node.maximum = self.float(fields, "maximum", path);
        node.minimum = self.float(fields, "minimum", path);
        node.multiple_of = self.float(fields, "multipleOf", path);
        node.exclusive_maximum = self.flag(fields, "exclusiveMaximum", path);
        node.exclusive_minimum = self.flag(fields, "exclusiveMinimum", path);
        node.max_length = self.integer(fields, "maxLength", path);
        node.min_length = self.integer(fields, "minLength", path);
        node.max_items = self.integer(fields, "maxItems", path);
        node.min_items = self.integer(fields, "minItems", path);
        node.max_properties = self.integer(fields, "maxProperties", path);
        node.min_properties = self.integer(fields, "minProperties", path);
        node.unique_items = self.flag(fields, "uniqueItems", path);
    }

    fn extensions(&mut self, node: &mut Node, fields: &Map<String, Value>, path: &Path<'_>) {
        const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";
        node.preserve_unknown_fields = present(fields, PRESERVE).map(|_| self.flag(fields, PRESERVE, path));
        node.embedded_resource = self.flag(fields, "x-kubernetes-embedded-resource", path);
        node.int_or_string = self.flag(fields, "x-kubernetes-int-or-string", path);
        node.list_map_keys = self.texts(fields, "x-kubernetes-list-map-keys", path);
        node.list_type = self.optional_text(fields, "x-kubernetes-list-type", path);
        node.map_type = self.optional_text(fields, "x-kubernetes-map-type", path);
        let rules = self.list(fields, "x-kubernetes-validations", path).to_vec();
        let rules_path = path.child("x-kubernetes-validations");
        for (index, rule) in rules.iter().enumerate() {
            let rule = self.rule(rule, &rules_path.index(index));
            node.rules.push(rule);
        }
    }

    fn rule(&mut self, source: &Value, path: &Path<'_>) -> Rule {
        const OPTIONAL: &str = "optionalOldSelf";
        let Value::Object(fields) = source else {
            self.wrong_type(path, source, "an object");
            return Rule::default();
        };
        Rule {
            expression: self.text(fields, "rule", path),
            message: self.text(fields, "message", path),
            message_expression: self.text(fields, "messageExpression", path),
            reason: self.optional_text(fields, "reason", path),
            field_path: self.text(fields, "fieldPath", path),
            optional_old_self: present(fields, OPTIONAL).map(|_| self.flag(fields, OPTIONAL, path)),
        }
    }

    fn structure(&mut self, node: &mut Node, fields: &Map<String, Value>, path: &Path<'_>, depth: usize) {
        node.properties = self.properties(fields, path, depth);
        node.additional = self.additional(fields, path, depth);
        let items_path = path.child("items");
        match present(fields, "items") {
            Some(Value::Array(_)) => node.items_is_list = true,
            Some(items) => node.items = Some(Box::new(self.node(items, &items_path, depth))),
            None => {}
        }
        node.all_of = self.branches(fields, "allOf", path, depth);
        node.any_of = self.branches(fields, "anyOf", path, depth);
        node.one_of = self.branches(fields, "oneOf", path, depth);
        let not_path = path.child("not");
        node.not = present(fields, "not").map(|not| Box::new(self.node(not, &not_path, depth)));
    }

    fn properties(
        &mut self,
        fields: &Map<String, Value>,
        path: &Path<'_>,
        depth: usize,
    ) -> BTreeMap<String, Node> {
        let here = path.child("properties");
        let Some(source) = present(fields, "properties") else {
            return BTreeMap::new();
        };
        let Value::Object(properties) = source else {
            self.wrong_type(&here, source, "an object");
            return BTreeMap::new();
        };
        let read =
            |(name, property): (&String, &Value)| (name.clone(), self.node(property, &here.key(name), depth));
        properties.iter().map(read).collect()
    }

    fn additional(
        &mut self,
        fields: &Map<String, Value>,
        path: &Path<'_>,
        depth: usize,
    ) -> Option<Additional> {
        Some(match present(fields, "additionalProperties")? {
            Value::Bool(true) => Additional::Any,
            Value::Bool(false) => Additional::Nothing,
            other => {
                let path = path.child("additionalProperties");
                Additional::Like(Box::new(self.node(other, &path, depth)))
            }
        })
    }

    fn branches(
        &mut self,
        fields: &Map<String, Value>,
        key: &str,
        path: &Path<'_>,
        depth: usize,
    ) -> Vec<Node> {
        let sources = self.list(fields, key, path);
        let here = path.child(key);
        let read = |(index, source)| self.node(source, &here.index(index), depth);
        sources.iter().enumerate().map(read).collect()
    }

    fn wrong_type(&mut self, path: &Path<'_>, value: &Value, wanted: &str) {
        let error = FieldError::invalid(path, value.clone(), format!("must be {wanted}"));
        self.errors.push(error);
    }

    fn typed<'v, T>(
        &mut self,
        fields: &'v Map<String, Value>,
        (key, wanted): (&str, &str),
        path: &Path<'_>,
        read: impl Fn(&'v Value) -> Option<T>,
    ) -> Option<T> {
        let value = present(fields, key)?;
        let found = read(value);
        if found.is_none() {
            self.wrong_type(&path.child(key), value, wanted);
        }
        found
    }

    fn optional_text(&mut self, fields: &Map<String, Value>, key: &str, path: &Path<'_>) -> Option<String> {
        let text = self.typed(fields, (key, "a string"), path, Value::as_str);
        text.map(str::to_owned)
    }

    fn text(&mut self, fields: &Map<String, Value>, key: &str, path: &Path<'_>) -> String {
        self.optional_text(fields, key, path).unwrap_or_default()
    }

    fn flag(&mut self, fields: &Map<String, Value>, key: &str, path: &Path<'_>) -> bool {
        let flag = self.typed(fields, (key, "a boolean"), path, Value::as_bool);
        flag.unwrap_or_default()
    }

    fn float(&mut self, fields: &Map<String, Value>, key: &str, path: &Path<'_>) -> Option<f64> {
        self.typed(fields, (key, "a number"), path, Value::as_f64)
    }

    fn integer(&mut self, fields: &Map<String, Value>, key: &str, path: &Path<'_>) -> Option<i64> {
        self.typed(fields, (key, "an integer"), path, Value::as_i64)
    }

    fn list<'v>(&mut self, fields: &'v Map<String, Value>, key: &str, path: &Path<'_>) -> &'v [Value] {
        let list = self.typed(fields, (key, "a list"), path, Value::as_array);
        list.map(Vec::as_slice).unwrap_or_default()
    }

    fn texts(&mut self, fields: &Map<String, Value>, key: &str, path: &Path<'_>) -> Vec<String> {
        let items = self.list(fields, key, path);
        let texts: Vec<String> = items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect();
        if texts.len() != items.len() {
            self.wrong_type(
                &path.child(key),
                &Value::Array(items.to_vec()),
                "a list of strings",
            );
        }
        texts
    }
}

fn present<'v>(fields: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    fields.get(key).filter(|value| !value.is_null())
}

fn names_that_are_set(fields: &Map<String, Value>) -> Vec<String> {
    let says_something = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) | Value::Number(_) | Value::Bool(true) => true,
    };
    fields
        .iter()
        .filter(|(_, value)| says_something(value))
        .map(|(name, _)| name.clone())
        .collect()
}
