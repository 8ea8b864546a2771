//! Rows on standard output, to be read by eyes and pipes: JSON lines, or CSV of one stream.
//!
//! When the reader of the pipe goes away (`zaraba run … | head`), that is its wish and not a
//! failure: `write` answers an error that [`is_closed`] knows, and the run should end quietly.

use std::fmt;
use std::io::{ErrorKind, Write};

use arrow::datatypes::SchemaRef;
use chrono_tz::Tz;
use zaraba_config::document::Format;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::Port;
use zaraba_core::sink::Sink;
use zaraba_formats::encode::csv;
use zaraba_formats::encode::json::{Int64, JsonEncoder};

use crate::input::{SinkInput, at_port};

/// The message of the error that a closed pipe gives.
const CLOSED: &str = "standard output was closed by its reader";

/// Whether an error means that nobody reads standard output any more: the run should end without
/// a word.
#[must_use]
pub fn is_closed(error: &Error) -> bool {
    matches!(error, Error::Outside(message) if message.ends_with(CLOSED))
}

/// Streams as lines.
pub struct StdoutSink {
    streams: Vec<Stream>,
    buffer: Vec<u8>,
    out: Box<dyn Write + Send>,
}

struct Stream {
    input: SinkInput,
    lines: Lines,
}

enum Lines {
    Json {
        /// What stands before the row's own fields, its comma included.
        prefix: String,
        encoder: JsonEncoder,
        /// On upsert streams: the key columns and their encoder.
        key: Option<(Vec<usize>, JsonEncoder)>,
    },
    Csv {
        zone: Tz,
    },
}

impl StdoutSink {
    /// Writes to the process's standard output, times in `zone`.
    ///
    /// # Errors
    /// When the format is for files only, when CSV is to hold several streams, or when a column
    /// cannot be written or has the name of one that is added.
    pub fn new(inputs: &[SinkInput], format: Format, zone: Tz) -> Result<Self> {
        Self::to(Box::new(std::io::stdout()), inputs, format, zone)
    }

    fn to(
        out: Box<dyn Write + Send>,
        inputs: &[SinkInput],
        format: Format,
        zone: Tz,
    ) -> Result<Self> {
        let mut buffer = Vec::new();
        let streams = match (format, inputs) {
            (Format::Json, _) => {
                let named = inputs.len() > 1;
                inputs
                    .iter()
                    .map(|input| json_stream(input, named, zone))
                    .collect::<Result<_>>()?
            }
            (Format::Csv, [input]) => {
                csv::write_header(&input.written_schema(), &mut buffer)?;
                vec![Stream {
                    input: input.clone(),
                    lines: Lines::Csv { zone },
                }]
            }
            (Format::Csv, _) => {
                return Err(Error::user(format!(
                    "expected one stream for csv on standard output, got {}; use json",
                    inputs.len()
                )));
            }
            (other, _) => {
                return Err(Error::user(format!(
                    "expected json or csv for standard output, got {}",
                    format!("{other:?}").to_lowercase()
                )));
            }
        };
        Ok(Self {
            streams,
            buffer,
            out,
        })
    }

    fn send(&mut self) -> Result<()> {
        let sent = self
            .out
            .write_all(&self.buffer)
            .and_then(|()| self.out.flush());
        self.buffer.clear();
        sent.map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Error::outside(CLOSED),
            _ => Error::outside(format!("cannot write to standard output: {error}")),
        })
    }
}

impl Sink for StdoutSink {
    fn write(&mut self, port: Port, rows: &Batch) -> Result<()> {
        let stream = at_port(&mut self.streams, port)?;
        match &stream.lines {
            Lines::Csv { zone } => {
                csv::write_rows(&stream.input.written_rows(rows)?, *zone, &mut self.buffer)?;
            }
            Lines::Json {
                prefix,
                encoder,
                key,
            } => {
                write_json(rows, prefix, encoder, key.as_ref(), &mut self.buffer)?;
            }
        }
        self.send()
    }

    fn close(&mut self) -> Result<()> {
        self.send()
    }
}

impl fmt::Debug for StdoutSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StdoutSink")
            .field("streams", &self.streams.len())
            .finish()
    }
}

fn json_stream(input: &SinkInput, named: bool, zone: Tz) -> Result<Stream> {
    let key = input.key()?;
    let columns = &input.schema.columns;
    for (added, name) in [(named, "stream"), (key.is_some(), "deleted")] {
        if added && columns.index_of(name).is_ok() {
            return Err(Error::user(format!(
                "column `{name}` of `{}` clashes with the field `{name}` that is added on \
                 standard output; rename it in the query",
                input.name
            )));
        }
    }
    let encode = |schema: &SchemaRef| JsonEncoder::new(schema, zone, Int64::Number);
    let of_key = |key: Vec<usize>| {
        let encoder = encode(&columns.project(&key)?.into())?;
        Ok::<_, Error>((key, encoder))
    };
    let name = serde_json::Value::from(input.name.as_str());
    let prefix = if named {
        format!("\"stream\":{name},")
    } else {
        String::new()
    };
    let encoder = encode(columns).map_err(|e| e.at(&input.name))?;
    let key = key.map(of_key).transpose()?;
    Ok(Stream {
        input: input.clone(),
        lines: Lines::Json {
            prefix,
            encoder,
            key,
        },
    })
}

/// Rows whole; of a deletion the key columns and `"deleted":true`.
fn write_json(
    rows: &Batch,
    prefix: &str,
    encoder: &JsonEncoder,
    key: Option<&(Vec<usize>, JsonEncoder)>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let whole = encoder.rows(&rows.rows)?;
    let projected = key.map(|(key, _)| rows.rows.project(key)).transpose()?;
    let keys = match (key, &projected) {
        (Some((_, encoder)), Some(projected)) => Some(encoder.rows(projected)?),
        _ => None,
    };
    for row in 0..rows.len() {
        out.push(b'{');
        out.extend(prefix.as_bytes());
        match &keys {
            Some(keys) if rows.is_deleted(row) => {
                let start = out.len();
                keys.write_fields(row, out);
                if out.len() > start {
                    out.push(b',');
                }
                out.extend(b"\"deleted\":true");
            }
            _ => whole.write_fields(row, out),
        }
        out.extend(b"}\n");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
