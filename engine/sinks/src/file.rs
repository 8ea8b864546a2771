//! The file sink: one file per stream, in any format that can be encoded. A file appears under
//! its name whole or not at all (`partial`).
//!
//! `close` is what a checkpoint will do per epoch: all files are made durable first (what
//! `prepare` will be), then all get their names (`commit`).

mod partial;

use std::fmt;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use zaraba_config::document::Format;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;
use zaraba_formats::encode::{Encoder, encoder};

use crate::file::partial::Partial;
use crate::input::{SinkInput, at_port};

/// Stands for the stream's name in a path.
const STREAM: &str = "{stream}";
/// Bytes collected before the system is asked to write.
const BUFFER_BYTES: usize = 256 << 10;

/// Streams as files.
pub struct FileSink {
    files: Vec<StreamFile>,
}

struct StreamFile {
    input: SinkInput,
    encoder: Box<dyn Encoder>,
    partial: Partial,
}

impl FileSink {
    /// Opens one file per stream, folders included. Times in text formats are shown in `zone`.
    ///
    /// # Errors
    /// When the path does not tell the streams apart, when the format cannot hold a column, or
    /// when a file cannot be made.
    pub fn open(inputs: &[SinkInput], path: &Path, format: Format, zone: Tz) -> Result<Self> {
        let open = |input: &SinkInput| {
            let path = path_of(path, &input.name, inputs.len())?;
            StreamFile::open(input, path, format, zone)
        };
        Ok(Self {
            files: inputs.iter().map(open).collect::<Result<_>>()?,
        })
    }

    /// The files' final names, by port.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|f| f.partial.path())
    }

    /// Removes what is unfinished when something failed.
    fn discard_if_failed(&mut self, result: Result<()>) -> Result<()> {
        if result.is_err() {
            self.files.clear();
        }
        result
    }
}

impl Sink for FileSink {
    fn write(&mut self, port: Port, rows: &Batch) -> Result<()> {
        let result = at_port(&mut self.files, port).and_then(|file| file.write(rows));
        self.discard_if_failed(result)
    }

    fn close(&mut self) -> Result<()> {
        let result = self.files.iter_mut().try_for_each(StreamFile::finish);
        let result = result.and_then(|()| {
            self.files
                .iter_mut()
                .try_for_each(|file| file.partial.publish())
        });
        self.files.clear();
        result
    }
}

impl StreamFile {
    fn open(input: &SinkInput, path: PathBuf, format: Format, zone: Tz) -> Result<Self> {
        let partial = Partial::create(path)?;
        let out = BufWriter::with_capacity(BUFFER_BYTES, partial.writer()?);
        let encoder = encoder(format, &input.written_schema(), zone, out)
            .map_err(|e| cannot_write(e, partial.path()).at(&input.name))?;
        Ok(Self {
            input: input.clone(),
            encoder,
            partial,
        })
    }

    fn write(&mut self, rows: &Batch) -> Result<()> {
        let rows = self.input.written_rows(rows)?;
        self.encoder
            .write(&rows)
            .map_err(|e| cannot_write(e, self.partial.path()))
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

/// A path with the stream's name put in.
fn path_of(path: &Path, stream: &str, streams: usize) -> Result<PathBuf> {
    let Some(text) = path.to_str() else {
        return Err(Error::user(format!(
            "expected a path in UTF-8, got {}",
            path.display()
        )));
    };
    if streams > 1 && !text.contains(STREAM) {
        return Err(Error::user(format!(
            "expected `{STREAM}` in the path of a sink with {streams} streams, got {text}"
        )));
    }
    let filled = text.replace(STREAM, stream);
    let unknown = filled.find('{').and_then(|start| {
        let length = filled[start..].find('}')?;
        filled.get(start..=start + length)
    });
    match unknown {
        Some(word) => Err(Error::user(format!(
            "no `{word}` to put into a path: only `{STREAM}` is known, in {text}"
        ))),
        None => Ok(PathBuf::from(filled)),
    }
}

#[cfg(test)]
mod tests;
