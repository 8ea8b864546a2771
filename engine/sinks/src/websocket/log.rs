//! What a topic keeps: its newest frames, and on upsert topics the whole state. Clients hold no
//! queue of their own: each has a place in the log (the seq it was sent last) and asks what comes
//! next. So a client costs a number, the writer never waits, and a client that falls out of the
//! log gets a gap (append) or what changed since (upsert).

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use arrow::array::{Array as _, RecordBatch};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::Schema;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::time::EventTime;

use crate::websocket::rows::{ENCODINGS, Rows};
use crate::websocket::state::State;
use crate::websocket::wire::Message;

/// Most rows of one message; a snapshot and a conflated message may have more.
const FRAME_ROWS: usize = 1_024;
/// Rows of a topic that a client may be behind before it misses some.
pub(crate) const LOG_ROWS: usize = 16_384;

/// What is kept of an append topic for clients that come late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The newest so many rows.
    pub rows: usize,
    /// Of them those that are no older than so many microseconds of event time, counted back
    /// from the newest; none: all.
    pub time: Option<i64>,
    /// Of any topic no more than so many bytes of rows, but always the newest message.
    pub bytes: usize,
}

/// Snapshots and conflated frames kept for clients that want the same before new rows come.
const RECENT_MAX: usize = 16;

/// What a frame's rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The state, or the newest rows.
    Snapshot,
    /// Rows as they came.
    Rows,
    /// The newest state per key of what changed.
    Conflated,
}

/// One message's worth of rows. What is sent is made by the first client that wants it.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    /// A snapshot's is of no meaning.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// The greatest event time among the rows.
    pub(crate) time: EventTime,
    /// The topic's watermark before these rows.
    pub(crate) watermark: EventTime,
    pub(crate) rows: Rows,
    /// The event times of the batch that the rows are of; of those that came alone.
    times: ScalarBuffer<i64>,
    /// Bytes of the rows.
    bytes: usize,
    /// The message, or why there is none, by encoding.
    made: [OnceLock<Result<Message, String>>; ENCODINGS],
}

/// What a client gets next from a topic.
#[derive(Debug)]
pub(crate) enum Step {
    /// Rows, the same for every client at this place.
    Frame(Arc<Frame>),
    /// Rows of an append topic that are gone.
    Gap { first: u64, last: u64 },
}

/// What follows at a place.
#[derive(Debug)]
pub(crate) enum Next {
    /// The rows behind it, as they came.
    Frame(Arc<Frame>),
    /// Nothing yet.
    Nothing,
    /// Something that takes longer: see [`Log::step`].
    Other,
}

/// Where a client is in a topic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The seq sent last; none: a snapshot is due.
    pub(crate) sent: Option<u64>,
    /// The topic's watermark as far as the client has the rows before it.
    pub(crate) watermark: EventTime,
}

impl Place {
    /// Before everything: a snapshot is due.
    pub(crate) const START: Self = Self {
        sent: None,
        watermark: EventTime::MIN,
    };

    /// Behind a frame.
    fn pass(&mut self, frame: &Frame) {
        self.sent = Some(frame.last);
        self.watermark = self.watermark.max(frame.watermark);
    }
}

/// The rows of one topic.
#[derive(Debug)]
pub(crate) struct Log {
    last: u64,
    watermark: EventTime,
    /// The greatest event time so far.
    newest: EventTime,
    frames: VecDeque<Arc<Frame>>,
    frame_rows: u64,
    frame_bytes: usize,
    /// Made since the newest row came, by the seq behind which they are; none: snapshots.
    recent: Vec<(Option<u64>, Arc<Frame>)>,
    history: Retention,
    /// Upsert topics only.
    state: Option<State>,
}

