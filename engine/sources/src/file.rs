//! `connector = "file"`: the files that a path or a pattern names, in the order of their names, one
//! after the other or (with `merge = "time"`) side by side, each a partition of its own. Decoding
//! is `zaraba-formats`' business; here is which file comes next, and where to go on after a restart.

pub(crate) mod list;

pub use self::list::files_now as named;

use std::fs;
use std::path::{Path, PathBuf};

use arrow::array::AsArray;
use arrow::compute::max;
use arrow::datatypes::SchemaRef;
use arrow::datatypes::TimestampMicrosecondType;
use chrono_tz::Tz;
use zaraba_config::document::{ColumnDoc, FileSourceDoc};
use zaraba_core::error::{Error, Result};
use zaraba_core::source::{Polled, Position, Source, SourceRows};
use zaraba_core::stream::event_time_type;
use zaraba_formats::decode::{DecodeOptions, Decoder, file_schema, files_schema, open};

/// Numbers that a partition keeps in a position: file, row in it, and which file that was.
const OWN_NUMBERS: usize = 3;

/// Reads files.
pub struct FileSource {
    files: Vec<PathBuf>,
    /// Bytes of each file when it was listed.
    sizes: Vec<u64>,
    schema: Vec<ColumnDoc>,
    columns: SchemaRef,
    options: DecodeOptions,
    partitions: Vec<Partition>,
    /// The event-time column, by whose times files are merged; none: they take turns.
    time: Option<usize>,
}

/// Files that are read one after the other.
struct Partition {
    /// The file being read or to be opened next, and the one to stop before.
    file: usize,
    end: usize,
    decoder: Option<Box<dyn Decoder>>,
    /// Rows handed over of the current file, and of all.
    row: u64,
    rows: u64,
    /// The newest time handed over (without a time column: rows). The partition that is furthest
    /// behind is read next.
    reached: i64,
    /// Whether its end has been told.
    told: bool,
}

/// Whether a source with this path reads a file.
#[must_use]
pub fn reads(path: &Path, file: &Path) -> bool {
    list::names(path, file)
}

impl FileSource {
    /// Lists the files. `schema` may be empty for formats that bring their own; then the first
    /// file's columns are what the others must have too. `needed`: the columns wanted; none: all.
    ///
    /// # Errors
    /// When no file is there, when there are more files to merge than partitions, and as
    /// [`zaraba_formats::decode::open`] does for what is declared.
    pub fn new(
        doc: &FileSourceDoc,
        schema: &[ColumnDoc],
        zone: Tz,
        needed: Option<Vec<String>>,
    ) -> Result<Self> {
        let files = list::files(doc)?;
        let partitions: Vec<Partition> = if doc.merge_by_time {
            (0..files.len()).map(|i| Partition::new(i, i + 1)).collect()
        } else {
            vec![Partition::new(0, files.len())]
        };
        if u16::try_from(partitions.len()).is_err() {
            return Err(Error::user(format!(
                "`{}`: expected at most {} files to merge, got {}",
                doc.path.value.display(),
                u16::MAX,
                files.len()
            )));
        }
        let mut options = DecodeOptions {
            delimiter: doc.delimiter,
            header: doc.header,
            sheet: doc.sheet.clone(),
            encoding: doc.encoding,
            needed,
            ..DecodeOptions::new(doc.format, zone)
        };
        if schema.is_empty() {
            options.add_nullable = doc.add_nullable;
            options.like = Some(columns(&files, doc)?);
        }
        let columns = open(&files[0], schema, &options)?.schema();
        let size = |f: &PathBuf| fs::metadata(f).map_or(0, |m| m.len());
        let sizes = files.iter().map(size).collect();
        let schema = schema.to_vec();
        Ok(Self {
            files,
            sizes,
            schema,
            columns,
            options,
            partitions,
            time: None,
        })
    }

    /// Merges files by this column's times.
    #[must_use]
    pub fn by_time(mut self, time: &str) -> Self {
        let field = self.columns.column_with_name(time);
        let field = field.filter(|(_, f)| *f.data_type() == event_time_type());
        self.time = field.map(|(column, _)| column);
        self
    }

