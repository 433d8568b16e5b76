//! The OpenAPI v3 document of a group and version: what kubectl explains, validates and applies by.

mod built_in_types;
mod kinds;
mod parameters;
mod paths;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// A kind as its document describes it.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    /// Empty for the core group.
    pub group: &'a str,
    /// `v1`
    pub version: &'a str,
    /// `Asset`
    pub kind: &'a str,
    /// `AssetList`; empty for kinds without lists.
    pub list_kind: &'a str,
    /// `assets`
    pub plural: &'a str,
    /// Whether its paths have a namespace.
    pub namespaced: bool,
    /// As discovery has them: `get`, `list`, `create`, `update`, `patch`, `delete`, `deletecollection`, `watch`.
    pub verbs: &'a [&'a str],
    /// `status`, `scale`
    pub subresources: &'a [&'a str],
    /// The `openAPIV3Schema` of a defined kind; none for kinds of Kubernetes itself.
    pub schema: Option<&'a Value>,
    /// The JSON paths that field selectors may name, besides the name and the namespace.
    pub selectable_fields: &'a [String],
}

impl Described<'_> {
    fn definition_name(&self, kind: &str) -> String {
        if self.schema.is_none() {
            return kinds::name(self.group, self.version, kind);
        }
        let mut labels: Vec<&str> = self.group.split('.').rev().collect();
        labels.extend([self.version, kind]);
        labels.join(".")
    }

    fn group_version_kind(&self) -> Value {
        json!({"group": self.group, "version": self.version, "kind": self.kind})
    }

    fn is_listed(&self) -> bool {
        self.verbs.contains(&"list") && !self.list_kind.is_empty()
    }

    fn is_custom(&self) -> bool {
        self.schema.is_some()
    }

    /// The group as operations are named after it.
    fn tag(&self) -> &str {
        match self.group {
            "" => "core",
            group => group.strip_suffix(".k8s.io").unwrap_or(group),
        }
    }
}