impl Log {
    /// `key`: where the key columns stand, none on an append topic.
    pub(crate) fn new(schema: &Schema, key: Option<&[usize]>, history: Retention) -> Result<Self> {
        Ok(Self {
            last: 0,
            watermark: EventTime::MIN,
            newest: EventTime::MIN,
            frames: VecDeque::new(),
            frame_rows: 0,
            frame_bytes: 0,
            recent: Vec::new(),
            history,
            state: key.map(|key| State::new(schema, key)).transpose()?,
        })
    }

    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Takes rows.
    pub(crate) fn write(&mut self, batch: &Batch) -> Result<()> {
        self.recent.clear();
        let first = self.last + 1;
        let replaced = match &mut self.state {
            Some(state) => state.apply(batch, first)?,
            None => Vec::new(),
        };
        let shared = Arc::new(batch.rows.clone());
        for start in (0..batch.len()).step_by(FRAME_ROWS) {
            let end = (start + FRAME_ROWS).min(batch.len());
            self.push(batch, &shared, start..end, &replaced);
        }
        Ok(())
    }

    fn push(
        &mut self,
        batch: &Batch,
        shared: &Arc<RecordBatch>,
        range: std::ops::Range<usize>,
        replaced: &[bool],
    ) {
        let mut rows = Rows {
            batches: vec![Arc::clone(shared)],
            ..Rows::default()
        };
        let mut time = EventTime::MIN;
        for (i, row) in range
            .clone()
            .zip(u32::try_from(range.start).unwrap_or(u32::MAX)..)
        {
            time = time.max(EventTime(batch.time[i]));
            match (replaced.get(i), batch.is_deleted(i)) {
                (Some(true), _) => {}
                (_, true) => rows.deleted.push((0, row)),
                (_, false) => rows.live.push((0, row)),
            }
        }
        let first = self.last + 1;
        self.last += range.len() as u64;
        self.newest = self.newest.max(time);
        self.frame_rows += range.len() as u64;
        let bytes = bytes_of(&batch.rows.slice(range.start, range.len()));
        self.frame_bytes += bytes;
        self.frames.push_back(Arc::new(Frame {
            kind: Kind::Rows,
            first,
            last: self.last,
            time,
            watermark: self.watermark,
            rows,
            times: batch.time.clone(),
            bytes,
            made: Default::default(),
        }));
        let keep = if self.state.is_some() {
            0
        } else {
            self.history.rows as u64
        }
        .max(LOG_ROWS as u64);
        while let Some(oldest) = self.frames.front() {
            let length = oldest.last + 1 - oldest.first;
            let many = self.frame_rows - length >= keep || self.frame_bytes > self.history.bytes;
            if self.frames.len() == 1 || !many {
                break;
            }
            self.frame_rows -= length;
            self.frame_bytes -= oldest.bytes;
            self.frames.pop_front();
        }
    }

    /// No row older than this follows. The end of all inputs has no date: it is the newest row's.
    pub(crate) fn advance(&mut self, watermark: EventTime) {
        let reached = if watermark == EventTime::MAX {
            self.newest
        } else {
            watermark
        };
        self.watermark = self.watermark.max(reached);
    }

    /// What comes right behind a place; moves the place.
    pub(crate) fn next(&self, place: &mut Place) -> Next {
        let Some(sent) = place.sent else {
            return Next::Other;
        };
        if sent == self.last {
            place.watermark = self.watermark;
            return Next::Nothing;
        }
        // Most clients want the newest frame.
        let newest = self.frames.back().filter(|f| f.first == sent + 1);
        let found = newest.or_else(|| {
            let at = self.frames.partition_point(|f| f.last <= sent);
            self.frames.get(at).filter(|f| f.first == sent + 1)
        });
        match found {
            Some(frame) => {
                place.pass(frame);
                Next::Frame(Arc::clone(frame))
            }
            None => Next::Other,
        }
    }

    /// What a client at a place gets next, whatever it is; moves the place.
    pub(crate) fn step(&mut self, place: &mut Place) -> Option<Step> {
        match self.next(place) {
            Next::Frame(frame) => return Some(Step::Frame(frame)),
            Next::Nothing => return None,
            Next::Other => {}
        }
        let sent = place.sent;
        if let (Some(sent), None) = (sent, &self.state) {
            let at = self.frames.partition_point(|f| f.last <= sent);
            let first = self.frames.get(at)?.first;
            if first > sent + 1 {
                place.sent = Some(first - 1);
                return Some(Step::Gap {
                    first: sent + 1,
                    last: first - 1,
                });
            }
        }
        let known = self.recent.iter().find(|(behind, _)| *behind == sent);
        let frame = match known {
            Some((_, frame)) => Arc::clone(frame),
            None => {
                let frame = Arc::new(self.catch_up(sent));
                if self.recent.len() == RECENT_MAX {
                    self.recent.remove(0);
                }
                self.recent.push((sent, Arc::clone(&frame)));
                frame
            }
        };
        place.pass(&frame);
        Some(Step::Frame(frame))
    }

