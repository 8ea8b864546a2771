//! The forward of a group of option prices in SQL: the aggregate
//! `parity_forward(strike, put_call, price, t, r)`.
//!
//! What it keeps does not depend on the order of rows, nor on how they were parted: of each option
//! the least and the greatest price (the middle between them counts), of `t` the least, of `r` the
//! middle too. So it is bounded by the number of strikes.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, StringArray, StructArray,
};
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Float64Type};
use datafusion_common::{Result, ScalarValue, exec_err};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::utils::AggregateOrderSensitivity;
use datafusion_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};

use crate::functions::arguments::{Argument, Kind, coerced};
use crate::functions::words::Words;
use crate::pricing::forward::{Forward, Quote, parity_forward};
use crate::pricing::put_call::{PutCall, WORDS};

/// How many strikes a group may have.
pub const STRIKES_MAX: usize = 10_000;

const ARGUMENTS: [Argument; 5] = [
    ("strike", Kind::Number),
    ("put_call", Kind::Text),
    ("price", Kind::Number),
    ("t", Kind::Number),
    ("r", Kind::Number),
];

/// `parity_forward`
#[must_use]
pub fn function() -> Arc<AggregateUDF> {
    let signature = Signature::user_defined(Volatility::Immutable);
    Arc::new(AggregateUDF::from(ParityForward { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct ParityForward {
    signature: Signature,
}

fn fields() -> Fields {
    Fields::from(vec![
        Field::new("forward", DataType::Float64, true),
        Field::new("source", DataType::Utf8, true),
        Field::new("suspect", DataType::Boolean, true),
        Field::new("iv_gap", DataType::Float64, true),
    ])
}

impl AggregateUDFImpl for ParityForward {
    fn name(&self) -> &str {
        "parity_forward"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, found: &[DataType]) -> Result<Vec<DataType>> {
        coerced(self.name(), &ARGUMENTS, 0, found)
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(fields()))
    }

    fn accumulator(&self, _arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Chain::default()))
    }

    fn state_fields(&self, _arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        let list = DataType::new_list(DataType::Float64, true);
        Ok(vec![Arc::new(Field::new("chain", list, true))])
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }
}

/// The least and the greatest of some numbers.
#[derive(Clone, Copy, Debug)]
struct Span {
    least: f64,
    greatest: f64,
}

/// Of no numbers.
const NONE: Span = Span {
    least: f64::INFINITY,
    greatest: f64::NEG_INFINITY,
};

impl Span {
    fn add(&mut self, other: Self) {
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    fn middle(self) -> Option<f64> {
        (self.least <= self.greatest).then_some(self.least + 0.5 * (self.greatest - self.least))
    }
}

const fn one(number: f64) -> Span {
    Span {
        least: number,
        greatest: number,
    }
}

/// The prices of a group.
#[derive(Debug)]
struct Chain {
    years: Span,
    rate: Span,
    /// Calls and puts by the bits of their strike, which are in order as strikes are positive.
    strikes: BTreeMap<u64, [Span; 2]>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            years: NONE,
            rate: NONE,
            strikes: BTreeMap::new(),
        }
    }
}

impl Chain {
    fn add(&mut self, strike: u64, prices: [Span; 2]) -> Result<()> {
        let full = self.strikes.len() >= STRIKES_MAX;
        if full && !self.strikes.contains_key(&strike) {
            return exec_err!(
                "parity_forward: expected at most {STRIKES_MAX} strikes in a group, found more"
            );
        }
        let kept = self.strikes.entry(strike).or_insert([NONE; 2]);
        for (kept, prices) in kept.iter_mut().zip(prices) {
            kept.add(prices);
        }
        Ok(())
    }

    fn forward(&self) -> Option<Forward> {
        let quote = |(strike, [call, put]): (&u64, &[Span; 2])| Quote {
            strike: f64::from_bits(*strike),
            call: call.middle(),
            put: put.middle(),
        };
        let quotes: Vec<Quote> = self.strikes.iter().map(quote).collect();
        let years = self.years.middle().map(|_| self.years.least)?;
        parity_forward(&quotes, years, self.rate.middle()?)
    }
}

fn numbers(array: &ArrayRef) -> Result<&Float64Array> {
    match array.as_primitive_opt::<Float64Type>() {
        Some(numbers) => Ok(numbers),
        None => exec_err!("parity_forward: expected numbers"),
    }
}

