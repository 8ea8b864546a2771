//! Streams joined with each other within a distance in event time. A row of the first side waits
//! until the second side's watermark has passed all that is near enough, and is then answered with
//! every match; a row of the second side goes once no row of the first can be near enough any
//! more. Windows are joined here, too: their rows meet at the window's end, at distance zero.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use hashbrown::{HashMap, HashSet};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::Snapshot;
use zaraba_core::time::{Epoch, EventTime, duration_text};

use crate::failed;
use crate::join::key::{Key, Keys};
use crate::join::pairs::{Block, Condition, Shape};
use crate::join::side::{Gives, Side};
use crate::join::store::Store;
use crate::join::waiting::{Place, Waiting, with_key};
use crate::rows::record;
use zaraba_core::in_order::{InOrder, Ties};
use zaraba_core::packed;

/// A call emits once it has so many pairs, and returns.
const EMIT_PAIRS: usize = 8192;
/// Or so many rows of the first side.
const EMIT_ROWS: usize = 8192;

/// What the operator does, as planned.
#[derive(Clone)]
pub struct IntervalPlan {
    /// The query's name.
    pub node: Arc<str>,
    /// Which rows come out.
    pub gives: Gives,
    /// Whether the first side is the join's right one.
    pub exchanged: bool,
    /// Both inputs: the first one's rows are answered one by one.
    pub sides: [Side; 2],
    /// The columns of either side in which rows are joined at a window's end; none: by their own
    /// event time.
    pub window_end: Option<[usize; 2]>,
    /// How much later a row of the second side may be, at least and at most, microseconds.
    pub distance: (i64, i64),
    /// Whether null keys equal each other.
    pub nulls_equal: bool,
    /// What must hold of a pair besides.
    pub conditions: Vec<Condition>,
    /// The result's columns.
    pub schema: SchemaRef,
}

impl IntervalPlan {
    /// One line for `explain`.
    #[must_use]
    pub fn describe(&self) -> String {
        if self.window_end.is_some() {
            return "the rows of both inputs of a window, until the watermark reaches its end"
                .to_owned();
        }
        let (low, high) = self.distance;
        let (first, second) = if self.exchanged {
            ("right", "left")
        } else {
            ("left", "right")
        };
        format!(
            "rows of the {first} input until the {second} one's watermark is {} past them, rows \
             of the {second} input until the {first} one's is {} past them",
            duration_text(high),
            duration_text(low.saturating_neg())
        )
    }

    /// How far its watermark stays behind those of its inputs, microseconds.
    pub(crate) fn held_back(&self) -> i64 {
        let (low, high) = self.distance;
        let alone = match self.gives {
            Gives::Full => low.saturating_neg().max(0),
            _ => 0,
        };
        high.max(0).saturating_add(alone)
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
}

/// The operator.
pub struct IntervalJoin {
    plan: Arc<IntervalPlan>,
    keys: [Keys; 2],
    first: Waiting,
    store: Store,
    /// Rows of the second side by time, and by key and time.
    held: BTreeMap<Place, Option<Key>>,
    by_key: HashMap<Key, VecDeque<Place>>,
    /// Those of them that came out with a match; kept for FULL joins only.
    matched: HashSet<u64>,
    /// Rows of a FULL join that later ones may come before.
    sorted: InOrder,
    watermarks: [EventTime; 2],
    ended: bool,
}

impl IntervalJoin {
    /// No rows yet.
    ///
    /// # Errors
    /// When a key's type has no order.
    pub fn new(plan: Arc<IntervalPlan>) -> Result<Self> {
        let keys = |side: usize| plan.sides[side].encoder(plan.nulls_equal);
        Ok(Self {
            keys: [keys(0)?, keys(1)?],
            first: Waiting::new(Store::new(Arc::clone(&plan.sides[0].schema))),
            store: Store::new(Arc::clone(&plan.sides[1].schema)),
            held: BTreeMap::new(),
            by_key: HashMap::new(),
            matched: HashSet::new(),
            sorted: InOrder::new(Arc::clone(&plan.schema), Ties::AsTheyCame),
            watermarks: [EventTime::MIN; 2],
            ended: false,
            plan,
        })
    }

    /// All rows of the first side before this have all that is near enough to them.
    fn complete(&self) -> EventTime {
        let [first, second] = self.watermarks;
        first.min(second.minus(self.plan.distance.1))
    }

