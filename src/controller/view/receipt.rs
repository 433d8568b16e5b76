//! A Receipt as it is kept in memory.

use std::{borrow::Cow, sync::Arc};

use k8s_openapi::NamespaceResourceScope;
use kube::{Resource, core::ObjectMeta};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::{
    raw::{Lenient, Raw},
    version_of,
};
use crate::{
    api::{GROUP, Receipt, ReceiptPhase, ReceiptSpec, ReceiptStatus, VERSION},
    domain::{
        limits::{Effect, effects},
        receipt::undecided,
    },
};

/// A Receipt as it is kept in memory: without what was sent and what the guards said of it.
#[derive(Clone, Debug)]
pub(crate) struct ReceiptView {
    meta: ObjectMeta,
    /// The slot, or why that or the status cannot be read.
    pub(crate) spec: Result<Arc<ReceiptSpec>, String>,
    /// Its status.
    pub(crate) status: Arc<ReceiptStatus>,
    /// What it leaves of the room of its account.
    pub(crate) effects: Box<[Effect]>,
}

impl ReceiptView {
    /// What is kept of a whole Receipt.
    pub(crate) fn of(receipt: &Receipt) -> Self {
        let meta = ObjectMeta {
            name: receipt.metadata.name.clone(),
            namespace: receipt.metadata.namespace.clone(),
            uid: receipt.metadata.uid.clone(),
            resource_version: receipt.metadata.resource_version.clone(),
            ..ObjectMeta::default()
        };
        let mut status = receipt.status.clone().unwrap_or_default();
        status.sent = None;
        status.guard = None;
        Self {
            meta,
            effects: effects(&status).into(),
            spec: Ok(Arc::new(receipt.spec.clone())),
            status: Arc::new(status),
        }
    }

    /// What is kept of a Receipt that cannot be read.
    pub(crate) fn unreadable(meta: ObjectMeta, problem: String) -> Self {
        Self {
            meta,
            spec: Err(problem),
            status: Arc::default(),
            effects: Box::default(),
        }
    }

    /// Without its history where everything is decided: what follows from it is read directly.
    pub(crate) fn settled(mut self) -> Self {
        let status = Arc::make_mut(&mut self.status);
        let decided = status.phase == ReceiptPhase::Published
            && undecided(status).next().is_none()
            && status.release_requested.is_none();
        if decided {
            status.attempts = Vec::new();
            status.conditions = Vec::new();
            status.resolutions = Vec::new();
            status.approval = None;
            status.approvals = Vec::new();
            // That there is one is kept; which one, what hangs on it reads directly.
            status.remote_id = status.remote_id.as_ref().map(|_| String::new());
        }
        self
    }

    /// Its resource version as a number; 0 where it has none.
    pub(crate) fn version(&self) -> u64 {
        version_of(&self.meta)
    }
}

impl<'de> Deserialize<'de> for ReceiptView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::<ReceiptSpec, ReceiptStatus>::deserialize(deserializer)?;
        let (mut status, unread) = match raw.status {
            Lenient::Other(Value::Null) => (ReceiptStatus::default(), None),
            status => match status.read() {
                Ok(status) => (*status, None),
                Err(problem) => (ReceiptStatus::default(), Some(problem)),
            },
        };
        status.sent = None;
        status.guard = None;
        // A status that cannot be read is not that of a claim.
        let spec = match unread {
            None => raw.spec.read().map(Arc::from),
            Some(problem) => Err(format!("status: {problem}")),
        };
        Ok(Self {
            meta: raw.metadata.into(),
            spec,
            effects: effects(&status).into(),
            status: Arc::new(status),
        })
    }
}

stands_for!(ReceiptView, "Receipt", "receipts", |view| &view.meta, |view| {
    &mut view.meta
});

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn receipt(status: &Value) -> ReceiptView {
        serde_json::from_value(json!({
            "metadata": {"name": "r1-a", "namespace": "n"},
            "spec": {"slot": {
                "environment": "Production", "campaign": "week1", "postId": "launch", "platform": "linkedin",
                "account": "company", "locale": "en", "item": "main", "occurrence": "",
            }},
            "status": status,
        }))
        .unwrap()
    }

    #[test]
    fn a_receipt_whose_status_cannot_be_read_is_not_a_claim() {
        assert!(receipt(&json!({"phase": "Published"})).spec.is_ok());
        assert!(receipt(&Value::Null).spec.is_ok(), "a claim has no status yet");
        let problem = receipt(&json!({"phase": "Whatever"})).spec.unwrap_err();
        assert!(problem.starts_with("status: "), "{problem}");
    }
}
