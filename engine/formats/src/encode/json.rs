//! Rows as JSON objects: names escaped once per schema, columns looked at once per batch.
//!
//! Times are ISO 8601 with the offset of the zone that the encoder was given (without one where
//! the column has no zone), dates `2025-12-12`, 64-bit integers numbers or texts as asked,
//! decimals texts, NaN and infinities null, bytes hexadecimal texts, lists arrays, structs objects.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use chrono_tz::Tz;
use zaraba_core::error::{Error, Result};

pub use crate::encode::cell::Int64;
use crate::encode::cell::{Cell, json_key, writable};
use crate::encode::{Encoder, write_error};

/// Writes rows of one schema.
#[derive(Clone, Debug)]
pub struct JsonEncoder {
    /// `"name":` of each column.
    keys: Vec<Vec<u8>>,
    zone: Tz,
    int64: Int64,
}

/// Rows of one batch, ready to be written.
pub struct JsonRows<'a> {
    encoder: &'a JsonEncoder,
    cells: Vec<Cell>,
}

impl JsonEncoder {
    /// An encoder of a schema's columns.
    ///
    /// # Errors
    /// When a column is of a type that has no JSON (a map, a union).
    pub fn new(schema: &Schema, zone: Tz, int64: Int64) -> Result<Self> {
        check_writable(schema, "JSON")?;
        let keys = schema.fields().iter().map(|f| json_key(f.name())).collect();
        Ok(Self { keys, zone, int64 })
    }

    /// Looks at the columns of a batch of the encoder's schema.
    ///
    /// # Errors
    /// When the batch is of another schema: a broken invariant of the caller.
    pub fn rows(&self, batch: &RecordBatch) -> Result<JsonRows<'_>> {
        if batch.num_columns() != self.keys.len() {
            return Err(Error::internal(format!(
                "a batch of {} columns for a JSON encoder of {}",
                batch.num_columns(),
                self.keys.len()
            )));
        }
        let cells = batch.columns().iter().map(|c| Cell::new(c, self.zone));
        Ok(JsonRows {
            encoder: self,
            cells: cells.collect::<Result<_>>()?,
        })
    }
}

impl JsonRows<'_> {
    /// Appends one row as `{…}`.
    pub fn write(&self, row: usize, out: &mut Vec<u8>) {
        out.push(b'{');
        self.write_fields(row, out);
        out.push(b'}');
    }

    /// Appends one row's `"name":value` pairs without the braces.
    pub fn write_fields(&self, row: usize, out: &mut Vec<u8>) {
        for (i, (key, cell)) in self.encoder.keys.iter().zip(&self.cells).enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            cell.json(row, self.encoder.int64, out);
        }
    }
}

/// Refuses a schema with a column that has no text.
pub(crate) fn check_writable(schema: &Schema, format: &str) -> Result<()> {
    match schema.fields().iter().find(|f| !writable(f.data_type())) {
        None => Ok(()),
        Some(field) => Err(Error::user(format!(
            "column `{}` is of type {}, which cannot be written as {format}; cast it in the query",
            field.name(),
            field.data_type()
        ))),
    }
}

/// One JSON object a line.
pub(crate) struct JsonFile<W> {
    encoder: JsonEncoder,
    buffer: Vec<u8>,
    out: W,
}

impl<W: Write> JsonFile<W> {
    pub(crate) fn new(schema: &Schema, zone: Tz, out: W) -> Result<Self> {
        let encoder = JsonEncoder::new(schema, zone, Int64::Number)?;
        Ok(Self {
            encoder,
            buffer: Vec::new(),
            out,
        })
    }
}

impl<W: Write + Send> Encoder for JsonFile<W> {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.buffer.clear();
        let json = self.encoder.rows(rows)?;
        for row in 0..rows.num_rows() {
            json.write(row, &mut self.buffer);
            self.buffer.push(b'\n');
        }
        self.out
            .write_all(&self.buffer)
            .map_err(|e| write_error(&e))
    }

    fn finish(&mut self) -> Result<()> {
        self.out.flush().map_err(|e| write_error(&e))
    }
}

#[cfg(test)]
mod tests;
