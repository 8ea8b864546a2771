//! The only place that judges rows by time, row by row and per partition, so that the size of a
//! batch never matters: rows without a time or ahead of the clock are bad, rows older than the
//! watermark their partition had reached are late, all others get their sequence.
//!
//! An idle source does not fall out of the reckoning: it *follows*, stating the watermark of the
//! others as its own (see `zaraba-runtime`). So a source that comes back finds its own watermark
//! where the pipeline is, and what is older is late.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, TimestampMicrosecondArray, UInt32Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::take_record_batch;
use arrow::datatypes::{Field, Schema, SchemaRef, TimestampMicrosecondType};
use zaraba_config::document::ErrorPolicy;
use zaraba_core::bad_rows;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::meter::Meter;
use zaraba_core::output::{OutPort, Output};
use zaraba_core::sequence::Sequence;
use zaraba_core::source::{BadRow, SourceRows};
use zaraba_core::stream::event_time_type;
use zaraba_core::time::{ClockTime, EventTime, SECOND, iso8601};

/// The first microsecond of year 1 and the last of year 9999: event time outside is a bad row.
const YEARS: (i64, i64) = (-62_135_596_800_000_000, 253_402_300_799_999_999);

/// The column that `SOURCE__late` has beside the source's: how far its partition had come when
/// the row came. It is the stream's event time, since the rows' own times go backwards.
pub const LATE_AT: &str = "late_at";

/// Why a row cannot be taken, as far as its time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeFault {
    /// It has none.
    Null,
    /// It is outside of the years that there are.
    Years,
    /// The time is further past the clock than this limit.
    Ahead(i64, i64),
}

impl TimeFault {
    /// What is wrong with the event time, which is this column.
    pub(crate) fn told(self, column: &str) -> String {
        match self {
            Self::Null => format!("the event time `{column}` is null"),
            Self::Years => format!("the event time `{column}` is outside the years 1 to 9999"),
            Self::Ahead(time, limit) => {
                let (time, limit) = (iso8601(time), limit / SECOND);
                format!("the event time {time} is more than {limit} s ahead of the clock")
            }
        }
    }
}

/// What is wrong with an event time; `ahead`: how far past the clock it may be.
#[inline]
pub(crate) fn fault_of_time(
    time: Option<i64>,
    ahead: Option<i64>,
    now: ClockTime,
) -> Option<TimeFault> {
    match (time, ahead) {
        (None, _) => Some(TimeFault::Null),
        (Some(time), _) if time < YEARS.0 || time > YEARS.1 => Some(TimeFault::Years),
        (Some(time), Some(limit)) if time > now.0.saturating_add(limit) => {
            Some(TimeFault::Ahead(time, limit))
        }
        _ => None,
    }
}

/// What the intake must know of its source.
#[derive(Clone, Debug)]
pub struct IntakePlan {
    /// The source's name.
    pub name: String,
    /// Its ordinal in the pipeline.
    pub ordinal: u8,
    /// Which column is the event time.
    pub time: usize,
    /// Event time minus that column, microseconds (see [`zaraba_core::stream::TimeColumn`]).
    pub offset: i64,
    /// How far behind the newest a row may be, microseconds.
    pub out_of_order: i64,
    /// How far ahead of the clock a row may be, microseconds; none: any.
    pub ahead: Option<i64>,
    /// What happens with bad rows.
    pub on_error: ErrorPolicy,
}

#[derive(Clone, Copy, Debug)]
struct Partition {
    /// Greatest time of a row that was not bad.
    newest: i64,
    /// Rows handed over by the connector so far.
    position: u64,
    ended: bool,
}

impl Partition {
    const NEW: Self = Self {
        newest: i64::MIN,
        position: 0,
        ended: false,
    };
}

/// Judges the rows of one source.
pub struct Intake {
    plan: IntakePlan,
    partitions: Vec<Partition>,
    /// A watermark taken from others while idle: older rows are late in every partition.
    floor: i64,
}

/// The columns of `SOURCE__late`.
#[must_use]
pub fn late_schema(columns: &SchemaRef) -> SchemaRef {
    let mut fields: Vec<Arc<Field>> = columns.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(LATE_AT, event_time_type(), false)));
    Arc::new(Schema::new(fields))
}

impl Intake {
    /// For a source with this many partitions.
    #[must_use]
    pub fn new(plan: IntakePlan, partitions: u16) -> Self {
        let partitions = vec![Partition::NEW; usize::from(partitions.max(1))];
        Self {
            plan,
            partitions,
            floor: i64::MIN,
        }
    }

