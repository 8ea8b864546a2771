//! How one column of `simulate` is made: a choice, a uniform number, a walk or a counter.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, UInt32Array, new_null_array};
use arrow::compute::{CastOptions, cast_with_options, take};
use arrow::datatypes::DataType;
use chrono_tz::Tz;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use zaraba_config::document::{ColumnDoc, ColumnType, Generate, Value};
use zaraba_core::error::{Error, Result};
use zaraba_formats::decode::{arrow_type, column_of};

/// Floats are rounded to this many parts of one, so that a walk in steps of 0.1 shows 1.4, not
/// 1.4000000000000001.
const PARTS: f64 = 1e9;

/// Makes a column.
pub(super) struct Maker {
    name: String,
    kind: DataType,
    how: How,
    made: Made,
}

/// Numbers that tell keys apart: what each `one_of` column chose.
type Key = Vec<u32>;

enum How {
    /// One of these.
    OneOf(ArrayRef),
    Real(f64, f64),
    Whole(i64, i64),
    Walk {
        start: f64,
        step: f64,
        /// The fewest steps from the start that are not below the minimum.
        lowest: i64,
        /// Steps from the start, per key.
        steps: HashMap<Key, i64>,
    },
    Counter {
        start: i64,
        step_max: i64,
        counts: HashMap<Key, i64>,
    },
    /// The same each time.
    Fixed(ArrayRef),
}

/// What was made since it was last handed over.
enum Made {
    Real(Vec<f64>),
    Whole(Vec<i64>),
    /// Numbers of values in an array of them.
    Index(Vec<u32>),
}

impl Maker {
    /// # Errors
    /// When the column does not say how, or its type cannot be made so.
    pub(super) fn new(column: &ColumnDoc) -> Result<Self> {
        let name = column.name.value.clone();
        let how = how(column).map_err(|e| e.at(&format!("column `{name}`")))?;
        let made = match how {
            How::OneOf(_) | How::Fixed(_) => Made::Index(Vec::new()),
            How::Real(..) | How::Walk { .. } => Made::Real(Vec::new()),
            How::Whole(..) | How::Counter { .. } => Made::Whole(Vec::new()),
        };
        Ok(Self {
            name,
            kind: arrow_type(column.kind),
            how,
            made,
        })
    }

    /// Draws a choice, if the column is one, and adds it to the row's key.
    pub(super) fn choose(&mut self, random: &mut ChaCha8Rng, key: &mut Key) {
        if let (How::OneOf(values), Made::Index(made)) = (&self.how, &mut self.made) {
            let last = u32::try_from(values.len().saturating_sub(1)).unwrap_or(u32::MAX);
            let chosen = random.random_range(0..=last);
            key.push(chosen);
            made.push(chosen);
        }
    }

    /// Draws anything else, for a row of that key.
    pub(super) fn draw(&mut self, random: &mut ChaCha8Rng, key: &Key) {
        match (&mut self.how, &mut self.made) {
            (How::Fixed(_), Made::Index(made)) => made.push(0),
            (How::Real(low, high), Made::Real(made)) => {
                made.push(rounded(random.random_range(*low..=*high)));
            }
            (How::Whole(low, high), Made::Whole(made)) => {
                made.push(random.random_range(*low..=*high));
            }
            (
                How::Walk {
                    start,
                    step,
                    lowest,
                    steps,
                },
                Made::Real(made),
            ) => {
                let moved = random.random_range(-1..=1);
                let at = next(steps, key, 0, |at| at.saturating_add(moved).max(*lowest));
                made.push(rounded(*start + *step * at as f64));
            }
            (
                How::Counter {
                    start,
                    step_max,
                    counts,
                },
                Made::Whole(made),
            ) => {
                let more = random.random_range(0..=*step_max);
                made.push(next(counts, key, *start, |at| at.saturating_add(more)));
            }
            _ => {}
        }
    }

