//! One file that grows: what it is known by, how far it was read, and its next whole records. The
//! last record waits until its line has ended.

use std::fs::{File, Metadata};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use zaraba_config::document::{ColumnDoc, Format};
use zaraba_core::error::{Error, Result};
use zaraba_core::source::BadRow;
use zaraba_core::time::ClockTime;
use zaraba_formats::decode::piece::{ROW_BYTES_MAX, open_piece, whole_records};
use zaraba_formats::decode::{DecodeOptions, Decoded, Decoder};

use crate::file::list::hashed;

/// Bytes read at once, where a record is not longer.
const PIECE_BYTES: usize = 256 << 10;

/// Bytes at its beginning by which a file is known.
const HEAD_BYTES: u64 = 1024;

/// Numbers that a file has in a position.
pub(super) const NUMBERS: usize = 8;

/// How files are read.
pub(super) struct How {
    pub(super) schema: Vec<ColumnDoc>,
    pub(super) options: DecodeOptions,
}

/// What the file system knows a file by, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(u64, u64);

impl Id {
    #[cfg(unix)]
    pub(super) fn of(about: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self(about.dev(), about.ino())
    }

    /// Where files have no numbers, by when they were made.
    #[cfg(not(unix))]
    pub(super) fn of(about: &Metadata) -> Self {
        let made = about.created().ok();
        let since = made.and_then(|made| made.duration_since(std::time::UNIX_EPOCH).ok());
        let nanos = since.map_or(0, |since| since.as_nanos());
        Self(0, u64::try_from(nanos).unwrap_or(0))
    }
}

/// The first bytes of a file: how many, and a number that changes with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Head(u64, i64);

impl Head {
    /// The first `length` bytes, or as many as there are.
    fn of(file: &mut File, length: u64) -> std::io::Result<Self> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(0))?;
        file.by_ref().take(length).read_to_end(&mut bytes)?;
        Ok(Self(bytes.len() as u64, hashed(&bytes)))
    }
}

/// Whole records that are being handed over.
struct Reading {
    decoder: Box<dyn Decoder>,
    bytes: u64,
    lines: u64,
}

/// A file.
pub(super) struct Tail {
    pub(super) id: Id,
    path: PathBuf,
    file: Option<File>,
    head: Head,
    /// Its first record, where that names the columns and is known.
    header: Option<Vec<u8>>,
    /// Where the records begin that were not handed over whole, and the number of their line.
    offset: u64,
    line: u64,
    /// Rows behind that place that were handed over.
    row: u64,
    reading: Option<Reading>,
    /// Its length, and when it was changed, when it was looked at last.
    seen: Option<(u64, Option<SystemTime>)>,
    /// Whether there may be records to read.
    awake: bool,
    /// Since when no name leads to it; whether its last line is taken as it is.
    missed: Option<ClockTime>,
    closing: bool,
    /// Of a file of a checkpoint that has not been found yet: a number that changes with its name.
    lost: Option<i64>,
}

impl Tail {
    pub(super) fn new(path: PathBuf, id: Id) -> Self {
        Self {
            id,
            file: File::open(&path).ok(),
            path,
            head: Head::default(),
            header: None,
            offset: 0,
            line: 1,
            row: 0,
            reading: None,
            seen: None,
            awake: false,
            missed: None,
            closing: false,
            lost: None,
        }
    }

    /// Its numbers of a position.
    pub(super) fn save(&self) -> [i64; NUMBERS] {
        let number = u64::cast_signed;
        [
            number(self.id.0),
            number(self.id.1),
            number(self.head.0),
            self.head.1,
            number(self.offset),
            number(self.line),
            number(self.row),
            self.lost.unwrap_or_else(|| name_of(&self.path)),
        ]
    }

    /// The file of a position, which is still to be found.
    pub(super) fn load(numbers: &[i64]) -> Self {
        let number = |i: usize| numbers.get(i).copied().unwrap_or(0).cast_unsigned();
        Self {
            head: Head(number(2), number(3).cast_signed()),
            offset: number(4),
            line: number(5),
            row: number(6),
            lost: Some(number(7).cast_signed()),
            ..Self::new(PathBuf::new(), Id(number(0), number(1)))
        }
    }

