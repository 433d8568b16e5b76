//! Drops what a schema does not know.

use serde_json::{Map, Value};

use super::metadata;
use super::node::Node;

/// Drops the fields that a schema does not name and says which they were.
pub(super) struct Pruning {
    unknown: Vec<String>,
}

/// What is known of the value at hand.
#[derive(Clone, Copy)]
struct Place<'a> {
    node: Option<&'a Node>,
    /// The value is a resource, so its type and metadata stay.
    resource: bool,
    /// Fields that the node does not name stay.
    lenient: bool,
}

impl<'a> Place<'a> {
    fn of(node: Option<&'a Node>) -> Self {
        Self {
            node,
            resource: node.is_some_and(|node| node.embedded_resource),
            lenient: node.is_some_and(Node::preserves_unknown_fields),
        }
    }

    // The items of a list that keeps what it does not know keep it too, whatever their own node says.
    fn item(self) -> Self {
        let below = Self::of(self.node.and_then(|node| node.items.as_deref()));
        Self {
            lenient: self.lenient || below.lenient,
            ..below
        }
    }
}

impl Pruning {
    /// Drops what `root` does not name, the object being a whole resource.
    ///
    /// Returns sentences like `unknown field "spec.x"`, sorted.
    pub(super) fn resource(object: &mut Value, root: &Node) -> Vec<String> {
        let place = Place {
            resource: true,
            ..Place::of(Some(root))
        };
        let mut sentences = Self::run(object, place);
        sentences.sort_unstable();
        sentences
    }

    /// Drops what `node` does not name in a part of a resource.
    pub(super) fn part(value: &mut Value, node: &Node) -> Vec<String> {
        Self::run(value, Place::of(Some(node)))
    }

    fn run(value: &mut Value, place: Place<'_>) -> Vec<String> {
        let mut pruning = Self { unknown: Vec::new() };
        pruning.value(value, place, &mut String::new());
        pruning.unknown
    }

    fn value(&mut self, value: &mut Value, place: Place<'_>, path: &mut String) {
        match value {
            Value::Object(fields) => self.object(fields, place, path),
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    self.below(path, &format!("[{index}]"), |pruning, path| {
                        pruning.value(item, place.item(), path);
                    });
                }
            }
            _ => {}
        }
    }

    fn object(&mut self, fields: &mut Map<String, Value>, place: Place<'_>, path: &mut String) {
        if place.resource {
            self.metadata(fields, path);
        }
        let at_root = path.is_empty();
        fields.retain(|name, value| {
            if place.resource && metadata::is_type_or_metadata(name) {
                return true;
            }
            let kept = self.field(name, value, place, path);
            let is_excused = at_root && metadata::is_type_or_metadata(name);
            if !kept && !is_excused {
                self.record(path, name);
            }
            kept
        });
    }

    // Whether the field stays; what is below it is pruned.
    fn field(&mut self, name: &str, value: &mut Value, place: Place<'_>, path: &mut String) -> bool {
        let Some(node) = place.node else {
            return place.lenient;
        };
        let below = match (node.properties.get(name), &node.additional) {
            (Some(property), _) => Some(property),
            (None, Some(other)) => other.node(),
            (None, None) => return place.lenient,
        };
        let dot = if path.is_empty() { "" } else { "." };
        self.below(path, &format!("{dot}{name}"), |pruning, path| {
            pruning.value(value, Place::of(below), path);
        });
        true
    }

    fn metadata(&mut self, fields: &mut Map<String, Value>, path: &mut String) {
        let Some(Value::Object(object_meta)) = fields.get_mut("metadata") else {
            return;
        };
        let prefix = if path.is_empty() {
            String::new()
        } else {
            format!("{path}.")
        };
        let unknown = metadata::prune(object_meta);
        let sentence = |name: String| format!("unknown field \"{prefix}metadata.{name}\"");
        self.unknown.extend(unknown.into_iter().map(sentence));
    }

    fn below(&mut self, path: &mut String, segment: &str, prune: impl FnOnce(&mut Self, &mut String)) {
        let length = path.len();
        path.push_str(segment);
        prune(self, path);
        path.truncate(length);
    }

    fn record(&mut self, path: &str, name: &str) {
        let dot = if path.is_empty() { "" } else { "." };
        self.unknown.push(format!("unknown field \"{path}{dot}{name}\""));
    }
}