impl Accumulator for Chain {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let [strike, put_call, price, years, rate] = values else {
            return exec_err!("parity_forward: expected five arguments");
        };
        let words = datafusion_expr::ColumnarValue::Array(Arc::clone(put_call));
        let sides = Words::known(&words, "put_call", WORDS, PutCall::from_text)?;
        let columns = [
            numbers(strike)?,
            numbers(price)?,
            numbers(years)?,
            numbers(rate)?,
        ];
        for row in 0..strike.len() {
            let [strike, price, years, rate] = columns.map(|column| {
                let value = column.is_valid(row).then(|| column.value(row));
                value.filter(|value| value.is_finite())
            });
            let (Some(strike), Some(price), Some(years), Some(rate), Some(side)) =
                (strike, price, years, rate, sides.row(row))
            else {
                continue;
            };
            if strike <= 0.0 || price <= 0.0 {
                continue;
            }
            let prices = match side {
                PutCall::Call => [one(price), NONE],
                PutCall::Put => [NONE, one(price)],
            };
            self.add(strike.to_bits(), prices)?;
            self.years.add(one(years));
            self.rate.add(one(rate));
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let Some(found) = self.forward() else {
            return ScalarValue::try_new_null(&DataType::Struct(fields()));
        };
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Float64Array::from(vec![found.price])),
            Arc::new(StringArray::from(vec![found.source.name()])),
            Arc::new(BooleanArray::from(vec![found.suspect])),
            Arc::new(Float64Array::from(vec![found.iv_gap])),
        ];
        let row = StructArray::try_new(fields(), columns, None)?;
        Ok(ScalarValue::Struct(Arc::new(row)))
    }

    fn size(&self) -> usize {
        // A node of the map is about twice its entries.
        size_of::<Self>() + self.strikes.len() * 2 * size_of::<(u64, [Span; 2])>()
    }

    /// Years, rate, then five numbers a strike.
    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let span = |span: &Span| [span.least, span.greatest];
        let mut flat = Vec::with_capacity(4 + 5 * self.strikes.len());
        flat.extend([&self.years, &self.rate].into_iter().flat_map(span));
        for (strike, prices) in &self.strikes {
            flat.push(f64::from_bits(*strike));
            flat.extend(prices.iter().flat_map(span));
        }
        let flat: Vec<ScalarValue> = flat.into_iter().map(ScalarValue::from).collect();
        let list = ScalarValue::new_list_nullable(&flat, &DataType::Float64);
        Ok(vec![ScalarValue::List(list)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let Some(lists) = states
            .first()
            .and_then(|states| states.as_list_opt::<i32>())
        else {
            return exec_err!("parity_forward: expected a list of numbers");
        };
        for list in lists.iter().flatten() {
            let flat = numbers(&list)?.values();
            let Some((&[y0, y1, r0, r1], strikes)) = flat.split_first_chunk::<4>() else {
                continue;
            };
            let span = |least, greatest| Span { least, greatest };
            self.years.add(span(y0, y1));
            self.rate.add(span(r0, r1));
            for &[strike, c0, c1, p0, p1] in strikes.as_chunks::<5>().0 {
                self.add(strike.to_bits(), [span(c0, c1), span(p0, p1)])?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pricing::black76;

    /// The chain of one volatility on a forward of 63,720, each option priced twice.
    fn rows() -> Vec<(f64, &'static str, f64)> {
        let mut rows = Vec::new();
        for strike in (0..17).map(|i| 61_750.0 + 250.0 * f64::from(i)) {
            for (word, side) in [("C", PutCall::Call), ("put", PutCall::Put)] {
                let price = black76::price(side, 63_720.0, strike, 0.1, 0.01, 0.3).unwrap();
                rows.extend([(strike, word, price - 2.0), (strike, word, price + 2.0)]);
            }
        }
        rows
    }

    fn columns(rows: &[(f64, &str, f64)]) -> Vec<ArrayRef> {
        let of = |f: &dyn Fn(&(f64, &str, f64)) -> f64| -> ArrayRef {
            Arc::new(Float64Array::from_iter_values(rows.iter().map(f)))
        };
        let words = StringArray::from_iter_values(rows.iter().map(|r| r.1));
        vec![
            of(&|r| r.0),
            Arc::new(words),
            of(&|r| r.2),
            of(&|_| 0.1),
            of(&|_| 0.01),
        ]
    }

    #[test]
    fn the_middle_of_its_prices_counts() {
        let mut chain = Chain::default();
        chain.update_batch(&columns(&rows())).unwrap();
        let found = chain.forward().unwrap();
        assert!(
            (found.price - 63_720.0).abs() < 1e-6 && !found.suspect,
            "{found:?}"
        );
        assert!(Chain::default().evaluate().unwrap().is_null());
    }

    #[test]
    fn an_unknown_word_is_an_error_that_shows_it() {
        let error = Chain::default().update_batch(&columns(&[(1.0, "X", 1.0)]));
        let error = error.unwrap_err().strip_backtrace();
        assert!(error.ends_with("put_call: expected 'C', 'P', 'CALL' or 'PUT', found 'X'"));
    }

    proptest! {
        /// In any order, in any parts, through states or not: the same bits.
        #[test]
        fn order_and_parts_do_not_matter(
            rows in Just(rows()).prop_shuffle(),
            cut in 0..68_usize,
        ) {
            let mut whole = Chain::default();
            whole.update_batch(&columns(&rows)).unwrap();
            let (mut one, mut other) = (Chain::default(), Chain::default());
            one.update_batch(&columns(&rows[..cut])).unwrap();
            other.update_batch(&columns(&rows[cut..])).unwrap();
            let state = one.state().unwrap().remove(0).to_array().unwrap();
            other.merge_batch(&[state]).unwrap();
            prop_assert_eq!(other.evaluate().unwrap(), whole.evaluate().unwrap());
            let mut sorted = Chain::default();
            let mut again = rows;
            again.sort_by(|a, b| a.partial_cmp(b).unwrap());
            sorted.update_batch(&columns(&again)).unwrap();
            prop_assert_eq!(sorted.evaluate().unwrap(), whole.evaluate().unwrap());
        }
    }
}