    /// What a client needs that has everything up to `sent`, which is within a frame or before
    /// all of them.
    fn catch_up(&self, sent: Option<u64>) -> Frame {
        let (kind, rows) = match (sent, &self.state) {
            (Some(sent), Some(state)) => match state.since(sent) {
                Some(rows) => (Kind::Conflated, rows),
                None => (Kind::Snapshot, state.snapshot()),
            },
            (Some(sent), None) => {
                let at = self.frames.partition_point(|f| f.last <= sent);
                if let Some(frame) = self.frames.get(at) {
                    return frame.after(sent);
                }
                (Kind::Snapshot, self.held().1)
            }
            (None, _) => (Kind::Snapshot, self.held().1),
        };
        Frame {
            kind,
            first: sent.unwrap_or(0) + 1,
            last: self.last,
            time: self.newest,
            watermark: self.watermark,
            rows,
            times: ScalarBuffer::default(),
            bytes: 0,
            made: Default::default(),
        }
    }

    /// A place behind `seq`, if what follows it is still there.
    pub(crate) fn resume(&self, seq: u64) -> Option<Place> {
        let kept = match &self.state {
            Some(state) => state.remembers(seq),
            None => self
                .frames
                .front()
                .is_none_or(|oldest| seq + 1 >= oldest.first),
        };
        (kept && seq <= self.last).then_some(Place {
            sent: Some(seq),
            ..Place::START
        })
    }

    /// What a snapshot would have, and the seq of its last row.
    pub(crate) fn held(&self) -> (u64, Rows) {
        let rows = match &self.state {
            Some(state) => state.snapshot(),
            None => self.newest_rows(),
        };
        (self.last, rows)
    }

    /// The rows of an append topic that are kept for those who come late.
    fn newest_rows(&self) -> Rows {
        let mut rows = Rows::default();
        let from = (self.last + 1).saturating_sub(self.history.rows as u64);
        let span = self.history.time;
        let oldest = span.map_or(i64::MIN, |span| self.newest.0.saturating_sub(span));
        for frame in self.frames.iter().filter(|f| f.last >= from) {
            let batch = u32::try_from(rows.batches.len()).unwrap_or(u32::MAX);
            rows.batches
                .extend(frame.rows.batches.iter().map(Arc::clone));
            let skipped = usize::try_from(from.saturating_sub(frame.first)).unwrap_or(usize::MAX);
            rows.live.extend(
                frame
                    .rows
                    .live
                    .iter()
                    .skip(skipped)
                    .filter(|(_, row)| frame.times[*row as usize] >= oldest)
                    .map(|(_, row)| (batch, *row)),
            );
        }
        rows
    }
}

/// Bytes of rows alone, without those beside them in the same buffers.
fn bytes_of(rows: &RecordBatch) -> usize {
    let columns = rows.columns().iter();
    columns
        .map(|column| column.to_data().get_slice_memory_size().unwrap_or(0))
        .sum()
}

impl Frame {
    /// The message in an encoding: made by whoever asks first, once for all.
    pub(crate) fn message(
        &self,
        encoding: usize,
        make: impl FnOnce() -> Result<Message>,
    ) -> Result<Message> {
        let made = self.made[encoding].get_or_init(|| make().map_err(|e| e.to_string()));
        made.clone().map_err(Error::outside)
    }

    /// The part of an append frame behind a seq within it.
    fn after(&self, seq: u64) -> Self {
        let skipped = usize::try_from(seq + 1 - self.first).unwrap_or(usize::MAX);
        Self {
            kind: self.kind,
            first: seq + 1,
            last: self.last,
            time: self.time,
            watermark: self.watermark,
            times: self.times.clone(),
            bytes: 0,
            rows: Rows {
                batches: self.rows.batches.clone(),
                live: self.rows.live.iter().skip(skipped).copied().collect(),
                deleted: Vec::new(),
            },
            made: Default::default(),
        }
    }
}
