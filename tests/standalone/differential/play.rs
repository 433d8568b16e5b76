//! Plays a topic on a server.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::corpus::{self, Condition, Step, Topic};
use super::endpoint::Endpoint;
use super::mask;
use super::variables::Variables;
use super::watch;

/// Longest wait for what a step waits `until`.
const PATIENCE: Duration = Duration::from_secs(45);

/// Pause between two looks.
const POLL: Duration = Duration::from_millis(60);

/// What one step brought, masked.
pub(crate) struct Played {
    pub(crate) topic: String,
    pub(crate) step: String,
    pub(crate) expected: u16,
    pub(crate) status: u16,
    /// `{status, headers, body}`.
    pub(crate) answer: Value,
}

/// Plays every step of a topic in its order. `run` is part of every name that the topic makes.
pub(crate) async fn play(topic: &Topic, endpoint: &Endpoint, run: &str) -> Vec<Played> {
    let mut variables = Variables::new(&topic.name, run);
    let mut played = Vec::new();
    for step in &topic.steps {
        let answer = play_step(topic, step, endpoint, &variables).await;
        for (name, pointer) in &step.keep {
            let found = answer.body.pointer(pointer).map(plain_text);
            variables.keep(name, found.unwrap_or_else(|| format!("nothing-at{pointer}")));
        }
        played.push(Played {
            topic: topic.name.clone(),
            step: step.is.clone(),
            expected: step.expect,
            status: answer.status,
            answer: mask::masked(answer, step, &variables),
        });
    }
    played
}

fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Sends until the answer says what the step waits for; the last answer counts.
async fn play_step(topic: &Topic, step: &Step, endpoint: &Endpoint, variables: &Variables) -> Answer {
    let started = Instant::now();
    loop {
        let answer = send(topic, step, endpoint, variables).await;
        let enough = step
            .until
            .as_ref()
            .is_none_or(|until| says(&answer, until, variables));
        if enough || started.elapsed() > PATIENCE {
            return answer;
        }
        tokio::time::sleep(POLL).await;
    }
}

fn says(answer: &Answer, until: &Condition, variables: &Variables) -> bool {
    match until {
        Condition::Status { status } => answer.status == *status,
        Condition::Says { at, is } => answer.body.pointer(at).unwrap_or(&Value::Null) == is,
        Condition::Quiet { quiet } => answer.headers.get("warning").is_none() == *quiet,
        Condition::Has { has } => answer.body.pointer(&variables.fill(has)).is_some(),
    }
}

async fn send(topic: &Topic, step: &Step, endpoint: &Endpoint, variables: &Variables) -> Answer {
    match request(topic, step, endpoint, variables).send().await {
        Ok(response) => receive(response, step).await,
        Err(error) => Answer {
            status: 0,
            headers: json!({}),
            body: json!(format!("no answer: {}", root_of(&error))),
        },
    }
}

async fn receive(response: Response, step: &Step) -> Answer {
    let status = response.status().as_u16();
    let headers = answer::headers(response.headers());
    let body = match &step.watch {
        Some(end) if status == 200 => watch::events(response, end).await,
        _ => match response.bytes().await {
            Ok(bytes) => answer::body(&bytes, &headers),
            Err(error) => json!(format!("half an answer: {}", root_of(&error))),
        },
    };
    Answer {
        status,
        headers,
        body,
    }
}

fn root_of(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), root_of)
}

fn request(topic: &Topic, step: &Step, endpoint: &Endpoint, variables: &Variables) -> RequestBuilder {
    let (method, path) = step.send.split_once(' ').expect("METHOD PATH");
    let method = method.parse().expect("a method");
    let url = endpoint.url.clone() + &variables.fill(path);
    let mut request = endpoint.client(&step.user).request(method, url);
    let body = body(topic, step, variables);
    if body.is_some()
        && !step
            .headers
            .keys()
            .any(|name| name.eq_ignore_ascii_case("content-type"))
    {
        request = request.header("Content-Type", "application/json");
    }
    for (name, value) in &step.headers {
        request = request.header(name, variables.fill(value));
    }
    match body {
        Some(body) => request.body(body),
        None => request,
    }
}

fn body(topic: &Topic, step: &Step, variables: &Variables) -> Option<Vec<u8>> {
    if let Some(text) = &step.text {
        return Some(variables.fill(text).into_bytes());
    }
    if let Some(base64) = &step.base64 {
        let text: String = base64.split_whitespace().collect();
        return Some(BASE64.decode(text).expect("base64"));
    }
    let manifest = step.manifest.as_deref().map(corpus::manifest);
    let base = manifest.or_else(|| {
        let name = step.like.as_ref()?;
        let object = topic.objects.get(name);
        Some(
            object
                .unwrap_or_else(|| panic!("{}: no object {name:?}", topic.name))
                .clone(),
        )
    });
    let mut body = match (base, &step.body) {
        (Some(mut base), change) => {
            json_patch::merge(&mut base, change.as_ref().unwrap_or(&json!({})));
            base
        }
        (None, body) => body.clone()?,
    };
    if let Some(letters) = &step.letters {
        let object = body.pointer_mut(&letters.at).expect("an object for the letters");
        object["letters"] = json!("a".repeat(letters.count));
    }
    Some(variables.fill_value(&body).to_string().into_bytes())
}
