//! Whether the API server makes sure that nobody approves in another's name: by the policy and the binding that this
//! version ships, read as they stand.

use std::{
    sync::{LazyLock, Mutex},
    time::Duration,
};

use k8s_openapi::{
    api::admissionregistration::v1::{
        MatchResources, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
        ValidatingAdmissionPolicySpec, Validation,
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta},
};
use kube::Api;
use serde_json::Value;

use super::{context::Shared, error::Error, lock::lock};
use crate::domain::observed::Enforcement;

/// The policies and bindings that this version ships, as a person applies them.
pub const ADMISSION_POLICIES: &str = include_str!("../../manifests/base/admission-approvals.yaml");
/// The name of the policy for Approvals, and of its binding.
const APPROVALS: &str = "campanile-approvals";
/// How often it is looked at when nothing asks; before a send that depends on it, it is read directly.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What is known about it.
#[derive(Debug, Default)]
pub(crate) struct Admission(Mutex<Option<Enforcement>>);

impl Admission {
    /// As it was seen last; as what nobody can tell before the first look.
    pub(crate) fn enforcement(&self) -> Enforcement {
        self.seen().unwrap_or_default()
    }

    /// As it was seen last; none before the first look.
    pub(crate) fn seen(&self) -> Option<Enforcement> {
        lock(&self.0).clone()
    }
}

