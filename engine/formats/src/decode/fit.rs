//! How the columns of a Parquet or Arrow file become those wanted: which are read, which are cast,
//! and which have to be refused because a cast would lose something.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array};
use arrow::array::{TimestampMicrosecondArray, new_null_array};
use arrow::compute::{cast, filter_record_batch, take};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use chrono_tz::Tz;
use zaraba_config::document::ColumnDoc;
use zaraba_core::bad_rows;
use zaraba_core::error::{Error, Result};
use zaraba_core::source::BadRow;
use zaraba_core::stream::event_time_type;
use zaraba_core::suggest;

use super::types::{arrow_type, type_name};
use super::zone::Zone;
use super::{DecodeOptions, Decoded, Wanted};

/// Where one wanted column comes from.
enum Step {
    /// The column of that number among those read.
    Keep(usize),
    /// The same, cast.
    Cast(usize),
    /// The same, a time without a zone.
    Local(usize, Zone),
    /// Not in the file: one row of what stands in for it.
    Fill(ArrayRef),
}

/// The way from a file's columns to those wanted.
pub(super) struct Fit {
    /// The columns handed over.
    pub(super) schema: SchemaRef,
    /// The file's columns to read, by number, ascending.
    pub(super) read: Vec<usize>,
    steps: Vec<Step>,
}

impl Fit {
    /// Compares what is wanted with what the file has.
    pub(super) fn new(
        file: &str,
        own: &Schema,
        wanted: &Wanted<'_>,
        options: &DecodeOptions,
    ) -> Result<Self> {
        let (fields, docs) = targets(own, wanted, options)?;
        let mut found = Vec::with_capacity(fields.len());
        for (field, doc) in fields.iter().zip(&docs) {
            let from = doc
                .and_then(|d| d.from.as_ref())
                .map_or(field.name(), |t| &t.value);
            // A path is where JSON has it; a recording has the column by its own name.
            let from = if from.starts_with("$.") {
                field.name()
            } else {
                from
            };
            found.push(own.index_of(from).ok());
            let may_miss = doc.map_or(options.add_nullable, |d| d.optional || d.default.is_some());
            if found.last() == Some(&None) && !may_miss {
                let names = own.fields().iter().map(|f| f.name().as_str());
                return Err(Error::user(format!(
                    "{file}: no column `{from}`{}",
                    suggest::hint(from, names)
                )));
            }
        }
        let mut read: Vec<usize> = found.iter().flatten().copied().collect();
        read.sort_unstable();
        read.dedup();
        let mut steps = Vec::with_capacity(fields.len());
        for ((field, doc), index) in fields.iter().zip(&docs).zip(found) {
            let zone = doc.and_then(|d| d.zone).unwrap_or(options.zone);
            steps.push(match index.map(|i| (i, read.partition_point(|r| *r < i))) {
                Some((i, at)) => step(file, own.field(i), at, field, zone)?,
                None => Step::Fill(fill(field, *doc, zone)?),
            });
        }
        Ok(Self {
            schema: Arc::new(Schema::new(fields)),
            read,
            steps,
        })
    }

    /// The wanted columns of a batch that starts at the file's row `first` (from 0).
    pub(super) fn apply(&mut self, rows: &RecordBatch, file: &str, first: u64) -> Result<Decoded> {
        let mut columns = Vec::with_capacity(self.steps.len());
        let mut faults: Vec<(usize, String)> = Vec::new();
        for (step, field) in self.steps.iter_mut().zip(self.schema.fields()) {
            columns.push(match step {
                Step::Keep(i) => Arc::clone(rows.column(*i)),
                Step::Cast(i) => cast(rows.column(*i), field.data_type()).map_err(|e| {
                    Error::outside(format!("{file}: column `{}`: {e}", field.name()))
                })?,
                Step::Local(i, zone) => local(rows.column(*i), zone, field.name(), &mut faults)?,
                Step::Fill(one) => take(one, &UInt32Array::from(vec![0; rows.num_rows()]), None)?,
            });
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        let made = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?;
        if faults.is_empty() {
            return Ok(Decoded {
                rows: made,
                bad: Vec::new(),
            });
        }
        faults.sort_by_key(|(row, _)| *row);
        faults.dedup_by_key(|(row, _)| *row);
        let mut keep = vec![true; made.num_rows()];
        let mut bad = Vec::with_capacity(faults.len());
        for (row, reason) in faults {
            keep[row] = false;
            let found = BadRow {
                reason,
                place: format!("{file}: row {}", first + row as u64 + 1),
                row: bad_rows::as_text(&rows.slice(row, 1)),
            };
            bad.push((row - bad.len(), found));
        }
        let rows = filter_record_batch(&made, &BooleanArray::from(keep))?;
        Ok(Decoded { rows, bad })
    }
}

/// The columns to hand over, each with its declaration where there is one.
fn targets<'a>(
    own: &Schema,
    wanted: &Wanted<'a>,
    options: &DecodeOptions,
) -> Result<(Vec<Field>, Vec<Option<&'a ColumnDoc>>)> {
    if !wanted.is_empty() {
        let field = |c: &ColumnDoc| Field::new(&c.name.value, arrow_type(c.kind), true);
        return Ok(wanted.iter().map(|(_, c)| (field(c), Some(*c))).unzip());
    }
    let all = options.like.clone().unwrap_or_else(|| normalised(own));
    let names = || all.fields().iter().map(|f| f.name().as_str());
    let needed = options.needed.as_deref();
    if let Some(lost) = needed
        .unwrap_or(&[])
        .iter()
        .find(|n| names().all(|name| name != *n))
    {
        return Err(Error::user(format!(
            "no column `{lost}`{}",
            suggest::hint(lost, names())
        )));
    }
    let keep = |f: &&Arc<Field>| needed.is_none_or(|n| n.contains(f.name()));
    Ok(all
        .fields()
        .iter()
        .filter(keep)
        .map(|f| (f.as_ref().clone(), None))
        .unzip())
}

