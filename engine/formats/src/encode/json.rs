//! Rows as JSON objects: names escaped once per schema, columns looked at once per batch.
//!
//! Times are ISO 8601 with the offset of the zone that the encoder was given (without one where
//! the column has no zone), dates `2025-12-12`, 64-bit integers numbers or texts as asked,
//! decimals texts, NaN and infinities null, bytes hexadecimal texts, lists arrays, structs objects.
//! A text that is JSON (Arrow's extension type `arrow.json`) is put in as what it says; one that is
//! none after all stays a text.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema};
use chrono_tz::Tz;
use serde::de::IgnoredAny;
use zaraba_core::error::{Error, Result};

pub use crate::encode::cell::Int64;
use crate::encode::cell::{Cell, json_key, writable};
use crate::encode::{Encoder, write_error};

/// How deep a text that is JSON may be: readers of a message with it go down no further than they
/// can.
const LEVELS_MAX: usize = 64;

/// Writes rows of one schema.
#[derive(Clone, Debug)]
pub struct JsonEncoder {
    /// `"name":` of each column.
    keys: Vec<Vec<u8>>,
    /// Which columns are texts that are JSON.
    embedded: Vec<bool>,
    zone: Tz,
    int64: Int64,
}

/// Whether a column's texts are JSON, in Arrow's own word for it.
#[must_use]
pub fn is_json(field: &Field) -> bool {
    let text = matches!(
        field.data_type(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    );
    text && field.extension_type_name() == Some("arrow.json")
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
        Ok(Self {
            keys,
            embedded: schema.fields().iter().map(|f| is_json(f)).collect(),
            zone,
            int64,
        })
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
            if !(self.encoder.embedded[i] && embed(cell, row, out)) {
                cell.json(row, self.encoder.int64, out);
            }
        }
    }
}

/// Appends a text as the JSON that it is, on one line; false, and nothing appended, if it is null,
/// none, or too deep.
fn embed(cell: &Cell, row: usize, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let there = cell.text(row, out);
    let text = &out[start..];
    if !there || serde_json::from_slice::<IgnoredAny>(text).is_err() || levels(text) > LEVELS_MAX {
        out.truncate(start);
        return false;
    }
    // Within a text of JSON a line's end is escaped: these stand between its parts.
    let ends = out[start..]
        .iter_mut()
        .filter(|b| matches!(b, b'\n' | b'\r'));
    ends.for_each(|end| *end = b' ');
    true
}

/// How deep arrays and objects lie in each other.
fn levels(json: &[u8]) -> usize {
    let (mut now, mut most) = (0_usize, 0);
    let (mut quoted, mut escaped) = (false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => now += 1,
            b']' | b'}' if !quoted => now -= 1,
            _ => {}
        }
        most = most.max(now);
    }
    most
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
