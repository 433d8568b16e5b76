//! The fields of the kinds that clients post as protobuf.
//!
//! Source: the `generated.proto` files and the Go types of Kubernetes 1.36.

use super::fields::Shape::{
    BytesMap, Json, Message, Messages, MicroTime, Number, OptionalNumber, OptionalText, OptionalTruth, Text,
    TextMap, Texts, TextsMap, Time, Truth,
};
use super::fields::{Field, Fields, field};

/// The fields of a kind, if it is one that is read.
pub(super) fn fields_of(api_version: &str, kind: &str) -> Option<Fields> {
    match (api_version, kind) {
        ("v1", "Namespace") => Some(&NAMESPACE),
        ("v1", "Secret") => Some(&SECRET),
        ("v1", "ConfigMap") => Some(&CONFIG_MAP),
        ("v1", "ServiceAccount") => Some(&SERVICE_ACCOUNT),
        ("v1", "Event") => Some(&CORE_EVENT),
        ("events.k8s.io/v1", "Event") => Some(&EVENT),
        ("coordination.k8s.io/v1", "Lease") => Some(&LEASE),
        ("authorization.k8s.io/v1", "SelfSubjectAccessReview") => Some(&ACCESS_REVIEW),
        ("authentication.k8s.io/v1", "SelfSubjectReview") => Some(&SUBJECT_REVIEW),
        // Each group has its own name for the one kind.
        (_, "DeleteOptions") => Some(&DELETE_OPTIONS),
        _ => None,
    }
}

const METADATA: Field = field(1, "metadata", Message(&OBJECT_META));

static OBJECT_META: [Field; 15] = [
    field(1, "name", Text),
    field(2, "generateName", Text),
    field(3, "namespace", Text),
    field(4, "selfLink", Text),
    field(5, "uid", Text),
    field(6, "resourceVersion", Text),
    field(7, "generation", Number),
    field(8, "creationTimestamp", Time),
    field(9, "deletionTimestamp", Time),
    field(10, "deletionGracePeriodSeconds", OptionalNumber),
    field(11, "labels", TextMap),
    field(12, "annotations", TextMap),
    field(13, "ownerReferences", Messages(&OWNER_REFERENCE)),
    field(14, "finalizers", Texts),
    field(17, "managedFields", Messages(&MANAGED_FIELDS)),
];

static OWNER_REFERENCE: [Field; 6] = [
    field(5, "apiVersion", Text),
    field(1, "kind", Text),
    field(3, "name", Text),
    field(4, "uid", Text),
    field(6, "controller", OptionalTruth),
    field(7, "blockOwnerDeletion", OptionalTruth),
];

static MANAGED_FIELDS: [Field; 7] = [
    field(1, "manager", Text),
    field(2, "operation", Text),
    field(3, "apiVersion", Text),
    field(4, "time", Time),
    field(6, "fieldsType", Text),
    field(7, "fieldsV1", Json),
    field(8, "subresource", Text),
];

static NAMESPACE: [Field; 3] = [
    METADATA,
    field(2, "spec", Message(&NAMESPACE_SPEC)),
    field(3, "status", Message(&NAMESPACE_STATUS)),
];
static NAMESPACE_SPEC: [Field; 1] = [field(1, "finalizers", Texts)];
static NAMESPACE_STATUS: [Field; 2] = [
    field(1, "phase", Text),
    field(2, "conditions", Messages(&NAMESPACE_CONDITION)),
];
static NAMESPACE_CONDITION: [Field; 5] = [
    field(1, "type", Text),
    field(2, "status", Text),
    field(4, "lastTransitionTime", Time),
    field(5, "reason", Text),
    field(6, "message", Text),
];

static SECRET: [Field; 5] = [
    METADATA,
    field(5, "immutable", OptionalTruth),
    field(2, "data", BytesMap),
    field(4, "stringData", TextMap),
    field(3, "type", Text),
];

static CONFIG_MAP: [Field; 4] = [
    METADATA,
    field(4, "immutable", OptionalTruth),
    field(2, "data", TextMap),
    field(3, "binaryData", BytesMap),
];

static SERVICE_ACCOUNT: [Field; 4] = [
    METADATA,
    field(2, "secrets", Messages(&OBJECT_REFERENCE)),
    field(3, "imagePullSecrets", Messages(&LOCAL_REFERENCE)),
    field(4, "automountServiceAccountToken", OptionalTruth),
];
static LOCAL_REFERENCE: [Field; 1] = [field(1, "name", Text)];
static OBJECT_REFERENCE: [Field; 7] = [
    field(1, "kind", Text),
    field(2, "namespace", Text),
    field(3, "name", Text),
    field(4, "uid", Text),
    field(5, "apiVersion", Text),
    field(6, "resourceVersion", Text),
    field(7, "fieldPath", Text),
];

