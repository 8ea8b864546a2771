//! A sheet of an Excel workbook as rows of cells. A workbook is a packed file, so that a small one
//! can hold a great deal: it is unpacked once, counted and thrown away, before anything reads it
//! for good. `xlsx` makes columns of the cells.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Cursor, Read as _, copy, sink};
use std::path::Path;

use calamine::{DataRef, Reader as _, Xlsx};
use zaraba_core::error::{Error, Result};
use zaraba_core::suggest;
use zaraba_core::time::DAY;
use zip::ZipArchive;

use super::columnar::guarded;

/// Most bytes of a workbook, packed and unpacked.
const PACKED_MAX: u64 = 32 << 20;
const UNPACKED_MAX: u64 = 128 << 20;

/// Most files in one, and most cells of a sheet that are not empty.
const PARTS_MAX: usize = 10_000;
const CELLS_MAX: usize = 4_000_000;

/// Days from the Unix epoch to that of serial dates: 30 December 1899, as the 29 February 1900
/// that they count never was; or 1 January 1904.
const EPOCH_1900: i64 = -25_569;
const EPOCH_1904: i64 = -24_107;

/// The serial that never was, and the first after the year 9999.
const NO_DAY: f64 = 60.0;
const SERIAL_MAX: f64 = 2_958_466.0;

/// Milliseconds of a day: serials are no finer.
const DAY_MS: f64 = 86_400_000.0;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell {
    Text(String),
    Bool(bool),
    Number(f64),
    /// A number that is shown as a time.
    Time(f64),
}

/// A row that has cells.
pub(super) struct SheetRow {
    /// From 1, as Excel counts.
    pub(super) number: u32,
    /// By column, from 0.
    pub(super) cells: BTreeMap<u32, Cell>,
    /// Cells are merged across columns: a heading.
    pub(super) heading: bool,
}

/// A sheet.
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) rows: Vec<SheetRow>,
    /// Serial dates count from 1904.
    from_1904: bool,
}

/// The bytes of a workbook.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let outside = |e: std::io::Error| Error::outside(format!("{}: {e}", path.display()));
    let size = fs::metadata(path).map_err(outside)?.len();
    if size > PACKED_MAX {
        return Err(too_large(&path.display().to_string(), PACKED_MAX, ""));
    }
    fs::read(path).map_err(outside)
}

fn too_large(name: &str, bytes: u64, when: &str) -> Error {
    let most = bytes >> 20;
    Error::outside(format!(
        "{name}: expected a workbook of at most {most} MiB{when}, got a larger one"
    ))
}

/// Reads a sheet: by its name, or its number from 1; none: the first.
pub(super) fn sheet(name: &str, data: Vec<u8>, wanted: Option<&str>) -> Result<Sheet> {
    if data.len() as u64 > PACKED_MAX {
        return Err(too_large(name, PACKED_MAX, ""));
    }
    let broken = |e: String| Error::outside(format!("{name}: not a workbook: {e}"));
    match guarded(|| unpacked(&data)).and_then(|size| size) {
        Ok(size) if size > UNPACKED_MAX => {
            return Err(too_large(name, UNPACKED_MAX, " when unpacked"));
        }
        Ok(_) => {}
        Err(e) => return Err(broken(e)),
    }
    let opened = guarded(|| Xlsx::new(Cursor::new(data)).map_err(|e| e.to_string()));
    let mut book = opened.and_then(|book| book).map_err(broken)?;
    let names = book.sheet_names();
    let by_number = |wanted: &str| names.get(wanted.parse::<usize>().ok()?.checked_sub(1)?);
    let found = match wanted {
        None => names.first(),
        Some(wanted) => names
            .iter()
            .find(|n| n.as_str() == wanted)
            .or_else(|| by_number(wanted)),
    };
    let Some(found) = found.cloned() else {
        let wanted = wanted.unwrap_or("1");
        let all = names.join("`, `");
        let hint = suggest::hint(wanted, names.iter().map(String::as_str));
        let message = format!("{name}: no sheet `{wanted}`{hint}; there are `{all}`");
        return Err(Error::user(message));
    };
    let rows = guarded(|| rows(&mut book, &found)).and_then(|rows| rows);
    let rows = rows.map_err(|e| Error::outside(format!("{name}: sheet `{found}`: {e}")))?;
    Ok(Sheet {
        name: found,
        rows,
        from_1904: book.has_1904_epoch(),
    })
}

/// The bytes that a workbook unpacks to, no further counted than past the most; what its parts say
/// of their own sizes is not asked.
fn unpacked(data: &[u8]) -> Result<u64, String> {
    let mut archive = ZipArchive::new(Cursor::new(data)).map_err(|e| e.to_string())?;
    if archive.len() > PARTS_MAX {
        return Err(format!("it has more than {PARTS_MAX} parts"));
    }
    let mut size = 0;
    for i in 0..archive.len() {
        let part = archive.by_index(i).map_err(|e| e.to_string())?;
        let left = (UNPACKED_MAX + 1).saturating_sub(size);
        size += copy(&mut part.take(left), &mut sink()).map_err(|e| e.to_string())?;
    }
    Ok(size)
}

