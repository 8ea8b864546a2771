//! Arrow IPC: the file format, known by its first bytes, or the stream format. Arrow's decoders are
//! fed by hand instead of through its readers, which believe the lengths in a file: a damaged one
//! would have them ask for terabytes.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::{Buffer, MutableBuffer};
use arrow::datatypes::SchemaRef;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, StreamDecoder, read_footer_length};
use arrow::ipc::{Block, root_as_footer};
use zaraba_core::error::{Error, Result};

use super::columnar::{Batches, Columnar, guarded};
use super::fit::Fit;
use super::{DecodeOptions, Decoder, Wanted};

/// What a file of the file format begins with, and ends with behind the length of its footer.
const MAGIC: &[u8; 6] = b"ARROW1";

/// Bytes of the footer's length and the last magic.
const TAIL_BYTES: usize = 10;

/// Bytes of a stream read at once.
const CHUNK_BYTES: usize = 256 << 10;

/// Opens a file and reads its schema.
pub(super) fn open(
    path: &Path,
    wanted: &Wanted<'_>,
    options: &DecodeOptions,
) -> Result<Box<dyn Decoder>> {
    let name = path.display().to_string();
    let batches = reader(&name, Bytes::open(path))?;
    decoder(name, batches, wanted, options)
}

/// The same for bytes in memory.
pub(super) fn memory(
    name: &str,
    data: impl AsRef<[u8]> + Send + 'static,
    wanted: &Wanted<'_>,
    options: &DecodeOptions,
) -> Result<Box<dyn Decoder>> {
    let batches = reader(name, Ok(Bytes::memory(data)))?;
    decoder(name.to_owned(), batches, wanted, options)
}

fn decoder(
    name: String,
    batches: IpcBatches,
    wanted: &Wanted<'_>,
    options: &DecodeOptions,
) -> Result<Box<dyn Decoder>> {
    let fit = Fit::new(&name, &batches.schema, wanted, options)?;
    let batches = batches.with_columns(&fit.read);
    let bytes = batches.file.bytes;
    Ok(Box::new(Columnar::new(name, batches, fit, bytes)))
}

/// The file's own columns.
pub(super) fn schema(path: &Path) -> Result<SchemaRef> {
    let name = path.display().to_string();
    Ok(reader(&name, Bytes::open(path))?.schema)
}

fn reader(name: &str, file: Result<Bytes, String>) -> Result<IpcBatches> {
    let wrong = |e: String| Error::outside(format!("{name}: {e}"));
    let file = file.map_err(wrong)?;
    let opened = guarded(|| IpcBatches::open(file)).and_then(|opened| opened);
    opened.map_err(|e| wrong(format!("expected an arrow file or stream: {e}")))
}

/// What can be read from any place in it.
trait Placed: Read + Seek + Send {}

impl<T: Read + Seek + Send> Placed for T {}

/// A file of known size.
struct Bytes {
    file: Box<dyn Placed>,
    bytes: u64,
    done: u64,
}

impl Bytes {
    fn open(path: &Path) -> Result<Self, String> {
        let file = File::open(path).map_err(|e| e.to_string())?;
        let bytes = file.metadata().map_err(|e| e.to_string())?.len();
        Ok(Self {
            file: Box::new(file),
            bytes,
            done: 0,
        })
    }

    fn memory(data: impl AsRef<[u8]> + Send + 'static) -> Self {
        Self {
            bytes: data.as_ref().len() as u64,
            file: Box::new(Cursor::new(data)),
            done: 0,
        }
    }

    /// `length` bytes from `start`, if the file has them.
    fn part(&mut self, start: u64, length: usize) -> Result<Buffer, String> {
        let end = start
            .checked_add(length as u64)
            .filter(|end| *end <= self.bytes);
        self.done = end.ok_or("the file is damaged: it refers to bytes that it has not")?;
        let mut part = MutableBuffer::from_len_zeroed(length);
        self.file
            .seek(SeekFrom::Start(start))
            .map_err(|e| e.to_string())?;
        self.file
            .read_exact(part.as_slice_mut())
            .map_err(|e| e.to_string())?;
        Ok(part.into())
    }

    /// What a footer says is a block.
    fn block(&mut self, block: &Block) -> Result<Buffer, String> {
        let negative = || "the file is damaged: a block of a negative length".to_owned();
        let number = |n: i64| u64::try_from(n).map_err(|_| negative());
        let length =
            number(i64::from(block.metaDataLength()))?.saturating_add(number(block.bodyLength())?);
        let start = number(block.offset())?;
        self.part(start, usize::try_from(length).map_err(|e| e.to_string())?)
    }

