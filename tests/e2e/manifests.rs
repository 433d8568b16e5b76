//! `manifests/` as a person applies it.

use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec, SubjectAccessReviewStatus,
};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ObjectMeta, PostParams};

use crate::control_plane::stdout;
use crate::not_on_the_embedded;
use crate::support::control_plane::{Content, ControlPlane};

const OPERATOR: &str = "system:serviceaccount:campanile-system:campanile";

fn repository(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(path)
        .display()
        .to_string()
}

/// Applies without a warning: those of the pod security admission come as warnings.
async fn apply(plane: &ControlPlane, arguments: &[&str]) -> String {
    let output = plane.kubectl(&[&["apply"], arguments].concat()).await;
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    stdout(&output)
}

async fn bind(plane: &ControlPlane, namespace: &str, role: &str, user: &str) {
    let role = format!("--clusterrole={role}");
    let user_flag = format!("--user={user}");
    stdout(
        &plane
            .kubectl(&["create", "rolebinding", user, &role, &user_flag, "-n", namespace])
            .await,
    );
}

/// Asks the API server whether `user` may do `question`: `verb resource[/subresource][.group]`.
async fn may(client: &kube::Client, user: &str, namespace: &str, question: &str) -> bool {
    let (verb, rest) = question.split_once(' ').unwrap();
    let (resource, group) = rest.split_once('.').unwrap_or((rest, ""));
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let attributes = ResourceAttributes {
        namespace: Some(namespace.to_owned()),
        verb: Some(verb.to_owned()),
        group: Some(group.to_owned()),
        resource: Some(resource.to_owned()),
        subresource: Some(subresource.to_owned()),
        ..ResourceAttributes::default()
    };
    let spec = SubjectAccessReviewSpec {
        user: Some(user.to_owned()),
        resource_attributes: Some(attributes),
        ..SubjectAccessReviewSpec::default()
    };
    let review = SubjectAccessReview {
        spec,
        ..SubjectAccessReview::default()
    };
    let reviews: Api<SubjectAccessReview> = Api::all(client.clone());
    let answer = reviews.create(&PostParams::default(), &review).await.unwrap();
    matches!(
        answer.status,
        Some(SubjectAccessReviewStatus { allowed: true, .. })
    )
}

async fn assert_rights(
    client: &kube::Client,
    user: &str,
    namespace: &str,
    granted: &[&str],
    refused: &[&str],
) {
    for question in granted {
        assert!(
            may(client, user, namespace, question).await,
            "{user} may not {question} in {namespace}"
        );
    }
    for question in refused {
        assert!(
            !may(client, user, namespace, question).await,
            "{user} may {question} in {namespace}"
        );
    }
}

/// Waits until the controller that aggregates roles has filled the built-in ones.
async fn aggregated(client: &kube::Client, user: &str, namespace: &str, question: &str) {
    let filled = async {
        while !may(client, user, namespace, question).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), filled)
        .await
        .expect("the built-in role is filled");
}

async fn the_operator_may_do_what_it_needs_and_no_more(client: &kube::Client, namespace: &str) {
    let granted = [
        "watch campaigns.campanile.dev",
        "patch campaigns/status.campanile.dev",
        "watch channelconfigs.campanile.dev",
        "patch channelconfigs/status.campanile.dev",
        "create halts.campanile.dev",
        "patch halts/status.campanile.dev",
        "watch policypacks.campanile.dev",
        "patch policypacks/status.campanile.dev",
        "watch approvals.campanile.dev",
        "patch approvals/status.campanile.dev",
        "create assets.campanile.dev",
        "delete assets.campanile.dev",
        "patch assets/status.campanile.dev",
        "create receipts.campanile.dev",
        "update receipts/status.campanile.dev",
        "get secrets",
        "create configmaps",
        "patch configmaps",
        "create events.events.k8s.io",
        "patch events.events.k8s.io",
    ];
    let refused = [
        "patch campaigns.campanile.dev",
        "delete campaigns.campanile.dev",
        "update channelconfigs.campanile.dev",
        "patch policypacks.campanile.dev",
        "create approvals.campanile.dev",
        "patch approvals.campanile.dev",
        "delete approvals.campanile.dev",
        "list validatingadmissionpolicies.admissionregistration.k8s.io",
        "patch validatingadmissionpolicies.admissionregistration.k8s.io",
        "delete receipts.campanile.dev",
        "update receipts.campanile.dev",
        "delete halts.campanile.dev",
        "patch halts.campanile.dev",
        "list secrets",
        "watch secrets",
        "create secrets",
        "list configmaps",
        "delete configmaps",
        "create leases.coordination.k8s.io",
        "create pods",
        "patch customresourcedefinitions.apiextensions.k8s.io",
        "create rolebindings.rbac.authorization.k8s.io",
    ];
    assert_rights(client, OPERATOR, namespace, &granted, &refused).await;
    let lease = [
        "create leases.coordination.k8s.io",
        "update leases.coordination.k8s.io",
    ];
    assert_rights(client, OPERATOR, "campanile-system", &lease, &[]).await;
}

