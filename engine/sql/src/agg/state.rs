//! The state of all aggregate calls over all keys: updated with rows, sealed into a segment (keys,
//! state columns), merged from segments, evaluated once. Checkpoint, hop merge and incremental
//! save are all seal and merge.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, UInt64Type};
use datafusion::common::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::aggregates::group_values::{GroupValues, new_group_values};
use datafusion::physical_plan::aggregates::order::GroupOrdering;
use zaraba_core::batch::Batch;

use crate::agg::call::AggCall;

/// What is aggregated, by which keys.
pub struct AggPlan {
    /// The key expressions.
    pub keys: Vec<Arc<dyn PhysicalExpr>>,
    /// The key columns.
    pub key_fields: Vec<FieldRef>,
    /// The calls.
    pub calls: Vec<AggCall>,
    /// How many state columns each call has.
    widths: Vec<usize>,
    segment: SchemaRef,
}

impl AggPlan {
    /// Puts keys and calls together.
    ///
    /// # Errors
    /// When DataFusion cannot say what a call's state is.
    pub fn new(
        keys: Vec<Arc<dyn PhysicalExpr>>,
        key_fields: Vec<FieldRef>,
        calls: Vec<AggCall>,
    ) -> Result<Self> {
        let mut types: Vec<DataType> = key_fields.iter().map(|f| f.data_type().clone()).collect();
        let mut widths = Vec::with_capacity(calls.len());
        for call in &calls {
            let fields = call.state_fields()?;
            widths.push(fields.len());
            types.extend(fields.iter().map(|f| f.data_type().clone()));
        }
        types.push(DataType::UInt64); // the largest sequence
        let named = |(i, t)| Field::new(format!("c{i}"), t, true);
        let segment = Schema::new(types.into_iter().enumerate().map(named).collect::<Vec<_>>());
        Ok(Self {
            keys,
            key_fields,
            calls,
            widths,
            segment: Arc::new(segment),
        })
    }

    /// Evaluates keys and arguments over rows.
    ///
    /// # Errors
    /// When an expression fails on a row.
    pub fn evaluate(&self, batch: &Batch) -> Result<Evaluated> {
        let column = |e: &Arc<dyn PhysicalExpr>| e.evaluate(&batch.rows)?.into_array(batch.len());
        Ok(Evaluated {
            keys: self.keys.iter().map(column).collect::<Result<_>>()?,
            calls: self
                .calls
                .iter()
                .map(|c| c.evaluate(batch))
                .collect::<Result<_>>()?,
            seq: batch.seq.clone(),
        })
    }
}

/// Keys and arguments of some rows.
pub struct Evaluated {
    keys: Vec<ArrayRef>,
    calls: Vec<(Vec<ArrayRef>, Option<BooleanArray>)>,
    seq: ScalarBuffer<u64>,
}

impl Evaluated {
    /// Rows `offset .. offset + length`.
    #[must_use]
    pub fn slice(&self, offset: usize, length: usize) -> Self {
        let cut = |arrays: &Vec<ArrayRef>| -> Vec<ArrayRef> {
            arrays.iter().map(|a| a.slice(offset, length)).collect()
        };
        let calls = self.calls.iter();
        Self {
            keys: cut(&self.keys),
            calls: calls
                .map(|(a, f)| (cut(a), f.as_ref().map(|f| f.slice(offset, length))))
                .collect(),
            seq: self.seq.slice(offset, length),
        }
    }

    /// The rows at `indices`.
    ///
    /// # Errors
    /// When Arrow refuses.
    pub fn take(&self, indices: &arrow::array::UInt32Array) -> Result<Self> {
        let pick = |arrays: &Vec<ArrayRef>| -> Result<Vec<ArrayRef>> {
            let taken = arrays
                .iter()
                .map(|a| arrow::compute::take(a, indices, None));
            Ok(taken.collect::<std::result::Result<_, _>>()?)
        };
        let mut calls = Vec::with_capacity(self.calls.len());
        for (arrays, filter) in &self.calls {
            let filter = match filter {
                Some(f) => Some(arrow::compute::take(f, indices, None)?.as_boolean().clone()),
                None => None,
            };
            calls.push((pick(arrays)?, filter));
        }
        let seq = indices
            .values()
            .iter()
            .map(|i| self.seq[*i as usize])
            .collect();
        Ok(Self {
            keys: pick(&self.keys)?,
            calls,
            seq,
        })
    }
}

/// Finished groups: keys, results, and the largest sequence of each group's rows.
pub struct Finished {
    /// The key columns.
    pub keys: Vec<ArrayRef>,
    /// The results, one column a call.
    pub results: Vec<ArrayRef>,
    /// The largest sequence of each group.
    pub seq: ScalarBuffer<u64>,
}

