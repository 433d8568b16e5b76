//! The scale of a custom object: how many it wants, how many there are, and which.

use serde_json::{Map, Value, json};

use super::{
    Answer, Body, Outcome, Registry, Request, ScalePaths, Version, object,
    patch::{self, Patch},
    read::{self, Incoming, SCHEME},
    typed::{self, Reader},
    update::Wish,
};
use crate::standalone::{
    schema::go_text,
    status::{Cause, Refusal},
};

const SCHEMA: &str = "io.k8s.api.autoscaling.v1.Scale";

impl Registry {
    pub(super) fn read_scale(&self, request: &Request) -> Outcome {
        let resource = &*request.resource;
        let paths = paths(request)?;
        let Some(kept) = self.look(resource, &request.namespace, &request.name)? else {
            return Err(Refusal::not_found(resource.subject(), &request.name));
        };
        if at(&kept.object, &paths.spec_replicas).is_none() {
            let path = &paths.spec_replicas;
            return Err(Refusal::internal(&format!(
                "the spec replicas field {path:?} does not exist"
            )));
        }
        Ok(Answer {
            code: 200,
            object: scale_of(&kept.object, paths),
            warnings: Vec::new(),
        })
    }

    pub(super) async fn replace_scale(&self, request: &Request, body: Body) -> Outcome {
        let wish = Scaled {
            request,
            scale: |_: &Value| Ok(body.value.clone()),
            complaints: &body.complaints,
            is_patch: false,
        };
        self.scaled(request, &wish).await
    }

    pub(super) async fn change_scale(&self, request: &Request, change: &Patch<'_>) -> Outcome {
        let wish = Scaled {
            request,
            scale: |shown: &Value| change.applied(shown),
            complaints: change.complaints(),
            is_patch: true,
        };
        self.scaled(request, &wish).await
    }

    async fn scaled(&self, request: &Request, wish: &dyn Wish) -> Outcome {
        let paths = paths(request)?;
        let mut answer = self.change(request, wish).await?;
        answer.object = scale_of(&answer.object, paths);
        Ok(answer)
    }
}

/// Writes the wanted number of a Scale into the object that it belongs to.
struct Scaled<'a, F> {
    request: &'a Request,
    scale: F,
    /// Keys that stand twice.
    complaints: &'a [String],
    is_patch: bool,
}

impl<F> Wish for Scaled<'_, F>
where
    F: Fn(&Value) -> Result<Value, Refusal> + Send + Sync,
{
    fn wished(&self, kept: Option<&Value>) -> Result<Incoming, Refusal> {
        let resource = &*self.request.resource;
        let shown = kept.ok_or_else(|| Refusal::not_found(resource.subject(), &self.request.name))?;
        let paths = paths(self.request)?;
        let sent = (self.scale)(&scale_of(shown, paths))?;
        let Incoming {
            object: scale,
            warnings,
        } = self.read(sent)?;
        let mut object = shown.clone();
        let replicas = scale.pointer("/spec/replicas").cloned();
        set(
            &mut object,
            &paths.spec_replicas,
            replicas.unwrap_or_else(|| json!(0)),
        );
        let version = object::resource_version(&scale);
        if !version.is_empty() {
            object::set(&mut object, "resourceVersion", version);
        }
        let uid = object::uid(&scale);
        if !self.is_patch && !uid.is_empty() {
            object::set(&mut object, "uid", uid);
        }
        Ok(Incoming { object, warnings })
    }

    fn names_the_object(&self) -> bool {
        !self.is_patch
    }
}

fn paths(request: &Request) -> Result<&ScalePaths, Refusal> {
    let version = read::served(request)?;
    version.scale.as_ref().ok_or_else(Refusal::no_such_resource)
}

impl<F> Scaled<'_, F> {
    /// Reads a Scale, which has to be that of the path.
    fn read(&self, sent: Value) -> Result<Incoming, Refusal> {
        let text = sent.to_string();
        let incoming = self.understood(sent).map_err(|why| {
            if self.is_patch {
                patch::unreadable(&text, &why)
            } else {
                unreadable_body()
            }
        })?;
        match self.misplaced(&incoming.object) {
            Some(refusal) => Err(refusal.with_warnings(incoming.warnings)),
            None => Ok(incoming),
        }
    }

    fn understood(&self, mut scale: Value) -> Result<Incoming, String> {
        let (kind, version) = (object::text(&scale, "/kind"), object::text(&scale, "/apiVersion"));
        // What a body leaves out is what the path says.
        if !matches!((kind, version), ("Scale" | "", "autoscaling/v1" | "")) {
            return Err(format!(
                "no kind {kind:?} is registered for version {version:?} in scheme \"{SCHEME}\""
            ));
        }
        let reading = typed::read(&mut scale, SCHEMA, Reader::Json)?;
        let unknown = read::sentences(&reading.unknown);
        let complaints = self.complaints.iter().cloned().chain(unknown).collect();
        let warnings = read::told(complaints, self.request.options.field_validation);
        Ok(Incoming {
            object: scale,
            warnings: warnings.map_err(|error| error.message())?,
        })
    }

    /// Refuses the Scale of something else.
    fn misplaced(&self, scale: &Value) -> Option<Refusal> {
        let (name, wanted) = (object::name(scale), self.request.name.as_str());
        let namespace = object::namespace(scale);
        let why = if name.is_empty() {
            format!(
                "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
            )
        } else if name != wanted {
            format!("the name of the object ({name}) does not match the name on the URL ({wanted})")
        } else if !namespace.is_empty() && namespace != self.request.namespace {
            "the namespace of the provided object does not match the namespace sent on the request".to_owned()
        } else {
            return None;
        };
        Some(Refusal::bad_request(why))
    }
}

