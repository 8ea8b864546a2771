//! Pairs of rows: judged by the conditions that are no equality, and put together as rows of the
//! result. A row of the first side with a pair on which a condition fails is set aside with the
//! reason, whole: what it would have matched is not known.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::SchemaRef;
use datafusion::physical_expr::PhysicalExpr;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::output::Output;

use crate::failed;
use crate::join::side::Gives;
use crate::join::store::Store;
use crate::join::waiting::Place;
use crate::rows::{FailedRow, bound, reason, record};

/// Pairs that are judged together.
const JUDGED_PAIRS: usize = 8192;

/// Where a condition reads a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// A column of the first side.
    First(usize),
    /// A column of the second side.
    Second(usize),
    /// The time at which the pair meets.
    Time,
}

impl Reads {
    /// The column, if it is one of this side: the first is 0.
    const fn column_of(self, side: usize) -> Option<usize> {
        match (self, side) {
            (Self::First(column), 0) | (Self::Second(column), 1) => Some(column),
            _ => None,
        }
    }
}

/// A condition on a pair.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The condition, over the columns that it reads.
    pub expr: Arc<dyn PhysicalExpr>,
    /// What those are.
    pub reads: Vec<Reads>,
    /// They as a schema.
    pub schema: SchemaRef,
    /// Whether a pair goes (and not stays) where it holds.
    pub drops: bool,
}

impl Condition {
    /// Which of the pairs stay.
    fn judge(&self, block: &Block, stores: [&Store; 2], pairs: &[usize]) -> Judged {
        let firsts = || pairs.iter().map(|p| block.rows[block.pairs[*p].0]);
        let numbers: [Vec<Option<u64>>; 2] = [
            firsts().map(|first| Some(first.number)).collect(),
            pairs.iter().map(|p| Some(block.pairs[*p].1)).collect(),
        ];
        let of = |side: usize| {
            let reads = self.reads.iter().filter_map(|read| read.column_of(side));
            let columns = stores[side].columns(&numbers[side], &reads.collect::<Vec<_>>())?;
            Ok::<_, Error>(columns.into_iter())
        };
        let mut sides = [of(0)?, of(1)?];
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.reads.len());
        for read in &self.reads {
            columns.extend(match read {
                Reads::First(_) => sides[0].next(),
                Reads::Second(_) => sides[1].next(),
                Reads::Time => Some(bound(firsts().map(|first| first.time).collect::<Vec<_>>())),
            });
        }
        let rows = record(&self.schema, columns, pairs.len()).map_err(|e| internal(&e))?;
        let mask = self.expr.evaluate(&rows);
        Ok(mask.and_then(|v| v.into_array(pairs.len())).map(|mask| {
            let mask = mask.as_boolean();
            let holds = |i| mask.is_valid(i) && mask.value(i);
            (0..pairs.len()).map(|i| holds(i) != self.drops).collect()
        }))
    }

    /// Judges pairs; where that fails, each half on its own, down to the pair that fails.
    fn sift(
        &self,
        block: &Block,
        stores: [&Store; 2],
        pairs: &[usize],
        stay: &mut Vec<usize>,
        failed: &mut BTreeMap<usize, String>,
    ) -> Result<()> {
        match self.judge(block, stores, pairs)? {
            Ok(mask) => {
                let kept = pairs.iter().zip(mask).filter(|(_, stays)| *stays);
                stay.extend(kept.map(|(pair, _)| *pair));
            }
            Err(error) if pairs.len() <= 1 => {
                for pair in pairs {
                    let row = block.pairs[*pair].0;
                    failed.entry(row).or_insert_with(|| reason(&error));
                }
            }
            Err(_) => {
                let (first, second) = pairs.split_at(pairs.len() / 2);
                self.sift(block, stores, first, stay, failed)?;
                self.sift(block, stores, second, stay, failed)?;
            }
        }
        Ok(())
    }
}

/// A broken invariant, or per pair whether it stays, or the error of an expression.
type Judged = Result<datafusion::common::Result<Vec<bool>>>;

fn internal(error: &datafusion::common::DataFusionError) -> Error {
    Error::internal(error.to_string())
}

/// Rows of the first side, each with those of the second that it may match, in their order.
#[derive(Default)]
pub(crate) struct Block {
    /// Rows of the first side.
    pub(crate) rows: Vec<Place>,
    /// A row of the first side, by its place in `rows`, and one of the second, by its number.
    pub(crate) pairs: Vec<(usize, u64)>,
}

