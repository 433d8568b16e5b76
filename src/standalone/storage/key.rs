use std::{cmp::Ordering, fmt, sync::Arc};

/// Where an object is.
///
/// Ordered as etcd orders the paths of an API server, `resource/namespace/name`: the namespace `a-b` comes before `a`,
/// because `-` comes before `/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// The kind's plural and group, `assets.campanile.dev` or `secrets`.
    pub resource: Arc<str>,
    /// Empty for an object of the cluster.
    pub namespace: Arc<str>,
    /// The object's name.
    pub name: Arc<str>,
}

impl Key {
    /// A key of these three parts.
    pub fn new(
        resource: impl Into<Arc<str>>,
        namespace: impl Into<Arc<str>>,
        name: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            resource: resource.into(),
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.resource.len() + self.namespace.len() + self.name.len()
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.resource
            .cmp(&other.resource)
            .then_with(|| by_path(&self.namespace, &other.namespace))
            .then_with(|| self.name.cmp(&other.name))
    }
}

fn by_path(namespace: &str, other: &str) -> Ordering {
    if namespace == other {
        return Ordering::Equal;
    }
    let ended = |text| str::bytes(text).chain([b'/']);
    ended(namespace).cmp(ended(other))
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.resource, self.namespace, self.name)
    }
}

/// A namespace and a name: where a page of a list ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Empty for an object of the cluster.
    pub namespace: Arc<str>,
    /// The object's name.
    pub name: Arc<str>,
}

/// What a list or a watch covers: one kind, in one namespace or everywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The kind's plural and group.
    pub resource: Arc<str>,
    /// None is everywhere, the objects of the cluster included.
    pub namespace: Option<Arc<str>>,
}

impl Scope {
    /// The kind everywhere.
    pub fn everywhere(resource: impl Into<Arc<str>>) -> Self {
        Self {
            resource: resource.into(),
            namespace: None,
        }
    }

    /// The kind in one namespace.
    pub fn namespace(resource: impl Into<Arc<str>>, namespace: impl Into<Arc<str>>) -> Self {
        Self {
            resource: resource.into(),
            namespace: Some(namespace.into()),
        }
    }

    /// Whether the key lies in the scope.
    pub fn contains(&self, key: &Key) -> bool {
        self.resource == key.resource
            && self
                .namespace
                .as_ref()
                .is_none_or(|namespace| *namespace == key.namespace)
    }
}
