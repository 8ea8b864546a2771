//! Bytes to rows: one [`Decoder`] per file, whatever its format. Text formats are parsed field by
//! field into Arrow buffers, a row into all of them or into none; a row that cannot be read becomes
//! a [`BadRow`] and its neighbours survive. Columnar formats are handed over as they are, cast only
//! where a type differs. The file source in `zaraba-sources` drives this.

mod builder;

mod calendar;

mod columnar;

mod csv;

mod encoding;

mod ends_once;

mod fit;

pub mod infer;

mod input;

mod ipc;

mod json;

pub mod memory;

mod number;

mod parquet;

mod path;

mod pattern;

pub mod piece;

mod rows;

mod scan;

mod time;

pub mod types;

mod workbook;

mod xlsx;

mod zone;

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema, SchemaRef};
use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, ColumnType, Encoding, Format, SheetDoc, Value};
use zaraba_core::error::{Error, Result};
use zaraba_core::source::BadRow;
use zaraba_core::suggest;

use self::input::Input;
use self::rows::Rows;
pub use self::types::{arrow_schema, arrow_type, type_name};

/// Rows as they were read.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The rows that could be read.
    pub rows: RecordBatch,
    /// Those that could not, each with the number of `rows` before it.
    pub bad: Vec<(usize, BadRow)>,
}

/// Reads one file from front to back.
pub trait Decoder: Send {
    /// The columns of every batch it hands over.
    fn schema(&self) -> SchemaRef;

    /// At most `limit` rows, bad ones counted; none at the end of the file.
    ///
    /// # Errors
    /// When the file cannot be read on: it is damaged, or not what it was said to be. Rows before
    /// that place have been handed over.
    fn next(&mut self, limit: usize) -> Result<Option<Decoded>>;

    /// Passes over rows, bad ones counted, as many as asked if there are that many.
    ///
    /// # Errors
    /// As `next`.
    fn skip(&mut self, rows: u64) -> Result<()> {
        let mut left = rows;
        while left > 0 {
            let limit = usize::try_from(left).unwrap_or(usize::MAX).min(SKIP_ROWS);
            let Some(decoded) = self.next(limit)? else {
                break;
            };
            left = left.saturating_sub((decoded.rows.num_rows() + decoded.bad.len()) as u64);
        }
        Ok(())
    }

    /// Bytes of the file done, and in all.
    fn done_of_total(&self) -> Option<(u64, u64)>;
}

/// Rows decoded at once only to be passed over.
const SKIP_ROWS: usize = 8_192;

/// How a file is read.
#[derive(Clone, Debug)]
pub struct DecodeOptions {
    /// What it is.
    pub format: Format,
    /// The encoding of a text file.
    pub encoding: Encoding,
    /// Between the fields of a CSV line.
    pub delimiter: u8,
    /// Whether the first CSV line names the columns.
    pub header: bool,
    /// Where in a workbook the rows are.
    pub sheet: SheetDoc,
    /// The zone of times that name none, where the column does not say.
    pub zone: Tz,
    /// The columns wanted; none: all. A text's other columns are parsed all the same: whether a
    /// row is bad must not depend on who reads it.
    pub needed: Option<Vec<String>>,
    /// Where no schema is declared: the columns that the file must bring, those of the first file
    /// of several; none: its own.
    pub like: Option<SchemaRef>,
    /// Whether those of them that a file has not are null in it.
    pub add_nullable: bool,
}

impl DecodeOptions {
    /// All columns of a file; comma and header for CSV.
    #[must_use]
    pub fn new(format: Format, zone: Tz) -> Self {
        Self {
            format,
            encoding: Encoding::Utf8,
            delimiter: b',',
            header: true,
            sheet: SheetDoc::default(),
            zone,
            needed: None,
            like: None,
            add_nullable: false,
        }
    }
}

