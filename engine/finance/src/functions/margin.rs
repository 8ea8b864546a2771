//! Futures in SQL: `futures_pnl`, `margin_call`, `rollover_progress`, `rollover_level`.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Date32Type, Field, Fields, TimeUnit};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::functions::arguments::{Argument, Kind, Numbers, coerced};
use crate::functions::words::Words;
use crate::margin::account::{PRODUCT_WORDS, SIDE_WORDS, Side, multiplier, pnl};
use crate::margin::{call, roll};

const PNL: [Argument; 5] = [
    ("multiplier", Kind::NumberOrText),
    ("entry", Kind::Number),
    ("exit", Kind::Number),
    ("qty", Kind::Number),
    ("side", Kind::Text),
];

const CALL: [Argument; 5] = [
    ("cash", Kind::Number),
    ("pnl", Kind::Number),
    ("required", Kind::Number),
    ("required_before", Kind::Number),
    ("next_business_day", Kind::Date),
];

const PROGRESS: [Argument; 2] = [("oi_front", Kind::Number), ("oi_next", Kind::Number)];

const LEVEL: [Argument; 2] = [("progress", Kind::Number), ("days_to_sq", Kind::Number)];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Figure {
    Pnl,
    Call,
    Progress,
    Level,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Margin {
    figure: Figure,
    signature: Signature,
}

/// All of them.
#[must_use]
pub fn all() -> Vec<Arc<ScalarUDF>> {
    let function = |figure| {
        Arc::new(ScalarUDF::from(Margin {
            figure,
            signature: Signature::user_defined(Volatility::Immutable),
        }))
    };
    Figure::ALL.map(function).to_vec()
}

fn call_fields() -> Fields {
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    Fields::from(vec![
        Field::new("equity", DataType::Float64, true),
        Field::new("shortfall", DataType::Float64, true),
        Field::new("cause", DataType::Utf8, true),
        Field::new("due", time, true),
        Field::new("consequence", DataType::Utf8, true),
    ])
}

fn profits(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let [product, prices @ .., side] = arguments else {
        return exec_err!("futures_pnl: expected arguments");
    };
    let sides = Words::known(side, "side", SIDE_WORDS, Side::from_text)?;
    let numbers = Numbers::<3>::new(prices, rows)?;
    let multipliers = if product.data_type() == DataType::Utf8 {
        Words::known(product, "product", PRODUCT_WORDS, multiplier)?
    } else {
        let column = Numbers::<1>::new(std::slice::from_ref(product), rows)?;
        Words::Each((0..rows).map(|row| Some(column.row(row)?[0])).collect())
    };
    let answer = |row| {
        let [entry, exit, qty] = numbers.row(row)?;
        let profit = pnl(entry, exit, multipliers.row(row)?, qty, sides.row(row)?);
        profit.is_finite().then_some(profit)
    };
    Ok(Arc::new((0..rows).map(answer).collect::<Float64Array>()))
}

/// A row without a null is a struct with at least `equity`; a row with one is null.
fn calls(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let Some((numbers, date)) = arguments.split_at_checked(4) else {
        return exec_err!("margin_call: expected arguments");
    };
    let numbers = Numbers::<4>::new(numbers, rows)?;
    let dates = date.first().map(|date| date.to_array(rows)).transpose()?;
    let dates = dates
        .as_ref()
        .and_then(|d| d.as_primitive_opt::<Date32Type>());
    let row = |row| numbers.row(row).filter(|r| r.iter().all(|n| n.is_finite()));
    let found: Vec<Option<[f64; 4]>> = (0..rows).map(row).collect();
    let short = |row: usize| {
        let [cash, pnl, required, before] = found[row]?;
        call::margin_call(cash, pnl, required, before)
    };
    let due = |row: usize| {
        short(row)?;
        let dates = dates.filter(|d| d.is_valid(row))?;
        Some(call::due(dates.value_as_date(row)?).timestamp_micros())
    };
    let known = |row: usize| found[row].is_some();
    // A field of a null struct is read as it stands: it must be null too.
    let shortfall = |row| known(row).then(|| short(row).map_or(0.0, |call| call.shortfall));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Float64Array::from_iter(
            found.iter().map(|r| r.map(|[cash, pnl, ..]| cash + pnl)),
        )),
        Arc::new(Float64Array::from_iter((0..rows).map(shortfall))),
        Arc::new(StringArray::from_iter(
            (0..rows).map(|row| Some(short(row)?.cause.name())),
        )),
        Arc::new(TimestampMicrosecondArray::from_iter((0..rows).map(due)).with_timezone("UTC")),
        Arc::new(StringArray::from_iter(
            (0..rows).map(|row| short(row).map(|_| call::CONSEQUENCE)),
        )),
    ];
    let nulls = NullBuffer::from_iter((0..rows).map(known));
    let answer = StructArray::try_new(call_fields(), columns, Some(nulls))?;
    Ok(Arc::new(answer))
}

fn rolled(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let numbers = Numbers::<2>::new(arguments, rows)?;
    let answer = |row| {
        let [front, next] = numbers.row(row)?;
        roll::progress(front, next)
    };
    Ok(Arc::new((0..rows).map(answer).collect::<Float64Array>()))
}

fn levels(arguments: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
    let numbers = Numbers::<2>::new(arguments, rows)?;
    let answer = |row| {
        let [progress, days] = numbers.row(row)?;
        let known = progress.is_finite() && days.is_finite();
        known.then(|| {
            roll::Rule::default()
                .level(progress, days.floor() as i64)
                .name()
        })
    };
    Ok(Arc::new((0..rows).map(answer).collect::<StringArray>()))
}

impl Figure {
    const ALL: [Self; 4] = [Self::Pnl, Self::Call, Self::Progress, Self::Level];

    const fn name(self) -> &'static str {
        match self {
            Self::Pnl => "futures_pnl",
            Self::Call => "margin_call",
            Self::Progress => "rollover_progress",
            Self::Level => "rollover_level",
        }
    }

    /// The arguments, and how many of the last may be left out.
    const fn arguments(self) -> (&'static [Argument], usize) {
        match self {
            Self::Pnl => (&PNL, 0),
            Self::Call => (&CALL, 1),
            Self::Progress => (&PROGRESS, 0),
            Self::Level => (&LEVEL, 0),
        }
    }
}

impl ScalarUDFImpl for Margin {
    fn name(&self) -> &str {
        self.figure.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, found: &[DataType]) -> Result<Vec<DataType>> {
        let (arguments, optional) = self.figure.arguments();
        coerced(self.name(), arguments, optional, found)
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        match self.figure {
            Figure::Call => Ok(DataType::Struct(call_fields())),
            Figure::Pnl | Figure::Progress => Ok(DataType::Float64),
            Figure::Level => Ok(DataType::Utf8),
        }
    }

    fn invoke_with_args(&self, call: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = call.number_rows;
        let answer = match self.figure {
            Figure::Pnl => profits(&call.args, rows),
            Figure::Call => calls(&call.args, rows),
            Figure::Progress => rolled(&call.args, rows),
            Figure::Level => levels(&call.args, rows),
        };
        answer.map(ColumnarValue::Array)
    }
}
