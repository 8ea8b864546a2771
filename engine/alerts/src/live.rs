//! A declared alert that runs, as others reach it: other values of the pipeline's parameters and of
//! its own options, planned on the asker's own thread, count from the next rows that come.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono_tz::Tz;
use zaraba_config::document::{AlertDoc, Value};
use zaraba_core::error::Result;
use zaraba_core::operator::Operator;
use zaraba_core::time::duration_text;
use zaraba_sql::plan::catalog::Catalog;
use zaraba_sql::plan::parse::condition_text;
use zaraba_sql::plan::stage::{Foreign, Input};

use crate::check::{Around, declared};
use crate::declared::{Current, Declared};
use crate::machine::Times;
use crate::node::Node;
use crate::options;

/// What an alert is planned from, once more whenever something of it changes.
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
    current: Current,
    now: Mutex<Now>,
}

/// What it runs with.
#[derive(Clone)]
struct Now {
    params: Vec<(String, Value)>,
    doc: AlertDoc,
}

/// What is to be otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Parameters of the pipeline, by name.
    pub params: &'a [(String, Value)],
    /// Options of the alert, by name, as texts.
    pub options: &'a [(String, String)],
}

impl Origin {
    /// Makes the operator of its node.
    ///
    /// # Errors
    /// When a column of the key has no order.
    pub fn node(self: &Arc<Self>) -> Result<(Box<dyn Operator>, Live)> {
        let current = Current::new(Arc::clone(&self.declared));
        let node = Node::new(current.clone())?;
        let live = Live {
            origin: Arc::clone(self),
            current,
            now: Mutex::new(Now {
                params: self.params.clone(),
                doc: self.doc.clone(),
            }),
        };
        Ok((Box::new(node), live))
    }

    /// What it does with other parameters and options.
    fn declared(&self, now: &Now) -> Result<Declared, String> {
        let own: Vec<(String, Value)> = self
            .params
            .iter()
            .filter(|(name, _)| reads(&self.doc, &self.params, name))
            .cloned()
            .collect();
        for (option, text) in now.doc.sql() {
            let fits = |params| condition_text(&text.value, params).is_ok();
            if fits(&self.params) && !fits(&own) {
                return Err(format!(
                    "`{option}` names a parameter that the alert does not read in the file: change \
                     the file and run it again"
                ));
            }
        }
        let around = Around {
            params: &now.params,
            catalog: &self.catalog,
            zone: self.zone,
        };
        let (inputs, declared) = declared(&now.doc, &around).map_err(|mistakes| {
            let all = mistakes.into_iter().map(|m| m.mistake.message);
            all.collect::<Vec<String>>().join("; ")
        })?;
        // Rows that wait have the columns that are kept now; and a source hands over what somebody
        // reads.
        let same = declared.kept == self.declared.kept && declared.keys == self.declared.keys;
        if same && columns(&inputs).is_subset(&columns(&self.inputs)) {
            Ok(declared)
        } else {
            Err(
                "it would read other columns than it does now: change the file and run it again"
                    .to_owned(),
            )
        }
    }
}

/// Whether an alert reads a parameter: SQL that does is wrong without it.
fn reads(doc: &AlertDoc, params: &[(String, Value)], name: &str) -> bool {
    let others: Vec<_> = params.iter().filter(|(n, _)| n != name).cloned().collect();
    let mut sql = doc.sql();
    sql.any(|(_, text)| condition_text(&text.value, &others).is_err())
}

fn columns(inputs: &[Input]) -> BTreeSet<usize> {
    let read = inputs.iter().filter_map(|input| match input {
        Input::Stream(_, columns) => columns.as_ref(),
        Input::Stage(_) => None,
    });
    read.flatten().copied().collect()
}

impl Live {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its options and their values now.
    #[must_use]
    pub fn options(&self) -> Vec<(&'static str, String)> {
        options::all(&self.now().doc)
    }

    fn with(&self, wanted: Wanted<'_>) -> Result<(Now, Declared), String> {
        let mut next = self.now().clone();
        for (name, value) in &mut next.params {
            if let Some((_, new)) = wanted.params.iter().find(|(n, _)| n == name) {
                value.clone_from(new);
            }
        }
        for (name, value) in wanted.options {
            options::set(&mut next.doc, name, value)?;
        }
        let declared = self.origin.declared(&next)?;
        Ok((next, declared))
    }

    /// Whether it can take these values.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn check(&self, wanted: Wanted<'_>) -> Result<(), String> {
        self.with(wanted).map(drop)
    }

    /// Takes them, from the next rows on.
    ///
    /// # Errors
    /// As [`Live::check`]; then the old ones stay.
    pub fn take(&self, wanted: Wanted<'_>) -> Result<(), String> {
        let (next, declared) = self.with(wanted)?;
        *self.now() = next;
        self.current.put(declared);
        Ok(())
    }
}

/// The stage.
pub(crate) struct Watch(pub(crate) Arc<Origin>);

impl Foreign for Watch {
    fn operator(&self, _node: &str) -> Result<Box<dyn Operator>> {
        Ok(self.0.node()?.0)
    }

    fn describe(&self) -> String {
        let Declared {
            kept: schema,
            times:
                Times {
                    hold,
                    cooldown,
                    repeat,
                },
            keys,
            ..
        } = self.0.declared.as_ref();
        let key: Vec<&str> = keys
            .iter()
            .map(|k| schema.field(*k).name().as_str())
            .collect();
        let of = match key.as_slice() {
            [] => "one alert".to_owned(),
            key => format!("per ({})", key.join(", ")),
        };
        let mut kept = format!("{of}: a row of what is open or waits");
        if *hold > 0 {
            kept += &format!(" for {}", duration_text(*hold));
        }
        if *cooldown > 0 {
            kept += &format!("; a cooldown of {}", duration_text(*cooldown));
        }
        if *repeat > 0 {
            kept += &format!("; told again each {}", duration_text(*repeat));
        }
        kept
    }

    fn kind(&self) -> (&'static str, &'static str) {
        ("alert", "declared")
    }
}
