//! The health checks of `manifests/argocd`, run by a real Lua interpreter on each fixture.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use campanile::api::custom_resource_definitions;
use serde_json::Value;

use crate::control_plane::stdout;
use crate::not_on_the_embedded;
use crate::support::control_plane::ControlPlane;

/// What Argo CD leaves out of its interpreter.
const SANDBOX: &str =
    "string, io, math, utf8, debug, coroutine, require = nil\ngetmetatable('').__index = nil\n";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("manifests/argocd")
}

fn read_yaml(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

/// Writes a value as a Lua expression; JSON's escapes are cut to those that Lua shares.
fn lua(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => lua_string(text),
        Value::Array(items) => format!("{{{}}}", items.iter().map(lua).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, field)| format!("[{}] = {}", lua_string(name), lua(field)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
    }
}

fn lua_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        write!(quoted, "\\x{byte:02x}").unwrap();
    }
    quoted + "\""
}

/// Runs one health check and gives its status and message.
fn health(script: &str, object: &Value) -> (String, String) {
    let object = lua(object);
    let program = format!(
        "local print = print\n{SANDBOX}obj = {object}\nlocal function check()\n{script}\nend\n\
         local health = check()\nprint(health.status)\nprint(health.message)\n"
    );
    let mut interpreter = Command::new("lua5.4")
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start lua5.4; tools/setup installs it");
    interpreter
        .stdin
        .take()
        .unwrap()
        .write_all(program.as_bytes())
        .unwrap();
    let text = stdout(&interpreter.wait_with_output().unwrap());
    let (status, message) = text.trim_end().split_once('\n').expect("a status and a message");
    (status.to_owned(), message.to_owned())
}

/// The kinds that have a health check: those of the API, no more and no fewer.
fn kinds() -> Vec<String> {
    let definitions = custom_resource_definitions();
    definitions
        .into_iter()
        .map(|definition| definition.spec.names.kind)
        .collect()
}

#[test]
fn every_fixture_has_the_health_that_its_test_names() {
    for kind in kinds() {
        let folder = folder().join("campanile.dev").join(&kind);
        let script = fs::read_to_string(folder.join("health.lua")).expect("a health check for each kind");
        let tests = read_yaml(&folder.join("health_test.yaml"));
        let tests = tests["tests"].as_array().unwrap();
        for test in tests {
            let input = test["inputPath"].as_str().unwrap();
            let (status, message) = health(&script, &read_yaml(&folder.join(input)));
            assert_eq!(status, test["healthStatus"]["status"], "{kind}/{input}");
            assert_eq!(message, test["healthStatus"]["message"], "{kind}/{input}");
        }
        let fixtures = fs::read_dir(folder.join("testdata")).unwrap().count();
        assert_eq!(
            fixtures,
            tests.len(),
            "each fixture of {kind} is in health_test.yaml"
        );
    }
}

#[test]
fn every_phase_has_a_health() {
    for definition in custom_resource_definitions() {
        let kind = definition.spec.names.kind.clone();
        let schema = serde_json::to_value(&definition.spec.versions[0].schema).unwrap();
        let phases = &schema["openAPIV3Schema"]["properties"]["status"]["properties"]["phase"]["enum"];
        let script =
            fs::read_to_string(folder().join("campanile.dev").join(&kind).join("health.lua")).unwrap();
        for phase in phases.as_array().into_iter().flatten().filter_map(Value::as_str) {
            assert!(
                script.contains(&format!("\n  {phase} = ")),
                "{kind}: health.lua does not know {phase}"
            );
        }
    }
}

#[test]
fn nothing_is_ever_suspended() {
    for kind in kinds() {
        let script =
            fs::read_to_string(folder().join("campanile.dev").join(&kind).join("health.lua")).unwrap();
        assert!(
            !script.contains("\"Suspended\""),
            "{kind}: Suspended keeps a sync waiting for days"
        );
    }
}

#[tokio::test]
async fn the_health_checks_join_the_configuration_that_argo_cd_has() {
    if not_on_the_embedded::HEALTH_CHECKS.holds() {
        return;
    }
    let plane = ControlPlane::shared().await;
    stdout(&plane.kubectl(&["create", "namespace", "argocd"]).await);
    let own = [
        "create",
        "configmap",
        "argocd-cm",
        "-n",
        "argocd",
        "--from-literal=url=https://cd.example.com",
    ];
    stdout(&plane.kubectl(&own).await);
    let path = folder().display().to_string();
    stdout(&plane.kubectl(&["apply", "--server-side", "-k", &path]).await);

    let read = ["get", "configmap", "argocd-cm", "-n", "argocd", "-o", "json"];
    let map: Value = serde_json::from_str(&stdout(&plane.kubectl(&read).await)).unwrap();
    assert_eq!(map["data"]["url"], "https://cd.example.com");
    for kind in kinds() {
        let script = &map["data"][format!("resource.customizations.health.campanile.dev_{kind}")];
        assert!(
            script
                .as_str()
                .is_some_and(|script| script.contains("return {status = ")),
            "{kind}: {script}"
        );
    }
}
