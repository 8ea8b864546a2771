//! An aggregate of the embedding program's own: the mean of values by weights.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, AggregateUDF, Volatility, create_udaf};

#[derive(Debug, Default)]
struct WeightedMean {
    sum: f64,
    weight: f64,
}

impl Accumulator for WeightedMean {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let (values, weights) = (
            values[0].as_primitive::<Float64Type>(),
            values[1].as_primitive::<Float64Type>(),
        );
        for (value, weight) in values.iter().zip(weights) {
            if let (Some(value), Some(weight)) = (value, weight) {
                self.sum += value * weight;
                self.weight += weight;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let mean = (self.weight != 0.0).then(|| self.sum / self.weight);
        Ok(ScalarValue::Float64(mean))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![
            ScalarValue::from(self.sum),
            ScalarValue::from(self.weight),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.sum += states[0]
            .as_primitive::<Float64Type>()
            .iter()
            .flatten()
            .sum::<f64>();
        self.weight += states[1]
            .as_primitive::<Float64Type>()
            .iter()
            .flatten()
            .sum::<f64>();
        Ok(())
    }
}

/// `weighted_mean(value, weight)`
pub(crate) fn weighted_mean() -> AggregateUDF {
    let number = DataType::Float64;
    create_udaf(
        "weighted_mean",
        vec![number.clone(), number.clone()],
        Arc::new(number.clone()),
        Volatility::Immutable,
        Arc::new(|_| Ok(Box::new(WeightedMean::default()))),
        Arc::new(vec![number.clone(), number]),
    )
}
