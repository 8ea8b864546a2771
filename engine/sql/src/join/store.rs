//! Rows held by a join, each under a number that stays its own. Small batches grow together and
//! what is mostly gone is copied together, so that neither a million batches of one row nor one
//! old row in each batch costs more than the rows themselves.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::SchemaRef;
use hashbrown::HashMap;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::snapshot::Segment;

use zaraba_core::packed;

/// Batches grow together up to so many rows.
const CHUNK_ROWS: usize = 4096;

/// Rows that came together or have grown together.
struct Chunk {
    /// The number of each row, ascending.
    numbers: Vec<u64>,
    rows: Batch,
    gone: Vec<bool>,
    gone_rows: usize,
    bytes: usize,
    /// As it is in a snapshot, if no row has gone since.
    sealed: Option<Arc<Segment>>,
}

impl Chunk {
    fn new(numbers: Vec<u64>, rows: Batch) -> Self {
        let bytes = rows.bytes();
        Self {
            gone: vec![false; numbers.len()],
            gone_rows: 0,
            numbers,
            rows,
            bytes,
            sealed: None,
        }
    }

    const fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Without the rows that have gone.
    fn live(&self) -> Result<Self> {
        let mask: BooleanArray = self.gone.iter().map(|g| Some(!g)).collect();
        let numbers = self.numbers.iter().zip(&self.gone);
        let numbers = numbers.filter(|(_, g)| !**g).map(|(n, _)| *n).collect();
        Ok(Self::new(numbers, self.rows.filter(&mask)?))
    }

    fn grown(self, next: Self, schema: &SchemaRef) -> Result<Self> {
        let (first, next) = (self.live()?, next.live()?);
        let numbers = [first.numbers, next.numbers].concat();
        Ok(Self::new(
            numbers,
            Batch::concat(schema, &[first.rows, next.rows])?,
        ))
    }
}

/// The rows.
pub(crate) struct Store {
    schema: SchemaRef,
    chunks: VecDeque<Chunk>,
    next: u64,
    bytes: usize,
}

