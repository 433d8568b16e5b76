//! Which part of the old object a part of the new one stands for: what has not changed is not judged again.

use serde_json::{Map, Value};

use super::node::Node;

/// A value, the one that it replaces, and the node that says how their parts belong together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Correlation<'a> {
    pub(super) new: &'a Value,
    pub(super) old: &'a Value,
    pub(super) node: &'a Node,
}

impl Correlation<'_> {
    /// The correlation of an entry, if it stands in both objects and the schema knows it.
    pub(super) fn key(&self, name: &str) -> Option<Self> {
        Some(Self {
            new: self.new.get(name).filter(|_| self.new.is_object())?,
            old: self.old.get(name).filter(|_| self.old.is_object())?,
            node: self.node.field(name)?,
        })
    }

    /// The correlation of an item, which only lists of the type `map` have.
    pub(super) fn index(&self, index: usize) -> Option<Self> {
        let new = self.new.as_array()?.get(index)?;
        let old = old_item(self.node, self.old, new)?;
        let node = self.node.items.as_deref()?;
        Some(Self { new, old, node })
    }

    /// Whether nothing changed; lists of the type `map` may have changed their order.
    pub(super) fn is_unchanged(&self) -> bool {
        match (self.new, self.old) {
            (Value::Array(new), Value::Array(old)) => self.same_list(new, old),
            (Value::Object(new), Value::Object(old)) => self.same_object(new, old),
            (new, old) => new == old,
        }
    }

    fn same_list(&self, new: &[Value], old: &[Value]) -> bool {
        if self.node.list_type.as_deref() != Some("map") {
            return new == old;
        }
        let unchanged = |index| self.index(index).is_some_and(|item| item.is_unchanged());
        new.len() == old.len() && (0..new.len()).all(unchanged)
    }

    fn same_object(&self, new: &Map<String, Value>, old: &Map<String, Value>) -> bool {
        let unchanged = |name: &String| self.key(name).is_some_and(|entry| entry.is_unchanged());
        new.len() == old.len() && new.keys().all(unchanged)
    }
}

/// The old item that has the keys of a new one, if the list is of the type `map`.
pub(super) fn old_item<'a>(list: &Node, old: &'a Value, new_item: &Value) -> Option<&'a Value> {
    if list.list_type.as_deref() != Some("map") || list.list_map_keys.is_empty() {
        return None;
    }
    let wanted = keys(list, new_item)?;
    let has_keys = |item: &&Value| keys(list, item).is_some_and(|found| found == wanted);
    old.as_array()?.iter().find(has_keys)
}

fn keys<'v>(list: &Node, item: &'v Value) -> Option<Vec<&'v Value>> {
    let fields = item.as_object()?;
    let key = |name: &String| {
        fields
            .get(name)
            .filter(|value| !value.is_object() && !value.is_array() && !value.is_null())
    };
    list.list_map_keys.iter().map(key).collect()
}
