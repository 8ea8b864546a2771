//! A declared alert that runs, as others reach it: other values of the pipeline's parameters, planned
//! on the asker's own thread, count from the next rows that come.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono_tz::Tz;
use zaraba_config::document::{AlertDoc, Value};
use zaraba_core::error::Result;
use zaraba_core::operator::Operator;
use zaraba_sql::plan::catalog::Catalog;
use zaraba_sql::plan::stage::Input;
use zaraba_sql::rows::Step;

use crate::node::Node;
use crate::plan::{Around, steps};
use crate::work::Declared;

/// The steps that a node runs rows through, as of now.
pub(crate) type Steps = Arc<Mutex<Arc<Vec<Step>>>>;

/// What an alert is planned from, once more whenever a parameter changes.
pub struct Origin {
    pub(crate) doc: AlertDoc,
    pub(crate) params: Vec<(String, Value)>,
    pub(crate) catalog: Catalog,
    pub(crate) zone: Tz,
    pub(crate) inputs: Vec<Input>,
    pub(crate) declared: Arc<Declared>,
}

/// A node's own end of it.
pub struct Live {
    origin: Arc<Origin>,
    steps: Steps,
    params: Mutex<Vec<(String, Value)>>,
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The steps of now.
pub(crate) fn now(steps: &Steps) -> Arc<Vec<Step>> {
    Arc::clone(&locked(steps))
}

impl Origin {
    /// Makes the operator of its node.
    ///
    /// # Errors
    /// When a column of the key has no order.
    pub fn node(self: &Arc<Self>) -> Result<(Box<dyn Operator>, Live)> {
        let steps: Steps = Arc::new(Mutex::new(Arc::new(self.declared.steps.clone())));
        let node = Node::new(Arc::clone(&self.declared), Arc::clone(&steps))?;
        let live = Live {
            origin: Arc::clone(self),
            steps,
            params: Mutex::new(self.params.clone()),
        };
        Ok((Box::new(node), live))
    }

    /// The steps with these parameters.
    fn steps(&self, params: &[(String, Value)]) -> Result<Vec<Step>, String> {
        let around = Around {
            params,
            catalog: &self.catalog,
            zone: self.zone,
        };
        let (inputs, steps) = steps(&self.doc, &around)?;
        // A source hands over what somebody reads; with other values it may be another column.
        let handed = columns(&self.inputs);
        if columns(&inputs).is_subset(&handed) {
            Ok(steps)
        } else {
            Err("it would read a column that it does not read now".to_owned())
        }
    }
}

fn columns(inputs: &[Input]) -> BTreeSet<usize> {
    let read = inputs.iter().filter_map(|input| match input {
        Input::Stream(_, columns) => columns.as_ref(),
        Input::Stage(_) => None,
    });
    read.flatten().copied().collect()
}

impl Live {
    fn with(&self, values: &[(String, Value)]) -> Vec<(String, Value)> {
        let mut params = locked(&self.params).clone();
        for (name, value) in &mut params {
            if let Some((_, new)) = values.iter().find(|(n, _)| n == name) {
                value.clone_from(new);
            }
        }
        params
    }

    /// Whether it can take these values.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self, values: &[(String, Value)]) -> Result<(), String> {
        self.origin.steps(&self.with(values)).map(drop)
    }

    /// Takes them, from the next rows on.
    ///
    /// # Errors
    /// As [`Live::check`]; then the old ones stay.
    pub fn take(&self, values: &[(String, Value)]) -> Result<(), String> {
        let params = self.with(values);
        let steps = self.origin.steps(&params)?;
        *locked(&self.params) = params;
        *locked(&self.steps) = Arc::new(steps);
        Ok(())
    }
}
