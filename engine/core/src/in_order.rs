//! Rows that wait until the watermark has passed them, and come out in order of (time, sequence):
//! however they arrived, whoever reads them sees the same. Sorted runs, of which two of like size
//! become one, so that a row is copied a logarithmic number of times however small the batches are.

use crate::batch::Batch;
use crate::error::{Error, Result};
use crate::packed;
use crate::snapshot::{Segment, Snapshot};
use arrow::array::UInt32Array;
use arrow::datatypes::{FieldRef, SchemaRef};
use arrow::row::{RowConverter, SortField};

/// The rows that wait, in sorted runs, the longest-waiting first.
pub struct InOrder {
    schema: SchemaRef,
    ties: Ties,
    runs: Vec<Batch>,
}

/// Which of two rows with one time and sequence comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ties {
    /// The one with the lesser columns: they may come in any order (from branches of a union).
    ByContent,
    /// The one that came first: whoever made them put them in order.
    AsTheyCame,
}

impl InOrder {
    /// None yet.
    #[must_use]
    pub const fn new(schema: SchemaRef, ties: Ties) -> Self {
        Self {
            schema,
            ties,
            runs: Vec::new(),
        }
    }

    /// The columns of its rows.
    #[must_use]
    pub const fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Takes rows in.
    ///
    /// # Errors
    /// When Arrow refuses: a broken invariant.
    pub fn push(&mut self, rows: Batch) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.runs.push(in_order(&self.schema, self.ties, &[rows])?);
        while let [.., older, newer] = self.runs.as_slice()
            && older.len() <= 2 * newer.len()
        {
            let merged = in_order(&self.schema, self.ties, &[older.clone(), newer.clone()])?;
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(merged);
        }
        Ok(())
    }

    /// Takes out the rows before `time` (none: all), in order; none if there are none.
    ///
    /// # Errors
    /// When Arrow refuses: a broken invariant.
    pub fn before(&mut self, time: Option<i64>) -> Result<Option<Batch>> {
        let mut passed = Vec::new();
        let mut left = Vec::new();
        for run in self.runs.drain(..) {
            let n = time.map_or(run.len(), |time| run.time.partition_point(|t| *t < time));
            if n == run.len() {
                passed.push(run);
            } else if n == 0 {
                left.push(run);
            } else {
                passed.push(run.slice(0, n));
                left.push(run.slice(n, run.len() - n));
            }
        }
        self.runs = left;
        // A run is in order as it is.
        match passed.len() {
            0 | 1 => Ok(passed.pop()),
            _ => in_order(&self.schema, self.ties, &passed).map(Some),
        }
    }

    /// Adds them to a snapshot, as parts of this name.
    ///
    /// # Errors
    /// When Arrow refuses: a broken invariant.
    pub fn save(&self, name: &str, snapshot: &mut Snapshot) -> Result<()> {
        for run in &self.runs {
            let packed = Segment::new(packed::pack(run)?);
            snapshot.push(name, Vec::new(), vec![packed]);
        }
        Ok(())
    }

    /// Takes them back.
    ///
    /// # Errors
    /// When Arrow refuses: a broken invariant.
    pub fn load(&mut self, name: &str, snapshot: &Snapshot) -> Result<()> {
        for part in snapshot.parts(name) {
            self.push(packed::unpack(&part.segments[0].rows)?)?;
        }
        Ok(())
    }

    /// Bytes held.
    #[must_use]
    pub fn size(&self) -> usize {
        self.runs.iter().map(Batch::bytes).sum()
    }
}

/// Batches as one, by (time, sequence).
///
/// # Errors
/// When Arrow refuses: a broken invariant.
pub fn in_order(schema: &SchemaRef, ties: Ties, parts: &[Batch]) -> Result<Batch> {
    let all = Batch::concat(schema, parts)?;
    let key = |i: usize| (all.time[i], all.seq[i]);
    if (1..all.len()).all(|i| key(i - 1) < key(i)) {
        return Ok(all);
    }
    let rows = u32::try_from(all.len())
        .map_err(|_| Error::internal("more than 4 billion rows waited in one node"))?;
    let at = |i: u32| key(i as usize);
    let mut order: Vec<u32> = (0..rows).collect();
    order.sort_by_key(|i| at(*i));
    let tied = order.windows(2).any(|w| at(w[0]) == at(w[1]));
    if tied && ties == Ties::ByContent && !schema.fields().is_empty() {
        let sort = |f: &FieldRef| SortField::new(f.data_type().clone());
        let converter = RowConverter::new(schema.fields().iter().map(sort).collect())?;
        let content = converter.convert_columns(all.rows.columns())?;
        for run in order.chunk_by_mut(|a, b| at(*a) == at(*b)) {
            run.sort_by(|a, b| content.row(*a as usize).cmp(&content.row(*b as usize)));
        }
    }
    all.take(&UInt32Array::from(order))
}
