//! Single values as text, as CSV has them without its quotes: for paths and messages.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use chrono_tz::Tz;
use zaraba_core::error::Result;

use crate::encode::cell::{Cell, writable};

/// A column of a batch, ready to be written value by value.
pub struct Texts(Cell);

impl Texts {
    /// Looks at a column. Times are shown in `zone`.
    ///
    /// # Errors
    /// When its type has no text: see [`has_text`].
    pub fn new(column: &ArrayRef, zone: Tz) -> Result<Self> {
        Cell::new(column, zone).map(Self)
    }

    /// Appends a value; false, and nothing, where it is null.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) -> bool {
        self.0.text(row, out)
    }
}

/// Whether values of a type can be written.
#[must_use]
pub fn has_text(kind: &DataType) -> bool {
    writable(kind)
}
