//! What a path asks for: a pure reading of `/api/...`, `/apis/...` and the few paths beside them.

use percent_encoding::percent_decode_str;

/// The most segments that a path may have; the longest that means something has nine.
const SEGMENTS: usize = 16;

/// What a request path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// `/`: the list of paths.
    Paths,
    /// `/version`.
    Version,
    /// `/livez`, `/readyz` or `/healthz`, and one of its checks.
    Health(Health, Option<String>),
    /// `/api`: the versions of the core group.
    Core,
    /// `/apis`: the groups.
    Groups,
    /// `/apis/<group>`.
    Group(String),
    /// `/api/<version>` and `/apis/<group>/<version>`: the resources.
    Resources {
        /// Empty for core.
        group: String,
        /// Its version.
        version: String,
    },
    /// `/openapi/v3`: which documents there are.
    OpenApiIndex,
    /// `/openapi/v3/<path>`: one document, named by the path of its group version: `api/v1`, `apis/apps/v1`.
    OpenApi(String),
    /// A resource, an object or one of its subresources.
    Address(Address),
    /// Nothing that is served.
    Unknown,
}

/// Which of the health paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Health {
    /// Is the process alive?
    Live,
    /// May clients come?
    Ready,
    /// The older name of the same question.
    Healthy,
}

impl Health {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Live => "livez",
            Self::Ready => "readyz",
            Self::Healthy => "healthz",
        }
    }
}

/// A resource path: which resource, in which namespace, which object of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Address {
    /// The API group; empty for core.
    pub group: String,
    /// The version in the path.
    pub version: String,
    /// The namespace, if the path names one.
    pub namespace: Option<String>,
    /// The plural of the resource.
    pub resource: String,
    /// The object, if the path names one.
    pub name: Option<String>,
    /// The subresource, if the path names one.
    pub subresource: Option<String>,
    /// The path has the old `/watch/` in it.
    pub watched: bool,
    /// Segments follow that mean nothing.
    pub trailing: bool,
}

/// Reads a path as it stands in the request line, percent escapes included.
pub(super) fn read(path: &str) -> Place {
    let Some(segments) = segments(path) else {
        return Place::Unknown;
    };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        [] => Place::Paths,
        ["version"] => Place::Version,
        ["livez", rest @ ..] => health(Health::Live, rest),
        ["readyz", rest @ ..] => health(Health::Ready, rest),
        ["healthz", rest @ ..] => health(Health::Healthy, rest),
        ["api"] => Place::Core,
        ["apis"] => Place::Groups,
        ["apis", group] => Place::Group((*group).to_owned()),
        ["api", version] => resources("", version),
        ["apis", group, version] => resources(group, version),
        ["openapi", "v3"] => Place::OpenApiIndex,
        ["openapi", "v3", document @ ..] => Place::OpenApi(document.join("/")),
        ["api", version, rest @ ..] => address("", version, rest),
        ["apis", group, version, rest @ ..] => address(group, version, rest),
        _ => Place::Unknown,
    }
}

fn segments(path: &str) -> Option<Vec<String>> {
    let trimmed = path.trim_matches('/');
    if trimmed.is_empty() {
        return Some(Vec::new());
    }
    let mut segments = Vec::new();
    for segment in trimmed.split('/') {
        if segments.len() == SEGMENTS {
            return None;
        }
        let decoded = percent_decode_str(segment).decode_utf8().ok()?;
        segments.push(decoded.into_owned());
    }
    Some(segments)
}

fn health(health: Health, rest: &[&str]) -> Place {
    let check = (!rest.is_empty()).then(|| rest.join("/"));
    Place::Health(health, check)
}

fn resources(group: &str, version: &str) -> Place {
    Place::Resources {
        group: group.to_owned(),
        version: version.to_owned(),
    }
}

fn address(group: &str, version: &str, rest: &[&str]) -> Place {
    let (watched, rest) = match rest {
        ["watch", rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let (namespace, rest) = match rest {
        // `status` and `finalize` are of the namespace itself; anything else is a resource in it.
        ["namespaces", _, "status" | "finalize", ..] => (None, rest),
        ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some((*namespace).to_owned()), rest),
        rest => (None, rest),
    };
    let Some((resource, rest)) = rest.split_first() else {
        return Place::Unknown;
    };
    Place::Address(Address {
        group: group.to_owned(),
        version: version.to_owned(),
        namespace,
        resource: (*resource).to_owned(),
        name: rest.first().map(|name| (*name).to_owned()),
        subresource: rest.get(1).map(|name| (*name).to_owned()),
        watched,
        trailing: rest.len() > 2,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address_of(path: &str) -> Address {
        match read(path) {
            Place::Address(address) => address,
            other => panic!("{path} is {other:?}"),
        }
    }

    #[test]
    fn an_object_in_a_namespace_is_named_with_its_group_and_version() {
        let read = address_of("/apis/example.com/v1/namespaces/team/widgets/w-1/status");
        assert_eq!(
            read,
            Address {
                group: "example.com".to_owned(),
                version: "v1".to_owned(),
                namespace: Some("team".to_owned()),
                resource: "widgets".to_owned(),
                name: Some("w-1".to_owned()),
                subresource: Some("status".to_owned()),
                ..Address::default()
            }
        );
    }

    #[test]
    fn a_namespace_is_an_object_and_its_status_a_subresource() {
        let read = address_of("/api/v1/namespaces/team");
        assert_eq!(
            (read.resource.as_str(), read.name.as_deref()),
            ("namespaces", Some("team"))
        );
        let read = address_of("/api/v1/namespaces/team/finalize");
        assert_eq!(
            (read.namespace, read.subresource.as_deref()),
            (None, Some("finalize"))
        );
    }

    #[test]
    fn the_old_watch_paths_name_the_same_resource() {
        let read = address_of("/api/v1/watch/namespaces/team/secrets/s");
        assert!(read.watched);
        assert_eq!(
            (
                read.namespace.as_deref(),
                read.resource.as_str(),
                read.name.as_deref()
            ),
            (Some("team"), "secrets", Some("s"))
        );
    }

    #[test]
    fn a_slash_at_the_end_changes_nothing_and_escapes_are_read() {
        assert_eq!(read("/apis/"), Place::Groups);
        assert_eq!(read("/version/"), Place::Version);
        assert_eq!(
            address_of("/api/v1/namespaces/a%2Db/secrets/")
                .namespace
                .as_deref(),
            Some("a-b")
        );
        assert_eq!(read("/api/v1/secrets/%ff"), Place::Unknown);
    }

    #[test]
    fn paths_that_mean_nothing_are_unknown() {
        for path in ["/nope", "/openapi", "/openapi/v2", "/version/x"] {
            assert_eq!(read(path), Place::Unknown, "{path}");
        }
        assert!(address_of("/api/v1/namespaces/n/secrets/s/a/b").trailing);
    }

    proptest! {
        #[test]
        fn any_path_is_read_without_a_panic(path in "(/|[a-z]|%[0-9a-f]{2}|namespaces|watch|apis?){0,40}") {
            drop(read(&path));
        }
    }
}
