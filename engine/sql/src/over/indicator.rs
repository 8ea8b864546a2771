//! Indicators ([`zaraba_finance::indicator`]) as window functions: `sma(x, n) OVER (…)` and the
//! others of its table. In event time each key has a machine of its own that takes its rows one by
//! one; over tables and whole partitions DataFusion hands over a partition at once, and a machine
//! takes its rows by the same steps.
//!
//! A row that has a null among the values, or what is no number, is passed by: it gives null and
//! does not count.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, StructArray};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion::logical_expr::{
    LimitEffect, PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl,
};
use datafusion::physical_expr::PhysicalExpr;
use zaraba_finance::indicator::table::{Spec, TABLE};
use zaraba_finance::indicator::{Indicator, NUMBER_MAX, Reading, Settings};

/// The most values of a row that an indicator takes.
const VALUES_MAX: usize = 3;

/// A call of an indicator, as planned.
#[derive(Clone, Debug)]
pub struct IndicatorCall {
    /// Which.
    pub spec: &'static Spec,
    /// Its n and k.
    pub settings: Settings,
    /// Its values: columns of the row as it waits, of floats.
    pub columns: Vec<usize>,
}

impl IndicatorCall {
    /// A machine before its first row.
    pub(crate) fn make(&self) -> Box<dyn Indicator> {
        self.spec.make(self.settings)
    }

    /// How many rows of each key it keeps.
    pub(crate) const fn keeps(&self) -> u64 {
        self.spec.keeps(self.settings) as u64
    }

    /// What a machine says of the next row. `value`: a column of it.
    pub(crate) fn answer(
        &self,
        machine: &mut dyn Indicator,
        value: impl Fn(usize) -> Result<ScalarValue>,
    ) -> Result<ScalarValue> {
        let mut values = [f64::NAN; VALUES_MAX];
        for (number, column) in values.iter_mut().zip(&self.columns) {
            if let ScalarValue::Float64(Some(float)) = value(*column)? {
                *number = float;
            }
        }
        let reading = push(machine, &values[..self.columns.len()]);
        if !self.spec.band {
            return Ok(ScalarValue::Float64(match reading {
                Reading::Number(number) => Some(number),
                _ => None,
            }));
        }
        Ok(match reading {
            Reading::Band { .. } => ScalarValue::Struct(Arc::new(bands(&[reading])?)),
            _ => ScalarValue::Null,
        })
    }
}

/// Hands a row to a machine, unless it is to be passed by.
fn push(machine: &mut dyn Indicator, values: &[f64]) -> Reading {
    // NaN is not below anything.
    if values.iter().all(|v| v.abs() <= NUMBER_MAX) {
        machine.push(values)
    } else {
        Reading::Unknown
    }
}

/// The columns of a band.
fn band_fields() -> Fields {
    let field = |name: &str| Field::new(name, DataType::Float64, true);
    Fields::from(["lower", "middle", "upper"].map(field).to_vec())
}

/// The type of what an indicator answers.
fn output(spec: &Spec) -> DataType {
    if spec.band {
        DataType::Struct(band_fields())
    } else {
        DataType::Float64
    }
}

/// Bands as a column.
fn bands(readings: &[Reading]) -> Result<StructArray> {
    let one = |of: fn([f64; 3]) -> f64| -> ArrayRef {
        let number = |reading: &Reading| match *reading {
            Reading::Band {
                lower,
                middle,
                upper,
            } => Some(of([lower, middle, upper])),
            _ => None,
        };
        Arc::new(readings.iter().map(number).collect::<Float64Array>())
    };
    let columns = vec![one(|[l, _, _]| l), one(|[_, m, _]| m), one(|[_, _, u]| u)];
    let known = readings.iter().map(|r| matches!(r, Reading::Band { .. }));
    let known: NullBuffer = known.collect::<Vec<bool>>().into();
    Ok(StructArray::try_new(band_fields(), columns, Some(known))?)
}

/// The functions, for DataFusion's planner and for queries over tables.
pub fn functions() -> impl Iterator<Item = Arc<WindowUDF>> {
    let function = |spec: &'static Spec| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(WindowUDF::from(Function {
            name: spec.name,
            signature,
            spec: Known(spec),
        }))
    };
    TABLE.iter().map(function)
}

/// A line of the table; the name tells one from another.
#[derive(Debug)]
struct Known(&'static Spec);

#[derive(Debug, PartialEq, Eq, Hash)]
struct Function {
    name: &'static str,
    signature: Signature,
    spec: Known,
}

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Known {}

impl std::hash::Hash for Known {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl WindowUDFImpl for Function {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Values become floats; n and k stay as they are written, and are judged where they are read.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        let spec = self.spec.0;
        let signature = spec.signature();
        if types.len() != spec.arguments() {
            return plan_err!("{signature}: found {} arguments", types.len());
        }
        let values = spec.values.len();
        let coerced = |(i, kind): (usize, &DataType)| match kind {
            kind if i >= values => Ok(kind.clone()),
            kind if kind.is_numeric() || kind.is_null() => Ok(DataType::Float64),
            _ => plan_err!("{signature} takes numbers"),
        };
        types.iter().enumerate().map(coerced).collect()
    }

    fn partition_evaluator(
        &self,
        _args: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        Ok(Box::new(Whole(self.spec.0)))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        let kind = output(self.spec.0);
        Ok(Arc::new(Field::new(args.name(), kind, true)))
    }

    fn limit_effect(&self, _args: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        LimitEffect::None
    }
}

/// All rows of a partition at once.
#[derive(Debug)]
struct Whole(&'static Spec);

impl PartitionEvaluator for Whole {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let spec = self.0;
        let float = |v: &ArrayRef| cast(v.as_ref(), &DataType::Float64);
        let columns = values.iter().map(float).collect::<Result<Vec<_>, _>>()?;
        let columns: Vec<&Float64Array> = columns.iter().map(|c| c.as_primitive()).collect();
        let (columns, constants) = columns.split_at(spec.values.len());
        let mut constants = constants.iter().map(|c| c.iter().flatten().next());
        let mut constant = || constants.next().flatten().unwrap_or_default();
        let mut settings = Settings {
            length: 0,
            width: 0.0,
        };
        if spec.length_min.is_some() {
            settings.length = constant() as usize;
        }
        if spec.takes_width {
            settings.width = constant();
        }
        let mut machine = spec.make(settings);
        let one = |row: usize| {
            let mut values = [f64::NAN; VALUES_MAX];
            for (number, column) in values.iter_mut().zip(columns) {
                if column.is_valid(row) {
                    *number = column.value(row);
                }
            }
            push(machine.as_mut(), &values[..columns.len()])
        };
        let readings: Vec<Reading> = (0..rows).map(one).collect();
        if spec.band {
            return Ok(Arc::new(bands(&readings)?));
        }
        let number = |reading: &Reading| match reading {
            Reading::Number(number) => Some(*number),
            _ => None,
        };
        Ok(Arc::new(
            readings.iter().map(number).collect::<Float64Array>(),
        ))
    }
}
