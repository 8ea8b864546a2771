//! `connector = "channel"`: rows from the program that embeds the engine, through a bounded queue.
//! A full queue makes the sender wait, so the program feels the pipeline's backpressure.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use zaraba_core::error::{Error, Result};
use zaraba_core::source::{Polled, Position, Source, SourceRows, Wake};

/// A queue of at most `capacity` batches (at least one) of one schema.
#[must_use]
pub fn channel(schema: SchemaRef, capacity: usize) -> (ChannelSender, ChannelSource) {
    let (sender, receiver) = sync_channel(capacity.max(1));
    let wake = Wake::default();
    let sender = ChannelSender {
        sender: Some(sender),
        schema: Arc::clone(&schema),
        wake: wake.clone(),
    };
    (
        sender,
        ChannelSource {
            receiver,
            schema,
            wake,
            pending: None,
            rows: 0,
        },
    )
}

/// The program's end. The stream ends when all clones are closed or dropped.
#[derive(Clone, Debug)]
pub struct ChannelSender {
    /// Given up first when dropped: a poller that is woken must find the queue closed.
    sender: Option<SyncSender<RecordBatch>>,
    schema: SchemaRef,
    wake: Wake,
}

impl ChannelSender {
    /// Hands rows over; waits while the queue is full.
    ///
    /// # Errors
    /// When the columns are not those of the channel, and when the pipeline has ended.
    pub fn send(&self, rows: RecordBatch) -> Result<()> {
        // Columns that have no nulls are as good where there may be some.
        if !self.schema.fields().contains(rows.schema_ref().fields()) {
            return Err(Error::user(format!(
                "expected rows of ({}), got ({})",
                columns(&self.schema),
                columns(rows.schema_ref())
            )));
        }
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), rows.columns().to_vec())?;
        let ended = || Error::outside("the pipeline has ended and takes no more rows");
        let sender = self.sender.as_ref().ok_or_else(ended)?;
        sender.send(rows).map_err(|_| ended())?;
        self.wake.wake();
        Ok(())
    }

    /// Nothing more will be sent by this sender.
    pub fn close(self) {}
}

impl Drop for ChannelSender {
    fn drop(&mut self) {
        self.sender = None;
        self.wake.wake();
    }
}

fn columns(schema: &SchemaRef) -> String {
    let column = |f: &Arc<arrow::datatypes::Field>| {
        let null = if f.is_nullable() { "" } else { " not null" };
        format!("{} {}{null}", f.name(), f.data_type())
    };
    schema
        .fields()
        .iter()
        .map(column)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The pipeline's end.
#[derive(Debug)]
pub struct ChannelSource {
    receiver: Receiver<RecordBatch>,
    schema: SchemaRef,
    wake: Wake,
    /// What is left of a batch that was larger than asked for.
    pending: Option<RecordBatch>,
    rows: u64,
}

impl ChannelSource {
    /// The columns that it hands over.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// What wakes a poller when rows come.
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.wake.clone()
    }
}

impl Source for ChannelSource {
    fn poll(&mut self, limit: usize) -> Result<Polled> {
        let rows = match self.pending.take() {
            Some(rows) => rows,
            None => match self.receiver.try_recv() {
                Ok(rows) => rows,
                Err(TryRecvError::Empty) => return Ok(Polled::Pending(None)),
                Err(TryRecvError::Disconnected) => return Ok(Polled::End),
            },
        };
        let now = rows.num_rows().min(limit);
        if now < rows.num_rows() {
            self.pending = Some(rows.slice(now, rows.num_rows() - now));
        }
        self.rows += now as u64;
        let rows = rows.slice(0, now);
        Ok(Polled::Rows(SourceRows {
            rows,
            partition: 0,
            bad: Vec::new(),
        }))
    }

    fn replayable(&self) -> bool {
        false
    }

    fn live(&self) -> bool {
        true
    }

    fn position(&self) -> Position {
        Position::of_rows(self.rows)
    }

    fn seek(&mut self, position: &Position) -> Result<()> {
        self.rows = position.first_rows();
        Ok(())
    }
}
