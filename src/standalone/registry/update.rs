//! Changing objects: replaces, patches and their subresources end here.

use serde_json::Value;

use super::{
    Answer, Body, Outcome, Registry, Request, Resource, Subresource, Version,
    admission::Operation,
    create,
    kept::{self, Kept, Missed},
    metadata,
    names::NameRule,
    object,
    read::{self, Incoming},
    rules::{self, Change},
    scale,
};
use crate::standalone::status::{Cause, OPTIMISTIC_LOCK, Refusal};

/// How often a change is made anew because somebody else was faster. The API server tries without end; a bound keeps a
/// fault in here from becoming a loop.
const TRIES: usize = 100;

/// Makes the object as it shall be from the object as it is: none where there is none yet.
pub(super) trait Wish: Send + Sync {
    /// The wished-for object in the version of the request.
    fn wished(&self, kept: Option<&Value>) -> Result<Incoming, Refusal>;

    /// Whether a uid in the wish is a condition; in a patch it is a change, which is refused.
    fn names_the_object(&self) -> bool {
        false
    }

    /// Whether what is absent may be made.
    fn makes_absent(&self) -> bool {
        false
    }
}

struct Replace {
    object: Value,
    warnings: Vec<String>,
    makes_absent: bool,
}

impl Wish for Replace {
    fn wished(&self, _kept: Option<&Value>) -> Result<Incoming, Refusal> {
        Ok(Incoming {
            object: self.object.clone(),
            warnings: self.warnings.clone(),
        })
    }

    fn names_the_object(&self) -> bool {
        true
    }

    fn makes_absent(&self) -> bool {
        self.makes_absent
    }
}

impl Registry {
    pub(super) async fn replace_object(&self, request: &Request, body: Body) -> Outcome {
        let incoming = read::body(request, body)?;
        let (mut object, mut warnings) = (incoming.object, incoming.warnings);
        if let Err(refusal) = fit(request, &mut object) {
            return Err(refusal.with_warnings(warnings));
        }
        warnings.extend(create::doubled_owner_warning(&mut object));
        let makes_absent = request.subresource.is_none()
            && request
                .resource
                .built_in()
                .is_some_and(rules::is_created_by_update);
        let wish = Replace {
            object,
            warnings,
            makes_absent,
        };
        self.change(request, &wish).await
    }

    /// Makes the change, anew whenever somebody else was faster.
    pub(super) async fn change(&self, request: &Request, wish: &dyn Wish) -> Outcome {
        for _ in 0..TRIES {
            match self.try_change(request, wish).await? {
                Some(answer) => return Ok(answer),
                None => tokio::task::yield_now().await,
            }
        }
        let subject = request.resource.subject();
        Err(Refusal::conflict(subject, &request.name, OPTIMISTIC_LOCK))
    }

    async fn try_change(&self, request: &Request, wish: &dyn Wish) -> Result<Option<Answer>, Refusal> {
        let resource = &*request.resource;
        let version = read::served(request)?;
        let Some(stands) = self.look(resource, &request.namespace, &request.name)? else {
            return self.make_absent(request, version, wish).await;
        };
        let shown = kept::presented(resource, version, stands.object.clone());
        let Incoming { object, mut warnings } = wish.wished(Some(&shown))?;
        if wish.names_the_object()
            && let Err(refusal) = expect_uid(request, &object, &stands)
        {
            return Err(refusal.with_warnings(warnings));
        }
        match self.try_wish(request, version, object, (shown, &stands)).await {
            Ok(None) => Ok(None),
            Ok(Some(mut answer)) => {
                warnings.append(&mut answer.warnings);
                Ok(Some(Answer { warnings, ..answer }))
            }
            Err(refusal) => Err(refusal.with_warnings(warnings)),
        }
    }

    /// Brings what is wished for into the place of what stands, and is shown as `shown` in the version of the request.
    async fn try_wish(
        &self,
        request: &Request,
        version: &Version,
        mut new: Value,
        (shown, stands): (Value, &Kept),
    ) -> Result<Option<Answer>, Refusal> {
        let resource = &*request.resource;
        expect_same(request, &mut new, stands)?;
        let old = kept::for_rules(resource, shown);
        let mut new = kept::for_rules(resource, new);
        let mut warnings = settle(request, version, &mut new, &old)?;
        warnings.extend(self.admit(request, Operation::Update, Some(&new), Some(&old))?);
        match self.keep(request, new, &old, stands.revision).await {
            Ok(kept) => Ok(Some(Answer {
                code: 200,
                object: kept::presented(resource, version, kept),
                warnings,
            })),
            Err(Missed::Moved) => Ok(None),
            Err(Missed::Refused(refusal)) => Err(refusal),
        }
    }