    /// The columns that it hands over.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.columns.clone()
    }

    /// The next rows of a partition; none at its end.
    fn read(&mut self, partition: usize, limit: usize) -> Result<Option<SourceRows>> {
        let max = max::<TimestampMicrosecondType>;
        let Self {
            files,
            schema,
            options,
            partitions,
            time,
            ..
        } = self;
        let current = &mut partitions[partition];
        while current.file < current.end {
            let decoder = match &mut current.decoder {
                Some(decoder) => decoder,
                None => {
                    let decoder = open(&files[current.file], schema, options)?;
                    current.decoder.insert(decoder)
                }
            };
            if let Some(decoded) = decoder.next(limit)? {
                let rows = SourceRows {
                    rows: decoded.rows,
                    partition: u16::try_from(partition).unwrap_or(u16::MAX),
                    bad: decoded.bad,
                };
                current.row += rows.len() as u64;
                current.rows += rows.len() as u64;
                let newest = match time {
                    Some(column) => max(rows.rows.column(*column).as_primitive()),
                    None => i64::try_from(current.rows).ok(),
                };
                current.reached = current.reached.max(newest.unwrap_or(i64::MIN));
                return Ok(Some(rows));
            }
            current.decoder = None;
            current.file += 1;
            current.row = 0;
        }
        Ok(None)
    }

    /// A partition's own numbers of a position.
    fn own(&self, partition: &Partition) -> [i64; OWN_NUMBERS] {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let known = &self.files[..self.files.len().min(partition.file + 1)];
        [
            number(partition.file as u64),
            number(partition.row),
            list::fingerprint(known),
        ]
    }

    /// Puts a partition to where a position's numbers say.
    fn go(&mut self, partition: usize, rows: u64, own: &[i64]) -> Result<()> {
        let changed = || {
            Error::outside(
                "the files are not those of the checkpoint: one of those already read has \
                 another name, or a new one sorts before them",
            )
        };
        let number = |i: usize| {
            own.get(i)
                .and_then(|n| u64::try_from(*n).ok())
                .ok_or_else(changed)
        };
        let place = &mut self.partitions[partition];
        place.file = usize::try_from(number(0)?).map_err(|_| changed())?;
        (place.row, place.rows) = (number(1)?, rows);
        let place = &self.partitions[partition];
        let beyond = place.file > place.end || place.file > self.files.len();
        // At the end of all files a new one may have come behind them; then the names differ only
        // by what is new, and the row counts from it.
        let known = own.get(2).copied();
        let same = known == Some(self.own(place)[2])
            || known
                == Some(list::fingerprint(
                    &self.files[..place.file.min(self.files.len())],
                ));
        if beyond || !same {
            return Err(changed());
        }
        if place.row == 0 {
            return Ok(());
        }
        let (file, row) = (place.file, place.row);
        let path = self.files.get(file).ok_or_else(changed)?;
        let mut decoder = open(path, &self.schema, &self.options)?;
        decoder.skip(row)?;
        self.partitions[partition].decoder = Some(decoder);
        Ok(())
    }
}

impl Partition {
    fn new(file: usize, end: usize) -> Self {
        Self {
            file,
            end,
            decoder: None,
            row: 0,
            rows: 0,
            reached: i64::MIN,
            told: false,
        }
    }
}

impl Source for FileSource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        let open = self.partitions.iter().enumerate().filter(|(_, p)| !p.told);
        let Some((next, _)) = open.min_by_key(|(_, p)| p.reached) else {
            return Ok(Polled::End);
        };
        if let Some(rows) = self.read(next, limit)? {
            return Ok(Polled::Rows(rows));
        }
        self.partitions[next].told = true;
        if self.partitions.len() == 1 {
            return Ok(Polled::End);
        }
        let next = u16::try_from(next).unwrap_or(u16::MAX);
        Ok(Polled::PartitionEnd(next))
    }

    fn partitions(&self) -> u16 {
        u16::try_from(self.partitions.len()).unwrap_or(u16::MAX)
    }

    fn replayable(&self) -> bool {
        true
    }

    fn live(&self) -> bool {
        false
    }

    fn position(&self) -> Position {
        Position {
            rows: self.partitions.iter().map(|p| p.rows).collect(),
            own: self.partitions.iter().flat_map(|p| self.own(p)).collect(),
        }
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        let partitions = self.partitions.len();
        if position.rows.len() > partitions
            || position.own.len() != position.rows.len() * OWN_NUMBERS
        {
            return Err(Error::outside(format!(
                "the checkpoint knows {} files to merge, now there are {partitions}",
                position.rows.len()
            )));
        }
        for (i, own) in position.own.chunks(OWN_NUMBERS).enumerate() {
            self.go(i, position.rows[i], own)?;
        }
        Ok(())
    }

    fn done_of_total(&self) -> Option<(u64, u64)> {
        let mut done = 0;
        for partition in &self.partitions {
            let first = partition.end - partition.count(self.partitions.len(), self.files.len());
            done += self.sizes[first..partition.file].iter().sum::<u64>();
            let current = partition.decoder.as_ref().and_then(|d| d.done_of_total());
            done += current.map_or(0, |(done, _)| done);
        }
        Some((done, self.sizes.iter().sum()))
    }
}

impl Partition {
    /// How many files it has in all.
    fn count(&self, partitions: usize, files: usize) -> usize {
        if partitions == 1 { files } else { 1 }
    }
}

/// The columns that files bring: those of the first, or of all.
fn columns(files: &[PathBuf], doc: &FileSourceDoc) -> Result<SchemaRef> {
    if doc.add_nullable {
        return files_schema(files.iter().map(PathBuf::as_path), doc.format);
    }
    let first = files.first();
    let first = first.ok_or_else(|| Error::internal("a list of no files"))?;
    file_schema(first, doc.format)
}

/// The columns of files that no schema is declared for.
///
/// # Errors
/// When no file is there, one cannot be read, or they do not fit together.
pub fn own_columns(doc: &FileSourceDoc) -> Result<SchemaRef> {
    columns(&list::files(doc)?, doc)
}
