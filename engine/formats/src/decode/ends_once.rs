//! A file whose end is met once. A damaged Parquet header may say that billions of values follow, and
//! whoever passes over them is not stopped by a read of nothing: a second read at the end fails.

use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Read, Result};

use parquet::file::reader::{ChunkReader, Length};

/// A file that is read in parts.
pub(super) struct EndsOnce(pub(super) File);

/// One part.
pub(super) struct Part {
    bytes: BufReader<File>,
    ended: bool,
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.bytes.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            if self.ended {
                return Err(Error::from(ErrorKind::UnexpectedEof));
            }
            self.ended = true;
        }
        Ok(read)
    }
}

impl Length for EndsOnce {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for EndsOnce {
    type T = Part;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Part> {
        let bytes = self.0.get_read(start)?;
        Ok(Part {
            bytes,
            ended: false,
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<bytes::Bytes> {
        self.0.get_bytes(start, length)
    }
}
