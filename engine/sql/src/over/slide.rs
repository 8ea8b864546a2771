//! Aggregates that follow a moving frame. Nothing is ever subtracted: a NaN or a huge number that
//! has left the frame must leave no trace in a sum. Sums keep two stacks of states (merged states
//! of the frame's older rows, each from that row on, and one state of the newer ones); least and
//! greatest keep the rows that may still become it.

use std::cmp::Ordering;
use std::collections::VecDeque;

use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;

use crate::over::call::Aggregate;
use crate::over::kept::Rows;

/// Two stacks. What they hold depends on the rows alone: where they were turned is a row's number.
pub(crate) struct TwoStacks {
    /// The state of the rows from one of the older rows up to `turned`; the oldest row's is last.
    front: Vec<Vec<ScalarValue>>,
    /// The first row that is not in `front`.
    pub(crate) turned: u64,
    back: Box<dyn Accumulator>,
    /// Whether `back` holds a row.
    filled: bool,
}

impl TwoStacks {
    /// No rows; the first to come is `at`.
    pub(crate) fn new(call: &Aggregate, at: u64) -> Result<Self> {
        Ok(Self {
            front: Vec::new(),
            turned: at,
            back: call.accumulator()?,
            filled: false,
        })
    }

    /// As they were with the rows `low .. high`.
    pub(crate) fn restored(
        call: &Aggregate,
        rows: &Rows,
        (low, high): (u64, u64),
        turned: u64,
    ) -> Result<Self> {
        let mut stacks = Self::new(call, low)?;
        stacks.turn(call, rows, low, turned.max(low))?;
        for number in stacks.turned..high {
            stacks.enter(call, rows, number)?;
        }
        Ok(stacks)
    }

    /// Row `number`, the newest, comes.
    pub(crate) fn enter(&mut self, call: &Aggregate, rows: &Rows, number: u64) -> Result<()> {
        if let Some(row) = rows.get(number) {
            call.update(self.back.as_mut(), row)?;
            self.filled = true;
        }
        Ok(())
    }

    /// Row `number`, the oldest, goes; `high` is behind the newest.
    pub(crate) fn leave(
        &mut self,
        call: &Aggregate,
        rows: &Rows,
        number: u64,
        high: u64,
    ) -> Result<()> {
        if self.front.pop().is_some() {
            return Ok(());
        }
        self.back = call.accumulator()?;
        self.filled = false;
        self.turn(call, rows, number + 1, high)
    }

    /// Makes the states of the rows `low .. high`, the newest first.
    fn turn(&mut self, call: &Aggregate, rows: &Rows, low: u64, high: u64) -> Result<()> {
        let mut state = call.accumulator()?;
        for number in (low..high).rev() {
            if let Some(row) = rows.get(number) {
                call.update(state.as_mut(), row)?;
            }
            self.front.push(state.state()?);
        }
        self.turned = high;
        Ok(())
    }

    pub(crate) fn evaluate(&mut self, call: &Aggregate) -> Result<ScalarValue> {
        let Some(front) = self.front.last() else {
            return self.back.evaluate();
        };
        let mut whole = call.accumulator()?;
        merge(whole.as_mut(), front)?;
        if self.filled {
            let back = self.back.state()?;
            merge(whole.as_mut(), &back)?;
        }
        whole.evaluate()
    }

    pub(crate) fn size(&self) -> usize {
        let columns = self.front.first().map_or(0, Vec::len);
        self.front.capacity() * (columns * size_of::<ScalarValue>() + 24) + self.back.size()
    }
}

/// Puts a state into an accumulator.
pub(crate) fn merge(accumulator: &mut dyn Accumulator, state: &[ScalarValue]) -> Result<()> {
    let one = |s: &ScalarValue| s.to_array();
    accumulator.merge_batch(&state.iter().map(one).collect::<Result<Vec<_>>>()?)
}

/// The rows that may become the least (or greatest) as older ones go: the best first.
#[derive(Default)]
pub(crate) struct Candidates(pub(crate) VecDeque<(u64, ScalarValue)>);

impl Candidates {
    /// A row comes. `endless`: none will go, so that only the best matters.
    pub(crate) fn enter(
        &mut self,
        number: u64,
        value: &ScalarValue,
        greatest: bool,
        endless: bool,
    ) {
        if value.is_null() {
            return;
        }
        let better = if greatest {
            Ordering::Greater
        } else {
            Ordering::Less
        };
        while self
            .0
            .back()
            .is_some_and(|(_, v)| order(v, value) != better)
        {
            self.0.pop_back();
        }
        if !endless || self.0.is_empty() {
            self.0.push_back((number, value.clone()));
        }
    }

    /// Row `number`, the oldest, goes.
    pub(crate) fn leave(&mut self, number: u64) {
        if self.0.front().is_some_and(|(n, _)| *n == number) {
            self.0.pop_front();
        }
    }
}

/// NaN is greater than every number, as in ORDER BY.
fn order(a: &ScalarValue, b: &ScalarValue) -> Ordering {
    let float = |v: &ScalarValue| match v {
        ScalarValue::Float64(Some(f)) => Some(*f),
        ScalarValue::Float32(Some(f)) => Some(f64::from(*f)),
        _ => None,
    };
    match (float(a), float(b)) {
        (Some(a), Some(b)) => a
            .partial_cmp(&b)
            .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan())),
        _ => a.partial_cmp(b).unwrap_or(Ordering::Equal),
    }
}
