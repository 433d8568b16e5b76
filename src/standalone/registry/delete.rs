//! Removing objects: at once, or once their finalizers are gone.

use serde_json::Value;

use super::{
    Answer, BuiltIn, DeleteOptions, ListAnswer, ListOptions, Outcome, Propagation, Registry, Request,
    Resource, Version,
    admission::Operation,
    kept::{self, Kept, Missed},
    object, read,
    rules::definition,
};
use crate::standalone::status::{self, Details, OPTIMISTIC_LOCK, Refusal};

/// Namespaces that always stand.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

const TRIES: usize = 100;

/// What a deletion did.
enum Done {
    /// The object is gone.
    Gone(Value),
    /// It stands, marked, until its finalizers are gone.
    Marked(Value),
    /// It stood marked already, and nothing was written.
    Waiting(Value),
}

impl Registry {
    pub(super) async fn delete_object(&self, request: &Request, options: &DeleteOptions) -> Outcome {
        self.delete_asked(request, request, options).await
    }

    /// Deletes one object; policies judge what was `asked`, which may be more than this one.
    async fn delete_asked(&self, request: &Request, asked: &Request, options: &DeleteOptions) -> Outcome {
        let resource = &*request.resource;
        let version = read::served(request)?;
        if resource.built_in() == Some(BuiltIn::Namespace) && IMMORTAL.contains(&request.name.as_str()) {
            let why = "this namespace may not be deleted";
            return Err(Refusal::forbidden(resource.subject(), &request.name, why));
        }
        for _ in 0..TRIES {
            let Some(stands) = self.look(resource, &request.namespace, &request.name)? else {
                return Err(Refusal::not_found(resource.subject(), &request.name));
            };
            check_preconditions(request, options, &stands)?;
            let old = kept::for_rules(
                resource,
                kept::presented(resource, version, stands.object.clone()),
            );
            let warnings = self.admit(asked, Operation::Delete, None, Some(&old))?;
            match self.step(resource, options, stands).await {
                Ok(done) => return Ok(answer(request, version, options, done, warnings)),
                Err(Missed::Moved) => tokio::task::yield_now().await,
                Err(Missed::Refused(refusal)) => return Err(refusal),
            }
        }
        Err(Refusal::conflict(
            resource.subject(),
            &request.name,
            OPTIMISTIC_LOCK,
        ))
    }

    async fn step(&self, resource: &Resource, options: &DeleteOptions, stands: Kept) -> Result<Done, Missed> {
        let Kept {
            object: mut new,
            revision,
        } = stands;
        let before = new.clone();
        let is_definition = resource.built_in() == Some(BuiltIn::CustomResourceDefinition);
        if is_definition && !object::is_being_deleted(&new) {
            definition::mark(&mut new, &self.inner.sources.stamp());
            return self.keep_marked(resource, options, new, revision).await;
        }
        mark_finalizers(resource, options, &mut new);
        let is_namespace = resource.built_in() == Some(BuiltIn::Namespace);
        let holds_content = is_namespace && !object::list(&new, "/spec/finalizers").is_empty();
        if object::finalizers(&new).is_empty() && !holds_content {
            if !options.dry_run {
                self.remove(resource, &mut new, revision).await?;
                self.written(resource);
            }
            return Ok(Done::Gone(new));
        }
        self.mark(&mut new);
        if is_namespace && let Some(status) = object::fields(&mut new).get_mut("status") {
            object::fields(status).insert("phase".to_owned(), "Terminating".into());
        }
        if object::same(&new, &before) {
            return Ok(Done::Waiting(new));
        }
        self.keep_marked(resource, options, new, revision).await
    }

    async fn keep_marked(
        &self,
        resource: &Resource,
        options: &DeleteOptions,
        mut new: Value,
        revision: u64,
    ) -> Result<Done, Missed> {
        if !options.dry_run {
            self.put(resource, &mut new, Some(revision)).await?;
            self.written(resource);
        }
        Ok(Done::Marked(new))
    }

    /// Marks an object as being deleted; a marked one keeps its time.
    fn mark(&self, object: &mut Value) {
        if !object::is_being_deleted(object) {
            let generation = object::generation(object);
            if generation > 0 {
                object::set(object, "generation", generation + 1);
            }
            object::set(object, "deletionTimestamp", self.inner.sources.stamp());
        }
        if object::text(object, "/kind") != "Namespace" {
            object::set(object, "deletionGracePeriodSeconds", 0);
        }
    }

