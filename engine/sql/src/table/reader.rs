//! A table as its reader sees it: rows up to a time, without those that have expired or are
//! dropped at that time. Newer rows wait.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::physical_expr::PhysicalExpr;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::snapshot::{Segment, Snapshot};

use crate::table::keyed::KeyedRows;
use crate::table::ttl::Ttl;
use zaraba_core::packed;

/// What a reader must know of a table.
#[derive(Clone)]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub schema: SchemaRef,
    /// Its key columns.
    pub key: Vec<usize>,
    /// `ttl`
    pub ttl: Option<Ttl>,
    /// `drop_when`, as SQL.
    pub drop_when: Option<String>,
}

/// One reader of one table.
pub(crate) struct TableReader {
    rows: KeyedRows,
    /// In the order of time.
    waiting: VecDeque<Batch>,
    drop_when: Option<Arc<dyn PhysicalExpr>>,
}

impl TableReader {
    /// No rows yet.
    pub(crate) fn new(
        shape: &TableShape,
        drop_when: Option<Arc<dyn PhysicalExpr>>,
    ) -> Result<Self> {
        let rows = KeyedRows::new(
            Arc::clone(&shape.schema),
            shape.key.clone(),
            shape.ttl.clone(),
        )?;
        Ok(Self {
            rows,
            waiting: VecDeque::new(),
            drop_when,
        })
    }

    /// Takes rows in, none older than those before.
    pub(crate) fn push(&mut self, batch: Batch) {
        self.waiting.push_back(batch);
    }

    /// The first time at which the table changes: a row that waits, or one that expires.
    pub(crate) fn next_change(&self) -> Option<i64> {
        self.next_row()
            .into_iter()
            .chain(self.rows.next_expiry())
            .min()
    }

    /// The time of the first row that waits.
    pub(crate) fn next_row(&self) -> Option<i64> {
        self.waiting.front().map(|b| b.time[0])
    }

    /// Goes to a time: takes the rows up to it and drops those that have expired.
    pub(crate) fn go_to(&mut self, time: i64) -> Result<()> {
        while let Some(front) = self.waiting.front_mut() {
            let n = front.time.partition_point(|t| *t <= time);
            if n == 0 {
                break;
            }
            let taken = front.slice(0, n);
            if n == front.len() {
                self.waiting.pop_front();
            } else {
                *front = front.slice(n, front.len() - n);
            }
            self.rows.apply(&taken)?;
        }
        self.rows.expire(time)?;
        Ok(())
    }

    /// The rows now, in key order.
    pub(crate) fn rows(&self) -> Result<RecordBatch> {
        let rows = self.rows.all()?.rows;
        let Some(drop_when) = &self.drop_when else {
            return Ok(rows);
        };
        let mask = drop_when
            .evaluate(&rows)
            .and_then(|v| v.into_array(rows.num_rows()))
            .map_err(|e| Error::outside(format!("drop_when: {e}")))?;
        let mask = mask.as_boolean();
        let keep: BooleanArray = (0..mask.len())
            .map(|i| Some(mask.is_null(i) || !mask.value(i)))
            .collect();
        Ok(filter_record_batch(&rows, &keep)?)
    }

    /// Adds the state to a snapshot.
    pub(crate) fn save(&self, port: i64, snapshot: &mut Snapshot) -> Result<()> {
        let all = packed::pack(&self.rows.all()?)?;
        snapshot.push("rows", vec![port], vec![Segment::new(all)]);
        for batch in &self.waiting {
            snapshot.push(
                "waiting",
                vec![port],
                vec![Segment::new(packed::pack(batch)?)],
            );
        }
        Ok(())
    }

    /// Takes the state back.
    pub(crate) fn load(&mut self, port: i64, snapshot: &Snapshot) -> Result<()> {
        for part in snapshot.parts("rows").filter(|p| p.numbers == [port]) {
            self.rows.apply(&packed::unpack(&part.segments[0].rows)?)?;
        }
        for part in snapshot.parts("waiting").filter(|p| p.numbers == [port]) {
            self.waiting
                .push_back(packed::unpack(&part.segments[0].rows)?);
        }
        Ok(())
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        self.rows.size() + self.waiting.iter().map(Batch::bytes).sum::<usize>()
    }
}