/// The document of one group and version with these kinds, which all belong to it.
pub fn document(described: &[Described<'_>]) -> Value {
    let mut components = Components::default();
    let mut paths = Map::new();
    for kind in described {
        components.add(kind);
        paths::add(kind, &mut paths);
    }
    let custom = described.iter().any(Described::is_custom);
    let (title, version) = if custom {
        ("Kubernetes CRD Swagger", "v0.1.0")
    } else {
        ("Kubernetes", "1.36")
    };
    let mut document = json!({
        "openapi": "3.0.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {"schemas": components.finished()},
    });
    if !custom && let Some(Value::Object(components)) = document.get_mut("components") {
        let token = json!({
            "type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header",
        });
        components.insert("securitySchemes".to_owned(), json!({"BearerToken": token}));
    }
    document
}

struct Components {
    schemas: Map<String, Value>,
    generator: SchemaGenerator,
}

impl Default for Components {
    fn default() -> Self {
        Self {
            schemas: Map::new(),
            generator: SchemaSettings::openapi3().into_generator(),
        }
    }
}

impl Components {
    fn add(&mut self, kind: &Described<'_>) {
        let name = kind.definition_name(kind.kind);
        let mut schema = match kind.schema {
            Some(schema) => self.of_definition(schema),
            None => self.of_built_in(kind, &name),
        };
        mark(&mut schema, &[(kind.group, kind.version, kind.kind)]);
        tell_selectable_fields(&mut schema, kind);
        if kind.is_listed() {
            let list = self.list(kind, &name);
            self.schemas.insert(kind.definition_name(kind.list_kind), list);
        }
        self.schemas.insert(name, schema);
        for (name, mut schema) in kinds::of_operations(kind, &mut self.generator) {
            built_in_types::complete(name, &mut schema);
            self.schemas.insert(name.to_owned(), schema);
        }
    }

    fn of_built_in(&mut self, kind: &Described<'_>, name: &str) -> Value {
        let found = kinds::schema(kind, &mut self.generator);
        let mut schema = found.unwrap_or_else(|| json!({"type": "object"}));
        built_in_types::complete(name, &mut schema);
        schema
    }

    // A definition leaves out what every object has.
    fn of_definition(&mut self, schema: &Value) -> Value {
        let metadata = kinds::object_meta(&mut self.generator);
        let metadata = json!({"description": METADATA, "allOf": [metadata]});
        let mut schema = schema.clone();
        complete(&mut schema, &metadata);
        set_property(&mut schema, "apiVersion", described_text(API_VERSION));
        set_property(&mut schema, "kind", described_text(KIND));
        set_property(&mut schema, "metadata", metadata);
        schema
    }

    fn list(&mut self, kind: &Described<'_>, item: &str) -> Value {
        let metadata = kinds::list_meta(&mut self.generator);
        let mut list = json!({
            "description": format!("{} is a list of {}", kind.list_kind, kind.kind),
            "type": "object",
            "required": ["items"],
            "properties": {
                "apiVersion": described_text(API_VERSION),
                "items": {
                    "description": format!("List of {}. More info: {CONVENTIONS}", kind.plural),
                    "type": "array",
                    "items": reference(item),
                },
                "kind": described_text(KIND),
                "metadata": {
                    "description": format!("Standard list metadata. More info: {CONVENTIONS}#types-kinds"),
                    "allOf": [metadata],
                },
            },
        });
        if !kind.is_custom() {
            built_in_types::complete(&kind.definition_name(kind.list_kind), &mut list);
        }
        mark(&mut list, &[(kind.group, kind.version, kind.list_kind)]);
        tell_selectable_fields(&mut list, kind);
        list
    }

    fn finished(mut self) -> Map<String, Value> {
        for (name, mut schema) in self.generator.take_definitions(true) {
            built_in_types::complete(&name, &mut schema);
            self.schemas.entry(name).or_insert(schema);
        }
        self.schemas.sort_keys();
        self.schemas
    }
}

const CONVENTIONS: &str =
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";

const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";

const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";

const METADATA: &str = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

const EMBEDDED_API_VERSION: &str = "apiVersion defines the versioned schema of this representation of an object. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";

const EMBEDDED_KIND: &str = "kind is a string value representing the type of this object. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";

fn described_text(description: &str) -> Value {
    json!({"description": description, "type": "string"})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Says of which groups, versions and kinds a schema is.
fn mark(schema: &mut Value, kinds: &[(&str, &str, &str)]) {
    let kinds: Vec<Value> = kinds
        .iter()
        .map(|(group, version, kind)| json!({"group": group, "version": version, "kind": kind}))
        .collect();
    if let Value::Object(fields) = schema {
        fields.insert("x-kubernetes-group-version-kind".to_owned(), json!(kinds));
    }
}

fn tell_selectable_fields(schema: &mut Value, kind: &Described<'_>) {
    let paths = kind
        .selectable_fields
        .iter()
        .map(|path| path.trim_start_matches('.'));
    let fields: Vec<Value> = paths.map(|path| json!({"fieldPath": path})).collect();
    if let (Value::Object(schema), false) = (schema, fields.is_empty()) {
        schema.insert("x-kubernetes-selectable-fields".to_owned(), json!(fields));
    }
}

fn set_property(schema: &mut Value, name: &str, property: Value) {
    let Value::Object(fields) = schema else {
        return;
    };
    if let Value::Object(properties) = fields.entry("properties").or_insert_with(|| json!({})) {
        properties.insert(name.to_owned(), property);
    }
}

/// Adds what a schema's own keywords say of other keywords: numbers or texts, and objects inside of objects.
fn complete(schema: &mut Value, metadata: &Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
                fields
                    .entry("oneOf")
                    .or_insert_with(|| json!([{"type": "integer"}, {"type": "string"}]));
            }
            fields.values_mut().for_each(|value| complete(value, metadata));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| complete(item, metadata)),
        _ => {}
    }
    if schema.get("x-kubernetes-embedded-resource") == Some(&Value::Bool(true)) {
        set_property(schema, "apiVersion", described_text(EMBEDDED_API_VERSION));
        set_property(schema, "kind", described_text(EMBEDDED_KIND));
        set_property(schema, "metadata", metadata.clone());
        require(schema, &["kind", "apiVersion"]);
    }
}

fn require(schema: &mut Value, names: &[&str]) {
    let Value::Object(fields) = schema else {
        return;
    };
    if let Value::Array(required) = fields.entry("required").or_insert_with(|| json!([])) {
        for name in names {
            if !required.iter().any(|known| known == name) {
                required.push(json!(name));
            }
        }
    }
}