    pub(super) async fn delete_selected(
        &self,
        request: &Request,
        list: &ListOptions,
        options: &DeleteOptions,
    ) -> Result<ListAnswer, Refusal> {
        let mut listed = self.list_objects(request, list)?;
        if listed.continue_token.is_empty() {
            listed.remaining = None;
        }
        for item in &listed.items {
            let one = Request {
                namespace: object::namespace(item).to_owned(),
                name: object::name(item).to_owned(),
                ..request.clone()
            };
            match self.delete_asked(&one, request, options).await {
                Ok(answer) => listed.warnings.extend(answer.warnings),
                Err(refusal) if refusal.reason() == "NotFound" => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(listed)
    }
}

fn check_preconditions(request: &Request, options: &DeleteOptions, stands: &Kept) -> Result<(), Refusal> {
    let resource = &*request.resource;
    let uid = object::uid(&stands.object);
    let revision = stands.revision.to_string();
    let namespaces = resource.built_in() == Some(BuiltIn::Namespace);
    let refused = |what: &str, wanted: &str, is: &str, advice: &str| {
        if namespaces {
            let why =
                format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {is}");
            return Err(Refusal::conflict(resource.subject(), &request.name, &why));
        }
        let why = format!(
            "the {what} in the precondition ({wanted}) does not match the {what} in record ({is}). The object might have been \
             {advice}"
        );
        Err(Refusal::conflict(resource.kind_subject(), &request.name, &why))
    };
    if let Some(wanted) = options.uid.as_deref().filter(|wanted| *wanted != uid) {
        return refused("UID", wanted, uid, "deleted and then recreated");
    }
    match options.resource_version.as_deref() {
        Some(wanted) if wanted != revision => refused("ResourceVersion", wanted, &revision, "modified"),
        _ => Ok(()),
    }
}

/// Sets the finalizer for which the garbage collector waits, as the options ask.
fn mark_finalizers(resource: &Resource, options: &DeleteOptions, object: &mut Value) {
    if resource.built_in() == Some(BuiltIn::Event) {
        return;
    }
    let wanted = match (options.orphan_dependents, options.propagation) {
        (Some(true), _) | (None, Some(Propagation::Orphan)) => Some(object::ORPHAN),
        (None, Some(Propagation::Foreground)) => Some(object::FOREGROUND),
        (Some(false), _) | (None, Some(Propagation::Background)) => None,
        (None, None) => {
            let asked = [object::ORPHAN, object::FOREGROUND];
            let mut finalizers = object::finalizers(object).into_iter();
            let found = finalizers.find(|finalizer| asked.contains(finalizer));
            asked.into_iter().find(|name| Some(*name) == found)
        }
    };
    let mut kept: Vec<Value> = object::finalizers(object)
        .into_iter()
        .filter(|finalizer| ![object::ORPHAN, object::FOREGROUND].contains(finalizer))
        .map(Value::from)
        .collect();
    kept.extend(wanted.map(Value::from));
    object::set(object, "finalizers", kept);
}

fn answer(
    request: &Request,
    version: &Version,
    options: &DeleteOptions,
    done: Done,
    warnings: Vec<String>,
) -> Answer {
    let resource = &*request.resource;
    let asks_to_wait = options.orphan_dependents == Some(false);
    // Kinds that answer with the object itself.
    let whole = matches!(
        resource.built_in(),
        Some(BuiltIn::Namespace | BuiltIn::ServiceAccount)
    );
    let (code, object) = match done {
        Done::Gone(object) if !whole => (200, success(resource, &object)),
        Done::Gone(object) => (200, kept::presented(resource, version, object)),
        Done::Marked(object) | Done::Waiting(object) => {
            let code = if asks_to_wait { 202 } else { 200 };
            (code, kept::presented(resource, version, object))
        }
    };
    Answer {
        code,
        object,
        warnings,
    }
}

fn success(resource: &Resource, object: &Value) -> Value {
    status::success(&Details {
        name: object::name(object).to_owned(),
        group: resource.group.clone(),
        kind: resource.plural.clone(),
        uid: object::uid(object).to_owned(),
        ..Details::default()
    })
}
