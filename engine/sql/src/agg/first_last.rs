//! `first_value` and `last_value` by (time, sequence) or by any order, as DataFusion accumulators
//! of our own: DataFusion's resolve ties by arrival and look at every group at each call. State is
//! one value and its order key per group.

use std::mem::size_of;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BinaryBuilder, BooleanArray,
    Int64Array, PrimitiveArray, UInt64Array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Int64Type, UInt64Type};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

/// Keeps one value per group.
pub(crate) trait Values: Send + 'static {
    /// A column of such values.
    type Column: ?Sized;
    /// Sees an array as its column.
    fn column(array: &ArrayRef) -> &Self::Column;
    /// Makes room for groups.
    fn grow(&mut self, groups: usize);
    /// Takes the value of a row.
    fn set(&mut self, group: usize, column: &Self::Column, row: usize);
    /// Hands over all values.
    fn take(&mut self) -> Result<ArrayRef>;
    /// Bytes held.
    fn size(&self) -> usize;
}

/// Numbers, times and dates.
pub(crate) struct Primitives<T: ArrowPrimitiveType> {
    kind: DataType,
    values: Vec<T::Native>,
    valid: Vec<bool>,
}

impl<T: ArrowPrimitiveType> Primitives<T> {
    /// None yet.
    pub(crate) const fn new(kind: DataType) -> Self {
        Self {
            kind,
            values: Vec::new(),
            valid: Vec::new(),
        }
    }
}

impl<T: ArrowPrimitiveType> Values for Primitives<T> {
    type Column = PrimitiveArray<T>;

    fn column(array: &ArrayRef) -> &Self::Column {
        array.as_primitive()
    }

    fn grow(&mut self, groups: usize) {
        self.values.resize(groups, T::Native::default());
        self.valid.resize(groups, false);
    }

    #[inline]
    fn set(&mut self, group: usize, column: &Self::Column, row: usize) {
        self.values[group] = column.values()[row];
        self.valid[group] = column.is_valid(row);
    }

    fn take(&mut self) -> Result<ArrayRef> {
        let valid = NullBuffer::new(BooleanBuffer::from(std::mem::take(&mut self.valid)));
        let values = ScalarBuffer::from(std::mem::take(&mut self.values));
        let array = PrimitiveArray::<T>::new(values, Some(valid));
        Ok(Arc::new(array.with_data_type(self.kind.clone())))
    }

    fn size(&self) -> usize {
        self.values.capacity() * size_of::<T::Native>() + self.valid.capacity()
    }
}

/// Everything else, boxed.
pub(crate) struct Scalars {
    kind: DataType,
    values: Vec<ScalarValue>,
}

impl Scalars {
    /// None yet.
    pub(crate) const fn new(kind: DataType) -> Self {
        Self {
            kind,
            values: Vec::new(),
        }
    }
}

impl Values for Scalars {
    type Column = dyn Array;

    fn column(array: &ArrayRef) -> &Self::Column {
        array.as_ref()
    }

    fn grow(&mut self, groups: usize) {
        self.values.resize(groups, ScalarValue::Null);
    }

    fn set(&mut self, group: usize, column: &Self::Column, row: usize) {
        self.values[group] = ScalarValue::try_from_array(column, row).unwrap_or(ScalarValue::Null);
    }

    fn take(&mut self) -> Result<ArrayRef> {
        let typed_null = ScalarValue::try_from(&self.kind)?;
        let typed = |v: ScalarValue| if v.is_null() { typed_null.clone() } else { v };
        let values = std::mem::take(&mut self.values);
        if values.is_empty() {
            return Ok(arrow::array::new_empty_array(&self.kind));
        }
        ScalarValue::iter_to_array(values.into_iter().map(typed))
    }

    fn size(&self) -> usize {
        ScalarValue::size_of_vec(&self.values)
    }
}

