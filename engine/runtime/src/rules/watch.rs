//! Looks whether the files of plugins change while their rules run. One thread a run, which ends when
//! the last of its rules has.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use zaraba_core::error::{Error, Result};

use crate::rules::live::Live;

/// How often.
const EVERY: Duration = Duration::from_millis(50);

/// What tells that a file is another than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    written: SystemTime,
    bytes: u64,
}

impl Stamp {
    /// Of a file as it is; none if it is not there.
    pub(crate) fn of(file: &Path) -> Option<Self> {
        let found = std::fs::metadata(file).ok()?;
        Some(Self {
            written: found.modified().ok()?,
            bytes: found.len(),
        })
    }
}

/// A file, and as what it was seen.
struct Watched {
    live: Arc<Live>,
    /// Of the version that was loaded, or tried.
    tried: Option<Stamp>,
    /// When it was looked at last: what is still being written changes once more.
    last: Option<Stamp>,
}

impl Watched {
    fn look(&mut self) {
        let now = Stamp::of(&self.live.work.file);
        let settled = now == self.last;
        self.last = now;
        // A file that is gone changes nothing: the rule goes on with what it has.
        if settled && now.is_some() && now != self.tried {
            self.tried = now;
            self.live.reload();
        }
    }
}

/// Watches the files of rules that are about to run.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn watch(rules: &[Arc<Live>]) -> Result<()> {
    if rules.is_empty() {
        return Ok(());
    }
    let watched = rules.iter().map(|live| Watched {
        live: Arc::clone(live),
        tried: live.work.stamp,
        last: live.work.stamp,
    });
    let mut watched: Vec<Watched> = watched.collect();
    let look = move || {
        while !watched.is_empty() {
            std::thread::sleep(EVERY);
            watched.retain(|one| one.live.runs());
            watched.iter_mut().for_each(Watched::look);
        }
    };
    let thread = std::thread::Builder::new().name("zaraba-rules-files".to_owned());
    let started = thread.spawn(look);
    let failed = |error| Error::outside(format!("no thread to watch plugins: {error}"));
    started.map(drop).map_err(failed)
}
