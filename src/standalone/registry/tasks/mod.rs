//! What a cluster does by itself: it accepts the names of definitions, collects garbage, empties namespaces that go, and
//! forgets old Events.
//!
//! One task hears every change and does one thing at a time, so that a simulation sees one order.

mod cleanup;
mod definitions;
mod events;
mod feed;
mod garbage;
mod namespaces;
mod remains;

use std::sync::Arc;

use serde_json::Value;
use tokio::{sync::watch, task::JoinSet};

use super::{
    Caller, DeleteOptions, Propagation, Registry, Request, Resource, WriteOptions, kept::Missed, object,
};
use crate::standalone::status::Refusal;
use feed::Heard;

pub(in crate::standalone) use namespaces::found;

/// The running tasks of one control plane.
#[derive(Debug)]
pub(in crate::standalone) struct Tasks {
    running: JoinSet<()>,
    end: watch::Sender<bool>,
}

/// A task that ended by itself: a fault of ours.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// It panicked or was cancelled.
    #[error("a task of the control plane ended: {0}")]
    Ended(String),
}

impl Tasks {
    /// Starts them.
    pub(in crate::standalone) fn start(registry: &Registry) -> Self {
        let end = watch::Sender::new(false);
        let mut running = JoinSet::new();
        running.spawn(until_the_end(end.subscribe(), keep_order(registry.clone())));
        running.spawn(until_the_end(
            end.subscribe(),
            events::forget_old(registry.clone()),
        ));
        Self { running, end }
    }

    /// Returns when a task ended that should not have.
    pub(in crate::standalone) async fn failed(&mut self) -> TaskError {
        match self.running.join_next().await {
            Some(Err(error)) => TaskError::Ended(error.to_string()),
            _ => TaskError::Ended("without a reason".to_owned()),
        }
    }

    /// Ends them after what they are doing now.
    pub(in crate::standalone) async fn stop(mut self) {
        self.end.send_replace(true);
        while self.running.join_next().await.is_some() {}
    }
}

async fn until_the_end(mut end: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        // Ends too when nobody holds the other side any more.
        _ = end.wait_for(|ended| *ended) => {}
    }
}

/// Hears every change and puts in order what it disturbs.
async fn keep_order(registry: Registry) {
    let mut feed = feed::Feed::new(registry.clone());
    let mut garbage = garbage::Garbage::new(registry.clone());
    let mut namespaces = namespaces::Namespaces::new(registry.clone());
    let mut definitions = definitions::Definitions::new(registry);
    loop {
        let heard = feed.next().await;
        definitions.hear(&heard).await;
        garbage.hear(&heard).await;
        namespaces.hear(&heard).await;
    }
}

/// Who the tasks are to policies.
fn collector() -> Caller {
    Caller {
        username: "system:serviceaccount:kube-system:generic-garbage-collector".to_owned(),
        groups: vec![
            "system:serviceaccounts".to_owned(),
            "system:serviceaccounts:kube-system".to_owned(),
            "system:authenticated".to_owned(),
        ],
        ..Caller::default()
    }
}

impl Registry {
    /// The resource whose objects lie in this place of the store.
    fn resource_in(&self, storage: &str) -> Option<Arc<Resource>> {
        let catalog = self.catalog();
        catalog
            .kept()
            .find(|resource| &*resource.storage == storage)
            .cloned()
    }

    /// Deletes this very object, and no other of its name.
    async fn collect(
        &self,
        resource: &Arc<Resource>,
        object: &Value,
        propagation: Propagation,
    ) -> Result<(), Refusal> {
        let request = Request {
            version: resource
                .versions
                .first()
                .map(|version| version.name.clone())
                .unwrap_or_default(),
            resource: Arc::clone(resource),
            namespace: object::namespace(object).to_owned(),
            name: object::name(object).to_owned(),
            subresource: None,
            caller: collector(),
            options: WriteOptions::default(),
        };
        let options = DeleteOptions {
            uid: Some(object::uid(object).to_owned()),
            propagation: Some(propagation),
            ..DeleteOptions::default()
        };
        match self.delete(&request, &options).await {
            Ok(_) => Ok(()),
            Err(refusal) if matches!(refusal.reason(), "NotFound" | "Conflict") => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Changes an object as it stands; nothing happens where `change` says that nothing is to be done.
    async fn adjust(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
        change: impl Fn(&mut Value) -> bool,
    ) -> Result<(), Refusal> {
        loop {
            let Some(kept) = self.look(resource, namespace, name)? else {
                return Ok(());
            };
            let mut object = kept.object.clone();
            if !change(&mut object) {
                return Ok(());
            }
            let written = if super::update::goes_now(&object, &kept.object) {
                self.remove(resource, &mut object, kept.revision).await
            } else {
                self.put(resource, &mut object, Some(kept.revision)).await
            };
            match written {
                Ok(()) => {
                    self.written(resource);
                    return Ok(());
                }
                Err(Missed::Moved) => tokio::task::yield_now().await,
                Err(Missed::Refused(refusal)) => return Err(refusal),
            }
        }
    }
}

/// Says what a task could not do; it tries again at the next change.
fn note(what: &str, outcome: Result<(), Refusal>) {
    if let Err(refusal) = outcome {
        tracing::warn!(reason = refusal.reason(), "{what}: {refusal}");
    }
}