    /// Whether it is known from a checkpoint and this is a copy of it, of the same name.
    pub(super) fn is_copied_to(&self, path: &Path) -> bool {
        let head = || Head::of(&mut File::open(path).ok()?, self.head.0).ok();
        self.lost == Some(name_of(path)) && self.head.0 > 0 && head() == Some(self.head)
    }

    /// It has this name.
    pub(super) fn found(&mut self, path: PathBuf, id: Id) {
        (self.path, self.id) = (path, id);
        (self.missed, self.closing, self.lost) = (None, false, None);
    }

    /// It has no name that is looked for. After a while its last line is taken as it is.
    pub(super) fn missed(&mut self, now: ClockTime, linger: i64) -> Option<BadRow> {
        let since = *self.missed.get_or_insert(now);
        if self.lost.take().is_some() {
            self.closing = true;
            let reason = format!(
                "the file of the checkpoint is not there any more; what it had behind byte {}, if \
                 anything, was not read",
                self.offset
            );
            return Some(told(reason, "checkpoint".to_owned()));
        }
        if now.0 >= since.0.saturating_add(linger) && !self.closing {
            (self.closing, self.awake) = (true, true);
        }
        None
    }

    /// Nobody will look for it again: if no name leads to it, its last line is taken as it is.
    pub(super) fn close(&mut self) {
        if self.missed.is_some() && !self.closing {
            (self.closing, self.awake) = (true, true);
        }
    }

    /// Whether it is read for the last time.
    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Whether nothing more is to be expected of it.
    pub(super) fn is_over(&self) -> bool {
        self.closing && !self.awake && self.reading.is_none()
    }

    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Whether it may be closed for a while: not while a part of a line waits, which could not be read
    /// once its name is gone.
    pub(super) fn is_spare(&self) -> bool {
        let whole = self.seen.is_none_or(|(length, _)| length == self.offset);
        self.is_open() && !self.awake && self.reading.is_none() && self.missed.is_none() && whole
    }

    pub(super) fn shut(&mut self) {
        self.file = None;
    }

    /// Notices that it has grown, or that it begins anew.
    pub(super) fn look(&mut self) -> Result<Option<BadRow>> {
        if self.reading.is_some() {
            return Ok(None); // What was read of it is handed over first.
        }
        let about = match &self.file {
            Some(file) => file.metadata(),
            None if self.missed.is_some() => return Ok(None),
            None => std::fs::metadata(&self.path),
        };
        let Ok(about) = about else {
            return Ok(None); // Its name is gone; the next look finds that out.
        };
        let (length, seen) = (about.len(), Some((about.len(), about.modified().ok())));
        if seen == self.seen {
            return Ok(None);
        }
        let (head, path) = (self.head, self.path.clone());
        let Some(file) = self.file()? else {
            return Ok(None);
        };
        let failed = |e: std::io::Error| Error::outside(format!("{}: {e}", path.display()));
        let same = Head::of(file, head.0).map_err(failed)? == head;
        let head = Head::of(file, HEAD_BYTES).map_err(failed)?;
        let before = self.seen.map_or(0, |(length, _)| length);
        let cut = length < before.max(self.offset) || !same;
        (self.head, self.seen, self.awake) = (head, seen, true);
        Ok(if cut { self.begin_anew(before) } else { None })
    }

    /// It was cut, when it had been seen that long, and is written from its beginning.
    fn begin_anew(&mut self, before: u64) -> Option<BadRow> {
        let unread = before.saturating_sub(self.offset);
        let place = format!("{}:{}", self.path.display(), self.line);
        (self.offset, self.line, self.row) = (0, 1, 0);
        (self.header, self.reading) = (None, None);
        (unread > 0).then(|| {
            let reason = format!("the file was cut; {unread} bytes of it had not been read");
            told(reason, place)
        })
    }