/// Keeps one order key per group.
pub(crate) trait Keys: Send + 'static {
    /// The keys of a batch.
    type Columns<'a>;
    /// Sees arrays as keys.
    fn columns(arrays: &[ArrayRef]) -> Self::Columns<'_>;
    /// Makes room for groups.
    fn grow(&mut self, groups: usize, last: bool);
    /// Takes the key of a row if it beats the group's.
    fn beats(&mut self, group: usize, keys: &Self::Columns<'_>, row: usize, last: bool) -> bool;
    /// Whether a state row holds a key at all.
    fn held(keys: &Self::Columns<'_>, row: usize) -> bool;
    /// Hands over all keys.
    fn take(&mut self) -> Vec<ArrayRef>;
    /// Bytes held.
    fn size(&self) -> usize;
}

/// (time, sequence), the usual order.
#[derive(Default)]
pub(crate) struct TimeKeys {
    times: Vec<i64>,
    seqs: Vec<u64>,
}

impl Keys for TimeKeys {
    type Columns<'a> = (&'a Int64Array, &'a UInt64Array);

    fn columns(arrays: &[ArrayRef]) -> Self::Columns<'_> {
        (
            arrays[0].as_primitive::<Int64Type>(),
            arrays[1].as_primitive::<UInt64Type>(),
        )
    }

    fn grow(&mut self, groups: usize, last: bool) {
        let (time, seq) = if last {
            (i64::MIN, 0)
        } else {
            (i64::MAX, u64::MAX)
        };
        self.times.resize(groups, time);
        self.seqs.resize(groups, seq);
    }

    #[inline]
    fn beats(&mut self, group: usize, keys: &Self::Columns<'_>, row: usize, last: bool) -> bool {
        let key = (keys.0.values()[row], keys.1.values()[row]);
        let held = (self.times[group], self.seqs[group]);
        // Of rows that tie (one row in several windows) the last one wins `last`.
        let better = if last { key >= held } else { key < held };
        if better {
            (self.times[group], self.seqs[group]) = key;
        }
        better
    }

    fn held(keys: &Self::Columns<'_>, row: usize) -> bool {
        !matches!(keys.0.values()[row], i64::MIN | i64::MAX)
    }

    fn take(&mut self) -> Vec<ArrayRef> {
        let times = Int64Array::from(std::mem::take(&mut self.times));
        let seqs = UInt64Array::from(std::mem::take(&mut self.seqs));
        vec![Arc::new(times), Arc::new(seqs)]
    }

    fn size(&self) -> usize {
        (self.times.capacity() + self.seqs.capacity()) * 8
    }
}

/// Any order, as bytes that compare like it (Arrow's row format, time and sequence at the end).
#[derive(Default)]
pub(crate) struct ByteKeys {
    keys: Vec<Option<Box<[u8]>>>,
}

impl Keys for ByteKeys {
    type Columns<'a> = &'a BinaryArray;

    fn columns(arrays: &[ArrayRef]) -> Self::Columns<'_> {
        arrays[0].as_binary()
    }

    fn grow(&mut self, groups: usize, _last: bool) {
        self.keys.resize(groups, None);
    }

    fn beats(&mut self, group: usize, keys: &Self::Columns<'_>, row: usize, last: bool) -> bool {
        let key = keys.value(row);
        let better = match &self.keys[group] {
            Some(held) if last => key >= held.as_ref(),
            Some(held) => key < held.as_ref(),
            None => true,
        };
        if better {
            self.keys[group] = Some(key.into());
        }
        better
    }

    fn held(keys: &Self::Columns<'_>, row: usize) -> bool {
        keys.is_valid(row)
    }

    fn take(&mut self) -> Vec<ArrayRef> {
        let mut builder = BinaryBuilder::new();
        for key in std::mem::take(&mut self.keys) {
            builder.append_option(key);
        }
        vec![Arc::new(builder.finish())]
    }

    fn size(&self) -> usize {
        let bytes: usize = self.keys.iter().flatten().map(|k| k.len()).sum();
        self.keys.capacity() * size_of::<Option<Box<[u8]>>>() + bytes
    }
}

/// The accumulator: arguments are the value, then the key's arrays; the state is the same.
pub(crate) struct FirstLast<V, K> {
    values: V,
    keys: K,
    last: bool,
    ignore_nulls: bool,
}

impl<V: Values, K: Keys> FirstLast<V, K> {
    /// Nothing seen yet. `last`: the greatest key wins, else the least.
    pub(crate) const fn new(values: V, keys: K, last: bool, ignore_nulls: bool) -> Self {
        Self {
            values,
            keys,
            last,
            ignore_nulls,
        }
    }

    fn all(emit: EmitTo) -> Result<()> {
        match emit {
            EmitTo::All => Ok(()),
            EmitTo::First(_) => internal_err!("first and last hand over all groups at once"),
        }
    }
}

impl<V: Values, K: Keys> GroupsAccumulator for FirstLast<V, K> {
    fn update_batch(
        &mut self,
        arrays: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.values.grow(total);
        self.keys.grow(total, self.last);
        let column = V::column(&arrays[0]);
        let keys = K::columns(&arrays[1..]);
        let nulls = arrays[0].nulls().filter(|_| self.ignore_nulls);
        for (row, group) in groups.iter().enumerate() {
            let counted = filter.is_none_or(|f| f.is_valid(row) && f.value(row))
                && nulls.is_none_or(|n| n.is_valid(row));
            if counted && self.keys.beats(*group, &keys, row, self.last) {
                self.values.set(*group, column, row);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        Self::all(emit)?;
        self.keys.take();
        self.values.take()
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Self::all(emit)?;
        let mut arrays = vec![self.values.take()?];
        arrays.extend(self.keys.take());
        Ok(arrays)
    }

    fn merge_batch(&mut self, arrays: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.values.grow(total);
        self.keys.grow(total, self.last);
        let column = V::column(&arrays[0]);
        let keys = K::columns(&arrays[1..]);
        for (row, group) in groups.iter().enumerate() {
            if K::held(&keys, row) && self.keys.beats(*group, &keys, row, self.last) {
                self.values.set(*group, column, row);
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        _values: &[ArrayRef],
        _filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        internal_err!("first and last are not converted")
    }

    fn size(&self) -> usize {
        self.values.size() + self.keys.size()
    }
}