    /// Takes rows in: good ones, late ones and bad ones go to their ports.
    ///
    /// # Errors
    /// When a row is bad and the source's policy is to fail.
    pub fn take(
        &mut self,
        rows: SourceRows,
        now: ClockTime,
        meter: &Meter,
        out: &mut Output,
    ) -> Result<()> {
        let index = usize::from(rows.partition);
        if self.partitions.len() <= index {
            self.partitions.resize(index + 1, Partition::NEW);
        }
        let first = self.partitions[index].position;
        let n = rows.len() as u64;
        self.partitions[index].position += n;
        Sequence::new(self.plan.ordinal, rows.partition, first + n)?;
        let places = Places {
            first,
            base: Sequence::new(self.plan.ordinal, rows.partition, first)?.0,
            bad: rows.bad.iter().map(|(before, _)| *before).collect(),
        };
        let SourceRows { rows, bad, .. } = rows;
        let judged = self.judge(&rows, index, now, bad, &places);
        Meter::add(&meter.rows_in, usize::try_from(n).unwrap_or(usize::MAX));
        Meter::add(&meter.late, judged.late.len());
        if self.plan.on_error != ErrorPolicy::DeadLetter {
            // Rows that are sent are counted where they are sent.
            Meter::add(&meter.errors, judged.bad.len());
            if let Some((bad, _)) = judged.bad.first() {
                let first = || format!("{}: {}", bad.place, bad.reason);
                meter.first_reason.get_or_init(first);
            }
        }
        if judged.good.len() == rows.num_rows() {
            let seq = places.sequences(0..rows.num_rows());
            out.rows(self.batch(rows, seq)?);
        } else {
            let seq = |rows: &[u32]| places.sequences(rows.iter().map(|i| *i as usize));
            let (good_seq, late_seq) = (seq(&judged.good), seq(&judged.late));
            let good = take_record_batch(&rows, &UInt32Array::from(judged.good))?;
            out.rows(self.batch(good, good_seq)?);
            let late = take_record_batch(&rows, &UInt32Array::from(judged.late))?;
            out.rows_to(OutPort::Late, late_batch(&late, judged.late_at, late_seq)?);
        }
        self.send_bad(&judged.bad, now, out)
    }

    /// Sorts rows into good, late and bad. `unread`: those that the connector could not read.
    fn judge(
        &mut self,
        rows: &RecordBatch,
        index: usize,
        now: ClockTime,
        unread: Vec<(usize, BadRow)>,
        places: &Places,
    ) -> Judged {
        let times = rows
            .column(self.plan.time)
            .as_primitive::<TimestampMicrosecondType>();
        let mut judged = Judged::default();
        let mut unread = unread.into_iter().peekable();
        let mut newest = self.partitions[index].newest;
        judged.good.reserve(rows.num_rows());
        for (i, time) in (0u32..).zip(times.values()) {
            while let Some((_, bad)) = unread.next_if(|(before, _)| *before <= i as usize) {
                judged.bad.push((bad, newest.max(self.floor)));
            }
            let time = &(*time).saturating_add(self.plan.offset);
            let known = times.is_valid(i as usize).then_some(*time);
            if let Some(fault) = fault_of_time(known, self.plan.ahead, now) {
                let column = rows.schema_ref().field(self.plan.time).name().clone();
                let bad = self.bad_time(fault.told(&column), rows, i as usize, places);
                judged.bad.push((bad, newest.max(self.floor)));
            } else if *time
                < newest
                    .saturating_sub(self.plan.out_of_order)
                    .max(self.floor)
            {
                judged.late.push(i);
                judged.late_at.push(newest.max(self.floor));
            } else {
                newest = newest.max(*time);
                judged.good.push(i);
            }
        }
        let reached = newest.max(self.floor);
        judged.bad.extend(unread.map(|(_, bad)| (bad, reached)));
        self.partitions[index].newest = newest;
        judged
    }

    fn bad_time(&self, reason: String, rows: &RecordBatch, row: usize, places: &Places) -> BadRow {
        let position = places.first + places.of(row) + 1;
        let one = rows.slice(row, 1);
        BadRow {
            reason,
            place: format!("{}: row {position}", self.plan.name),
            row: bad_rows::as_text(&one),
        }
    }

    fn batch(&self, rows: RecordBatch, seq: ScalarBuffer<u64>) -> Result<Batch> {
        let times = rows
            .column(self.plan.time)
            .as_primitive::<TimestampMicrosecondType>();
        let time = match self.plan.offset {
            0 => times.values().clone(),
            offset => times.values().iter().map(|t| t + offset).collect(),
        };
        Batch::new(rows, time, seq)
    }

