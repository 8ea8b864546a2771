//! A stream joined with a table as of the row's time. A row waits until the watermark of both has
//! passed its time, and meets the table's rows up to that time, without those that have expired
//! or are dropped then.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch, UInt32Array};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::physical_expr::PhysicalExpr;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime};

use crate::failed;
use crate::join::key::{Key, Keys};
use crate::join::pairs::{Block, Condition, Shape};
use crate::join::side::{Gives, Side};
use crate::join::store::Store;
use crate::join::versions::{Coming, Versions};
use crate::join::waiting::{Waiting, with_key};
use crate::rows::{FailedRow, record};
use crate::table::keyed::{KeyEncoder, key_at};
use crate::table::reader::TableShape;
use zaraba_core::packed;

/// A call emits once it has so many pairs or rows of the stream, and returns.
const EMIT_ROWS: usize = 8192;
/// Table keys whose old versions are let go in one call.
const FORGET_KEYS: usize = 65_536;

/// What the operator does, as planned.
pub struct AsOfPlan {
    /// The query's name.
    pub node: Arc<str>,
    /// Which rows come out; the stream is the first side.
    pub gives: Gives,
    /// Whether the stream is the join's right input.
    pub exchanged: bool,
    /// The stream and the table.
    pub sides: [Side; 2],
    /// The table.
    pub table: TableShape,
    /// `drop_when`, where it does not ask for now(): such a row is a deletion.
    pub drop_at_once: Option<Arc<dyn PhysicalExpr>>,
    /// Whether the table's rows are kept whole behind the columns that the query reads, since a
    /// condition reads them.
    pub whole: bool,
    /// Whether null keys equal each other.
    pub nulls_equal: bool,
    /// What must hold of a pair besides.
    pub conditions: Vec<Condition>,
    /// The result's columns.
    pub schema: SchemaRef,
}

impl AsOfPlan {
    /// One line for `explain`.
    #[must_use]
    pub fn describe(&self) -> String {
        let key = &self.table.key;
        let names: Vec<&str> = key
            .iter()
            .map(|k| self.table.schema.field(*k).name().as_str())
            .collect();
        let bound = match &self.table.ttl {
            Some(ttl) => format!(" for {ttl}"),
            None => String::new(),
        };
        format!(
            "the newest row of `{}` per ({}){bound}, and older ones until the stream's watermark \
             has passed them; rows of the stream until the table's watermark has passed them",
            self.table.name,
            names.join(", ")
        )
    }

    fn shape(&self) -> Shape<'_> {
        Shape {
            node: &self.node,
            gives: self.gives,
            exchanged: self.exchanged,
            second: self.sides[1].schema.fields().len(),
            schema: &self.schema,
        }
    }

    /// The table's rows as they are kept.
    fn kept(&self) -> SchemaRef {
        let mut fields: Vec<Arc<Field>> = self.sides[1].schema.fields().iter().cloned().collect();
        if self.whole {
            fields.extend(self.table.schema.fields().iter().cloned());
        }
        Arc::new(Schema::new(fields))
    }
}

/// The operator.
pub struct AsOfJoin {
    plan: Arc<AsOfPlan>,
    keys: [Keys; 2],
    table_keys: KeyEncoder,
    kept: SchemaRef,
    stream: Waiting,
    versions: Versions,
    watermark: EventTime,
    ended: bool,
}

impl AsOfJoin {
    /// No rows yet.
    ///
    /// # Errors
    /// When a key's type has no order.
    pub fn new(plan: Arc<AsOfPlan>) -> Result<Self> {
        let keys = |side: usize| plan.sides[side].encoder(plan.nulls_equal);
        let kept = plan.kept();
        Ok(Self {
            keys: [keys(0)?, keys(1)?],
            table_keys: KeyEncoder::new(&plan.table.schema, plan.table.key.clone())?,
            stream: Waiting::new(Store::new(Arc::clone(&plan.sides[0].schema))),
            versions: Versions::new(Store::new(Arc::clone(&kept)), plan.table.ttl.clone()),
            kept,
            watermark: EventTime::MIN,
            ended: false,
            plan,
        })
    }

    fn take_stream(&mut self, rows: Batch, keys: Vec<Option<Key>>) -> Result<()> {
        let (rows, keys) = with_key(rows, keys, !self.plan.gives.needs_match())?;
        let times = rows.time.to_vec();
        self.stream.push(rows, &times, keys)
    }

    /// Which rows of a batch of the table are there, and not deletions.
    fn present(&self, rows: &Batch) -> Result<Vec<bool>> {
        let mut present: Vec<bool> = (0..rows.len()).map(|i| !rows.is_deleted(i)).collect();
        if let Some(drop) = &self.plan.drop_at_once {
            let mask = drop
                .evaluate(&rows.rows)
                .and_then(|v| v.into_array(rows.len()))
                .map_err(|e| Error::outside(format!("{}: drop_when: {e}", self.plan.table.name)))?;
            let mask = mask.as_boolean();
            for (i, there) in present.iter_mut().enumerate() {
                *there &= !mask.value(i) || arrow::array::Array::is_null(mask, i);
            }
        }
        Ok(present)
    }

