//! Which form an answer takes: the `Accept` header read as the API machinery reads it.

use crate::standalone::status::Refusal;

/// The most clauses of an `Accept` header that are looked at.
const CLAUSES: usize = 32;
/// What answers are made of.
const SERVED: &[&str] = &["application/json", "application/yaml"];

/// How the bytes of an answer are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    /// Also what clients get who prefer protobuf and accept JSON.
    #[default]
    Json,
    /// For people.
    Yaml,
}

impl Encoding {
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
        }
    }
}

/// Into what the objects of an answer are turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Form {
    /// Not at all.
    #[default]
    Object,
    /// Columns and cells.
    Table,
    /// Metadata alone.
    Metadata,
    /// A list of metadata.
    MetadataList,
}

/// The form that a client gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Accepted {
    /// How it is written.
    pub encoding: Encoding,
    /// What is written.
    pub form: Form,
    /// `meta.k8s.io/v1` or the older `meta.k8s.io/v1beta1`, where the form is not the object.
    pub form_version: &'static str,
    /// With line breaks, for people.
    pub pretty: bool,
}

/// One clause of an `Accept` header: `application/json;as=Table;g=meta.k8s.io;v=v1;q=0.9`.
#[derive(Debug)]
struct Clause<'a> {
    kind: &'a str,
    subtype: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    quality: f32,
}

impl<'a> Clause<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let media_type = parts.next()?;
        let (kind, subtype) = match media_type.split_once('/') {
            Some((kind, subtype)) if !subtype.contains('/') => (kind.trim(), subtype.trim()),
            None if media_type == "*" => ("*", "*"),
            _ => return None,
        };
        let mut clause = Self {
            kind,
            subtype,
            parameters: Vec::new(),
            quality: 1.0,
        };
        for (key, value) in parts.filter_map(|part| part.split_once('=')) {
            match key.trim() {
                "q" => clause.quality = value.trim().parse().unwrap_or(1.0),
                key => clause.parameters.push((key, value.trim())),
            }
        }
        Some(clause)
    }

    fn covers(&self, media_type: &str) -> bool {
        let Some((kind, subtype)) = media_type.split_once('/') else {
            return false;
        };
        match (self.kind, self.subtype) {
            ("*", "*") => true,
            (own, "*") => own == kind,
            (own, own_subtype) => own == kind && own_subtype == subtype,
        }
    }

    fn parameter(&self, key: &str) -> &'a str {
        let found = self.parameters.iter().find(|(name, _)| *name == key);
        found.map_or("", |(_, value)| value)
    }

    fn converts(&self) -> bool {
        let keys = ["as", "g", "v"];
        self.parameters.iter().any(|(name, _)| keys.contains(name))
    }

    /// The form and its version; nothing where the clause asks for what nobody makes.
    fn form(&self) -> Option<(Form, &'static str)> {
        if !self.converts() {
            return Some((Form::Object, ""));
        }
        let version = match (self.parameter("g"), self.parameter("v")) {
            ("meta.k8s.io", "v1") => "meta.k8s.io/v1",
            ("meta.k8s.io", "v1beta1") => "meta.k8s.io/v1beta1",
            _ => return None,
        };
        let form = match self.parameter("as") {
            "Table" => Form::Table,
            "PartialObjectMetadata" => Form::Metadata,
            "PartialObjectMetadataList" => Form::MetadataList,
            _ => return None,
        };
        Some((form, version))
    }
}

/// Whether a stream of JSON is accepted: a watch is made of nothing else.
pub(super) fn takes_a_stream(header: &str) -> bool {
    header.is_empty()
        || clauses(header)
            .iter()
            .any(|clause| clause.covers("application/json"))
}

/// The clauses of a header, best first: by quality, then the named before the wild; else in their order.
fn clauses(header: &str) -> Vec<Clause<'_>> {
    let mut clauses: Vec<Clause<'_>> = header.split(',').take(CLAUSES).filter_map(Clause::read).collect();
    clauses.sort_by(|one, other| {
        let wildness = |clause: &Clause<'_>| (clause.kind == "*", clause.subtype == "*");
        let by_quality = other.quality.total_cmp(&one.quality);
        by_quality.then_with(|| wildness(one).cmp(&wildness(other)))
    });
    clauses
}

/// The form of an answer with objects.
///
/// # Errors
/// 406 where nothing that is accepted can be made.
pub(super) fn accepted(header: &str) -> Result<Accepted, Refusal> {
    if header.is_empty() {
        return Ok(Accepted::default());
    }
    for clause in clauses(header) {
        for encoding in [Encoding::Json, Encoding::Yaml] {
            let streams = matches!(clause.parameter("stream"), "" | "watch");
            if !clause.covers(encoding.media_type()) || !streams {
                continue;
            }
            if let Some((form, form_version)) = clause.form() {
                return Ok(Accepted {
                    encoding,
                    form,
                    form_version,
                    pretty: clause.parameter("pretty") == "1",
                });
            }
        }
    }
    Err(Refusal::not_acceptable(SERVED))
}