/// How the file's column `own`, the `at`th of those read, becomes `field`.
fn step(file: &str, own: &Field, at: usize, field: &Field, zone: Tz) -> Result<Step> {
    let (from, to) = (own.data_type(), field.data_type());
    Ok(match from {
        _ if from == to => Step::Keep(at),
        DataType::Timestamp(_, None) if *to == event_time_type() => {
            Step::Local(at, Zone::new(zone))
        }
        _ if lossless(from, to) => Step::Cast(at),
        _ => {
            return Err(Error::user(format!(
                "{file}: column `{}`: expected {}, found {}",
                own.name(),
                type_name(to),
                type_name(from)
            )));
        }
    })
}

/// Whether every value of one type has its like in the other (times are cut to microseconds).
fn lossless(from: &DataType, to: &DataType) -> bool {
    use DataType as T;
    match (from, to) {
        (T::Dictionary(_, values), T::Utf8) => lossless(values, to) || **values == T::Utf8,
        (T::Utf8 | T::LargeUtf8 | T::Utf8View, T::Utf8)
        | (T::Timestamp(_, Some(_)), T::Timestamp(TimeUnit::Microsecond, Some(_)))
        | (T::Int8 | T::Int16 | T::UInt8 | T::UInt16, T::Int32)
        | (T::Int8 | T::Int16 | T::Int32 | T::UInt8 | T::UInt16 | T::UInt32, T::Int64)
        | (
            T::Float16
            | T::Float32
            | T::Int8
            | T::Int16
            | T::Int32
            | T::UInt8
            | T::UInt16
            | T::UInt32,
            T::Float64,
        ) => true,
        (_, T::Decimal128(precision, scale)) => digits(from).is_some_and(|(whole, fraction)| {
            whole <= i16::from(*precision) - i16::from(*scale) && fraction <= i16::from(*scale)
        }),
        _ => false,
    }
}

/// The one of two types that holds the values of both.
pub(super) fn both(a: &DataType, b: &DataType) -> Option<DataType> {
    if a == b || lossless(b, a) {
        Some(a.clone())
    } else {
        lossless(a, b).then(|| b.clone())
    }
}

/// Digits before and behind the point of an exact number type.
fn digits(kind: &DataType) -> Option<(i16, i16)> {
    match kind {
        DataType::Int8 | DataType::UInt8 => Some((3, 0)),
        DataType::Int16 | DataType::UInt16 => Some((5, 0)),
        DataType::Int32 | DataType::UInt32 => Some((10, 0)),
        DataType::Int64 => Some((19, 0)),
        DataType::UInt64 => Some((20, 0)),
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => Some((i16::from(*p) - i16::from(*s), i16::from(*s))),
        _ => None,
    }
}

/// Times without a zone as UTC; those that clocks skipped are faults.
fn local(
    column: &ArrayRef,
    zone: &mut Zone,
    name: &str,
    faults: &mut Vec<(usize, String)>,
) -> Result<ArrayRef> {
    let micros = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
    let Some(naive) = micros.as_any().downcast_ref::<TimestampMicrosecondArray>() else {
        return Err(Error::internal("a cast to timestamp gave something else"));
    };
    let mut utc = Vec::with_capacity(naive.len());
    for (row, time) in naive.values().iter().enumerate() {
        let found = zone.utc(*time);
        if found.is_none() && naive.is_valid(row) {
            let shown = zaraba_core::time::iso8601(*time);
            let shown = shown.trim_end_matches('Z');
            faults.push((
                row,
                format!("column `{name}`: {shown} does not exist in its zone"),
            ));
        }
        utc.push(found.unwrap_or_default());
    }
    let utc = arrow::array::PrimitiveArray::<TimestampMicrosecondType>::new(
        utc.into(),
        naive.nulls().cloned(),
    );
    Ok(Arc::new(utc.with_timezone("UTC")))
}

/// One row of what stands in for a column that the file has not.
fn fill(field: &Field, doc: Option<&ColumnDoc>, zone: Tz) -> Result<ArrayRef> {
    match doc {
        Some(doc) if doc.default.is_some() => {
            super::column_of(doc, std::slice::from_ref(&doc.default), zone)
        }
        _ => Ok(new_null_array(field.data_type(), 1)),
    }
}

/// A file's own columns in the types that the engine works with: times in microseconds UTC, texts
/// of one kind; the rest as it is.
pub(super) fn normalised(own: &Schema) -> SchemaRef {
    let field = |f: &Arc<Field>| {
        let kind = match f.data_type() {
            DataType::Timestamp(..) => event_time_type(),
            kind if lossless(kind, &DataType::Utf8) => DataType::Utf8,
            kind => kind.clone(),
        };
        Field::new(f.name(), kind, true)
    };
    Arc::new(Schema::new(
        own.fields().iter().map(field).collect::<Vec<_>>(),
    ))
}
