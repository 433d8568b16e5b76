//! The scale of a custom object: how many it wants, how many there are, and which.

use serde_json::{Map, Value, json};

use super::{
    Answer, Body, Outcome, Registry, Request, ScalePaths, Version, object,
    patch::{self, Patch},
    read::{self, Incoming},
    update::Wish,
};
use crate::standalone::status::{Cause, Refusal};

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
            is_patch: false,
        };
        self.scaled(request, &wish).await
    }

    pub(super) async fn change_scale(&self, request: &Request, change: &Patch<'_>) -> Outcome {
        let wish = Scaled {
            request,
            scale: |shown: &Value| change.applied(shown),
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
        let scale = (self.scale)(&scale_of(shown, paths))?;
        self.check(&scale)?;
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

impl<F> Scaled<'_, F> {
    /// Refuses a Scale of something else, and one whose number is none.
    fn check(&self, scale: &Value) -> Result<(), Refusal> {
        let (name, wanted) = (object::name(scale), self.request.name.as_str());
        if name != wanted {
            return Err(Refusal::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({wanted})"
            )));
        }
        let replicas = scale.pointer("/spec/replicas").unwrap_or(&Value::Null);
        if replicas.is_null() || replicas.is_i64() {
            return Ok(());
        }
        let found = match replicas {
            Value::String(_) => "string".to_owned(),
            Value::Number(number) => format!("number {number}"),
            Value::Bool(_) => "bool".to_owned(),
            Value::Array(_) => "array".to_owned(),
            Value::Object(_) | Value::Null => "object".to_owned(),
        };
        let why = format!(
            "json: cannot unmarshal {found} into Go struct field ScaleSpec.spec.replicas of type int32"
        );
        if self.is_patch {
            return Err(patch::unreadable(&scale.to_string(), &why));
        }
        Err(Refusal::bad_request(format!(
            "Scale in version \"v1\" cannot be handled as a Scale: {why}"
        )))
    }
}

/// What is wrong with the numbers of an object that has a scale.
pub(super) fn findings(version: &Version, object: &Value) -> Vec<Cause> {
    let Some(paths) = &version.scale else {
        return Vec::new();
    };
    [&paths.spec_replicas, &paths.status_replicas]
        .into_iter()
        .filter_map(|path| number_finding(path, at(object, path)?))
        .collect()
}

fn number_finding(path: &str, value: &Value) -> Option<Cause> {
    let number = value.as_i64()?;
    if number < 0 {
        return Some(Cause::invalid(path, value, "should be a non-negative integer"));
    }
    let limit = i64::from(i32::MAX);
    let detail = format!("should be less than or equal to {limit}");
    (number > limit).then(|| Cause::invalid(path, value, &detail))
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
