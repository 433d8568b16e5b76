//! Which lists of the built-in kinds are merged instead of replaced, and by which key.

/// A list by its path from the object's root, and the member that tells its items apart (`None`: scalars).
type MergedList = (&'static str, Option<&'static str>);

const METADATA: [MergedList; 2] = [
    ("metadata.ownerReferences", Some("uid")),
    ("metadata.finalizers", None),
];

/// The merged lists of one built-in kind; every other list is replaced as a whole.
///
/// Source: the `patchStrategy` and `patchMergeKey` tags of the types of Kubernetes 1.36.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MergedLists {
    own: &'static [MergedList],
}

impl MergedLists {
    /// The lists of a built-in kind in the version v1 of its group. All kinds have those of `metadata`.
    pub fn of(group: &str, kind: &str) -> Self {
        let own: &[MergedList] = match (group, kind) {
            ("", "Namespace") => &[("status.conditions", Some("type"))],
            ("", "ServiceAccount") => &[("secrets", Some("name"))],
            ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => &[
                ("spec.matchConditions", Some("name")),
                ("spec.variables", Some("name")),
            ],
            _ => &[],
        };
        Self { own }
    }

    pub(super) fn root(&self) -> Place<'_> {
        Place {
            lists: self,
            path: String::new(),
        }
    }

    fn find(&self, path: &str) -> Option<MergedList> {
        METADATA
            .iter()
            .chain(self.own)
            .copied()
            .find(|(merged, _)| *merged == path)
    }
}

/// Where in an object a patch is at.
pub(super) struct Place<'a> {
    lists: &'a MergedLists,
    path: String,
}

impl<'a> Place<'a> {
    pub(super) fn member(&self, name: &str) -> Self {
        Self {
            lists: self.lists,
            path: self.joined(name),
        }
    }

    pub(super) fn list(&self, name: &str) -> ListRule<'a> {
        let path = self.joined(name);
        let found = self.lists.find(&path);
        let key = found.and_then(|(_, key)| key);
        ListRule {
            merged: found.is_some(),
            key,
            items: Self {
                lists: self.lists,
                path: format!("{path}[]"),
            },
        }
    }

    fn joined(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

/// How one list takes a patch.
pub(super) struct ListRule<'a> {
    merged: bool,
    /// The member that tells the items of a merged list apart, if they are objects.
    pub(super) key: Option<&'static str>,
    /// Where its items are.
    pub(super) items: Place<'a>,
}

impl ListRule<'_> {
    pub(super) fn merges(&self) -> bool {
        self.merged
    }

    /// The only merged list of scalars holds texts; Go names the kind of its items.
    pub(super) fn item_kind(&self) -> &'static str {
        if self.merged { "string" } else { "struct" }
    }
}