    /// A replace of what is absent makes it, where the kind allows that.
    async fn make_absent(
        &self,
        request: &Request,
        version: &Version,
        wish: &dyn Wish,
    ) -> Result<Option<Answer>, Refusal> {
        let resource = &*request.resource;
        if !wish.makes_absent() {
            return Err(Refusal::not_found(resource.subject(), &request.name));
        }
        let Incoming {
            mut object,
            mut warnings,
        } = wish.wished(None)?;
        let uid = object::uid(&object).to_owned();
        if !uid.is_empty() {
            let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: ");
            return Err(invalid_object(request, &why));
        }
        if !object::resource_version(&object).is_empty() {
            return Err(Refusal::not_found(resource.subject(), &request.name));
        }
        metadata::without_system_fields(&mut object);
        let (object, more) = self.made(request, version, object)?;
        warnings.extend(more);
        self.keep_new(request, version, object, warnings).await.map(Some)
    }

    /// Writes the change, or removes the object when its last finalizer went; nothing where nothing changed.
    async fn keep(
        &self,
        request: &Request,
        mut new: Value,
        old: &Value,
        revision: u64,
    ) -> Result<Value, Missed> {
        let resource = &*request.resource;
        let goes = goes_now(&new, old);
        if request.options.dry_run {
            return Ok(new);
        }
        if goes {
            // Watchers see it as it stood, and not as the change would have made it.
            let mut last = old.clone();
            self.remove(resource, &mut last, revision).await?;
            object::copy(&mut new, &last, "resourceVersion");
        } else if !object::same(&new, old) {
            self.put(resource, &mut new, Some(revision)).await?;
        } else {
            return Ok(new);
        }
        self.written(resource);
        Ok(new)
    }
}

/// Puts back what may not be written here, and checks the rest; sentences for the client.
fn settle(
    request: &Request,
    version: &Version,
    new: &mut Value,
    old: &Value,
) -> Result<Vec<String>, Refusal> {
    let resource = &*request.resource;
    create::fit_namespace(request, new)?;
    object::copy(new, old, "generation");
    let mut change = Change {
        new,
        old,
        subresource: request.subresource,
    };
    prepare(resource, version, &mut change);
    keep_system_fields(change.new, old);
    let (findings, kept) = findings(resource, version, &change);
    if findings.is_empty() {
        let mut warnings = warnings(resource, &change);
        warnings.extend(kept);
        return Ok(warnings);
    }
    let refusal = Refusal::invalid(resource.kind_subject(), object::name(new), findings);
    Err(refusal.with_warnings(kept))
}

/// Whether the change lets the object go: it is being deleted and nobody holds it any more.
pub(super) fn goes_now(new: &Value, old: &Value) -> bool {
    let holds_content = object::text(new, "/kind") == "Namespace"
        && object::text(new, "/apiVersion") == "v1"
        && !object::list(new, "/spec/finalizers").is_empty();
    object::is_being_deleted(old) && object::finalizers(new).is_empty() && !holds_content
}

/// Fits the body of a replace to the path.
fn fit(request: &Request, object: &mut Value) -> Result<(), Refusal> {
    create::fit_namespace(request, object)?;
    let name = object::name(object);
    if name.is_empty() {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({} based on URL) was undeterminable: name must be provided",
            request.name
        )));
    }
    if name != request.name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            request.name
        )));
    }
    Ok(())
}

/// Refuses a replacement that is meant for another object of this name.
fn expect_uid(request: &Request, new: &Value, stands: &Kept) -> Result<(), Refusal> {
    let (uid, wanted) = (object::uid(&stands.object), object::uid(new));
    if wanted.is_empty() || wanted == uid {
        return Ok(());
    }
    let why = format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}");
    Err(invalid_object(request, &why))
}

/// Refuses a change of another object, or of another version of it, than the one that stands.
fn expect_same(request: &Request, new: &mut Value, stands: &Kept) -> Result<(), Refusal> {
    let resource = &*request.resource;
    fit(request, new)?;
    let version = object::resource_version(new).to_owned();
    if version.is_empty() || version == "0" {
        let unconditional = resource.built_in().is_some_and(rules::is_updated_unconditionally);
        if !unconditional {
            let detail = "must be specified for an update";
            let cause = Cause::invalid("metadata.resourceVersion", &0.into(), detail);
            return Err(Refusal::invalid(resource.subject(), &request.name, vec![cause]));
        }
        object::set(new, "resourceVersion", stands.revision.to_string());
        return Ok(());
    }
    let Ok(version) = version.parse::<u64>() else {
        return Err(Refusal::bad_request(format!(
            "invalid resource version {version:?}: strconv.ParseUint: parsing {version:?}: invalid syntax"
        )));
    };
    if version == stands.revision {
        return Ok(());
    }
    Err(Refusal::conflict(
        resource.subject(),
        &request.name,
        OPTIMISTIC_LOCK,
    ))
}