    /// Hands over what was made.
    pub(super) fn finish(&mut self) -> Result<ArrayRef> {
        let numbers: ArrayRef = match (&self.how, &mut self.made) {
            (How::OneOf(values) | How::Fixed(values), Made::Index(made)) => {
                return Ok(take(
                    values,
                    &UInt32Array::from(std::mem::take(made)),
                    None,
                )?);
            }
            (_, Made::Real(made)) => {
                let whole = self.kind.is_integer();
                let made = std::mem::take(made).into_iter();
                let made: Vec<f64> = made.map(|x| if whole { x.round() } else { x }).collect();
                Arc::new(Float64Array::from(made))
            }
            (_, Made::Whole(made)) => Arc::new(Int64Array::from(std::mem::take(made))),
            (_, Made::Index(_)) => return Err(Error::internal("an index of no values")),
        };
        let strict = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        cast_with_options(&numbers, &self.kind, &strict)
            .map_err(|e| Error::user(format!("column `{}`: {e}", self.name)))
    }
}

/// What a column declares, checked.
fn how(column: &ColumnDoc) -> Result<How> {
    let wrong = |e: String| Err(Error::user(e));
    let value = |v: &Option<Value>| column_of(column, std::slice::from_ref(v), Tz::UTC);
    let whole = matches!(column.kind, ColumnType::Int32 | ColumnType::Int64);
    let exact = matches!(column.kind, ColumnType::Float64 | ColumnType::Decimal(..));
    Ok(match &column.generate {
        None if column.default.is_some() => How::Fixed(value(&column.default)?),
        None if column.optional => How::Fixed(new_null_array(&arrow_type(column.kind), 1)),
        None => return wrong("expected `one_of`, `range`, `walk` or `counter`".to_owned()),
        Some(Generate::OneOf(values)) if !values.is_empty() => {
            let values: Vec<_> = values.iter().cloned().map(Some).collect();
            How::OneOf(column_of(column, &values, Tz::UTC)?)
        }
        Some(Generate::OneOf(_)) => return wrong("expected `one_of` to name a value".to_owned()),
        Some(_) if !whole && !exact => {
            return wrong("expected `one_of`, as the column is no number".to_owned());
        }
        Some(Generate::Range(low, high)) if !(high - low).is_finite() || low > high => {
            return wrong(format!("expected a range that rises, got {low} to {high}"));
        }
        Some(Generate::Range(low, high)) if whole => {
            let (low, high) = (low.ceil() as i64, high.floor() as i64);
            if low > high {
                return wrong("expected a range with an integer in it".to_owned());
            }
            How::Whole(low, high)
        }
        Some(Generate::Range(low, high)) => How::Real(*low, *high),
        Some(Generate::Walk { start, step, min }) => {
            if !(*step > 0.0 && step.is_finite() && start >= min && start.is_finite()) {
                return wrong(format!(
                    "expected a walk with a step above 0 that starts at its `min` or above, got \
                     start {start}, step {step}, min {min}"
                ));
            }
            let lowest = ((min - start) / step).ceil() as i64;
            How::Walk {
                start: *start,
                step: *step,
                lowest,
                steps: HashMap::new(),
            }
        }
        Some(Generate::Counter { step_max, .. }) if *step_max < 0 => {
            return wrong(format!(
                "expected a `step_max` of 0 or above, got {step_max}"
            ));
        }
        Some(Generate::Counter { start, step_max }) => How::Counter {
            start: *start,
            step_max: *step_max,
            counts: HashMap::new(),
        },
    })
}

/// The first value of a key, then each made from the one before.
fn next(
    states: &mut HashMap<Key, i64>,
    key: &Key,
    first: i64,
    step: impl FnOnce(i64) -> i64,
) -> i64 {
    match states.get_mut(key) {
        Some(state) => {
            *state = step(*state);
            *state
        }
        None => {
            states.insert(key.clone(), first);
            first
        }
    }
}

fn rounded(x: f64) -> f64 {
    let parts = x * PARTS;
    if parts.abs() < 9e15 {
        parts.round() / PARTS
    } else {
        x
    }
}
