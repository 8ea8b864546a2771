//! A kept table in a checkpoint: every version as a row, with its key, its fields, the table's own
//! columns where they are kept, and what stands beside them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, UInt32Array, UInt64Array,
    new_empty_array, new_null_array,
};
use arrow::compute::{concat, take_record_batch};
use arrow::datatypes::{Field, Int64Type, Schema, UInt64Type};
use zaraba_core::error::{Error, Result};

use crate::tables::kept::{One, Place, Row};
use crate::value::{Value, column};

impl One {
    /// Every version.
    pub(super) fn save(&self) -> Result<RecordBatch> {
        let none = vec![Value::Null; self.fields.len()];
        let keys: Vec<&Vec<Value>> = self.all().map(|(entry, _)| &entry.key).collect();
        let rows = self.all().map(|(_, version)| version.row.as_ref());
        let rows: Vec<Option<&Row>> = rows.collect();
        let of = |rows: &[&Vec<Value>], places: &[Place]| -> Vec<ArrayRef> {
            let columns = places.iter().enumerate();
            let one = |(i, (_, of)): (usize, &Place)| column(*of, rows.iter().map(|row| &row[i]));
            columns.map(one).collect()
        };
        let fields: Vec<&Vec<Value>> = rows
            .iter()
            .map(|row| row.map_or(&none, |row| &row.fields))
            .collect();
        let mut columns = of(&keys, &self.key);
        columns.extend(of(&fields, &self.fields));
        if self.asked().is_some() {
            columns.extend(self.whole(&rows)?);
        }
        let times = self.all().map(|(_, version)| version.time);
        columns.push(Arc::new(Int64Array::from_iter_values(times)));
        let seqs = self.all().map(|(_, version)| version.seq);
        columns.push(Arc::new(UInt64Array::from_iter_values(seqs)));
        let deleted: Vec<bool> = rows.iter().map(Option::is_none).collect();
        columns.push(Arc::new(BooleanArray::from(deleted)));
        let named = columns.iter().enumerate();
        let named =
            named.map(|(i, column)| Field::new(i.to_string(), column.data_type().clone(), true));
        let schema = Schema::new(named.collect::<Vec<_>>());
        Ok(RecordBatch::try_new(Arc::new(schema), columns)?)
    }

    /// The table's own columns of each row.
    fn whole(&self, rows: &[Option<&Row>]) -> Result<Vec<ArrayRef>> {
        let column = |(i, field): (usize, &Arc<Field>)| {
            let of = |row: &Option<&Row>| match row.and_then(|row| row.whole.as_ref()) {
                Some(whole) => Arc::clone(whole.column(i)),
                None => new_null_array(field.data_type(), 1),
            };
            let parts: Vec<ArrayRef> = rows.iter().map(of).collect();
            let parts: Vec<_> = parts.iter().map(AsRef::as_ref).collect();
            match parts.is_empty() {
                true => Ok(new_empty_array(field.data_type())),
                false => Ok(concat(&parts)?),
            }
        };
        self.columns
            .fields()
            .iter()
            .enumerate()
            .map(column)
            .collect()
    }

    /// Takes them back.
    pub(super) fn load(&mut self, saved: &RecordBatch) -> Result<()> {
        let (keys, fields) = (self.key.len(), self.fields.len());
        let own = match self.asked() {
            Some(_) => self.columns.fields().len(),
            None => 0,
        };
        let behind = keys + fields + own;
        let wrong = || Error::internal("a snapshot of a table with other columns");
        if saved.num_columns() != behind + 3 {
            return Err(wrong());
        }
        let places = |from: usize, of: &[Place]| -> Vec<Place> {
            let place = |(i, (_, of)): (usize, &Place)| (Some(from + i), *of);
            of.iter().enumerate().map(place).collect()
        };
        let key = Self::rows(&places(0, &self.key), saved)?;
        let rows = Self::rows(&places(keys, &self.fields), saved)?;
        let wholes: Vec<usize> = (keys + fields..behind).collect();
        let wholes = saved.project(&wholes)?.columns().to_vec();
        let times = saved.column(behind).as_primitive_opt::<Int64Type>();
        let seqs = saved.column(behind + 1).as_primitive_opt::<UInt64Type>();
        let deleted = saved.column(behind + 2).as_boolean_opt();
        let (times, seqs) = times.zip(seqs).ok_or_else(wrong)?;
        let deleted = deleted.ok_or_else(wrong)?;
        for (i, (key, fields)) in key.into_iter().zip(rows).enumerate() {
            let whole = match (self.asked(), deleted.value(i)) {
                (Some(_), false) => {
                    let all = RecordBatch::try_new(Arc::clone(&self.columns), one(&wholes, i)?)?;
                    Some(all)
                }
                _ => None,
            };
            let row = (!deleted.value(i)).then_some(Row { fields, whole });
            self.insert(key, times.value(i), seqs.value(i), row);
        }
        Ok(())
    }
}

/// Row `i` of some columns.
fn one(columns: &[ArrayRef], i: usize) -> Result<Vec<ArrayRef>> {
    let i = u32::try_from(i).map_err(|_| Error::internal("a snapshot of 4 billion rows"))?;
    let only = UInt32Array::from(vec![i]);
    let all = columns.iter().enumerate();
    let fields = all.map(|(n, c)| Field::new(n.to_string(), c.data_type().clone(), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(schema, columns.to_vec())?;
    Ok(take_record_batch(&batch, &only)?.columns().to_vec())
}
