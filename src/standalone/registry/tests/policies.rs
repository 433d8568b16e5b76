use super::*;

const POLICIES: &str = "validatingadmissionpolicies.admissionregistration.k8s.io";
const BINDINGS: &str = "validatingadmissionpolicybindings.admissionregistration.k8s.io";

async fn small_maps_only(scene: &Scene, action: &str) {
    let policy = json!({
        "metadata": {"name": "small"},
        "spec": {
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "DELETE"], "resources": ["configmaps"],
            }]},
            "validations": [{
                "expression": "request.userInfo.username != 'anna' || request.operation == 'CREATE' && size(object.data) < 2",
                "message": "too much", "reason": "Forbidden",
            }],
        },
    });
    scene.made(POLICIES, policy).await;
    let binding = json!({"metadata": {"name": "bound"}, "spec": {"policyName": "small", "validationActions": [action]}});
    scene.made(BINDINGS, binding).await;
}

#[tokio::test]
async fn a_bound_policy_refuses_with_its_reason() {
    let scene = Scene::new().await;
    small_maps_only(&scene, "Deny").await;
    scene.made("configmaps", config_map("web")).await;
    let mut large = config_map("large");
    large["data"]["b"] = "c".into();
    let refusal = scene.create("configmaps", large).await.unwrap_err();
    assert_eq!((refusal.code(), refusal.reason()), (403, "Forbidden"));
    assert_eq!(
        refusal.message(),
        "configmaps \"large\" is forbidden: ValidatingAdmissionPolicy 'small' with binding 'bound' denied request: too much"
    );
    assert_eq!(scene.delete("configmaps", "web").await.unwrap_err().code(), 403);
}

#[tokio::test]
async fn a_policy_that_warns_lets_pass() {
    let scene = Scene::new().await;
    small_maps_only(&scene, "Warn").await;
    let mut large = config_map("large");
    large["data"]["b"] = "c".into();
    let answer = scene.create("configmaps", large).await.unwrap();
    assert_eq!(
        answer.warnings,
        ["Validation failed for ValidatingAdmissionPolicy 'small' with binding 'bound': too much"]
    );
}

#[tokio::test]
async fn a_policy_without_its_binding_is_not_asked() {
    let scene = Scene::new().await;
    small_maps_only(&scene, "Deny").await;
    scene.delete(BINDINGS, "bound").await.unwrap();
    let mut large = config_map("large");
    large["data"]["b"] = "c".into();
    scene.made("configmaps", large).await;
}

#[tokio::test]
async fn an_expression_that_is_none_is_refused_with_the_policy() {
    let scene = Scene::new().await;
    let policy = json!({
        "metadata": {"name": "broken"},
        "spec": {
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"],
            }]},
            "validations": [{"expression": "object.spec >"}],
        },
    });
    let refusal = scene.create(POLICIES, policy).await.unwrap_err();
    assert_eq!(refusal.code(), 422);
    assert_eq!(
        refusal.details().unwrap().causes[0].field,
        "spec.validations[0].expression"
    );
}
