//! Making objects.

use serde_json::Value;

use super::{
    Answer, Body, BuiltIn, Outcome, Registry, Request, Resource, Subresource, Version,
    admission::Operation,
    kept::{self, Missed},
    metadata,
    names::NameRule,
    object, read, rules, scale,
};
use crate::standalone::{
    schema::Structural,
    status::{Cause, Refusal, Subject},
};

/// How many names are drawn before a `generateName` is given up; from the API server.
const NAMES_DRAWN: usize = 8;

impl Registry {
    pub(super) async fn create_object(&self, request: &Request, body: Body) -> Outcome {
        let resource = &*request.resource;
        let version = read::served(request)?;
        let incoming = read::body(request, body)?;
        let mut warnings = incoming.warnings;
        let mut object = incoming.object;
        metadata::without_system_fields(&mut object);
        if let Err(refusal) = fit_namespace(request, &mut object) {
            return Err(refusal.with_warnings(warnings));
        }
        warnings.extend(doubled_owner_warning(&mut object));
        let made = match self.refuse_while_terminating(resource) {
            Ok(()) => self.create_named(request, version, object).await,
            Err(refusal) => Err(refusal),
        };
        match made {
            Ok(mut answer) => {
                warnings.append(&mut answer.warnings);
                Ok(Answer { warnings, ..answer })
            }
            Err(refusal) => Err(refusal.with_warnings(warnings)),
        }
    }

    async fn create_named(&self, request: &Request, version: &Version, object: Value) -> Outcome {
        let prefix = object::text(&object, "/metadata/generateName").to_owned();
        if prefix.is_empty() || !object::name(&object).is_empty() {
            return self.create_once(request, version, object).await;
        }
        let mut outcome = Err(Refusal::internal("no name was drawn"));
        for _ in 0..NAMES_DRAWN {
            let mut named = object.clone();
            object::set(
                &mut named,
                "name",
                generated(&prefix, &self.inner.sources.suffix()),
            );
            outcome = self.create_once(request, version, named).await;
            let taken = matches!(&outcome, Err(refusal) if refusal.reason() == "AlreadyExists");
            if !taken {
                return outcome;
            }
        }
        outcome
    }

    async fn create_once(&self, request: &Request, version: &Version, object: Value) -> Outcome {
        let (object, warnings) = self.made(request, version, object)?;
        self.keep_new(request, version, object, warnings).await
    }

    /// Everything up to the write: prepared, checked, admitted.
    pub(super) fn made(
        &self,
        request: &Request,
        version: &Version,
        mut object: Value,
    ) -> Result<(Value, Vec<String>), Refusal> {
        let resource = &*request.resource;
        self.require_namespace(request, object::name(&object))?;
        object::set(&mut object, "creationTimestamp", self.inner.sources.stamp());
        object::set(&mut object, "uid", self.inner.sources.uid());
        let mut object = kept::for_rules(resource, object);
        let mut warnings = prepare(resource, version, &mut object);
        let findings = findings(resource, version, &object);
        if !findings.is_empty() {
            let subject = Subject {
                kind: object::text(&object, "/kind"),
                ..resource.kind_subject()
            };
            return Err(Refusal::invalid(subject, object::name(&object), findings));
        }
        warnings.extend(self.admit(request, Operation::Create, Some(&object), None)?);
        if !object::resource_version(&object).is_empty() {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Refusal::of(500, "", message));
        }
        Ok((object, warnings))
    }

    pub(super) async fn keep_new(
        &self,
        request: &Request,
        version: &Version,
        mut object: Value,
        warnings: Vec<String>,
    ) -> Outcome {
        let resource = &*request.resource;
        if request.options.dry_run {
            if let Some(stands) = self.look(resource, object::namespace(&object), object::name(&object))? {
                return Err(taken(resource, &object, Some(&stands.object)));
            }
        } else {
            match self.put(resource, &mut object, None).await {
                Ok(()) => self.written(resource),
                Err(Missed::Refused(refusal)) => return Err(refusal),
                Err(Missed::Moved) => {
                    let stands = self.look(resource, object::namespace(&object), object::name(&object))?;
                    return Err(taken(resource, &object, stands.as_ref().map(|kept| &kept.object)));
                }
            }
        }
        Ok(Answer {
            code: 201,
            object: kept::presented(resource, version, object),
            warnings,
        })
    }
}

/// Names have at most 63 letters, so that they can be labels.
fn generated(prefix: &str, suffix: &str) -> String {
    let room = 63 - suffix.len();
    let end = (0..=room.min(prefix.len()))
        .rev()
        .find(|end| prefix.is_char_boundary(*end));
    let start = prefix.get(..end.unwrap_or_default()).unwrap_or_default();
    format!("{start}{suffix}")
}

