//! `min` and `max` of floats, as an accumulator of our own: DataFusion's takes or leaves a NaN by
//! where it stands among the rows. Here NaN is greater than every number, as in ORDER BY.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

/// The least or greatest value of each group; the state is the result.
struct Extreme<T: ArrowPrimitiveType> {
    greatest: bool,
    values: Vec<T::Native>,
    seen: Vec<bool>,
}

/// An accumulator for a float's type; none for other types.
pub(crate) fn of_floats(kind: &DataType, greatest: bool) -> Option<Box<dyn GroupsAccumulator>> {
    Some(match kind {
        DataType::Float64 => Box::new(Extreme::<Float64Type>::new(greatest)),
        DataType::Float32 => Box::new(Extreme::<Float32Type>::new(greatest)),
        _ => return None,
    })
}

impl<T: ArrowPrimitiveType> Extreme<T> {
    const fn new(greatest: bool) -> Self {
        Self {
            greatest,
            values: Vec::new(),
            seen: Vec::new(),
        }
    }
}

impl<T> GroupsAccumulator for Extreme<T>
where
    T: ArrowPrimitiveType + Send,
    T::Native: PartialOrd,
{
    #[expect(clippy::eq_op, reason = "only NaN differs from itself")]
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.values.resize(total, T::default_value());
        self.seen.resize(total, false);
        let column = values[0].as_primitive::<T>();
        for (row, group) in groups.iter().enumerate() {
            let counted =
                column.is_valid(row) && filter.is_none_or(|f| f.is_valid(row) && f.value(row));
            if !counted {
                continue;
            }
            let (new, held) = (column.values()[row], self.values[*group]);
            let better = if self.greatest {
                new > held || new != new
            } else {
                new < held || held != held
            };
            if better || !self.seen[*group] {
                (self.values[*group], self.seen[*group]) = (new, true);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        if emit != EmitTo::All {
            return internal_err!("extremes hand over all groups at once");
        }
        let seen = NullBuffer::new(BooleanBuffer::from(std::mem::take(&mut self.seen)));
        let values = ScalarBuffer::from(std::mem::take(&mut self.values));
        Ok(Arc::new(PrimitiveArray::<T>::new(values, Some(seen))))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit)?])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.update_batch(values, groups, None, total)
    }

    fn convert_to_state(
        &self,
        _values: &[ArrayRef],
        _filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        internal_err!("extremes are not converted")
    }

    fn size(&self) -> usize {
        self.values.capacity() * size_of::<T::Native>() + self.seen.capacity()
    }
}
