//! JSON lines: one object a line, of which the declared values go straight into their columns.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use zaraba_config::document::ColumnDoc;
use zaraba_core::error::{Error, Result};

use super::builder::Builder;
use super::input::Input;
use super::path::{Node, tree};
use super::rows::{ROW_BYTES_MAX, Rows, shortened};
use super::scan::{Scan, Token, unescape};
use super::{Decoded, Decoder};

/// Reads lines, of which the first has the number `line`.
pub(super) fn open(
    input: Input,
    schema: &[ColumnDoc],
    rows: Rows,
    line: u64,
) -> Result<Box<dyn Decoder>> {
    Ok(Box::new(JsonDecoder {
        input,
        root: tree(schema.iter().enumerate())?,
        rows,
        plain: Vec::new(),
        line: line.saturating_sub(1),
        overlong: false,
        failed: None,
        ended: false,
    }))
}

struct JsonDecoder {
    input: Input,
    root: Node,
    rows: Rows,
    /// A text with its escapes resolved.
    plain: Vec<u8>,
    /// The number of the current line, from 1.
    line: u64,
    /// Inside a line that was refused for its length.
    overlong: bool,
    /// Told when the rows before it have been handed over.
    failed: Option<Error>,
    ended: bool,
}

impl JsonDecoder {
    /// Takes the next line; false at the end of the file.
    fn step(&mut self) -> Result<bool> {
        let mut searched = 0;
        let (length, used) = loop {
            let data = self.input.data();
            if let Some(n) = newline(&data[searched..]) {
                break (searched + n, searched + n + 1);
            }
            searched = data.len();
            if searched > ROW_BYTES_MAX {
                self.too_long();
                searched = 0;
            }
            if !self.input.fill()? {
                if searched == 0 {
                    return Ok(false);
                }
                break (searched, searched);
            }
        };
        if !std::mem::take(&mut self.overlong) {
            self.line += 1;
            self.row(length);
        }
        self.input.consume(used);
        Ok(true)
    }

    /// Refuses the line by its beginning and drops what there is of it.
    fn too_long(&mut self) {
        if !std::mem::replace(&mut self.overlong, true) {
            self.line += 1;
            let reason = format!(
                "expected a line of at most {} MiB, got a longer one",
                ROW_BYTES_MAX >> 20
            );
            self.rows.refuse(
                reason,
                format!("{}:{}", self.input.file, self.line),
                self.input.data(),
            );
        }
        self.input.consume(self.input.data().len());
    }

    /// Decodes the line of that length.
    fn row(&mut self, length: usize) {
        let line = &self.input.data()[..length];
        if line.trim_ascii().is_empty() {
            return;
        }
        let len = self.rows.len();
        match object(
            line,
            &self.root,
            &mut self.rows.columns,
            len,
            &mut self.plain,
        ) {
            Ok(()) => self.rows.commit(),
            Err(reason) => {
                let place = format!("{}:{}", self.input.file, self.line);
                self.rows.refuse(reason, place, line);
            }
        }
    }
}

/// Where the line ends. `contains` looks at many bytes at once.
fn newline(data: &[u8]) -> Option<usize> {
    const BLOCK_BYTES: usize = 64;
    let block = data
        .chunks(BLOCK_BYTES)
        .position(|block| block.contains(&b'\n'))?;
    let start = block * BLOCK_BYTES;
    data[start..]
        .iter()
        .position(|b| *b == b'\n')
        .map(|n| start + n)
}

/// Puts a line's values into the columns as their row number `row`.
pub(super) fn object(
    line: &[u8],
    root: &Node,
    columns: &mut [Builder],
    row: usize,
    plain: &mut Vec<u8>,
) -> Result<(), String> {
    std::str::from_utf8(line).map_err(|e| {
        format!(
            "expected UTF-8, got something else at byte {}",
            e.valid_up_to() + 1
        )
    })?;
    let mut scan = Scan::new(line);
    let token = scan.token().map_err(|e| e.to_string())?;
    if token != Token::Object {
        scan.skip(token).map_err(|e| e.to_string())?;
        return Err(format!(
            "expected a JSON object, got `{}`",
            shortened(line, 40)
        ));
    }
    let mut walk = Walk {
        scan,
        columns,
        row,
        plain,
    };
    walk.children(token, root)?;
    walk.scan.end().map_err(|e| e.to_string())?;
    for column in columns.iter_mut().filter(|c| c.len() == row) {
        column.missing().map_err(|reason| column.fault(&reason))?;
    }
    Ok(())
}

/// A line while it is walked.
struct Walk<'a> {
    scan: Scan<'a>,
    columns: &'a mut [Builder],
    row: usize,
    plain: &'a mut Vec<u8>,
}

impl Walk<'_> {
    /// The next value, of which `node` tells what is wanted.
    fn value(&mut self, node: Option<&Node>) -> Result<(), String> {
        let token = self.scan.token().map_err(|e| e.to_string())?;
        match node {
            Some(node) => {
                self.leaf(token, node)?;
                self.children(token, node)
            }
            None => self.scan.skip(token).map_err(|e| e.to_string()),
        }
    }

    /// The fields of an object or the items of an array.
    fn children(&mut self, token: Token<'_>, node: &Node) -> Result<(), String> {
        let mut first = true;
        match token {
            Token::Object if !node.fields.is_empty() => {
                while let Some((name, escapes)) = self
                    .scan
                    .field(std::mem::take(&mut first))
                    .map_err(|e| e.to_string())?
                {
                    let inner = if escapes {
                        unescape(name, self.plain).and_then(|()| node.field(self.plain))
                    } else {
                        node.field(name)
                    };
                    self.value(inner)?;
                }
                Ok(())
            }
            Token::Array if !node.items.is_empty() => {
                let mut index = 0;
                while self
                    .scan
                    .item(std::mem::take(&mut first))
                    .map_err(|e| e.to_string())?
                {
                    self.value(node.item(index))?;
                    index += 1;
                }
                Ok(())
            }
            _ => self.scan.skip(token).map_err(|e| e.to_string()),
        }
    }

    /// Appends a value to the columns that it belongs to. Of a field named twice, the last counts.
    fn leaf(&mut self, token: Token<'_>, node: &Node) -> Result<(), String> {
        for i in &node.columns {
            let column = &mut self.columns[*i];
            column.truncate(self.row);
            let done = match token {
                Token::Null => column.absent(),
                Token::Bool(value) => column.boolean(value),
                Token::Number(number) => column.number(number),
                Token::Text(text, false) => column.field(text),
                Token::Text(text, true) => match unescape(text, self.plain) {
                    Some(()) => column.field(self.plain),
                    None => Err(column.unlike(text, ", whose escapes name no character")),
                },
                Token::Object => Err(column.unlike(b"{", "")),
                Token::Array => Err(column.unlike(b"[", "")),
            };
            done.map_err(|reason| column.fault(&reason))?;
        }
        Ok(())
    }
}

impl Decoder for JsonDecoder {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.rows.schema)
    }

    fn next(&mut self, limit: usize) -> Result<Option<Decoded>> {
        while !self.ended && !self.rows.full(limit) {
            match self.step() {
                Ok(more) => self.ended = !more,
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
        Some(self.input.done_of_total())
    }
}
