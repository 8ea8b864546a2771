//! Parquet files, compressed with zstd. Rows are held until a row group is full, which bounds the
//! memory of a file being written.

use std::io::Write;

use ::parquet::arrow::ArrowWriter;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use zaraba_core::error::{Error, Result};

use crate::encode::{Encoder, write_error};

/// Most rows of a row group.
const ROW_GROUP_ROWS: usize = 262_144;
/// A row group that holds this much is written before it has that many rows.
const ROW_GROUP_BYTES: usize = 64 << 20;

pub(crate) struct ParquetFile<W: Write + Send>(ArrowWriter<W>);

impl<W: Write + Send> ParquetFile<W> {
    pub(crate) fn new(schema: &SchemaRef, out: W) -> Result<Self> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_created_by("zaraba".to_owned())
            .build();
        ArrowWriter::try_new(out, SchemaRef::clone(schema), Some(properties))
            .map(Self)
            .map_err(parquet_error)
    }
}

impl<W: Write + Send> Encoder for ParquetFile<W> {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.0.write(rows).map_err(parquet_error)?;
        if self.0.in_progress_size() > ROW_GROUP_BYTES {
            self.0.flush().map_err(parquet_error)?;
        }
        Ok(())
    }

    fn held(&self) -> usize {
        self.0.in_progress_size()
    }

    fn relieve(&mut self) -> Result<()> {
        self.0.flush().map_err(parquet_error)
    }

    fn finish(&mut self) -> Result<()> {
        self.0.finish().map_err(parquet_error)?;
        self.0.inner_mut().flush().map_err(|e| write_error(&e))
    }
}

fn parquet_error(error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(io) => write_error(&io),
            Err(other) => Error::internal(other.to_string()),
        },
        ParquetError::NYI(what) => {
            Error::user(format!("a column cannot be written as parquet: {what}"))
        }
        other => Error::internal(other.to_string()),
    }
}
