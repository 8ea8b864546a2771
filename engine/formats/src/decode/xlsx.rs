//! Sheets of Excel workbooks. A row of texts names the columns, wherever it stands; each declared
//! column is then read from its cells by the rules of text, but that Excel's own times count days,
//! and that an empty cell is a null. `workbook` reads the cells.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use zaraba_config::document::{ColumnDoc, SheetDoc};
use zaraba_core::error::{Error, Result};
use zaraba_core::suggest;

use super::builder::Builder;
use super::rows::Rows;
use super::workbook::{Cell, Sheet, SheetRow, column, letters, sheet};
use super::{Decoded, Decoder};

/// Where a column's values are.
enum Place {
    /// In this column of the sheet, from 0.
    Column(u32),
    /// In one cell for all rows; none: it is empty.
    Cell(Option<Cell>),
    /// The sheet has it not.
    Nowhere,
}

struct XlsxDecoder {
    file: String,
    sheet: Sheet,
    places: Vec<Place>,
    rows: Rows,
    /// Rows of the sheet that are done.
    next: usize,
}

/// Finds the columns.
pub(super) fn open(
    file: &str,
    data: Vec<u8>,
    schema: &[ColumnDoc],
    rows: Rows,
    doc: &SheetDoc,
) -> Result<Box<dyn Decoder>> {
    let sheet = sheet(file, data, doc.sheet.as_deref())?;
    let place = format!("{file}: sheet `{}`", sheet.name);
    let below = sheet.rows.partition_point(|r| r.number <= doc.skip_rows);
    let (places, next) = if doc.header {
        by_header(&place, &sheet, below, schema)?
    } else {
        (by_letters(&sheet, schema)?, below)
    };
    Ok(Box::new(XlsxDecoder {
        file: file.to_owned(),
        sheet,
        places,
        rows,
        next,
    }))
}

/// What a column is called in the sheet.
fn source(doc: &ColumnDoc) -> &str {
    doc.from.as_ref().map_or(&doc.name.value, |t| &t.value)
}

/// The one cell that a column is read from: `$A$2`.
fn one_cell(sheet: &Sheet, doc: &ColumnDoc) -> Option<Place> {
    let (at, row) = source(doc).strip_prefix('$')?.split_once('$')?;
    let (at, row) = (column(at)?, row.parse::<u32>().ok()?);
    let row = sheet.rows.iter().find(|r| r.number == row);
    Some(Place::Cell(row.and_then(|r| r.cells.get(&at).cloned())))
}

/// The columns, by the first row from `below` on that names all that must be there; and the row
/// after it.
fn by_header(
    place: &str,
    sheet: &Sheet,
    below: usize,
    schema: &[ColumnDoc],
) -> Result<(Vec<Place>, usize)> {
    let wanted: Vec<&str> = schema
        .iter()
        .filter(|doc| !source(doc).starts_with('$') && !doc.optional && doc.default.is_none())
        .map(|doc| source(doc).trim())
        .collect();
    let missing = |row: &SheetRow| -> Vec<&str> {
        let lacks = |name: &&&str| find(row, name).is_empty();
        wanted.iter().filter(lacks).copied().collect()
    };
    let rows = &sheet.rows[below..];
    let Some(header) = rows.iter().position(|row| missing(row).is_empty()) else {
        let best = rows.iter().min_by_key(|row| missing(row).len());
        return Err(no_header(place, &wanted, best, missing));
    };
    let row = &rows[header];
    let locate = |doc: &ColumnDoc| {
        if let Some(cell) = one_cell(sheet, doc) {
            return Ok(cell);
        }
        match find(row, source(doc).trim())[..] {
            [] => Ok(Place::Nowhere),
            [column] => Ok(Place::Column(column)),
            [first, second, ..] => Err(Error::user(format!(
                "{place}: row {} has `{}` twice, in {} and {}: set `header = false` and say which \
                 by its letters",
                row.number,
                source(doc),
                letters(first),
                letters(second)
            ))),
        }
    };
    let places = schema.iter().map(locate).collect::<Result<_>>()?;
    Ok((places, below + header + 1))
}

