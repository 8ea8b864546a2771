//! What keeps alerts few, whoever raises them: a stage behind an alert's or a rule's own. A key that
//! was told of is not told of again within `cooldown`, unless it is worse; of a storm the first keys
//! go out on their own and the rest becomes one alert (`storm`). What is left out of a key
//! is left out until it clears or opens anew, so that no viewer sees an end without a beginning.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, StringArray, new_null_array};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use zaraba_config::document::StormDoc;
use zaraba_core::alert::ordinals::Ordinals;
use zaraba_core::alert::{self, Alert, Severity};
use zaraba_core::batch::Batch;
use zaraba_core::error::{Error, Result};
use zaraba_core::operator::{Operator, Port, Progress};
use zaraba_core::output::Output;
use zaraba_core::snapshot::{Segment, Snapshot};
use zaraba_core::time::{Epoch, EventTime, duration_text};
use zaraba_sql::plan::stage::{Foreign, Input, Stage, Work};

use crate::storm::{Member, Storms};

/// Keys that are left out, and members of storms, that are remembered after nothing but their end
/// could still come. Some rules raise what never ends: of more than these the longest unheard-of are
/// forgotten.
const LEFT_OUT: usize = 50_000;

/// The stage behind stage `input`, which emits alerts with these columns, and what it is made of;
/// none: there is nothing to do.
#[must_use]
pub fn stage(input: usize, doc: &StormDoc, of: &SchemaRef) -> Option<(Stage, Arc<Quiet>)> {
    let needed = doc.cooldown.is_some() || doc.group.is_some();
    needed.then(|| {
        let quiet = Arc::new(Quiet(doc.clone(), columns(doc, of)));
        let stage = Stage {
            inputs: vec![Input::Stage(input)],
            work: Work::Foreign(Arc::clone(&quiet) as _),
            schema: columns(doc, of),
        };
        (stage, quiet)
    })
}

/// The columns behind it: an alert of a storm has none of a rule's own.
#[must_use]
pub fn columns(doc: &StormDoc, of: &SchemaRef) -> SchemaRef {
    if doc.group.is_none() {
        return Arc::clone(of);
    }
    let common = alert::columns().fields().len();
    let fields = of.fields().iter().enumerate();
    let fields = fields.map(|(i, field)| match i < common {
        true => Arc::clone(field),
        false => Arc::new(field.as_ref().clone().with_nullable(true)),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// What the stage is made of.
pub struct Quiet(StormDoc, SchemaRef);

/// The cooldown of a stage that runs, for who changes it: it counts from the next alerts on.
#[derive(Clone, Debug)]
pub struct Cooldown(Arc<AtomicI64>);

impl Cooldown {
    /// What it is, microseconds; 0: there is none.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes it another.
    pub fn set(&self, micros: i64) {
        self.0.store(micros, Ordering::Relaxed);
    }
}

impl Quiet {
    /// Makes the operator of its node.
    #[must_use]
    pub fn node(&self, node: &str) -> (Box<dyn Operator>, Cooldown) {
        let calm = Calm::new(node, &self.0, &self.1);
        let cooldown = calm.cooldown.clone();
        (Box::new(calm), cooldown)
    }
}

impl Foreign for Quiet {
    fn operator(&self, node: &str) -> Result<Box<dyn Operator>> {
        Ok(self.node(node).0)
    }

    fn describe(&self) -> String {
        let cooldown = self.0.cooldown.map(duration_text);
        let cooldown = cooldown.map(|c| format!("keys told of, for {c}"));
        let group = self.0.group.as_ref();
        let group = group.map(|g| format!("storms of {}", duration_text(g.window)));
        let kept: Vec<String> = cooldown.into_iter().chain(group).collect();
        kept.join("; ")
    }

    fn kind(&self) -> (&'static str, &'static str) {
        ("calm", "leaves some out")
    }
}

/// Why a key is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Left {
    /// It is not.
    In,
    /// Its cooldown was not over.
    Cooling,
    /// It is a member of a storm, by the time at which that began.
    Storm(i64),
}

/// What is remembered of a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    /// When it was told of that it opened, and how bad it was.
    told: i64,
    severity: usize,
    left: Left,
    /// When something was last heard of it.
    heard: i64,
}

/// All that a checkpoint has of it.
#[derive(Default, Serialize, Deserialize)]
struct Memory {
    /// By kind, then by key.
    keys: BTreeMap<String, BTreeMap<String, Known>>,
    storms: Storms,
    forgotten: i64,
    suppressed: u64,
}

/// The operator.
struct Calm {
    rule: String,
    schema: SchemaRef,
    cooldown: Cooldown,
    within: Option<i64>,
    most: usize,
    memory: Memory,
    ordinals: Ordinals,
}

/// One alert as it comes.
struct Row<'a> {
    time: i64,
    state: &'a str,
    severity: usize,
    kind: &'a str,
    key: &'a str,
    value: Option<f64>,
}

