//! A pipeline that runs.

use std::sync::Arc;

use zaraba_core::error::Error as CoreError;
use zaraba_core::meter::Meter;
use zaraba_runtime::run::threads::{Control, Running as Threads};

use crate::error::Error;

/// A pipeline that runs.
pub struct Running {
    threads: Threads,
    meters: Vec<(Arc<str>, Arc<Meter>)>,
}

/// Ends a run from elsewhere: what is in flight is drained, written and closed.
#[derive(Clone)]
pub struct Stopper(Arc<Control>);

impl Stopper {
    /// Asks for the end.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Running {
    pub(crate) const fn new(threads: Threads, meters: Vec<(Arc<str>, Arc<Meter>)>) -> Self {
        Self { threads, meters }
    }

    /// What nodes count, in the order of the pipeline.
    #[must_use]
    pub fn meters(&self) -> &[(Arc<str>, Arc<Meter>)] {
        &self.meters
    }

    /// To end it from elsewhere.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        Stopper(self.threads.control())
    }

    /// Puts a barrier between the rows of every source: the end of an epoch.
    pub fn barrier(&self) {
        self.threads.control().barrier();
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// The first failure of a node.
    pub async fn wait(self) -> Result<(), Error> {
        let joined = tokio::task::spawn_blocking(move || self.threads.join()).await;
        let result = joined.map_err(|e| CoreError::internal(e.to_string()))?;
        Ok(result?)
    }

    /// Waits for its end on this thread.
    ///
    /// # Errors
    /// The first failure of a node.
    pub fn join(self) -> Result<(), Error> {
        Ok(self.threads.join()?)
    }
}