/// Opens a file. `schema` declares its columns; it may be empty for formats that bring their own.
///
/// # Errors
/// When the file cannot be opened or is damaged, when it has not the declared columns, and when a
/// column's own options cannot be met.
pub fn open(
    path: &Path,
    schema: &[ColumnDoc],
    options: &DecodeOptions,
) -> Result<Box<dyn Decoder>> {
    if schema.is_empty() && !matches!(options.format, Format::Parquet | Format::Arrow) {
        return Err(Error::user(format!(
            "{}: a text format needs a declared schema",
            path.display()
        )));
    }
    let wanted = wanted(schema, options)?;
    match options.format {
        Format::Parquet => parquet::open(path, &wanted, options),
        Format::Arrow => ipc::open(path, &wanted, options),
        Format::Csv => {
            let rows = Rows::new(schema, &wanted, options)?;
            let input = Input::open(path, options.encoding)?;
            csv::open(input, schema, rows, options, None)
        }
        Format::Json => {
            let rows = Rows::new(schema, &wanted, options)?;
            json::open(Input::open(path, options.encoding)?, schema, rows, 1)
        }
        Format::Xlsx => {
            let rows = Rows::new(schema, &wanted, options)?;
            let name = path.display().to_string();
            xlsx::open(&name, workbook::read(path)?, schema, rows, &options.sheet)
        }
    }
}

/// The columns of a Parquet or Arrow file, with the types that [`open`] gives them.
///
/// # Errors
/// When the file cannot be opened, is damaged, or is of a format that does not name its columns.
pub fn file_schema(path: &Path, format: Format) -> Result<SchemaRef> {
    let own = match format {
        Format::Parquet => parquet::schema(path)?,
        Format::Arrow => ipc::schema(path)?,
        Format::Csv | Format::Json | Format::Xlsx => {
            return Err(Error::user(format!(
                "{}: a text format needs a declared schema",
                path.display()
            )));
        }
    };
    Ok(fit::normalised(&own))
}

/// The columns of files together, in the order in which they are found, each of a type that holds
/// every file's values of it.
///
/// # Errors
/// As [`file_schema`], and when two files have a column of types that do not fit together.
pub fn files_schema<'a>(
    files: impl IntoIterator<Item = &'a Path>,
    format: Format,
) -> Result<SchemaRef> {
    let mut fields: Vec<(Field, &Path)> = Vec::new();
    for file in files {
        for field in file_schema(file, format)?.fields() {
            let Some((known, first)) = fields.iter_mut().find(|(f, _)| f.name() == field.name())
            else {
                fields.push((field.as_ref().clone(), file));
                continue;
            };
            let (a, b) = (known.data_type(), field.data_type());
            let Some(both) = fit::both(a, b) else {
                return Err(Error::user(format!(
                    "column `{}` is {} in {} and {} in {}",
                    field.name(),
                    type_name(a),
                    first.display(),
                    type_name(b),
                    file.display()
                )));
            };
            known.set_data_type(both);
        }
    }
    let fields = fields.into_iter().map(|(field, _)| field);
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

/// Values as a pipeline file writes them (texts for times and dates) as one column; none is a null.
///
/// # Errors
/// When one is not of the column's type, or the column's options are wrong.
pub fn column_of(column: &ColumnDoc, values: &[Option<Value>], zone: Tz) -> Result<ArrayRef> {
    let mut builder = builder::Builder::new(column, zone)?;
    for value in values {
        let Some(value) = value else {
            builder.null();
            continue;
        };
        builder
            .value(value)
            .map_err(|reason| Error::user(builder.fault(&reason)))?;
    }
    builder.finish()
}

/// Checks what a column declares for itself: `format`, `default`, `from` of a JSON path.
///
/// # Errors
/// When it cannot be met, naming the column.
pub fn check_column(column: &ColumnDoc, format: Format, zone: Tz) -> Result<()> {
    builder::Builder::new(column, zone)?;
    if format == Format::Json {
        path::tree([(0, column)])?;
    }
    Ok(())
}

/// A declared column and its number among those declared.
type Wanted<'a> = Vec<(usize, &'a ColumnDoc)>;

/// The declared columns that are needed, in their order.
fn wanted<'a>(schema: &'a [ColumnDoc], options: &DecodeOptions) -> Result<Wanted<'a>> {
    let all = schema.iter().enumerate();
    let Some(needed) = options.needed.as_ref().filter(|_| !schema.is_empty()) else {
        return Ok(all.collect());
    };
    let names = || schema.iter().map(|c| c.name.value.as_str());
    if let Some(lost) = needed
        .iter()
        .find(|n| !names().any(|name| name == n.as_str()))
    {
        return Err(Error::user(format!(
            "no column `{lost}`{}",
            suggest::hint(lost, names())
        )));
    }
    Ok(all
        .filter(|(_, c)| needed.contains(&c.name.value))
        .collect())
}

/// What a column's type is called in a pipeline file, for messages.
fn kind_name(kind: ColumnType) -> String {
    type_name(&arrow_type(kind))
}
