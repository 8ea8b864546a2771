//! Rows that the watermark has not passed: sorted runs, of which two of like size become one, so
//! that a row is copied a logarithmic number of times however small the batches are.

use arrow::array::UInt32Array;
use arrow::datatypes::SchemaRef;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};

/// The rows, in runs sorted by (time, sequence), the longest-waiting first.
pub(super) struct Waiting {
    schema: SchemaRef,
    runs: Vec<Batch>,
}

impl Waiting {
    /// None yet.
    pub(super) const fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            runs: Vec::new(),
        }
    }

    /// Takes rows in.
    pub(super) fn push(&mut self, rows: &Batch) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.runs.push(self.in_order(std::slice::from_ref(rows))?);
        while let [.., older, newer] = self.runs.as_slice()
            && older.len() <= 2 * newer.len()
        {
            let merged = self.in_order(&[older.clone(), newer.clone()])?;
            self.runs.truncate(self.runs.len() - 2);
            self.runs.push(merged);
        }
        Ok(())
    }

    /// Hands over the rows before `time` (none: all), in order.
    pub(super) fn pass(&mut self, time: Option<i64>) -> Result<Option<Batch>> {
        let mut passed = Vec::new();
        for run in &mut self.runs {
            let n = time.map_or(run.len(), |time| run.time.partition_point(|t| *t < time));
            if n > 0 {
                passed.push(run.slice(0, n));
                *run = run.slice(n, run.len() - n);
            }
        }
        self.runs.retain(|run| !run.is_empty());
        match passed.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(one.clone())),
            several => self.in_order(several).map(Some),
        }
    }

    /// Batches as one, by (time, sequence); of what still ties, the earlier batch first.
    fn in_order(&self, parts: &[Batch]) -> Result<Batch> {
        let all = Batch::concat(&self.schema, parts)?;
        let key = |i: usize| (all.time[i], all.seq[i]);
        if (1..all.len()).all(|i| key(i - 1) <= key(i)) {
            return Ok(all);
        }
        let rows = u32::try_from(all.len())
            .map_err(|_| Error::internal("more than 4 billion rows waited for a watermark"))?;
        let mut order: Vec<u32> = (0..rows).collect();
        order.sort_by_key(|i| key(*i as usize));
        all.take(&UInt32Array::from(order))
    }

    /// The runs, for a snapshot.
    pub(super) fn runs(&self) -> &[Batch] {
        &self.runs
    }

    /// Takes back one of [`Self::runs`].
    pub(super) fn restore(&mut self, run: Batch) {
        self.runs.push(run);
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        self.runs.iter().map(Batch::bytes).sum()
    }
}
