//! Expected rows against emitted ones, in order. Columns that an expected row leaves out are not
//! compared; whether it is a deletion always is.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::{DataType, Float64Type};
use zaraba_config::document::{Row, Value};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};

use crate::plan::{DELETED, PipelinePlan};
use crate::test_run::input::{column, value};
use crate::test_run::values::{emitted, shown};
use crate::test_run::{Difference, RowDifference};

/// How far floats may be apart, relative to the larger.
const FLOAT_TOLERANCE: f64 = 1e-9;
/// Most rows shown of one stream.
const ROWS_SHOWN_MAX: usize = 10;

/// One compared column.
struct Column {
    name: String,
    /// Which expected rows say something of it.
    given: Vec<bool>,
    expected: ArrayRef,
    expected_shown: Vec<String>,
    got: ArrayRef,
    got_shown: Vec<String>,
}

impl Column {
    fn same(&self, row: usize) -> bool {
        !self.given[row] || equal(&self.expected, &self.got, row)
    }
}

/// How the rows that a stream emitted differ from those expected, if they do.
pub(super) fn difference(
    plan: &PipelinePlan,
    stream: &str,
    expected: &[Row],
    batches: &[Batch],
) -> Result<Option<Difference>> {
    let Some(schema) = plan.streams.get(stream) else {
        return Err(Error::internal(format!("no stream `{stream}` to compare")));
    };
    let got = Batch::concat(&schema.columns, batches)?;
    let columns = columns(plan, &got, expected)?;
    let both = expected.len().min(got.len());
    let mut differing = Vec::new();
    for row in 0..expected.len().max(got.len()) {
        let differs = (row < both).then(|| columns.iter().position(|c| !c.same(row)));
        if differs == Some(None) {
            continue;
        }
        let expected = (row < expected.len()).then(|| {
            columns
                .iter()
                .map(|c| c.given[row].then(|| c.expected_shown[row].clone()))
                .collect()
        });
        let got = (row < got.len()).then(|| {
            columns
                .iter()
                .map(|c| Some(c.got_shown[row].clone()))
                .collect()
        });
        let differs = differs.flatten();
        differing.push(RowDifference {
            number: row + 1,
            expected,
            got,
            differs,
        });
    }
    if differing.is_empty() {
        return Ok(None);
    }
    let more = differing.len().saturating_sub(ROWS_SHOWN_MAX);
    differing.truncate(ROWS_SHOWN_MAX);
    Ok(Some(Difference {
        stream: stream.to_owned(),
        expected: expected.len(),
        got: got.len(),
        columns: columns.into_iter().map(|c| c.name).collect(),
        rows: differing,
        more,
    }))
}

/// The columns that expected rows name, or all if they name none.
fn columns(plan: &PipelinePlan, got: &Batch, expected: &[Row]) -> Result<Vec<Column>> {
    let schema = got.rows.schema();
    let named = |name: &str| expected.iter().any(|row| value(row, name).is_some());
    let any = schema.fields().iter().any(|f| named(f.name()));
    let mut columns = Vec::new();
    for (field, column_got) in schema.fields().iter().zip(got.rows.columns()) {
        if any && !named(field.name()) {
            continue;
        }
        let expected_column = match expected.first() {
            Some(first) => emitted(&column(field, expected, first.span, plan.zone)?)?,
            None => emitted(&column_got.slice(0, 0))?,
        };
        let got = emitted(column_got)?;
        columns.push(Column {
            name: field.name().clone(),
            given: expected
                .iter()
                .map(|row| value(row, field.name()).is_some())
                .collect(),
            expected_shown: shown(&expected_column, field.data_type(), plan.zone)?,
            expected: expected_column,
            got_shown: shown(&got, field.data_type(), plan.zone)?,
            got,
        });
    }
    if schema.index_of(DELETED).is_err() && (named(DELETED) || got.deleted.is_some()) {
        columns.push(deletions(got, expected));
    }
    Ok(columns)
}

/// Which rows are deletions, as a column.
fn deletions(got: &Batch, expected: &[Row]) -> Column {
    let expected: Vec<bool> = expected
        .iter()
        .map(|row| value(row, DELETED) == Some(Value::Bool(true)))
        .collect();
    let got: Vec<bool> = (0..got.len()).map(|i| got.is_deleted(i)).collect();
    let texts = |flags: &[bool]| flags.iter().map(ToString::to_string).collect();
    Column {
        name: DELETED.to_owned(),
        given: vec![true; expected.len()],
        expected_shown: texts(&expected),
        got_shown: texts(&got),
        expected: Arc::new(BooleanArray::from(expected)),
        got: Arc::new(BooleanArray::from(got)),
    }
}

/// Whether two columns of one type say the same in a row.
fn equal(expected: &ArrayRef, got: &ArrayRef, row: usize) -> bool {
    if expected.data_type() != &DataType::Float64 || got.data_type() != &DataType::Float64 {
        return expected.slice(row, 1).as_ref() == got.slice(row, 1).as_ref();
    }
    let of = |column: &ArrayRef| {
        let floats = column.as_primitive::<Float64Type>();
        floats.is_valid(row).then(|| floats.value(row))
    };
    match (of(expected), of(got)) {
        (Some(a), Some(b)) => {
            a == b
                || (a.is_nan() && b.is_nan())
                || (a - b).abs() <= FLOAT_TOLERANCE * a.abs().max(b.abs()).min(f64::MAX)
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Float64Array, Int64Array};

    use super::*;

    #[test]
    fn floats_are_equal_within_a_billionth() {
        for (a, b, expected) in [
            (Some(1.0), Some(1.0 + 9e-10), true),
            (Some(1.0), Some(1.0 + 2e-9), false),
            (Some(1e15), Some(1e15 + 1e5), true),
            (Some(0.0), Some(1e-12), false),
            (Some(-0.0), Some(0.0), true),
            (Some(f64::NAN), Some(f64::NAN), true),
            (Some(f64::INFINITY), Some(f64::INFINITY), true),
            (Some(f64::INFINITY), Some(1.0), false),
            (None, None, true),
            (None, Some(0.0), false),
        ] {
            let column = |x| Arc::new(Float64Array::from(vec![x])) as ArrayRef;
            assert_eq!(equal(&column(a), &column(b), 0), expected, "{a:?} {b:?}");
        }
    }

    #[test]
    fn integers_are_equal_exactly() {
        let column = |x| Arc::new(Int64Array::from(vec![x])) as ArrayRef;
        assert!(equal(&column(Some(7)), &column(Some(7)), 0));
        assert!(!equal(
            &column(Some(i64::MAX)),
            &column(Some(i64::MAX - 1)),
            0
        ));
        assert!(!equal(&column(None), &column(Some(0)), 0));
    }
}
