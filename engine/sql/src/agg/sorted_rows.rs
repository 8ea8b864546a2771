//! Aggregates whose result depends on the order of all their rows (`array_agg`, `string_agg`,
//! `nth_value` with ORDER BY): the rows are kept, sorted by (order, time, sequence) when the result
//! is asked for, and fed to DataFusion's own accumulator group by group. State grows with rows.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, ListArray, StructArray, UInt32Array, UInt64Array,
};
use arrow::buffer::OffsetBuffer;
use arrow::compute::{
    SortColumn, SortOptions, concat, filter as filter_array, lexsort_to_indices, take,
};
use arrow::datatypes::{Field, Fields};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{Result, ScalarValue, internal_err};
use datafusion::logical_expr::{Accumulator, EmitTo, GroupsAccumulator};

use crate::one_form::all_in_one_form;

/// Makes the accumulator that is fed with one group's rows in order.
pub(crate) type Factory = Arc<dyn Fn() -> Result<Box<dyn Accumulator>> + Send + Sync>;

/// Keeps rows: the arguments, then the order columns, time and sequence last.
pub(crate) struct SortedRows {
    factory: Factory,
    /// How many of the columns are arguments of the aggregate.
    arguments: usize,
    /// The columns, arguments first.
    fields: Fields,
    /// How the order columns (behind the arguments) sort.
    order: Vec<SortOptions>,
    /// Of rows with equal arguments in a group only the first counts.
    distinct: bool,
    groups: Vec<u64>,
    columns: Vec<Vec<ArrayRef>>,
    total: usize,
}

impl SortedRows {
    /// No rows yet.
    pub(crate) fn new(
        factory: Factory,
        arguments: usize,
        fields: Fields,
        order: Vec<SortOptions>,
        distinct: bool,
    ) -> Self {
        let columns = vec![Vec::new(); fields.len()];
        let groups = Vec::new();
        Self {
            factory,
            arguments,
            fields,
            order,
            distinct,
            groups,
            columns,
            total: 0,
        }
    }

    /// The one state column: per group the list of its rows.
    pub(crate) fn state_field(fields: &Fields) -> Field {
        let item = Field::new_struct("item", fields.clone(), true);
        Field::new_list("rows", item, true)
    }

    /// All rows in the order of (group, order columns), and where each group begins.
    fn sorted(&mut self) -> Result<(Vec<ArrayRef>, OffsetBuffer<i32>)> {
        let total = std::mem::take(&mut self.total);
        let groups = UInt64Array::from(std::mem::take(&mut self.groups));
        let mut columns = Vec::with_capacity(self.columns.len());
        for (parts, field) in self.columns.iter_mut().zip(&self.fields) {
            let parts = std::mem::take(parts);
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            columns.push(match parts.as_slice() {
                [] => arrow::array::new_empty_array(field.data_type()),
                parts => concat(parts)?,
            });
        }
        let mut lengths = vec![0usize; total];
        for group in groups.values() {
            lengths[usize::try_from(*group).unwrap_or(0)] += 1;
        }
        let mut keys = vec![SortColumn {
            values: Arc::new(groups) as ArrayRef,
            options: None,
        }];
        for (values, options) in columns[self.arguments..].iter().zip(&self.order) {
            keys.push(SortColumn {
                values: Arc::clone(values),
                options: Some(*options),
            });
        }
        let indices: UInt32Array = lexsort_to_indices(&keys, None)?;
        let columns = columns
            .iter()
            .map(|c| take(c, &indices, None))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        Ok((columns, OffsetBuffer::from_lengths(lengths)))
    }

    fn keep(&mut self, columns: &[ArrayRef], groups: impl Iterator<Item = usize>, total: usize) {
        self.total = self.total.max(total);
        self.groups.extend(groups.map(|g| g as u64));
        for (kept, column) in self.columns.iter_mut().zip(columns) {
            kept.push(Arc::clone(column));
        }
    }
}

/// The rows without those that stood before.
fn first_of_equals(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let fields = columns
        .iter()
        .map(|c| SortField::new(c.data_type().clone()))
        .collect();
    let rows = RowConverter::new(fields)?.convert_columns(&all_in_one_form(columns))?;
    let mut seen = HashSet::new();
    let mask: BooleanArray = rows
        .iter()
        .map(|row| Some(seen.insert(row.owned())))
        .collect();
    let kept = columns.iter().map(|c| filter_array(c, &mask));
    Ok(kept.collect::<std::result::Result<Vec<_>, _>>()?)
}

impl GroupsAccumulator for SortedRows {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        let Some(mask) = filter else {
            self.keep(values, groups.iter().copied(), total);
            return Ok(());
        };
        let kept = values
            .iter()
            .map(|v| filter_array(v, mask))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let counted = |row: &usize| mask.is_valid(*row) && mask.value(*row);
        self.keep(
            &kept,
            (0..groups.len()).filter(counted).map(|row| groups[row]),
            total,
        );
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        if emit != EmitTo::All {
            return internal_err!("sorted rows hand over all groups at once");
        }
        let (columns, offsets) = self.sorted()?;
        let mut results = Vec::with_capacity(offsets.len() - 1);
        for bounds in offsets.windows(2) {
            let (start, end) = (bounds[0] as usize, bounds[1] as usize);
            let mut accumulator = (self.factory)()?;
            let mut arguments: Vec<ArrayRef> = columns[..self.arguments]
                .iter()
                .map(|c| c.slice(start, end - start))
                .collect();
            if self.distinct {
                arguments = first_of_equals(&arguments)?;
            }
            accumulator.update_batch(&arguments)?;
            results.push(accumulator.evaluate()?);
        }
        if results.is_empty() {
            let none = (self.factory)()?.evaluate()?;
            return Ok(arrow::array::new_empty_array(&none.data_type()));
        }
        ScalarValue::iter_to_array(results)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        if emit != EmitTo::All {
            return internal_err!("sorted rows hand over all groups at once");
        }
        let (columns, offsets) = self.sorted()?;
        let length = columns.first().map_or(0, |c| c.len());
        let rows = StructArray::try_new_with_length(self.fields.clone(), columns, None, length)?;
        let item = Arc::new(Field::new_struct("item", self.fields.clone(), true));
        Ok(vec![Arc::new(ListArray::try_new(
            item,
            offsets,
            Arc::new(rows),
            None,
        )?)])
    }

    fn merge_batch(&mut self, values: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        let lists = values[0].as_list::<i32>();
        let offsets = lists.value_offsets();
        let (first, last) = (offsets[0] as usize, offsets[lists.len()] as usize);
        let rows = lists.values().slice(first, last - first);
        let owners = groups.iter().enumerate().flat_map(|(row, group)| {
            let length = (offsets[row + 1] - offsets[row]) as usize;
            std::iter::repeat_n(*group, length)
        });
        self.keep(rows.as_struct().columns(), owners, total);
        Ok(())
    }

    fn convert_to_state(
        &self,
        _values: &[ArrayRef],
        _filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        internal_err!("sorted rows are not converted")
    }

    fn size(&self) -> usize {
        let columns = self.columns.iter().flatten();
        columns.map(|c| c.get_array_memory_size()).sum::<usize>() + self.groups.capacity() * 8
    }
}