    /// The next bytes from where the file stands; none at its end.
    fn chunk(&mut self) -> Result<Buffer, String> {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let limit = CHUNK_BYTES as u64;
        (&mut self.file)
            .take(limit)
            .read_to_end(&mut chunk)
            .map_err(|e| e.to_string())?;
        self.done += chunk.len() as u64;
        Ok(Buffer::from_vec(chunk))
    }
}

/// What is left to be decoded.
enum Left {
    /// Blocks, in the order of the footer.
    Blocks(FileDecoder, std::vec::IntoIter<Block>),
    /// The rest of a chunk, the batch found last, and the columns wanted, by number.
    Stream(Box<StreamDecoder>, Buffer, Option<RecordBatch>, Vec<usize>),
}

struct IpcBatches {
    file: Bytes,
    /// The file's own columns.
    schema: SchemaRef,
    left: Left,
}

impl IpcBatches {
    fn open(mut file: Bytes) -> Result<Self, String> {
        let head = file
            .part(0, MAGIC.len())
            .map_err(|_| "it is too short".to_owned())?;
        if head.as_slice() == MAGIC {
            Self::blocks(file)
        } else {
            Self::stream(file)
        }
    }

    /// Reads the footer and the dictionaries of a file.
    fn blocks(mut file: Bytes) -> Result<Self, String> {
        let tail_at = file.bytes.saturating_sub(TAIL_BYTES as u64);
        let tail = file.part(tail_at, TAIL_BYTES)?;
        let tail = tail
            .as_slice()
            .try_into()
            .map_err(|_| "it is too short".to_owned())?;
        let length = read_footer_length(tail).map_err(|e| e.to_string())?;
        let start = tail_at
            .checked_sub(length as u64)
            .ok_or("the footer is longer than the file")?;
        let footer = file.part(start, length)?;
        let footer = root_as_footer(&footer).map_err(|e| e.to_string())?;
        let schema = Arc::new(fb_to_schema(
            footer.schema().ok_or("the footer has no schema")?,
        ));
        let mut decoder = FileDecoder::new(Arc::clone(&schema), footer.version());
        for block in footer.dictionaries().iter().flatten() {
            let bytes = file.block(block)?;
            decoder
                .read_dictionary(block, &bytes)
                .map_err(|e| e.to_string())?;
        }
        let blocks: Vec<Block> = footer.recordBatches().iter().flatten().copied().collect();
        file.done = 0;
        Ok(Self {
            file,
            schema,
            left: Left::Blocks(decoder, blocks.into_iter()),
        })
    }

    /// Reads a stream up to its schema.
    fn stream(mut file: Bytes) -> Result<Self, String> {
        file.file.rewind().map_err(|e| e.to_string())?;
        file.done = 0;
        let mut decoder = Box::new(StreamDecoder::new());
        loop {
            let mut chunk = file.chunk()?;
            if chunk.is_empty() {
                return Err("it ends before its schema".to_owned());
            }
            let first = decoder.decode(&mut chunk).map_err(|e| e.to_string())?;
            if let Some(schema) = decoder.schema() {
                let left = Left::Stream(decoder, chunk, first, Vec::new());
                return Ok(Self { file, schema, left });
            }
        }
    }

    /// The same, reading those columns only.
    fn with_columns(mut self, columns: &[usize]) -> Self {
        self.left = match self.left {
            Left::Blocks(decoder, blocks) => {
                Left::Blocks(decoder.with_projection(columns.to_vec()), blocks)
            }
            Left::Stream(decoder, chunk, first, _) => {
                Left::Stream(decoder, chunk, first, columns.to_vec())
            }
        };
        self
    }
}

impl Batches for IpcBatches {
    fn read(&mut self, _limit: usize) -> Result<Option<RecordBatch>, String> {
        match &mut self.left {
            Left::Blocks(decoder, blocks) => {
                let Some(block) = blocks.next() else {
                    return Ok(None);
                };
                let bytes = self.file.block(&block)?;
                decoder
                    .read_record_batch(&block, &bytes)
                    .map_err(|e| e.to_string())
            }
            Left::Stream(decoder, chunk, first, columns) => loop {
                if let Some(rows) = first.take() {
                    return rows.project(columns).map(Some).map_err(|e| e.to_string());
                }
                if chunk.is_empty() {
                    *chunk = self.file.chunk()?;
                    if chunk.is_empty() {
                        return decoder.finish().map(|()| None).map_err(|e| e.to_string());
                    }
                }
                *first = decoder.decode(chunk).map_err(|e| e.to_string())?;
            },
        }
    }

    fn done(&self) -> u64 {
        match &self.left {
            Left::Blocks(_, blocks) if blocks.len() == 0 => self.file.bytes,
            _ => self.file.done,
        }
    }
}
