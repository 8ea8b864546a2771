//! Parquet, row group by row group, only the wanted columns.

use std::fs::File;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use zaraba_core::error::{Error, Result};

use super::columnar::{Batches, Columnar, guarded};
use super::ends_once::EndsOnce;
use super::fit::Fit;
use super::{DecodeOptions, Decoder, Wanted};

/// Opens a file and reads its footer.
pub(super) fn open(
    path: &Path,
    wanted: &Wanted<'_>,
    options: &DecodeOptions,
) -> Result<Box<dyn Decoder>> {
    let name = path.display().to_string();
    let (builder, bytes) = builder(path)?;
    let fit = Fit::new(&name, builder.schema(), wanted, options)?;
    let mask = ProjectionMask::roots(builder.parquet_schema(), fit.read.iter().copied());
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
    let builder = Some(builder.with_projection(mask));
    let batches = ParquetBatches {
        builder,
        reader: None,
        rows,
        read: 0,
        bytes,
    };
    Ok(Box::new(Columnar::new(name, batches, fit, bytes)))
}

/// The file's own columns.
pub(super) fn schema(path: &Path) -> Result<SchemaRef> {
    Ok(builder(path)?.0.schema().clone())
}

fn builder(path: &Path) -> Result<(ParquetRecordBatchReaderBuilder<EndsOnce>, u64)> {
    let failed = |e: &dyn std::fmt::Display| Error::outside(format!("{}: {e}", path.display()));
    let file = File::open(path).map_err(|e| failed(&e))?;
    let bytes = file.metadata().map_err(|e| failed(&e))?.len();
    let wrong = |e: String| failed(&format!("expected a whole parquet file: {e}"));
    let builder =
        guarded(|| ParquetRecordBatchReaderBuilder::try_new(EndsOnce(file))).map_err(wrong)?;
    Ok((builder.map_err(|e| wrong(e.to_string()))?, bytes))
}

struct ParquetBatches {
    /// Until the first read, which tells the size of batches.
    builder: Option<ParquetRecordBatchReaderBuilder<EndsOnce>>,
    reader: Option<ParquetRecordBatchReader>,
    rows: u64,
    read: u64,
    bytes: u64,
}

impl Batches for ParquetBatches {
    fn read(&mut self, limit: usize) -> Result<Option<RecordBatch>, String> {
        if let Some(builder) = self.builder.take() {
            let offset = usize::try_from(self.read).map_err(|e| e.to_string())?;
            let builder = builder.with_batch_size(limit).with_offset(offset);
            self.reader = Some(builder.build().map_err(|e| e.to_string())?);
        }
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        let read = reader.next().transpose();
        let rows = read.map_err(|e| format!("damaged behind row {}: {e}", self.read))?;
        self.read += rows.as_ref().map_or(0, |r| r.num_rows() as u64);
        Ok(rows)
    }

    fn skip(&mut self, rows: u64) -> u64 {
        let skipped = if self.builder.is_some() {
            rows.min(self.rows - self.read)
        } else {
            0
        };
        self.read += skipped;
        skipped
    }

    fn done(&self) -> u64 {
        let part = u128::from(self.bytes) * u128::from(self.read) / u128::from(self.rows.max(1));
        if self.read == self.rows {
            self.bytes
        } else {
            u64::try_from(part).unwrap_or(self.bytes)
        }
    }
}
