//! A control plane: a store, the rules over it and the tasks that keep it in order.

use std::path::Path;

use super::{
    registry::{
        Registry, Sources,
        tasks::{self, TaskError, Tasks},
    },
    status::Refusal,
    storage::{Limits, OpenError, StorageError, Store},
};

/// How a control plane is made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The clock and the dice.
    pub sources: Sources,
    /// The bounds of its store.
    pub limits: Limits,
}

/// Why there is no control plane.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its file does not open.
    #[error("open the store of the control plane")]
    Open(#[from] OpenError),
    /// Its file opens and takes nothing.
    #[error("make the namespaces that every cluster has")]
    Found(#[from] Refusal),
}

/// Why a running control plane cannot go on: the process ends with what this says.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A task of it ended, which none should.
    #[error("a task of the control plane failed")]
    Task(#[from] TaskError),
    /// Its store takes no more writes.
    #[error("the store of the control plane failed")]
    Store(#[from] StorageError),
}

/// A running control plane. Dropped without [`ControlPlane::stop`], its tasks end where they are.
#[derive(Debug)]
pub struct ControlPlane {
    registry: Registry,
    store: Store,
    tasks: Tasks,
}

/// The file of the store, in the directory of the control plane.
const FILE: &str = "objects.redb";

impl ControlPlane {
    /// One that keeps everything in a directory, which stands, and goes on with what is there. Needs a Tokio runtime;
    /// blocks while it reads the file.
    ///
    /// # Errors
    ///
    /// [`StartError::Open`] while another process has the directory open, with its id.
    pub async fn open(directory: &Path, options: Options) -> Result<Self, StartError> {
        let store = Store::open(&directory.join(FILE), options.limits)?;
        Self::over(store, options.sources).await
    }

    /// One that lives in memory alone. Needs a Tokio runtime.
    ///
    /// # Errors
    ///
    /// [`StartError::Found`] where the limits leave no room for the first namespaces.
    pub async fn in_memory(options: Options) -> Result<Self, StartError> {
        let store = Store::in_memory(options.limits);
        Self::over(store, options.sources).await
    }

    async fn over(store: Store, sources: Sources) -> Result<Self, StartError> {
        let registry = Registry::over(store.clone(), sources);
        tasks::found(&registry).await?;
        let tasks = Tasks::start(&registry);
        Ok(Self {
            registry,
            store,
            tasks,
        })
    }

    /// The rules of kinds: what a wire is put before.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns when the control plane cannot go on.
    pub async fn failed(&mut self) -> Failure {
        tokio::select! {
            error = self.tasks.failed() => error.into(),
            error = self.store.ended() => error.into(),
        }
    }

    /// Ends the tasks and closes the store: what was acknowledged is kept.
    pub async fn stop(self) {
        self.tasks.stop().await;
        self.store.close().await;
    }
}
