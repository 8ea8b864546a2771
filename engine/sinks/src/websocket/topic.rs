//! A stream as clients see it: its description, its log, and the text of its messages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use axum::extract::ws::Utf8Bytes;
use chrono_tz::Tz;
use zaraba_core::error::{Error, Result};
use zaraba_formats::encode::json::Int64;

use crate::input::SinkInput;
use crate::websocket::log::{Log, Step};
use crate::websocket::protocol;
use crate::websocket::rows::{RowWriter, picked};

/// One topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: String,
    /// As `hello` and `subscribed` have it.
    pub(crate) description: String,
    pub(crate) upsert: bool,
    pub(crate) columns: SchemaRef,
    writer: RowWriter,
    zone: Tz,
    log: Mutex<Log>,
}

impl Topic {
    pub(crate) fn new(input: &SinkInput, history: usize, zone: Tz) -> Result<Self> {
        let key = input.key()?;
        let columns = &input.schema.columns;
        let writer = RowWriter::new(columns, key.as_deref().unwrap_or(&[]), zone)
            .map_err(|e| e.at(&input.name))?;
        Ok(Self {
            name: input.name.clone(),
            description: protocol::description(input),
            upsert: key.is_some(),
            columns: Arc::clone(columns),
            writer,
            zone,
            log: Mutex::new(Log::new(columns, key.as_deref(), history)?),
        })
    }

    /// The log. A writer that panicked has not left it half-written in a way that matters to
    /// readers: the run ends anyway.
    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The rows that it holds now and the seq of the last: the whole state of an upsert topic, or
    /// its first rows; the newest rows of an append topic.
    pub(crate) fn held(&self, limit: Option<usize>) -> (u64, Result<RecordBatch>) {
        let (last, mut rows) = self.log().held();
        if let Some(limit) = limit {
            let n = rows.live.len();
            if self.upsert {
                rows.live.truncate(limit);
            } else {
                rows.live.drain(..n.saturating_sub(limit));
            }
        }
        (last, picked(&rows.batches, &rows.live, &self.columns))
    }

    /// The message for a step. A frame's is made once for all clients of an encoding.
    pub(crate) fn message(&self, step: &Step, int64: Int64) -> Result<Utf8Bytes> {
        let encoding = self.writer.encoding(int64);
        match step {
            Step::Gap { first, last } => Ok(protocol::gap(&self.name, *first, *last).into()),
            Step::Snapshot { last, rows } => {
                let mut out = protocol::snapshot_head(&self.name, *last);
                self.writer.live(encoding, rows, &mut out)?;
                out.push(b'}');
                text(out)
            }
            Step::Conflated {
                first,
                last,
                time,
                rows,
            } => {
                let mut out =
                    protocol::rows_head("upsert", &self.name, (*first, *last), *time, self.zone);
                self.writer.live(encoding, rows, &mut out)?;
                out.extend(b",\"deleted\":");
                self.writer.deleted(encoding, rows, &mut out)?;
                out.push(b'}');
                text(out)
            }
            Step::Frame(frame) => {
                if let Some(made) = frame.text[encoding].get() {
                    return Ok(made.clone());
                }
                let kind = if self.upsert { "upsert" } else { "append" };
                let range = (frame.first, frame.last);
                let mut out = protocol::rows_head(kind, &self.name, range, frame.time, self.zone);
                self.writer.live(encoding, &frame.rows, &mut out)?;
                if self.upsert {
                    out.extend(b",\"deleted\":");
                    self.writer.deleted(encoding, &frame.rows, &mut out)?;
                }
                out.push(b'}');
                let made = text(out)?;
                Ok(frame.text[encoding].get_or_init(|| made).clone())
            }
        }
    }
}

/// Topics by name, in the order asked; the names that there are not.
pub(crate) fn find<'a>(
    topics: &[Arc<Topic>],
    names: impl IntoIterator<Item = &'a str>,
) -> (Vec<usize>, Vec<&'a str>) {
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for name in names {
        match topics.iter().position(|t| t.name == name) {
            Some(at) if found.contains(&at) => {}
            Some(at) => found.push(at),
            None => unknown.push(name),
        }
    }
    (found, unknown)
}

fn text(bytes: Vec<u8>) -> Result<Utf8Bytes> {
    String::from_utf8(bytes)
        .map(Utf8Bytes::from)
        .map_err(|e| Error::internal(format!("a message that is not UTF-8: {e}")))
}
