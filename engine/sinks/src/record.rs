//! A recording: the rows of a source as they came, in Parquet files that a `file` source reads to
//! the same rows in the same order, so that what was late is late again. The source's own stream
//! and its late rows come apart; here their sequences put them together again.
//!
//! `DIR/SOURCE/PARTITION-PART.parquet`, and `DIR/SOURCE__errors.parquet` for rows that could not
//! be taken. A part is hidden until it is whole, so that a kill loses the last part at most.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::{AsArray as _, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use chrono_tz::Tz;
use zaraba_config::document::Format;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::sequence::Sequence;
use zaraba_formats::encode::{Encoder, encoder};

use crate::file::partial::{Existing, Partial};

/// Rows of one part of a live source.
const PART_ROWS: u64 = 100_000;

/// A source that is recorded.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: SchemaRef,
    /// The columns of its errors.
    pub errors: SchemaRef,
    /// Which column is the event time.
    pub time: usize,
    /// `out_of_order`, microseconds.
    pub out_of_order: i64,
    /// Whether it never ends: then it is written in parts. Others may have several partitions,
    /// each of which must be one file.
    pub live: bool,
}

/// What was recorded of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Rows, late ones among them.
    pub rows: u64,
    /// Late rows.
    pub late: u64,
    /// Rows that could not be taken.
    pub bad: u64,
    /// Late rows that will not be late in a replay: they were late only because the source had
    /// been silent and followed the others.
    pub followed: u64,
    /// Partitions.
    pub partitions: usize,
}

/// One source.
struct Source {
    of: Recorded,
    dir: PathBuf,
    partitions: BTreeMap<u16, Partition>,
    errors: Option<Part>,
    bad: u64,
}

/// Rows of one partition.
#[derive(Default)]
struct Partition {
    /// Rows whose neighbours in order may still come, and whether they were late.
    held: Vec<(RecordBatch, Vec<u64>, bool)>,
    /// The last sequence held.
    last: u64,
    part: Option<Part>,
    parts: usize,
    /// The greatest time of a row that was not late.
    newest: Option<i64>,
    rows: u64,
    late: u64,
    followed: u64,
}

/// A file that is being written.
struct Part {
    file: Partial,
    encoder: Box<dyn Encoder>,
    rows: u64,
}

/// Writes recordings.
pub struct Recorder {
    sources: BTreeMap<String, Source>,
}

impl Recorder {
    /// Into folders of `dir`, which must not hold such a recording yet.
    ///
    /// # Errors
    /// When it does.
    pub fn new(dir: &Path, sources: &[Recorded]) -> Result<Self> {
        let source = |of: &Recorded| {
            let own = dir.join(&of.name);
            let taken = std::fs::read_dir(&own).is_ok_and(|mut entries| entries.next().is_some());
            if taken {
                return Err(Error::user(format!(
                    "{} is not empty: a recording there would be mixed with another; give a new \
                     folder",
                    own.display()
                )));
            }
            // Told now, not when the first row has come.
            std::fs::create_dir_all(&own).map_err(|e| {
                Error::outside(format!("cannot make the folder {}: {e}", own.display()))
            })?;
            let source = Source {
                of: of.clone(),
                dir: dir.to_owned(),
                partitions: BTreeMap::new(),
                errors: None,
                bad: 0,
            };
            Ok((of.name.clone(), source))
        };
        Ok(Self {
            sources: sources.iter().map(source).collect::<Result<_>>()?,
        })
    }

    /// Takes rows of `SOURCE`, `SOURCE__late` or `SOURCE__errors`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&mut self, stream: &str, rows: &Batch) -> Result<()> {
        let (name, side) = stream.split_once("__").unwrap_or((stream, ""));
        let source = self.sources.get_mut(name);
        let source = source.ok_or_else(|| Error::internal(format!("nobody records `{stream}`")))?;
        match side {
            "errors" => source.bad_rows(rows),
            _ => source.rows(rows, side == "late"),
        }
    }

    /// Writes what is held. What was recorded, by source.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn close(mut self) -> Result<Vec<(String, Count)>> {
        let mut counts = Vec::new();
        for (name, source) in &mut self.sources {
            counts.push((name.clone(), source.close()?));
        }
        Ok(counts)
    }
}