static CORE_EVENT: [Field; 15] = [
    METADATA,
    field(2, "involvedObject", Message(&OBJECT_REFERENCE)),
    field(3, "reason", Text),
    field(4, "message", Text),
    field(5, "source", Message(&EVENT_SOURCE)),
    field(6, "firstTimestamp", Time),
    field(7, "lastTimestamp", Time),
    field(8, "count", Number),
    field(9, "type", Text),
    field(10, "eventTime", MicroTime),
    field(11, "series", Message(&EVENT_SERIES)),
    field(12, "action", Text),
    field(13, "related", Message(&OBJECT_REFERENCE)),
    field(14, "reportingComponent", Text),
    field(15, "reportingInstance", Text),
];
static EVENT_SOURCE: [Field; 2] = [field(1, "component", Text), field(2, "host", Text)];
static EVENT_SERIES: [Field; 2] = [field(1, "count", Number), field(2, "lastObservedTime", MicroTime)];

static EVENT: [Field; 15] = [
    METADATA,
    field(2, "eventTime", MicroTime),
    field(3, "series", Message(&EVENT_SERIES)),
    field(4, "reportingController", Text),
    field(5, "reportingInstance", Text),
    field(6, "action", Text),
    field(7, "reason", Text),
    field(8, "regarding", Message(&OBJECT_REFERENCE)),
    field(9, "related", Message(&OBJECT_REFERENCE)),
    field(10, "note", Text),
    field(11, "type", Text),
    field(12, "deprecatedSource", Message(&EVENT_SOURCE)),
    field(13, "deprecatedFirstTimestamp", Time),
    field(14, "deprecatedLastTimestamp", Time),
    field(15, "deprecatedCount", Number),
];

static LEASE: [Field; 2] = [METADATA, field(2, "spec", Message(&LEASE_SPEC))];
static LEASE_SPEC: [Field; 7] = [
    field(1, "holderIdentity", OptionalText),
    field(2, "leaseDurationSeconds", OptionalNumber),
    field(3, "acquireTime", MicroTime),
    field(4, "renewTime", MicroTime),
    field(5, "leaseTransitions", OptionalNumber),
    field(6, "strategy", OptionalText),
    field(7, "preferredHolder", OptionalText),
];

static ACCESS_REVIEW: [Field; 3] = [
    METADATA,
    field(2, "spec", Message(&ACCESS_REVIEW_SPEC)),
    field(3, "status", Message(&ACCESS_REVIEW_STATUS)),
];
static ACCESS_REVIEW_SPEC: [Field; 2] = [
    field(1, "resourceAttributes", Message(&RESOURCE_ATTRIBUTES)),
    field(2, "nonResourceAttributes", Message(&NON_RESOURCE_ATTRIBUTES)),
];
static RESOURCE_ATTRIBUTES: [Field; 9] = [
    field(1, "namespace", Text),
    field(2, "verb", Text),
    field(3, "group", Text),
    field(4, "version", Text),
    field(5, "resource", Text),
    field(6, "subresource", Text),
    field(7, "name", Text),
    field(8, "fieldSelector", Message(&SELECTOR_ATTRIBUTES)),
    field(9, "labelSelector", Message(&SELECTOR_ATTRIBUTES)),
];
static SELECTOR_ATTRIBUTES: [Field; 2] = [
    field(1, "rawSelector", Text),
    field(2, "requirements", Messages(&SELECTOR_REQUIREMENT)),
];
static SELECTOR_REQUIREMENT: [Field; 3] = [
    field(1, "key", Text),
    field(2, "operator", Text),
    field(3, "values", Texts),
];
static NON_RESOURCE_ATTRIBUTES: [Field; 2] = [field(1, "path", Text), field(2, "verb", Text)];
static ACCESS_REVIEW_STATUS: [Field; 4] = [
    field(1, "allowed", OptionalTruth),
    field(4, "denied", Truth),
    field(2, "reason", Text),
    field(3, "evaluationError", Text),
];

static SUBJECT_REVIEW: [Field; 2] = [METADATA, field(2, "status", Message(&SUBJECT_REVIEW_STATUS))];
static SUBJECT_REVIEW_STATUS: [Field; 1] = [field(1, "userInfo", Message(&USER_INFO))];
static USER_INFO: [Field; 4] = [
    field(1, "username", Text),
    field(2, "uid", Text),
    field(3, "groups", Texts),
    field(4, "extra", TextsMap),
];

static DELETE_OPTIONS: [Field; 6] = [
    field(1, "gracePeriodSeconds", OptionalNumber),
    field(2, "preconditions", Message(&PRECONDITIONS)),
    field(3, "orphanDependents", OptionalTruth),
    field(4, "propagationPolicy", OptionalText),
    field(5, "dryRun", Texts),
    field(
        6,
        "ignoreStoreReadErrorWithClusterBreakingPotential",
        OptionalTruth,
    ),
];
static PRECONDITIONS: [Field; 2] = [
    field(1, "uid", OptionalText),
    field(2, "resourceVersion", OptionalText),
];
