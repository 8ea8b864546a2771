//! Dead letters: rows that were not sent, each a line of JSON with the reason, added to a file. It
//! is opened when the first one comes. Where it cannot be written, the rows stand in the log.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;
use serde_json::Value;
use zaraba_config::env::redact;
use zaraba_core::clock::Clock;
use zaraba_core::meter::Meter;
use zaraba_core::time::EventTime;
use zaraba_formats::encode::write_time;

use crate::webhook::row::Item;

/// Where rows go that were not sent.
pub(super) struct DeadLetters {
    pub(super) sink: String,
    pub(super) path: PathBuf,
    pub(super) zone: Tz,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) meter: Arc<Meter>,
    /// What no message may show.
    pub(super) secrets: Vec<String>,
    pub(super) file: Mutex<Option<File>>,
}

impl DeadLetters {
    /// A message without secrets.
    pub(super) fn shown(&self, text: &str) -> String {
        redact(text, &self.secrets)
    }

    /// Writes rows down, and says so in one line of the log unless `quietly`.
    pub(super) fn bury(&self, items: &[Item], reason: &str, quietly: bool) {
        let Some(first) = items.first() else { return };
        let reason = self.shown(reason);
        Meter::add(&self.meter.errors, items.len());
        self.meter
            .first_reason
            .get_or_init(|| format!("{}: {reason}", first.stream));
        let (sink, path, rows) = (&self.sink, self.path.display(), items.len());
        match self.write(items, &reason) {
            Ok(()) if quietly => {}
            Ok(()) => {
                tracing::error!(%sink, rows, dead_letter = %path, "not sent: {reason}");
            }
            Err(error) => {
                for Item { json, .. } in items {
                    tracing::error!(%sink, dead_letter = %path, %error, row = %json, "not sent, and not written: {reason}");
                }
            }
        }
    }

    fn write(&self, items: &[Item], reason: &str) -> std::io::Result<()> {
        let mut time = Vec::new();
        write_time(&mut time, EventTime(self.clock.now().0), self.zone);
        let time = String::from_utf8_lossy(&time).into_owned();
        let mut lines = String::new();
        for item in items {
            let head = [
                ("time", time.as_str()),
                ("sink", &self.sink),
                ("stream", &item.stream),
                ("reason", reason),
            ];
            for (name, value) in head {
                lines.push_str(if name == "time" { "{" } else { "," });
                lines.push_str(&format!("\"{name}\":{}", Value::from(value)));
            }
            lines.push_str(&format!(",\"row\":{}}}\n", item.json));
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if file.is_none() {
            if let Some(folder) = self.path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let opened = OpenOptions::new()
                .append(true)
                .create(true)
                .open(&self.path)?;
            *file = Some(opened);
        }
        let Some(file) = file.as_mut() else {
            return Ok(());
        };
        // One write, so that several writers' lines do not mix.
        file.write_all(lines.as_bytes())?;
        file.sync_data()
    }
}
