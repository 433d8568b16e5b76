//! The paths that say whether the control plane lives, and what it is.

use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{
    answer::{self, Body},
    path::Health,
};

/// What is looked at, in the order in which it is told.
const CHECKS: &[&str] = &["ping", "etcd"];
/// What a readiness check looks at besides.
const READY: &[&str] = &["informer-sync", "shutdown"];

/// Answers a health path. A control plane that ends is alive and not ready.
pub(super) fn answer(health: Health, check: Option<&str>, verbose: bool, ending: bool) -> Response<Body> {
    let ready = if health == Health::Ready { READY } else { &[] };
    let fails = |check: &str| check == "shutdown" && ending;
    let checks: Vec<&str> = CHECKS.iter().chain(ready).copied().collect();
    match check {
        Some(check) if !checks.contains(&check) => answer::page_not_found(),
        Some(check) => told(health, &[check], fails, false),
        None => told(health, &checks, fails, verbose),
    }
}

fn told(health: Health, checks: &[&str], fails: impl Fn(&str) -> bool, verbose: bool) -> Response<Body> {
    let failed = checks.iter().any(|check| fails(check));
    if !failed && !verbose {
        return answer::text(StatusCode::OK, "ok");
    }
    let mut told = String::new();
    for check in checks {
        let (sign, what) = if fails(check) {
            ("-", "failed: reason withheld")
        } else {
            ("+", "ok")
        };
        told.extend(["[", sign, "]", check, " ", what, "\n"]);
    }
    let (code, outcome) = if failed {
        (StatusCode::INTERNAL_SERVER_ERROR, "failed")
    } else {
        (StatusCode::OK, "passed")
    };
    told.extend([health.name(), " check ", outcome, "\n"]);
    answer::text(code, told)
}

/// What `/version` says: the Kubernetes whose behaviour is served, marked as not being it.
pub(super) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "36",
        "emulationMajor": "1",
        "emulationMinor": "36",
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "35",
        "gitVersion": "v1.36.1+standalone",
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_ends_is_alive_and_not_ready() {
        assert_eq!(answer(Health::Live, None, false, true).status(), StatusCode::OK);
        assert_eq!(
            answer(Health::Ready, None, false, true).status(),
            StatusCode::INTERNAL_SERVER_ERROR
        );
        assert_eq!(answer(Health::Ready, None, true, false).status(), StatusCode::OK);
    }

    #[test]
    fn one_check_has_its_own_path() {
        assert_eq!(
            answer(Health::Live, Some("ping"), false, false).status(),
            StatusCode::OK
        );
        assert_eq!(
            answer(Health::Live, Some("nope"), false, false).status(),
            StatusCode::NOT_FOUND
        );
    }
}