/// What comes of a block.
pub(crate) struct Outcome {
    /// The pairs that match.
    pub(crate) pairs: Vec<(usize, u64)>,
    /// The rows on which a condition failed, and why.
    failed: BTreeMap<usize, String>,
}

impl Block {
    /// Judges the pairs by all conditions.
    pub(crate) fn judge(
        &self,
        conditions: &[Condition],
        first: &Store,
        second: &Store,
    ) -> Result<Outcome> {
        let stores = [first, second];
        let mut failed = BTreeMap::new();
        let mut pairs: Vec<usize> = (0..self.pairs.len()).collect();
        for condition in conditions {
            let mut stay = Vec::with_capacity(pairs.len());
            for some in pairs.chunks(JUDGED_PAIRS) {
                condition.sift(self, stores, some, &mut stay, &mut failed)?;
            }
            pairs = stay;
        }
        let sound = pairs.into_iter().map(|p| self.pairs[p]);
        let pairs = sound.filter(|(row, _)| !failed.contains_key(row)).collect();
        Ok(Outcome { pairs, failed })
    }

    /// The rows that come out: of the first side by its place, of the second by its number.
    fn result(&self, outcome: &Outcome, gives: Gives) -> Vec<(usize, Option<u64>)> {
        let mut rows = Vec::with_capacity(outcome.pairs.len());
        let mut pairs = outcome.pairs.iter().peekable();
        for row in 0..self.rows.len() {
            let mut matched = false;
            while let Some((_, second)) = pairs.next_if(|(of, _)| *of == row) {
                let again = std::mem::replace(&mut matched, true);
                match gives {
                    Gives::Inner | Gives::Left | Gives::Full => rows.push((row, Some(*second))),
                    Gives::Semi if !again => rows.push((row, None)),
                    Gives::Semi | Gives::Anti => {}
                }
            }
            let alone = matches!(gives, Gives::Left | Gives::Full | Gives::Anti);
            if !matched && alone && !outcome.failed.contains_key(&row) {
                rows.push((row, None));
            }
        }
        rows
    }

    /// Emits what comes of the block: rows at the time at which they were joined, with the
    /// sequence of the first side.
    pub(crate) fn emit(
        &self,
        outcome: &Outcome,
        shape: &Shape<'_>,
        stores: [&Store; 2],
        out: &mut Output,
    ) -> Result<()> {
        let rows = self.result(outcome, shape.gives);
        if !rows.is_empty() {
            let first: Vec<_> = rows
                .iter()
                .map(|(l, _)| Some(self.rows[*l].number))
                .collect();
            let second: Vec<_> = rows.iter().map(|(_, r)| *r).collect();
            let times = rows.iter().map(|(l, _)| self.rows[*l].time).collect();
            let seqs = rows.iter().map(|(l, _)| self.rows[*l].seq).collect();
            let columns = shape.columns(&first, &second, stores)?;
            let rows = record(shape.schema, columns, rows.len()).map_err(|e| internal(&e))?;
            out.rows(Batch::new(rows, times, seqs)?);
        }
        let mut bad = Vec::with_capacity(outcome.failed.len());
        for (row, reason) in &outcome.failed {
            let place = self.rows[*row];
            let rows = stores[0].rows(&[place.number])?;
            bad.push(FailedRow {
                row: Batch::new(rows, vec![place.time].into(), vec![place.seq].into())?,
                reason: reason.clone(),
            });
        }
        failed::send(shape.node, &mut bad, out)
    }
}

/// What rows of the result look like.
pub(crate) struct Shape<'a> {
    pub(crate) node: &'a str,
    pub(crate) gives: Gives,
    /// Whether the first side's columns stand behind the second's.
    pub(crate) exchanged: bool,
    /// How many columns of the second side come out.
    pub(crate) second: usize,
    pub(crate) schema: &'a SchemaRef,
}

impl Shape<'_> {
    /// Columns of the result: rows of both sides beside each other.
    pub(crate) fn columns(
        &self,
        first: &[Option<u64>],
        second: &[Option<u64>],
        stores: [&Store; 2],
    ) -> Result<Vec<ArrayRef>> {
        let all: Vec<usize> = (0..stores[0].schema().fields().len()).collect();
        let mut columns = stores[0].columns(first, &all)?;
        if !self.gives.first_only() {
            let all: Vec<usize> = (0..self.second).collect();
            let others = stores[1].columns(second, &all)?;
            columns = if self.exchanged {
                [others, columns].concat()
            } else {
                [columns, others].concat()
            };
        }
        Ok(columns)
    }
}
