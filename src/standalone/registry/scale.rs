//! The scale of a custom object: how many it wants, how many there are, and which.

use serde_json::{Map, Value, json};

use super::{
    Answer, Body, Outcome, Registry, Request, ScalePaths, object,
    patch::{self, Patch},
    read::{self, Incoming},
    update::Wish,
};
use crate::standalone::status::{Cause, Refusal, Subject};

const SCALE: Subject<'_> = Subject {
    group: "autoscaling",
    kind: "Scale",
};

impl Registry {
    pub(super) fn read_scale(&self, request: &Request) -> Outcome {
        let resource = &*request.resource;
        let paths = paths(request)?;
        let Some(kept) = self.look(resource, &request.namespace, &request.name)? else {
            return Err(Refusal::not_found(resource.subject(), &request.name));
        };
        Ok(Answer {
            code: 200,
            object: scale_of(&kept.object, paths),
            warnings: Vec::new(),
        })
    }

    pub(super) async fn replace_scale(&self, request: &Request, body: Body) -> Outcome {
        checked(&body.value)?;
        let wish = Scaled {
            request,
            scale: |_: &Value| Ok(body.value.clone()),
        };
        self.scaled(request, &wish).await
    }

    pub(super) async fn change_scale(&self, request: &Request, change: &Patch<'_>) -> Outcome {
        let wish = Scaled {
            request,
            scale: |shown: &Value| patch::scaled(change, shown),
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
}

impl<F> Wish for Scaled<'_, F>
where
    F: Fn(&Value) -> Result<Value, Refusal> + Send + Sync,
{
    fn wished(&self, kept: Option<&Value>) -> Result<Incoming, Refusal> {
        let resource = &*self.request.resource;
        let shown = kept.ok_or_else(|| Refusal::not_found(resource.subject(), &self.request.name))?;
        let paths = paths(self.request)?;
        let scale = (self.scale)(&scale_of(shown, paths))?;
        let mut object = shown.clone();
        let replicas = scale
            .pointer("/spec/replicas")
            .cloned()
            .unwrap_or_else(|| json!(0));
        set(&mut object, &paths.spec_replicas, replicas);
        let version = object::resource_version(&scale);
        if !version.is_empty() {
            object::set(&mut object, "resourceVersion", version);
        }
        Ok(Incoming {
            object,
            warnings: Vec::new(),
        })
    }
}

fn paths(request: &Request) -> Result<&ScalePaths, Refusal> {
    let version = read::served(request)?;
    version.scale.as_ref().ok_or_else(Refusal::no_such_resource)
}

/// Refuses a Scale that no object can have.
pub(super) fn checked(scale: &Value) -> Result<(), Refusal> {
    let replicas = scale.pointer("/spec/replicas").unwrap_or(&Value::Null);
    if replicas.is_null() || replicas.as_i64().is_some_and(|number| number >= 0) {
        return Ok(());
    }
    let detail = "must be greater than or equal to 0";
    let cause = Cause::invalid("spec.replicas", replicas, detail);
    Err(Refusal::invalid(SCALE, object::name(scale), vec![cause]))
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
