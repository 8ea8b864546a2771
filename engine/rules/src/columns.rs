//! From Arrow's columns to the contract's. What Arrow holds in the contract's form is borrowed; the
//! rest (narrow numbers, decimals, views, slices of text) is brought to it first. Which column may
//! become which type is decided once, at load, by [`fits`]: nothing is lost on the way.

use std::ops::Deref;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray, RecordBatch, StringArray,
    downcast_integer_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    ArrowNativeType, DataType as Arrow, Date32Type, Float64Type, Int64Type, TimeUnit,
    TimestampMicrosecondType,
};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};

use crate::bindings::zaraba::rules::types::{
    BatchParam, BatchResult, ColumnParam, ColumnResult, DictionaryParam, DictionaryResult,
    TextsParam, TextsResult, ValuesParam, ValuesResult,
};
use crate::value::{DataType, arrow_type};

/// Digits that a double keeps, and that a whole number of 64 bits holds.
const DIGITS: [u8; 2] = [15, 18];

/// Precision and scale of a decimal.
const fn decimal(of: &Arrow) -> Option<(u8, i8)> {
    match of {
        Arrow::Decimal32(p, s)
        | Arrow::Decimal64(p, s)
        | Arrow::Decimal128(p, s)
        | Arrow::Decimal256(p, s) => Some((*p, *s)),
        _ => None,
    }
}

/// Whether a column can become a type without losing anything; else what could be done about it.
pub(crate) fn fits(of: &Arrow, wanted: DataType) -> Result<(), String> {
    if let Arrow::Dictionary(_, value) = of {
        return fits(value, wanted);
    }
    let whole_32 = |of: &Arrow| {
        use Arrow::{Int8, Int16, Int32, UInt8, UInt16, UInt32};
        matches!(of, Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32)
    };
    let fits = match wanted {
        DataType::Boolean => *of == Arrow::Boolean,
        DataType::Int64 => {
            let small = decimal(of).is_some_and(|(p, s)| s == 0 && p <= DIGITS[1]);
            whole_32(of) || *of == Arrow::Int64 || small
        }
        DataType::Float64 => {
            let short = decimal(of).is_some_and(|(p, s)| s >= 0 && p <= DIGITS[0]);
            whole_32(of) || of.is_floating() || short
        }
        DataType::Text => matches!(of, Arrow::Utf8 | Arrow::LargeUtf8 | Arrow::Utf8View),
        DataType::Timestamp => matches!(
            of,
            Arrow::Timestamp(
                TimeUnit::Second | TimeUnit::Millisecond | TimeUnit::Microsecond,
                Some(_)
            )
        ),
        DataType::Date => *of == Arrow::Date32,
    };
    if fits {
        Ok(())
    } else {
        Err(way_out(of, wanted))
    }
}

/// Why a column cannot become a type, and what helps.
fn way_out(of: &Arrow, wanted: DataType) -> String {
    let lossy = match (of, wanted) {
        (Arrow::Int64 | Arrow::UInt64, DataType::Float64) => "large numbers would lose digits",
        (Arrow::UInt64, DataType::Int64) => {
            "numbers beyond 9,223,372,036,854,775,807 would not fit"
        }
        (Arrow::Timestamp(TimeUnit::Nanosecond, _), DataType::Timestamp) => {
            "nanoseconds would be lost"
        }
        (Arrow::Timestamp(_, None), DataType::Timestamp) => "it does not say of which zone it is",
        (of, DataType::Float64 | DataType::Int64) if decimal(of).is_some() => {
            "digits would be lost"
        }
        (of, DataType::Int64) if of.is_floating() => "fractions would be lost",
        _ => return String::new(),
    };
    format!(": {lossy}; a query can say how, with CAST")
}

/// Numbers as Arrow has them, or as a cast made them.
enum Numbers<'a, T: ArrowNativeType> {
    Here(&'a [T]),
    Made(ScalarBuffer<T>),
}

impl<T: ArrowNativeType> Deref for Numbers<'_, T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Here(values) => values,
            Self::Made(values) => values,
        }
    }
}

