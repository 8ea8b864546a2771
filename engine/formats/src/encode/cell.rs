//! The values of one column as text: the column's type is matched once per batch, then a row
//! costs one branch. Used by `json` and `csv`, which differ in quotes and in what null looks like.

use std::io::Write as _;

use arrow::array::{
    Array, ArrayRef, AsArray as _, BinaryViewArray, BooleanArray, Decimal128Array, Float32Array,
    Float64Array, Int64Array, LargeStringArray, StringArray, StringViewArray, UInt64Array,
};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt64Type,
};
use chrono_tz::Tz;
use serde::Serialize;
use zaraba_core::error::{Error, Result};

use crate::encode::time;

/// How 64-bit integers are written. JavaScript reads numbers beyond 2^53 wrongly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Int64 {
    /// `123`
    #[default]
    Number,
    /// `"123"`
    Text,
}

/// A column of a batch.
pub(crate) struct Cell {
    nulls: Option<NullBuffer>,
    kind: Kind,
}

enum Kind {
    Null,
    Bool(BooleanArray),
    /// `wide`: 64 bits in the schema.
    Int {
        values: Int64Array,
        wide: bool,
    },
    UInt {
        values: UInt64Array,
        wide: bool,
    },
    Float32(Float32Array),
    Float64(Float64Array),
    Decimal(Decimal128Array),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Binary(BinaryViewArray),
    Timestamp {
        values: Int64Array,
        per_second: i64,
        zone: Option<Tz>,
    },
    Date(arrow::array::Date32Array),
    TimeOfDay(arrow::array::Time64NanosecondArray),
    Dictionary {
        keys: Int64Array,
        values: Box<Cell>,
    },
    List {
        offsets: Vec<usize>,
        values: Box<Cell>,
    },
    Struct(Vec<(Vec<u8>, Cell)>),
}

/// Whether values of a type can be written.
pub(crate) fn writable(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => writable(values),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            writable(item.data_type())
        }
        DataType::Struct(fields) => fields.iter().all(|f| writable(f.data_type())),
        DataType::Decimal256(..)
        | DataType::Map(..)
        | DataType::Union(..)
        | DataType::RunEndEncoded(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => false,
        _ => true,
    }
}

/// `"name":`, escaped.
pub(crate) fn json_key(name: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(name.len() + 3);
    plain(&mut key, name);
    key.push(b':');
    key
}

impl Cell {
    /// Looks at a column. Times with a zone are shown in `zone`.
    pub(crate) fn new(array: &ArrayRef, zone: Tz) -> Result<Self> {
        Ok(Self {
            nulls: array.logical_nulls(),
            kind: kind(array, zone)?,
        })
    }

    /// Appends a value as JSON.
    pub(crate) fn json(&self, row: usize, int64: Int64, out: &mut Vec<u8>) {
        if self.is_null(row) {
            return out.extend(b"null");
        }
        match &self.kind {
            Kind::Null => out.extend(b"null"),
            Kind::Bool(values) => plain(out, &values.value(row)),
            Kind::Int { values, wide } if !*wide || int64 == Int64::Number => {
                plain(out, &values.value(row));
            }
            Kind::UInt { values, wide } if !*wide || int64 == Int64::Number => {
                plain(out, &values.value(row));
            }
            // Numbers that are none are null: that is how the serializer writes them.
            Kind::Float32(values) => plain(out, &values.value(row)),
            Kind::Float64(values) => plain(out, &values.value(row)),
            Kind::Text(values) => plain(out, values.value(row)),
            Kind::LargeText(values) => plain(out, values.value(row)),
            Kind::TextView(values) => plain(out, values.value(row)),
            Kind::Dictionary { keys, values } => values.json(key(keys, row), int64, out),
            Kind::List { offsets, values } => {
                out.push(b'[');
                for i in offsets[row]..offsets[row + 1] {
                    comma(out, i > offsets[row]);
                    values.json(i, int64, out);
                }
                out.push(b']');
            }
            Kind::Struct(fields) => {
                out.push(b'{');
                for (i, (name, cell)) in fields.iter().enumerate() {
                    comma(out, i > 0);
                    out.extend(name);
                    cell.json(row, int64, out);
                }
                out.push(b'}');
            }
            _ => {
                let start = out.len();
                out.push(b'"');
                if self.text(row, out) {
                    out.push(b'"');
                } else {
                    out.truncate(start);
                    out.extend(b"null");
                }
            }
        }
    }