/// Looks at it every now and then, and tells whoever depends on it.
pub(super) async fn watch(shared: &Shared, told: impl Fn()) {
    loop {
        match read(shared).await {
            Ok(now) => {
                let before = lock(&shared.admission.0).replace(now.clone());
                if before.as_ref() != Some(&now) {
                    told();
                }
            }
            // What was seen before holds for plans; a send reads it anew.
            Err(error) => tracing::warn!(
                reason = error.reason(),
                "failed to look at the admission policy for Approvals"
            ),
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Reads the policy and its binding directly.
///
/// # Errors
/// Where nobody can tell; a policy that may not be read is one that nobody can rely on.
pub(super) async fn read(shared: &Shared) -> Result<Enforcement, Error> {
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(shared.client.clone());
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(shared.client.clone());
    let (policy, binding) = futures::future::join(
        shared
            .fresh
            .read(&policies, APPROVALS, "read the admission policy for Approvals"),
        shared.fresh.read(
            &bindings,
            APPROVALS,
            "read the binding of the admission policy for Approvals",
        ),
    )
    .await;
    match (policy, binding) {
        (Ok(policy), Ok(binding)) => Ok(judged(policy.as_deref(), binding.as_deref())),
        (Err(error), _) | (_, Err(error)) if error.is_forbidden() => {
            let why = "and its binding; apply the roles of this version";
            Ok(Enforcement::Missing(format!(
                "the operator may not read the ValidatingAdmissionPolicy {APPROVALS} {why}"
            )))
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    }
}

/// What a policy and its binding, as they stand, are worth.
fn judged(
    policy: Option<&ValidatingAdmissionPolicy>,
    binding: Option<&ValidatingAdmissionPolicyBinding>,
) -> Enforcement {
    let missing = |what: &str, state: &str| {
        Enforcement::Missing(format!(
            "{what} {APPROVALS} {state}; apply manifests/ or the chart of this version"
        ))
    };
    let (Some(policy), Some(binding)) = (policy, binding) else {
        let what = if policy.is_none() {
            "the ValidatingAdmissionPolicy"
        } else {
            "the ValidatingAdmissionPolicyBinding"
        };
        return missing(what, "is not there");
    };
    if !says_what_we_ship(policy) {
        return missing(
            "the ValidatingAdmissionPolicy",
            "does not say what this version ships",
        );
    }
    if !denies_everywhere(binding) {
        return missing(
            "the ValidatingAdmissionPolicyBinding",
            "does not deny in every namespace",
        );
    }
    let made = |metadata: &ObjectMeta| metadata.creation_timestamp.as_ref().map(|time| time.0);
    match (made(&policy.metadata), made(&binding.metadata)) {
        (Some(policy), Some(binding)) => Enforcement::Since(policy.max(binding)),
        _ => missing("the ValidatingAdmissionPolicy", "does not say when it was made"),
    }
}

/// What our own policy asks for: read once, for it is compared with what stands again and again.
static SHIPPED: LazyLock<Option<ValidatingAdmissionPolicySpec>> = LazyLock::new(|| {
    let documents: Vec<Value> = serde_saphyr::from_multiple(ADMISSION_POLICIES).ok()?;
    let policies = documents
        .into_iter()
        .filter_map(|document| serde_json::from_value::<ValidatingAdmissionPolicy>(document).ok());
    let ours = { policies }.find(|policy| policy.metadata.name.as_deref() == Some(APPROVALS));
    ours?.spec
});

/// Whether a policy refuses at least what ours refuses; whatever else it asks for is its owner's.
fn says_what_we_ship(policy: &ValidatingAdmissionPolicy) -> bool {
    let (Some(ours), Some(theirs)) = (&*SHIPPED, &policy.spec) else {
        return false;
    };
    let rules = |matching: &Option<MatchResources>| {
        let rules = matching
            .as_ref()
            .and_then(|matching| matching.resource_rules.clone());
        rules.unwrap_or_default().into_iter().map(|mut rule| {
            // The API server fills in what is left out.
            rule.scope = rule.scope.filter(|scope| scope != "*");
            rule
        })
    };
    let theirs_match: Vec<_> = rules(&theirs.match_constraints).collect();
    let covers = rules(&ours.match_constraints).all(|rule| theirs_match.contains(&rule));
    let expressions = |validations: &Option<Vec<Validation>>| {
        let validations = validations.clone().unwrap_or_default();
        validations.into_iter().map(|validation| validation.expression)
    };
    let theirs_ask: Vec<String> = expressions(&theirs.validations).collect();
    let asks = expressions(&ours.validations).all(|expression| theirs_ask.contains(&expression));
    let unconditional = theirs.match_conditions.as_ref().is_none_or(Vec::is_empty)
        && theirs.param_kind.is_none()
        && theirs.match_constraints.as_ref().is_some_and(leaves_nobody_out);
    theirs.failure_policy.as_deref().unwrap_or("Fail") == "Fail" && covers && asks && unconditional
}

fn denies_everywhere(binding: &ValidatingAdmissionPolicyBinding) -> bool {
    let spec = &binding.spec;
    let denies = spec.validation_actions.iter().any(|action| action == "Deny");
    let everywhere = spec.match_resources.as_ref().is_none_or(|matching| {
        leaves_nobody_out(matching) && matching.resource_rules.as_ref().is_none_or(Vec::is_empty)
    });
    spec.policy_name == APPROVALS && denies && everywhere && spec.param_ref.is_none()
}

fn leaves_nobody_out(matching: &MatchResources) -> bool {
    let asks_nothing = |selector: &Option<LabelSelector>| {
        selector.as_ref().is_none_or(|selector| {
            selector
                .match_labels
                .as_ref()
                .is_none_or(std::collections::BTreeMap::is_empty)
                && selector.match_expressions.as_ref().is_none_or(Vec::is_empty)
        })
    };
    asks_nothing(&matching.namespace_selector)
        && asks_nothing(&matching.object_selector)
        && matching.exclude_resource_rules.as_ref().is_none_or(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn documents() -> (Value, Value) {
        let mut documents: Vec<Value> = serde_saphyr::from_multiple(ADMISSION_POLICIES).unwrap();
        documents[0]["metadata"]["creationTimestamp"] = json!("2026-03-02T07:00:00Z");
        documents[1]["metadata"]["creationTimestamp"] = json!("2026-03-02T07:00:05Z");
        (documents[0].clone(), documents[1].clone())
    }

    fn judge(policy: &Value, binding: &Value) -> Enforcement {
        judged(
            serde_json::from_value(policy.clone()).ok().as_ref(),
            serde_json::from_value(binding.clone()).ok().as_ref(),
        )
    }

    #[test]
    fn what_we_ship_is_believed_from_the_younger_of_the_two_on() {
        let (policy, binding) = documents();
        let since = "2026-03-02T07:00:05Z".parse().unwrap();
        assert_eq!(judge(&policy, &binding), Enforcement::Since(since));
        // As the API server answers it, with what it fills in.
        let mut filled = policy.clone();
        filled["spec"]["matchConstraints"]["matchPolicy"] = json!("Equivalent");
        filled["spec"]["matchConstraints"]["namespaceSelector"] = json!({});
        filled["spec"]["matchConstraints"]["objectSelector"] = json!({});
        filled["spec"]["matchConstraints"]["resourceRules"][0]["scope"] = json!("*");
        assert_eq!(judge(&filled, &binding), Enforcement::Since(since));
        // A rule more refuses more.
        let rule = json!({"expression": "object.spec.approver != 'nobody'"});
        filled["spec"]["validations"].as_array_mut().unwrap().push(rule);
        assert_eq!(judge(&filled, &binding), Enforcement::Since(since));
    }

    #[test]
    fn whatever_lets_somebody_through_is_not_believed() {
        let never = json!([{"name": "never", "expression": "false"}]);
        let selector = json!({"matchLabels": {"strict": "yes"}});
        let everything =
            json!([{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*"]}]);
        let of_policy = [
            ("/spec/failurePolicy", json!("Ignore")),
            ("/spec/validations/0/expression", json!("true")),
            ("/spec/validations", json!([])),
            ("/spec/matchConditions", never),
            (
                "/spec/paramKind",
                json!({"apiVersion": "v1", "kind": "ConfigMap"}),
            ),
            (
                "/spec/matchConstraints/resourceRules/0/operations",
                json!(["UPDATE"]),
            ),
            (
                "/spec/matchConstraints/resourceRules/0/resourceNames",
                json!(["one"]),
            ),
            ("/spec/matchConstraints/namespaceSelector", selector.clone()),
            ("/spec/matchConstraints/objectSelector", selector.clone()),
            ("/spec/matchConstraints/excludeResourceRules", everything.clone()),
            ("/metadata/creationTimestamp", Value::Null),
        ];
        let of_binding = [
            ("/spec/validationActions", json!(["Warn", "Audit"])),
            ("/spec/policyName", json!("another")),
            ("/spec/matchResources", json!({"namespaceSelector": selector})),
            (
                "/spec/matchResources",
                json!({"excludeResourceRules": everything}),
            ),
            (
                "/spec/paramRef",
                json!({"name": "x", "parameterNotFoundAction": "Allow"}),
            ),
        ];
        for (number, (pointer, value)) in of_policy.into_iter().chain(of_binding).enumerate() {
            let (mut policy, mut binding) = documents();
            let document = if number < 11 { &mut policy } else { &mut binding };
            put(document, pointer, value);
            let judged = judge(&policy, &binding);
            assert!(matches!(judged, Enforcement::Missing(_)), "{pointer}: {judged:?}");
        }
    }

    fn put(document: &mut Value, pointer: &str, value: Value) {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap()[name] = value;
    }

    #[test]
    fn one_without_the_other_is_nothing() {
        let (policy, binding) = documents();
        let missing = |judged: Enforcement, what: &str| match judged {
            Enforcement::Missing(why) => {
                assert!(why.contains(what) && why.contains("apply manifests/"), "{why}");
            }
            Enforcement::Since(_) => panic!("it was believed"),
        };
        missing(
            judge(&Value::Null, &binding),
            "ValidatingAdmissionPolicy campanile-approvals",
        );
        missing(
            judge(&policy, &Value::Null),
            "ValidatingAdmissionPolicyBinding campanile-approvals",
        );
    }
}