/// The columns in which a row has this text.
fn find(row: &SheetRow, name: &str) -> Vec<u32> {
    let is = |cell: &Cell| matches!(cell, Cell::Text(text) if text.trim() == name);
    let found = row.cells.iter().filter(|(_, cell)| is(cell));
    found.map(|(column, _)| *column).collect()
}

fn no_header<'a>(
    place: &str,
    wanted: &[&str],
    best: Option<&SheetRow>,
    missing: impl Fn(&SheetRow) -> Vec<&'a str>,
) -> Error {
    let names = wanted.join("`, `");
    let message = format!("{place}: expected a row with the names `{names}`");
    let Some(best) = best else {
        return Error::user(format!("{message}, got no rows"));
    };
    let lost = missing(best);
    if lost.len() == wanted.len() {
        return Error::user(format!("{message}, got none with any of them"));
    }
    let texts = best.cells.values().filter_map(|cell| match cell {
        Cell::Text(text) => Some(text.trim()),
        _ => None,
    });
    let hint = suggest::hint(lost[0], texts);
    Error::user(format!(
        "{message}; row {} has all but `{}`{hint}",
        best.number,
        lost.join("`, `")
    ))
}

/// The columns where no row names them: by `from`, else from A on in the order of declaration.
fn by_letters(sheet: &Sheet, schema: &[ColumnDoc]) -> Result<Vec<Place>> {
    let locate = |(i, doc): (usize, &ColumnDoc)| {
        if let Some(cell) = one_cell(sheet, doc) {
            return Ok(cell);
        }
        let Some(from) = &doc.from else {
            return Ok(Place::Column(u32::try_from(i).unwrap_or(u32::MAX)));
        };
        let found = column(&from.value).map(Place::Column);
        found.ok_or_else(|| {
            Error::user(format!(
                "column `{}`: expected `from` to be a column's letters, as there is no header, got \
                 `{}`",
                doc.name.value, from.value
            ))
        })
    };
    schema.iter().enumerate().map(locate).collect()
}

impl XlsxDecoder {
    /// The row at `next`, unless nothing that is read stands in it.
    fn row(&mut self) {
        let row = &self.sheet.rows[self.next];
        self.next += 1;
        let filled = |place: &Place| matches!(place, Place::Column(c) if row.cells.contains_key(c));
        if row.heading || !self.places.iter().any(filled) {
            return;
        }
        let columns = self.rows.columns.iter_mut();
        let read = columns.zip(&self.places).try_for_each(|(column, place)| {
            let (cell, at) = match place {
                Place::Nowhere => return column.missing().map_err(|e| column.fault(&e)),
                Place::Cell(cell) => (cell.as_ref(), "its one cell".to_owned()),
                Place::Column(at) => {
                    let name = format!("cell {}{}", letters(*at), row.number);
                    (row.cells.get(at), name)
                }
            };
            put(column, cell, &self.sheet).map_err(|e| column.fault(&format!("{at}: {e}")))
        });
        match read {
            Ok(()) => self.rows.commit(),
            Err(reason) => {
                let place = format!("{}: sheet `{}`", self.file, self.sheet.name);
                let cells = row.cells.values().map(|cell| self.sheet.shown(cell));
                let shown = cells.collect::<Vec<_>>().join(",");
                let place = format!("{place}: row {}", row.number);
                self.rows.refuse(reason, place, shown.as_bytes());
            }
        }
    }
}

/// Puts a cell into a column.
fn put(column: &mut Builder, cell: Option<&Cell>, sheet: &Sheet) -> Result<(), String> {
    let Some(cell) = cell else {
        return column.absent();
    };
    let text = sheet.shown(cell);
    let time = match cell {
        Cell::Time(serial) => sheet.micros(*serial),
        Cell::Number(serial) if column.counts_days() => sheet.micros(*serial),
        _ => None,
    };
    match time {
        Some(micros) if column.local(micros, &text)? => Ok(()),
        _ => column.field(text.as_bytes()),
    }
}

impl Decoder for XlsxDecoder {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.rows.schema)
    }

    fn next(&mut self, limit: usize) -> Result<Option<Decoded>> {
        while self.next < self.sheet.rows.len() && !self.rows.full(limit) {
            self.row();
        }
        self.rows.finish()
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        Some((self.next as u64, self.sheet.rows.len() as u64))
    }
}
