//! A rule that takes another version of its plugin, or other parameters, while it runs: between two
//! calls, with its keyed state. Whoever wants that makes a whole new rule beside it, which checks
//! everything and starts the guest once, off the rule's own thread; the running one then takes over
//! what is new of it. So a version that does not load, does not fit or does not start never gets
//! near the rows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use zaraba_core::error::{Error, Result};

use crate::meter::Meter;
use crate::plugin::Plugin;
use crate::rule::Rule;
use crate::ticks::Ticks;

/// What a running rule is to become.
#[derive(Debug, Default)]
pub struct Changes {
    next: Mutex<Option<Box<Rule>>>,
    /// Whether there is one: looked at before each stretch of rows.
    waiting: AtomicBool,
}

impl Changes {
    /// Lets the rule become another, which was made for the same streams and [`may_follow`] it. One
    /// that it has not taken yet is forgotten.
    pub fn put(&self, next: Rule) {
        let mut place = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *place = Some(Box::new(next));
        self.waiting.store(true, Ordering::Release);
    }

    fn take(&self) -> Option<Box<Rule>> {
        if !self.waiting.load(Ordering::Acquire) {
            return None;
        }
        let mut place = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.store(false, Ordering::Release);
        place.take()
    }
}

/// Whether a version of a plugin may take the place of another while the pipeline runs: its alerts
/// have the same columns, since others read them, and it looks into the same tables.
///
/// # Errors
/// The user's: what is different.
pub fn may_follow(now: &Plugin, next: &Plugin) -> Result<()> {
    let (now, next) = (now.manifest(), next.manifest());
    let columns = |fields: &[crate::manifest::Field]| -> Vec<_> {
        let column = |f: &crate::manifest::Field| (f.name.clone(), f.data_type, f.nullable);
        fields.iter().map(column).collect()
    };
    if columns(&now.outputs) != columns(&next.outputs) {
        return Err(Error::user(
            "its alerts have other columns, which takes a restart",
        ));
    }
    let tables = |manifest: &crate::manifest::Manifest| -> Vec<_> {
        let table = |t: &crate::manifest::Table| (columns(&t.key), columns(&t.fields));
        manifest.tables.iter().map(table).collect()
    };
    if tables(now) != tables(next) {
        return Err(Error::user(
            "it looks into other tables or columns of them, which takes a restart",
        ));
    }
    Ok(())
}

impl Rule {
    /// Where others say what it is to become.
    #[must_use]
    pub fn changes(&self) -> Arc<Changes> {
        Arc::clone(&self.changes)
    }

    /// Becomes what it was told to, if it was.
    pub(super) fn change(&mut self) {
        let Some(next) = self.changes.take() else {
            return;
        };
        let next = *next;
        self.replace();
        let timer = next.plugin.manifest().timer;
        if timer != self.plugin.manifest().timer {
            self.ticks = timer.map(Ticks::new);
        }
        self.plugin = next.plugin;
        self.params = next.params;
        self.inputs = next.inputs;
        (self.failures, self.paused) = (0, None);
        Meter::add(&self.meter.changes, 1);
    }
}
