//! Rows out of bytes that are in memory whole: the body of a request or of an answer. Lines, CSV
//! and Arrow are read as files of them are; a JSON document is one text whose rows are the items
//! of an array somewhere in it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use zaraba_config::document::{ColumnDoc, Format};
use zaraba_core::error::{Error, Result};

use super::input::Input;
use super::path::{Node, Step, steps, tree};
use super::rows::{BAD_ROW_CHARS, Rows, shortened};
use super::scan::{Scan, Token, unescape};
use super::{DecodeOptions, Decoded, Decoder, csv, ipc, json, wanted, xlsx};

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout<'a> {
    /// One object a line.
    Lines,
    /// An array of objects, one object, or lines.
    Any,
    /// One document: the items of the array at this path (`$` is the document itself), or the one
    /// object there; a null is no row.
    At(&'a str),
}

/// Reads bytes in memory; `name` is what messages call them. `layout` is for JSON only.
///
/// # Errors
/// As [`super::open`], and when a JSON document is damaged or has nothing at the path.
pub fn open_bytes(
    name: &str,
    data: impl AsRef<[u8]> + Send + 'static,
    schema: &[ColumnDoc],
    options: &DecodeOptions,
    layout: Layout<'_>,
) -> Result<Box<dyn Decoder>> {
    let wanted = wanted(schema, options)?;
    if options.format == Format::Arrow {
        return ipc::memory(name, data, &wanted, options);
    }
    if schema.is_empty() {
        let message = format!("{name}: a text format needs a declared schema");
        return Err(Error::user(message));
    }
    let rows = Rows::new(schema, &wanted, options)?;
    match (options.format, layout) {
        (Format::Xlsx, _) => xlsx::open(name, data.as_ref().to_vec(), schema, rows, &options.sheet),
        (Format::Csv, _) => {
            let input = Input::memory(name, data, options.encoding)?;
            csv::open(input, schema, rows, options, None)
        }
        (Format::Json, Layout::At(path)) => document(name, data, path, schema, rows),
        (Format::Json, Layout::Any) if is_document(data.as_ref()) => {
            document(name, data, "$", schema, rows)
        }
        (Format::Json, _) => {
            let input = Input::memory(name, data, options.encoding)?;
            json::open(input, schema, rows, 1)
        }
        _ => Err(Error::user(format!(
            "{name}: expected csv, json, arrow or xlsx, got another format"
        ))),
    }
}

/// The text or number at a path of a JSON document; none where nothing is there, or a null, an
/// empty text or `false`.
///
/// # Errors
/// When the document is damaged, or something else is there.
pub fn text_at(name: &str, data: &[u8], path: &str) -> Result<Option<String>> {
    let data = checked(name, data)?;
    let Some((mut scan, _)) = find(name, data, path)? else {
        return Ok(None);
    };
    let wrong = |found: &str| {
        Error::outside(format!(
            "{name}: expected a text or a number at `{path}`, got {found}"
        ))
    };
    let plain = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let text = match scan.token().map_err(|e| damaged(name, &e.of_text()))? {
        Token::Null | Token::Bool(false) => return Ok(None),
        Token::Number(number) => plain(number),
        Token::Text(text, false) => plain(text),
        Token::Text(text, true) => {
            let mut resolved = Vec::new();
            unescape(text, &mut resolved).ok_or_else(|| wrong("escapes that name no character"))?;
            plain(&resolved)
        }
        Token::Bool(true) => return Err(wrong("`true`")),
        Token::Object => return Err(wrong("an object")),
        Token::Array => return Err(wrong("an array")),
    };
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Bytes that could not be read, as a bad row shows them.
#[must_use]
pub fn shown_row(bytes: &[u8]) -> String {
    shortened(bytes, BAD_ROW_CHARS)
}

fn damaged(name: &str, what: &str) -> Error {
    Error::outside(format!("{name}: {what}"))
}

/// The bytes without a mark at their start, if they are UTF-8 and one JSON value.
fn checked<'a>(name: &str, data: &'a [u8]) -> Result<&'a [u8]> {
    let data = unmarked(data);
    std::str::from_utf8(data).map_err(|e| {
        let at = e.valid_up_to() + 1;
        damaged(
            name,
            &format!("expected UTF-8, got something else at byte {at}"),
        )
    })?;
    whole(data).map_err(|e| damaged(name, &e))?;
    Ok(data)
}

fn unmarked(data: &[u8]) -> &[u8] {
    data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data)
}

/// Whether the bytes are one JSON value; else what is wrong.
fn whole(data: &[u8]) -> Result<(), String> {
    let mut scan = Scan::new(data);
    let token = scan.token().map_err(|e| e.of_text())?;
    scan.skip(token).map_err(|e| e.of_text())?;
    scan.end().map_err(|e| e.of_text())
}

/// Whether this is a document rather than lines: an array, or one object, perhaps over several
/// lines.
fn is_document(data: &[u8]) -> bool {
    let data = unmarked(data).trim_ascii();
    data.starts_with(b"[") || (data.starts_with(b"{") && whole(data).is_ok())
}

