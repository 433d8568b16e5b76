//! Patches: read once, applied to the object as it is at each try.

use serde_json::{Map, Value, json};

use super::{
    FieldValidation, Outcome, PatchBody, PatchKind, Registry, Request, Resource, Subresource, create, object,
    read::{self, Incoming, Manner, Unreadable},
    typed::Reader,
    update::Wish,
};
use crate::standalone::{
    body::{Format, decode},
    patch::{PatchError, json as json_patch, merge, strategic, strategic::MergedLists},
    schema::go_text,
    status::{Cause, Refusal, Subject},
};

const CUSTOM_TYPES: [&str; 3] = [
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
];

const NO_APPLY: &str = "server-side apply is not served here: this control plane keeps no managedFields; use kubectl apply \
                        without --server-side, or a merge patch";

/// A patch that was read.
pub(super) struct Patch<'a> {
    request: &'a Request,
    kind: PatchKind,
    change: Value,
    complaints: Vec<String>,
}

impl Registry {
    pub(super) async fn patch_object(&self, request: &Request, patch: PatchBody) -> Outcome {
        let custom = request.resource.built_in().is_none() || request.subresource == Some(Subresource::Scale);
        match patch.kind {
            PatchKind::Apply => return Err(Refusal::unsupported(NO_APPLY)),
            PatchKind::StrategicMerge if custom => {
                return Err(Refusal::unsupported_media_type(&CUSTOM_TYPES));
            }
            _ => {}
        }
        let patch = Patch::of(request, &patch)?;
        match request.subresource {
            Some(Subresource::Scale) => self.change_scale(request, &patch).await,
            _ => self.change(request, &patch).await,
        }
    }
}

impl<'a> Patch<'a> {
    fn of(request: &'a Request, body: &PatchBody) -> Result<Self, Refusal> {
        let strict = request.options.field_validation != FieldValidation::Ignore;
        let read = decode(Format::Json, &body.bytes).map_err(|error| match (body.kind, strict) {
            (PatchKind::StrategicMerge, _) => Refusal::bad_request(error.to_string()),
            (_, true) => Refusal::bad_request(format!("error decoding patch: {error}")),
            (_, false) => Refusal::bad_request("Invalid JSON Patch"),
        })?;
        let complaints = match body.kind {
            PatchKind::Json if strict => json_patch::unknown_fields(&read.value),
            PatchKind::Merge | PatchKind::StrategicMerge if strict => read.duplicates,
            _ => Vec::new(),
        };
        Ok(Self {
            request,
            kind: body.kind,
            change: read.value,
            complaints,
        })
    }

    /// What strict field validation holds against the patch itself.
    pub(super) fn complaints(&self) -> &[String] {
        &self.complaints
    }

    /// The patch as a refusal shows it: what it made of the object, or, of one that is merged by the kind, itself.
    fn shown(&self, patched: &Value) -> String {
        match self.kind {
            PatchKind::StrategicMerge => go_text::plain(&self.change),
            _ => patched.to_string(),
        }
    }

    /// The patched object, not read yet.
    pub(super) fn applied(&self, shown: &Value) -> Result<Value, Refusal> {
        let fields = shown.as_object().cloned().unwrap_or_default();
        let patched = match self.kind {
            PatchKind::Json => json_patch::apply(fields, &self.change),
            PatchKind::Merge | PatchKind::Apply => {
                let mut fields = fields;
                merge::apply(&mut fields, self.change.clone()).map(|()| fields)
            }
            PatchKind::StrategicMerge => self.merged(fields),
        };
        patched.map(Value::Object).map_err(|error| refusal(&error))
    }

    fn merged(&self, fields: Map<String, Value>) -> Result<Map<String, Value>, PatchError> {
        let resource = &*self.request.resource;
        let lists = MergedLists::of(&resource.group, &resource.kind);
        strategic::apply(fields, self.change.clone(), &lists)
    }
}

impl Wish for Patch<'_> {
    fn wished(&self, kept: Option<&Value>) -> Result<Incoming, Refusal> {
        let request = self.request;
        let resource = &*request.resource;
        let shown = kept.ok_or_else(|| Refusal::not_found(resource.subject(), &request.name))?;
        let mut patched = self.applied(shown)?;
        if self.kind == PatchKind::StrategicMerge {
            // It is read into the type that stands, whatever it says of its own.
            keep_type(&mut patched, shown);
        }
        refuse_other_type(resource, shown, &patched)?;
        let text = self.shown(&patched);
        let version = read::served(request)?;
        let complaints = self.complaints.clone();
        let manner = Manner {
            reader: match self.kind {
                PatchKind::StrategicMerge => Reader::Converter,
                _ => Reader::Json,
            },
            validation: request.options.field_validation,
        };
        let read = read::accept(resource, version, patched, complaints, manner);
        let mut incoming = read.map_err(|error| malformed(&text, &error))?;
        incoming
            .warnings
            .extend(create::doubled_owner_warning(&mut incoming.object));
        Ok(incoming)
    }
}

fn keep_type(patched: &mut Value, shown: &Value) {
    for field in ["kind", "apiVersion"] {
        if let Some(value) = shown.get(field) {
            object::fields(patched).insert(field.to_owned(), value.clone());
        }
    }
}

/// A patch changes what an object says, not what it is.
fn refuse_other_type(resource: &Resource, shown: &Value, patched: &Value) -> Result<(), Refusal> {
    for (field, word) in [("kind", "Kind"), ("apiVersion", "apiVersion")] {
        let (is, shall) = (shown.get(field), patched.get(field));
        if shall.is_none() {
            let text = patched.to_string();
            let why = format!("Object '{word}' is missing in '{text}'");
            return Err(malformed(&text, &Unreadable::Malformed(why)));
        }
        if is != shall {
            let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
            let detail = format!("must be {}", text(is));
            let cause = Cause::invalid(field, &json!(text(shall)), &detail);
            let name = patched
                .pointer("/metadata/name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let shall = text(patched.get("kind"));
            let subject = Subject {
                group: &resource.group,
                kind: &shall,
            };
            return Err(Refusal::invalid(subject, name, vec![cause]));
        }
    }
    Ok(())
}

fn malformed(patched: &str, error: &Unreadable) -> Refusal {
    unreadable(patched, &error.message())
}

/// What a patch made cannot be read as what it should be.
pub(super) fn unreadable(patched: &str, why: &str) -> Refusal {
    let subject = Subject { group: "", kind: "" };
    let cause = Cause::invalid("patch", &json!(patched), why);
    Refusal::invalid(subject, "", vec![cause])
}

fn refusal(error: &PatchError) -> Refusal {
    let refusal = Refusal::of(error.code(), error.reason(), error.to_string());
    match error.code() {
        // The API server says that there are details and has none.
        422 => refusal.with_causes(Vec::new()),
        _ => refusal,
    }
}
