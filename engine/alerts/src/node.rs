//! A declared alert as a node: rows wait until the watermark has passed them, and go to the keys'
//! states in order. Conditions were computed when rows came; per row there is work only where a
//! key's state may change.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BinaryArray, Int64Array, RecordBatch, UInt8Array};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, UInt8Type};
use arrow::row::{RowConverter, Rows, SortField};
use zaraba_core::alert;
use zaraba_core::alert::ordinals::Ordinals;
use zaraba_core::bad_rows;
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::in_order::{InOrder, Ties};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::{OutPort, Output};
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::source::BadRow;
use zaraba_core::time::{Epoch, EventTime};
use zaraba_sql::failed;
use zaraba_sql::one_form::all_in_one_form;

use crate::declared::{Current, Declared};
use crate::held::{Held, Pinned, number_of, severity_of};
use crate::machine::{Event, Key, Machine, Says, Stage, Standing};
use crate::told::Troubles;

/// Rows that one call works off.
const ROWS: usize = 65_536;
/// Keys that open by time alone in one call.
const OPEN: usize = 4_096;

/// The operator.
pub(crate) struct Node {
    current: Current,
    /// As of the newest rows.
    plan: Arc<Declared>,
    schema: SchemaRef,
    converter: RowConverter,
    waiting: InOrder,
    machine: Machine<Held>,
    pinned: Pinned,
    ordinals: Ordinals,
    troubles: Troubles,
    /// Rows that the watermark has passed, not yet worked off.
    ready: Option<Batch>,
    /// How far all is to be worked off; none: to the end.
    goal: Option<i64>,
}

impl Node {
    pub(crate) fn new(current: Current) -> Result<Self> {
        let plan = current.now();
        let schema = Arc::clone(&plan.working);
        let field = |i: &usize| SortField::new(schema.field(*i).data_type().clone());
        Ok(Self {
            converter: RowConverter::new(plan.keys.iter().map(field).collect())?,
            waiting: InOrder::new(Arc::clone(&schema), Ties::ByContent),
            machine: Machine::new(plan.times),
            pinned: Pinned::default(),
            ordinals: Ordinals::default(),
            troubles: Troubles::default(),
            ready: None,
            goal: None,
            schema,
            plan,
            current,
        })
    }

    fn work(&mut self, out: &mut Output) -> Result<Progress> {
        let mut events = Vec::new();
        if let Some(ready) = self.ready.take() {
            let n = match ready.len() <= ROWS {
                true => self.rows(&ready, &mut events)?,
                false => self.rows(&ready.slice(0, ROWS), &mut events)?,
            };
            self.tell(&events, out)?;
            self.ready = (n < ready.len()).then(|| ready.slice(n, ready.len() - n));
            return Ok(Progress::More);
        }
        let until = self.goal.unwrap_or(i64::MAX);
        let more = self.machine.before(until, OPEN, &mut events);
        self.tell(&events, out)?;
        if more {
            return Ok(Progress::More);
        }
        if let Some(watermark) = self.goal {
            self.machine.forget(watermark);
            out.watermark(EventTime(watermark));
        }
        Ok(Progress::Done)
    }

    /// Rows in order; how many of them, until there is enough to tell.
    fn rows(&mut self, batch: &Batch, events: &mut Vec<Event<Held>>) -> Result<usize> {
        let n = self.plan.kept.fields().len();
        let column = |i: usize| batch.rows.column(n + i);
        let holds = column(0).as_boolean().values();
        if self.machine.is_quiet() && holds.count_set_bits() == 0 {
            return Ok(batch.len());
        }
        let over = column(1).as_boolean().values();
        let severity = column(2).as_primitive::<UInt8Type>().values();
        let keys = self.key_rows(&batch.rows)?;
        let rows = Arc::new(batch.rows.clone());
        let mut kept = false;
        let mut row = 0;
        while row < batch.len() {
            if self.machine.is_quiet() {
                match next(holds, row) {
                    Some(next) => row = next,
                    None => {
                        row = batch.len();
                        break;
                    }
                }
            }
            let says = Says {
                time: batch.time[row],
                holds: holds.value(row),
                over: over.value(row),
                severity: severity_of(severity[row]),
                deleted: batch.is_deleted(row),
            };
            if self.machine.before(says.time, OPEN, events) {
                break;
            }
            let held = || Held {
                rows: Arc::clone(&rows),
                row,
            };
            let key = keys.as_ref().map(|keys| keys.row(row));
            let key = key.as_ref().map_or(&[][..], AsRef::as_ref);
            kept |= self.machine.row(key, says, held, events);
            row += 1;
        }
        if kept {
            self.pinned.add(batch.bytes());
        }
        Ok(row)
    }

