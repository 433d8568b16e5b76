//! The columns of the built-in kinds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::age::age;
use super::custom::{CREATED, NAME, definition};

/// Name, type, format, description, priority: what each means is said by meta/v1 `TableColumnDefinition`.
type Definition = (&'static str, &'static str, &'static str, &'static str, i64);

/// How one kind is shown.
#[derive(Debug)]
pub(super) struct BuiltIn {
    columns: &'static [Definition],
    cells: fn(&Value, Timestamp) -> Vec<Value>,
}

impl BuiltIn {
    pub(super) fn definitions(&self) -> Vec<Value> {
        let columns = self.columns.iter();
        columns
            .map(|(name, kind, format, text, priority)| definition(name, kind, format, text, *priority))
            .collect()
    }

    pub(super) fn cells(&self, object: &Value, now: Timestamp) -> Vec<Value> {
        (self.cells)(object, now)
    }

    pub(super) fn is_default(&self) -> bool {
        std::ptr::eq(self, &raw const DEFAULT)
    }
}

const NAME_COLUMN: Definition = ("Name", "string", "name", NAME, 0);
const AGE_COLUMN: Definition = ("Age", "string", "", CREATED, 0);

static DEFAULT: BuiltIn = BuiltIn {
    columns: &[NAME_COLUMN, ("Created At", "date", "", CREATED, 0)],
    cells: |object, _| {
        let created = object.pointer("/metadata/creationTimestamp").cloned();
        vec![
            name(object),
            created.unwrap_or_else(|| json!("0001-01-01T00:00:00Z")),
        ]
    },
};
static NAMESPACE: BuiltIn = BuiltIn {
    columns: &[
        NAME_COLUMN,
        ("Status", "string", "", "The status of the namespace", 0),
        AGE_COLUMN,
    ],
    cells: |object, now| {
        vec![
            name(object),
            json!(text(object, "/status/phase")),
            created(object, now),
        ]
    },
};
static SECRET: BuiltIn = BuiltIn {
    columns: &[
        NAME_COLUMN,
        (
            "Type",
            "string",
            "",
            "Used to facilitate programmatic handling of secret data. More info: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types",
            0,
        ),
        (
            "Data",
            "string",
            "",
            "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
            0,
        ),
        AGE_COLUMN,
    ],
    cells: |object, now| {
        vec![
            name(object),
            json!(text(object, "/type")),
            json!(count(object, "/data")),
            created(object, now),
        ]
    },
};
static CONFIG_MAP: BuiltIn = BuiltIn {
    columns: &[
        NAME_COLUMN,
        (
            "Data",
            "string",
            "",
            "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process.",
            0,
        ),
        AGE_COLUMN,
    ],
    cells: |object, now| {
        vec![
            name(object),
            json!(count(object, "/data") + count(object, "/binaryData")),
            created(object, now),
        ]
    },
};
static SERVICE_ACCOUNT: BuiltIn = BuiltIn {
    columns: &[NAME_COLUMN, AGE_COLUMN],
    cells: |object, now| vec![name(object), created(object, now)],
};
static SCALE: BuiltIn = BuiltIn {
    columns: &[
        NAME_COLUMN,
        ("Desired", "integer", "", "Number of desired replicas", 0),
        ("Available", "integer", "", "Number of actual replicas", 0),
        ("Age", "date", "", CREATED, 0),
    ],
    cells: |object, now| {
        vec![
            name(object),
            json!(number(object, "/spec/replicas")),
            json!(number(object, "/status/replicas")),
            created(object, now),
        ]
    },
};
static LEASE: BuiltIn = BuiltIn {
    columns: &[
        NAME_COLUMN,
        (
            "Holder",
            "string",
            "",
            "holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.",
            0,
        ),
        AGE_COLUMN,
    ],
    cells: |object, now| {
        vec![
            name(object),
            json!(text(object, "/spec/holderIdentity")),
            created(object, now),
        ]
    },
};
static POLICY: BuiltIn = BuiltIn {
    columns: &[
        NAME_COLUMN,
        (
            "Validations",
            "integer",
            "",
            "Validations indicates the number of validation rules defined in this configuration",
            0,
        ),
        (
            "ParamKind",
            "string",
            "",
            "ParamKind specifies the kind of resources used to parameterize this policy",
            0,
        ),
        AGE_COLUMN,
    ],
    cells: |object, now| {
        let validations = json!(count(object, "/spec/validations"));
        vec![
            name(object),
            validations,
            json!(parameter_kind(object)),
            created(object, now),
        ]
    },
};
static POLICY_BINDING: BuiltIn = BuiltIn {
    columns: &[
        NAME_COLUMN,
        (
            "PolicyName",
            "string",
            "",
            "PolicyName indicates the policy definition which the policy binding binded to",
            0,
        ),
        (
            "ParamRef",
            "string",
            "",
            "ParamRef indicates the param resource which sets the configuration param",
            0,
        ),
        AGE_COLUMN,
    ],
    cells: |object, now| {
        let policy = json!(text(object, "/spec/policyName"));
        vec![
            name(object),
            policy,
            json!(parameter_name(object)),
            created(object, now),
        ]
    },
};
static EVENT: BuiltIn = BuiltIn {
    columns: &[
        (
            "Last Seen",
            "string",
            "",
            "The time at which the most recent occurrence of this event was recorded.",
            0,
        ),
        (
            "Type",
            "string",
            "",
            "Type of this event (Normal, Warning), new types could be added in the future",
            0,
        ),
        (
            "Reason",
            "string",
            "",
            "This should be a short, machine understandable string that gives the reason for the transition into the object's current status.",
            0,
        ),
        ("Object", "string", "", "The object that this event is about.", 0),
        (
            "Subobject",
            "string",
            "",
            "If referring to a piece of an object instead of an entire object, this string should contain a valid JSON/Go field access statement, such as desiredState.manifest.containers[2]. For example, if the object reference is to a container within a pod, this would take on a value like: \"spec.containers{name}\" (where \"name\" refers to the name of the container that triggered the event) or if no container name is specified \"spec.containers[2]\" (container with index 2 in this pod). This syntax is chosen only to have some well-defined way of referencing a part of an object.",
            1,
        ),
        (
            "Source",
            "string",
            "",
            "The component reporting this event. Should be a short machine understandable string.",
            1,
        ),
        (
            "Message",
            "string",
            "",
            "A human-readable description of the status of this operation.",
            0,
        ),
        (
            "First Seen",
            "string",
            "",
            "The time at which the event was first recorded. (Time of server receipt is in TypeMeta.)",
            1,
        ),
        (
            "Count",
            "string",
            "",
            "The number of times this event has occurred.",
            1,
        ),
        ("Name", "string", "name", NAME, 1),
    ],
    cells: event_cells,
};