const READ: [&str; 5] = [
    "list campaigns.campanile.dev",
    "list policypacks.campanile.dev",
    "list approvals.campanile.dev",
    "get assets.campanile.dev",
    "watch receipts.campanile.dev",
];
const EDIT: [&str; 3] = [
    "create campaigns.campanile.dev",
    "create policypacks.campanile.dev",
    "patch channelconfigs.campanile.dev",
];
const APPROVE: [&str; 1] = ["create approvals.campanile.dev"];
const RESOLVE: [&str; 1] = ["patch receipts/status.campanile.dev"];
const HALT: [&str; 2] = ["create halts.campanile.dev", "delete halts.campanile.dev"];
const NOBODY: [&str; 10] = [
    "patch policypacks/status.campanile.dev",
    "patch approvals/status.campanile.dev",
    "patch approvals.campanile.dev",
    "delete approvals.campanile.dev",
    "patch assets/status.campanile.dev",
    "patch campaigns/status.campanile.dev",
    "create receipts.campanile.dev",
    "patch receipts.campanile.dev",
    "delete receipts.campanile.dev",
    "create assets.campanile.dev",
];

async fn people_may_not_write_what_decides_a_send(plane: &ControlPlane, client: &kube::Client) {
    let namespace = plane.namespace("people").await;
    let people = [
        ("campanile-viewer", "anna"),
        ("campanile-editor", "boris"),
        ("campanile-resolver", "clara"),
        ("campanile-approver", "fadi"),
        ("view", "dana"),
        ("edit", "emil"),
        ("campanile-halter", "fatima"),
    ];
    for (role, user) in people {
        bind(plane, &namespace, role, user).await;
    }
    aggregated(client, "dana", &namespace, READ[0]).await;
    aggregated(client, "emil", &namespace, EDIT[0]).await;
    for (_, user) in people {
        assert_rights(client, user, &namespace, &READ, &NOBODY).await;
    }
    for reader in ["anna", "dana"] {
        let refused = [&EDIT[..], &RESOLVE, &APPROVE, &HALT].concat();
        assert_rights(client, reader, &namespace, &[], &refused).await;
    }
    for editor in ["boris", "emil"] {
        let refused = [&RESOLVE[..], &APPROVE, &HALT].concat();
        assert_rights(client, editor, &namespace, &EDIT, &refused).await;
    }
    let refused = [&EDIT[..], &APPROVE].concat();
    assert_rights(client, "clara", &namespace, &RESOLVE, &refused).await;
    let refused = [&EDIT[..], &RESOLVE].concat();
    assert_rights(client, "fadi", &namespace, &APPROVE, &refused).await;
    assert_rights(client, "fatima", &namespace, &HALT, &refused).await;
}

/// It reads the policy and the binding by their names, also where it serves one namespace alone.
async fn the_operator_sees_whether_approvers_are_made_sure_of(plane: &ControlPlane) {
    let operator = plane.kubeconfig_for(OPERATOR, &[]);
    for kind in ["validatingadmissionpolicy", "validatingadmissionpolicybinding"] {
        let read = ["get", kind, "campanile-approvals", "-o", "name"];
        stdout(&plane.kubectl_as(&operator, &read, "").await);
    }
}

/// No controller makes pods here, so the pod of the Deployment is asked for as a dry run.
async fn the_pod_passes_the_restricted_pod_security(client: &kube::Client) {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "campanile-system");
    let template = deployments.get("campanile").await.unwrap().spec.unwrap().template;
    let metadata = ObjectMeta {
        name: Some("tried".to_owned()),
        ..template.metadata.unwrap()
    };
    let mut pod = Pod {
        metadata,
        spec: template.spec,
        ..Pod::default()
    };
    let pods: Api<Pod> = Api::namespaced(client.clone(), "campanile-system");
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    pods.create(&dry_run, &pod).await.expect("admitted as restricted");

    pod.spec.as_mut().unwrap().containers[0].security_context = None;
    let refused = pods.create(&dry_run, &pod).await.unwrap_err().to_string();
    assert!(
        refused.contains("violates PodSecurity \"restricted"),
        "the test would see it: {refused}"
    );
}

#[tokio::test]
async fn the_manifests_apply_to_an_empty_cluster_and_grant_the_least() {
    if not_on_the_embedded::MANIFESTS.holds() {
        return;
    }
    let plane = ControlPlane::start(Content::Empty).await;
    let client = plane.client().await;
    apply(&plane, &["-f", &repository("crds")]).await;
    stdout(&plane.kubectl(&["create", "namespace", "resumely"]).await);

    let first = apply(&plane, &["-k", &repository("manifests/namespaced")]).await;
    assert!(first.contains("deployment.apps/campanile created"), "{first}");
    the_operator_may_do_what_it_needs_and_no_more(&client, "resumely").await;
    the_operator_sees_whether_approvers_are_made_sure_of(&plane).await;
    let elsewhere = [
        "get secrets",
        "list campaigns.campanile.dev",
        "create receipts.campanile.dev",
    ];
    assert_rights(&client, OPERATOR, "default", &[], &elsewhere).await;

    apply(&plane, &["-k", &repository("manifests")]).await;
    the_operator_may_do_what_it_needs_and_no_more(&client, "default").await;
    people_may_not_write_what_decides_a_send(&plane, &client).await;
    the_pod_passes_the_restricted_pod_security(&client).await;

    let again = apply(&plane, &["-k", &repository("manifests")]).await;
    assert!(again.lines().all(|line| line.ends_with(" unchanged")), "{again}");
}
