//! Rows to bytes. [`json`] and [`csv`] write row by row into a buffer that the caller owns, for
//! whatever sends rows on its own terms (WebSocket, standard output); [`encoder`] wraps them, and
//! Parquet and Arrow IPC, as writers of whole files. The columns of a batch are looked at once
//! (`cell`), so that a row costs no allocation and no type test by name. `decode` is the way back.

mod time;

mod cell;

pub mod json;

pub mod csv;

pub mod text;

mod parquet;

mod ipc;

use std::io::{ErrorKind, Write};

use ::arrow::array::RecordBatch;
use ::arrow::datatypes::SchemaRef;
use ::arrow::error::ArrowError;
use chrono_tz::Tz;
use zaraba_config::document::Format;
use zaraba_core::error::{Error, Result};

use crate::encode::csv::CsvFile;
use crate::encode::ipc::IpcFile;
use crate::encode::json::JsonFile;
use crate::encode::parquet::ParquetFile;

pub use crate::encode::time::write_time;

/// Writes batches of one schema to one file.
pub trait Encoder: Send {
    /// Adds rows. They need not be in the file before [`Encoder::finish`].
    ///
    /// # Errors
    /// When the file cannot be written.
    fn write(&mut self, rows: &RecordBatch) -> Result<()>;

    /// About how many bytes it holds that are not in the file yet.
    fn held(&self) -> usize {
        0
    }

    /// Writes what is held, though there may be more.
    ///
    /// # Errors
    /// As `write`.
    fn relieve(&mut self) -> Result<()> {
        Ok(())
    }

    /// Writes what is held and the format's end, and flushes.
    ///
    /// # Errors
    /// As `write`.
    fn finish(&mut self) -> Result<()>;
}

/// The encoder of a format; `zone` is in which times are written by the text formats.
///
/// # Errors
/// When the format cannot hold a column of the schema, or the file's head cannot be written.
pub fn encoder<W: Write + Send + 'static>(
    format: Format,
    schema: &SchemaRef,
    zone: Tz,
    out: W,
) -> Result<Box<dyn Encoder>> {
    Ok(match format {
        Format::Json => Box::new(JsonFile::new(schema, zone, out)?),
        Format::Csv => Box::new(CsvFile::new(schema, zone, out)?),
        Format::Parquet => Box::new(ParquetFile::new(schema, out)?),
        Format::Arrow => Box::new(IpcFile::new(schema, out)?),
        Format::Xlsx => return Err(Error::user("workbooks are read, not written")),
    })
}

/// An error of writing, in words that name what a user can do something about.
pub(crate) fn write_error(error: &std::io::Error) -> Error {
    Error::outside(match error.kind() {
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        ErrorKind::QuotaExceeded => "the disk quota is used up".to_owned(),
        ErrorKind::FileTooLarge => "the file would be larger than the system allows".to_owned(),
        _ => error.to_string(),
    })
}

/// An error of an Arrow writer: the outside's if the file could not be written, else ours.
fn arrow_error(error: ArrowError) -> Error {
    match error {
        ArrowError::IoError(_, io) => write_error(&io),
        other => Error::internal(other.to_string()),
    }
}