    /// Appends a value as plain text, lists and structs as JSON. False, and nothing appended, for
    /// null.
    pub(crate) fn text(&self, row: usize, out: &mut Vec<u8>) -> bool {
        if self.is_null(row) {
            return false;
        }
        match &self.kind {
            Kind::Null => return false,
            Kind::Bool(values) => plain(out, &values.value(row)),
            Kind::Int { values, .. } => plain(out, &values.value(row)),
            Kind::UInt { values, .. } => plain(out, &values.value(row)),
            Kind::Float32(values) if values.value(row).is_finite() => {
                plain(out, &values.value(row));
            }
            Kind::Float64(values) if values.value(row).is_finite() => {
                plain(out, &values.value(row));
            }
            Kind::Float32(values) => not_finite(out, f64::from(values.value(row))),
            Kind::Float64(values) => not_finite(out, values.value(row)),
            Kind::Decimal(values) => decimal(out, values.value(row), values.scale()),
            Kind::Text(values) => out.extend(values.value(row).as_bytes()),
            Kind::LargeText(values) => out.extend(values.value(row).as_bytes()),
            Kind::TextView(values) => out.extend(values.value(row).as_bytes()),
            Kind::Binary(values) => hex(out, values.value(row)),
            Kind::Timestamp {
                values,
                per_second,
                zone,
            } => {
                return time::timestamp(out, values.value(row), *per_second, *zone);
            }
            Kind::Date(values) => return time::date(out, values.value(row)),
            Kind::TimeOfDay(values) => time::time_of_day(out, values.value(row)),
            Kind::Dictionary { keys, values } => return values.text(key(keys, row), out),
            Kind::List { .. } | Kind::Struct(_) => self.json(row, Int64::Number, out),
        }
        true
    }

    fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }
}

fn kind(array: &ArrayRef, zone: Tz) -> Result<Kind> {
    use DataType as T;
    let as_type = |kind: &T| cast(array, kind);
    Ok(match array.data_type() {
        T::Null => Kind::Null,
        T::Boolean => Kind::Bool(array.as_boolean().clone()),
        T::Int64 => Kind::Int {
            values: array.as_primitive().clone(),
            wide: true,
        },
        T::Int8 | T::Int16 | T::Int32 => Kind::Int {
            values: as_type(&T::Int64)?.as_primitive().clone(),
            wide: false,
        },
        T::UInt64 => Kind::UInt {
            values: array.as_primitive::<UInt64Type>().clone(),
            wide: true,
        },
        T::UInt8 | T::UInt16 | T::UInt32 => Kind::UInt {
            values: as_type(&T::UInt64)?.as_primitive().clone(),
            wide: false,
        },
        T::Float16 | T::Float32 => {
            Kind::Float32(as_type(&T::Float32)?.as_primitive::<Float32Type>().clone())
        }
        T::Float64 => Kind::Float64(array.as_primitive::<Float64Type>().clone()),
        T::Decimal32(_, scale) | T::Decimal64(_, scale) => Kind::Decimal(
            as_type(&T::Decimal128(38, *scale))?
                .as_primitive::<Decimal128Type>()
                .clone(),
        ),
        T::Decimal128(..) => Kind::Decimal(array.as_primitive::<Decimal128Type>().clone()),
        T::Utf8 => Kind::Text(array.as_string().clone()),
        T::LargeUtf8 => Kind::LargeText(array.as_string().clone()),
        T::Utf8View => Kind::TextView(array.as_string_view().clone()),
        T::Binary | T::LargeBinary | T::BinaryView => {
            Kind::Binary(as_type(&T::BinaryView)?.as_binary_view().clone())
        }
        T::FixedSizeBinary(_) => Kind::Binary(
            cast(&as_type(&T::Binary)?, &T::BinaryView)?
                .as_binary_view()
                .clone(),
        ),
        T::Timestamp(unit, tz) => timestamps(array, *unit, tz.as_ref().map(|_| zone)),
        T::Date32 | T::Date64 => {
            Kind::Date(as_type(&T::Date32)?.as_primitive::<Date32Type>().clone())
        }
        T::Time32(_) | T::Time64(_) => Kind::TimeOfDay(
            as_type(&T::Time64(TimeUnit::Nanosecond))?
                .as_primitive::<Time64NanosecondType>()
                .clone(),
        ),
        // ISO 8601 durations, by Arrow.
        T::Duration(_) | T::Interval(_) => Kind::Text(as_type(&T::Utf8)?.as_string().clone()),
        _ => nested(array, zone)?,
    })
}

