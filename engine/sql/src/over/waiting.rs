//! Rows that wait for the watermark, in sorted runs, handed out in the order of (time, sequence)
//! once it has passed them.

use arrow::array::UInt32Array;
use arrow::datatypes::SchemaRef;
use arrow::row::{RowConverter, SortField};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::snapshot::{Segment, Snapshot};

use crate::table::segment;

/// The rows.
pub(crate) struct Waiting {
    schema: SchemaRef,
    /// Each in order, and longer than the next: a row is sorted again but a few times, also where
    /// rows come one by one.
    runs: Vec<Batch>,
}

impl Waiting {
    /// None yet.
    pub(crate) const fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            runs: Vec::new(),
        }
    }

    /// Takes rows in.
    pub(crate) fn push(&mut self, rows: Batch) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut rows = in_order(&self.schema, &[rows])?;
        while let Some(run) = self.runs.pop_if(|run| run.len() <= rows.len()) {
            rows = in_order(&self.schema, &[run, rows])?;
        }
        self.runs.push(rows);
        Ok(())
    }

    /// Takes out the rows before `time`, all if there is none, in their order.
    pub(crate) fn passed(&mut self, time: Option<i64>) -> Result<Option<Batch>> {
        let mut passed = Vec::new();
        for run in &mut self.runs {
            let before = |t: &i64| time.is_none_or(|time| *t < time);
            let n = run.time.partition_point(before);
            if n > 0 {
                passed.push(run.slice(0, n));
                *run = run.slice(n, run.len() - n);
            }
        }
        self.runs.retain(|run| !run.is_empty());
        if passed.is_empty() {
            return Ok(None);
        }
        Ok(Some(in_order(&self.schema, &passed)?))
    }

    /// Puts the rows into a snapshot.
    pub(crate) fn save(&self, snapshot: &mut Snapshot) -> Result<()> {
        for run in &self.runs {
            let rows = vec![Segment::new(segment::pack(run)?)];
            snapshot.push("waiting", Vec::new(), rows);
        }
        Ok(())
    }

    /// Takes them back.
    pub(crate) fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        for part in snapshot.parts("waiting") {
            self.push(segment::unpack(&part.segments[0].rows)?)?;
        }
        Ok(())
    }

    pub(crate) fn bytes(&self) -> usize {
        self.runs.iter().map(Batch::bytes).sum()
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
    if (1..rows).all(|i| at(i - 1) < at(i)) {
        return Ok(all);
    }
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
