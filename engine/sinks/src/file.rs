//! The file sink: of each stream one file, or one for each day, stretch of time and value of a
//! column (`template`), in any format that can be encoded. A file appears under its name whole or
//! not at all (`partial`): when it is full, when the watermark says that its stretch is over, when
//! too many are open (`shelf`), or at the end. What a killed run left is removed (`leftovers`).
//!
//! `close` is what a checkpoint will do per epoch: all files are made durable first (what
//! `prepare` will be), then all get their names (`commit`); dropping them is `abort`.

pub mod days;

pub(crate) mod partial;

mod segment;

mod template;

mod leftovers;

mod writing;

mod shelf;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use chrono_tz::Tz;
use zaraba_config::document::{Format, RollDoc};
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;
use zaraba_core::time::EventTime;
use zaraba_formats::encode::text::Texts;

use crate::file::days::Calendars;
use crate::file::partial::Existing;
use crate::file::segment::segment;
use crate::file::shelf::{Key, Shelf};
use crate::file::template::{Filling, Stretch, Template};
use crate::input::{SinkInput, at_port};

/// What a file sink is told.
#[derive(Clone, Debug)]
pub struct FileOptions {
    /// Where, with words in braces.
    pub path: PathBuf,
    /// How rows are written.
    pub format: Format,
    /// In which text formats show times, and `{time}` is.
    pub zone: Tz,
    /// The days that the path may name.
    pub calendars: Calendars,
    /// When a file is full.
    pub roll: RollDoc,
    /// Files that are written at one time.
    pub open_files: usize,
}

impl FileOptions {
    /// A file that is never full, by its format alone, times in UTC unless changed.
    #[must_use]
    pub fn new(path: PathBuf, format: Format, zone: Tz, calendars: Calendars) -> Self {
        Self {
            path,
            format,
            zone,
            calendars,
            roll: RollDoc::default(),
            open_files: 100,
        }
    }
}

/// Streams as files.
pub struct FileSink {
    streams: Vec<Stream>,
    shelf: Shelf,
}

impl FileSink {
    /// Removes what a killed run left, and opens the files, folders included, that are there
    /// whatever the rows are.
    ///
    /// # Errors
    /// When the path does not tell the streams apart or names what is no column, when the format
    /// cannot hold a column, or when a file cannot be made.
    pub fn open(inputs: &[SinkInput], options: FileOptions) -> Result<Self> {
        let options = Arc::new(options);
        let mut shelf = Shelf::new(Arc::clone(&options));
        let mut streams = Vec::new();
        for (port, input) in inputs.iter().enumerate() {
            let schema = input.written_schema();
            let filling = Filling {
                stream: &input.name,
                streams: inputs.len(),
                schema: &schema,
                calendars: &options.calendars,
                every: options.roll.every,
                zone: options.zone,
            };
            let template = Template::new(&options.path, &filling)?;
            let left = template.pattern().clean();
            if left > 0 {
                let path = options.path.display();
                tracing::warn!(files = left, %path, "unfinished files of a run that was killed were removed");
            }
            if template.is_one() && options.roll.size.is_none() {
                let stretch = template.stretch(0);
                let key = key(port, &stretch, String::new());
                let path = template.path(&stretch, &[]);
                shelf.begin(key, stretch.until, input, path, Existing::Replaced)?;
            }
            streams.push(Stream {
                port,
                input: input.clone(),
                template,
                zone: options.zone,
            });
        }
        Ok(Self { streams, shelf })
    }

    /// The files being written, by their final names.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.shelf.paths()
    }

    /// Removes what is unfinished when something failed.
    fn discard_if_failed(&mut self, result: Result<()>) -> Result<()> {
        if result.is_err() {
            self.shelf.clear();
        }
        result
    }
}

impl Sink for FileSink {
    fn write(&mut self, port: Port, rows: &Batch) -> Result<()> {
        let stream = at_port(&mut self.streams, port);
        let result = stream.and_then(|stream| stream.write(rows, &mut self.shelf));
        self.discard_if_failed(result)
    }

