//! Rows that wait until the watermark has passed them, and come out in order of (time, sequence):
//! however they arrived, whoever reads them sees the same.

use arrow::array::UInt32Array;
use arrow::datatypes::SchemaRef;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::time::EventTime;

use crate::table::segment;

/// Batches that wait as they came before they are sorted into one.
const FRESH_BATCHES_MAX: usize = 64;
/// The part of a snapshot.
const WAITING: &str = "waiting";

/// The rows that wait.
pub(crate) struct InOrder {
    schema: SchemaRef,
    /// Those that are sorted.
    sorted: Option<Batch>,
    /// Those that came since, as they came.
    fresh: Vec<Batch>,
}

impl InOrder {
    /// None yet.
    pub(crate) const fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            sorted: None,
            fresh: Vec::new(),
        }
    }

    /// Takes rows in.
    pub(crate) fn push(&mut self, rows: Batch) {
        self.fresh.push(rows);
    }

    /// The rows before a time, in order; none if there are none.
    pub(crate) fn before(&mut self, time: EventTime) -> Result<Option<Batch>> {
        self.gather(&|t: &i64| *t < time.0)
    }

    /// All rows, in order.
    pub(crate) fn all(&mut self) -> Result<Option<Batch>> {
        self.gather(&|_| true)
    }

    fn gather(&mut self, before: &dyn Fn(&i64) -> bool) -> Result<Option<Batch>> {
        let (mut passed, mut fresh) = (Vec::new(), Vec::new());
        if let Some(sorted) = self.sorted.take() {
            let n = sorted.time.partition_point(before);
            if n > 0 {
                passed.push(sorted.slice(0, n));
            }
            if n < sorted.len() {
                self.sorted = Some(sorted.slice(n, sorted.len() - n));
            }
        }
        for batch in std::mem::take(&mut self.fresh) {
            if batch.time.iter().all(before) {
                passed.push(batch);
            } else if batch.time.iter().any(before) {
                let mask: Vec<bool> = batch.time.iter().map(before).collect();
                let rest: Vec<bool> = mask.iter().map(|m| !m).collect();
                passed.push(batch.filter(&mask.into())?);
                fresh.push(batch.filter(&rest.into())?);
            } else {
                fresh.push(batch);
            }
        }
        self.fresh = fresh;
        if self.fresh.len() > FRESH_BATCHES_MAX {
            let waiting = self.sorted.take().into_iter();
            let parts: Vec<Batch> = waiting.chain(self.fresh.drain(..)).collect();
            self.sorted = Some(in_order(&self.schema, &parts)?);
        }
        if passed.is_empty() {
            return Ok(None);
        }
        in_order(&self.schema, &passed).map(Some)
    }

    /// Adds them to a snapshot.
    pub(crate) fn save(&self, snapshot: &mut Snapshot) -> Result<()> {
        for batch in self.sorted.iter().chain(&self.fresh) {
            let packed = Segment::new(segment::pack(batch)?);
            snapshot.push(WAITING, Vec::new(), vec![packed]);
        }
        Ok(())
    }

    /// Takes them back.
    pub(crate) fn load(&mut self, snapshot: &Snapshot) -> Result<()> {
        for part in snapshot.parts(WAITING) {
            self.fresh.push(segment::unpack(&part.segments[0].rows)?);
        }
        Ok(())
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        self.fresh
            .iter()
            .chain(&self.sorted)
            .map(Batch::bytes)
            .sum()
    }
}

/// Batches as one, by (time, sequence).
fn in_order(schema: &SchemaRef, parts: &[Batch]) -> Result<Batch> {
    let all = Batch::concat(schema, parts)?;
    let key = |i: usize| (all.time[i], all.seq[i]);
    if (1..all.len()).all(|i| key(i - 1) <= key(i)) {
        return Ok(all);
    }
    let rows = u32::try_from(all.len())
        .map_err(|_| Error::internal("more than 4 billion rows waited in one node"))?;
    let mut order: Vec<u32> = (0..rows).collect();
    order.sort_by_key(|i| key(*i as usize));
    all.take(&UInt32Array::from(order))
}