impl Source {
    /// Rows of one intake: its good rows come first, then its late ones.
    fn rows(&mut self, rows: &Batch, late: bool) -> Result<()> {
        let (Some(first), Some(last)) = (rows.seq.first(), rows.seq.last()) else {
            return Ok(());
        };
        let partition = Sequence(*first).partition();
        let place = self.partitions.entry(partition).or_default();
        if *first > place.last {
            place.flush(&self.of, &self.dir, partition)?;
        }
        place.last = place.last.max(*last);
        // `late_at` is not the source's.
        let own: Vec<usize> = (0..self.of.columns.fields().len()).collect();
        let columns = rows.rows.project(&own)?;
        place.held.push((columns, rows.seq.to_vec(), late));
        Ok(())
    }

    fn bad_rows(&mut self, rows: &Batch) -> Result<()> {
        if self.errors.is_none() {
            let path = self.dir.join(format!("{}__errors.parquet", self.of.name));
            self.errors = Some(Part::open(path, &self.of.errors)?);
        }
        self.bad += rows.len() as u64;
        match &mut self.errors {
            Some(part) => part.encoder.write(&rows.rows),
            None => Ok(()),
        }
    }

    fn close(&mut self) -> Result<Count> {
        let mut count = Count {
            bad: self.bad,
            partitions: self.partitions.len(),
            ..Count::default()
        };
        if self.partitions.is_empty() {
            // A replay finds a file also where nothing came.
            let path = self.dir.join(&self.of.name).join("00000-000000.parquet");
            Part::open(path, &self.of.columns)?.close()?;
        }
        for (number, place) in &mut self.partitions {
            place.flush(&self.of, &self.dir, *number)?;
            if let Some(part) = place.part.take() {
                part.close()?;
            }
            count.rows += place.rows;
            count.late += place.late;
            count.followed += place.followed;
        }
        if let Some(errors) = self.errors.take() {
            errors.close()?;
        }
        Ok(count)
    }
}

impl Partition {
    /// Counts a row, in the order in which it came.
    fn count(&mut self, time: i64, late: bool, out_of_order: i64) {
        self.rows += 1;
        if late {
            self.late += 1;
            let floor = self
                .newest
                .map(|newest| newest.saturating_sub(out_of_order));
            self.followed += u64::from(floor.is_none_or(|floor| time >= floor));
        } else {
            self.newest = self.newest.max(Some(time));
        }
    }

    /// Writes the rows that are held, in the order in which they came.
    fn flush(&mut self, of: &Recorded, dir: &Path, partition: u16) -> Result<()> {
        let held = std::mem::take(&mut self.held);
        let Some((first, ..)) = held.first() else {
            return Ok(());
        };
        let batches: Vec<&RecordBatch> = held.iter().map(|(rows, ..)| rows).collect();
        let all = concat_batches(&first.schema(), batches)?;
        let each = held
            .iter()
            .flat_map(|(_, seq, late)| seq.iter().map(|s| (*s, *late)));
        let mut order: Vec<((u64, bool), u32)> = each.zip(0..).collect();
        order.sort_unstable();
        let indices: UInt32Array = order.iter().map(|(_, i)| *i).collect();
        let sorted = take_record_batch(&all, &indices)?;
        let times = sorted
            .column(of.time)
            .as_primitive::<TimestampMicrosecondType>();
        for (((_, late), _), time) in order.iter().zip(times.values()) {
            self.count(*time, *late, of.out_of_order);
        }
        // Batches may know that a column has no nulls where the stream does not say so.
        let rows = RecordBatch::try_new(of.columns.clone(), sorted.columns().to_vec())?;
        if self.part.is_none() {
            let name = format!("{partition:05}-{:06}.parquet", self.parts);
            let path = dir.join(&of.name).join(name);
            self.part = Some(Part::open(path, &of.columns)?);
            self.parts += 1;
        }
        if let Some(part) = &mut self.part {
            part.encoder.write(&rows)?;
            part.rows += rows.num_rows() as u64;
        }
        if let Some(part) = self.part.take_if(|part| of.live && part.rows >= PART_ROWS) {
            part.close()?;
        }
        Ok(())
    }
}

impl Part {
    fn open(path: PathBuf, columns: &SchemaRef) -> Result<Self> {
        let file = Partial::create(path, Existing::Replaced)?;
        // Parquet has no times without a zone to be written in one.
        let encoder = encoder(Format::Parquet, columns, Tz::UTC, file.writer()?)?;
        Ok(Self {
            file,
            encoder,
            rows: 0,
        })
    }

    fn close(mut self) -> Result<()> {
        self.encoder.finish()?;
        self.file.sync()?;
        self.file.publish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, TimestampMicrosecondArray};
    use arrow::datatypes::{Field, Schema};
    use zaraba_core::stream::event_time_type;
    use zaraba_formats::decode::{DecodeOptions, open};

