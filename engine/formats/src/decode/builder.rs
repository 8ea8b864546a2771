//! One column while rows are parsed into it: plain vectors that become Arrow buffers without a
//! copy, and that can be cut back when a later field of the row turns out bad.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, BooleanBufferBuilder, Date32Array, Decimal128Array, Float64Array,
    Int32Array, Int64Array, NullBufferBuilder, StringArray, TimestampMicrosecondArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, ColumnType, Value};
use zaraba_core::error::{Error, Result};
use zaraba_core::time::DAY;

use super::number::{Fault, Rest, bound, decimal, float, int};
use super::time::{DateReader, TimeReader};

/// Most characters of a field shown in a message.
const SHOWN_CHARS: usize = 40;

/// The values of a column, and how they are read.
enum Values {
    Timestamp(Vec<i64>, TimeReader),
    Date(Vec<i32>, DateReader),
    Text {
        offsets: Vec<i32>,
        bytes: Vec<u8>,
    },
    Bool(BooleanBufferBuilder),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Float64(Vec<f64>),
    Decimal {
        values: Vec<i128>,
        precision: u8,
        scale: i8,
    },
}

/// What a row without the field gets.
enum Missing {
    Fault,
    Null,
    Default(Value),
}

/// A column being made.
pub(super) struct Builder {
    name: String,
    kind: ColumnType,
    values: Values,
    valid: NullBufferBuilder,
    nulls: Vec<String>,
    thousands: Option<char>,
    missing: Missing,
    /// A number without its thousands separators.
    plain: Vec<u8>,
}

impl Builder {
    /// An empty column.
    pub(super) fn new(doc: &ColumnDoc, zone: Tz) -> Result<Self> {
        let format = doc.format.as_deref();
        let of = |e: String| Error::user(format!("column `{}`: {e}", doc.name.value));
        let values = match doc.kind {
            ColumnType::Timestamp => {
                let zone = doc.zone.unwrap_or(zone);
                let reader = TimeReader::new(format, zone, doc.at).map_err(of)?;
                Values::Timestamp(Vec::new(), reader)
            }
            ColumnType::Date => Values::Date(Vec::new(), DateReader::new(format).map_err(of)?),
            ColumnType::Text => Values::Text {
                offsets: vec![0],
                bytes: Vec::new(),
            },
            ColumnType::Bool => Values::Bool(BooleanBufferBuilder::new(0)),
            ColumnType::Int32 => Values::Int32(Vec::new()),
            ColumnType::Int64 => Values::Int64(Vec::new()),
            ColumnType::Float64 => Values::Float64(Vec::new()),
            ColumnType::Decimal(precision, scale) => Values::Decimal {
                values: Vec::new(),
                precision,
                scale,
            },
        };
        let mut builder = Self {
            name: doc.name.value.clone(),
            kind: doc.kind,
            values,
            valid: NullBufferBuilder::new(0),
            nulls: doc.nulls.clone(),
            thousands: doc.thousands,
            missing: if doc.optional {
                Missing::Null
            } else {
                Missing::Fault
            },
            plain: Vec::new(),
        };
        if let Some(default) = &doc.default {
            builder
                .value(default)
                .map_err(|e| of(format!("default: {e}")))?;
            builder.truncate(0);
            builder.missing = Missing::Default(default.clone());
        }
        Ok(builder)
    }

    /// A fault with the column's name before it.
    pub(super) fn fault(&self, reason: &str) -> String {
        format!("column `{}`: {reason}", self.name)
    }

    /// Rows so far.
    pub(super) fn len(&self) -> usize {
        self.valid.len()
    }

    /// Bytes of text so far.
    pub(super) fn text_bytes(&self) -> usize {
        match &self.values {
            Values::Text { bytes, .. } => bytes.len(),
            _ => 0,
        }
    }

    /// Whether a file may do without the column.
    pub(super) fn may_miss(&self) -> bool {
        !matches!(self.missing, Missing::Fault)
    }