fn timestamps(array: &ArrayRef, unit: TimeUnit, zone: Option<Tz>) -> Kind {
    let (values, per_second) = match unit {
        TimeUnit::Second => (
            array
                .as_primitive::<TimestampSecondType>()
                .reinterpret_cast::<Int64Type>(),
            1,
        ),
        TimeUnit::Millisecond => (
            array
                .as_primitive::<TimestampMillisecondType>()
                .reinterpret_cast(),
            1_000,
        ),
        TimeUnit::Microsecond => (
            array
                .as_primitive::<TimestampMicrosecondType>()
                .reinterpret_cast(),
            1_000_000,
        ),
        TimeUnit::Nanosecond => (
            array
                .as_primitive::<TimestampNanosecondType>()
                .reinterpret_cast(),
            1_000_000_000,
        ),
    };
    Kind::Timestamp {
        values,
        per_second,
        zone,
    }
}

fn nested(array: &ArrayRef, zone: Tz) -> Result<Kind> {
    Ok(match array.data_type() {
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let keys = cast(dictionary.keys(), &DataType::Int64)?;
            Kind::Dictionary {
                keys: keys.as_primitive::<Int64Type>().clone(),
                values: Box::new(Cell::new(dictionary.values(), zone)?),
            }
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let offsets = list
                .value_offsets()
                .iter()
                .map(|o| index(i64::from(*o)))
                .collect();
            Kind::List {
                offsets,
                values: Box::new(Cell::new(list.values(), zone)?),
            }
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let offsets = list.value_offsets().iter().map(|o| index(*o)).collect();
            Kind::List {
                offsets,
                values: Box::new(Cell::new(list.values(), zone)?),
            }
        }
        DataType::FixedSizeList(_, length) => {
            let list = array.as_fixed_size_list();
            let offsets = (0..=list.len())
                .map(|i| i * index(i64::from(*length)))
                .collect();
            Kind::List {
                offsets,
                values: Box::new(Cell::new(list.values(), zone)?),
            }
        }
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns().iter();
            let cells = fields
                .iter()
                .zip(columns)
                .map(|(field, column)| Ok((json_key(field.name()), Cell::new(column, zone)?)));
            Kind::Struct(cells.collect::<Result<_>>()?)
        }
        other => {
            return Err(Error::internal(format!(
                "a column of type {other} to write as text"
            )));
        }
    })
}

/// Offsets and dictionary keys are never negative.
fn index(value: i64) -> usize {
    usize::try_from(value).unwrap_or(0)
}

fn key(keys: &Int64Array, row: usize) -> usize {
    index(keys.value(row))
}

fn comma(out: &mut Vec<u8>, wanted: bool) {
    if wanted {
        out.push(b',');
    }
}

/// Appends a number, a truth value or a text as JSON has it.
fn plain<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    drop(serde_json::to_writer(out, value)); // writing a scalar to memory cannot fail
}

fn not_finite(out: &mut Vec<u8>, value: f64) {
    out.extend::<&[u8]>(match value {
        v if v.is_nan() => b"NaN",
        v if v > 0.0 => b"Infinity",
        _ => b"-Infinity",
    });
}

/// Appends `value · 10^-scale`.
fn decimal(out: &mut Vec<u8>, value: i128, scale: i8) {
    let start = out.len();
    drop(write!(out, "{}", value.unsigned_abs())); // writing to memory cannot fail
    match usize::try_from(scale) {
        Ok(0) => {}
        Ok(scale) => {
            let digits = out.len() - start;
            let missing = (scale + 1).saturating_sub(digits);
            out.splice(start..start, std::iter::repeat_n(b'0', missing));
            out.insert(out.len() - scale, b'.');
        }
        Err(_) if value == 0 => {}
        Err(_) => out.extend(std::iter::repeat_n(b'0', usize::from(scale.unsigned_abs()))),
    }
    if value < 0 {
        out.insert(start, b'-');
    }
}

fn hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.extend([
            DIGITS[usize::from(byte >> 4)],
            DIGITS[usize::from(byte & 15)],
        ]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        for (value, scale, expected) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (12_345, 2, "123.45"),
            (-12_345, 5, "-0.12345"),
            (7, -3, "7000"),
            (0, -3, "0"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            let mut out = b"x".to_vec();
            decimal(&mut out, value, scale);
            assert_eq!(String::from_utf8(out).unwrap(), format!("x{expected}"));
        }
    }

    #[test]
    fn bytes_are_hex() {
        let mut out = Vec::new();
        hex(&mut out, &[0, 0x9f, 0xff]);
        assert_eq!(out, b"009fff");
    }
}