impl Store {
    /// No rows yet.
    pub(crate) fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            chunks: VecDeque::new(),
            next: 0,
            bytes: 0,
        }
    }

    /// The columns.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Takes rows in; answers the first one's number, the others follow.
    pub(crate) fn push(&mut self, rows: Batch) -> Result<u64> {
        let first = self.next;
        if rows.is_empty() {
            return Ok(first);
        }
        self.next += rows.len() as u64;
        self.add(Chunk::new((first..self.next).collect(), rows));
        while let [.., before, last] = self.sizes()[..]
            && before <= last
            && before + last <= CHUNK_ROWS
        {
            self.merge(self.chunks.len() - 2)?;
        }
        Ok(first)
    }

    /// Lengths of the last two chunks.
    fn sizes(&self) -> Vec<usize> {
        let from = self.chunks.len().saturating_sub(2);
        self.chunks.range(from..).map(Chunk::len).collect()
    }

    fn add(&mut self, chunk: Chunk) {
        self.bytes += chunk.bytes;
        self.chunks.push_back(chunk);
    }

    /// Makes one of two chunks beside each other.
    fn merge(&mut self, at: usize) -> Result<()> {
        if let Some(second) = self.chunks.remove(at + 1)
            && let Some(first) = self.chunks.remove(at)
        {
            self.bytes -= first.bytes + second.bytes;
            let one = first.grown(second, &self.schema)?;
            self.bytes += one.bytes;
            self.chunks.insert(at, one);
        }
        Ok(())
    }

    fn find(&self, number: u64) -> Result<(usize, usize)> {
        let lost = || Error::internal(format!("row {number} of a join is not there"));
        let after = self.chunks.partition_point(|c| c.numbers[0] <= number);
        let chunk = after.checked_sub(1).ok_or_else(lost)?;
        let numbers = &self.chunks[chunk].numbers;
        // Where no row before it has gone, its place is its distance from the first.
        let place = usize::try_from(number - numbers[0]).unwrap_or(usize::MAX);
        if numbers.get(place) == Some(&number) {
            return Ok((chunk, place));
        }
        let row = numbers.binary_search(&number);
        Ok((chunk, row.map_err(|_| lost())?))
    }

    /// Lets a row go.
    pub(crate) fn remove(&mut self, number: u64) -> Result<()> {
        let (at, row) = self.find(number)?;
        let chunk = &mut self.chunks[at];
        if std::mem::replace(&mut chunk.gone[row], true) {
            return Ok(());
        }
        chunk.gone_rows += 1;
        chunk.sealed = None;
        if chunk.gone_rows == chunk.len() {
            if let Some(chunk) = self.chunks.remove(at) {
                self.bytes -= chunk.bytes;
            }
        } else if chunk.gone_rows * 2 > chunk.len() {
            let live = chunk.live()?;
            self.bytes -= chunk.bytes;
            self.bytes += live.bytes;
            self.chunks[at] = live;
            self.join_small(at)?;
        }
        Ok(())
    }

    /// Puts a chunk that has shrunk to the one before it, where that is not much larger.
    fn join_small(&mut self, at: usize) -> Result<()> {
        let Some(before) = at.checked_sub(1) else {
            return Ok(());
        };
        let (a, b) = (self.chunks[before].len(), self.chunks[at].len());
        if a <= 2 * b && a + b <= CHUNK_ROWS {
            self.merge(before)?;
        }
        Ok(())
    }

    /// Some columns of the rows of these numbers, in that order; nulls where there is none.
    pub(crate) fn columns(
        &self,
        numbers: &[Option<u64>],
        columns: &[usize],
    ) -> Result<Vec<ArrayRef>> {
        let mut used: Vec<usize> = Vec::new();
        let mut place: HashMap<usize, usize> = HashMap::new();
        let mut picks: Vec<(usize, usize)> = Vec::with_capacity(numbers.len());
        let mut nulls = false;
        for number in numbers {
            let Some(number) = number else {
                nulls = true;
                picks.push((usize::MAX, 0));
                continue;
            };
            let (chunk, row) = self.find(*number)?;
            let array = *place.entry(chunk).or_insert_with(|| {
                used.push(chunk);
                used.len() - 1
            });
            picks.push((array, row));
        }
        for pick in picks.iter_mut().filter(|p| p.0 == usize::MAX) {
            pick.0 = used.len();
        }
        let gather = |column: &usize| -> Result<ArrayRef> {
            let kind = self.schema.field(*column).data_type();
            let null = new_null_array(kind, usize::from(nulls));
            let mut arrays: Vec<&dyn arrow::array::Array> = used
                .iter()
                .map(|c| self.chunks[*c].rows.rows.column(*column).as_ref())
                .collect();
            if nulls {
                arrays.push(null.as_ref());
            }
            if arrays.is_empty() {
                return Ok(new_null_array(kind, 0));
            }
            Ok(interleave(&arrays, &picks)?)
        };
        columns.iter().map(gather).collect()
    }

    /// Rows as record batches of their own.
    pub(crate) fn rows(&self, numbers: &[u64]) -> Result<RecordBatch> {
        let numbers: Vec<Option<u64>> = numbers.iter().copied().map(Some).collect();
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(numbers.len()));
        let columns = self.columns(&numbers, &all)?;
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }

    /// All rows in the order of their numbers, as segments of a snapshot.
    pub(crate) fn seal(&mut self) -> Result<Vec<Arc<Segment>>> {
        let mut segments = Vec::with_capacity(self.chunks.len());
        for chunk in &mut self.chunks {
            let segment = match &chunk.sealed {
                Some(sealed) => Arc::clone(sealed),
                None => Segment::new(packed::pack(&chunk.live()?.rows)?),
            };
            chunk.sealed = (chunk.gone_rows == 0).then(|| Arc::clone(&segment));
            segments.push(segment);
        }
        Ok(segments)
    }

    /// The numbers of all rows, in their order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        let live = |c: &'_ Chunk| {
            let all = c.numbers.iter().zip(&c.gone);
            all.filter(|(_, g)| !**g)
                .map(|(n, _)| *n)
                .collect::<Vec<_>>()
        };
        self.chunks.iter().flat_map(live)
    }

    /// Bytes held.
    pub(crate) const fn size(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{AsArray, Int64Array};
    use arrow::buffer::ScalarBuffer;
    use arrow::datatypes::Int64Type;

    use super::*;

    fn batch(values: std::ops::Range<i64>) -> Batch {
        let n = (values.end - values.start) as usize;
        let column = Arc::new(Int64Array::from_iter_values(values)) as ArrayRef;
        let rows = RecordBatch::try_from_iter([("v", column)]).unwrap();
        Batch::new(
            rows,
            ScalarBuffer::from(vec![0; n]),
            ScalarBuffer::from(vec![0; n]),
        )
        .unwrap()
    }

    /// Every number finds its row, whatever has gone before and around it.
    #[test]
    fn numbers_stay() {
        let mut store = Store::new(batch(0..0).rows.schema());
        for i in 0..20_000 {
            assert_eq!(store.push(batch(i..i + 1)).unwrap(), i as u64);
        }
        assert!(store.chunks.len() < 40, "{} chunks", store.chunks.len());
        for i in (0..20_000).filter(|i| i % 1000 != 7) {
            store.remove(i).unwrap();
        }
        assert!(store.chunks.len() <= 20);
        let left: Vec<u64> = store.numbers().collect();
        assert_eq!(left.len(), 20);
        let rows = store.rows(&left).unwrap();
        let values = rows.column(0).as_primitive::<Int64Type>().values();
        assert!(values.iter().zip(&left).all(|(v, n)| *v as u64 == *n));
        assert!(store.rows(&[8]).is_err());
        assert_eq!(store.seal().unwrap().len(), store.chunks.len());
    }
}