    /// Takes rows of the table: each is a version of its key, also where the query's conditions
    /// leave it out.
    fn take_table(&mut self, rows: &Batch, failed: &mut Vec<FailedRow>) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        let table_keys = self.table_keys.encode(&rows.rows)?;
        let mut coming: Vec<Coming> = (0..rows.len())
            .map(|i| Coming {
                table_key: Key::from(&*key_at(table_keys.as_ref(), i)),
                time: rows.time[i],
                seq: rows.seq[i],
                row: None,
            })
            .collect();
        // The place in the batch stands in for the sequence, to know rows again behind the steps.
        let places = Batch {
            seq: (0..rows.len() as u64).collect(),
            deleted: None,
            ..rows.clone()
        };
        let present: BooleanArray = self.present(rows)?.into_iter().map(Some).collect();
        let before = failed.len();
        let parts = plan.sides[1].prepare(&places.filter(&present)?, &self.keys[1], failed);
        for bad in &mut failed[before..] {
            bad.row.seq = bad.row.seq.iter().map(|i| rows.seq[*i as usize]).collect();
        }
        let mut kept = Vec::with_capacity(parts.len());
        let mut at = 0;
        for (part, keys) in parts {
            for (place, key) in part.seq.iter().zip(keys) {
                coming[*place as usize].row = Some((at, key));
                at += 1;
            }
            kept.push(self.as_kept(part, rows)?);
        }
        let kept = if kept.is_empty() {
            Batch::empty(Arc::clone(&self.kept))
        } else {
            Batch::concat(&self.kept, &kept)?
        };
        self.versions.push(kept, coming)
    }

    /// Rows behind the steps, with the columns of the table beside them where they are needed.
    fn as_kept(&self, part: Batch, rows: &Batch) -> Result<Batch> {
        let mut columns = part.rows.columns().to_vec();
        if self.plan.whole {
            let places = part
                .seq
                .iter()
                .map(|i| u32::try_from(*i).unwrap_or(u32::MAX));
            let whole = rows.take(&UInt32Array::from_iter_values(places))?;
            columns.extend(whole.rows.columns().iter().cloned());
        }
        let kept: RecordBatch =
            record(&self.kept, columns, part.len()).map_err(|e| Error::internal(e.to_string()))?;
        Batch::new(kept, part.time, part.seq)
    }

    /// Rows of the stream that both watermarks have passed, with what they meet.
    fn block(&mut self) -> Block {
        let mut block = Block::default();
        let mut found = Vec::new();
        while block.pairs.len() < EMIT_ROWS && block.rows.len() < EMIT_ROWS {
            let due = |time: &i64| self.ended || *time < self.watermark.0;
            if self.stream.next().filter(due).is_none() {
                break;
            }
            let Some((place, key)) = self.stream.pop() else {
                break;
            };
            let row = block.rows.len();
            block.rows.push(place);
            if let Some(key) = key {
                self.versions.at(&key, place.time, &mut found);
                block
                    .pairs
                    .extend(found.drain(..).map(|number| (row, number)));
            }
        }
        block
    }

    fn step(&mut self, out: &mut Output) -> Result<Progress> {
        let block = self.block();
        if block.rows.is_empty() {
            // No row of the stream before the watermark is left, and none will come.
            if self.versions.forget(self.watermark.0, FORGET_KEYS)? {
                return Ok(Progress::More);
            }
            if !self.ended {
                out.watermark(self.watermark);
            }
            return Ok(Progress::Done);
        }
        let plan = Arc::clone(&self.plan);
        let stores = [&self.stream.store, &self.versions.store];
        let outcome = block.judge(&plan.conditions, stores[0], stores[1])?;
        if let Some(rows) = block.emit(&outcome, &plan.shape(), stores, out)? {
            out.rows(rows);
        }
        for place in &block.rows {
            self.stream.store.remove(place.number)?;
        }
        Ok(Progress::More)
    }
}

impl Operator for AsOfJoin {
    fn process(&mut self, port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let plan = Arc::clone(&self.plan);
        let mut failed = Vec::new();
        if port.0 == 0 {
            for (rows, keys) in plan.sides[0].prepare(&rows, &self.keys[0], &mut failed) {
                self.take_stream(rows, keys)?;
            }
        } else {
            self.take_table(&rows, &mut failed)?;
        }
        failed::send(&plan.node, &mut failed, out)?;
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        self.watermark = watermark.max(self.watermark);
        self.step(out)
    }

    fn resume(&mut self, out: &mut Output) -> Result<Progress> {
        self.step(out)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.ended = true;
        self.step(out)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        snapshot.push("watermark", vec![self.watermark.0], Vec::new());
        snapshot.push("stream", Vec::new(), self.stream.store.seal()?);
        self.versions.save(&mut snapshot)?;
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        self.watermark = EventTime(snapshot.part("watermark")?.numbers[0]);
        let plan = Arc::clone(&self.plan);
        for segment in &snapshot.part("stream")?.segments {
            let rows = packed::unpack(&segment.rows)?;
            let keys = self.keys[0].encode(&plan.sides[0].keys, &rows);
            self.take_stream(rows, keys.map_err(|e| Error::internal(e.to_string()))?)?;
        }
        self.versions.load(snapshot)
    }

    fn state_bytes(&self) -> usize {
        self.stream.size() + self.versions.size()
    }
}