/// The answer to the body of a Scale that cannot be read, whatever is wrong with it: the API server loses the reason.
pub(in crate::standalone) fn unreadable_body() -> Refusal {
    Refusal::bad_request(format!(
        "no kind is registered for the type v1.Scale in scheme \"{SCHEME}\""
    ))
}

/// What is wrong with those fields of an object from which its scale is made.
pub(super) fn findings(version: &Version, object: &Value) -> Vec<Cause> {
    let Some(paths) = &version.scale else {
        return Vec::new();
    };
    let numbers = [&paths.spec_replicas, &paths.status_replicas]
        .into_iter()
        .filter_map(|path| number_finding(path, object));
    let selector = paths.label_selector.as_deref();
    numbers
        .chain(selector.and_then(|path| selector_finding(path, object)))
        .collect()
}

fn number_finding(path: &str, object: &Value) -> Option<Cause> {
    let number = match followed(object, path) {
        Ok(None) => return None,
        Ok(Some(value)) if value.is_i64() => value,
        Ok(Some(other)) => return Some(inaccessible(path, &json!(0), (other, "int64"))),
        Err(other) => return Some(inaccessible(path, &json!(0), (other, MAP))),
    };
    if number.as_i64()? < 0 {
        return Some(Cause::invalid(path, number, "should be a non-negative integer"));
    }
    let limit = i64::from(i32::MAX);
    let detail = format!("should be less than or equal to {limit}");
    (number.as_i64()? > limit).then(|| Cause::invalid(path, number, &detail))
}

fn selector_finding(path: &str, object: &Value) -> Option<Cause> {
    match followed(object, path) {
        Ok(None | Some(Value::String(_))) => None,
        Ok(Some(other)) => Some(inaccessible(path, &json!(""), (other, "string"))),
        Err(other) => Some(inaccessible(path, &json!(""), (other, MAP))),
    }
}

const MAP: &str = "map[string]interface{}";

/// The value at a path, if there is one; else the value on the way that has no fields.
fn followed<'a>(object: &'a Value, path: &str) -> Result<Option<&'a Value>, &'a Value> {
    let mut value = object;
    for segment in segments(path) {
        match value {
            Value::Null => return Ok(None),
            Value::Object(fields) => match fields.get(segment) {
                Some(inner) => value = inner,
                None => return Ok(None),
            },
            other => return Err(other),
        }
    }
    Ok(Some(value))
}

/// In Go's words: what was found where a value of another type was expected.
fn inaccessible(path: &str, shown: &Value, (found, expected): (&Value, &str)) -> Cause {
    let of = match found {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_i64() => "int64",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    };
    let found = go_text::plain(found);
    let detail = format!("{path} accessor error: {found} is of the type {of}, expected {expected}");
    Cause::invalid(path, shown, &detail)
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim_start_matches('.').split('.')
}

fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    segments(path).try_fold(object, |value, segment| value.get(segment))
}

fn set(object: &mut Value, path: &str, new: Value) {
    let mut place = object;
    for segment in segments(path) {
        place = object::fields(place).entry(segment).or_insert(Value::Null);
    }
    *place = new;
}

fn scale_of(object: &Value, paths: &ScalePaths) -> Value {
    let number = |path: &str| at(object, path).and_then(Value::as_i64).unwrap_or_default();
    let mut status = Map::new();
    status.insert("replicas".to_owned(), number(&paths.status_replicas).into());
    let selector = paths.label_selector.as_deref().and_then(|path| at(object, path));
    if let Some(selector) = selector.and_then(Value::as_str).filter(|text| !text.is_empty()) {
        status.insert("selector".to_owned(), selector.into());
    }
    let mut metadata = Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.pointer(&format!("/metadata/{field}")) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let wanted = number(&paths.spec_replicas);
    let spec = if wanted == 0 {
        json!({})
    } else {
        json!({"replicas": wanted})
    };
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status,
    })
}