    fn is_complete(&self, time: i64) -> bool {
        self.ended || time < self.complete().0
    }

    /// When a row is joined.
    fn times(&self, side: usize, rows: &Batch) -> Result<Vec<i64>> {
        let Some(columns) = self.plan.window_end else {
            return Ok(rows.time.to_vec());
        };
        let ends = rows.rows.column(columns[side]);
        let ends = ends
            .as_primitive_opt::<TimestampMicrosecondType>()
            .ok_or_else(|| Error::internal("a window end that is no time"))?;
        Ok(ends.values().iter().map(|end| end - 1).collect())
    }

    fn take_in(&mut self, side: usize, rows: Batch, keys: Vec<Option<Key>>) -> Result<()> {
        let gives = self.plan.gives;
        let all = match side {
            0 => !gives.needs_match(),
            _ => gives == Gives::Full,
        };
        let (rows, keys) = with_key(rows, keys, all)?;
        let times = self.times(side, &rows)?;
        if side == 0 {
            return self.first.push(rows, &times, keys);
        }
        let (at, seq) = (rows.time.clone(), rows.seq.clone());
        let number = self.store.push(rows)?;
        for (i, key) in keys.into_iter().enumerate() {
            let place = Place {
                time: times[i],
                at: at[i],
                seq: seq[i],
                number: number + i as u64,
            };
            if let Some(key) = &key {
                let places = self.by_key.entry(Arc::clone(key)).or_default();
                let behind = places.partition_point(|p| *p < place);
                places.insert(behind, place);
            }
            self.held.insert(place, key);
        }
        Ok(())
    }

    /// The next row of the second side, if no row that may still come is near enough to it.
    fn next_over(&self) -> Option<Place> {
        let (place, _) = self.held.first_key_value()?;
        let nearest = place.time.saturating_sub(self.plan.distance.0);
        let waits = self.first.next().is_some_and(|next| next <= nearest);
        (!waits && self.is_complete(nearest)).then_some(*place)
    }

    /// Rows of the first side that are complete, with what is near enough, up to one that must
    /// come behind a row of the second side.
    fn block(&mut self) -> Block {
        let (low, high) = self.plan.distance;
        let full = self.plan.gives == Gives::Full;
        let mut block = Block::default();
        while block.pairs.len() < EMIT_PAIRS && block.rows.len() < EMIT_ROWS {
            let Some(next) = self.first.next().filter(|next| self.is_complete(*next)) else {
                break;
            };
            if full && self.next_over().is_some() {
                break;
            }
            let Some((place, key)) = self.first.pop() else {
                break;
            };
            let row = block.rows.len();
            block.rows.push(place);
            let Some(places) = key.and_then(|key| self.by_key.get(&key)) else {
                continue;
            };
            let from = next.saturating_add(low);
            let to = next.saturating_add(high);
            let first = places.partition_point(|p| p.time < from);
            let near = places.range(first..).take_while(|p| p.time <= to);
            block.pairs.extend(near.map(|p| (row, p.number)));
        }
        block
    }

    /// Answers the rows of a block.
    fn answer(&mut self, block: &Block, out: &mut Output) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        let outcome = block.judge(&plan.conditions, &self.first.store, &self.store)?;
        if plan.gives == Gives::Full {
            self.matched
                .extend(outcome.pairs.iter().map(|(_, number)| *number));
        }
        let stores = [&self.first.store, &self.store];
        if let Some(rows) = block.emit(&outcome, &plan.shape(), stores, out)? {
            self.send(rows, out)?;
        }
        for place in &block.rows {
            self.first.store.remove(place.number)?;
        }
        Ok(())
    }

    /// Emits rows. Those of a FULL join are of either side, so they wait to be put in order.
    fn send(&mut self, rows: Batch, out: &mut Output) -> Result<()> {
        if self.plan.gives == Gives::Full {
            return self.sorted.push(rows);
        }
        out.rows(rows);
        Ok(())
    }

