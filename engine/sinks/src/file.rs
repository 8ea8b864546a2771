//! The file sink: of each stream one file, or one for each day, in any format that can be encoded.
//! A file appears under its name whole or not at all (`partial`): at the end, or when the watermark
//! says that its day is over.
//!
//! `close` is what a checkpoint will do per epoch: all files are made durable first (what
//! `prepare` will be), then all get their names (`commit`).

pub mod days;

pub(crate) mod partial;

mod template;

use std::fmt;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use chrono::NaiveDate;
use chrono_tz::Tz;
use zaraba_config::document::Format;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;
use zaraba_core::time::EventTime;
use zaraba_formats::encode::{Encoder, encoder};

use crate::file::days::{Calendars, Day};
use crate::file::partial::Partial;
use crate::file::template::Template;
use crate::input::{SinkInput, at_port};

/// Bytes collected before the system is asked to write.
const BUFFER_BYTES: usize = 256 << 10;

/// Streams as files.
pub struct FileSink {
    streams: Vec<StreamFiles>,
}

impl FileSink {
    /// Opens one file per stream, folders included, where the path names no day. Times in text
    /// formats are shown in `zone`.
    ///
    /// # Errors
    /// When the path does not tell the streams apart, when the format cannot hold a column, or
    /// when a file cannot be made.
    pub fn open(
        inputs: &[SinkInput],
        path: &Path,
        format: Format,
        zone: Tz,
        calendars: &Calendars,
    ) -> Result<Self> {
        let open = |input: &SinkInput| {
            let template = Template::new(path, &input.name, inputs.len(), calendars)?;
            StreamFiles::open(input, template, format, zone)
        };
        Ok(Self {
            streams: inputs.iter().map(open).collect::<Result<_>>()?,
        })
    }

    /// The files being written, by their final names.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let files = self.streams.iter().flat_map(|s| &s.files);
        files.map(|(_, file)| file.partial.path())
    }

    /// Removes what is unfinished when something failed.
    fn discard_if_failed(&mut self, result: Result<()>) -> Result<()> {
        if result.is_err() {
            self.streams.clear();
        }
        result
    }
}

impl Sink for FileSink {
    fn write(&mut self, port: Port, rows: &Batch) -> Result<()> {
        let result = at_port(&mut self.streams, port).and_then(|stream| stream.write(rows));
        self.discard_if_failed(result)
    }

    fn watermark(&mut self, port: Port, watermark: EventTime) -> Result<()> {
        let result = at_port(&mut self.streams, port).and_then(|s| s.publish_until(watermark.0));
        self.discard_if_failed(result)
    }

    fn close(&mut self) -> Result<()> {
        let mut files = self.streams.iter_mut().flat_map(|s| &mut s.files);
        let result = files.try_for_each(|(_, file)| file.finish());
        let result = result.and_then(|()| {
            let mut files = self.streams.iter_mut().flat_map(|s| &mut s.files);
            files.try_for_each(|(_, file)| file.partial.publish())
        });
        self.streams.clear();
        result
    }
}

/// One stream and its files that are being written, each with its day.
struct StreamFiles {
    input: SinkInput,
    template: Template,
    format: Format,
    zone: Tz,
    files: Vec<(Day, File)>,
}

impl StreamFiles {
    fn open(input: &SinkInput, template: Template, format: Format, zone: Tz) -> Result<Self> {
        let mut stream = Self {
            input: input.clone(),
            template,
            format,
            zone,
            files: Vec::new(),
        };
        if stream.template.days().is_none() {
            let always = Day {
                date: NaiveDate::MIN,
                from: i64::MIN,
                until: i64::MAX,
            };
            let file = stream.create(stream.template.of(always.date))?;
            stream.files.push((always, file));
        }
        Ok(stream)
    }

    fn create(&self, path: PathBuf) -> Result<File> {
        File::open(&self.input, path, self.format, self.zone)
    }

    /// The file of the day that holds a time. What an earlier run wrote of the same day stays.
    fn of(&mut self, time: i64) -> Result<&mut (Day, File)> {
        let place = match self.files.iter().position(|(day, _)| day.holds(time)) {
            Some(place) => place,
            None => {
                let days = self.template.days();
                let day = days
                    .map(|days| days.of(time))
                    .ok_or_else(|| Error::internal("a row behind the end of time"))?;
                let file = self.create(beside(self.template.of(day.date)))?;
                self.files.push((day, file));
                self.files.len() - 1
            }
        };
        Ok(&mut self.files[place])
    }

    fn write(&mut self, batch: &Batch) -> Result<()> {
        let rows = self.input.written_rows(batch)?;
        let mut from = 0;
        while from < batch.len() {
            let (day, file) = self.of(batch.time[from])?;
            let same = batch.time[from..].iter().take_while(|t| day.holds(**t));
            let n = same.count().max(1);
            file.write(&rows.slice(from, n))?;
            from += n;
        }
        Ok(())
    }

    /// Gives their names to the files of days that are over.
    fn publish_until(&mut self, watermark: i64) -> Result<()> {
        let over = |(day, _): &(Day, File)| day.until <= watermark;
        while let Some(place) = self.files.iter().position(over) {
            let (_, mut file) = self.files.remove(place);
            file.finish()?;
            file.partial.publish()?;
        }
        Ok(())
    }
}

/// A path at which there is no file yet: `2025-11-14.2.csv` beside `2025-11-14.csv`.
fn beside(path: PathBuf) -> PathBuf {
    let name = |n: usize| {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        match path.extension() {
            Some(end) => path.with_file_name(format!("{stem}.{n}.{}", end.to_string_lossy())),
            None => path.with_file_name(format!("{stem}.{n}")),
        }
    };
    if !path.exists() {
        return path;
    }
    (2..).map(name).find(|p| !p.exists()).unwrap_or(path)
}

/// A file that is being written.
struct File {
    encoder: Box<dyn Encoder>,
    partial: Partial,
}

impl File {
    fn open(input: &SinkInput, path: PathBuf, format: Format, zone: Tz) -> Result<Self> {
        let partial = Partial::create(path)?;
        let out = BufWriter::with_capacity(BUFFER_BYTES, partial.writer()?);
        let encoder = encoder(format, &input.written_schema(), zone, out)
            .map_err(|e| cannot_write(e, partial.path()).at(&input.name))?;
        Ok(Self { encoder, partial })
    }

    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let written = self.encoder.write(rows);
        written.map_err(|e| cannot_write(e, self.partial.path()))
    }

    fn finish(&mut self) -> Result<()> {
        self.encoder
            .finish()
            .map_err(|e| cannot_write(e, self.partial.path()))?;
        self.partial.sync()
    }
}

impl fmt::Debug for FileSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.paths()).finish()
    }
}

fn cannot_write(error: Error, path: &Path) -> Error {
    error.at(&format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests;