/// How a built-in kind is shown, in the version v1 of its group.
pub(super) fn of(group: &str, kind: &str) -> &'static BuiltIn {
    match (group, kind) {
        ("", "Namespace") => &NAMESPACE,
        ("", "Secret") => &SECRET,
        ("", "ConfigMap") => &CONFIG_MAP,
        ("", "ServiceAccount") => &SERVICE_ACCOUNT,
        ("" | "events.k8s.io", "Event") => &EVENT,
        ("coordination.k8s.io", "Lease") => &LEASE,
        ("autoscaling", "Scale") => &SCALE,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => &POLICY,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding") => &POLICY_BINDING,
        _ => &DEFAULT,
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn number(object: &Value, pointer: &str) -> i64 {
    object
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

fn count(object: &Value, pointer: &str) -> usize {
    match object.pointer(pointer) {
        Some(Value::Object(members)) => members.len(),
        Some(Value::Array(items)) => items.len(),
        _ => 0,
    }
}

fn name(object: &Value) -> Value {
    json!(text(object, "/metadata/name"))
}

fn created(object: &Value, now: Timestamp) -> Value {
    json!(age(Some(text(object, "/metadata/creationTimestamp")), now))
}

fn parameter_kind(policy: &Value) -> String {
    match policy.pointer("/spec/paramKind") {
        Some(kind) if !kind.is_null() => format!("{}/{}", text(kind, "/apiVersion"), text(kind, "/kind")),
        _ => "<unset>".to_owned(),
    }
}

fn parameter_name(binding: &Value) -> String {
    let reference = binding.pointer("/spec/paramRef").unwrap_or(&Value::Null);
    match (text(reference, "/namespace"), text(reference, "/name")) {
        (_, "") => reference
            .get("selector")
            .map_or_else(|| "<unset>".to_owned(), selector_text),
        ("", name) => format!("*/{name}"),
        (namespace, name) => format!("{namespace}/{name}"),
    }
}

/// The selector as Go prints the type, which is what this column shows.
fn selector_text(selector: &Value) -> String {
    let mut labels: Vec<String> = Vec::new();
    for (name, value) in selector
        .get("matchLabels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        labels.push(format!("{name}: {},", value.as_str().unwrap_or_default()));
    }
    labels.sort();
    let expressions = selector
        .get("matchExpressions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let expressions: String = expressions.map(expression_text).collect();
    let labels = labels.concat();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}

fn expression_text(expression: &Value) -> String {
    let values = expression
        .get("values")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let values: Vec<&str> = values.filter_map(Value::as_str).collect();
    let (key, operator) = (text(expression, "/key"), text(expression, "/operator"));
    format!(
        "LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{}],}},",
        values.join(" ")
    )
}

/// Both groups' events are one kind with two sets of names.
fn event_cells(event: &Value, now: Timestamp) -> Vec<Value> {
    let either = |pointers: [&str; 2]| {
        let texts = pointers.map(|pointer| text(event, pointer));
        texts
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    };
    let first = age(
        Some(either(["/firstTimestamp", "/deprecatedFirstTimestamp"]))
            .filter(|text| !text.is_empty())
            .or(Some(text(event, "/eventTime"))),
        now,
    );
    let (last, times) = last_and_count(event, &first, now);
    let about = if event.get("involvedObject").is_some() {
        "/involvedObject"
    } else {
        "/regarding"
    };
    let about = event.pointer(about).unwrap_or(&Value::Null);
    vec![
        json!(last),
        json!(text(event, "/type")),
        json!(text(event, "/reason")),
        json!(target(about)),
        json!(text(about, "/fieldPath")),
        json!(source(event)),
        json!(either(["/message", "/note"]).trim()),
        json!(first),
        json!(times),
        name(event),
    ]
}

fn last_and_count(event: &Value, first: &str, now: Timestamp) -> (String, i64) {
    if let Some(series) = event.get("series").filter(|series| !series.is_null()) {
        let observed = age(Some(text(series, "/lastObservedTime")), now);
        return (
            observed,
            series.get("count").and_then(Value::as_i64).unwrap_or_default(),
        );
    }
    let number = |name: &str| event.get(name).and_then(Value::as_i64);
    let times = number("count")
        .or_else(|| number("deprecatedCount"))
        .filter(|times| *times != 0)
        .unwrap_or(1);
    let stamps = [
        text(event, "/lastTimestamp"),
        text(event, "/deprecatedLastTimestamp"),
    ];
    let last = stamps.into_iter().find(|stamp| !stamp.is_empty());
    (
        last.map_or_else(|| first.to_owned(), |last| age(Some(last), now)),
        times,
    )
}

fn target(about: &Value) -> String {
    let kind = text(about, "/kind").to_lowercase();
    match text(about, "/name") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn source(event: &Value) -> String {
    let first = |pointers: [&str; 4]| {
        let texts = pointers.map(|pointer| text(event, pointer));
        texts
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    };
    let component = first([
        "/source/component",
        "/deprecatedSource/component",
        "/reportingComponent",
        "/reportingController",
    ]);
    match first([
        "/source/host",
        "/deprecatedSource/host",
        "/reportingInstance",
        "/reportingInstance",
    ]) {
        "" => component.to_owned(),
        instance => format!("{component}, {instance}"),
    }
}
