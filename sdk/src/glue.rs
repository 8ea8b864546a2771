//! Between the contract's functions and [`crate::rule::Rule`]: holds the instance.

use std::cell::RefCell;

use crate::alert::Alerts;
use crate::bindings::{self, Alert, Batch};
use crate::input::{Input, Timestamp};
use crate::params;
use crate::rule::Rule;

/// What a call answers.
pub type Answer = Result<Vec<Alert>, String>;

/// The rule's manifest, with the schema of its parameters.
#[must_use]
pub fn describe<R: Rule>() -> bindings::Manifest {
    let mut manifest = R::manifest().into_inner();
    manifest.params_schema = params::schema_text::<R::Params>();
    manifest
}

/// Where the instance is.
#[derive(Debug)]
pub struct Slot<R>(RefCell<Option<R>>);

impl<R: Rule> Slot<R> {
    /// With no instance yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(RefCell::new(None))
    }

    /// A fresh instance with these parameters.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn configure(&self, text: &str) -> Result<(), String> {
        let params = params::parse::<R::Params>(text)?;
        R::check(&params)?;
        self.0.replace(Some(R::new(params)));
        Ok(())
    }

    /// Hands rows to the instance.
    ///
    /// # Errors
    /// As the rule.
    pub fn evaluate(&self, stream: u32, rows: Batch) -> Answer {
        let input = Input::new(stream, rows);
        self.call(|rule, alerts| rule.evaluate(&input, alerts))
    }

    /// Tells the instance the time.
    ///
    /// # Errors
    /// As the rule.
    pub fn tick(&self, at: i64) -> Answer {
        self.call(|rule, alerts| rule.tick(Timestamp(at), alerts))
    }

    fn call(&self, work: impl FnOnce(&mut R, &mut Alerts) -> Result<(), String>) -> Answer {
        let mut slot = self.0.borrow_mut();
        let rule = slot.as_mut().ok_or("called before `configure`")?;
        let mut alerts = Alerts::default();
        work(rule, &mut alerts)?;
        Ok(alerts.into_inner())
    }
}

impl<R: Rule> Default for Slot<R> {
    fn default() -> Self {
        Self::new()
    }
}