    /// Bad rows, each with how far the source had come when it came: before the first good row of a
    /// live source, with the clock.
    fn send_bad(&self, bad: &[(BadRow, i64)], now: ClockTime, out: &mut Output) -> Result<()> {
        let Some((first, _)) = bad.first() else {
            return Ok(());
        };
        match self.plan.on_error {
            ErrorPolicy::Fail => {
                let BadRow { reason, place, row } = first;
                Err(Error::outside(format!(
                    "{}: {place}: {reason}: {row}",
                    self.plan.name
                )))
            }
            ErrorPolicy::Skip => Ok(()),
            ErrorPolicy::DeadLetter => {
                let reached = |at: &i64| match (*at).max(out.current().0) {
                    i64::MIN => self.plan.ahead.map_or(0, |_| now.0),
                    reached => reached,
                };
                let (bad, at): (Vec<BadRow>, Vec<i64>) = bad.iter().cloned().unzip();
                let times: Vec<i64> = at.iter().map(reached).collect();
                let seq: Vec<u64> = (0..bad.len() as u64).collect();
                out.rows_to(OutPort::Errors, bad_rows::batch(&bad, &times, &seq)?);
                Ok(())
            }
        }
    }

    /// A partition has ended: it no longer holds the watermark back.
    pub fn partition_end(&mut self, partition: u16) {
        if let Some(partition) = self.partitions.get_mut(usize::from(partition)) {
            partition.ended = true;
        }
    }

    /// Follows the others while idle.
    pub fn follow(&mut self, watermark: EventTime) {
        self.floor = self.floor.max(watermark.0);
    }

    /// The source's watermark.
    #[must_use]
    pub fn watermark(&self) -> EventTime {
        let open = self.partitions.iter().filter(|p| !p.ended);
        let own = open
            .map(|p| p.newest.saturating_sub(self.plan.out_of_order))
            .min();
        let ended = self
            .partitions
            .iter()
            .map(|p| p.newest)
            .max()
            .unwrap_or(i64::MIN);
        EventTime(
            own.unwrap_or(ended.saturating_sub(self.plan.out_of_order))
                .max(self.floor),
        )
    }

    /// The greatest time so far.
    #[must_use]
    pub fn newest(&self) -> EventTime {
        let newest = self.partitions.iter().map(|p| p.newest).max();
        EventTime(newest.unwrap_or(i64::MIN))
    }

    /// Numbers for a snapshot: the floor, then newest, position and ended of each partition.
    #[must_use]
    pub fn save(&self) -> Vec<i64> {
        let mut numbers = vec![self.floor];
        for p in &self.partitions {
            let position = i64::try_from(p.position).unwrap_or(i64::MAX);
            numbers.extend([p.newest, position, i64::from(p.ended)]);
        }
        numbers
    }

    /// Takes [`Self::save`] back.
    pub fn load(&mut self, numbers: &[i64]) {
        let Some((floor, partitions)) = numbers.split_first() else {
            return;
        };
        self.floor = *floor;
        let of = |p: &[i64]| Partition {
            newest: p[0],
            position: u64::try_from(p[1]).unwrap_or(0),
            ended: p[2] != 0,
        };
        self.partitions = partitions.chunks_exact(3).map(of).collect();
    }
}

#[derive(Default)]
struct Judged {
    good: Vec<u32>,
    late: Vec<u32>,
    late_at: Vec<i64>,
    /// With how far the source had come when each came.
    bad: Vec<(BadRow, i64)>,
}

/// Where the rows of a batch stand in their partition, bad rows between them counted.
struct Places {
    /// Position of the first.
    first: u64,
    /// Its sequence.
    base: u64,
    /// Of each row that could not be read, how many that could stand before it.
    bad: Vec<usize>,
}

impl Places {
    /// Distance of a row from the first.
    fn of(&self, row: usize) -> u64 {
        (row + self.bad.partition_point(|before| *before <= row)) as u64
    }

    fn sequences(&self, rows: impl Iterator<Item = usize>) -> ScalarBuffer<u64> {
        if self.bad.is_empty() {
            return rows.map(|row| self.base + row as u64).collect();
        }
        rows.map(|row| self.base + self.of(row)).collect()
    }
}

fn late_batch(rows: &RecordBatch, late_at: Vec<i64>, seq: ScalarBuffer<u64>) -> Result<Batch> {
    let mut columns = rows.columns().to_vec();
    let reached = TimestampMicrosecondArray::from(late_at.clone()).with_timezone("UTC");
    columns.push(Arc::new(reached));
    let rows = RecordBatch::try_new(late_schema(&rows.schema()), columns)?;
    Batch::new(rows, late_at.into(), seq)
}