/// A scan that stands before the value at a path, and where that is; none if nothing is there.
fn find<'a>(name: &str, data: &'a [u8], path: &str) -> Result<Option<(Scan<'a>, usize)>> {
    let steps = match path {
        "$" => Vec::new(),
        path => steps(path).ok_or_else(|| {
            Error::user(format!(
                "expected a path such as `$.data.rows`, got `{path}`"
            ))
        })?,
    };
    let mut start = 0;
    for step in &steps {
        match child(&data[start..], step).map_err(|e| damaged(name, &e))? {
            Some(at) => start += at,
            None => return Ok(None),
        }
    }
    Ok(Some((Scan::new(&data[start..]), start)))
}

/// Where the child of the value at the start of `data` begins.
fn child(data: &[u8], step: &Step) -> Result<Option<usize>, String> {
    let mut scan = Scan::new(data);
    let mut first = true;
    let mut plain = Vec::new();
    match (scan.token().map_err(|e| e.of_text())?, step) {
        (Token::Object, Step::Field(wanted)) => {
            while let Some((name, escapes)) = scan
                .field(std::mem::take(&mut first))
                .map_err(|e| e.of_text())?
            {
                let same = if escapes {
                    unescape(name, &mut plain).is_some() && plain == wanted.as_bytes()
                } else {
                    name == wanted.as_bytes()
                };
                if same {
                    return Ok(Some(scan.at()));
                }
                pass(&mut scan)?;
            }
        }
        (Token::Array, Step::Item(wanted)) => {
            let mut index = 0;
            while scan
                .item(std::mem::take(&mut first))
                .map_err(|e| e.of_text())?
            {
                if index == *wanted {
                    return Ok(Some(scan.at()));
                }
                pass(&mut scan)?;
                index += 1;
            }
        }
        _ => {}
    }
    Ok(None)
}

fn pass(scan: &mut Scan<'_>) -> Result<(), String> {
    let token = scan.token().map_err(|e| e.of_text())?;
    scan.skip(token).map_err(|e| e.of_text())
}

/// The rows of a JSON document.
struct Document<T> {
    name: String,
    data: T,
    /// Start and end of each row in the data.
    items: Vec<(usize, usize)>,
    next: usize,
    root: Node,
    rows: Rows,
    /// A text with its escapes resolved.
    plain: Vec<u8>,
}

fn document(
    name: &str,
    data: impl AsRef<[u8]> + Send + 'static,
    path: &str,
    schema: &[ColumnDoc],
    rows: Rows,
) -> Result<Box<dyn Decoder>> {
    let items = items(name, data.as_ref(), path)?;
    Ok(Box::new(Document {
        name: name.to_owned(),
        data,
        items,
        next: 0,
        root: tree(schema.iter().enumerate())?,
        rows,
        plain: Vec::new(),
    }))
}

/// Where the rows are.
fn items(name: &str, data: &[u8], path: &str) -> Result<Vec<(usize, usize)>> {
    let mark = data.len() - unmarked(data).len();
    let data = checked(name, data)?;
    let Some((mut scan, start)) = find(name, data, path)? else {
        let shown = shortened(data, 80);
        let message = format!("expected an array at `{path}`, got `{shown}`");
        return Err(damaged(name, &message));
    };
    let start = start + mark;
    let fault = |e: super::scan::Fault| damaged(name, &e.of_text());
    let mut items = Vec::new();
    match scan.token().map_err(fault)? {
        Token::Array => {
            let mut first = true;
            while scan.item(std::mem::take(&mut first)).map_err(fault)? {
                let from = scan.at();
                pass(&mut scan).map_err(|e| damaged(name, &e))?;
                items.push((start + from, start + scan.at()));
            }
        }
        Token::Null => {}
        token @ Token::Object => {
            scan.skip(token).map_err(fault)?;
            items.push((start, start + scan.at()));
        }
        _ => {
            let message = format!("expected an array or an object at `{path}`");
            return Err(damaged(name, &message));
        }
    }
    Ok(items)
}

impl<T: AsRef<[u8]> + Send> Decoder for Document<T> {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.rows.schema)
    }

    fn next(&mut self, limit: usize) -> Result<Option<Decoded>> {
        while self.next < self.items.len() && !self.rows.full(limit) {
            let (start, end) = self.items[self.next];
            self.next += 1;
            let item = &self.data.as_ref()[start..end];
            let len = self.rows.len();
            let columns = &mut self.rows.columns;
            match json::object(item, &self.root, columns, len, &mut self.plain) {
                Ok(()) => self.rows.commit(),
                Err(reason) => {
                    let place = format!("{}: row {}", self.name, self.next);
                    self.rows.refuse(reason, place, item);
                }
            }
        }
        self.rows.finish()
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        Some((self.next as u64, self.items.len() as u64))
    }
}
