//! From Arrow's columns to the contract's. What Arrow holds in the contract's form is borrowed; the
//! rest (narrow numbers, decimals, views, slices of text) is brought to it first. Which column may
//! become which type is decided once, at load, by [`fits`]: nothing is lost on the way.

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, RecordBatch,
    StringArray, downcast_integer_array,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
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

/// A column in the contract's form, borrowing from Arrow where it can.
enum Held {
    Absent,
    Boolean(Buffer),
    Int64(PrimitiveArray<Int64Type>),
    Float64(PrimitiveArray<Float64Type>),
    Timestamp(PrimitiveArray<TimestampMicrosecondType>),
    Date(PrimitiveArray<Date32Type>),
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
    if array.data_type() == to {
        return Ok(array.clone());
    }
    // A value that does not fit is an error, not a null.
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, to, &options).map_err(|error| Error::user(error.to_string()))
}

/// Words that are worth handing over, however few the rows.
const WORDS: usize = 32;

/// A dictionary of text as words and indices, if that is shorter than the texts themselves.
fn dictionary(array: &ArrayRef) -> Result<Option<(Vec<u32>, Texts)>> {
    let Arrow::Dictionary(_, value) = array.data_type() else {
        return Ok(None);
    };
    let coded = array.as_any_dictionary();
    let words = coded.values();
    if words.len() > WORDS.max(array.len() / 2) || words.null_count() > 0 || !value.is_string() {
        return Ok(None);
    }
    let words = Texts::new(cast(words, &Arrow::Utf8)?.as_string())?;
    let keys = coded.keys();
    let indices = downcast_integer_array!(
        keys => { indices(keys) }
        of => return Err(Error::internal(format!("a dictionary with keys of type {of}")))
    );
    Ok(Some((indices, words)))
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

impl Held {
    fn new(array: &ArrayRef, wanted: DataType) -> Result<Self> {
        if wanted == DataType::Text
            && let Some((indices, words)) = dictionary(array)?
        {
            return Ok(Self::Dictionary(indices, words));
        }
        let to = match (wanted, array.data_type()) {
            // Whichever zone it is shown in, a moment is a moment.
            (DataType::Timestamp, Arrow::Timestamp(TimeUnit::Microsecond, _)) => {
                array.data_type().clone()
            }
            (DataType::Timestamp, _) => Arrow::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            _ => arrow_type(wanted),
        };
        let array = cast(array, &to)?;
        Ok(match wanted {
            DataType::Boolean => {
                let values: &BooleanArray = array.as_boolean();
                Self::Boolean(bits(values.values()))
            }
            DataType::Int64 => Self::Int64(array.as_primitive().clone()),
            DataType::Float64 => Self::Float64(array.as_primitive().clone()),
            DataType::Timestamp => Self::Timestamp(array.as_primitive().clone()),
            DataType::Date => Self::Date(array.as_primitive().clone()),
            DataType::Text => Self::Text(Texts::new(array.as_string())?),
        })
    }

    fn param(&self) -> ValuesParam<'_> {
        match self {
            Self::Absent => ValuesParam::Absent,
            Self::Boolean(bits) => ValuesParam::Boolean(bits),
            Self::Int64(array) => ValuesParam::Int64(array.values()),
            Self::Float64(array) => ValuesParam::Float64(array.values()),
            Self::Timestamp(array) => ValuesParam::Timestamp(array.values()),
            Self::Date(array) => ValuesParam::Date(array.values()),
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
            Self::Int64(array) => ValuesResult::Int64(array.values().to_vec()),
            Self::Float64(array) => ValuesResult::Float64(array.values().to_vec()),
            Self::Timestamp(array) => ValuesResult::Timestamp(array.values().to_vec()),
            Self::Date(array) => ValuesResult::Date(array.values().to_vec()),
            Self::Text(texts) => ValuesResult::Text(texts.owned()),
            Self::Dictionary(indices, words) => ValuesResult::Dictionary(DictionaryResult {
                indices: indices.clone(),
                words: words.owned(),
            }),
        }
    }
}

/// The columns of a call.
pub(crate) struct Columns(Vec<(Held, Option<Buffer>)>);

impl Columns {
    /// Columns by place (none: the stream lacks it) and wanted type.
    pub(crate) fn new(
        rows: &RecordBatch,
        wanted: impl Iterator<Item = (Option<usize>, DataType)>,
    ) -> Result<Self> {
        let column = |(place, wanted): (Option<usize>, DataType)| {
            let Some(array) = place.map(|place| rows.column(place)) else {
                return Ok((Held::Absent, None));
            };
            // Asked first: a dictionary's are put together anew each time.
            let nulls = array.is_nullable().then(|| array.logical_nulls()).flatten();
            let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
            let valid = nulls.as_ref().map(NullBuffer::inner).map(bits);
            Ok((Held::new(array, wanted)?, valid))
        };
        Ok(Self(wanted.map(column).collect::<Result<_>>()?))
    }

    /// All columns of rows whose types are the contract's own.
    pub(crate) fn of_all(rows: &Batch) -> Result<Self> {
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
