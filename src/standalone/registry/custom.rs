//! The schema of a custom kind at the places where the registry asks it.

use serde_json::Value;

use crate::standalone::status::Cause;

/// The schema of one version of a custom kind.
#[derive(Debug)]
pub struct CustomSchema {}

impl CustomSchema {
    pub(super) fn parse(_schema: &Value) -> Result<Self, Vec<Cause>> {
        Ok(Self {})
    }
    pub(super) fn prune(&self, _value: &mut Value) -> Vec<String> {
        Vec::new()
    }
    pub(super) fn default(&self, _value: &mut Value) {}
    pub(super) fn validate(&self, _new: &Value, _old: Option<&Value>, _status_only: bool) -> Vec<Cause> {
        Vec::new()
    }
}
