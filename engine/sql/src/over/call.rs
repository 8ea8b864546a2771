//! One call with OVER, as planned: what it is of and which rows it sees.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;
use datafusion::physical_expr::aggregate::AggregateFunctionExpr;

use crate::over::frame::Frame;
use crate::over::indicator::IndicatorCall;
use crate::over::kept::Kept;

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// The type of its result.
    pub output: DataType,
    /// What it does.
    pub what: What,
}

/// What a call does. Columns of [`What::Framed`] are numbers among the columns that are kept of a
/// row; the others are columns of the row as it waits.
#[derive(Clone, Debug)]
pub enum What {
    /// `row_number()`
    RowNumber,
    /// `rank()`, or `dense_rank()`: rows of equal time share it.
    Rank {
        /// Whether no number is left out.
        dense: bool,
    },
    /// `lag(value, offset, default)`
    Lag {
        /// The value.
        column: usize,
        /// How many rows before.
        offset: usize,
        /// Whether rows without a value are not counted.
        ignore_nulls: bool,
        /// Where there is no such row.
        default: ScalarValue,
    },
    /// `counter_delta(value)`
    CounterDelta {
        /// The counter.
        column: usize,
    },
    /// `sma(value, n)` and the like.
    Indicator(IndicatorCall),
    /// Anything over a frame.
    Framed(Frame, Of),
}

/// What is made of a frame's rows.
#[derive(Clone, Debug)]
pub enum Of {
    /// One of them.
    Pick {
        /// The value.
        column: usize,
        /// Which: from 1 on from the frame's first row, from −1 down from its last.
        nth: i64,
        /// Whether rows without a value are not counted.
        ignore_nulls: bool,
    },
    /// `min` or `max`.
    Extreme {
        /// The value.
        column: usize,
        /// `FILTER (WHERE …)`
        filter: Option<usize>,
        /// Whether it is `max`.
        greatest: bool,
    },
    /// An aggregate.
    Aggregate(Aggregate),
}

/// How an aggregate follows its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Rows only come, and its state can be saved and put back to the bit: no row is kept.
    Running,
    /// Rows come and go: two stacks of merged states, a few steps for each row.
    Stacks,
    /// Anew for each frame.
    Anew,
}

/// An aggregate over a frame.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// The function.
    pub function: Arc<AggregateFunctionExpr>,
    /// Its arguments.
    pub columns: Vec<usize>,
    /// `FILTER (WHERE …)`
    pub filter: Option<usize>,
    /// How it follows its frame.
    pub how: How,
}

/// Whether a row counts.
pub(crate) fn counts(filter: Option<usize>, row: &Kept) -> bool {
    filter.is_none_or(|f| row.values[f] == ScalarValue::Boolean(Some(true)))
}

impl Aggregate {
    /// A fresh accumulator.
    pub(crate) fn accumulator(&self) -> Result<Box<dyn Accumulator>> {
        self.function.create_accumulator()
    }

    /// Takes one row in. Rows come one by one, so that sums of floats do not depend on batches.
    pub(crate) fn update(&self, accumulator: &mut dyn Accumulator, row: &Kept) -> Result<()> {
        if !counts(self.filter, row) {
            return Ok(());
        }
        let one = |c: &usize| row.values[*c].to_array();
        let values = self.columns.iter().map(one).collect::<Result<Vec<_>>>()?;
        accumulator.update_batch(&values)
    }

    /// Takes several rows in at once and answers.
    pub(crate) fn anew<'a>(&self, rows: impl Iterator<Item = &'a Kept>) -> Result<ScalarValue> {
        let rows: Vec<&Kept> = rows.filter(|r| counts(self.filter, r)).collect();
        let mut accumulator = self.accumulator()?;
        if !rows.is_empty() {
            let column =
                |c: &usize| ScalarValue::iter_to_array(rows.iter().map(|r| r.values[*c].clone()));
            let values: Vec<ArrayRef> = self.columns.iter().map(column).collect::<Result<_>>()?;
            accumulator.update_batch(&values)?;
        }
        accumulator.evaluate()
    }
}

impl What {
    /// Whether it looks at rows that are kept.
    #[must_use]
    pub const fn keeps_rows(&self) -> bool {
        matches!(self, Self::Framed(..))
    }

    /// Whether its state is nothing but the rows of a stretch of time, so that a key without rows
    /// in it may be forgotten.
    #[must_use]
    pub fn forgets(&self) -> bool {
        let Self::Framed(frame, _) = self else {
            return false;
        };
        frame.unit == crate::over::frame::Unit::Range && frame.start.is_some()
    }
}