    fn watermark(&mut self, port: Port, watermark: EventTime) -> Result<()> {
        let result = self.shelf.publish_until(port.0, watermark.0);
        self.discard_if_failed(result)
    }

    fn close(&mut self) -> Result<()> {
        let result = self.shelf.publish_all();
        self.discard_if_failed(result)
    }
}

fn key(port: usize, stretch: &Stretch, values: String) -> Key {
    Key {
        port,
        from: stretch.from,
        values,
    }
}

/// One stream, and where its rows go.
struct Stream {
    port: usize,
    input: SinkInput,
    template: Template,
    zone: Tz,
}

impl Stream {
    fn write(&self, batch: &Batch, shelf: &mut Shelf) -> Result<()> {
        let rows = self.input.written_rows(batch)?;
        if !self.template.columns.is_empty() {
            return self.write_parts(batch, &rows, shelf);
        }
        let mut from = 0;
        while from < batch.len() {
            let stretch = self.template.stretch(batch.time[from]);
            let same = batch.time[from..].iter().take_while(|t| stretch.holds(**t));
            let n = same.count().max(1);
            let key = key(self.port, &stretch, String::new());
            self.put(&key, &stretch, &rows.slice(from, n), shelf)?;
            from += n;
        }
        Ok(())
    }

    /// Writes rows by their values, in the order in which these come first.
    fn write_parts(&self, batch: &Batch, rows: &RecordBatch, shelf: &mut Shelf) -> Result<()> {
        let texts = |c: &usize| Texts::new(rows.column(*c), self.zone);
        let texts: Vec<Texts> = self
            .template
            .columns
            .iter()
            .map(texts)
            .collect::<Result<_>>()?;
        let mut parts: Vec<(Stretch, Key, Vec<u32>)> = Vec::new();
        let mut known: HashMap<(i64, Vec<u8>), usize> = HashMap::new();
        let Some(first) = batch.time.first() else {
            return Ok(());
        };
        let mut stretch = self.template.stretch(*first);
        let mut value = Vec::new();
        for (row, time) in (0..).zip(batch.time.iter()) {
            if !stretch.holds(*time) {
                stretch = self.template.stretch(*time);
            }
            let raw = raw_key(&texts, row as usize);
            let next = parts.len();
            let at = *known.entry((stretch.from, raw)).or_insert(next);
            if at == next {
                let mut values = String::new();
                for (n, column) in texts.iter().enumerate() {
                    value.clear();
                    let there = column.write(row as usize, &mut value);
                    let max = self.template.bytes_max(n);
                    values.push_str(&segment(there.then_some(value.as_slice()), max));
                    values.push('\0');
                }
                parts.push((
                    stretch.clone(),
                    key(self.port, &stretch, values),
                    Vec::new(),
                ));
            }
            parts[at].2.push(row);
        }
        for (stretch, key, places) in parts {
            let rows = if places.len() == rows.num_rows() {
                rows.clone()
            } else {
                take_record_batch(rows, &UInt32Array::from(places))?
            };
            self.put(&key, &stretch, &rows, shelf)?;
        }
        Ok(())
    }

    fn put(
        &self,
        key: &Key,
        stretch: &Stretch,
        rows: &RecordBatch,
        shelf: &mut Shelf,
    ) -> Result<()> {
        let path = || {
            let values: Vec<&str> = key.values.split_terminator('\0').collect();
            self.template.path(stretch, &values)
        };
        shelf.write(key, stretch, &self.input, path, rows)
    }
}

/// The values of a row, told apart by their lengths.
fn raw_key(texts: &[Texts], row: usize) -> Vec<u8> {
    let mut raw = Vec::new();
    for column in texts {
        let start = raw.len();
        let there = column.write(row, &mut raw);
        let length = (raw.len() - start) as u64;
        raw.push(u8::from(there));
        raw.extend(length.to_le_bytes());
    }
    raw
}

impl fmt::Debug for FileSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.paths()).finish()
    }
}

#[cfg(test)]
mod tests;