/// The rows of a sheet that have cells, in their order.
fn rows(book: &mut Xlsx<Cursor<Vec<u8>>>, sheet: &str) -> Result<Vec<SheetRow>, String> {
    let merged = book.merge_cells_by_sheet_name(sheet);
    let across = merged.map_err(|e| e.to_string())?.into_iter();
    let across = across.filter(|area| area.start.1 < area.end.1);
    let headings: BTreeSet<u32> = across.map(|area| area.start.0).collect();
    let reader = book.worksheet_cells_reader(sheet);
    let mut reader = reader.map_err(|e| e.to_string())?;
    let mut rows: BTreeMap<u32, BTreeMap<u32, Cell>> = BTreeMap::new();
    let mut count = 0;
    while let Some(cell) = reader.next_cell().map_err(|e| e.to_string())? {
        let (row, column) = cell.get_position();
        let Some(cell) = read_cell(cell.get_value()) else {
            continue;
        };
        count += 1;
        if count > CELLS_MAX {
            return Err(format!("expected at most {CELLS_MAX} cells, got more"));
        }
        rows.entry(row).or_default().insert(column, cell);
    }
    let row = |(row, cells): (u32, BTreeMap<u32, Cell>)| SheetRow {
        number: row + 1,
        cells,
        heading: headings.contains(&row),
    };
    Ok(rows.into_iter().map(row).collect())
}

fn read_cell(cell: &DataRef<'_>) -> Option<Cell> {
    Some(match cell {
        DataRef::Empty => return None,
        DataRef::Int(n) => Cell::Number(*n as f64),
        DataRef::Float(x) => Cell::Number(*x),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Cell::Text(text.clone())
        }
        DataRef::SharedString(text) => Cell::Text((*text).to_owned()),
        DataRef::Bool(value) => Cell::Bool(*value),
        DataRef::DateTime(time) => Cell::Time(time.as_f64()),
        DataRef::Error(error) => Cell::Text(error.to_string()),
    })
}

impl Sheet {
    /// The microseconds since the Unix epoch, on its own clocks, that a serial counts; none where
    /// it is no day, or only a time of day.
    pub(super) fn micros(&self, serial: f64) -> Option<i64> {
        micros(serial, self.from_1904)
    }

    /// What is in a cell, as text.
    pub(super) fn shown(&self, cell: &Cell) -> String {
        match cell {
            Cell::Text(text) => text.clone(),
            Cell::Bool(value) => value.to_string(),
            Cell::Number(x) => x.to_string(),
            Cell::Time(x) => self.micros(*x).map_or_else(|| x.to_string(), written),
        }
    }
}

/// A time as ISO 8601 writes it, a day without its midnight.
fn written(micros: i64) -> String {
    let Some(time) = chrono::DateTime::from_timestamp_micros(micros) else {
        return micros.to_string();
    };
    let format = if micros % DAY == 0 {
        "%Y-%m-%d"
    } else {
        "%Y-%m-%dT%H:%M:%S%.f"
    };
    time.format(format).to_string()
}

fn micros(serial: f64, from_1904: bool) -> Option<i64> {
    let first = if from_1904 { 0.0 } else { 1.0 };
    let no_day = !from_1904 && (NO_DAY..NO_DAY + 1.0).contains(&serial);
    if !(first..SERIAL_MAX).contains(&serial) || no_day {
        return None;
    }
    let epoch = match from_1904 {
        true => EPOCH_1904,
        false if serial < NO_DAY => EPOCH_1900 + 1,
        false => EPOCH_1900,
    };
    Some(epoch * DAY + (serial * DAY_MS).round() as i64 * 1_000)
}

/// The letters of a column: `A`, `AB`.
pub(super) fn letters(column: u32) -> String {
    let (mut left, mut letters) = (column + 1, Vec::new());
    while left > 0 {
        let letter = u8::try_from((left - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + letter));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// The column of letters; none where they are none.
pub(super) fn column(letters: &str) -> Option<u32> {
    let digit = |b: u8| b.is_ascii_uppercase().then(|| u32::from(b - b'A') + 1);
    let mut number = 0;
    for byte in letters.bytes() {
        number = (number * 26 + digit(byte)?).min(1 << 16);
    }
    number.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        for (number, name) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (701, "ZZ"),
            (16_383, "XFD"),
        ] {
            assert_eq!(letters(number), name);
            assert_eq!(column(name), Some(number));
        }
        assert_eq!(column(""), None);
        assert_eq!(column("a"), None);
    }

    #[test]
    fn serials() {
        for (serial, from_1904, expected) in [
            (1.0, false, Some("1900-01-01")),
            (59.0, false, Some("1900-02-28")),
            (60.0, false, None),
            (60.9, false, None),
            (61.0, false, Some("1900-03-01")),
            (45_975.375, false, Some("2025-11-14T09:00:00")),
            (45_975.000_011_574_07, false, Some("2025-11-14T00:00:01")),
            (0.375, false, None),
            (-1.0, false, None),
            (2_958_465.5, false, Some("9999-12-31T12:00:00")),
            (2_958_466.0, false, None),
            (f64::NAN, false, None),
            (0.0, true, Some("1904-01-01")),
            (44_513.0, true, Some("2025-11-14")),
        ] {
            let found = micros(serial, from_1904).map(written);
            assert_eq!(found.as_deref(), expected, "{serial}");
        }
    }
}
