//! What a topic keeps: its newest frames, and on upsert topics the whole state. Clients hold no
//! queue of their own: each has a place in the log (the seq it was sent last) and asks what comes
//! next. So a client costs a number, the writer never waits, and a client that falls out of the
//! log gets a gap (append) or what changed since (upsert).

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use arrow::array::RecordBatch;
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::Schema;
use axum::extract::ws::Message;
use zaraba_core::batch::Batch;
use zaraba_core::error::Result;
use zaraba_core::time::EventTime;

use crate::websocket::rows::{ENCODINGS, Rows};
use crate::websocket::state::State;

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
}

/// One message's worth of rows. What is sent is made by the first client that wants it.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// The greatest event time among the rows.
    pub(crate) time: EventTime,
    /// The topic's watermark before these rows.
    pub(crate) watermark: EventTime,
    pub(crate) rows: Rows,
    /// The event times of the batch that the rows are of.
    times: ScalarBuffer<i64>,
    /// The message, by encoding.
    pub(crate) made: [OnceLock<Message>; ENCODINGS],
}

/// What a client gets next from a topic.
#[derive(Debug)]
pub(crate) enum Step {
    /// The state, or the newest rows.
    Snapshot { last: u64, rows: Rows },
    /// Rows as they came, the same for every client.
    Frame(Arc<Frame>),
    /// The newest state per key of what changed.
    Conflated {
        first: u64,
        last: u64,
        time: EventTime,
        rows: Rows,
    },
    /// Rows of an append topic that are gone.
    Gap { first: u64, last: u64 },
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
            history,
            state: key.map(|key| State::new(schema, key)).transpose()?,
        })
    }

    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    /// Takes rows.
    pub(crate) fn write(&mut self, batch: &Batch) -> Result<()> {
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
        self.frames.push_back(Arc::new(Frame {
            first,
            last: self.last,
            time,
            watermark: self.watermark,
            rows,
            times: batch.time.clone(),
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
            if self.frames.len() == 1 || self.frame_rows - length < keep {
                break;
            }
            self.frame_rows -= length;
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

    /// What a client at a place gets next; moves the place.
    pub(crate) fn step(&self, place: &mut Place) -> Option<Step> {
        let Some(sent) = place.sent else {
            return Some(self.snapshot(place));
        };
        if sent == self.last {
            place.watermark = self.watermark;
            return None;
        }
        let at = self.frames.partition_point(|f| f.last <= sent);
        let frame = self.frames.get(at)?;
        if frame.first == sent + 1 {
            place.sent = Some(frame.last);
            place.watermark = place.watermark.max(frame.watermark);
            return Some(Step::Frame(Arc::clone(frame)));
        }
        if let Some(state) = &self.state {
            let Some(rows) = state.since(sent) else {
                return Some(self.snapshot(place));
            };
            *place = Place {
                sent: Some(self.last),
                watermark: self.watermark,
            };
            let (first, last) = (sent + 1, self.last);
            return Some(Step::Conflated {
                first,
                last,
                time: self.newest,
                rows,
            });
        }
        if frame.first > sent + 1 {
            place.sent = Some(frame.first - 1);
            return Some(Step::Gap {
                first: sent + 1,
                last: frame.first - 1,
            });
        }
        place.sent = Some(frame.last);
        place.watermark = place.watermark.max(frame.watermark);
        Some(Step::Frame(Arc::new(frame.after(sent))))
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

    fn snapshot(&self, place: &mut Place) -> Step {
        *place = Place {
            sent: Some(self.last),
            watermark: self.watermark,
        };
        let (last, rows) = self.held();
        Step::Snapshot { last, rows }
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

impl Frame {
    /// The part of an append frame behind a seq within it.
    fn after(&self, seq: u64) -> Self {
        let skipped = usize::try_from(seq + 1 - self.first).unwrap_or(usize::MAX);
        Self {
            first: seq + 1,
            last: self.last,
            time: self.time,
            watermark: self.watermark,
            times: self.times.clone(),
            rows: Rows {
                batches: self.rows.batches.clone(),
                live: self.rows.live.iter().skip(skipped).copied().collect(),
                deleted: Vec::new(),
            },
            made: Default::default(),
        }
    }
}