/// The words of the store of the API server, where a precondition fails there.
pub(super) fn invalid_object(request: &Request, why: &str) -> Refusal {
    let resource = &*request.resource;
    let folder = match (resource.origin, resource.group.as_str()) {
        (super::Origin::Custom, group) => format!("{group}/{}", resource.plural),
        (_, "apiextensions.k8s.io") => format!("apiextensions.k8s.io/{}", resource.plural),
        _ => resource.plural.clone(),
    };
    let place = match request.namespace.as_str() {
        "" => request.name.clone(),
        namespace => format!("{namespace}/{}", request.name),
    };
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{folder}/{place}, ResourceVersion: 0, AdditionalErrorMsg: {why}"
    );
    Refusal::conflict(resource.subject(), &request.name, &why)
}

fn prepare(resource: &Resource, version: &Version, change: &mut Change<'_>) {
    match resource.built_in() {
        Some(kind) => rules::prepare_update(kind, change),
        None => prepare_custom(version, change),
    }
}

fn prepare_custom(version: &Version, change: &mut Change<'_>) {
    if change.subresource == Some(Subresource::Status) {
        let status = change.new.get("status").cloned();
        let version = object::resource_version(change.new).to_owned();
        *change.new = change.old.clone();
        object::set(change.new, "resourceVersion", version);
        match status {
            Some(status) => object::fields(change.new).insert("status".to_owned(), status),
            None => object::fields(change.new).shift_remove("status"),
        };
        return;
    }
    if version.subresources.contains(&Subresource::Status) {
        object::copy_field(change.new, change.old, "status");
    }
    if without_metadata(change.new) != without_metadata(change.old) {
        let generation = object::generation(change.old) + 1;
        object::set(change.new, "generation", generation);
    }
}

fn without_metadata(object: &Value) -> Vec<(&String, &Value)> {
    let fields = object.as_object().into_iter().flatten();
    let mut fields: Vec<_> = fields.filter(|(key, _)| *key != "metadata").collect();
    fields.sort_by_key(|(key, _)| *key);
    fields
}

/// What no client changes.
fn keep_system_fields(new: &mut Value, old: &Value) {
    if object::uid(new).is_empty() {
        object::copy(new, old, "uid");
    }
    object::copy(new, old, "creationTimestamp");
    if object::is_being_deleted(old) {
        object::copy(new, old, "deletionTimestamp");
    }
    if new.pointer("/metadata/deletionGracePeriodSeconds").is_none() {
        object::copy(new, old, "deletionGracePeriodSeconds");
    }
}

/// What is held against the change, and what is told of that which was wrong before and may stay.
fn findings(resource: &Resource, version: &Version, change: &Change<'_>) -> (Vec<Cause>, Vec<String>) {
    let (new, old) = (&*change.new, change.old);
    let mut findings = metadata::findings(new, resource.namespaced, NameRule::PathSegment);
    findings.extend(metadata::update_findings(new, old));
    if let Some(kind) = resource.built_in() {
        findings.extend(rules::update_findings(kind, &resource.group, change));
        return (findings, Vec::new());
    }
    findings.extend(metadata::update_findings(new, old));
    let status_only = change.subresource == Some(Subresource::Status);
    let mut kept = Vec::new();
    if let Some(structural) = &version.structural {
        let verdict = if status_only {
            structural.judge_status(new, old)
        } else {
            findings.extend(create::embedded_findings(structural, new));
            structural.judge(new, Some(old))
        };
        findings.extend(verdict.errors.iter().map(Cause::from));
        kept = verdict.warnings;
    }
    findings.extend(scale::findings(version, new));
    (findings, kept)
}

fn warnings(resource: &Resource, change: &Change<'_>) -> Vec<String> {
    match (resource.built_in(), change.subresource) {
        (Some(kind), None) => {
            let before = rules::warnings(kind, change.old);
            let mut now = rules::warnings(kind, change.new);
            now.retain(|warning| !before.contains(warning));
            now
        }
        (None, None) => metadata::finalizer_warnings(change.new, Some(change.old)),
        (_, Some(_)) => Vec::new(),
    }
}
