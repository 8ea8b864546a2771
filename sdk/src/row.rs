//! From columns to a struct: what `#[derive(Row)]` builds on. A field's type says what is asked of
//! the stream; `Option` means that rows without a value are wanted too.
//!
//! Columns are checked once a call, in `reader`; `read` then looks at no bounds. That is what lets the
//! compiler drop the columns that a row turns out not to need: a check for each of them would cost
//! more than the rule, since every branch is counted against its fuel.

#![allow(unsafe_code, reason = "reads without bounds, see above")]

use crate::bindings::{Column, DataType, Field, Values};
use crate::input::{Date, Timestamp};

/// A struct of columns. Derived.
pub trait Row {
    /// The struct, borrowing from a call's columns.
    type Of<'a>;
    /// The columns, found and checked once a call.
    type Reader<'a>: Copy;

    /// What is asked of the stream.
    fn fields() -> Vec<Field>;

    /// Finds the columns.
    ///
    /// # Panics
    /// When they are not those of [`Row::fields`].
    fn reader(columns: &[Column], rows: usize) -> Self::Reader<'_>;

    /// Reads a row.
    ///
    /// # Safety
    /// `row` is less than the `rows` that the reader was made with.
    unsafe fn read(reader: Self::Reader<'_>, row: usize) -> Self::Of<'_>;
}

/// The type of a field of a row.
pub trait Cell {
    /// The value, borrowing from the column.
    type Of<'a>;
    /// The column's values.
    type Reader<'a>: Copy;
    /// What is asked of the stream.
    const TYPE: DataType;
    /// Whether rows without a value are wanted.
    const NULLABLE: bool = false;

    /// Finds the values.
    ///
    /// # Panics
    /// When they are of another type.
    fn reader(column: &Column, rows: usize) -> Self::Reader<'_>;

    /// Reads a value.
    ///
    /// # Safety
    /// `row` is less than the `rows` that the reader was made with.
    unsafe fn read(reader: Self::Reader<'_>, row: usize) -> Self::Of<'_>;
}

/// A call with other columns than the manifest's is the engine's fault: it traps.
#[cold]
#[expect(
    clippy::panic,
    reason = "a trap is how a component says that its host is broken"
)]
pub(crate) fn wrong(column: &Column, rows: usize) -> ! {
    panic!("{rows} rows of another type than asked for: {column:?}")
}

/// `impl Cell for $of`, whose values are a slice of `$item` in `Values::$variant`.
macro_rules! cell_of_slice {
    ($of:ty, $variant:ident, $item:ty, $make:expr) => {
        impl Cell for $of {
            type Of<'a> = $of;
            type Reader<'a> = &'a [$item];
            const TYPE: DataType = DataType::$variant;

            #[inline]
            fn reader(column: &Column, rows: usize) -> &[$item] {
                match &column.values {
                    Values::$variant(values) if values.len() == rows => values,
                    _ => wrong(column, rows),
                }
            }

            #[inline]
            unsafe fn read(reader: Self::Reader<'_>, row: usize) -> Self::Of<'_> {
                // SAFETY: `reader` saw that there are as many values as rows.
                ($make)(unsafe { *reader.get_unchecked(row) })
            }
        }
    };
}

cell_of_slice!(f64, Float64, f64, |value| value);
cell_of_slice!(i64, Int64, i64, |value| value);
cell_of_slice!(Timestamp, Timestamp, i64, Timestamp);
cell_of_slice!(Date, Date, i32, Date);

/// Bit `row` of a bitmap.
///
/// # Safety
/// The bitmap has that bit.
#[inline]
unsafe fn bit(bitmap: &[u8], row: usize) -> bool {
    // SAFETY: the caller says so.
    let byte = unsafe { *bitmap.get_unchecked(row / 8) };
    byte >> (row % 8) & 1 == 1
}

impl Cell for bool {
    type Of<'a> = bool;
    type Reader<'a> = &'a [u8];
    const TYPE: DataType = DataType::Boolean;

    fn reader(column: &Column, rows: usize) -> &[u8] {
        match &column.values {
            Values::Boolean(values) if values.len() == rows.div_ceil(8) => values,
            _ => wrong(column, rows),
        }
    }

    #[inline]
    unsafe fn read(reader: Self::Reader<'_>, row: usize) -> Self::Of<'_> {
        // SAFETY: `reader` saw that there are as many bits as rows.
        unsafe { bit(reader, row) }
    }
}

impl<C: Cell> Cell for Option<C> {
    type Of<'a> = Option<C::Of<'a>>;
    /// None where the stream lacks the column.
    type Reader<'a> = Option<(C::Reader<'a>, Option<&'a [u8]>)>;
    const TYPE: DataType = C::TYPE;
    const NULLABLE: bool = true;

    #[inline]
    fn reader(column: &Column, rows: usize) -> Self::Reader<'_> {
        match column.values {
            Values::Absent => None,
            _ => match column.valid.as_deref() {
                Some(valid) if valid.len() != rows.div_ceil(8) => wrong(column, rows),
                valid => Some((C::reader(column, rows), valid)),
            },
        }
    }

    #[inline]
    unsafe fn read(reader: Self::Reader<'_>, row: usize) -> Self::Of<'_> {
        let (values, valid) = reader?;
        // SAFETY: `reader` saw that there are as many bits as rows, and so did `C::reader`.
        let valid = valid.is_none_or(|valid| unsafe { bit(valid, row) });
        valid.then(|| unsafe { C::read(values, row) })
    }
}
