//! A rule that runs, as others reach it: another version of its plugin, or other values of the
//! pipeline's parameters, checked on the asker's own thread and handed over between two calls.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use zaraba_alerts::calm::Cooldown;
use zaraba_config::document::Value;
use zaraba_config::env::redact;
use zaraba_core::error::Result;
use zaraba_core::time::{duration_text, parse_duration};
use zaraba_rules::meter::Meter;
use zaraba_rules::plugin::Plugin;
use zaraba_rules::rule::{Changes, Rule, may_follow};
use zaraba_rules::tables::NoTables;

use crate::inside::settings::{Settable, Values, Wanted};
use crate::rules::find::load;
use crate::rules::work::RuleWork;

/// A rule that runs.
pub(crate) struct Live {
    pub(crate) work: Arc<RuleWork>,
    /// Gone when its node is.
    changes: Weak<Changes>,
    meter: Arc<Meter>,
    now: Mutex<Now>,
    /// Of the stage behind it, if it has a cooldown.
    cooldown: OnceLock<Cooldown>,
}

/// What it runs with, or will after its next call.
struct Now {
    plugin: Plugin,
    params: Vec<(String, Value)>,
}

impl Now {
    /// The pipeline's parameters with these values.
    fn with(&self, values: &Values) -> Vec<(String, Value)> {
        let mut params = self.params.clone();
        for (name, value) in &mut params {
            if let Some((_, new)) = values.iter().find(|(n, _)| n == name) {
                value.clone_from(new);
            }
        }
        params
    }
}

impl Live {
    pub(crate) fn new(work: &Arc<RuleWork>, rule: &Rule) -> Self {
        Self {
            work: Arc::clone(work),
            changes: Arc::downgrade(&rule.changes()),
            meter: Arc::clone(rule.meter()),
            now: Mutex::new(Now {
                plugin: work.plugin.clone(),
                params: work.params.clone(),
            }),
            cooldown: OnceLock::new(),
        }
    }

    /// Its alerts cool down so.
    pub(crate) fn cools(&self, cooldown: Cooldown) {
        // Set once, by whoever wires.
        let _ = self.cooldown.set(cooldown);
    }

    /// What it counts.
    pub(crate) const fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// Whether its node is still there.
    pub(crate) fn runs(&self) -> bool {
        self.changes.strong_count() > 0
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its file changed: what is in it takes the place of the version that runs, or the log says
    /// why not.
    pub(crate) fn reload(&self) {
        let mut now = self.now();
        let (rule, file) = (&*self.work.name, self.work.file.display());
        let old = now.plugin.manifest().version.clone();
        let next = load(&self.work.file).and_then(|found| {
            let fits = || {
                may_follow(&now.plugin, &found.plugin)?;
                self.work
                    .rule(&found.plugin, &now.params, Arc::new(NoTables))
            };
            let next = fits().map_err(|error| error.to_string())?;
            Ok((found.plugin, next))
        });
        match next {
            Ok((plugin, next)) => {
                let version = &plugin.manifest().version;
                tracing::info!(target: "zaraba::rule", rule, %file, "version {version} takes the place of {old}");
                now.plugin = plugin;
                self.hand_over(next);
            }
            Err(reason) => {
                self.meter.refused.fetch_add(1, Ordering::Relaxed);
                let reason = redact(&reason, &self.work.secrets);
                tracing::error!(target: "zaraba::rule", rule, %file, "its plugin changed and is refused, version {old} goes on: {reason}");
            }
        }
    }

    fn hand_over(&self, next: Rule) {
        if let Some(changes) = self.changes.upgrade() {
            changes.put(next);
        }
    }

    fn with(&self, values: &Values) -> Result<Rule> {
        let now = self.now();
        self.work
            .rule(&now.plugin, &now.with(values), Arc::new(NoTables))
    }
}

/// The only option of a rule that can change.
const COOLDOWN: &str = "cooldown";

impl Live {
    /// The cooldown that is wanted, the last that is named.
    fn wanted(&self, options: &[(String, String)]) -> Result<Option<i64>, String> {
        let mut wanted = None;
        for (name, value) in options {
            if name != COOLDOWN {
                return Err(format!(
                    "of a rule cooldown can change while it runs, and what its params name with $; \
                     `{name}` cannot: change the file and run it again"
                ));
            }
            if self.cooldown.get().is_none() {
                return Err("it has no cooldown in the file: add one and run it again".to_owned());
            }
            let micros = parse_duration(value.trim());
            let expected = || format!("expected a duration like 5m, got `{value}`");
            wanted = Some(micros.ok_or_else(expected)?);
        }
        Ok(wanted)
    }
}

impl Settable for Live {
    fn options(&self) -> Vec<(&'static str, String)> {
        let cooldown = self.cooldown.get();
        let shown = cooldown.map(|cooldown| (COOLDOWN, duration_text(cooldown.get())));
        shown.into_iter().collect()
    }

    fn check(&self, wanted: Wanted<'_>) -> Result<(), String> {
        self.wanted(wanted.options)?;
        if wanted.params.is_empty() {
            return Ok(());
        }
        let made = self.with(wanted.params);
        made.map(drop).map_err(|error| error.to_string())
    }

    fn take(&self, wanted: Wanted<'_>) {
        let micros = self.wanted(wanted.options).ok().flatten();
        if let Some((micros, cooldown)) = micros.zip(self.cooldown.get()) {
            cooldown.set(micros);
        }
        if wanted.params.is_empty() {
            return;
        }
        let mut now = self.now();
        let params = now.with(wanted.params);
        match self.work.rule(&now.plugin, &params, Arc::new(NoTables)) {
            Ok(next) => {
                now.params = params;
                self.hand_over(next);
            }
            // It was checked just now: the plugin changed in between.
            Err(error) => {
                let rule = &*self.work.name;
                tracing::error!(target: "zaraba::rule", rule, "parameters are refused, the old ones stay: {error}");
            }
        }
    }
}