    /// Takes back rows from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        if self.valid.len() <= len {
            return;
        }
        self.valid.truncate(len);
        match &mut self.values {
            Values::Timestamp(values, _) | Values::Int64(values) => values.truncate(len),
            Values::Date(values, _) | Values::Int32(values) => values.truncate(len),
            Values::Text { offsets, bytes } => {
                offsets.truncate(len + 1);
                bytes.truncate(offsets.last().map_or(0, |end| *end as usize));
            }
            Values::Bool(values) => values.truncate(len),
            Values::Float64(values) => values.truncate(len),
            Values::Decimal { values, .. } => values.truncate(len),
        }
    }

    /// A field of a text, a null word or a value.
    pub(super) fn field(&mut self, field: &[u8]) -> Result<(), String> {
        if !self.nulls.is_empty() && self.nulls.iter().any(|n| n.as_bytes() == field) {
            return self.absent();
        }
        if field.is_empty() && self.kind != ColumnType::Text && self.may_miss() {
            return self.missing();
        }
        self.push(field)
    }

    /// A JSON number.
    pub(super) fn number(&mut self, number: &[u8]) -> Result<(), String> {
        if self.kind == ColumnType::Text {
            Err(self.unlike(number, ""))
        } else {
            self.push(number)
        }
    }

    /// A JSON `true` or `false`.
    pub(super) fn boolean(&mut self, value: bool) -> Result<(), String> {
        self.value(&Value::Bool(value))
    }

    /// A time on the clocks of the column's zone, known already, which `text` writes; false where
    /// it is to be read from that.
    pub(super) fn local(&mut self, micros: i64, text: &str) -> Result<bool, String> {
        let done = match &mut self.values {
            Values::Timestamp(values, reader) => reader.local(micros).map(|t| values.push(t)),
            Values::Date(values, _) => match i32::try_from(micros.div_euclid(DAY)) {
                Ok(days) => {
                    values.push(days);
                    Ok(())
                }
                Err(_) => Err(Fault::Large.words()),
            },
            _ => return Ok(false),
        };
        match done {
            Ok(()) => {
                self.valid.append_non_null();
                Ok(true)
            }
            Err(why) => Err(self.unlike(text.as_bytes(), why)),
        }
    }

    /// Whether a number can only be a count of days: the column has times or dates, and no way of
    /// its own to read them from numbers.
    pub(super) fn counts_days(&self) -> bool {
        match &self.values {
            Values::Timestamp(_, reader) => !reader.has_format(),
            Values::Date(_, reader) => !reader.has_format(),
            _ => false,
        }
    }

    /// A null in the data: the default, if there is one.
    pub(super) fn absent(&mut self) -> Result<(), String> {
        match &self.missing {
            Missing::Default(_) => self.missing(),
            _ => {
                self.null();
                Ok(())
            }
        }
    }

    /// The row has no such field.
    pub(super) fn missing(&mut self) -> Result<(), String> {
        match std::mem::replace(&mut self.missing, Missing::Null) {
            Missing::Fault => {
                self.missing = Missing::Fault;
                Err("the field is missing".to_owned())
            }
            Missing::Null => {
                self.null();
                Ok(())
            }
            Missing::Default(value) => {
                let done = self.value(&value);
                self.missing = Missing::Default(value);
                done
            }
        }
    }

    /// A value of the pipeline file.
    pub(super) fn value(&mut self, value: &Value) -> Result<(), String> {
        let text = match (self.kind, value) {
            (_, Value::Text(text)) => return self.push(text.as_bytes()),
            (ColumnType::Bool, Value::Bool(value)) => value.to_string(),
            (ColumnType::Text, other) | (_, other @ Value::Bool(_)) => {
                return Err(self.unlike(written(other).as_bytes(), ""));
            }
            (_, other) => written(other),
        };
        self.push(text.as_bytes())
    }

    /// A null.
    pub(super) fn null(&mut self) {
        self.valid.append_null();
        match &mut self.values {
            Values::Timestamp(values, _) | Values::Int64(values) => values.push(0),
            Values::Date(values, _) | Values::Int32(values) => values.push(0),
            Values::Text { offsets, bytes } => offsets.push(end(bytes)),
            Values::Bool(values) => values.append(false),
            Values::Float64(values) => values.push(0.0),
            Values::Decimal { values, .. } => values.push(0),
        }
    }

    /// The column's rows as an array; it is empty afterwards.
    pub(super) fn finish(&mut self) -> Result<ArrayRef> {
        let nulls = self.valid.finish();
        Ok(match &mut self.values {
            Values::Timestamp(values, _) => {
                let times = TimestampMicrosecondArray::new(taken(values), nulls);
                Arc::new(times.with_timezone("UTC"))
            }
            Values::Date(values, _) => Arc::new(Date32Array::new(taken(values), nulls)),
            Values::Text { offsets, bytes } => text(offsets, bytes, nulls)?,
            Values::Bool(values) => Arc::new(BooleanArray::new(values.finish(), nulls)),
            Values::Int32(values) => Arc::new(Int32Array::new(taken(values), nulls)),
            Values::Int64(values) => Arc::new(Int64Array::new(taken(values), nulls)),
            Values::Float64(values) => Arc::new(Float64Array::new(taken(values), nulls)),
            Values::Decimal {
                values,
                precision,
                scale,
            } => {
                let numbers = Decimal128Array::new(taken(values), nulls);
                Arc::new(numbers.with_precision_and_scale(*precision, *scale)?)
            }
        })
    }

    /// "expected …, got …".
    pub(super) fn unlike(&self, got: &[u8], why: &str) -> String {
        let expected = super::kind_name(self.kind);
        if got.is_empty() {
            return format!("expected {expected}, got nothing (`nulls = [\"\"]` reads it as null)");
        }
        let got = super::rows::shortened(got, SHOWN_CHARS);
        format!("expected {expected}, got `{got}`{why}")
    }

    fn push(&mut self, field: &[u8]) -> Result<(), String> {
        match self.parse(field) {
            Ok(()) => {
                self.valid.append_non_null();
                Ok(())
            }
            Err(why) => Err(self.unlike(field, why)),
        }
    }

    /// Appends what the field says to the values, or nothing.
    fn parse(&mut self, field: &[u8]) -> Result<(), &'static str> {
        if let Values::Text { offsets, bytes } = &mut self.values {
            std::str::from_utf8(field).map_err(|_| ", which is not UTF-8")?;
            bytes.extend_from_slice(field);
            offsets.push(end(bytes));
            return Ok(());
        }
        let mut field = field.trim_ascii();
        if let Some(separator) = self.thousands
            && without(field, separator, &mut self.plain)
        {
            field = &self.plain;
        }
        match &mut self.values {
            Values::Text { .. } => {}
            Values::Timestamp(values, reader) => values.push(reader.micros(field)?),
            Values::Date(values, reader) => values.push(reader.days(field).ok_or("")?),
            Values::Bool(values) => values.append(boolean(field).ok_or("")?),
            Values::Int32(values) => {
                let n = int(field).map_err(Fault::words)?;
                values.push(i32::try_from(n).map_err(|_| Fault::Large.words())?);
            }
            Values::Int64(values) => values.push(int(field).map_err(Fault::words)?),
            Values::Float64(values) => values.push(float(field).map_err(Fault::words)?),
            Values::Decimal {
                values,
                precision,
                scale,
            } => {
                let n = decimal(field, i32::from(*scale), Rest::Refuse).map_err(Fault::words)?;
                if n.unsigned_abs() >= bound(*precision).unsigned_abs() {
                    return Err(Fault::Large.words());
                }
                values.push(n);
            }
        }
        Ok(())
    }
}

