//! What is held of one key: the rows that frames may still need, numbered in their order, and how
//! far each call has come. Everything depends on the key's rows alone, never on batches.

use std::collections::VecDeque;

use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Accumulator;
use zaraba_finance::indicator::Indicator;

use crate::over::call::{Aggregate, Call, How, Of, What};
use crate::over::frame::{Frame, Unit};
use crate::over::kept::{Kept, Rows};
use crate::over::slide::{Candidates, TwoStacks};

/// One key.
pub(crate) struct Partition {
    pub(crate) key: Box<[u8]>,
    /// The end of its window, where the key names one.
    pub(crate) end: Option<i64>,
    pub(crate) rows: Rows,
    /// The number of the next row to answer.
    pub(crate) next: u64,
    pub(crate) states: Vec<State>,
}

/// How far a call has come.
pub(crate) enum State {
    /// It needs no more than the row's number.
    Number,
    Rank(Rank),
    /// The last values, oldest first.
    Recent(VecDeque<ScalarValue>),
    /// What an indicator knows.
    Indicator(Box<dyn Indicator>),
    Frame(Framed),
}

/// The numbers of the last row.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rank {
    pub(crate) time: i64,
    pub(crate) rank: u64,
    pub(crate) dense: u64,
}

/// A frame and what is made of it.
pub(crate) struct Framed {
    pub(crate) low: u64,
    pub(crate) high: u64,
    pub(crate) made: Made,
    /// The answer for this frame, if it was asked for.
    answer: Option<ScalarValue>,
}

pub(crate) enum Made {
    /// Asked of the rows each time.
    Rows,
    Stacks(TwoStacks),
    Running(Box<dyn Accumulator>),
    Candidates(Candidates),
}

impl State {
    /// Before the first row.
    pub(crate) fn new(call: &Call) -> Result<Self> {
        Ok(match &call.what {
            What::RowNumber => Self::Number,
            What::Rank { .. } => Self::Rank(Rank::default()),
            What::Lag { .. } | What::CounterDelta { .. } => Self::Recent(VecDeque::new()),
            What::Indicator(of) => Self::Indicator(of.make()),
            What::Framed(_, of) => Self::Frame(Framed::new(Made::new(of, 0)?, 0, 0)),
        })
    }
}

impl Made {
    pub(crate) fn new(of: &Of, at: u64) -> Result<Self> {
        Ok(match of {
            Of::Pick { .. } => Self::Rows,
            Of::Extreme { .. } => Self::Candidates(Candidates::default()),
            Of::Aggregate(call) => match call.how {
                How::Anew => Self::Rows,
                How::Running => Self::Running(call.accumulator()?),
                How::Stacks => Self::Stacks(TwoStacks::new(call, at)?),
            },
        })
    }
}

impl Framed {
    pub(crate) const fn new(made: Made, low: u64, high: u64) -> Self {
        let answer = None;
        Self {
            low,
            high,
            made,
            answer,
        }
    }

    /// The first row that it still needs.
    fn needs(&self, frame: Frame) -> u64 {
        let only_new = matches!(self.made, Made::Running(_) | Made::Candidates(_));
        if only_new && frame.start.is_none() {
            self.high
        } else {
            self.low
        }
    }

    /// The rows before `low` go. An empty frame is as good as new: a key that is forgotten and
    /// comes back must answer the same.
    fn leave(&mut self, of: &Of, rows: &Rows, low: u64) -> Result<()> {
        if low <= self.low {
            return Ok(());
        }
        self.answer = None;
        while self.low < low.min(self.high) {
            match (&mut self.made, of) {
                (Made::Candidates(candidates), _) => candidates.leave(self.low),
                (Made::Stacks(stacks), Of::Aggregate(call)) => {
                    stacks.leave(call, rows, self.low, self.high)?;
                }
                _ => {}
            }
            self.low += 1;
        }
        self.low = low;
        self.high = self.high.max(low);
        if self.low == self.high {
            self.made = Made::new(of, low)?;
        }
        Ok(())
    }

    fn enter(&mut self, frame: Frame, of: &Of, rows: &Rows, high: u64) -> Result<()> {
        while self.high < high {
            self.answer = None;
            let number = self.high;
            match (&mut self.made, of, rows.get(number)) {
                (Made::Stacks(stacks), Of::Aggregate(call), _) => {
                    stacks.enter(call, rows, number)?;
                }
                (Made::Running(accumulator), Of::Aggregate(call), Some(row)) => {
                    call.update(accumulator.as_mut(), row)?;
                }
                (
                    Made::Candidates(candidates),
                    Of::Extreme {
                        column,
                        filter,
                        greatest,
                    },
                    Some(row),
                ) if crate::over::call::counts(*filter, row) => {
                    let endless = frame.start.is_none();
                    candidates.enter(number, &row.values[*column], *greatest, endless);
                }
                _ => {}
            }
            self.high += 1;
        }
        Ok(())
    }

    /// What it says of row `number`, the one behind the row before.
    pub(crate) fn answer(
        &mut self,
        frame: Frame,
        of: &Of,
        rows: &Rows,
        number: u64,
    ) -> Result<ScalarValue> {
        let (low, high) = frame.bounds(rows, number, (self.low, self.high));
        self.leave(of, rows, low)?;
        self.enter(frame, of, rows, high)?;
        if let Some(answer) = &self.answer {
            return Ok(answer.clone());
        }
        let answer = self.evaluate(of, rows)?;
        self.answer = Some(answer.clone());
        Ok(answer)
    }