    /// The keys of rows, in bytes; none: there is one key.
    fn key_rows(&self, rows: &RecordBatch) -> Result<Option<Rows>> {
        if self.plan.keys.is_empty() {
            return Ok(None);
        }
        let columns = self.plan.keys.iter().map(|i| rows.column(*i));
        let columns = all_in_one_form(columns);
        Ok(Some(self.converter.convert_columns(&columns)?))
    }

    /// Sends alerts of events, which are in order.
    fn tell(&mut self, events: &[Event<Held>], out: &mut Output) -> Result<()> {
        let (mut alerts, mut seqs, mut bad) = (Vec::new(), Vec::new(), Vec::new());
        for event in events {
            let key = self.plan.teller.key(&event.held)?;
            let time = EventTime(event.time);
            let (ordinal, seq) = self.ordinals.next(time, &self.plan.teller.kind, &key);
            let (alert, trouble) = self.plan.teller.alert(event, key, ordinal)?;
            if let Some(reason) = trouble.filter(|trouble| self.troubles.is_new(trouble)) {
                bad.push(BadRow {
                    reason,
                    place: self.plan.name.to_string(),
                    row: bad_rows::as_text(&event.held.rows.slice(event.held.row, 1)),
                });
                out.rows_to(
                    OutPort::Errors,
                    bad_rows::batch(&bad, &[event.time], &[seq])?,
                );
                bad.clear();
            }
            seqs.push(seq);
            alerts.push(alert);
        }
        if !alerts.is_empty() {
            let time = alerts.iter().map(|alert| alert.time.0).collect();
            out.rows(Batch::new(alert::rows(&alerts)?, time, seqs.into())?);
        }
        if self.pinned.is_much() {
            self.together()?;
        }
        Ok(())
    }

    fn together(&mut self) -> Result<Arc<RecordBatch>> {
        let mut held: Vec<&mut Held> = self
            .machine
            .standing()
            .into_iter()
            .map(|(_, standing)| &mut standing.held)
            .collect();
        self.pinned.together(&self.schema, &mut held)
    }
}

/// The first row from `row` on that is set.
fn next(bits: &BooleanBuffer, row: usize) -> Option<usize> {
    let rest = bits.slice(row, bits.len() - row);
    rest.set_indices().next().map(|i| row + i)
}

impl Operator for Node {
    fn process(&mut self, _port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        self.plan = self.current.now();
        self.machine.set(self.plan.times);
        let mut bad = Vec::new();
        for batch in self.plan.compute(&rows, &mut bad)? {
            self.waiting.push(batch)?;
        }
        failed::send(&self.plan.name, &mut bad, out)?;
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        self.goal = Some(watermark.0);
        self.ready = self.waiting.before(self.goal)?;
        self.work(out)
    }

    fn resume(&mut self, out: &mut Output) -> Result<Progress> {
        self.work(out)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.goal = None;
        self.ready = self.waiting.before(None)?;
        self.work(out)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        let mut snapshot = Snapshot::default();
        let rows = self.together()?;
        snapshot.push(
            "rows",
            Vec::new(),
            vec![Segment::new(rows.as_ref().clone())],
        );
        let keys = keys(&mut self.machine)?;
        snapshot.push("keys", Vec::new(), vec![Segment::new(keys)]);
        let cooling = cooling(&self.machine)?;
        snapshot.push("cooling", Vec::new(), vec![Segment::new(cooling)]);
        let (numbers, rows) = self.ordinals.rows()?;
        snapshot.push("ordinals", numbers, vec![Segment::new(rows)]);
        self.waiting.save("waiting", &mut snapshot)?;
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        let segment = |name: &str| {
            let part = snapshot.part(name)?.segments.first();
            let wrong = || Error::internal(format!("a snapshot without rows in `{name}`"));
            part.map(|segment| segment.rows.clone()).ok_or_else(wrong)
        };
        let rows = Arc::new(segment("rows")?);
        self.pinned.add(rows.get_array_memory_size());
        for (row, (key, since, stage)) in stages(&segment("keys")?)?.into_iter().enumerate() {
            let rows = Arc::clone(&rows);
            let held = Held { rows, row };
            let standing = Standing { since, stage, held };
            self.machine.stood(key, standing);
        }
        let cooling = segment("cooling")?;
        let (keys, until) = (binary(&cooling, 0)?, int64(&cooling, 1)?);
        for i in 0..cooling.num_rows() {
            self.machine.cooled(keys.value(i).into(), until.value(i));
        }
        let numbers = &snapshot.part("ordinals")?.numbers;
        self.ordinals = Ordinals::from_rows(numbers, &segment("ordinals")?)?;
        self.waiting.load("waiting", snapshot)
    }