/// A value as a field would write it.
fn written(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Text(text) => text.clone(),
    }
}

fn boolean(field: &[u8]) -> Option<bool> {
    let is = |word: &[u8]| field.eq_ignore_ascii_case(word);
    match field {
        b"1" => Some(true),
        b"0" => Some(false),
        _ if is(b"true") => Some(true),
        _ if is(b"false") => Some(false),
        _ => None,
    }
}

/// Puts a number into `plain` without the separators between its digits; false if there is none
/// there, or one stands elsewhere.
fn without(field: &[u8], separator: char, plain: &mut Vec<u8>) -> bool {
    let mut utf8 = [0; 4];
    let separator = separator.encode_utf8(&mut utf8).as_bytes();
    plain.clear();
    let (mut at, mut found) = (0, false);
    while at < field.len() {
        let behind = at + separator.len();
        let digit = |i: Option<&u8>| i.is_some_and(u8::is_ascii_digit);
        if field[at..].starts_with(separator) {
            if !digit(plain.last()) || !digit(field.get(behind)) || plain.contains(&b'.') {
                return false;
            }
            found = true;
            at = behind;
        } else {
            plain.push(field[at]);
            at += 1;
        }
    }
    found
}

/// The end of a text that was appended. Batches end long before this could saturate.
fn end(bytes: &[u8]) -> i32 {
    i32::try_from(bytes.len()).unwrap_or(i32::MAX)
}

/// A vector as a buffer; a vector as large takes its place.
fn taken<T: arrow::datatypes::ArrowNativeType>(values: &mut Vec<T>) -> ScalarBuffer<T> {
    let next = Vec::with_capacity(values.len());
    ScalarBuffer::from(std::mem::replace(values, next))
}

fn text(
    offsets: &mut Vec<i32>,
    bytes: &mut Vec<u8>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    let ends = taken(offsets);
    offsets.push(0);
    let values = Buffer::from_vec(std::mem::replace(bytes, Vec::with_capacity(bytes.len())));
    Ok(Arc::new(StringArray::try_new(
        OffsetBuffer::new(ends),
        values,
        nulls,
    )?))
}
