//! Rows that wait for the watermark: as they came, sorted now and then, handed out in the order of
//! (time, sequence) once it has passed them.

use arrow::array::UInt32Array;
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::snapshot::{Segment, Snapshot};

use crate::table::segment;

/// Batches that wait as they came before they are sorted into one.
const FRESH_BATCHES_MAX: usize = 64;

/// The rows.
pub(crate) struct Waiting {
    schema: SchemaRef,
    sorted: Option<Batch>,
    fresh: Vec<Batch>,
}

impl Waiting {
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
        if !rows.is_empty() {
            self.fresh.push(rows);
        }
    }

    /// Takes out the rows before `time`, all if there is none, in their order.
    pub(crate) fn passed(&mut self, time: Option<i64>) -> Result<Option<Batch>> {
        let before = |t: &i64| time.is_none_or(|time| *t < time);
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
            let parts: Vec<Batch> = self
                .sorted
                .take()
                .into_iter()
                .chain(self.fresh.drain(..))
                .collect();
            self.sorted = Some(in_order(&self.schema, &parts)?);
        }
        if passed.is_empty() {
            return Ok(None);
        }
        Ok(Some(in_order(&self.schema, &passed)?))
    }

    /// Puts the rows into a snapshot.
    pub(crate) fn save(&self, snapshot: &mut Snapshot) -> Result<()> {
        for batch in self.sorted.iter().chain(&self.fresh) {
            let rows = vec![Segment::new(segment::pack(batch)?)];
            snapshot.push("waiting", Vec::new(), rows);
        }
        Ok(())
    }

    /// Takes them back.
    pub(crate) fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        for part in snapshot.parts("waiting") {
            self.fresh.push(segment::unpack(&part.segments[0].rows)?);
        }
        Ok(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.fresh
            .iter()
            .chain(&self.sorted)
            .map(Batch::bytes)
            .sum()
    }
}

/// Batches as one, by (time, sequence). Rows that tie in both (of two branches of a union) are
/// ordered by their columns: they may have come in any order.
pub(crate) fn in_order(schema: &SchemaRef, parts: &[Batch]) -> Result<Batch> {
    let all = Batch::concat(schema, parts)?;
    let rows = u32::try_from(all.len())
        .map_err(|_| Error::internal("more than 4 billion rows waited in one OVER"))?;
    let at = |i: u32| (all.time[i as usize], all.seq[i as usize]);
    let mut order: Vec<u32> = (0..rows).collect();
    order.sort_by_key(|i| at(*i));
    if order.windows(2).any(|w| at(w[0]) == at(w[1])) && !schema.fields().is_empty() {
        let sort = |f: &arrow::datatypes::FieldRef| SortField::new(f.data_type().clone());
        let converter = RowConverter::new(schema.fields().iter().map(sort).collect())?;
        let content = converter.convert_columns(all.rows.columns())?;
        for run in order.chunk_by_mut(|a, b| at(*a) == at(*b)) {
            run.sort_by(|a, b| content.row(*a as usize).cmp(&content.row(*b as usize)));
        }
    }
    all.take(&UInt32Array::from(order))
}