/// A column in the contract's form, borrowing from Arrow where it can.
enum Held<'a> {
    Absent,
    Boolean(Buffer),
    Int64(Numbers<'a, i64>),
    Float64(Numbers<'a, f64>),
    Timestamp(Numbers<'a, i64>),
    Date(Numbers<'a, i32>),
    Text(Texts),
    Dictionary(Vec<u32>, Texts),
}

/// Texts with offsets from 0, and where their bytes are.
struct Texts {
    offsets: Vec<u32>,
    bytes: Buffer,
}

impl Texts {
    fn new(array: &StringArray) -> Result<Self> {
        let offsets = array.value_offsets();
        let (first, last) = match (offsets.first(), offsets.last()) {
            (Some(first), Some(last)) => (*first, *last),
            _ => (0, 0),
        };
        let place = |offset: &i32| (offset - first).cast_unsigned();
        let start = usize::try_from(first).map_err(|_| Error::internal("an offset below 0"))?;
        let bytes =
            usize::try_from(last - first).map_err(|_| Error::internal("falling offsets"))?;
        Ok(Self {
            offsets: offsets.iter().map(place).collect(),
            bytes: array.values().slice_with_length(start, bytes),
        })
    }

    /// The texts of a few rows, from these words; none where a row has none.
    fn spelt(indices: &[u32], valid: Option<&NullBuffer>, words: &StringArray) -> Self {
        let mut offsets = Vec::with_capacity(indices.len() + 1);
        let mut bytes = Vec::new();
        offsets.push(0);
        for (row, index) in indices.iter().enumerate() {
            if valid.is_none_or(|valid| valid.is_valid(row)) {
                bytes.extend_from_slice(words.value(*index as usize).as_bytes());
            }
            offsets.push(bytes.len() as u32);
        }
        Self {
            offsets,
            bytes: bytes.into(),
        }
    }

    fn param(&self) -> TextsParam<'_> {
        TextsParam {
            offsets: &self.offsets,
            bytes: &self.bytes,
        }
    }

    fn owned(&self) -> TextsResult {
        TextsResult {
            offsets: self.offsets.clone(),
            bytes: self.bytes.to_vec(),
        }
    }
}

/// A bitmap that begins with its first bit.
fn bits(buffer: &BooleanBuffer) -> Buffer {
    buffer.sliced()
}

fn cast(array: &ArrayRef, to: &Arrow) -> Result<ArrayRef> {
    // A value that does not fit is an error, not a null.
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, to, &options).map_err(|error| Error::user(error.to_string()))
}

/// Numbers of a type; a moment is a moment, whichever zone it is shown in.
fn numbers<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    wanted: DataType,
) -> Result<Numbers<'_, T::Native>> {
    Ok(match array.as_primitive_opt::<T>() {
        Some(here) => Numbers::Here(here.values()),
        None => {
            let made = cast(array, &arrow_type(wanted))?;
            Numbers::Made(made.as_primitive::<T>().values().clone())
        }
    })
}

/// Words that are worth handing over, however few the rows.
const WORDS: usize = 32;

/// Rows whose texts are cheaper to hand over than words and indices: each list that goes into a
/// guest is a call of it.
const FEW: usize = 8;

fn texts(array: &ArrayRef) -> Result<Held<'_>> {
    if let Some(here) = array.as_string_opt::<i32>() {
        return Ok(Held::Text(Texts::new(here)?));
    }
    if let Some(coded) = dictionary(array)? {
        return Ok(coded);
    }
    let made = cast(array, &Arrow::Utf8)?;
    Ok(Held::Text(Texts::new(made.as_string())?))
}

/// A dictionary of text as words and indices, if that is shorter than the texts themselves.
fn dictionary(array: &ArrayRef) -> Result<Option<Held<'_>>> {
    let Arrow::Dictionary(_, value) = array.data_type() else {
        return Ok(None);
    };
    let coded = array.as_any_dictionary();
    let words = coded.values();
    if words.len() > WORDS.max(array.len() / 2) || words.null_count() > 0 || !value.is_string() {
        return Ok(None);
    }
    let keys = coded.keys();
    let indices = downcast_integer_array!(
        keys => { indices(keys) }
        of => return Err(Error::internal(format!("a dictionary with keys of type {of}")))
    );
    let made;
    let words = match words.as_string_opt::<i32>() {
        Some(here) => here,
        None => {
            made = cast(words, &Arrow::Utf8)?;
            made.as_string()
        }
    };
    Ok(Some(match array.len() <= FEW {
        true => Held::Text(Texts::spelt(&indices, keys.nulls(), words)),
        false => Held::Dictionary(indices, Texts::new(words)?),
    }))
}

/// Keys of a dictionary. What stands where there is no value may point nowhere: it becomes 0.
fn indices<K: ArrowPrimitiveType>(keys: &PrimitiveArray<K>) -> Vec<u32> {
    let values = keys.values().iter().map(|key| key.as_usize() as u32);
    match keys.nulls() {
        None => values.collect(),
        Some(nulls) => {
            let both = values.zip(nulls.iter());
            both.map(|(key, valid)| if valid { key } else { 0 })
                .collect()
        }
    }
}