    fn suppressed(&self) -> u64 {
        self.machine.suppressed()
    }

    fn state_bytes(&self) -> usize {
        /// Of a key, its timer and its place in a map.
        const KEY: usize = 200;
        let (standing, cooling) = self.machine.len();
        let ready = self.ready.as_ref().map_or(0, Batch::bytes);
        self.waiting.size() + ready + self.pinned.bytes() + (standing + cooling) * KEY
    }
}

fn wrong() -> Error {
    Error::internal("a snapshot of an alert in another form")
}

fn binary(rows: &RecordBatch, column: usize) -> Result<&BinaryArray> {
    let column = rows.columns().get(column).ok_or_else(wrong)?;
    column.as_binary_opt::<i32>().ok_or_else(wrong)
}

fn int64(rows: &RecordBatch, column: usize) -> Result<&Int64Array> {
    let column = rows.columns().get(column).ok_or_else(wrong)?;
    column.as_primitive_opt::<Int64Type>().ok_or_else(wrong)
}

/// Keys that are not idle: `at` is when one opened or will, `severity` is 0 where it waits, `again` when
/// one is told again.
fn keys(machine: &mut Machine<Held>) -> Result<RecordBatch> {
    let schema = Schema::new(vec![
        Field::new("key", DataType::Binary, false),
        Field::new("since", DataType::Int64, false),
        Field::new("at", DataType::Int64, false),
        Field::new("severity", DataType::UInt8, false),
        Field::new("again", DataType::Int64, true),
    ]);
    let all = machine.standing();
    let at = all.iter().map(|(_, standing)| match standing.stage {
        Stage::Waiting { due } => (due, 0),
        Stage::Open {
            opened, severity, ..
        } => (opened, number_of(severity)),
    });
    let again = all.iter().map(|(_, standing)| match standing.stage {
        Stage::Open { again, .. } => again,
        Stage::Waiting { .. } => None,
    });
    let again: Int64Array = again.collect();
    let (at, severity): (Vec<i64>, Vec<u8>) = at.unzip();
    let keys = BinaryArray::from_iter_values(all.iter().map(|(key, _)| key.as_ref()));
    let since: Int64Array = all.iter().map(|(_, standing)| standing.since).collect();
    Ok(RecordBatch::try_new(
        Arc::new(schema),
        vec![
            Arc::new(keys),
            Arc::new(since),
            Arc::new(Int64Array::from(at)),
            Arc::new(UInt8Array::from(severity)),
            Arc::new(again),
        ],
    )?)
}

/// A key that is not idle, since when, and how it stands.
type Stood = (Key, i64, Stage);

/// Them, back.
fn stages(rows: &RecordBatch) -> Result<Vec<Stood>> {
    let (keys, since, at) = (binary(rows, 0)?, int64(rows, 1)?, int64(rows, 2)?);
    let severity = rows.columns().get(3).ok_or_else(wrong)?;
    let severity = severity.as_primitive_opt::<UInt8Type>().ok_or_else(wrong)?;
    let again = int64(rows, 4).ok(); // a snapshot of before has none
    let stage = |i: usize| match severity_of(severity.value(i)) {
        None => Stage::Waiting { due: at.value(i) },
        Some(severity) => Stage::Open {
            opened: at.value(i),
            severity,
            again: again.filter(|a| a.is_valid(i)).map(|a| a.value(i)),
        },
    };
    let one = |i: usize| (Key::from(keys.value(i)), since.value(i), stage(i));
    Ok((0..rows.num_rows()).map(one).collect())
}

/// Keys that cool down.
fn cooling(machine: &Machine<Held>) -> Result<RecordBatch> {
    let schema = Schema::new(vec![
        Field::new("key", DataType::Binary, false),
        Field::new("until", DataType::Int64, false),
    ]);
    let keys = machine.cooling().map(|(_, key)| key.as_ref());
    let keys = BinaryArray::from_iter_values(keys);
    let until: Int64Array = machine.cooling().map(|(until, _)| *until).collect();
    Ok(RecordBatch::try_new(
        Arc::new(schema),
        vec![Arc::new(keys), Arc::new(until)],
    )?)
}