fn taken(resource: &Resource, object: &Value, stands: Option<&Value>) -> Refusal {
    let name = object::name(object);
    let generated = !object::text(object, "/metadata/generateName").is_empty();
    let refusal = if generated {
        Refusal::no_name_was_free(resource.subject(), name)
    } else {
        Refusal::already_exists(resource.subject(), name)
    };
    match stands {
        Some(stands) if object::is_being_deleted(stands) => refusal.preceded_by("object is being deleted: "),
        _ => refusal,
    }
}

/// Brings a new object into its first form; sentences for the client.
fn prepare(resource: &Resource, version: &Version, object: &mut Value) -> Vec<String> {
    if let Some(kind) = resource.built_in() {
        rules::prepare_create(kind, object);
        return rules::warnings(kind, object);
    }
    if version.subresources.contains(&Subresource::Status) {
        object::fields(object).shift_remove("status");
    }
    object::set(object, "generation", 1);
    metadata::finalizer_warnings(object, None)
}

fn findings(resource: &Resource, version: &Version, object: &Value) -> Vec<Cause> {
    let findings = match resource.built_in() {
        Some(kind) => rules::findings(kind, &resource.group, object),
        None => custom_findings(resource, version, object),
    };
    if !findings.is_empty() {
        return findings;
    }
    metadata::findings(object, resource.namespaced, NameRule::PathSegment)
}

fn custom_findings(resource: &Resource, version: &Version, object: &Value) -> Vec<Cause> {
    let mut findings = other_kind(resource, object);
    findings.extend(metadata::findings(
        object,
        resource.namespaced,
        NameRule::Subdomain,
    ));
    if let Some(structural) = &version.structural {
        let objections = structural.validate(object, None);
        findings.extend(objections.iter().map(Cause::from));
        findings.extend(embedded_findings(structural, object));
    }
    findings.extend(scale::findings(version, object));
    findings
}

/// What is wrong with the metadata of the resources inside of an object.
pub(super) fn embedded_findings(structural: &Structural, object: &Value) -> Vec<Cause> {
    let resources = structural.embedded_resources(object).into_iter();
    resources
        .flat_map(|(path, resource)| metadata::embedded_findings(&path, resource))
        .collect()
}

/// A custom object says in its body what it is, and must be what the path says.
fn other_kind(resource: &Resource, object: &Value) -> Vec<Cause> {
    let kind = object::text(object, "/kind");
    let detail = format!("must be {}", resource.kind);
    let differs = (kind != resource.kind).then(|| Cause::invalid("kind", &kind.into(), &detail));
    differs.into_iter().collect()
}

/// Puts the object into the namespace of the request.
pub(super) fn fit_namespace(request: &Request, object: &mut Value) -> Result<(), Refusal> {
    let wanted = if request.resource.namespaced {
        request.namespace.as_str()
    } else {
        ""
    };
    let named = object::namespace(object);
    if named.is_empty() || wanted.is_empty() || named == wanted {
        object::set(object, "namespace", wanted);
        return Ok(());
    }
    Err(Refusal::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request",
    ))
}

/// Drops owners that stand twice, and says so.
pub(super) fn doubled_owner_warning(object: &mut Value) -> Option<String> {
    let doubled = metadata::without_doubled_owners(object);
    (!doubled.is_empty()).then(|| {
        format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject \
             such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: {}",
            doubled.join(", ")
        )
    })
}

impl Registry {
    /// Objects are made in namespaces that stand and are not going.
    fn require_namespace(&self, request: &Request, name: &str) -> Result<(), Refusal> {
        if !request.resource.namespaced {
            return Ok(());
        }
        let namespace = self.namespace(&request.namespace)?;
        if object::text(&namespace, "/status/phase") != "Terminating" {
            return Ok(());
        }
        let why = format!(
            "unable to create new content in namespace {} because it is being terminated",
            request.namespace
        );
        let cause = Cause {
            reason: "NamespaceTerminating",
            message: format!("namespace {} is being terminated", request.namespace),
            field: "metadata.namespace".to_owned(),
        };
        let refusal = Refusal::forbidden(request.resource.subject(), name, &why);
        Err(refusal.with_causes(vec![cause]))
    }

    /// The namespace of this name.
    pub(super) fn namespace(&self, name: &str) -> Result<Value, Refusal> {
        let catalog = self.catalog();
        let namespaces = catalog
            .built_in(BuiltIn::Namespace)
            .ok_or_else(Refusal::no_such_resource)?;
        match self.look(namespaces, "", name)? {
            Some(kept) => Ok(kept.object),
            None => Err(Refusal::not_found(namespaces.subject(), name)),
        }
    }
}
