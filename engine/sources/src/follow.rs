//! `follow = true` of `connector = "file"`: text files that grow. They are looked at now and then:
//! which there are, and whether they have more whole records. A file is known by what it is (its
//! number in the file system and its first bytes), not by its name, so that one that is renamed is
//! not read again, and one that takes its name is. `tail` is one of them.

mod tail;

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, FileSourceDoc};
use zaraba_core::clock::Clock;
use zaraba_core::error::{Error, Result};
use zaraba_core::source::{BadRow, Polled, Position, Source, SourceRows};
use zaraba_core::time::{ClockTime, SECOND};
use zaraba_formats::decode::{DecodeOptions, arrow_schema};

use self::tail::{How, Id, NUMBERS, Tail};
use crate::file::list::files_now;

/// From one look at the files to the next, microseconds.
const LOOK_EVERY: i64 = SECOND / 4;

/// How long a file whose name is gone is still read: whoever writes it may not know yet.
const LINGER: i64 = 60 * SECOND;

/// Files that are held open; of more, those that have not grown are opened again when they do.
const OPEN_MAX: usize = 128;

/// Reads files that grow.
pub struct FollowSource {
    path: PathBuf,
    how: How,
    clock: Arc<dyn Clock>,
    /// In the order in which they were found.
    tails: Vec<Tail>,
    /// When to look next.
    look_at: ClockTime,
    rows: u64,
    /// What went wrong with files, to be handed over.
    told: VecDeque<BadRow>,
    /// The run is stopped: only what would be lost is still read.
    closed: bool,
}

impl FollowSource {
    /// Nothing is opened before the first poll; there may be no file yet. `needed`: the columns
    /// wanted; none: all.
    #[must_use]
    pub fn new(
        doc: &FileSourceDoc,
        schema: &[ColumnDoc],
        zone: Tz,
        needed: Option<Vec<String>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let options = DecodeOptions {
            delimiter: doc.delimiter,
            header: doc.header,
            encoding: doc.encoding,
            needed,
            ..DecodeOptions::new(doc.format, zone)
        };
        let schema = schema.to_vec();
        Self {
            path: doc.path.value.clone(),
            how: How { schema, options },
            clock,
            tails: Vec::new(),
            look_at: ClockTime(i64::MIN),
            rows: 0,
            told: VecDeque::new(),
            closed: false,
        }
    }

    /// Finds out which files there are and which have grown.
    fn look(&mut self, now: ClockTime) -> Result<()> {
        let mut there = vec![false; self.tails.len()];
        for path in files_now(&self.path)? {
            let Ok(about) = fs::metadata(&path) else {
                continue; // It has just gone; the next look will say where to.
            };
            let id = Id::of(&about);
            let known = self.tails.iter().position(|t| t.id == id);
            // After a restart it may be a copy of the file that is known.
            let known = known.or_else(|| self.tails.iter().position(|t| t.is_copied_to(&path)));
            match known {
                Some(i) => {
                    self.tails[i].found(path, id);
                    there[i] = true;
                }
                None => {
                    self.tails.push(Tail::new(path, id));
                    there.push(true);
                }
            }
        }
        for (tail, there) in self.tails.iter_mut().zip(there) {
            if !there {
                self.told.extend(tail.missed(now, LINGER));
            }
            self.told.extend(tail.look()?);
        }
        self.tails.retain(|tail| !tail.is_over());
        let open = self.tails.iter().filter(|t| t.is_open()).count();
        let spare = self.tails.iter_mut().filter(|t| t.is_spare());
        spare
            .take(open.saturating_sub(OPEN_MAX))
            .for_each(Tail::shut);
        Ok(())
    }

    /// The next rows of the files, or what is to be said of them.
    fn next(&mut self, limit: usize) -> Result<Option<SourceRows>> {
        if let Some(bad) = self.told.pop_front() {
            let schema = arrow_schema(&self.how.schema);
            let needed = self.how.options.needed.as_ref();
            let wanted = |name: &String| needed.is_none_or(|n| n.contains(name));
            let columns = schema.fields().iter().enumerate();
            let columns = columns.filter(|(_, f)| wanted(f.name())).map(|(i, _)| i);
            let schema = schema.project(&columns.collect::<Vec<_>>())?;
            return Ok(Some(SourceRows {
                rows: RecordBatch::new_empty(Arc::new(schema)),
                partition: 0,
                bad: vec![(0, bad)],
            }));
        }
        let closed = self.closed;
        for tail in self.tails.iter_mut().filter(|t| !closed || t.is_closing()) {
            if let Some(decoded) = tail.next(limit, &self.how)? {
                return Ok(Some(SourceRows {
                    rows: decoded.rows,
                    partition: 0,
                    bad: decoded.bad,
                }));
            }
        }
        Ok(None)
    }
}

impl Source for FollowSource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        let now = self.clock.now();
        if now >= self.look_at && !self.closed {
            self.look_at = ClockTime(now.0.saturating_add(LOOK_EVERY));
            self.look(now)?;
        }
        let Some(rows) = self.next(limit)? else {
            return Ok(Polled::Pending(Some(self.look_at)));
        };
        self.rows += rows.len() as u64;
        Ok(Polled::Rows(rows))
    }

    fn replayable(&self) -> bool {
        true
    }

    fn live(&self) -> bool {
        true
    }

    /// A file whose name is gone will not be found again: what it has is read to its end, a last line
    /// that has not ended as it is.
    fn close(&mut self) -> bool {
        if let Err(error) = self.look(self.clock.now()) {
            tracing::warn!("{error}");
        }
        self.closed = true;
        self.tails.iter_mut().for_each(Tail::close);
        !self.told.is_empty() || self.tails.iter().any(Tail::is_closing)
    }

    fn position(&self) -> Position {
        Position {
            rows: vec![self.rows],
            own: self.tails.iter().flat_map(Tail::save).collect(),
        }
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        if !position.own.len().is_multiple_of(NUMBERS) {
            return Err(Error::outside(
                "the checkpoint is of a source that does not follow its files",
            ));
        }
        self.rows = position.first_rows();
        self.tails = position.own.chunks(NUMBERS).map(Tail::load).collect();
        Ok(())
    }
}
