//! Leases: durations and counts that make sense.

use serde_json::Value;

use crate::standalone::status::Cause;

pub(super) fn findings(lease: &Value) -> Vec<Cause> {
    let number = |field: &str| lease.pointer(&format!("/spec/{field}"));
    let mut findings = Vec::new();
    if let Some(value) = number("leaseDurationSeconds")
        && value.as_i64().is_some_and(|seconds| seconds <= 0)
    {
        let detail = "must be greater than 0";
        findings.push(Cause::invalid("spec.leaseDurationSeconds", value, detail));
    }
    if let Some(value) = number("leaseTransitions")
        && value.as_i64().is_some_and(|count| count < 0)
    {
        let detail = "must be greater than or equal to 0";
        findings.push(Cause::invalid("spec.leaseTransitions", value, detail));
    }
    findings
}