    /// Lets rows of the second side go that nothing can match any more; those of a FULL join that
    /// nothing has matched come out.
    fn let_go(&mut self, out: &mut Output) -> Result<bool> {
        let mut alone = Vec::new();
        let mut gone = Vec::new();
        while gone.len() < EMIT_ROWS
            && let Some(place) = self.next_over()
        {
            let Some(key) = self.held.remove(&place) else {
                break;
            };
            gone.push(place.number);
            if let Some(key) = &key
                && let Some(places) = self.by_key.get_mut(key)
            {
                let at = places.partition_point(|p| *p < place);
                places.remove(at);
                if places.is_empty() {
                    self.by_key.remove(key);
                }
            }
            let matched = self.matched.remove(&place.number);
            if self.plan.gives == Gives::Full && !matched {
                alone.push(place);
            }
        }
        if !alone.is_empty() {
            let numbers: Vec<_> = alone.iter().map(|p| Some(p.number)).collect();
            let stores = [&self.first.store, &self.store];
            let shape = self.plan.shape();
            let columns = shape.columns(&vec![None; alone.len()], &numbers, stores)?;
            let rows = record(&self.plan.schema, columns, alone.len())
                .map_err(|e| Error::internal(e.to_string()))?;
            let times = alone.iter().map(|p| p.time).collect();
            let seqs = alone.iter().map(|p| p.seq).collect();
            self.send(Batch::new(rows, times, seqs)?, out)?;
        }
        for number in &gone {
            self.store.remove(*number)?;
        }
        Ok(!gone.is_empty())
    }

    fn step(&mut self, out: &mut Output) -> Result<Progress> {
        let block = self.block();
        if !block.rows.is_empty() {
            self.answer(&block, out)?;
            return Ok(Progress::More);
        }
        if self.let_go(out)? {
            return Ok(Progress::More);
        }
        let complete = self.complete();
        let mut reached = complete.min(self.watermarks[1]);
        if self.plan.gives == Gives::Full {
            // A row of the second side is known to be alone only once this has passed.
            reached = reached.min(complete.plus(self.plan.distance.0));
        }
        let passed = (!self.ended).then_some(reached.0);
        if let Some(rows) = self.sorted.before(passed)? {
            out.rows(rows);
        }
        if !self.ended {
            out.watermark(reached);
        }
        Ok(Progress::Done)
    }
}

impl Operator for IntervalJoin {
    fn process(&mut self, port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let plan = Arc::clone(&self.plan);
        let mut failed = Vec::new();
        let side = port.0;
        for (rows, keys) in plan.sides[side].prepare(&rows, &self.keys[side], &mut failed) {
            self.take_in(side, rows, keys)?;
        }
        failed::send(&plan.node, &mut failed, out)?;
        Ok(Progress::Done)
    }

    fn advance_port(&mut self, port: Port, watermark: EventTime) -> Result<()> {
        let reached = &mut self.watermarks[port.0];
        *reached = watermark.max(*reached);
        Ok(())
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        // An input that is behind the least of the open ones has ended.
        for reached in &mut self.watermarks {
            *reached = watermark.max(*reached);
        }
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
        let watermarks = self.watermarks.iter().map(|w| w.0).collect();
        snapshot.push("watermarks", watermarks, Vec::new());
        snapshot.push("first", Vec::new(), self.first.store.seal()?);
        snapshot.push("second", Vec::new(), self.store.seal()?);
        let places = (0i64..).zip(self.store.numbers());
        let places = places.filter(|(_, number)| self.matched.contains(number));
        snapshot.push("matched", places.map(|(i, _)| i).collect(), Vec::new());
        self.sorted.save("sorted", &mut snapshot)?;
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        if let [first, second] = snapshot.part("watermarks")?.numbers[..] {
            self.watermarks = [EventTime(first), EventTime(second)];
        }
        let plan = Arc::clone(&self.plan);
        for (side, name) in ["first", "second"].into_iter().enumerate() {
            for segment in &snapshot.part(name)?.segments {
                let rows = packed::unpack(&segment.rows)?;
                let keys = self.keys[side].encode(&plan.sides[side].keys, &rows);
                let keys = keys.map_err(|e| Error::internal(e.to_string()))?;
                self.take_in(side, rows, keys)?;
            }
        }
        // Numbers begin at 0 again, so that a row's number is its place.
        let matched = snapshot.part("matched")?.numbers.iter();
        self.matched = matched.filter_map(|i| u64::try_from(*i).ok()).collect();
        self.sorted.load("sorted", snapshot)
    }

    fn state_bytes(&self) -> usize {
        let held = size_of::<(Place, Option<Key>)>() + size_of::<Place>();
        self.first.size() + self.store.size() + self.held.len() * held + self.sorted.size()
    }
}
