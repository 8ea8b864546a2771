//! A stream as clients see it: its description, its log, and its messages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono_tz::Tz;
use zaraba_core::error::Result;

use crate::input::SinkInput;
use crate::websocket::binary;
use crate::websocket::log::{Frame, Kind, Log, Retention, Step};
use crate::websocket::protocol;
use crate::websocket::rows::{RowWriter, Rows, picked};
use crate::websocket::voice::Voice;
use crate::websocket::wire::{Draft, Message};

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
    pub(crate) fn new(input: &SinkInput, history: Retention, zone: Tz) -> Result<Self> {
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

    /// The message for a step.
    pub(crate) fn message(&self, step: &Step, voice: Voice) -> Result<Message> {
        match step {
            Step::Gap { first, last } => {
                Ok(Message::text(&protocol::gap(&self.name, *first, *last)))
            }
            Step::Frame(frame) => self.rows(frame, voice),
        }
    }

    /// The message of a frame, made once for all clients of an encoding.
    pub(crate) fn rows(&self, frame: &Frame, voice: Voice) -> Result<Message> {
        frame.message(self.writer.encoding(voice), || {
            let range = (frame.first, frame.last);
            let delta = |kind| protocol::rows_head(kind, &self.name, range, frame.time, self.zone);
            match frame.kind {
                Kind::Snapshot => {
                    let head = protocol::snapshot_head(&self.name, frame.last);
                    self.with_rows(voice, head, &frame.rows, false)
                }
                Kind::Rows if !self.upsert => {
                    self.with_rows(voice, delta("append"), &frame.rows, false)
                }
                Kind::Rows | Kind::Conflated => {
                    self.with_rows(voice, delta("upsert"), &frame.rows, true)
                }
            }
        })
    }

    /// A message of rows; `deletions`: whether it has a list of deleted ones.
    fn with_rows(
        &self,
        voice: Voice,
        head: Vec<u8>,
        rows: &Rows,
        deletions: bool,
    ) -> Result<Message> {
        if voice == Voice::Arrow {
            let deleted = deletions.then(|| self.writer.deleted_stream(rows));
            let live = self.writer.live_stream(rows)?;
            return binary::frame(head, &live, deleted.transpose()?.as_ref());
        }
        let (encoding, mut draft) = (self.writer.encoding(voice), Draft::new());
        let out = draft.out();
        out.extend(head);
        self.writer.live(encoding, rows, out)?;
        if deletions {
            out.extend(b",\"deleted\":");
            self.writer.deleted(encoding, rows, out)?;
        }
        out.push(b'}');
        draft.text()
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
