//! The OpenAPI v3 document of a group and version: what kubectl explains, validates and applies by.

mod kinds;
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
}

/// The document of one group and version with these kinds, which all belong to it.
pub fn document(described: &[Described<'_>]) -> Value {
    let mut components = Components::default();
    let mut paths = Map::new();
    for kind in described {
        components.add(kind);
        paths::add(kind, &mut paths);
    }
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.1"},
        "paths": paths,
        "components": {"schemas": components.finished()},
    })
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
        let mut schema = match kind.schema {
            Some(schema) => self.of_definition(schema),
            None => kinds::schema(kind, &mut self.generator).unwrap_or_else(|| json!({"type": "object"})),
        };
        mark(&mut schema, &kind.group_version_kind());
        let name = kind.definition_name(kind.kind);
        if kind.is_listed() {
            let list = self.list(kind, &name);
            self.schemas.insert(kind.definition_name(kind.list_kind), list);
        }
        self.schemas.insert(name, schema);
    }

    // A definition leaves out what every object has.
    fn of_definition(&mut self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        without_rules(&mut schema);
        let metadata = kinds::object_meta(&mut self.generator);
        let Value::Object(fields) = &mut schema else {
            return schema;
        };
        if let Value::Object(properties) = fields.entry("properties").or_insert_with(|| json!({})) {
            properties.insert("apiVersion".to_owned(), described_text(API_VERSION));
            properties.insert("kind".to_owned(), described_text(KIND));
            let description = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
            properties.insert(
                "metadata".to_owned(),
                json!({"description": description, "allOf": [metadata]}),
            );
        }
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
                    "description": format!("List of {}.", kind.plural),
                    "type": "array",
                    "items": {"allOf": [reference(item)]},
                },
                "kind": described_text(KIND),
                "metadata": {"description": "Standard list metadata.", "allOf": [metadata]},
            },
        });
        let own = json!({"group": kind.group, "version": kind.version, "kind": kind.list_kind});
        mark(&mut list, &own);
        list
    }

    fn finished(mut self) -> Map<String, Value> {
        for (name, schema) in self.generator.take_definitions(true) {
            self.schemas.entry(name).or_insert(schema);
        }
        self.schemas.sort_keys();
        self.schemas
    }
}

const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";

const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";

fn described_text(description: &str) -> Value {
    json!({"description": description, "type": "string"})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn mark(schema: &mut Value, group_version_kind: &Value) {
    if let Value::Object(fields) = schema {
        fields.insert(
            "x-kubernetes-group-version-kind".to_owned(),
            json!([group_version_kind]),
        );
    }
}

// Rules are the server's to ask; documents carry them, but not those keywords that OpenAPI v3 does not know.
fn without_rules(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true)) {
                fields
                    .entry("oneOf")
                    .or_insert_with(|| json!([{"type": "integer"}, {"type": "string"}]));
            }
            fields.values_mut().for_each(without_rules);
        }
        Value::Array(items) => items.iter_mut().for_each(without_rules),
        _ => {}
    }
}
