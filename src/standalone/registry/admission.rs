//! What policies say of a request before anything is written.

use std::sync::{Arc, PoisonError};

use serde_json::{Value, json};

use super::{BuiltIn, Registry, Request, Resource, Subresource, kept, object, read, reviews};
use crate::standalone::{
    schema::admission::{self, Asked, Binding, Denial, Policy},
    status::{Cause, Refusal},
};

/// What a request does to an object, in the words of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    fn word(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }

    fn options_kind(self) -> &'static str {
        match self {
            Self::Create => "CreateOptions",
            Self::Update => "UpdateOptions",
            Self::Delete => "DeleteOptions",
        }
    }
}

/// The policies and their bindings, read once for all requests, in the order of their names.
#[derive(Debug, Default)]
pub(super) struct Policies {
    policies: Vec<Policy>,
    bindings: Vec<Binding>,
}

impl Registry {
    fn policies(&self) -> Arc<Policies> {
        let policies = self.inner.policies.read();
        Arc::clone(&policies.unwrap_or_else(PoisonError::into_inner))
    }

    /// Brings the policies to what the store says now.
    pub(super) fn learn_policies(&self) {
        let catalog = self.catalog();
        let every = |kind: BuiltIn| {
            let resource = catalog.built_in(kind);
            resource
                .map(|resource| self.every(resource, None))
                .unwrap_or_default()
        };
        let bindings = every(BuiltIn::ValidatingAdmissionPolicyBinding);
        let policies = every(BuiltIn::ValidatingAdmissionPolicy);
        let learnt = Policies {
            policies: policies
                .iter()
                .filter_map(|policy| Policy::read(policy).ok())
                .collect(),
            bindings: bindings.iter().map(Binding::read).collect(),
        };
        *self
            .inner
            .policies
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(learnt);
    }

    /// Asks each bound policy; the sentences of those that only warn.
    ///
    /// # Errors
    ///
    /// The first refusal, with the code that its policy asks for.
    pub(super) fn admit(
        &self,
        request: &Request,
        operation: Operation,
        new: Option<&Value>,
        old: Option<&Value>,
    ) -> Result<Vec<String>, Refusal> {
        let policies = self.policies();
        let resource = &*request.resource;
        if policies.bindings.is_empty() || is_exempt(resource) {
            return Ok(Vec::new());
        }
        let version = read::served(request)?;
        let shown =
            |object: Option<&Value>| object.map(|object| kept::presented(resource, version, object.clone()));
        let (new, old) = (shown(new), shown(old));
        let namespace = if resource.namespaced {
            self.namespace(&request.namespace).ok()
        } else {
            None
        };
        let named = new.as_ref().map(object::name).filter(|name| !name.is_empty());
        let uid = self.inner.sources.uid();
        let asked = Asked {
            operation: operation.word(),
            group: &resource.group,
            version: &request.version,
            resource: &resource.plural,
            subresource: request.subresource.map(Subresource::path).unwrap_or_default(),
            kind: &resource.kind,
            name: named.unwrap_or(&request.name),
            namespace: &request.namespace,
            dry_run: request.options.dry_run,
            uid: &uid,
            user: reviews::user(request),
            options: json!({"kind": operation.options_kind(), "apiVersion": "meta.k8s.io/v1"}),
            object: new.as_ref(),
            old_object: old.as_ref(),
            namespace_object: namespace.as_ref(),
        };
        let decision = admission::decide(&policies.policies, &policies.bindings, &asked);
        match decision.denied {
            Some(denial) => Err(refusal(resource, asked.name, &denial)),
            None => Ok(decision.warnings),
        }
    }
}

/// Policies do not judge policies, nor questions.
fn is_exempt(resource: &Resource) -> bool {
    matches!(
        resource.built_in(),
        Some(
            BuiltIn::ValidatingAdmissionPolicy
                | BuiltIn::ValidatingAdmissionPolicyBinding
                | BuiltIn::SelfSubjectAccessReview
                | BuiltIn::SelfSubjectReview
        )
    )
}

fn refusal(resource: &Resource, name: &str, denial: &Denial) -> Refusal {
    let (code, reason) = match denial.reason.as_str() {
        "Forbidden" => (403, "Forbidden"),
        "Unauthorized" => (401, "Unauthorized"),
        "RequestEntityTooLarge" => (413, "RequestEntityTooLarge"),
        _ => (422, "Invalid"),
    };
    let cause = Cause {
        reason: "",
        message: denial.message.clone(),
        field: String::new(),
    };
    // A whole collection has no name.
    let name = if name.is_empty() { "Unknown" } else { name };
    Refusal::forbidden(resource.subject(), name, &denial.message)
        .with_reason(code, reason)
        .with_causes(vec![cause])
}