    fn evaluate(&mut self, of: &Of, rows: &Rows) -> Result<ScalarValue> {
        let (low, high) = (self.low, self.high);
        match (&mut self.made, of) {
            (Made::Running(accumulator), _) => accumulator.evaluate(),
            (Made::Stacks(stacks), Of::Aggregate(call)) => stacks.evaluate(call),
            (Made::Candidates(candidates), _) => Ok(candidates
                .0
                .front()
                .map_or(ScalarValue::Null, |(_, v)| v.clone())),
            (Made::Rows, Of::Aggregate(call)) => anew(call, rows, low, high),
            (
                Made::Rows,
                Of::Pick {
                    column,
                    nth,
                    ignore_nulls,
                },
            ) => {
                let value = |row: &Kept| row.values[*column].clone();
                let seen = |value: &ScalarValue| !(*ignore_nulls && value.is_null());
                let behind = usize::try_from(nth.unsigned_abs().saturating_sub(1));
                let behind = behind.unwrap_or(usize::MAX);
                let mut rows = rows.between(low, high).map(value).filter(seen);
                let found = if *nth > 0 {
                    rows.nth(behind)
                } else {
                    rows.nth_back(behind)
                };
                Ok(found.unwrap_or(ScalarValue::Null))
            }
            _ => datafusion::common::internal_err!("a frame of another call"),
        }
    }
}

fn anew(call: &Aggregate, rows: &Rows, low: u64, high: u64) -> Result<ScalarValue> {
    call.anew(rows.between(low, high))
}

impl Partition {
    /// No rows yet.
    pub(crate) fn new(calls: &[Call], key: Box<[u8]>, end: Option<i64>) -> Result<Self> {
        Ok(Self {
            key,
            end,
            rows: Rows::default(),
            next: 0,
            states: calls.iter().map(State::new).collect::<Result<_>>()?,
        })
    }

    /// What call `i` says of the next row. `value`: a column of the row as it waits.
    pub(crate) fn answer(
        &mut self,
        i: usize,
        call: &Call,
        time: i64,
        value: impl Fn(usize) -> Result<ScalarValue>,
    ) -> Result<ScalarValue> {
        let number = self.next;
        match (&mut self.states[i], &call.what) {
            (State::Number, _) => Ok(ScalarValue::UInt64(Some(number + 1))),
            (State::Rank(last), What::Rank { dense }) => {
                if number == 0 || last.time != time {
                    last.time = time;
                    last.rank = number + 1;
                    last.dense += 1;
                }
                let rank = if *dense { last.dense } else { last.rank };
                Ok(ScalarValue::UInt64(Some(rank)))
            }
            (
                State::Recent(recent),
                What::Lag {
                    column,
                    offset,
                    ignore_nulls,
                    default,
                },
            ) => {
                let value = value(*column)?;
                if *offset == 0 {
                    return Ok(value);
                }
                let full = recent.len() == *offset;
                let before = if full { recent.front() } else { Some(default) };
                let before = before.cloned().unwrap_or(ScalarValue::Null);
                if !(*ignore_nulls && value.is_null()) {
                    if full {
                        recent.pop_front();
                    }
                    recent.push_back(value);
                }
                Ok(before)
            }
            (State::Recent(recent), What::CounterDelta { column }) => {
                let value = value(*column)?;
                if value.is_null() {
                    return Ok(value);
                }
                let before = recent.pop_front();
                recent.push_back(value.clone());
                crate::over::counter_delta::delta(before.as_ref(), &value)
            }
            (State::Indicator(machine), What::Indicator(of)) => of.answer(machine.as_mut(), value),
            (State::Frame(framed), What::Framed(frame, of)) => {
                framed.answer(*frame, of, &self.rows, number)
            }
            _ => datafusion::common::internal_err!("a state of another call"),
        }
    }

    /// Lets go of the rows that no frame of a later row needs.
    pub(crate) fn trim(&mut self, calls: &[Call]) {
        let needs = self
            .states
            .iter()
            .zip(calls)
            .filter_map(|(s, c)| match (s, &c.what) {
                (State::Frame(framed), What::Framed(frame, _)) => Some(framed.needs(*frame)),
                _ => None,
            });
        let needed = needs.min().unwrap_or(self.next).min(self.next);
        self.rows.drop_before(needed);
    }

    /// Lets go of the rows of a frame in time that lie before `time`, since no later row is older
    /// than what follows them.
    pub(crate) fn expire(&mut self, calls: &[Call], time: i64) -> Result<()> {
        let mut low = self.rows.base;
        while low < self.next && self.rows.get(low).is_some_and(|r| r.time < time) {
            low += 1;
        }
        for (state, call) in self.states.iter_mut().zip(calls) {
            if let (State::Frame(framed), What::Framed(frame, of)) = (state, &call.what)
                && frame.unit == Unit::Range
                && frame.start.is_some()
            {
                framed.leave(of, &self.rows, low)?;
            }
        }
        self.trim(calls);
        Ok(())
    }

    /// About how many bytes are held, told without looking at the rows.
    pub(crate) fn size(&self) -> usize {
        let state = |s: &State| match s {
            State::Indicator(machine) => machine.bytes(),
            State::Recent(recent) => recent.capacity() * size_of::<ScalarValue>(),
            State::Frame(framed) => match &framed.made {
                Made::Stacks(stacks) => stacks.size(),
                Made::Running(accumulator) => accumulator.size(),
                Made::Candidates(candidates) => {
                    candidates.0.capacity() * size_of::<(u64, ScalarValue)>()
                }
                Made::Rows => 0,
            },
            State::Number | State::Rank(_) => 0,
        };
        let states = self.states.iter().map(state).sum::<usize>();
        let own = size_of::<Self>() + self.states.len() * size_of::<State>() + self.key.len();
        self.rows.bytes + states + own
    }
}
