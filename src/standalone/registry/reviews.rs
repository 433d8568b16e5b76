//! Questions that are answered and never kept: who am I, and what may I do.

use serde_json::{Map, Value, json};

use super::{Answer, Body, BuiltIn, Outcome, Registry, Request, object, read};
use crate::standalone::status::{Cause, Refusal};

const NOT_ENFORCED: &str = "this control plane enforces no RBAC: everybody who is known may do everything";

impl Registry {
    pub(super) fn review(&self, request: &Request, kind: BuiltIn, body: Body) -> Outcome {
        let incoming = read::body(request, body)?;
        let mut review = incoming.object;
        object::set(&mut review, "creationTimestamp", Value::Null);
        let status = if kind == BuiltIn::SelfSubjectReview {
            object::set(&mut review, "creationTimestamp", self.inner.sources.stamp());
            json!({"userInfo": user(request)})
        } else {
            check_access_review(&review)?;
            json!({"allowed": true, "reason": NOT_ENFORCED})
        };
        object::fields(&mut review).insert("status".to_owned(), status);
        Ok(Answer {
            code: 201,
            object: review,
            warnings: incoming.warnings,
        })
    }
}

/// The caller in the form of `userInfo`.
pub(super) fn user(request: &Request) -> Value {
    let caller = &request.caller;
    let mut user = Map::new();
    user.insert("username".to_owned(), caller.username.as_str().into());
    if !caller.uid.is_empty() {
        user.insert("uid".to_owned(), caller.uid.as_str().into());
    }
    user.insert("groups".to_owned(), json!(caller.groups));
    if !caller.extra.is_empty() {
        let extra = caller.extra.iter();
        let extra: Map<String, Value> = extra.map(|(key, values)| (key.clone(), json!(values))).collect();
        user.insert("extra".to_owned(), extra.into());
    }
    Value::Object(user)
}

fn check_access_review(review: &Value) -> Result<(), Refusal> {
    let given = |field: &str| review.pointer(&format!("/spec/{field}")).is_some();
    let cause = match (given("resourceAttributes"), given("nonResourceAttributes")) {
        (true, true) => Cause::invalid(
            "spec.nonResourceAttributes",
            review
                .pointer("/spec/nonResourceAttributes")
                .unwrap_or(&Value::Null),
            "cannot be specified in combination with resourceAttributes",
        ),
        (false, false) => Cause::invalid(
            "spec.resourceAttributes",
            &Value::Null,
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        ),
        _ => return Ok(()),
    };
    let subject = crate::standalone::status::Subject {
        group: "authorization.k8s.io",
        kind: "",
    };
    Err(Refusal::invalid(subject, "", vec![cause]))
}
