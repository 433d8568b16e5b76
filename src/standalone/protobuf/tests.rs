use serde_json::json;

use super::*;

/// Makes a field of bytes; for messages that no command of kubectl posts.
fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    assert!(length < 128, "one byte of length");
    [&[number << 3 | 2, length], content].concat()
}

fn number(field: u8, value: u8) -> Vec<u8> {
    vec![field << 3, value]
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let types = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
    [MAGIC.to_vec(), bytes(1, &types), bytes(2, raw)].concat()
}

#[test]
fn what_kubectl_posts_reads_as_the_json_that_it_would_have_posted() {
    for (posted, expected) in [
        (
            include_bytes!("../../../tests/fixtures/protobuf/namespaces.pb").as_slice(),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "spring"}, "spec": {}, "status": {}}),
        ),
        (
            include_bytes!("../../../tests/fixtures/protobuf/secrets.pb"),
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mail", "namespace": "team"},
                "data": {"token": "YWJj", "empty": ""},
            }),
        ),
        (
            include_bytes!("../../../tests/fixtures/protobuf/configmaps.pb"),
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "notes", "namespace": "team"},
                "data": {"a": "b"}, "binaryData": {"bin": "//4A"},
            }),
        ),
        (
            include_bytes!("../../../tests/fixtures/protobuf/serviceaccounts.pb"),
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "team"}}),
        ),
        (
            include_bytes!("../../../tests/fixtures/protobuf/selfsubjectaccessreviews.pb"),
            json!({
                "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "metadata": {},
                "spec": {"resourceAttributes": {
                    "namespace": "team", "verb": "create", "resource": "assets.campanile.dev", "subresource": "status",
                }},
                "status": {"allowed": false},
            }),
        ),
        (
            include_bytes!("../../../tests/fixtures/protobuf/selfsubjectreviews.pb"),
            json!({
                "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {},
                "status": {"userInfo": {}},
            }),
        ),
    ] {
        assert_eq!(decode(posted).unwrap(), expected);
    }
}

#[test]
fn pointers_keep_their_zeros_and_instants_their_digits() {
    // 999,640,000 nanoseconds, seven bits a byte.
    let instant = [number(1, 90), vec![2 << 3, 0xc0, 0x97, 0xd5, 0xdc, 0x03]].concat();
    let spec = [bytes(1, b""), number(2, 0), bytes(4, &instant), number(5, 3)].concat();
    let metadata = [bytes(1, b"leader"), bytes(8, b"")].concat();
    let posted = body(
        "coordination.k8s.io/v1",
        "Lease",
        &[bytes(1, &metadata), bytes(2, &spec)].concat(),
    );
    let expected = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "leader"},
        "spec": {
            "holderIdentity": "", "leaseDurationSeconds": 0, "renewTime": "1970-01-01T00:01:30.999640Z",
            "leaseTransitions": 3,
        },
    });
    assert_eq!(decode(&posted).unwrap(), expected);
}

#[test]
fn events_of_both_groups_are_read() {
    let about = [bytes(1, b"Asset"), bytes(3, b"a")].concat();
    let core = body(
        "v1",
        "Event",
        &[
            bytes(2, &about),
            bytes(3, b"Posted"),
            number(8, 2),
            bytes(6, &number(1, 60)),
        ]
        .concat(),
    );
    let object = decode(&core).unwrap();
    assert_eq!(object["involvedObject"], json!({"kind": "Asset", "name": "a"}));
    assert_eq!(
        (&object["count"], &object["firstTimestamp"]),
        (&json!(2), &json!("1970-01-01T00:01:00Z"))
    );
    let own = body(
        "events.k8s.io/v1",
        "Event",
        &[bytes(8, &about), bytes(10, b"done")].concat(),
    );
    let object = decode(&own).unwrap();
    assert_eq!(
        (&object["regarding"]["name"], &object["note"]),
        (&json!("a"), &json!("done"))
    );
}

#[test]
fn repeated_and_mapped_fields_gather() {
    let label = |key: &[u8], value: &[u8]| bytes(11, &[bytes(1, key), bytes(2, value)].concat());
    let owner = bytes(13, &[bytes(3, b"o"), bytes(4, b"u"), number(6, 0)].concat());
    let metadata = [
        label(b"a", b"1"),
        label(b"b", b""),
        bytes(14, b"f"),
        bytes(14, b"g"),
        owner,
    ]
    .concat();
    let object = decode(&body("v1", "ConfigMap", &bytes(1, &metadata))).unwrap();
    let expected = json!({
        "labels": {"a": "1", "b": ""}, "finalizers": ["f", "g"],
        "ownerReferences": [{"name": "o", "uid": "u", "controller": false}],
    });
    assert_eq!(object["metadata"], expected);
}

#[test]
fn delete_options_are_read_for_every_group() {
    let raw = [
        number(1, 0),
        bytes(4, b"Background"),
        bytes(5, b"All"),
        bytes(2, &bytes(1, b"u")),
    ]
    .concat();
    let options = decode(&body("meta.k8s.io/v1", "DeleteOptions", &raw)).unwrap();
    assert_eq!(options["gracePeriodSeconds"], 0);
    assert_eq!(options["propagationPolicy"], "Background");
    assert_eq!(options["dryRun"], json!(["All"]));
    assert_eq!(options["preconditions"], json!({"uid": "u"}));
}

#[test]
fn a_kind_that_is_not_read_is_refused_by_name() {
    let error = decode(&body("apps/v1", "Deployment", b"")).unwrap_err();
    let text = "Deployment in version \"apps/v1\" is not read as protobuf here: send it as application/json";
    assert_eq!(error.to_string(), text);
}

#[test]
fn what_is_no_protobuf_is_refused() {
    assert_eq!(decode(b""), Err(ProtobufError::Empty));
    assert_eq!(decode(b"{}"), Err(ProtobufError::NoPrefix));
    for raw in [
        vec![0x0a, 0x05, b'x'],
        vec![0x08, 0x01],
        vec![0x0b],
        vec![0xff; 12],
        bytes(1, &bytes(1, &[0xff])),
    ] {
        let error = decode(&body("v1", "Secret", &raw)).unwrap_err();
        assert!(matches!(error, ProtobufError::Malformed(_)), "{raw:?}: {error}");
    }
}

#[test]
fn a_truncated_body_is_refused_or_says_nothing_else() {
    let posted = include_bytes!("../../../tests/fixtures/protobuf/secrets.pb");
    let (whole, bare) = (decode(posted), Ok(json!({"apiVersion": "v1", "kind": "Secret"})));
    for length in 0..posted.len() {
        let read = decode(&posted[..length]);
        assert!(
            read.is_err() || read == whole || read == bare,
            "{length}: {read:?}"
        );
    }
}