/// Whether a header names a type that is served, in whatever form it asks for it.
pub(super) fn names_a_served_type(header: &str) -> bool {
    let clauses = clauses(header);
    clauses
        .iter()
        .any(|clause| SERVED.iter().any(|served| clause.covers(served)))
}

/// How a refusal is written: nobody is refused the reason of a refusal.
pub(super) fn encoding_of_a_refusal(header: &str) -> Encoding {
    accepted(header)
        .map(|accepted| accepted.encoding)
        .unwrap_or_default()
}

/// The versions in which discovery answers for all groups at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Discovery {
    /// One document for each group version.
    Legacy,
    /// `apidiscovery.k8s.io/v2`.
    Aggregated,
}

/// Whether a client reads the aggregated document.
///
/// # Errors
/// 406 where nothing that is accepted can be made.
pub(super) fn discovery(header: &str) -> Result<Discovery, Refusal> {
    for clause in clauses(header) {
        if !clause.covers("application/json") {
            continue;
        }
        let aggregated = clause.parameter("g") == "apidiscovery.k8s.io"
            && clause.parameter("v") == "v2"
            && clause.parameter("as") == "APIGroupDiscoveryList";
        match (aggregated, clause.converts()) {
            (true, _) => return Ok(Discovery::Aggregated),
            (false, false) => return Ok(Discovery::Legacy),
            (false, true) => {}
        }
    }
    if header.is_empty() {
        return Ok(Discovery::Legacy);
    }
    Err(Refusal::not_acceptable(SERVED))
}

/// Whether an answer is laid out for people: asked for, or asked by a tool that people use.
pub(super) fn is_for_people(query: &[(String, String)], user_agent: &str) -> bool {
    let asked = query.iter().find(|(key, _)| key == "pretty");
    match asked {
        Some((_, value)) if !value.is_empty() => {
            matches!(value.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True")
        }
        _ => ["curl", "Wget", "Mozilla/5.0"]
            .iter()
            .any(|tool| user_agent.starts_with(tool)),
    }
}

/// Whether a client unpacks gzip.
pub(super) fn unpacks_gzip(accept_encoding: &str) -> bool {
    accept_encoding.split(',').any(|token| token.trim() == "gzip")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

    #[test]
    fn kubectl_gets_a_table_and_a_client_without_wishes_json() {
        let header = format!("{TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json");
        let table = accepted(&header).expect("a table");
        assert_eq!((table.form, table.form_version), (Form::Table, "meta.k8s.io/v1"));
        assert_eq!(accepted("").expect("json"), Accepted::default());
        assert_eq!(accepted("*/*").expect("json").encoding, Encoding::Json);
    }

    #[test]
    fn who_prefers_protobuf_gets_json() {
        let header = "application/vnd.kubernetes.protobuf,application/json";
        assert_eq!(accepted(header).expect("json"), Accepted::default());
        let header = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
        assert_eq!(accepted(header).expect("metadata").form, Form::Metadata);
    }

    #[test]
    fn what_nobody_makes_is_refused() {
        for header in [
            "text/plain",
            "application/vnd.kubernetes.protobuf",
            "application/json;as=Foo;g=meta.k8s.io;v=v1",
        ] {
            let refusal = accepted(header).expect_err(header);
            assert_eq!(refusal.code(), 406, "{header}");
        }
    }

    #[test]
    fn quality_decides_before_order() {
        let read = accepted("application/json;q=0.1, application/yaml").expect("yaml");
        assert_eq!(read.encoding, Encoding::Yaml);
    }

    #[test]
    fn discovery_is_aggregated_for_those_who_read_it() {
        let header = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";
        assert_eq!(discovery(header).expect("known"), Discovery::Aggregated);
        assert_eq!(discovery("application/json").expect("known"), Discovery::Legacy);
        assert_eq!(discovery("").expect("known"), Discovery::Legacy);
        assert_eq!(discovery("text/html").expect_err("not made").code(), 406);
    }

    #[test]
    fn people_get_line_breaks() {
        let query = |value: &str| vec![("pretty".to_owned(), value.to_owned())];
        assert!(is_for_people(&[], "curl/8.0"));
        assert!(!is_for_people(&query("false"), "curl/8.0"));
        assert!(is_for_people(&query("1"), "kubectl/v1.36.1"));
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_a_panic(header in "([a-z]|[*/;=,. q]|application/json|as=Table){0,40}") {
            drop(accepted(&header));
            drop(discovery(&header));
        }
    }
}
