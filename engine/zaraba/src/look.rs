//! A short look at what a pipeline's streams carry: it is run until there are enough rows or time
//! is up, and the first rows come back as texts, with how many values of each column are null.

use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use zaraba_core::clock::Stopwatch;

use crate::error::Error;
use crate::pipeline::Pipeline;

/// Batches that wait to be looked at.
const QUEUE: usize = 4;

/// How long rows may take to follow rows: then those that came are looked at.
const PAUSE: Duration = Duration::from_millis(700);

/// How long rows are looked at, however steadily they come.
const LONGEST: Duration = Duration::from_secs(3);

/// What a stream carried.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// Its columns, and how many of the rows looked at have a null there.
    pub columns: Vec<(String, usize)>,
    /// The first rows, as texts; none is a null.
    pub rows: Vec<Vec<Option<String>>>,
    /// Rows looked at.
    pub count: usize,
}

/// Which rows are looked at.
#[derive(Clone, Copy, Debug)]
pub struct LookOptions {
    /// Rows after which it ends, of all streams together.
    pub rows_max: usize,
    /// First rows that are kept of each stream.
    pub kept: usize,
    /// How long to wait for the first row.
    pub patience: Duration,
}

/// Runs a pipeline with a channel sink of this name, and looks at what comes.
///
/// # Errors
/// Mistakes of the pipeline, and what made it fail before any row came.
pub fn look(
    pipeline: Pipeline,
    sink: &str,
    options: LookOptions,
) -> Result<BTreeMap<String, Stream>, Error> {
    let mut built = pipeline.build()?;
    let batches = built.take_receiver(sink);
    let (sender, receiver) = sync_channel(QUEUE);
    let reader = std::thread::spawn(move || {
        for item in batches.into_iter().flatten() {
            // Who looks has seen enough: the rest is read and dropped, so that the run can end.
            let _ = sender.send(item);
        }
    });
    let running = built.start()?;
    let stopper = running.stopper();
    let mut streams: BTreeMap<String, Stream> = BTreeMap::new();
    let mut seen = 0;
    let mut first: Option<Stopwatch> = None;
    while seen < options.rows_max {
        let patience = match &first {
            None => options.patience,
            Some(since) => PAUSE.min(LONGEST.saturating_sub(since.elapsed())),
        };
        match receiver.recv_timeout(patience) {
            Ok((name, batch)) => {
                seen += batch.len();
                first.get_or_insert_with(Stopwatch::start);
                streams.entry(name).or_default().add(&batch, options.kept)?;
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
        }
    }
    drop(receiver);
    stopper.stop();
    let ended = running.join();
    let _ = reader.join();
    match ended {
        Err(error) if seen == 0 => Err(error),
        _ => Ok(streams),
    }
}

impl Stream {
    fn add(&mut self, batch: &zaraba_core::batch::Batch, kept: usize) -> Result<(), Error> {
        let rows = &batch.rows;
        if self.columns.is_empty() {
            let fields = rows.schema();
            let names = fields.fields().iter().map(|f| (f.name().clone(), 0));
            self.columns = names.collect();
        }
        for (column, (_, nulls)) in rows.columns().iter().zip(&mut self.columns) {
            *nulls += column.null_count();
        }
        let first = rows.num_rows().min(kept.saturating_sub(self.rows.len()));
        let options = FormatOptions::new();
        let formatters = rows.columns().iter().map(|column| {
            ArrayFormatter::try_new(column, &options).map_err(zaraba_core::error::Error::from)
        });
        let formatters = formatters.collect::<Result<Vec<_>, _>>()?;
        for row in 0..first {
            let cells = formatters.iter().zip(rows.columns());
            let cells =
                cells.map(|(f, column)| (!column.is_null(row)).then(|| f.value(row).to_string()));
            self.rows.push(cells.collect());
        }
        self.count += rows.num_rows();
        Ok(())
    }
}