impl<'a> Held<'a> {
    fn new(array: &'a ArrayRef, wanted: DataType) -> Result<Self> {
        Ok(match wanted {
            // From a dictionary, at most.
            DataType::Boolean => match array.as_boolean_opt() {
                Some(here) => Self::Boolean(bits(here.values())),
                None => {
                    let made = cast(array, &Arrow::Boolean)?;
                    Self::Boolean(bits(made.as_boolean().values()))
                }
            },
            DataType::Int64 => Self::Int64(numbers::<Int64Type>(array, wanted)?),
            DataType::Float64 => Self::Float64(numbers::<Float64Type>(array, wanted)?),
            DataType::Timestamp => {
                Self::Timestamp(numbers::<TimestampMicrosecondType>(array, wanted)?)
            }
            DataType::Date => Self::Date(numbers::<Date32Type>(array, wanted)?),
            DataType::Text => texts(array)?,
        })
    }

    fn param(&self) -> ValuesParam<'_> {
        match self {
            Self::Absent => ValuesParam::Absent,
            Self::Boolean(bits) => ValuesParam::Boolean(bits),
            Self::Int64(values) => ValuesParam::Int64(values),
            Self::Float64(values) => ValuesParam::Float64(values),
            Self::Timestamp(values) => ValuesParam::Timestamp(values),
            Self::Date(values) => ValuesParam::Date(values),
            Self::Text(texts) => ValuesParam::Text(texts.param()),
            Self::Dictionary(indices, words) => ValuesParam::Dictionary(DictionaryParam {
                indices,
                words: words.param(),
            }),
        }
    }

    fn owned(&self) -> ValuesResult {
        match self {
            Self::Absent => ValuesResult::Absent,
            Self::Boolean(bits) => ValuesResult::Boolean(bits.to_vec()),
            Self::Int64(values) => ValuesResult::Int64(values.to_vec()),
            Self::Float64(values) => ValuesResult::Float64(values.to_vec()),
            Self::Timestamp(values) => ValuesResult::Timestamp(values.to_vec()),
            Self::Date(values) => ValuesResult::Date(values.to_vec()),
            Self::Text(texts) => ValuesResult::Text(texts.owned()),
            Self::Dictionary(indices, words) => ValuesResult::Dictionary(DictionaryResult {
                indices: indices.clone(),
                words: words.owned(),
            }),
        }
    }
}

/// The columns of a call.
pub(crate) struct Columns<'a>(Vec<(Held<'a>, Option<Buffer>)>);

impl<'a> Columns<'a> {
    /// Columns by place (none: the stream lacks it) and wanted type.
    pub(crate) fn new(
        rows: &'a RecordBatch,
        wanted: impl ExactSizeIterator<Item = (Option<usize>, DataType)>,
    ) -> Result<Self> {
        let mut columns = Vec::with_capacity(wanted.len());
        for (place, wanted) in wanted {
            let Some(array) = place.map(|place| rows.column(place)) else {
                columns.push((Held::Absent, None));
                continue;
            };
            // Asked first: a dictionary's are put together anew each time.
            let nulls = array.is_nullable().then(|| array.logical_nulls()).flatten();
            let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
            let valid = nulls.as_ref().map(NullBuffer::inner).map(bits);
            columns.push((Held::new(array, wanted)?, valid));
        }
        Ok(Self(columns))
    }

    /// All columns of rows whose types are the contract's own.
    pub(crate) fn of_all(rows: &'a Batch) -> Result<Self> {
        let types = [
            DataType::Boolean,
            DataType::Int64,
            DataType::Float64,
            DataType::Text,
            DataType::Timestamp,
            DataType::Date,
        ];
        let schema = rows.rows.schema();
        let wanted: Vec<_> = schema
            .fields()
            .iter()
            .enumerate()
            .map(|(i, field)| {
                let found = types
                    .into_iter()
                    .find(|of| arrow_type(*of) == *field.data_type());
                found.map(|of| (Some(i), of)).ok_or_else(|| {
                    Error::internal(format!("a table's column of type {}", field.data_type()))
                })
            })
            .collect::<Result<_>>()?;
        Self::new(&rows.rows, wanted.into_iter())
    }

    /// The columns as a call takes them.
    pub(crate) fn params(&self) -> Vec<ColumnParam<'_>> {
        let columns = self.0.iter().map(|(held, valid)| ColumnParam {
            values: held.param(),
            valid: valid.as_deref(),
        });
        columns.collect()
    }

    /// The rows as an import hands them over.
    pub(crate) fn owned(&self, time: &[i64]) -> BatchResult {
        let columns = self.0.iter().map(|(held, valid)| ColumnResult {
            values: held.owned(),
            valid: valid.as_ref().map(|valid| valid.to_vec()),
        });
        BatchResult {
            time: time.to_vec(),
            columns: columns.collect(),
        }
    }
}

/// A call's rows.
pub(crate) const fn batch<'a>(time: &'a [i64], columns: &'a [ColumnParam<'a>]) -> BatchParam<'a> {
    BatchParam { time, columns }
}
