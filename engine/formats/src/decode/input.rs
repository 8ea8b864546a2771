//! The bytes of a text file: unpacked as they are read, by the file's ending (`.gz`, `.zst`), in
//! one buffer that a row never leaves before it is decoded. Knows how much of the file is done.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zaraba_config::document::Encoding;
use zaraba_core::error::{Error, Result};

use super::encoding::decoded;
use super::rows::ROW_BYTES_MAX;

/// Bytes read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Counts the bytes that pass.
struct Counting<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// A text being read.
pub(super) struct Input {
    /// Its name, for messages.
    pub(super) file: String,
    reader: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    /// The bytes of `buffer` that were read and not yet consumed.
    start: usize,
    end: usize,
    ended: bool,
    count: Arc<AtomicU64>,
    bytes: u64,
}

impl Input {
    pub(super) fn open(path: &Path, encoding: Encoding) -> Result<Self> {
        let name = path.display().to_string();
        let failed = |e: std::io::Error| Error::outside(format!("{name}: {e}"));
        let file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        let count = Arc::new(AtomicU64::new(0));
        let file = Counting {
            inner: file,
            count: Arc::clone(&count),
        };
        let ending = path
            .extension()
            .and_then(|e| e.to_str())
            .map(str::to_ascii_lowercase);
        let reader: Box<dyn Read + Send> = match ending.as_deref() {
            Some("gz") => {
                let packed = BufReader::with_capacity(CHUNK_BYTES, file);
                Box::new(flate2::bufread::MultiGzDecoder::new(packed))
            }
            Some("zst") => Box::new(zstd::stream::read::Decoder::new(file).map_err(failed)?),
            _ => Box::new(file),
        };
        Self::of(name, decoded(encoding, reader), count, bytes)
    }

    /// Bytes in memory; `name` is what messages call them.
    pub(super) fn memory(
        name: &str,
        data: impl AsRef<[u8]> + Send + 'static,
        encoding: Encoding,
    ) -> Result<Self> {
        let bytes = data.as_ref().len() as u64;
        let count = Arc::new(AtomicU64::new(0));
        let reader = Counting {
            inner: Cursor::new(data),
            count: Arc::clone(&count),
        };
        let reader = decoded(encoding, Box::new(reader));
        Self::of(name.to_owned(), reader, count, bytes)
    }

    fn of(
        file: String,
        reader: Box<dyn Read + Send>,
        count: Arc<AtomicU64>,
        bytes: u64,
    ) -> Result<Self> {
        let mut input = Self {
            file,
            reader,
            buffer: vec![0; CHUNK_BYTES],
            start: 0,
            end: 0,
            ended: false,
            count,
            bytes,
        };
        while input.end < 3 && input.fill()? {}
        if input.data().starts_with(b"\xef\xbb\xbf") {
            input.consume(3);
        }
        Ok(input)
    }

    /// What was read and not yet consumed.
    pub(super) fn data(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Gives up the first `n` bytes of [`Self::data`].
    pub(super) fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.end);
    }

    /// Reads more behind [`Self::data`]; false at the end of the file.
    pub(super) fn fill(&mut self) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 && self.buffer.len() - self.end < CHUNK_BYTES / 2 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < CHUNK_BYTES / 2 {
            let grown = (self.buffer.len() * 2).min(ROW_BYTES_MAX + CHUNK_BYTES);
            self.buffer.resize(grown.max(self.end + CHUNK_BYTES), 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(n) => {
                    self.ended = n == 0;
                    self.end += n;
                    return Ok(n > 0);
                }
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.ended = true;
                    return Err(Error::outside(format!("{}: {e}", self.file)));
                }
            }
        }
    }

    /// Bytes of the file done, and in all.
    pub(super) fn done_of_total(&self) -> (u64, u64) {
        (
            self.count.load(Ordering::Relaxed).min(self.bytes),
            self.bytes,
        )
    }
}
