//! Rows as CSV (RFC 4180, lines end with a line feed). Values look as in JSON without the quotes;
//! null is an empty field, so an empty text is `""`. Fields are quoted only where they must be.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use chrono_tz::Tz;
use zaraba_core::error::Result;

use crate::encode::cell::Cell;
use crate::encode::json::check_writable;
use crate::encode::{Encoder, write_error};

/// Appends the line of column names.
///
/// # Errors
/// When a column is of a type that has no text (a map, a union).
pub fn write_header(schema: &Schema, out: &mut Vec<u8>) -> Result<()> {
    check_writable(schema, "CSV")?;
    let mut between = false;
    for field in schema.fields() {
        let start = field_start(&mut between, out);
        out.extend(field.name().as_bytes());
        quote(out, start);
    }
    out.push(b'\n');
    Ok(())
}

/// Appends rows, a line each, times in `zone`.
///
/// # Errors
/// When a column has no text: [`write_header`] would have refused it.
pub fn write_rows(rows: &RecordBatch, zone: Tz, out: &mut Vec<u8>) -> Result<()> {
    let cells: Vec<Cell> = rows
        .columns()
        .iter()
        .map(|c| Cell::new(c, zone))
        .collect::<Result<_>>()?;
    for row in 0..rows.num_rows() {
        let mut between = false;
        for cell in &cells {
            let start = field_start(&mut between, out);
            if cell.text(row, out) {
                quote(out, start);
            }
        }
        out.push(b'\n');
    }
    Ok(())
}

/// Puts the comma before a field and tells where the field begins.
fn field_start(between: &mut bool, out: &mut Vec<u8>) -> usize {
    if std::mem::replace(between, true) {
        out.push(b',');
    }
    out.len()
}

/// Puts quotes around the field that begins at `start`, if it needs them.
fn quote(out: &mut Vec<u8>, start: usize) {
    let field = &out[start..];
    let special = |b: &u8| matches!(b, b',' | b'"' | b'\n' | b'\r');
    if !field.is_empty() && !field.iter().any(special) {
        return;
    }
    let plain = out.split_off(start);
    out.push(b'"');
    for byte in plain {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// A CSV file with a header.
pub(crate) struct CsvFile<W> {
    zone: Tz,
    buffer: Vec<u8>,
    out: W,
}

impl<W: Write> CsvFile<W> {
    pub(crate) fn new(schema: &Schema, zone: Tz, out: W) -> Result<Self> {
        let mut buffer = Vec::new();
        write_header(schema, &mut buffer)?;
        Ok(Self { zone, buffer, out })
    }
}

impl<W: Write + Send> Encoder for CsvFile<W> {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        write_rows(rows, self.zone, &mut self.buffer)?;
        self.out
            .write_all(&self.buffer)
            .map_err(|e| write_error(&e))?;
        self.buffer.clear();
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.out
            .write_all(&self.buffer)
            .map_err(|e| write_error(&e))?;
        self.buffer.clear();
        self.out.flush().map_err(|e| write_error(&e))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, Int32Array, StringArray};

    use super::*;

    #[test]
    fn quotes_only_where_they_must_be() {
        let text = [
            Some("plain"),
            Some("a,b"),
            Some("say \"x\""),
            Some("two\nlines"),
            Some(""),
            None,
        ];
        let n: Vec<Option<i32>> = vec![Some(1), None, Some(-3), Some(4), Some(5), Some(6)];
        let f = [1.5, f64::NAN, f64::INFINITY, 2.0, 0.0, -0.0];
        let rows = RecordBatch::try_from_iter([
            (
                "a,b",
                Arc::new(StringArray::from(text.to_vec())) as ArrayRef,
            ),
            ("n", Arc::new(Int32Array::from(n))),
            ("f", Arc::new(Float64Array::from(f.to_vec()))),
        ])
        .unwrap();
        let mut out = Vec::new();
        write_header(&rows.schema(), &mut out).unwrap();
        write_rows(&rows, Tz::UTC, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\"a,b\",n,f\nplain,1,1.5\n\"a,b\",,NaN\n\"say \"\"x\"\"\",-3,Infinity\n\
             \"two\nlines\",4,2.0\n\"\",5,0.0\n,6,-0.0\n"
        );
    }
}
