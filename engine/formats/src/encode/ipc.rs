//! Arrow IPC files: the columns as they are in memory, uncompressed, so that a reader can map them.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::FileWriter;
use zaraba_core::error::Result;

use crate::encode::{Encoder, arrow_error, write_error};

pub(crate) struct IpcFile<W: Write>(FileWriter<W>);

impl<W: Write> IpcFile<W> {
    pub(crate) fn new(schema: &SchemaRef, out: W) -> Result<Self> {
        FileWriter::try_new(out, schema)
            .map(Self)
            .map_err(arrow_error)
    }
}

impl<W: Write + Send> Encoder for IpcFile<W> {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        self.0.write(rows).map_err(arrow_error)
    }

    fn finish(&mut self) -> Result<()> {
        self.0.finish().map_err(arrow_error)?;
        self.0.get_mut().flush().map_err(|e| write_error(&e))
    }
}