impl Calm {
    fn new(node: &str, doc: &StormDoc, schema: &SchemaRef) -> Self {
        Self {
            rule: node.to_owned(),
            schema: Arc::clone(schema),
            cooldown: Cooldown(Arc::new(AtomicI64::new(doc.cooldown.unwrap_or(0)))),
            within: doc.group.as_ref().map(|group| group.window),
            most: doc
                .group
                .as_ref()
                .map_or(0, |group| group.keys.saturating_sub(1)),
            memory: Memory {
                forgotten: i64::MIN,
                ..Memory::default()
            },
            ordinals: Ordinals::default(),
        }
    }

    /// Whether a row goes out.
    fn passes(&mut self, row: &Row<'_>) -> bool {
        let known = self.memory.keys.get_mut(row.kind);
        let known = known.and_then(|keys| keys.get_mut(row.key));
        if row.state == "open" {
            let before = known.map(|known| (known.told, known.severity, known.left.clone()));
            return self.opens(row, before);
        }
        let Some(known) = known else {
            return true;
        };
        known.heard = row.time;
        let left = known.left.clone();
        if left == Left::In {
            return true;
        }
        let worse = row.severity > known.severity;
        if row.state == "clear" || worse {
            known.left = Left::In;
            if let Left::Storm(begun) = left {
                self.memory.storms.leave(row.kind, begun, row.key);
            }
        }
        if worse && row.state != "clear" {
            known.severity = row.severity;
            return true;
        }
        false
    }

    fn opens(&mut self, row: &Row<'_>, before: Option<(i64, usize, Left)>) -> bool {
        if let Some((_, _, Left::Storm(begun))) = before {
            self.memory.storms.leave(row.kind, begun, row.key);
        }
        let cooling = before.as_ref().filter(|(told, severity, _)| {
            row.time < told.saturating_add(self.cooldown.get()) && row.severity <= *severity
        });
        let (told, severity, left) = match (cooling, self.within) {
            (Some((told, severity, _)), _) => {
                self.memory.suppressed += 1;
                (*told, *severity, Left::Cooling)
            }
            (None, Some(within)) => {
                let member = Member {
                    key: row.key.to_owned(),
                    value: row.value,
                    time: row.time,
                };
                let joined =
                    self.memory
                        .storms
                        .join(row.kind, member, row.severity, within, self.most);
                let left = joined.map_or(Left::In, Left::Storm);
                self.memory.suppressed += u64::from(left != Left::In);
                (row.time, row.severity, left)
            }
            (None, None) => (row.time, row.severity, Left::In),
        };
        let passes = left == Left::In;
        let known = Known {
            told,
            severity,
            left,
            heard: row.time,
        };
        let keys = self.memory.keys.entry(row.kind.to_owned()).or_default();
        keys.insert(row.key.to_owned(), known);
        passes
    }

    /// Sends the alerts of storms that are over at `time`.
    fn storms(&mut self, time: i64, out: &mut Output) -> Result<()> {
        let Some(within) = self.within else {
            return Ok(());
        };
        let mut alerts = Vec::new();
        let mut tell = |alert| alerts.push(alert);
        self.memory.storms.over(time, within, &self.rule, &mut tell);
        self.send(alerts, out)
    }

    /// Sends alerts of storms.
    fn send(&mut self, mut alerts: Vec<Alert>, out: &mut Output) -> Result<()> {
        if alerts.is_empty() {
            return Ok(());
        }
        let mut seqs = Vec::with_capacity(alerts.len());
        for alert in &mut alerts {
            let (ordinal, seq) = self.ordinals.next(alert.time, &alert.kind, &alert.key);
            alert.id = alert::id(&alert.rule, &alert.kind, &alert.key, alert.time, ordinal);
            seqs.push(seq);
        }
        let rows = alert::rows(&alerts)?;
        let mut columns = rows.columns().to_vec();
        for field in &self.schema.fields()[columns.len()..] {
            columns.push(new_null_array(field.data_type(), alerts.len()));
        }
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
        let time = alerts.iter().map(|alert| alert.time.0).collect();
        out.rows(Batch::new(rows, time, seqs.into())?);
        Ok(())
    }