    use super::*;

    const LATE_AT: &str = "late_at";

    fn columns(names: &[&str]) -> SchemaRef {
        let field = |n: &&str| Field::new(*n, event_time_type(), true);
        Arc::new(Schema::new(names.iter().map(field).collect::<Vec<_>>()))
    }

    /// Rows of a partition; of late ones also how far it had come.
    fn batch(partition: u16, rows: &[(u64, i64)], late_at: Option<i64>) -> Batch {
        let seq = |n: u64| Sequence::new(0, partition, n).unwrap().0;
        let times = |times: Vec<i64>| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC"))
        };
        let own = times(rows.iter().map(|r| r.1).collect());
        let at = times(vec![late_at.unwrap_or(0); rows.len()]);
        let (schema, all) = match late_at {
            None => (columns(&["v"]), vec![own]),
            Some(_) => (columns(&["v", LATE_AT]), vec![own, at]),
        };
        Batch::new(
            RecordBatch::try_new(schema, all).unwrap(),
            rows.iter().map(|(_, t)| late_at.unwrap_or(*t)).collect(),
            rows.iter().map(|(n, _)| seq(*n)).collect(),
        )
        .unwrap()
    }

    fn recorded(live: bool) -> Recorded {
        Recorded {
            name: "ticks".to_owned(),
            columns: columns(&["v"]),
            errors: columns(&["place"]),
            time: 0,
            out_of_order: 10,
            live,
        }
    }

    fn read(path: &Path) -> Vec<i64> {
        let options = DecodeOptions::new(Format::Parquet, Tz::UTC);
        let options = DecodeOptions {
            like: Some(columns(&["v"])),
            ..options
        };
        let mut decoder = open(path, &[], &options).unwrap();
        let mut all = Vec::new();
        while let Some(decoded) = decoder.next(100).unwrap() {
            all.extend(
                decoded
                    .rows
                    .column(0)
                    .as_primitive::<TimestampMicrosecondType>()
                    .values()
                    .iter(),
            );
        }
        all
    }

    #[test]
    fn rows_stand_in_the_order_in_which_they_came() {
        let dir = tempfile::tempdir().unwrap();
        let mut recorder = Recorder::new(dir.path(), &[recorded(true)]).unwrap();
        recorder
            .write("ticks", &batch(0, &[(0, 100), (2, 120), (4, 110)], None))
            .unwrap();
        recorder
            .write("ticks__late", &batch(0, &[(1, 5), (3, 7)], Some(120)))
            .unwrap();
        recorder
            .write("ticks__late", &batch(0, &[(5, 9)], Some(120)))
            .unwrap();
        recorder
            .write("ticks", &batch(1, &[(0, 77)], None))
            .unwrap();
        recorder
            .write("ticks", &batch(0, &[(7, 130)], None))
            .unwrap();
        // The source had followed another to 500.
        recorder
            .write("ticks__late", &batch(0, &[(8, 140)], Some(500)))
            .unwrap();
        let counts = recorder.close().unwrap();
        let expected = Count {
            rows: 9,
            late: 4,
            followed: 1,
            partitions: 2,
            bad: 0,
        };
        assert_eq!(counts, [("ticks".to_owned(), expected)]);
        let file = |name: &str| read(&dir.path().join("ticks").join(name));
        assert_eq!(
            file("00000-000000.parquet"),
            [100, 5, 120, 7, 110, 9, 130, 140]
        );
        assert_eq!(file("00001-000000.parquet"), [77]);
        let again = Recorder::new(dir.path(), &[recorded(true)]);
        assert!(again.is_err_and(|e| e.to_string().contains("is not empty")));
    }

    #[test]
    fn live_rows_are_in_parts() {
        for (live, files) in [(true, 2), (false, 1)] {
            let dir = tempfile::tempdir().unwrap();
            let mut recorder = Recorder::new(dir.path(), &[recorded(live)]).unwrap();
            let rows: Vec<(u64, i64)> = (0..PART_ROWS).map(|n| (n, 1)).collect();
            recorder.write("ticks", &batch(0, &rows, None)).unwrap();
            recorder
                .write("ticks", &batch(0, &[(PART_ROWS, 2)], None))
                .unwrap();
            recorder.close().unwrap();
            assert_eq!(
                std::fs::read_dir(dir.path().join("ticks")).unwrap().count(),
                files
            );
        }
    }
}