/// State of all calls over all keys.
pub struct AggState {
    plan: Arc<AggPlan>,
    /// None where there are no keys: one group.
    groups: Option<Box<dyn GroupValues>>,
    accumulators: Vec<Box<dyn GroupsAccumulator>>,
    seq: Vec<u64>,
    indices: Vec<usize>,
}

impl AggState {
    /// No groups yet.
    ///
    /// # Errors
    /// When DataFusion cannot make an accumulator.
    pub fn new(plan: &Arc<AggPlan>) -> Result<Self> {
        let groups = if plan.key_fields.is_empty() {
            None
        } else {
            let schema = Arc::new(Schema::new(plan.key_fields.clone()));
            Some(new_group_values(schema, &GroupOrdering::None)?)
        };
        Ok(Self {
            plan: Arc::clone(plan),
            groups,
            accumulators: plan
                .calls
                .iter()
                .map(AggCall::accumulator)
                .collect::<Result<_>>()?,
            seq: Vec::new(),
            indices: Vec::new(),
        })
    }

    /// Number of groups.
    #[must_use]
    pub fn len(&self) -> usize {
        self.seq.len()
    }

    /// Whether there is no group.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seq.is_empty()
    }

    /// Finds or adds the groups of rows, and notes their sequences.
    fn intern(&mut self, keys: &[ArrayRef], seq: &[u64]) -> Result<usize> {
        match &mut self.groups {
            Some(groups) => groups.intern(keys, &mut self.indices)?,
            None => {
                self.indices.clear();
                self.indices.resize(seq.len(), 0);
            }
        }
        let total = self.groups.as_ref().map_or(1, |g| g.len());
        self.seq.resize(total, 0);
        for (group, seq) in self.indices.iter().zip(seq) {
            let held = &mut self.seq[*group];
            *held = (*held).max(*seq);
        }
        Ok(total)
    }

    /// Takes rows in.
    ///
    /// # Errors
    /// When an accumulator refuses.
    pub fn update(&mut self, rows: &Evaluated) -> Result<()> {
        if rows.seq.is_empty() {
            return Ok(());
        }
        let total = self.intern(&rows.keys, &rows.seq)?;
        for (accumulator, (arrays, filter)) in self.accumulators.iter_mut().zip(&rows.calls) {
            accumulator.update_batch(arrays, &self.indices, filter.as_ref(), total)?;
        }
        Ok(())
    }

    /// Takes a segment in.
    ///
    /// # Errors
    /// When an accumulator refuses.
    pub fn merge(&mut self, segment: &RecordBatch) -> Result<()> {
        if segment.num_rows() == 0 {
            return Ok(());
        }
        let columns = segment.columns();
        let (keys, mut states) = columns.split_at(self.plan.keys.len());
        let seq = segment
            .column(columns.len() - 1)
            .as_primitive::<UInt64Type>();
        let total = self.intern(keys, seq.values())?;
        for (accumulator, width) in self.accumulators.iter_mut().zip(&self.plan.widths) {
            let (own, rest) = states.split_at(*width);
            accumulator.merge_batch(own, &self.indices, total)?;
            states = rest;
        }
        Ok(())
    }

    fn take_keys(&mut self) -> Result<Vec<ArrayRef>> {
        match &mut self.groups {
            Some(groups) => groups.emit(EmitTo::All),
            None => Ok(Vec::new()),
        }
    }

    /// Hands the state over as a segment and is empty again.
    ///
    /// # Errors
    /// When an accumulator refuses.
    pub fn seal(&mut self) -> Result<RecordBatch> {
        let mut columns = self.take_keys()?;
        for accumulator in &mut self.accumulators {
            columns.extend(accumulator.state(EmitTo::All)?);
        }
        columns.push(Arc::new(UInt64Array::from(std::mem::take(&mut self.seq))));
        Ok(RecordBatch::try_new(
            Arc::clone(&self.plan.segment),
            columns,
        )?)
    }

    /// Evaluates all groups.
    ///
    /// # Errors
    /// When an accumulator refuses.
    pub fn finish(mut self) -> Result<Finished> {
        let keys = self.take_keys()?;
        let results = self
            .accumulators
            .iter_mut()
            .map(|a| a.evaluate(EmitTo::All));
        let results = results.collect::<Result<_>>()?;
        Ok(Finished {
            keys,
            results,
            seq: ScalarBuffer::from(self.seq),
        })
    }

    /// Bytes held.
    #[must_use]
    pub fn size(&self) -> usize {
        let groups = self.groups.as_ref().map_or(0, |g| g.size());
        let accumulators: usize = self.accumulators.iter().map(|a| a.size()).sum();
        groups + accumulators + (self.seq.capacity() + self.indices.capacity()) * 8
    }
}