    /// Rows up to the end of a storm, or to the one by which a storm clears; how many.
    fn stretch(&mut self, batch: &Batch, out: &mut Output) -> Result<usize> {
        let column = |name: &str| {
            let column = batch.rows.column_by_name(name);
            column.ok_or_else(|| Error::internal("alerts without the columns of alerts"))
        };
        let text = |name: &str| {
            let column = column(name)?.as_string_opt::<i32>();
            column.ok_or_else(|| Error::internal(format!("alerts whose `{name}` is no text")))
        };
        let (state, severity) = (text("state")?, text("severity")?);
        let (kind, key) = (text("kind")?, text("key")?);
        let value = column("value")?.as_primitive::<Float64Type>();
        let (mut passes, mut seqs, mut times) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..batch.len() {
            let end = self.within.and_then(|w| self.memory.storms.next_end(w));
            let over = end.is_some_and(|end| batch.time[i] >= end);
            if i > 0 && (over || self.memory.storms.has_cleared()) {
                break;
            }
            let of = |of: &Severity| of.name() == severity.value(i);
            let row = Row {
                time: batch.time[i],
                state: state.value(i),
                severity: Severity::ALL.iter().position(of).unwrap_or(0),
                kind: kind.value(i),
                key: key.value(i),
                value: value.is_valid(i).then(|| value.value(i)),
            };
            let pass = self.passes(&row);
            passes.push(pass);
            if pass {
                let time = EventTime(row.time);
                seqs.push(self.ordinals.next(time, row.kind, row.key).1);
                times.push(row.time);
            }
        }
        let used = passes.len();
        let rows = batch.rows.slice(0, used);
        let rows = filter_record_batch(&rows, &BooleanArray::from(passes))?;
        let rows = RecordBatch::try_new(Arc::clone(&self.schema), rows.columns().to_vec())?;
        out.rows(Batch::new(rows, times.into(), seqs.into())?);
        if self.memory.storms.has_cleared() {
            let mut alerts = Vec::new();
            let mut tell = |alert| alerts.push(alert);
            let time = batch.time[used - 1];
            self.memory.storms.clear(time, &self.rule, &mut tell);
            self.send(alerts, out)?;
        }
        Ok(used)
    }

    /// Forgets keys of which nothing depends any more, now and then.
    fn forget(&mut self, time: i64) {
        let quiet = self.cooldown.get();
        let quiet = quiet.max(self.within.unwrap_or(0)).max(60_000_000);
        if time < self.memory.forgotten.saturating_add(quiet) {
            return;
        }
        self.memory.forgotten = time;
        let cools = |known: &Known| time < known.told.saturating_add(quiet);
        let keys = self.memory.keys.values_mut();
        // What is left out is so until it ends, however long that takes.
        keys.for_each(|keys| keys.retain(|_, known| known.left != Left::In || cools(known)));
        let left = self.memory.keys.values().flat_map(BTreeMap::values);
        let mut heard: Vec<i64> = left
            .filter(|known| !cools(known))
            .map(|known| known.heard)
            .collect();
        if heard.len() > LEFT_OUT {
            let (_, oldest, _) = heard.select_nth_unstable_by(LEFT_OUT, |a, b| b.cmp(a));
            let oldest = *oldest;
            let keys = self.memory.keys.values_mut();
            keys.for_each(|keys| keys.retain(|_, known| cools(known) || known.heard > oldest));
        }
        self.memory.keys.retain(|_, keys| !keys.is_empty());
        self.memory.storms.forget(LEFT_OUT);
    }
}

impl Operator for Calm {
    fn process(&mut self, _port: Port, rows: Batch, out: &mut Output) -> Result<Progress> {
        let mut from = 0;
        while from < rows.len() {
            self.storms(rows.time[from], out)?;
            let rest = rows.slice(from, rows.len() - from);
            from += self.stretch(&rest, out)?;
        }
        Ok(Progress::Done)
    }

    fn advance(&mut self, watermark: EventTime, out: &mut Output) -> Result<Progress> {
        self.storms(watermark.0, out)?;
        self.forget(watermark.0);
        out.watermark(watermark);
        Ok(Progress::Done)
    }

    fn end(&mut self, out: &mut Output) -> Result<Progress> {
        self.storms(i64::MAX, out)?;
        Ok(Progress::Done)
    }

    fn snapshot(&mut self, _epoch: Epoch) -> Result<Snapshot> {
        let text = serde_json::to_string(&self.memory);
        let text = text.map_err(|error| Error::internal(error.to_string()))?;
        let schema = Schema::new(vec![Field::new("memory", DataType::Utf8, false)]);
        let rows = StringArray::from(vec![text]);
        let rows = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(rows)])?;
        let mut snapshot = Snapshot::default();
        snapshot.push("memory", Vec::new(), vec![Segment::new(rows)]);
        let (numbers, rows) = self.ordinals.rows()?;
        snapshot.push("ordinals", numbers, vec![Segment::new(rows)]);
        Ok(snapshot)
    }

    fn restore(&mut self, snapshot: &Snapshot) -> Result<()> {
        let wrong = || Error::internal("a snapshot of what keeps alerts few in another form");
        let rows = &snapshot
            .part("memory")?
            .segments
            .first()
            .ok_or_else(wrong)?
            .rows;
        let text = rows
            .columns()
            .first()
            .and_then(|c| c.as_string_opt::<i32>());
        let text = text.filter(|text| text.len() == 1).ok_or_else(wrong)?;
        self.memory = serde_json::from_str(text.value(0)).map_err(|_| wrong())?;
        let part = snapshot.part("ordinals")?;
        let rows = &part.segments.first().ok_or_else(wrong)?.rows;
        self.ordinals = Ordinals::from_rows(&part.numbers, rows)?;
        Ok(())
    }

    fn suppressed(&self) -> u64 {
        self.memory.suppressed
    }

    fn state_bytes(&self) -> usize {
        /// Of a key, with its texts.
        const KEY: usize = 200;
        let keys: usize = self.memory.keys.values().map(BTreeMap::len).sum();
        keys * KEY + self.memory.storms.bytes()
    }
}
