//! Schemas in a line, and rows as text.

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, ColumnType, Format, Located, Text};
use zaraba_core::diagnostic::{FileId, Span};
use zaraba_core::error::Result;
use zaraba_core::source::BadRow;
use zaraba_formats::decode::{DecodeOptions, open};

pub(crate) const NOWHERE: Span = Span {
    file: FileId(0),
    start: 0,
    end: 0,
};

/// A column of a type and nothing else.
pub(crate) fn column(name: &str, kind: ColumnType) -> ColumnDoc {
    ColumnDoc {
        name: Located {
            value: name.to_owned(),
            span: NOWHERE,
        },
        kind,
        format: None,
        zone: None,
        at: None,
        received: false,
        from: None,
        nulls: Vec::new(),
        thousands: None,
        optional: false,
        default: None,
        generate: None,
    }
}

/// The same column, read from elsewhere.
pub(crate) fn from(name: &str, kind: ColumnType, from: &str) -> ColumnDoc {
    let from = Text {
        value: from.to_owned(),
        span: NOWHERE,
        offsets: Vec::new(),
    };
    ColumnDoc {
        from: Some(from),
        ..column(name, kind)
    }
}

pub(crate) fn options(format: Format) -> DecodeOptions {
    DecodeOptions::new(format, Tz::Asia__Tokyo)
}

/// Everything in a file, asked for `limit` rows at a time.
pub(crate) fn read(
    path: &Path,
    schema: &[ColumnDoc],
    options: &DecodeOptions,
    limit: usize,
) -> Result<(RecordBatch, Vec<BadRow>)> {
    let mut decoder = open(path, schema, options)?;
    let (mut batches, mut bad) = (Vec::new(), Vec::new());
    while let Some(decoded) = decoder.next(limit)? {
        assert!(decoded.rows.num_rows() <= limit, "more rows than asked for");
        assert_eq!(decoded.rows.schema(), decoder.schema());
        batches.push(decoded.rows);
        bad.extend(decoded.bad.into_iter().map(|(_, bad)| bad));
    }
    assert!(decoder.next(limit)?.is_none(), "the end is not the end");
    let (done, total) = decoder.done_of_total().unwrap();
    assert_eq!(done, total, "all is done");
    Ok((concat_batches(&decoder.schema(), &batches)?, bad))
}

/// Rows as `a|b|c`, nulls as `-`.
pub(crate) fn shown(rows: &RecordBatch) -> Vec<String> {
    let options = FormatOptions::new().with_null("-");
    let columns: Vec<_> = rows
        .columns()
        .iter()
        .map(|c| ArrayFormatter::try_new(c, &options).unwrap())
        .collect();
    let row = |i| {
        columns
            .iter()
            .map(|c| c.value(i).to_string())
            .collect::<Vec<_>>()
            .join("|")
    };
    (0..rows.num_rows()).map(row).collect()
}

/// A text file of that name with those bytes, in a folder of its own.
pub(crate) struct TextFile {
    pub(crate) dir: tempfile::TempDir,
    name: &'static str,
}

impl TextFile {
    pub(crate) fn new(name: &'static str, bytes: &[u8]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(name), bytes).unwrap();
        Self { dir, name }
    }

    pub(crate) fn path(&self) -> std::path::PathBuf {
        self.dir.path().join(self.name)
    }

    /// Reads it at several sizes of batch and compares rows and bad rows (`LINE: reason`).
    pub(crate) fn check(
        &self,
        schema: &[ColumnDoc],
        options: &DecodeOptions,
        rows: &[&str],
        bad: &[&str],
    ) {
        for limit in [1, 2, 8_192] {
            let (read, found) = read(&self.path(), schema, options, limit).unwrap();
            let place = |b: &BadRow| b.place.rsplit_once(':').unwrap().1.to_owned();
            let found: Vec<_> = found
                .iter()
                .map(|b| format!("{}: {}", place(b), b.reason))
                .collect();
            assert_eq!(shown(&read), rows, "limit {limit}; bad: {found:?}");
            assert_eq!(found, bad, "limit {limit}");
        }
    }
}
