//! All keys of an OVER: found by their key, forgotten when the time of their frames or of their
//! window is over.

use std::collections::{BTreeSet, VecDeque};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, ScalarValue};
use hashbrown::HashMap;

use crate::over::kept::Kept;
use crate::over::partition::Partition;
use crate::over::plan::OverPlan;

/// The keys.
pub(crate) struct Partitions {
    converter: RowConverter,
    by_key: HashMap<Box<[u8]>, u32>,
    held: Vec<Option<Partition>>,
    free: Vec<u32>,
    /// Answered rows in the order of time, whose partitions may forget them.
    answered: VecDeque<(i64, u32)>,
    /// The partitions of windows, by their ends. One that goes before its window ends leaves here,
    /// too: its number may be another's by then.
    ends: BTreeSet<(i64, u32)>,
    bytes: usize,
}

impl Partitions {
    /// No keys yet; `schema`: the columns of rows as they wait.
    pub(crate) fn new(plan: &OverPlan, schema: &SchemaRef) -> Result<Self> {
        let sort = |c: &usize| SortField::new(schema.field(*c).data_type().clone());
        Ok(Self {
            converter: RowConverter::new(plan.keys.iter().map(sort).collect())?,
            by_key: HashMap::new(),
            held: Vec::new(),
            free: Vec::new(),
            answered: VecDeque::new(),
            ends: BTreeSet::new(),
            bytes: 0,
        })
    }

    /// The numbers of the partitions of rows.
    pub(crate) fn find(&mut self, plan: &OverPlan, rows: &RecordBatch) -> Result<Vec<u32>> {
        let n = rows.num_rows();
        let columns: Vec<ArrayRef> = plan.keys.iter().map(|c| rows.column(*c).clone()).collect();
        if columns.is_empty() {
            let one = self.number(plan, &[], None)?;
            return Ok(vec![one; n]);
        }
        let keys = self.converter.convert_columns(&columns)?;
        let ends = plan.end.map(|c| rows.column(c));
        let end = |i: usize| {
            let ends = ends?.as_primitive::<TimestampMicrosecondType>();
            ends.is_valid(i).then(|| ends.value(i))
        };
        let number = |i: usize| self.number(plan, keys.row(i).as_ref(), end(i));
        (0..n).map(number).collect()
    }

    fn number(&mut self, plan: &OverPlan, key: &[u8], end: Option<i64>) -> Result<u32> {
        if let Some(number) = self.by_key.get(key) {
            return Ok(*number);
        }
        self.put(Partition::new(&plan.calls, key.into(), end)?)
    }

    /// Adds a partition.
    pub(crate) fn put(&mut self, partition: Partition) -> Result<u32> {
        let number = match self.free.pop() {
            Some(number) => number,
            None => {
                self.held.push(None);
                u32::try_from(self.held.len() - 1).map_err(|_| too_many())?
            }
        };
        if let Some(end) = partition.end {
            self.ends.insert((end, number));
        }
        self.by_key.insert(partition.key.clone(), number);
        self.bytes += partition.size();
        self.held[number as usize] = Some(partition);
        Ok(number)
    }

    /// Keeps what frames need of the rows, which come in their order.
    pub(crate) fn keep(
        &mut self,
        plan: &OverPlan,
        rows: &RecordBatch,
        times: &[i64],
        numbers: &[u32],
    ) -> Result<()> {
        if !plan.keeps_rows() {
            return Ok(());
        }
        for (i, number) in numbers.iter().enumerate() {
            let value = |c: &usize| ScalarValue::try_from_array(rows.column(*c), i);
            let values = plan.kept.iter().map(value).collect::<Result<_>>()?;
            let time = times[i];
            self.with(*number, |p| {
                p.rows.push(Kept { time, values });
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Does something to a partition.
    pub(crate) fn with<T>(
        &mut self,
        number: u32,
        work: impl FnOnce(&mut Partition) -> Result<T>,
    ) -> Result<T> {
        let partition = self.held.get_mut(number as usize).and_then(Option::as_mut);
        let Some(partition) = partition else {
            return datafusion::common::internal_err!("a row of a partition that is gone");
        };
        let before = partition.size();
        let done = work(partition)?;
        self.bytes = self.bytes + partition.size() - before;
        Ok(done)
    }

    /// Notes that a row was answered.
    pub(crate) fn answered(&mut self, plan: &OverPlan, time: i64, number: u32) {
        if plan.span().is_some() {
            self.answered.push_back((time, number));
        }
    }

    /// Every row before `time` was answered: what no later row's frame reaches goes.
    pub(crate) fn forget(&mut self, plan: &OverPlan, time: i64) -> Result<()> {
        if let Some(span) = plan.span() {
            let bound = time.saturating_sub(span);
            while let Some((_, number)) = self.answered.pop_front_if(|(t, _)| *t < bound) {
                if self.held[number as usize].is_none() {
                    continue;
                }
                let empty = self.with(number, |p| {
                    p.expire(&plan.calls, bound)?;
                    Ok(p.rows.held.is_empty())
                })?;
                if empty && plan.forgets() {
                    self.remove(number);
                }
            }
        }
        while let Some((end, number)) = self.ends.first().copied()
            && end <= time
        {
            self.ends.remove(&(end, number));
            self.remove(number);
        }
        Ok(())
    }

    fn remove(&mut self, number: u32) {
        if let Some(gone) = self.held[number as usize].take() {
            self.bytes -= gone.size();
            self.by_key.remove(&gone.key);
            if let Some(end) = gone.end {
                self.ends.remove(&(end, number));
            }
            self.free.push(number);
        }
    }

    /// All partitions.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Partition> {
        self.held.iter().flatten()
    }

    /// All partitions, to save what they have.
    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Partition> {
        self.held.iter_mut().flatten()
    }

    /// After a restore: the rows that may be forgotten, in the order of time.
    pub(crate) fn note_answered(&mut self, plan: &OverPlan) {
        if plan.span().is_none() {
            return;
        }
        let mut all = Vec::new();
        for (number, partition) in (0u32..).zip(&self.held) {
            let Some(partition) = partition else { continue };
            let rows = partition.rows.between(0, partition.next);
            all.extend(rows.map(|r| (r.time, number)));
        }
        all.sort_unstable();
        self.answered = all.into();
    }

    /// Bytes held, about.
    pub(crate) fn size(&self) -> usize {
        let keys = self.by_key.capacity() * size_of::<(Box<[u8]>, u32)>();
        self.bytes + keys + self.answered.capacity() * 16
    }
}

fn too_many() -> datafusion::common::DataFusionError {
    datafusion::common::DataFusionError::Internal("more than 4 billion keys".into())
}