    /// The file, opened if it is not; none if its name leads elsewhere now.
    fn file(&mut self) -> Result<Option<&mut File>> {
        if self.file.is_none() {
            let Ok(file) = File::open(&self.path) else {
                return Ok(None);
            };
            let about = file.metadata();
            let about =
                about.map_err(|e| Error::outside(format!("{}: {e}", self.path.display())))?;
            if Id::of(&about) != self.id {
                return Ok(None);
            }
            self.file = Some(file);
        }
        Ok(self.file.as_mut())
    }

    /// The next rows; none until it grows.
    pub(super) fn next(&mut self, limit: usize, how: &How) -> Result<Option<Decoded>> {
        loop {
            if let Some(reading) = &mut self.reading {
                if let Some(decoded) = reading.decoder.next(limit)? {
                    self.row += (decoded.rows.num_rows() + decoded.bad.len()) as u64;
                    return Ok(Some(decoded));
                }
                self.offset += reading.bytes;
                self.line += reading.lines;
                (self.row, self.reading) = (0, None);
            }
            if !self.awake {
                return Ok(None);
            }
            self.reading = self.records(how)?;
            self.awake = self.reading.is_some();
        }
    }

    /// The next whole records.
    fn records(&mut self, how: &How) -> Result<Option<Reading>> {
        if how.options.format == Format::Csv && how.options.header && self.header.is_none() {
            let Some(header) = self.bytes(0, &how.options, 1)? else {
                return Ok(None);
            };
            if self.offset == 0 {
                self.offset = header.len() as u64;
                self.line += lines(&header);
            }
            self.header = Some(header);
        }
        let Some(data) = self.bytes(self.offset, &how.options, usize::MAX)? else {
            return Ok(None);
        };
        let name = self.path.display().to_string();
        let header = self.header.as_deref().unwrap_or_default();
        let (schema, options) = (&how.schema, &how.options);
        let mut decoder = open_piece(&name, header, &data, self.line, schema, options)?;
        decoder.skip(self.row)?;
        Ok(Some(Reading {
            decoder,
            bytes: data.len() as u64,
            lines: lines(&data),
        }))
    }

    /// Whole records from byte `from` on, `most` at the most.
    fn bytes(
        &mut self,
        from: u64,
        options: &DecodeOptions,
        most: usize,
    ) -> Result<Option<Vec<u8>>> {
        let (path, closing, line) = (self.path.clone(), self.closing, self.line);
        let Some(file) = self.file()? else {
            return Ok(None);
        };
        let failed = |e: std::io::Error| Error::outside(format!("{}: {e}", path.display()));
        let mut size = PIECE_BYTES;
        loop {
            let mut data = Vec::new();
            file.seek(SeekFrom::Start(from)).map_err(failed)?;
            let part = file.by_ref().take(size as u64).read_to_end(&mut data);
            let all = part.map_err(failed)? < size;
            let whole = whole_records(&data, options, most);
            if whole > 0 {
                data.truncate(whole);
                return Ok(Some(data));
            }
            if all {
                // The last line of a file that nobody writes any more needs no end.
                return Ok((closing && !data.is_empty()).then_some(data));
            }
            if size > ROW_BYTES_MAX {
                return Err(Error::outside(format!(
                    "{}:{line}: expected a row of at most {} MiB, got a longer one; perhaps a \
                     quote is not closed",
                    path.display(),
                    ROW_BYTES_MAX >> 20
                )));
            }
            size *= 2;
        }
    }
}

fn told(reason: String, place: String) -> BadRow {
    let row = String::new();
    BadRow { reason, place, row }
}

/// A number that changes with a file's name.
fn name_of(path: &Path) -> i64 {
    let name = path.file_name().unwrap_or_default();
    hashed(name.as_encoded_bytes())
}

fn lines(data: &[u8]) -> u64 {
    data.iter().filter(|b| **b == b'\n').count() as u64
}
