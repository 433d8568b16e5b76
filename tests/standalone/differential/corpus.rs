//! The corpus as types: what a file of `tests/standalone/corpus` may say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One topic: steps that are played in order, in a namespace of their own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    /// The name of the file without its ending; the namespace and the API group are named after it.
    #[serde(skip)]
    pub(crate) name: String,
    /// Bodies that several steps start from, by name.
    #[serde(default)]
    pub(crate) objects: BTreeMap<String, Value>,
    /// Kinds that the topic's group has from the start: names of `objects`.
    #[serde(default)]
    pub(crate) kinds: Vec<String>,
    pub(crate) steps: Vec<Step>,
}

/// One request and what is kept of its answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// A sentence that says what the step shows; unique in its topic.
    pub(crate) is: String,
    /// `METHOD PATH?QUERY`, with variables as `${name}`.
    pub(crate) send: String,
    /// The status that the real server answers with: a step that means something else than its
    /// author thought is found at once.
    pub(crate) expect: u16,
    /// The certificate that is shown: `admin`, a further user, or `nobody` for none.
    #[serde(rename = "as", default = "admin")]
    pub(crate) user: String,
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, String>,
    /// One of the topic's `objects`, or of those in `objects.yaml`.
    pub(crate) like: Option<String>,
    /// A manifest of the project, its group replaced by the topic's.
    pub(crate) manifest: Option<String>,
    /// The body as JSON; with `like` or `manifest` it is merged into that.
    pub(crate) body: Option<Value>,
    /// The body as it is, where it is not JSON or must not be made tidy.
    pub(crate) text: Option<String>,
    /// The body in base64.
    pub(crate) base64: Option<String>,
    /// A long text within the body, for the limits.
    pub(crate) letters: Option<Letters>,
    /// Variables for later steps: a JSON pointer into the answer for each.
    #[serde(default)]
    pub(crate) keep: BTreeMap<String, String>,
    /// The request is repeated until the answer says this.
    pub(crate) until: Option<Condition>,
    /// The answer is a stream of events, and this ends it.
    pub(crate) watch: Option<StreamEnd>,
    /// What alone is compared, for answers that show other topics too.
    #[serde(default)]
    pub(crate) only: Vec<Only>,
}

/// A field `letters` of so many letters, in the object at a JSON pointer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Letters {
    pub(crate) at: String,
    pub(crate) count: usize,
}

/// What an answer must say.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Condition {
    /// The status alone.
    Status { status: u16 },
    /// A value at a JSON pointer of the body.
    Says { at: String, is: Value },
    /// Whether there are no warnings.
    Quiet { quiet: bool },
    /// Anything at a JSON pointer of the body.
    Has { has: String },
}

/// When a stream has said enough.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StreamEnd {
    /// After so many events.
    Events(usize),
    /// After the first bookmark.
    Bookmark,
    /// When the server ends it.
    Closed,
}

/// A list in the body of which only some entries are kept.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Only {
    /// JSON pointer of the list or map.
    pub(crate) at: String,
    /// JSON pointer within an entry; left out for the entry itself, or the key of a map.
    #[serde(rename = "where", default)]
    pub(crate) field: String,
    /// The text that the kept entries have there; a final `*` stands for any rest.
    pub(crate) is: Vec<String>,
}

fn admin() -> String {
    "admin".to_owned()
}

/// The folder of the corpus.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standalone/corpus")
}

/// Every topic, in the order of their names.
pub(crate) fn topics() -> Vec<Topic> {
    let entries = fs::read_dir(folder().join("topics")).expect("read the corpus");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().map(|path| topic(path)).collect()
}

fn topic(path: &Path) -> Topic {
    let mut topic: Topic = read(path);
    topic.name = path
        .file_stem()
        .expect("a topic has a name")
        .display()
        .to_string();
    for (name, object) in read::<BTreeMap<String, Value>>(&folder().join("objects.yaml")) {
        topic.objects.entry(name).or_insert(object);
    }
    let mut steps = beginning(&topic);
    steps.append(&mut topic.steps);
    topic.steps = steps;
    topic
}

fn read<T: DeserializeOwned>(path: &Path) -> T {
    let text = fs::read_to_string(path).expect("read the corpus");
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The steps that make the topic's namespace and kinds.
fn beginning(topic: &Topic) -> Vec<Step> {
    let mut steps = vec![Step {
        like: Some("namespace".to_owned()),
        ..Step::new("the namespace is made", "POST /api/v1/namespaces".to_owned(), 201)
    }];
    for kind in &topic.kinds {
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        let made = format!("POST {definitions}");
        let seen = format!("GET {definitions}/{kind}.${{group}}");
        let served = format!("GET /apis/${{group}}/v1/{kind}");
        steps.push(Step {
            like: Some(kind.clone()),
            ..Step::new(&format!("{kind} are defined"), made, 201)
        });
        steps.push(Step {
            until: Some(Condition::Says {
                at: "/status/conditions/1/status".to_owned(),
                is: "True".into(),
            }),
            ..Step::new(&format!("{kind} are established"), seen, 200)
        });
        steps.push(Step {
            until: Some(Condition::Status { status: 200 }),
            ..Step::new(&format!("{kind} are served"), served, 200)
        });
    }
    steps
}

impl Step {
    fn new(is: &str, send: String, expect: u16) -> Self {
        Self {
            is: is.to_owned(),
            send,
            expect,
            user: admin(),
            headers: BTreeMap::new(),
            like: None,
            manifest: None,
            body: None,
            text: None,
            base64: None,
            letters: None,
            keep: BTreeMap::new(),
            until: None,
            watch: None,
            only: Vec::new(),
        }
    }
}

/// A manifest of the project as JSON, moved from the project's group into the topic's.
pub(crate) fn manifest(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let text = fs::read_to_string(&path).expect("read a manifest");
    let moved = text.replace("campanile.dev", "${group}");
    serde_saphyr::from_str(&moved).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
