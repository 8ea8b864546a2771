//! CSV (RFC 4180): `csv-core` finds fields and unquotes them chunk by chunk, and each declared field
//! is parsed into its column at once.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use zaraba_config::document::ColumnDoc;
use zaraba_core::error::{Error, Result};
use zaraba_core::suggest;

use super::input::Input;
use super::rows::{ROW_BYTES_MAX, Rows};
use super::{DecodeOptions, Decoded, Decoder};

/// How many fields a line must have.
#[derive(Clone, Copy)]
enum Width {
    Exactly(usize),
    AtLeast(usize),
}

impl Width {
    fn check(self, fields: usize) -> Result<(), String> {
        let (fits, words, n) = match self {
            Self::Exactly(n) => (fields == n, "", n),
            Self::AtLeast(n) => (fields >= n, "at least ", n),
        };
        let noun = if n == 1 { "field" } else { "fields" };
        if fits {
            Ok(())
        } else {
            Err(format!("expected {words}{n} {noun}, got {fields}"))
        }
    }
}

/// Reads the header; `line` is the number of the line behind it, where that is not its second.
pub(super) fn open(
    input: Input,
    schema: &[ColumnDoc],
    rows: Rows,
    options: &DecodeOptions,
    line: Option<u64>,
) -> Result<Box<dyn Decoder>> {
    let core = ReaderBuilder::new().delimiter(options.delimiter).build();
    let mut lines = Lines {
        input,
        core,
        used: 0,
        line: 1,
        out: vec![0; 1024],
        ends: vec![0; 64],
        fields: 0,
    };
    let (width, fields) = if options.header {
        if lines.next()? {
            by_header(&lines, schema)?
        } else {
            (Width::AtLeast(0), Vec::new())
        }
    } else {
        by_number(schema)?
    };
    if let Some(line) = line {
        lines.core.set_line(line);
    }
    Ok(Box::new(CsvDecoder {
        lines,
        rows,
        width,
        fields,
        failed: None,
        ended: false,
    }))
}

/// The field of each column (none: the file has not it), by the names in the first line.
fn by_header(lines: &Lines, schema: &[ColumnDoc]) -> Result<(Width, Vec<Option<usize>>)> {
    let name = |i| String::from_utf8_lossy(lines.field(i).trim_ascii()).into_owned();
    let names: Vec<String> = (0..lines.fields).map(name).collect();
    let find = |doc: &ColumnDoc| {
        let from = doc.from.as_ref().map_or(&doc.name.value, |t| &t.value);
        let found = names.iter().position(|n| n == from.trim());
        if found.is_none() && !doc.optional && doc.default.is_none() {
            return Err(Error::user(format!(
                "{}: no field `{from}` in its first line{}",
                lines.input.file,
                suggest::hint(from, names.iter().map(String::as_str))
            )));
        }
        Ok(found)
    };
    Ok((
        Width::Exactly(names.len()),
        schema.iter().map(find).collect::<Result<_>>()?,
    ))
}

/// The same where no line names them: by `from`, else by the order of declaration.
fn by_number(schema: &[ColumnDoc]) -> Result<(Width, Vec<Option<usize>>)> {
    let number = |(i, doc): (usize, &ColumnDoc)| match &doc.from {
        None => Ok(i),
        Some(from) => from.value.trim().parse().map_err(|_| {
            Error::user(format!(
                "column `{}`: expected `from` to be a field's number, as the file has no header, \
                 got `{}`",
                doc.name.value, from.value
            ))
        }),
    };
    let numbers = schema
        .iter()
        .enumerate()
        .map(number)
        .collect::<Result<Vec<usize>>>()?;
    let least = numbers.iter().max().map_or(0, |n| n + 1);
    let all = schema.iter().all(|c| c.from.is_none());
    let width = if all {
        Width::Exactly(schema.len())
    } else {
        Width::AtLeast(least)
    };
    Ok((width, numbers.into_iter().map(Some).collect()))
}

/// The records of a file, one at a time.
struct Lines {
    input: Input,
    core: Reader,
    /// Bytes of the input that the current record takes.
    used: usize,
    /// The line at which `csv-core` stood before the current record.
    line: u64,
    /// The record's fields, unquoted, one behind the other, and where each ends.
    out: Vec<u8>,
    ends: Vec<usize>,
    fields: usize,
}

impl Lines {
    /// Goes to the next record; false at the end of the file. Blank lines are passed over.
    fn next(&mut self) -> Result<bool> {
        self.input.consume(self.used);
        self.used = 0;
        self.line = self.core.line();
        let mut filled = 0;
        self.fields = 0;
        loop {
            if self.used == self.input.data().len() {
                self.input.fill()?;
            }
            let (result, read, written, ended) = self.core.read_record(
                &self.input.data()[self.used..],
                &mut self.out[filled..],
                &mut self.ends[self.fields..],
            );
            self.used += read;
            filled += written;
            self.fields += ended;
            match result {
                ReadRecordResult::Record => return Ok(true),
                ReadRecordResult::End => return Ok(false),
                ReadRecordResult::OutputFull => self.out.resize(self.out.len() * 2, 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::InputEmpty if self.used > ROW_BYTES_MAX => {
                    return Err(Error::outside(format!(
                        "{}: expected a row of at most {} MiB, got a longer one; perhaps a quote \
                         is not closed",
                        self.place(),
                        ROW_BYTES_MAX >> 20
                    )));
                }
                ReadRecordResult::InputEmpty => {}
            }
        }
    }

    fn field(&self, i: usize) -> &[u8] {
        let start = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.out[start..self.ends[i]]
    }

    /// The record as it came, without the line ends before it.
    fn raw(&self) -> (&[u8], u64) {
        let raw = &self.input.data()[..self.used];
        let blank = raw
            .iter()
            .take_while(|b| matches!(b, b'\r' | b'\n'))
            .count();
        let lines = raw[..blank].iter().filter(|b| **b == b'\n').count();
        (&raw[blank..], lines as u64)
    }

    /// Where the record begins.
    fn place(&self) -> String {
        format!("{}:{}", self.input.file, self.line + self.raw().1)
    }
}

struct CsvDecoder {
    lines: Lines,
    rows: Rows,
    width: Width,
    /// The field of each column.
    fields: Vec<Option<usize>>,
    /// Told when the rows before it have been handed over.
    failed: Option<Error>,
    ended: bool,
}

impl CsvDecoder {
    fn row(&mut self) {
        match self.parse() {
            Ok(()) => self.rows.commit(),
            Err(reason) => {
                self.rows
                    .refuse(reason, self.lines.place(), self.lines.raw().0);
            }
        }
    }

    fn parse(&mut self) -> Result<(), String> {
        self.width.check(self.lines.fields)?;
        for (column, field) in self.rows.columns.iter_mut().zip(&self.fields) {
            match field {
                Some(i) => column.field(self.lines.field(*i)),
                None => column.missing(),
            }
            .map_err(|reason| column.fault(&reason))?;
        }
        Ok(())
    }
}

impl Decoder for CsvDecoder {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.rows.schema)
    }

    fn next(&mut self, limit: usize) -> Result<Option<Decoded>> {
        while !self.ended && !self.rows.full(limit) {
            match self.lines.next() {
                Ok(true) => self.row(),
                Ok(false) => self.ended = true,
                Err(e) => {
                    self.ended = true;
                    self.failed = Some(e);
                }
            }
        }
        match (self.rows.finish()?, self.failed.take()) {
            (None, Some(e)) => Err(e),
            (rows, failed) => {
                self.failed = failed;
                Ok(rows)
            }
        }
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        Some(self.lines.input.done_of_total())
    }
}
